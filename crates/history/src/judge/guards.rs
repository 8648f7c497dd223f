//! Vacuity: whether enough happened for the absence of violations to mean anything.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{
    case::{Case, Connection, Reply},
    fold,
    log::Log,
    names::Name,
    sends::Sends,
};
use crate::{
    call::Call,
    event::Class,
    thresholds::Thresholds,
    verdict::{Counts, Guard},
};

/// What happened, in numbers.
pub(super) fn count(case: &Case, sends: &Sends<'_>) -> Counts {
    let effective = || case.faults.values().filter(|fault| fault.effective);
    let kinds: BTreeSet<_> = effective().map(|fault| fault.kind.as_str()).collect();
    let accepted = sends
        .all()
        .filter(|(_, attempts)| attempts.iter().any(|attempt| attempt.op.done().is_some()));
    let mut counts = Counts {
        operations: number(case.ops.len()),
        accepted: number(accepted.count()),
        unknown: number(case.ops.iter().filter(|op| op.in_doubt()).count()),
        faults: number(case.faults.len()),
        effective_faults: number(effective().count()),
        kinds: kinds.into_iter().map(str::to_owned).collect(),
        connections: number(case.connections.len()),
        frames: number(case.connections.iter().map(|one| one.frames.len()).sum()),
        drains: number(
            effective()
                .filter(|fault| fault.class == Class::Drain)
                .count(),
        ),
        ..Counts::default()
    };
    resumes(case, &mut counts);
    counts
}

pub(super) fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Of all, so many; a thousand of nothing.
fn per_mille(some: u64, all: u64) -> u64 {
    (some * 1_000).checked_div(all).unwrap_or(1_000)
}

/// Resumes that replayed something, and those of them that changed the node.
fn resumes(case: &Case, counts: &mut Counts) {
    let mut before: HashMap<Name, Name> = HashMap::new();
    for connection in &case.connections {
        let node = before.insert(connection.session, connection.node);
        if let (Some(welcome), Some((_, since)), true) =
            (connection.hello, connection.since, is_live(connection))
            && welcome.resumed
            && welcome.position > since
        {
            counts.resumes += 1;
            counts.moves += u64::from(node.is_some_and(|node| node != connection.node));
        }
    }
}

fn is_live(connection: &Connection) -> bool {
    connection.live().is_some()
}

/// The guards, with what they want and what there was.
pub(super) fn judge(
    case: &Case,
    log: &Log,
    sends: &Sends<'_>,
    counts: &Counts,
    thresholds: &Thresholds,
) -> Vec<Guard> {
    let mut guards = Vec::new();
    let mut guard = |name: &str, wanted: u64, found: u64| {
        guards.push(Guard {
            name: name.to_owned(),
            wanted,
            found,
            holds: found >= wanted,
        });
    };
    guard("accepted messages", thresholds.accepted, counts.accepted);
    guard(
        "sends answered outside of faults, of 1,000",
        thresholds.answered_per_mille,
        answered(case),
    );
    guard("operations in doubt", thresholds.unknown, counts.unknown);
    guard(
        "doubtful sends settled by a retry, of 1,000",
        thresholds.settled_per_mille,
        settled(sends),
    );
    guard(
        "effective faults",
        thresholds.faults,
        counts.effective_faults,
    );
    guard(
        "kinds of faults",
        thresholds.kinds,
        number(counts.kinds.len()),
    );
    guard(
        "faults that took effect, of 1,000",
        thresholds.effective_per_mille,
        per_mille(counts.effective_faults, counts.faults),
    );
    guard(
        "resumes with missed events",
        thresholds.resumes,
        counts.resumes,
    );
    guard("resumes on another node", thresholds.moves, counts.moves);
    let (probes, verbs) = probes(case);
    guard("probes refused", thresholds.probes, probes);
    guard("verbs probed", thresholds.probed_verbs, verbs);
    let evicted = case
        .connections
        .iter()
        .filter(|connection| matches!(connection.close, Some((_, _, Some(4201)))));
    guard(
        "slow sessions evicted",
        thresholds.evictions,
        number(evicted.count()),
    );
    guard(
        "conversations with both people connected at a fault, of 1,000",
        thresholds.witnessed_per_mille,
        witnessed(case),
    );
    guard("drains", thresholds.drains, counts.drains);
    guard(
        "invariants looked at",
        thresholds.invariants,
        counts.invariants,
    );
    guard(
        "client states compared",
        thresholds.pictures,
        fold::compared(case),
    );
    guard(
        "database dumped",
        u64::from(thresholds.dump),
        u64::from(case.dump.complete.is_some()),
    );
    let unknown = case
        .messages
        .iter()
        .map(|(_, message)| message.conversation)
        .filter(|conversation| !log.knows(*conversation))
        .collect::<BTreeSet<_>>();
    // A conversation whose end nobody saw proves nothing about what was lost in it.
    let blind = thresholds.dump && !unknown.is_empty();
    guard("the end of each conversation seen", 1, u64::from(!blind));
    guard(
        "the history is well-formed",
        1,
        u64::from(case.flaws.is_empty()),
    );
    guards
}

