//! What comes over the bus: one stream of messages for each audience this node belongs to.

use std::{collections::HashMap, time::Instant};

use async_nats::{Message, Subscriber};
use futures_util::{
    StreamExt as _,
    future::Either,
    stream::{self, SelectAll},
};
use messaging_domain::{NodeId, Signal, Timestamp, To};
use tokio::sync::oneshot;

use super::Bus;

/// The messages of one audience, until it is no longer wanted.
type Audience = stream::BoxStream<'static, (To, Message)>;

/// Hears, as long as the connection is there or comes back.
pub(super) async fn hear(bus: Bus) {
    let mut audiences: SelectAll<Audience> = SelectAll::new();
    let mut ends: HashMap<To, oneshot::Sender<()>> = HashMap::new();
    loop {
        let next = if audiences.is_empty() {
            Either::Left(std::future::pending())
        } else {
            Either::Right(audiences.next())
        };
        tokio::select! {
            changes = bus.interests.changes() => {
                for (to, wanted) in changes {
                    // Dropping the sender ends the stream, and with it the subscription.
                    ends.remove(&to);
                    if wanted && let Some(subscriber) = subscribe(&bus, &to).await {
                        let (end, ended) = oneshot::channel();
                        audiences.push(audience(to.clone(), subscriber, ended));
                        ends.insert(to, end);
                    }
                }
            }
            message = next => {
                if let Some((to, message)) = message {
                    take(&bus, &to, message).await;
                }
            }
        }
    }
}

async fn subscribe(bus: &Bus, to: &To) -> Option<Subscriber> {
    match bus.client.subscribe(bus.subjects.of(to)).await {
        Ok(subscriber) => Some(subscriber),
        Err(error) => {
            tracing::error!(%error, "a subject cannot be subscribed to");
            None
        }
    }
}

fn audience(to: To, subscriber: Subscriber, ended: oneshot::Receiver<()>) -> Audience {
    subscriber
        .map(move |message| (to.clone(), message))
        .take_until(ended)
        .boxed()
}

async fn take(bus: &Bus, to: &To, message: Message) {
    let Some((from, signal)) = bus.open(&message.subject, &message.payload) else {
        return;
    };
    match (&signal, message.reply, to) {
        (Signal::RollCall, Some(reply), To::Sessions(user)) => {
            let roster = bus.neighbour.roster(user);
            if !roster.is_empty() {
                answer(bus, reply.to_string(), to, Signal::Roster(roster)).await;
            }
        }
        _ => hand_over(bus, from, to, signal),
    }
}

/// Hands a signal to the node, and notes that its sender is there.
pub(super) fn hand_over(bus: &Bus, from: NodeId, to: &To, signal: Signal) {
    match signal {
        Signal::Leaving => {
            bus.nodes.forget(from);
            bus.neighbour.lost(from);
        }
        signal => {
            let is_back = bus.nodes.hear(from, Instant::now());
            bus.neighbour.heard(from, to, signal);
            if is_back {
                bus.neighbour.missed_signals();
            }
        }
    }
}

/// Answers a roll call, to whoever asked and to all who watch.
async fn answer(bus: &Bus, reply: String, to: &To, roster: Signal) {
    let sealed = bus.sealer.seal(&reply, &roster, Timestamp::now());
    if let Err(error) = bus.client.publish(reply, sealed.into()).await {
        tracing::debug!(%error, "a roll call was not answered");
    }
    if let To::Sessions(user) = to {
        let signals = &bus.outgoing;
        let _ = signals.try_send((To::Watchers(user.clone()), roster.clone()));
        let _ = signals.try_send((to.clone(), roster));
    }
}
