//! Who is connected to this node, and the passing on of what happens to them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use messaging_domain::{Announcer, Delivery, Event, LoginId, LoginSession, Seat, UserId};
use serde::Serialize;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    close::Close,
    connection::Connection,
    counters::Counters,
    outbox::{Class, Frame, Outbox, Topic},
    presence::{self, Departures},
    rooms::Rooms,
    timing::Timing,
};
use crate::{
    auth::Revocations,
    wire::frame::event::{EphemeralEvent, EventFrame, Typing, milliseconds},
};

/// How many sessions a user may have; one more ends the oldest.
pub(crate) const MAX_SESSIONS: usize = 8;

/// One session of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(Uuid);

impl SessionId {
    /// A new one, unlike all others.
    pub(crate) fn new() -> Self {
        Self(Uuid::new_v4())
    }
}

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The sessions of this node, by user. Cheap to clone: all clones are the same hub.
///
/// It passes on hints: it never waits for a session, and a session that misses something finds it
/// in the store by its position.
#[derive(Debug, Clone)]
pub struct Hub(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    timing: Timing,
    counters: Counters,
    /// A person's last session ended.
    departed: Notify,
    /// The node's last connection ended.
    emptied: Notify,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) draining: bool,
    pub(super) connections: HashMap<SessionId, Arc<Outbox>>,
    users: HashMap<UserId, Vec<Member>>,
    pub(super) rooms: Rooms,
    pub(super) departures: Departures,
}

/// What a hub has to carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) sessions: usize,
    pub(super) users: usize,
    /// Frames in all outboxes.
    pub(super) waiting: usize,
    /// Frames in the fullest outbox.
    pub(super) longest: usize,
}

/// A session whose user is known. A user's sessions stand in the order in which they came.
#[derive(Debug)]
struct Member {
    session: SessionId,
    login: Option<LoginId>,
    outbox: Arc<Outbox>,
}

impl State {
    /// Whether somebody is connected, or was a moment ago.
    pub(super) fn is_online(&self, user: &UserId) -> bool {
        self.users.contains_key(user) || self.departures.is_pending(user)
    }

    fn outboxes(&self, user: &UserId) -> Vec<Arc<Outbox>> {
        self.users
            .get(user)
            .into_iter()
            .flatten()
            .map(|member| Arc::clone(&member.outbox))
            .collect()
    }
}

