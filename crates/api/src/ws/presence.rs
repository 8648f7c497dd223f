//! Who came and who went, told to those who look at a conversation with them.

use std::{collections::HashMap, sync::Arc, time::Instant};

use messaging_domain::{Blocked, ConversationId, ConversationView, Directory, Timestamp, UserId};

use super::{
    hub::{Hub, State},
    outbox::{Class, Outbox, Topic},
};
use crate::wire::frame::event::{EphemeralEvent, Presence};

/// Who notes in the directory when somebody was last connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noting {
    /// This node.
    Here,
    /// The node of the last session.
    Elsewhere,
}

/// People whose last session ended a moment ago. Most of them are back at once, so nobody is told yet.
#[derive(Debug, Default)]
pub(super) struct Departures(HashMap<UserId, Departure>);

#[derive(Debug)]
struct Departure {
    at: Timestamp,
    due: Instant,
    noting: Noting,
}

impl Departures {
    /// Somebody's last session ended.
    pub(super) fn add(&mut self, user: UserId, due: Instant, noting: Noting) {
        let at = Timestamp::now();
        self.0.insert(user, Departure { at, due, noting });
    }

    /// Somebody came back.
    pub(super) fn cancel(&mut self, user: &UserId) {
        self.0.remove(user);
    }

    /// Whether somebody left, and nobody was told.
    pub(super) fn is_pending(&self, user: &UserId) -> bool {
        self.0.contains_key(user)
    }

    fn take_due(&mut self, now: Instant) -> Vec<(UserId, Departure)> {
        self.0
            .extract_if(|_, departure| departure.due <= now)
            .collect()
    }

    fn next_due(&self) -> Option<Instant> {
        self.0.values().map(|departure| departure.due).min()
    }
}

impl Hub {
    /// Tells, and notes in the directory, who is gone for good. Runs as long as the service does.
    pub async fn keep_presence(self, directory: Arc<impl Directory>) {
        loop {
            let (gone, next) = {
                let mut state = self.state();
                let gone = state.departures.take_due(Instant::now());
                for (user, departure) in &gone {
                    tell(&self, &state, user, false, Some(departure.at));
                }
                (gone, state.departures.next_due())
            };
            for (user, Departure { at, noting, .. }) in gone {
                if noting == Noting::Here
                    && let Err(error) = directory.note_seen(&user, at).await
                {
                    tracing::warn!(%error, "when somebody was last seen is not noted");
                }
            }
            match next {
                Some(due) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(due.into()) => {}
                        () = self.departed().notified() => {}
                    }
                }
                None => self.departed().notified().await,
            }
        }
    }
}

/// Tells all watchers of somebody whether they are connected. With the lock held, so that the last
/// word is the true one.
pub(super) fn tell(
    hub: &Hub,
    state: &State,
    user: &UserId,
    online: bool,
    last_seen_at: Option<Timestamp>,
) {
    for (conversation, watchers) in state.rooms.all_watchers(user) {
        push(hub, &watchers, conversation, user, online, last_seen_at);
    }
}

/// Hides two people from each other when one blocks the other, and shows them again.
pub(super) fn note_block(hub: &Hub, state: &mut State, conversation: &ConversationView) {
    let blocked = conversation.blocked != Blocked::No;
    let whom = &conversation.counterpart.id;
    let watchers = state.rooms.block(whom, conversation.id, blocked);
    let online = !blocked && state.is_online(whom);
    push(hub, &watchers, conversation.id, whom, online, None);
}

fn push(
    hub: &Hub,
    watchers: &[Arc<Outbox>],
    conversation: ConversationId,
    user: &UserId,
    online: bool,
    last_seen_at: Option<Timestamp>,
) {
    let event = EphemeralEvent::Presence(Presence {
        conversation_id: conversation.to_string(),
        user_id: user.to_string(),
        online,
        last_seen_at: last_seen_at.map(|at| at.to_string()),
    });
    let class = Class::Ephemeral(Topic::Presence(conversation));
    hub.push_all(watchers, &event, class);
}
