//! I14: cursors go forward only, moved by their owner only, and never past the end.

use super::{
    case::{Case, Cursors, Reply},
    findings::Findings,
    floors::{Floor, Floors, Step},
    names::Name,
};
use crate::{call::Call, event::SideRow, invariant::Invariant};

/// The most that a cursor may be at, by what its owner tried so far.
struct Allowed {
    read: Floor<(Name, Name)>,
    delivered: Floor<(Name, Name)>,
}

impl Allowed {
    fn of(case: &Case) -> Self {
        let marks = |also_delivered: bool| {
            Floor::of(case.ops.iter().filter_map(move |op| {
                let seq = match op.call {
                    Call::Read { seq, .. } => seq,
                    Call::Delivered { seq, .. } if also_delivered => seq,
                    _ => return None,
                };
                let conversation = op.conversation(&case.names)?;
                let step = Step {
                    i: op.begin.i,
                    value: seq,
                    session: None,
                };
                (!op.refused()).then_some(((conversation, op.user), step))
            }))
        };
        Self {
            read: marks(false),
            delivered: marks(true),
        }
    }
}

pub(super) fn judge(case: &Case, floors: &Floors, findings: &mut Findings) {
    let allowed = Allowed::of(case);
    for seen in &case.cursors {
        let Cursors {
            look,
            conversation,
            user,
            read,
            delivered,
        } = seen;
        let whose = (*conversation, *user);
        let lines = |known: Option<Step>| {
            let known = known.map_or(look.i, |known| known.i);
            [known, look.since, look.i]
        };
        let mut check = |cursor: &str, value: u64, floor: &Floor<_>, allowed: &Floor<_>| {
            let known = floor.before(&whose, look.since);
            let forward = known.is_none_or(|known| value >= known.value);
            findings.expect(Invariant::I14, forward, &lines(known), || {
                format!(
                    "the {cursor} cursor of {} in {} went back from {} to {value}",
                    case.names.text(*user),
                    case.names.text(*conversation),
                    known.map_or(0, |known| known.value)
                )
            });
            let most = allowed.value(&whose, look.i);
            findings.expect(Invariant::I14, value <= most, &[look.since, look.i], || {
                format!(
                    "the {cursor} cursor of {} in {} is at {value}, and they marked {most} at most",
                    case.names.text(*user),
                    case.names.text(*conversation)
                )
            });
        };
        if let Some(read) = *read {
            check("read", read, &floors.read, &allowed.read);
        }
        if let Some(delivered) = *delivered {
            check(
                "delivered",
                delivered,
                &floors.delivered,
                &allowed.delivered,
            );
        }
        if let (Some(read), Some(delivered)) = (read, delivered) {
            findings.expect(Invariant::I14, read <= delivered, &[look.i], || {
                format!("{read} is read and {delivered} delivered")
            });
        }
    }
    for (look, view) in &case.views {
        let furthest = view.delivered.max(view.counterpart_delivered);
        findings.expect(Invariant::I14, furthest <= view.last_seq, &[look.i], || {
            format!(
                "a cursor is at {furthest}, past the end at {}",
                view.last_seq
            )
        });
    }
    marks(case, floors, findings);
    rows(case, floors, &allowed, findings);
}

/// A mark that was accepted moved the cursor as far as it was known to reach.
fn marks(case: &Case, floors: &Floors, findings: &mut Findings) {
    for op in &case.ops {
        let (Call::Read { seq, .. }, Some(done), Reply::Cursor { read, .. }) =
            (&op.call, op.done(), &op.reply)
        else {
            continue;
        };
        let Some(conversation) = op.conversation(&case.names) else {
            continue;
        };
        let reach = (*seq).min(floors.tops.value(&conversation, op.begin.i));
        findings.expect(
            Invariant::I14,
            *read >= reach,
            &[op.begin.i, done.i],
            || format!("{seq} was marked as read and the cursor is at {read}"),
        );
    }
}

fn rows(case: &Case, floors: &Floors, allowed: &Allowed, findings: &mut Findings) {
    let end = case.last.map_or(u64::MAX, |last| last.i);
    for (line, row) in &case.dump.conversations {
        let Some(id) = case.names.find(&row.id) else {
            continue;
        };
        let sides: [&SideRow; 2] = [&row.buyer, &row.seller];
        for side in sides {
            let Some(user) = case.names.find(&side.user) else {
                continue;
            };
            let whose = (id, user);
            let (read, delivered) = (side.read_seq, side.delivered_seq);
            let floor = (
                floors.read.value(&whose, end),
                floors.delivered.value(&whose, end),
            );
            let most = (
                allowed.read.value(&whose, end),
                allowed.delivered.value(&whose, end),
            );
            let holds = read >= floor.0
                && delivered >= floor.1
                && read <= most.0
                && delivered <= most.1
                && read <= delivered
                && delivered <= row.last_seq;
            findings.expect(Invariant::I14, holds, &[*line], || {
                format!(
                    "{} ends in {} with {read} read and {delivered} delivered; seen were {floor:?}, \
                     marked {most:?}",
                    side.user, row.id
                )
            });
        }
    }
}
