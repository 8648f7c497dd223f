//! I19: a node that is asked to stop leaves nothing unknown that it had accepted, says goodbye to every
//! session, and goes in time with exit code 0.

use super::{
    case::{Case, Connection, Fault},
    findings::Findings,
    shape::Event,
};
use crate::{
    event::{Class, Transport},
    header::Limits,
    invariant::Invariant,
};

/// Nanoseconds.
const MILLISECOND: u64 = 1_000_000;

/// Of the goodbye and the close frame.
const RESTART: u16 = 1012;

pub(super) fn judge(case: &Case, limits: &Limits, findings: &mut Findings) {
    for drain in case.faults.values() {
        if drain.class != Class::Drain {
            continue;
        }
        let disturbed = |by: &[Class]| is_disturbed(case, drain, by);
        if !disturbed(&[Class::Process, Class::Host]) {
            exit(case, drain, limits, findings);
            if !disturbed(&[Class::Client]) {
                farewells(case, drain, findings);
                if !disturbed(&[Class::Database, Class::DatabaseAway]) {
                    operations(case, drain, limits, findings);
                }
            }
        }
    }
}

/// Whether something of these classes was broken at that time that may explain what went wrong.
fn is_disturbed(case: &Case, drain: &Fault, by: &[Class]) -> bool {
    case.faults.values().any(|other| {
        // Another node's death, or that of all in turn of which this drain is one, explains nothing.
        let elsewhere =
            matches!(other.class, Class::Process | Class::Host) && other.target != drain.target;
        by.contains(&other.class)
            && !elsewhere
            && other.start != drain.start
            && other.start.t <= drain.over()
            && other.over() >= drain.start.t
    })
}

fn exit(case: &Case, drain: &Fault, limits: &Limits, findings: &mut Findings) {
    let node = case.names.text(drain.target);
    let exit = case
        .exits
        .iter()
        .find(|(at, of, ..)| *of == drain.target && at.i > drain.start.i);
    let Some((at, _, code, signal)) = exit else {
        let what = format!("{node} was asked to stop and never did");
        findings.violation(Invariant::I19, &[drain.start.i], what);
        return;
    };
    let took = at.t.saturating_sub(drain.start.t) / MILLISECOND;
    let holds = *code == Some(0) && took <= limits.drain_ms;
    findings.expect(Invariant::I19, holds, &[drain.start.i, at.i], || {
        format!(
            "{node} was asked to stop and went after {took} ms with {code:?}, signal {signal:?}"
        )
    });
}

/// What the node had taken when it was asked to stop gets its answer.
fn operations(case: &Case, drain: &Fault, limits: &Limits, findings: &mut Findings) {
    let slack = limits.accepted_ms.saturating_mul(MILLISECOND);
    for op in &case.ops {
        let taken = op.node == drain.target
            && op.begin.t.saturating_add(slack) <= drain.start.t
            && op.end.as_ref().is_none_or(|(end, _)| end.i > drain.start.i);
        // A socket that was on its way out for another reason takes its operations with it.
        let gone = op.transport == Transport::Ws
            && op
                .connection
                .and_then(|place| case.connections.get(place))
                .is_some_and(|connection| {
                    let before = connection
                        .close
                        .is_some_and(|(close, ..)| close < drain.start);
                    before || connection.ended_for_cause()
                });
        if taken && !gone {
            let known = !op.in_doubt();
            let end = op.end.as_ref().map_or(op.begin, |(end, _)| *end);
            let lines = [op.begin.i, drain.start.i, end.i];
            findings.expect(Invariant::I19, known, &lines, || {
                let node = case.names.text(drain.target);
                let name = op.call.name();
                format!("{node} had taken a {name} when it was asked to stop, and left it unknown")
            });
        }
    }
}

fn farewells(case: &Case, drain: &Fault, findings: &mut Findings) {
    for connection in &case.connections {
        let open = connection.node == drain.target
            && connection.live().is_some_and(|live| live < drain.start)
            && connection
                .close
                .is_some_and(|(close, ..)| close > drain.start)
            && !connection.ended_for_cause();
        if open {
            let lines = [connection.open.i, drain.start.i];
            findings.expect(
                Invariant::I19,
                says_goodbye(connection, drain),
                &lines,
                || {
                    format!(
                        "{} was not told that {} restarts",
                        case.names.text(connection.session),
                        case.names.text(drain.target)
                    )
                },
            );
        }
    }
}

fn says_goodbye(connection: &Connection, drain: &Fault) -> bool {
    let bye = connection.frames.iter().any(|told| {
        told.at > drain.start
            && matches!(told.event, Event::Bye { code } if code == u64::from(RESTART))
    });
    let closed = matches!(connection.close, Some((_, _, Some(RESTART))));
    bye && closed
}
