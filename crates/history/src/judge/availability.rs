//! I20: nothing hangs, refusals come in time, sockets outlive the database, and service comes back by
//! itself.

use super::{
    case::{Case, Fault, Op, Point},
    findings::Findings,
};
use crate::{
    event::{Class, Phase, Transport},
    header::Limits,
    invariant::Invariant,
};

/// Nanoseconds.
const MILLISECOND: u64 = 1_000_000;

pub(super) fn judge(case: &Case, limits: &Limits, findings: &mut Findings) {
    deadlines(case, limits, findings);
    success(case, limits, findings);
    for (at, node, after) in &case.ready {
        let begun = at.t.saturating_sub(after.saturating_mul(MILLISECOND));
        let since = case.had_all_it_needs(at.t).max(begun);
        let holds = at.t.saturating_sub(since) <= limits.ready_ms.saturating_mul(MILLISECOND);
        findings.expect(Invariant::I20, holds, &[at.i], || {
            format!("{} was ready after {after} ms", case.names.text(*node))
        });
    }
    for fault in case.faults.values().filter(|fault| fault.effective) {
        if case.is_alone(fault, fault.over()) {
            recovery(case, fault, limits, findings);
            if fault.class == Class::DatabaseAway {
                refusals(case, fault, limits, findings);
                sockets(case, fault, findings);
            }
        }
    }
}

/// Every operation ends, and within its deadline.
fn deadlines(case: &Case, limits: &Limits, findings: &mut Findings) {
    let last = case.last.map_or(0, |last| last.t);
    for op in &case.ops {
        let end = op.end.as_ref().map_or(last, |(end, _)| end.t);
        let took = end.saturating_sub(op.begin.t) / MILLISECOND;
        let ended = op.end.is_some() || took <= limits.deadline_ms;
        let lines = [
            op.begin.i,
            op.end.as_ref().map_or(op.begin.i, |(end, _)| end.i),
        ];
        let holds = ended && (took <= limits.deadline_ms || is_excused(case, op, end));
        findings.expect(Invariant::I20, holds, &lines, || {
            format!("a {} took {took} ms", op.call.name())
        });
    }
}

/// Whether nobody could have answered in time: the node stood still or was gone, or nothing came
/// through. A database that does not answer excuses nothing.
fn is_excused(case: &Case, op: &Op, end: u64) -> bool {
    case.faults.values().any(|fault| {
        let hits = match fault.class {
            Class::Process | Class::Drain => fault.target == op.node,
            Class::Client | Class::Host => true,
            Class::Database | Class::DatabaseAway | Class::Bus => false,
        };
        hits && fault.start.t <= end && fault.over() >= op.begin.t
    })
}

/// Whether anything was broken while it ran, or so shortly before that it may still have been felt.
fn is_disturbed(case: &Case, op: &Op, limits: &Limits) -> bool {
    let end = op.end.as_ref().map_or(u64::MAX, |(end, _)| end.t);
    let recovery = limits.recovery_ms.saturating_mul(MILLISECOND);
    case.faults
        .values()
        .any(|fault| fault.start.t <= end && fault.over().saturating_add(recovery) >= op.begin.t)
}

/// While nothing is broken nearly everything is answered.
fn success(case: &Case, limits: &Limits, findings: &mut Findings) {
    let (mut all, mut bad) = (0_u64, Vec::new());
    for op in &case.ops {
        let phase = case.phase_at(op.begin.t);
        let undisturbed = matches!(phase, Some(Phase::Calm | Phase::Heal | Phase::Final))
            && !is_disturbed(case, op, limits)
            && !through_a_socket_that_ended(case, op);
        if undisturbed {
            all += 1;
            findings.checked(Invariant::I20);
            if op.in_doubt() || op.turned_away() {
                bad.push(op.begin.i);
            }
        }
    }
    let many = u64::try_from(bad.len()).unwrap_or(u64::MAX);
    let allowed = all * 1_000_u64.saturating_sub(limits.success_per_mille) / 1_000;
    if many > allowed {
        let what = format!("of {all} operations while nothing was broken {many} were not answered");
        findings.violation(Invariant::I20, &bad, what);
    }
}

