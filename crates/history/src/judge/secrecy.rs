//! I13 and I21: nobody is shown what is not theirs, nobody stays who was sent away, and what is said in
//! passing stays in the present.

use std::collections::{HashMap, HashSet};

use super::{
    case::{Case, End, Exposed, Fault, Op, Owner},
    findings::Findings,
    names::Name,
    shape::Event,
};
use crate::{
    call::Call,
    event::{Class, Phase},
    header::Limits,
    invariant::Invariant,
};

/// Nanoseconds.
const MILLISECOND: u64 = 1_000_000;

pub(super) fn judge(case: &Case, limits: &Limits, findings: &mut Findings) {
    exposures(case, findings);
    probes(case, findings);
    revocations(case, limits, findings);
    ephemerals(case, limits, findings);
    for (line, leak) in &case.leaks {
        findings.violation(Invariant::I13, &[*line], format!("found {leak}"));
    }
    if case.began(Phase::Final).is_some() {
        findings.checked(Invariant::I13);
    }
}

fn exposures(case: &Case, findings: &mut Findings) {
    let mut exposed: Vec<_> = case.exposed.iter().collect();
    exposed.sort_unstable_by_key(|(_, line)| **line);
    let mut told = HashSet::new();
    for ((user, what), line) in exposed {
        let (allowed, conversation) = match what {
            Exposed::Conversation(id) => (case.takes_part(*user, *id), Some(*id)),
            Exposed::Canary(word) => match case.canaries.get(word) {
                Some(Owner::Conversation(id)) => (case.takes_part(*user, *id), Some(*id)),
                Some(Owner::Pair(one, two)) => (Some(user == one || user == two), None),
                // Nobody said it: whose it is cannot be told, and I3 asks where it comes from.
                None => (None, None),
            },
        };
        let Some(allowed) = allowed else { continue };
        if allowed || told.insert((*user, conversation, *line)) {
            findings.expect(Invariant::I13, allowed, &[*line], || {
                format!(
                    "{} is shown something of {} and does not take part",
                    case.names.text(*user),
                    conversation.map_or("another pair", |id| case.names.text(id))
                )
            });
        }
    }
}

/// What must be refused is refused, with the code that says nothing.
fn probes(case: &Case, findings: &mut Findings) {
    for op in &case.ops {
        let (Call::Probe { verb, expect, .. }, Some((end, how))) = (&op.call, &op.end) else {
            continue;
        };
        let lines = [op.begin.i, end.i];
        let user = case.names.text(op.user);
        match how {
            End::Ok { .. } => {
                let what = format!("{user} was let in where nobody may: {verb}");
                findings.violation(Invariant::I13, &lines, what);
            }
            End::Fail { code, .. } if !op.turned_away() => {
                let right = match (expect, code) {
                    (Some(expect), Some(code)) => {
                        // Neither of the two others says anything about what was asked for.
                        expect == code || code == "rate_limited" || code == "unauthenticated"
                    }
                    _ => true,
                };
                findings.expect(Invariant::I13, right, &lines, || {
                    format!("{user} tried {verb} and was answered {code:?}, not {expect:?}")
                });
            }
            _ => {}
        }
    }
}

/// After a logout all sockets of that login end, and none begins.
fn revocations(case: &Case, limits: &Limits, findings: &mut Findings) {
    let bound = limits.revocation_ms.saturating_mul(MILLISECOND);
    for op in &case.ops {
        let (Call::Logout { login }, Some(done)) = (&op.call, op.done()) else {
            continue;
        };
        let Some(login) = case.names.find(login) else {
            continue;
        };
        let until = done.t.saturating_add(bound);
        for connection in &case.connections {
            if connection.login != Some(login) || connection.hello.is_none() {
                continue;
            }
            let during = |is: &dyn Fn(&Fault) -> bool| {
                let mut faults = case.faults.values();
                faults.any(|fault| is(fault) && fault.start.t < until && fault.over() > done.t)
            };
            // A node that stands still closes nothing; a cut client hears nothing; and a node learns of a
            // logout elsewhere over the bus or from its database.
            let excused = during(&|fault| match fault.class {
                Class::Process => fault.target == connection.node,
                Class::Client | Class::Host => true,
                _ => false,
            }) || during(&|fault| fault.class == Class::Bus)
                && during(&|fault| {
                    matches!(fault.class, Class::Database | Class::DatabaseAway)
                        && case.hits(fault, connection.node)
                });
            let ended = connection.close.map_or(u64::MAX, |(close, ..)| close.t);
            let known = case.last.is_some_and(|last| last.t > until) || ended < until;
            if excused || !known || ended < done.t {
                continue;
            }
            let lines = [connection.open.i, op.begin.i, done.i];
            findings.expect(Invariant::I13, ended <= until, &lines, || {
                format!(
                    "{} logged out and a socket of that login went on",
                    case.names.text(op.user)
                )
            });
        }
    }
}

fn ephemerals(case: &Case, limits: &Limits, findings: &mut Findings) {
    let bound = limits.ephemeral_ms.saturating_mul(MILLISECOND);
    let mut rooms: HashMap<Name, Vec<&Op>> = HashMap::new();
    for op in &case.ops {
        if let Call::Join { .. } | Call::Leave { .. } | Call::Typing { .. } = op.call
            && let Some(conversation) = op.conversation(&case.names)
        {
            rooms.entry(conversation).or_default().push(op);
        }
    }
    for (place, connection) in case.connections.iter().enumerate() {
        for told in &connection.frames {
            let (conversation, user, active) = match told.event {
                Event::Typing {
                    conversation,
                    user,
                    active,
                } => (conversation, user, active),
                Event::Presence { conversation, user } => (conversation, user, false),
                _ => continue,
            };
            let receiver = case.names.text(connection.user);
            let here = rooms.get(&conversation).map_or(&[][..], Vec::as_slice);
            let mine = here.iter().filter(|op| op.connection == Some(place));
            // The last word before the frame that can have counted.
            let joined = mine
                .filter_map(|op| match op.call {
                    Call::Join { .. } if op.begin.i < told.at.i => Some((op.begin.i, true)),
                    Call::Leave { .. } => op
                        .done()
                        .filter(|done| done.i < told.at.i)
                        .map(|done| (done.i, false)),
                    _ => None,
                })
                .max()
                .is_some_and(|(_, joined)| joined);
            let lines = [connection.open.i, told.at.i];
            findings.expect(Invariant::I21, joined, &lines, || {
                format!("{receiver} did not join and is told who is there or writes")
            });
            let theirs = is_of(case, user, conversation) && user != connection.user;
            findings.expect(Invariant::I21, theirs, &lines, || {
                let user = case.names.text(user);
                format!("{receiver} is told of {user}, who is not opposite")
            });
            if active {
                let fresh = here.iter().any(|op| {
                    matches!(op.call, Call::Typing { active: true, .. })
                        && op.user == user
                        && op.begin.i < told.at.i
                        && told.at.t.saturating_sub(op.begin.t) <= bound
                });
                findings.expect(Invariant::I21, fresh, &lines, || {
                    let user = case.names.text(user);
                    format!("{receiver} is told that {user} writes, and nobody does")
                });
            }
        }
    }
}

fn is_of(case: &Case, user: Name, conversation: Name) -> bool {
    case.takes_part(user, conversation).unwrap_or(true)
}
