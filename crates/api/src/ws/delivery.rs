//! Passing on what happens: durable events in the order of their positions, typing at once.

use std::{collections::HashMap, sync::Arc, time::Instant};

use bytestring::ByteString;
use messaging_domain::{
    Announcer, ConversationId, Delivery, Event, LoginSession, Position, Seat, Signal, To, UserId,
};
use serde::Serialize;

use super::{
    counters::Counters,
    hub::Hub,
    outbox::{Class, Frame, Outbox, Topic},
    presence,
};
#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    auth::Revocations,
    wire::frame::{
        event::{EphemeralEvent, EventFrame, Typing, milliseconds},
        text_of,
    },
};

impl Hub {
    /// Passes on that the holder of a seat writes, or stopped.
    pub(crate) fn typing(&self, seat: &Seat, active: bool) {
        let (writer, conversation) = (seat.user(), seat.conversation());
        if self.typing_here(writer, conversation, active) {
            let signal = Signal::Typing {
                conversation,
                writer: writer.clone(),
                active,
            };
            self.tell_nodes(To::Sessions(seat.counterpart().clone()), signal);
        }
    }

    /// The same, to the sessions of this node; whether it was not too soon.
    pub(super) fn typing_here(
        &self,
        writer: &UserId,
        conversation: ConversationId,
        active: bool,
    ) -> bool {
        // Under the lock to the end, so that a stop is never overtaken by its start.
        let mut state = self.state();
        let every = self.timing().typing_every;
        let now = Instant::now();
        if !state
            .rooms
            .forwards_typing(writer, conversation, active, now, every)
        {
            return false;
        }
        let watchers = state.rooms.watchers(writer, conversation);
        #[cfg(feature = "planted-bugs")]
        let watchers = if planted::is(Bug::TypingToEverybody) {
            state.connections.values().map(Arc::clone).collect()
        } else {
            watchers
        };
        let event = EphemeralEvent::Typing(Typing {
            conversation_id: conversation.to_string(),
            user_id: writer.to_string(),
            active,
            expires_in_ms: milliseconds(self.timing().typing_lasts),
        });
        let class = Class::Ephemeral(Topic::Typing(conversation));
        self.push_all(&watchers, &event, class);
        true
    }

    /// Serialises once and shares the text among all; nothing at all when there is nobody.
    pub(super) fn push_all(&self, outboxes: &[Arc<Outbox>], frame: &impl Serialize, class: Class) {
        if !outboxes.is_empty()
            && let Some(text) = written(frame)
        {
            let frame = Frame { text, class };
            self.push(outboxes.iter(), &frame);
        }
    }

    fn push<'a>(&self, outboxes: impl Iterator<Item = &'a Arc<Outbox>>, frame: &Frame) {
        let (mut dropped, mut overflows) = (0, 0);
        for outbox in outboxes {
            let pushed = outbox.push(frame.clone());
            dropped += pushed.dropped;
            overflows += u64::from(pushed.overflown);
        }
        Counters::add(&self.counters().ephemeral_dropped, dropped);
        Counters::add(&self.counters().overflows, overflows);
    }

    /// Passes an event on to its receiver's sessions here, if it is the next one for them.
    pub(super) fn pass_on(&self, delivery: &Delivery) {
        let (user, position) = (&delivery.user, delivery.position);
        // Most people are not connected to this node: nothing is made for nobody.
        if !self.state().users.contains_key(user) {
            return;
        }
        let text = written(&EventFrame::from(delivery));
        #[cfg(feature = "planted-bugs")]
        if planted::strikes(Bug::EventToEverybody, 40) {
            let everybody: Vec<_> = self.state().connections.values().map(Arc::clone).collect();
            let topic = Topic::Typing(ConversationId::new());
            let class = Class::Ephemeral(topic);
            self.push_all(&everybody, &EventFrame::from(delivery), class);
        }
        let mut state = self.state();
        let Some(person) = state.users.get_mut(user) else {
            return;
        };
        if person.watermark.takes(position) {
            #[cfg(feature = "planted-bugs")]
            let text = text.filter(|_| !planted::strikes(Bug::EventLost, 40));
            // Without a text, sessions find the gap and ask the store, which fails as well and is seen.
            if let Some(text) = text {
                let class = Class::Durable(position);
                let outboxes = person.members.iter().map(|member| &member.outbox);
                self.push(outboxes, &Frame { text, class });
            }
            if let Event::ConversationUpdated(conversation) = &delivery.event {
                presence::note_block(self, &mut state, conversation);
            }
        } else if state.line_up(user) {
            self.behind().notify_one();
        }
    }

    /// The log does not reach back so far: sessions are to find that out for themselves.
    pub(super) fn skip(&self, user: &UserId) {
        let mut state = self.state();
        if let Some(person) = state.users.get_mut(user) {
            let position = person.watermark.skip();
            for member in &person.members {
                member.outbox.miss(position);
            }
        }
    }
}

/// The JSON of a frame.
fn written(frame: &impl Serialize) -> Option<ByteString> {
    match text_of(frame) {
        Ok(text) => Some(text),
        Err(error) => {
            tracing::error!(%error, "a frame could not be written");
            None
        }
    }
}

impl Announcer for Hub {
    fn announce(&self, deliveries: Vec<Delivery>) {
        for delivery in &deliveries {
            self.pass_on(delivery);
        }
        if self.relay().is_some() {
            // One word for each person, however many events a commit has brought them.
            let mut heads: HashMap<UserId, Position> = HashMap::new();
            for delivery in deliveries {
                let head = heads.entry(delivery.user).or_default();
                *head = delivery.position.max(*head);
            }
            for (user, head) in heads {
                self.tell_nodes(To::Sessions(user), Signal::Advanced(head));
            }
        }
    }

    fn unsure(&self) {
        self.doubts().notify_one();
    }

    fn erased(&self, user: &UserId) {
        self.close_user(user);
        self.tell_nodes(To::Nodes, Signal::Erased(user.clone()));
    }

    fn profile_changed(&self, user: &UserId) {
        self.tell_nodes(To::Nodes, Signal::ProfileChanged(user.clone()));
    }
}

impl Revocations for Hub {
    fn login_revoked(&self, login: &LoginSession) {
        self.close_login(&login.user, login.id);
        let to = To::Sessions(login.user.clone());
        self.tell_nodes(to, Signal::LoginRevoked(login.id));
    }
}