/// What went down with a socket that was ended for a cause says nothing about the service.
fn through_a_socket_that_ended(case: &Case, op: &Op) -> bool {
    op.transport == Transport::Ws
        && op
            .connection
            .and_then(|place| case.connections.get(place))
            .filter(|connection| connection.ended_for_cause())
            .and_then(|connection| connection.close)
            .is_some_and(|(close, ..)| {
                // What was under way may be given up a few lines before or after the close is written.
                let given_up =
                    |end: &Point| close.t.abs_diff(end.t) <= MILLISECOND.saturating_mul(1_000);
                op.end.as_ref().is_none_or(|(end, _)| given_up(end))
            })
}

/// After a fault writes succeed again in time.
fn recovery(case: &Case, fault: &Fault, limits: &Limits, findings: &mut Findings) {
    let Some(stop) = fault.stop else {
        return;
    };
    let until = stop
        .t
        .saturating_add(limits.recovery_ms.saturating_mul(MILLISECOND));
    let tried = |op: &&Op| {
        op.call.changes() && case.hits(fault, op.node) && op.begin.i > stop.i && op.begin.t < until
    };
    let mut attempts = case.ops.iter().filter(tried).peekable();
    let enough = case.last.is_some_and(|last| last.t > until) && attempts.peek().is_some();
    if enough {
        let back = attempts.any(|op| op.done().is_some_and(|done| done.t <= until));
        // With something else broken before the time was over, silence says nothing.
        if back || case.is_alone(fault, until) {
            findings.expect(Invariant::I20, back, &[fault.start.i, stop.i], || {
                format!(
                    "after {} of {} nothing was accepted for {} ms",
                    fault.kind,
                    case.names.text(fault.target),
                    limits.recovery_ms
                )
            });
        }
    }
}

/// While the database is away writes are refused in time.
fn refusals(case: &Case, fault: &Fault, limits: &Limits, findings: &mut Findings) {
    let bound = limits.refusal_ms.saturating_mul(MILLISECOND);
    let from = fault
        .start
        .t
        .saturating_add(limits.grace_ms.saturating_mul(MILLISECOND));
    for op in &case.ops {
        let answerable = op.begin.t.saturating_add(bound) <= fault.over();
        let hit = case.hits(fault, op.node);
        if !op.call.changes() || !hit || op.begin.t < from || !answerable {
            continue;
        }
        let refused = op.refused()
            && op
                .end
                .as_ref()
                .is_some_and(|(end, _)| end.t.saturating_sub(op.begin.t) <= bound);
        // What waits for no answer cannot be refused.
        let silent = op.done().is_some_and(|done| done.i == op.begin.i + 1);
        if !silent && !through_a_socket_that_ended(case, op) {
            let end = op.end.as_ref().map_or(op.begin, |(end, _)| *end);
            let lines = [fault.start.i, op.begin.i, end.i];
            findings.expect(Invariant::I20, refused, &lines, || {
                format!(
                    "with the database away a {} was not refused within {} ms",
                    op.call.name(),
                    limits.refusal_ms
                )
            });
        }
    }
}

/// While the database is away sockets stay.
fn sockets(case: &Case, fault: &Fault, findings: &mut Findings) {
    for connection in &case.connections {
        let live = connection.live().is_some_and(|live| live < fault.start);
        let hit = case.hits(fault, connection.node);
        if !live || !hit || connection.ended_for_cause() {
            continue;
        }
        let dropped = connection
            .close
            .is_some_and(|(close, ..)| close > fault.start && close.t < fault.over());
        let lines = [connection.open.i, fault.start.i];
        findings.expect(Invariant::I20, !dropped, &lines, || {
            format!(
                "{} lost its socket because the database was away",
                case.names.text(connection.session)
            )
        });
    }
}
