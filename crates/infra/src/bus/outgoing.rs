//! What this node tells over the bus: one task that seals and sends, and roll calls.

use async_nats::{Request, connection::State};
use messaging_domain::{Signal, Timestamp, To, UserId};
use tokio::sync::mpsc;

use super::{Bus, ROLL_CALL_WITHIN, incoming};

/// Sends what waits, until nobody can put anything in line any more.
pub(super) async fn send(bus: Bus, mut waiting: mpsc::Receiver<(To, Signal)>) {
    while let Some((to, signal)) = waiting.recv().await {
        // What would wait for a connection would be old when it comes back: the log is looked into then.
        if !is_connected(&bus) {
            bus.traffic.dropped();
            continue;
        }
        let subject = bus.subjects.of(&to);
        let sealed = bus.sealer.seal(&subject, &signal, Timestamp::now());
        match bus.client.publish(subject, sealed.into()).await {
            Ok(()) => bus.traffic.sent(),
            Err(error) => {
                tracing::warn!(%error, "a signal was not sent");
                bus.traffic.dropped();
            }
        }
    }
}

/// Asks who has sessions of somebody, and hears the first answer.
pub(super) async fn roll_call(bus: &Bus, user: &UserId) {
    if !is_connected(bus) {
        return;
    }
    let subject = bus.subjects.of(&To::Sessions(user.clone()));
    let sealed = bus
        .sealer
        .seal(&subject, &Signal::RollCall, Timestamp::now());
    let request = Request::new()
        .payload(sealed.into())
        .timeout(Some(ROLL_CALL_WITHIN));
    // No answer means that nobody has any, or that it is not known; either way there is nothing to hear.
    if let Ok(answer) = bus.client.send_request(subject, request).await
        && let Some((from, signal)) = bus.open(&answer.subject, &answer.payload)
    {
        incoming::hand_over(bus, from, &To::Watchers(user.clone()), signal);
    }
}

fn is_connected(bus: &Bus) -> bool {
    bus.client.connection_state() == State::Connected
}
