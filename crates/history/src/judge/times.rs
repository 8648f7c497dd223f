//! How long things took that are promised to be done in time. The invariants keep each below a limit that says
//! that something hangs; these are for the ledger, where all runs together are held against tighter bounds.

use super::case::{Case, Fault, Op};
use crate::{event::Class, header::Limits, times::Times};

/// Nanoseconds.
const MILLISECOND: u64 = 1_000_000;

pub(super) fn measure(case: &Case, nodes: usize, limits: &Limits) -> Times {
    let mut times = Times::default();
    for (at, _, after) in &case.ready {
        let begun = at.t.saturating_sub(after.saturating_mul(MILLISECOND));
        times
            .ready
            .push(between(case.had_all_it_needs(at.t).max(begun), at.t));
    }
    for fault in case.faults.values().filter(|fault| fault.effective) {
        match fault.class {
            Class::Drain => times.exit.extend(exit(case, fault)),
            Class::Process => times.back.extend(back(case, fault, nodes)),
            Class::Database | Class::DatabaseAway => times.accepted.extend(accepted(case, fault)),
            Class::Bus | Class::Client | Class::Host => {}
        }
        if fault.class == Class::DatabaseAway && case.is_alone(fault, fault.over()) {
            times.refused.extend(refused(case, fault, limits));
        }
    }
    times
}

fn between(from: u64, to: u64) -> u64 {
    to.saturating_sub(from) / MILLISECOND
}

/// From the word to stop to the end of the process.
fn exit(case: &Case, drain: &Fault) -> Option<u64> {
    let mut exits = case.exits.iter();
    let (at, ..) = exits.find(|(at, of, ..)| *of == drain.target && at.i > drain.start.i)?;
    case.is_alone(drain, at.t)
        .then(|| between(drain.start.t, at.t))
}

/// From a node's death to each of its sessions being caught up again: on another node, or on the same one
/// from when that is ready.
fn back<'a>(case: &'a Case, death: &'a Fault, nodes: usize) -> impl Iterator<Item = u64> + 'a {
    let exits = case.exits.iter().filter(|(at, of, _, signal)| {
        *of == death.target && signal.is_some() && at.i > death.start.i && at.t < death.over()
    });
    exits.flat_map(move |(exit, node, ..)| {
        let ready = case.ready.iter();
        let ready = ready.filter(move |(at, of, _)| of == node && at.i > exit.i);
        let ready = ready.map(|(at, ..)| at.t).next();
        let from = if nodes > 1 { Some(exit.t) } else { ready };
        let lost = case.connections.iter().filter(move |connection| {
            let live = connection.live().is_some_and(|live| live < *exit);
            let ends = connection.close.is_none_or(|(close, ..)| close.i >= exit.i);
            connection.node == *node && live && ends
        });
        lost.filter_map(move |connection| {
            let again = case.connections.iter().find(|other| {
                other.session == connection.session
                    && other.open.i > exit.i
                    && other.live().is_some()
            });
            let live = again?.live()?.t;
            case.is_alone(death, live).then_some(between(from?, live))
        })
    })
}

/// From the end of a fault of the database to the first write that is accepted.
fn accepted(case: &Case, fault: &Fault) -> Option<u64> {
    let stop = fault.stop?;
    let tried = |op: &&Op| op.call.changes() && case.hits(fault, op.node) && op.begin.i > stop.i;
    let done = case.ops.iter().filter(tried).filter_map(Op::done);
    let done = done.map(|done| done.t).min()?;
    case.is_alone(fault, done).then(|| between(stop.t, done))
}

/// From a write to its refusal, while the database is away.
fn refused<'a>(
    case: &'a Case,
    fault: &'a Fault,
    limits: &Limits,
) -> impl Iterator<Item = u64> + 'a {
    let grace = limits.grace_ms.saturating_mul(MILLISECOND);
    let from = fault.start.t.saturating_add(grace);
    case.ops.iter().filter_map(move |op| {
        let (end, _) = op.end.as_ref().filter(|_| op.refused())?;
        let during = op.begin.t >= from && end.t <= fault.over();
        (op.call.changes() && case.hits(fault, op.node) && during)
            .then(|| between(op.begin.t, end.t))
    })
}