/// Probes that were refused, and how many verbs they were of.
fn probes(case: &Case) -> (u64, u64) {
    let refused: Vec<_> = case
        .ops
        .iter()
        .filter_map(|op| match &op.call {
            Call::Probe { verb, .. } if op.refused() => Some(verb.as_str()),
            _ => None,
        })
        .collect();
    let verbs: BTreeSet<_> = refused.iter().collect();
    (number(refused.len()), number(verbs.len()))
}

/// Of sends while nothing was broken, those that were answered.
fn answered(case: &Case) -> u64 {
    let calm = |begin: u64, end: u64| {
        case.faults
            .values()
            .all(|fault| fault.over() < begin || fault.start.t > end)
    };
    let sends: Vec<_> = case
        .ops
        .iter()
        .filter(|op| matches!(op.call, Call::Send { .. }))
        .filter(|op| {
            let end = op.end.as_ref().map_or(u64::MAX, |(end, _)| end.t);
            calm(op.begin.t, end)
        })
        .collect();
    let answered = sends
        .iter()
        .filter(|op| !op.in_doubt() && !op.turned_away());
    per_mille(number(answered.count()), number(sends.len()))
}

/// Of client ids with an attempt in doubt, those that were answered in the end.
fn settled(sends: &Sends<'_>) -> u64 {
    let doubtful: Vec<_> = sends
        .all()
        .filter(|(_, attempts)| attempts.iter().any(|attempt| attempt.op.in_doubt()))
        .collect();
    let settled = doubtful
        .iter()
        .filter(|(_, attempts)| attempts.iter().any(|attempt| attempt.op.done().is_some()));
    per_mille(number(settled.count()), number(doubtful.len()))
}

/// Of conversations in which something was said, those with both people connected as a fault began.
fn witnessed(case: &Case) -> u64 {
    let mut said: BTreeMap<Name, bool> = BTreeMap::new();
    for op in &case.ops {
        if let (Call::Send { .. }, Reply::Message(_), Some(conversation)) =
            (&op.call, &op.reply, op.conversation(&case.names))
        {
            said.entry(conversation).or_insert(false);
        }
    }
    for fault in case.faults.values().filter(|fault| fault.effective) {
        let connected: BTreeSet<_> = case
            .connections
            .iter()
            .filter(|connection| {
                connection.live().is_some_and(|live| live < fault.start)
                    && connection
                        .close
                        .is_none_or(|(close, ..)| close > fault.start)
            })
            .map(|connection| connection.user)
            .collect();
        for (conversation, witnessed) in &mut said {
            if let Some((buyer, seller)) = case.participants(*conversation) {
                *witnessed |= connected.contains(&buyer) && connected.contains(&seller);
            }
        }
    }
    let witnessed = said.values().filter(|witnessed| **witnessed).count();
    per_mille(number(witnessed), number(said.len()))
}