impl Hub {
    /// A hub with nobody in it.
    pub fn new(timing: Timing) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            timing,
            counters: Counters::default(),
            departed: Notify::new(),
            emptied: Notify::new(),
        }))
    }

    /// The deadlines of its sessions.
    pub(crate) fn timing(&self) -> &Timing {
        &self.0.timing
    }

    /// What its sessions count.
    pub(crate) fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// What there is to carry now.
    pub(super) fn load(&self) -> Load {
        let (users, outboxes) = {
            let state = self.state();
            let outboxes: Vec<_> = state.connections.values().map(Arc::clone).collect();
            (state.users.len(), outboxes)
        };
        // Not under the lock of all: each outbox has one of its own.
        let waiting: Vec<_> = outboxes.iter().map(|outbox| outbox.waiting()).collect();
        Load {
            sessions: outboxes.len(),
            users,
            waiting: waiting.iter().sum(),
            longest: waiting.into_iter().max().unwrap_or(0),
        }
    }

    /// Takes a new connection in, whose user is not known yet; `None` while the service goes down.
    pub(crate) fn connect(&self) -> Option<Connection> {
        let (session, outbox) = (SessionId::new(), Arc::<Outbox>::default());
        {
            let mut state = self.state();
            if state.draining {
                return None;
            }
            state.connections.insert(session, Arc::clone(&outbox));
        }
        Counters::add(&self.counters().opened, 1);
        Some(Connection::new(self.clone(), session, outbox))
    }

    /// Names the user of a connection. From now on, what happens to that user goes to its outbox.
    pub(super) fn identify(
        &self,
        session: SessionId,
        outbox: &Arc<Outbox>,
        user: &UserId,
        login: Option<LoginId>,
    ) {
        let mut state = self.state();
        let returns = state.departures.cancel(user);
        let members = state.users.entry(user.clone()).or_default();
        let is_first = members.is_empty();
        members.push(Member {
            session,
            login,
            outbox: Arc::clone(outbox),
        });
        if members.len() > MAX_SESSIONS {
            let oldest = members.remove(0);
            oldest.outbox.close(Close::TooManySessions);
        }
        if is_first && !returns {
            presence::tell(self, &state, user, true, None);
        }
    }

    /// Gives a session the login of its new token.
    pub(super) fn set_login(&self, session: SessionId, user: &UserId, login: Option<LoginId>) {
        let mut state = self.state();
        let members = state.users.get_mut(user).into_iter().flatten();
        for member in members.filter(|member| member.session == session) {
            member.login = login;
        }
    }

    /// Takes a session from its user. Idempotent.
    pub(super) fn leave(&self, session: SessionId, user: &UserId) {
        let mut state = self.state();
        let Some(members) = state.users.get_mut(user) else {
            return;
        };
        members.retain(|member| member.session != session);
        if members.is_empty() {
            state.users.remove(user);
            let grace = if state.draining {
                Duration::ZERO
            } else {
                self.timing().offline_after
            };
            state.departures.add(user.clone(), Instant::now() + grace);
            self.0.departed.notify_one();
        }
    }

    /// Forgets a connection.
    pub(super) fn disconnect(&self, session: SessionId) {
        let mut state = self.state();
        state.connections.remove(&session);
        if state.connections.is_empty() {
            self.0.emptied.notify_one();
        }
    }

    /// Passes on that the holder of a seat writes, or stopped.
    pub(crate) fn typing(&self, seat: &Seat, active: bool) {
        let (user, conversation) = (seat.user(), seat.conversation());
        // Under the lock to the end, so that a stop is never overtaken by its start.
        let mut state = self.state();
        let every = self.timing().typing_every;
        if !state
            .rooms
            .forwards_typing(user, conversation, active, Instant::now(), every)
        {
            return;
        }
        let watchers = state.rooms.watchers(user, conversation);
        let event = EphemeralEvent::Typing(Typing {
            conversation_id: conversation.to_string(),
            user_id: user.to_string(),
            active,
            expires_in_ms: milliseconds(self.timing().typing_lasts),
        });
        let class = Class::Ephemeral(Topic::Typing(conversation));
        self.push_all(&watchers, &event, class);
    }

    /// Ends all sessions of a user's login.
    pub fn close_login(&self, user: &UserId, login: LoginId) {
        let state = self.state();
        for member in state.users.get(user).into_iter().flatten() {
            if member.login == Some(login) {
                member.outbox.close(Close::Revoked);
            }
        }
    }

    /// Ends all sessions of a user.
    pub fn close_user(&self, user: &UserId) {
        for outbox in self.state().outboxes(user) {
            outbox.close(Close::Revoked);
        }
    }

    /// Serialises once and shares the text among all; nothing at all when there is nobody.
    pub(super) fn push_all(&self, outboxes: &[Arc<Outbox>], frame: &impl Serialize, class: Class) {
        if outboxes.is_empty() {
            return;
        }
        let text = match serde_json::to_string(frame) {
            Ok(text) => text.into(),
            Err(error) => {
                // Sessions find the gap and ask the store, which fails in the same way and is seen.
                tracing::error!(%error, "a frame could not be written");
                return;
            }
        };
        let frame = Frame { text, class };
        let (mut dropped, mut overflows) = (0, 0);
        for outbox in outboxes {
            let pushed = outbox.push(frame.clone());
            dropped += pushed.dropped;
            overflows += u64::from(pushed.overflown);
        }
        Counters::add(&self.counters().ephemeral_dropped, dropped);
        Counters::add(&self.counters().overflows, overflows);
    }

    fn pass_on(&self, delivery: &Delivery) {
        let receivers = self.state().outboxes(&delivery.user);
        // Most people are not connected to this node: nothing is made for nobody.
        if !receivers.is_empty() {
            let class = Class::Durable(delivery.position);
            self.push_all(&receivers, &EventFrame::from(delivery), class);
        }
        if let Event::ConversationUpdated(conversation) = &delivery.event {
            presence::note_block(self, conversation);
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn departed(&self) -> &Notify {
        &self.0.departed
    }

    pub(super) fn emptied(&self) -> &Notify {
        &self.0.emptied
    }
}

impl Announcer for Hub {
    fn announce(&self, deliveries: Vec<Delivery>) {
        for delivery in &deliveries {
            self.pass_on(delivery);
        }
    }

    fn erased(&self, user: &UserId) {
        self.close_user(user);
    }
}

impl Revocations for Hub {
    fn login_revoked(&self, login: &LoginSession) {
        self.close_login(&login.user, login.id);
    }
}
