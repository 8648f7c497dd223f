//! I23: once a block was acknowledged, and until one of the two may have lifted it, no new message
//! passes between the two, in any of their conversations.

use std::collections::BTreeMap;

use super::{
    case::{Case, Op},
    findings::Findings,
    names::Name,
    sends::Sends,
};
use crate::{call::Call, invariant::Invariant};

/// What one of a pair did to the other.
#[derive(Debug, Clone, Copy)]
struct Change {
    blocks: bool,
    begin: u64,
    /// The last line at which it can have had its effect.
    last: u64,
    done: Option<u64>,
}

/// Who blocks, and whom.
type Blocks = BTreeMap<(Name, Name), Vec<Change>>;

pub(super) fn judge(case: &Case, sends: &Sends<'_>, findings: &mut Findings) {
    let blocks = blocks(case);
    if blocks.is_empty() {
        return;
    }
    for (_, attempts) in sends.all() {
        let Some(first) = attempts.iter().map(|attempt| attempt.op.begin.i).min() else {
            continue;
        };
        for attempt in attempts {
            let op = attempt.op;
            let answered = op.done().is_some() || op.refused();
            let (true, Some((end, _)), Some(other)) = (answered, &op.end, opposite(case, op))
            else {
                continue;
            };
            for pair in [(op.user, other), (other, op.user)] {
                let Some(changes) = blocks.get(&pair) else {
                    continue;
                };
                let Some(block) = held(changes, first, end.i) else {
                    continue;
                };
                let lines = [block.begin, first, end.i];
                findings.expect(Invariant::I23, op.refused(), &lines, || {
                    format!(
                        "{} had blocked {}, and a new message passed",
                        case.names.text(pair.0),
                        case.names.text(pair.1)
                    )
                });
            }
        }
    }
}

/// The block that held from before a message was first tried until it was answered.
fn held(changes: &[Change], from: u64, to: u64) -> Option<&Change> {
    changes.iter().find(|block| {
        let set = block.blocks && block.done.is_some_and(|done| done < from);
        // Whatever may have lifted it after it was set, or may have been late in doing so.
        set && !changes
            .iter()
            .any(|lift| !lift.blocks && lift.begin < to && lift.last > block.begin)
    })
}

fn opposite(case: &Case, op: &Op) -> Option<Name> {
    match &op.call {
        Call::Start { seller, .. } => case.names.find(seller),
        _ => case.counterpart(op.user, op.conversation(&case.names)?),
    }
}

fn blocks(case: &Case) -> Blocks {
    let mut blocks = Blocks::new();
    for op in &case.ops {
        let Call::Configure {
            blocked: Some(sets),
            ..
        } = op.call
        else {
            continue;
        };
        let other = op
            .conversation(&case.names)
            .and_then(|conversation| case.counterpart(op.user, conversation));
        if let (Some(other), false) = (other, op.refused()) {
            blocks.entry((op.user, other)).or_default().push(Change {
                blocks: sets,
                begin: op.begin.i,
                last: op.last(),
                done: op.done().map(|done| done.i),
            });
        }
    }
    blocks
}
