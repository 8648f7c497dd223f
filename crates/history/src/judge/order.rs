//! I4, I5, I7 and I16: one message for a client id, one client id for a place, in the order in which
//! they were accepted, and the same for whoever looks.

use std::collections::{BTreeMap, HashMap};

use super::{
    case::{Case, Source},
    findings::Findings,
    log::Log,
    names::Name,
    sends::Sends,
    shape::Message,
};
use crate::invariant::Invariant;

pub(super) fn judge(case: &Case, log: &Log, sends: &Sends<'_>, findings: &mut Findings) {
    identities(case, log, findings);
    answers(case, sends, findings);
    dense(case, log, findings);
    real_time(case, sends, findings);
}

/// A message where it was first seen.
#[derive(Clone, Copy)]
struct First {
    line: u64,
    message: Message,
    acknowledged: bool,
}

fn identities(case: &Case, log: &Log, findings: &mut Findings) {
    let mut places: HashMap<(Name, u64), First> = HashMap::new();
    let mut ids: HashMap<(Name, Name), First> = HashMap::new();
    let seen = case.messages.iter().map(|(look, message)| First {
        line: look.i,
        message: *message,
        acknowledged: look.source == Source::Ack,
    });
    let mut at_last: Vec<_> = log.messages().collect();
    at_last.sort_unstable_by_key(|last| last.line);
    let at_last = at_last.into_iter().map(|last| First {
        line: last.line,
        message: last.message,
        acknowledged: false,
    });
    for seen in seen.chain(at_last) {
        let message = seen.message;
        let name = |name| case.names.text(name);
        let (conversation, seq) = (message.conversation, message.seq);
        let by = (message.sender, message.client_id);
        // What stands at two places is told of once, below.
        let elsewhere = ids.get(&by).is_some_and(|known| {
            (known.message.conversation, known.message.seq) != (conversation, seq)
        });
        if !elsewhere {
            let first = *places.entry((conversation, seq)).or_insert(seen);
            let lines = [first.line, seen.line];
            let same = (first.message.sender, first.message.client_id) == by;
            findings.expect(Invariant::I5, same, &lines, || {
                format!("place {seq} of {} names two messages", name(conversation))
            });
            if !same {
                continue;
            }
            let agrees = first.message.created_at == message.created_at;
            findings.expect(Invariant::I16, agrees, &lines, || {
                let (one, two) = (first.message.created_at, message.created_at);
                format!(
                    "message {seq} of {} was made at {} and at {}",
                    name(conversation),
                    name(one),
                    name(two)
                )
            });
        }
        let first = *ids.entry(by).or_insert(seen);
        let here = (first.message.conversation, first.message.seq) == (conversation, seq);
        let invariant = if first.acknowledged == seen.acknowledged {
            Invariant::I4
        } else {
            Invariant::I16
        };
        findings.expect(invariant, here, &[first.line, seen.line], || {
            format!(
                "what {} sent as {} stands at {} and at {seq}",
                name(message.sender),
                name(message.client_id),
                first.message.seq
            )
        });
    }
}

/// All that was accepted under one client id is one content in one conversation.
fn answers(case: &Case, sends: &Sends<'_>, findings: &mut Findings) {
    for (by, attempts) in sends.all() {
        let mut accepted = attempts
            .iter()
            .filter(|attempt| attempt.op.done().is_some());
        let Some(first) = accepted.next() else {
            continue;
        };
        for other in accepted {
            let conversations = first.conversation.zip(other.conversation);
            let same = first.text == other.text && conversations.is_none_or(|(a, b)| a == b);
            let lines = [first.op.begin.i, other.op.begin.i, other.op.last()];
            findings.expect(Invariant::I4, same, &lines, || {
                let id = case.names.text(by.1);
                format!("two different contents were accepted as {id}")
            });
        }
    }
}

/// At the end places are 1, 2, 3 … up to the last one.
fn dense(case: &Case, log: &Log, findings: &mut Findings) {
    if !log.is_dumped() {
        return;
    }
    let mut holes: BTreeMap<Name, u64> = BTreeMap::new();
    for last in log.messages() {
        *holes.entry(last.message.conversation).or_default() += 1;
    }
    for (line, row) in &case.dump.conversations {
        let Some(id) = case.names.find(&row.id) else {
            continue;
        };
        let (top, count) = (log.top(id), holes.remove(&id).unwrap_or(0));
        let dense = top == count && top == row.last_seq;
        findings.expect(Invariant::I5, dense, &[*line], || {
            format!(
                "{} has {count} messages, the last at {top}, and says {}",
                row.id, row.last_seq
            )
        });
    }
    for (id, _) in holes {
        let line = log.at(id, log.top(id)).map_or(0, |last| last.line);
        let what = format!("messages without a conversation {}", case.names.text(id));
        findings.violation(Invariant::I5, &[line], what);
    }
}

/// What was accepted before the first attempt of another began stands before it. The first attempt
/// counts, whatever became of it: it may have been the one that was stored.
fn real_time(case: &Case, sends: &Sends<'_>, findings: &mut Findings) {
    /// A logical send that was accepted.
    struct Accepted {
        start: u64,
        end: u64,
        seq: u64,
    }
    let mut by_conversation: BTreeMap<Name, Vec<Accepted>> = BTreeMap::new();
    for (_, attempts) in sends.all() {
        let start = attempts.iter().map(|attempt| attempt.op.begin.i).min();
        let first = attempts
            .iter()
            .filter_map(|attempt| {
                let at = attempt.op.made()?;
                Some((attempt.op.done()?.i, case.messages.get(at)?.1))
            })
            .min_by_key(|(end, _)| *end);
        if let (Some(start), Some((end, message))) = (start, first) {
            let sends = by_conversation.entry(message.conversation).or_default();
            let seq = message.seq;
            sends.push(Accepted { start, end, seq });
        }
    }
    for (conversation, sends) in by_conversation {
        let mut by_end: Vec<_> = sends.iter().collect();
        by_end.sort_unstable_by_key(|send| send.end);
        let mut by_start: Vec<_> = sends.iter().collect();
        by_start.sort_unstable_by_key(|send| send.start);
        let mut ended = by_end.into_iter().peekable();
        let mut highest: Option<&Accepted> = None;
        for send in by_start {
            while let Some(before) = ended.next_if(|before| before.end < send.start) {
                if highest.is_none_or(|highest| before.seq > highest.seq) {
                    highest = Some(before);
                }
            }
            let Some(highest) = highest else { continue };
            let lines = [highest.start, highest.end, send.start, send.end];
            let ordered = highest.seq < send.seq || highest.start == send.start;
            findings.expect(Invariant::I7, ordered, &lines, || {
                format!(
                    "in {} message {} was accepted before message {} was tried",
                    case.names.text(conversation),
                    highest.seq,
                    send.seq
                )
            });
        }
    }
}
