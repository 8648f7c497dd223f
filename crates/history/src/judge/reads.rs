//! I6, I8, I9 and I17: a read covers what was known before it, leaves nothing out that was there, and
//! never shows what was deleted.

use super::{
    case::{Case, Look, Op, Reply, Source},
    findings::Findings,
    floors::{Floors, Step},
    log::Log,
    names::Name,
    shape::{Content, Message},
};
use crate::{call::Call, invariant::Invariant};

pub(super) fn judge(case: &Case, log: &Log, floors: &Floors, findings: &mut Findings) {
    pages(case, log, floors, findings);
    lists(case, log, floors, findings);
    revisions(case, floors, findings);
    deletions(case, log, findings);
}

/// Whose invariant it is when somebody sees less than was known: the session's own, if it knew better.
fn stale(known: Step, session: Option<Name>) -> Invariant {
    if known.session.is_some() && known.session == session {
        Invariant::I9
    } else {
        Invariant::I8
    }
}

fn pages(case: &Case, log: &Log, floors: &Floors, findings: &mut Findings) {
    for op in &case.ops {
        let (
            Some(done),
            Reply::Page {
                items,
                has_before,
                has_after,
                ..
            },
        ) = (op.done(), &op.reply)
        else {
            continue;
        };
        let Some(conversation) = op.conversation(&case.names) else {
            continue;
        };
        let items = case.messages.get(items.clone()).unwrap_or_default();
        let seqs: Vec<_> = items.iter().map(|(_, message)| message.seq).collect();
        let lines = [op.begin.i, done.i];
        let rising = seqs.iter().zip(seqs.iter().skip(1)).all(|(a, b)| a < b);
        let at_home = items
            .iter()
            .all(|(_, message)| message.conversation == conversation);
        findings.expect(Invariant::I5, rising && at_home, &lines, || {
            format!(
                "a page of {} is out of order",
                case.names.text(conversation)
            )
        });
        if !rising {
            continue;
        }
        let (below, above) = claims(op, &seqs, *has_before, *has_after);
        // What the page says is all there is between its ends.
        findings.checked(Invariant::I6);
        let mut expected = below;
        for seq in &seqs {
            for missing in expected..*seq {
                let late = log.at(conversation, missing);
                let invariant = if late.is_some() {
                    Invariant::I6
                } else {
                    Invariant::I5
                };
                let mut lines = lines.to_vec();
                lines.extend(late.map(|late| late.line));
                let what = format!(
                    "a page of {} covers place {missing} and does not have it",
                    case.names.text(conversation)
                );
                findings.violation(invariant, &lines, what);
            }
            expected = seq + 1;
        }
        if let (Some(above), Some(known)) = (above, floors.tops.before(&conversation, op.begin.i)) {
            let wanted = match op.call {
                Call::Page {
                    before_seq: Some(before),
                    ..
                } => known.value.min(before.saturating_sub(1)),
                _ => known.value,
            };
            let lines = [known.i, op.begin.i, done.i];
            findings.expect(stale(known, op.session), above >= wanted, &lines, || {
                format!(
                    "a page of {} ends at {above}, and {wanted} was known before",
                    case.names.text(conversation)
                )
            });
        }
    }
}

/// The first place that a page says it covers, and the last one, if it says so.
fn claims(op: &Op, seqs: &[u64], has_before: bool, has_after: bool) -> (u64, Option<u64>) {
    let Call::Page {
        before_seq,
        after_seq,
        ..
    } = op.call
    else {
        return (0, None);
    };
    let first = seqs.first().copied();
    let below = match (after_seq, first) {
        (Some(after), _) => after.saturating_add(1),
        (None, Some(first)) if has_before => first,
        _ => 1,
    };
    let end = seqs.last().copied();
    let above = match (before_seq, has_after, end) {
        (Some(before), _, end) => Some(end.unwrap_or(0)).filter(|_| before > 1),
        (None, false, Some(end)) => Some(end),
        (None, false, None) => Some(after_seq.unwrap_or(0)),
        (None, true, _) => None,
    };
    (below, above)
}

fn lists(case: &Case, log: &Log, floors: &Floors, findings: &mut Findings) {
    for (look, view) in &case.views {
        if let Some(known) = floors.tops.before(&view.id, look.since) {
            let lines = [known.i, look.since, look.i];
            let fresh = view.last_seq >= known.value;
            findings.expect(stale(known, look.session), fresh, &lines, || {
                format!(
                    "{} is shown up to {}, and {} was known before",
                    case.names.text(view.id),
                    view.last_seq,
                    known.value
                )
            });
        }
        if log.knows(view.id) {
            let there = view.last_seq <= log.top(view.id);
            findings.expect(Invariant::I1, there, &[look.i], || {
                format!(
                    "{} was shown up to {} and ends at {}",
                    case.names.text(view.id),
                    view.last_seq,
                    log.top(view.id)
                )
            });
        }
    }
}

/// A message never shows an older revision than one that was known before it was read.
fn revisions(case: &Case, floors: &Floors, findings: &mut Findings) {
    for (look, message) in &case.messages {
        let place = (message.conversation, message.seq);
        let Some(known) = floors.revisions.before(&place, look.since) else {
            continue;
        };
        if known.value <= 1 || is_told_of_by_deletion(case, look, message) {
            continue;
        }
        let lines = [known.i, look.since, look.i];
        let fresh = message.revision >= known.value;
        findings.expect(stale(known, look.session), fresh, &lines, || {
            format!(
                "message {} of {} is shown at revision {}, and {} was known before",
                message.seq,
                case.names.text(message.conversation),
                message.revision,
                known.value
            )
        });
    }
}

/// Whether a text is shown after its deletion: I17 says so.
fn is_told_of_by_deletion(case: &Case, look: &Look, message: &Message) -> bool {
    message.content != Content::Deleted
        && case
            .deleted(message.conversation, message.seq, look.since)
            .is_some()
}

fn deletions(case: &Case, log: &Log, findings: &mut Findings) {
    for (look, message) in &case.messages {
        let deleted = case.deleted(message.conversation, message.seq, look.since);
        let Some(deleted) = deleted else { continue };
        let gone = message.content == Content::Deleted;
        let lines = [deleted, look.since, look.i];
        findings.expect(Invariant::I17, gone, &lines, || {
            format!(
                "message {} of {} was deleted and is shown",
                message.seq,
                case.names.text(message.conversation)
            )
        });
    }
    // A search finds words, and a deleted message has none.
    for (look, message) in &case.messages {
        if look.source == Source::Search {
            let found = message.content != Content::Deleted;
            findings.expect(Invariant::I17, found, &[look.since, look.i], || {
                format!(
                    "a search finds message {} of {}, which is deleted",
                    message.seq,
                    case.names.text(message.conversation)
                )
            });
        }
    }
    for last in log.messages() {
        let message = last.message;
        let deleted = case.deleted(message.conversation, message.seq, u64::MAX);
        if let Some(deleted) = deleted {
            let gone = message.content == Content::Deleted;
            findings.expect(Invariant::I17, gone, &[deleted, last.line], || {
                format!(
                    "message {} of {} was deleted and has its text at the end",
                    message.seq,
                    case.names.text(message.conversation)
                )
            });
        }
    }
    for (line, row) in &case.dump.messages {
        let kept = row.deleted && !row.text.is_empty();
        findings.expect(Invariant::I17, !kept, &[*line], || {
            format!(
                "the deleted message {} keeps a text in the database",
                row.seq
            )
        });
    }
}
