//! I1, I2 and I3: what was accepted is there, what was refused is not, and all that is there was said
//! by whom it names.

use std::collections::{HashMap, HashSet};

use super::{
    case::{Case, Op},
    findings::Findings,
    log::Log,
    names::Name,
    sends::Sends,
    shape::{Content, Message, normalised},
};
use crate::{call::Call, invariant::Invariant};

pub(super) fn judge(case: &Case, log: &Log, sends: &Sends<'_>, findings: &mut Findings) {
    durable(case, log, findings);
    let said = Said::of(case, sends);
    let mut contents: HashMap<(Name, u64, u64, Name), (Content, u64)> = HashMap::new();
    let mut blamed = HashSet::new();
    let seen = case
        .messages
        .iter()
        .map(|(look, message)| (look.i, *message))
        .chain(log.messages().map(|last| (last.line, last.message)));
    for (line, message) in seen {
        let revision = (
            message.conversation,
            message.seq,
            message.revision,
            message.client_id,
        );
        let (first, since) = *contents.entry(revision).or_insert((message.content, line));
        let id = (message.sender, message.client_id);
        findings.expect(
            Invariant::I3,
            first == message.content,
            &[since, line],
            || {
                format!(
                    "revision {} of message {} of {} says two things",
                    message.revision,
                    message.seq,
                    case.names.text(message.conversation)
                )
            },
        );
        // The first sight of a revision is the hardest to explain.
        if first != message.content || since != line {
            continue;
        }
        let Err(reason) = said.supports(&message, line) else {
            continue;
        };
        if blamed.insert((id, message.revision)) {
            let mut lines = vec![line];
            lines.extend(said.lines(&message));
            let what = format!(
                "message {} of {} at revision {}: {}",
                message.seq,
                case.names.text(message.conversation),
                message.revision,
                reason.sentence()
            );
            findings.violation(reason.invariant(), &lines, what);
        }
    }
    // Every send that was only ever refused is one chance to have been seen.
    for (_, attempts) in sends.all() {
        if attempts.iter().all(|attempt| attempt.op.refused()) {
            findings.checked(Invariant::I2);
        }
    }
    for (look, message) in &case.messages {
        if let Some((buyer, seller)) = case.participants(message.conversation) {
            let takes_part = message.sender == buyer || message.sender == seller;
            findings.expect(Invariant::I3, takes_part, &[look.i], || {
                let sender = case.names.text(message.sender);
                format!("{sender} does not take part and wrote a message")
            });
        }
    }
}

fn durable(case: &Case, log: &Log, findings: &mut Findings) {
    let mut missed = HashSet::new();
    for (look, message) in &case.messages {
        if !log.knows(message.conversation) {
            continue;
        }
        let there = log.at(message.conversation, message.seq).is_some()
            || log.place_of(message.sender, message.client_id).is_some();
        if there || missed.insert((message.conversation, message.seq)) {
            findings.expect(Invariant::I1, there, &[look.since, look.i], || {
                format!(
                    "message {} of {} was seen and is not there at the end",
                    message.seq,
                    case.names.text(message.conversation)
                )
            });
        }
    }
    if !log.is_dumped() {
        return;
    }
    for op in &case.ops {
        let (Call::Edit { .. } | Call::Send { .. } | Call::Start { .. }, Some(done)) =
            (&op.call, op.done())
        else {
            continue;
        };
        let Some((_, message)) = op.made().and_then(|at| case.messages.get(at)) else {
            continue;
        };
        if let Some(last) = log.at(message.conversation, message.seq) {
            let kept = last.message.revision >= message.revision;
            let lines = [op.begin.i, done.i, last.line];
            findings.expect(Invariant::I1, kept, &lines, || {
                format!(
                    "message {} of {} was accepted at revision {} and ends at {}",
                    message.seq,
                    case.names.text(message.conversation),
                    message.revision,
                    last.message.revision
                )
            });
        }
    }
}

/// Why a message cannot be what it says.
#[derive(Clone, Copy)]
enum Reason {
    Refused,
    TooEarly,
    NeverSaid,
}

impl Reason {
    fn invariant(self) -> Invariant {
        match self {
            Self::Refused => Invariant::I2,
            Self::TooEarly | Self::NeverSaid => Invariant::I3,
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Refused => "it was refused, and is there",
            Self::TooEarly => "it was seen before it was tried",
            Self::NeverSaid => "its sender never said that there",
        }
    }
}

/// An edit with its text, or a deletion without.
type Change<'a> = (&'a Op, Option<String>);

/// Everything that people tried to say.
struct Said<'a> {
    sends: &'a Sends<'a>,
    changes: HashMap<(&'a str, u64), Vec<Change<'a>>>,
    case: &'a Case,
}

impl<'a> Said<'a> {
    fn of(case: &'a Case, sends: &'a Sends<'a>) -> Self {
        let mut changes: HashMap<_, Vec<_>> = HashMap::new();
        for op in &case.ops {
            let (conversation, seq, text) = match &op.call {
                Call::Edit {
                    conversation,
                    seq,
                    text,
                    ..
                } => (conversation, *seq, Some(normalised(text))),
                Call::Delete { conversation, seq } => (conversation, *seq, None),
                _ => continue,
            };
            let of_message = changes.entry((conversation.as_str(), seq));
            of_message.or_default().push((op, text));
        }
        Self {
            sends,
            changes,
            case,
        }
    }

    fn changes(&self, message: &Message) -> &[Change<'a>] {
        let place = (self.case.names.text(message.conversation), message.seq);
        self.changes.get(&place).map_or(&[], Vec::as_slice)
    }

    /// The attempts that could have made the message.
    fn candidates(&self, message: &Message) -> Vec<&'a Op> {
        let text = match message.content {
            Content::Text(text) => Some(self.case.names.text(text)),
            Content::Deleted => None,
            Content::Other => return Vec::new(),
        };
        let conversation = self.case.names.text(message.conversation);
        if message.revision <= 1 {
            return self
                .sends
                .of_message(message.sender, message.client_id)
                .iter()
                .filter(|attempt| Some(attempt.text.as_str()) == text)
                .filter(|attempt| attempt.conversation.is_none_or(|to| to == conversation))
                .map(|attempt| attempt.op)
                .collect();
        }
        self.changes(message)
            .iter()
            .filter(|(op, new)| op.user == message.sender && new.as_deref() == text)
            .filter(|(op, _)| match op.call {
                Call::Edit { revision, .. } => revision.saturating_add(1) == message.revision,
                _ => true,
            })
            .map(|(op, _)| *op)
            .collect()
    }

    fn supports(&self, message: &Message, line: u64) -> Result<(), Reason> {
        if message.content == Content::Other {
            return Ok(());
        }
        let candidates = self.candidates(message);
        if candidates
            .iter()
            .any(|op| !op.refused() && op.begin.i < line)
        {
            Ok(())
        } else if candidates.iter().any(|op| op.refused()) {
            Err(Reason::Refused)
        } else if candidates.is_empty() {
            Err(Reason::NeverSaid)
        } else {
            Err(Reason::TooEarly)
        }
    }

    /// Where its client id, or the change, was tried.
    fn lines(&self, message: &Message) -> Vec<u64> {
        let sends = self.sends.of_message(message.sender, message.client_id);
        let sends = sends.iter().map(|attempt| attempt.op);
        let changes = self.changes(message).iter().map(|(op, _)| *op);
        sends
            .chain(changes)
            .flat_map(|op| [Some(op.begin.i), op.end.as_ref().map(|(end, _)| end.i)])
            .flatten()
            .take(8)
            .collect()
    }
}
