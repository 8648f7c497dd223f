//! I12: whoever is connected is told; in calm phases soon, and after everything was mended of all.

use std::collections::HashMap;

use super::{
    case::{Case, Connection, Reply},
    findings::Findings,
    names::Name,
    sends::Sends,
    shape::Event,
};
use crate::{call::Call, event::Phase, header::Limits, invariant::Invariant};

/// Nanoseconds.
const MILLISECOND: u64 = 1_000_000;

pub(super) fn judge(case: &Case, sends: &Sends<'_>, limits: &Limits, findings: &mut Findings) {
    heads(case, findings);
    deliveries(case, sends, limits, findings);
}

/// A session that was live before the load ended, and still is in the final phase, has all events.
fn heads(case: &Case, findings: &mut Findings) {
    let (Some(settle), Some(rest)) = (case.began(Phase::Settle), case.began(Phase::Final)) else {
        return;
    };
    let mut heads: HashMap<Name, u64> = HashMap::new();
    for (_, user, head, ..) in &case.dump.streams {
        heads.insert(*user, *head);
    }
    for connection in &case.connections {
        for told in &connection.frames {
            let head = heads.entry(connection.user).or_default();
            *head = (*head).max(told.position.unwrap_or(0));
        }
    }
    for connection in &case.connections {
        let live = connection.live().is_some_and(|live| live < settle);
        let lasts = connection.close.is_none_or(|(close, ..)| close > rest);
        if !live || !lasts {
            continue;
        }
        let head = heads.get(&connection.user).copied().unwrap_or(0);
        let reached = reached(connection, rest.i);
        let lines = [connection.open.i, rest.i];
        findings.expect(Invariant::I12, reached >= head, &lines, || {
            format!(
                "{} was connected all the time and was told up to {reached} of {head}",
                case.names.text(connection.session)
            )
        });
    }
}

/// The last position that was told on a socket before a line.
fn reached(connection: &Connection, before: u64) -> u64 {
    let welcomed =
        connection
            .hello
            .map_or(0, |welcome| match (connection.since, welcome.resumed) {
                (Some((_, since)), true) => since,
                _ => welcome.position,
            });
    connection
        .frames
        .iter()
        .take_while(|told| told.at.i < before)
        .filter_map(|told| told.position)
        .fold(welcomed, u64::max)
}

/// In calm phases nearly all deliveries come in time.
fn deliveries(case: &Case, sends: &Sends<'_>, limits: &Limits, findings: &mut Findings) {
    let bound = limits.delivery_ms.saturating_mul(MILLISECOND);
    let mut connections: HashMap<Name, Vec<(&Connection, Arrivals)>> = HashMap::new();
    for connection in &case.connections {
        if connection.live().is_some() {
            let of_user = connections.entry(connection.user).or_default();
            of_user.push((connection, arrivals(connection)));
        }
    }
    let mut delays: Vec<(u64, [u64; 2])> = Vec::new();
    for op in &case.ops {
        let (Call::Send { .. }, Some(done), Reply::Message(at)) = (&op.call, op.done(), &op.reply)
        else {
            continue;
        };
        let until = done.t.saturating_add(bound);
        let calm = case.phase_at(done.t) == Some(Phase::Calm)
            && case
                .faults
                .values()
                .all(|fault| fault.over() < op.begin.t || fault.start.t > until);
        let Some((_, message)) = case.messages.get(*at).filter(|_| calm) else {
            continue;
        };
        let Some((buyer, seller)) = case.participants(message.conversation) else {
            continue;
        };
        // An earlier attempt may be the one that was stored, and who came after it read of it.
        let attempts = sends.of_message(message.sender, message.client_id).iter();
        let begun = attempts.map(|attempt| attempt.op.begin.i).min();
        let begun = begun.unwrap_or(op.begin.i);
        let place = (message.conversation, message.seq);
        let told = [buyer, seller]
            .into_iter()
            .filter_map(|user| connections.get(&user))
            .flatten();
        for (connection, arrivals) in told {
            let live = connection.live().is_some_and(|live| live.i < begun);
            let lasts = connection.close.is_none_or(|(close, ..)| close.t > until)
                && case.last.is_some_and(|last| last.t > until);
            if live && lasts {
                let arrived = arrivals.get(&place).copied().unwrap_or(u64::MAX);
                delays.push((arrived.saturating_sub(done.t), [done.i, connection.open.i]));
            }
        }
    }
    delays.sort_unstable();
    let worst = delays.len().saturating_sub(delays.len() / 100 + 1);
    for _ in &delays {
        findings.checked(Invariant::I12);
    }
    if let Some((delay, lines)) = delays.get(worst).filter(|(delay, _)| *delay > bound) {
        let what = format!(
            "of {} deliveries in calm phases the 99th percentile took {} ms, {} are allowed",
            delays.len(),
            delay / MILLISECOND,
            limits.delivery_ms
        );
        findings.violation(Invariant::I12, lines, what);
    }
}

/// When each new message came.
type Arrivals = HashMap<(Name, u64), u64>;

fn arrivals(connection: &Connection) -> Arrivals {
    let mut arrivals = HashMap::new();
    for told in &connection.frames {
        if let Event::Message {
            created: true,
            message,
        } = told.event
        {
            let place = (message.conversation, message.seq);
            arrivals.entry(place).or_insert(told.at.t);
        }
    }
    arrivals
}
