//! A session's place in the hub, which it leaves when it ends, however it ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use messaging_domain::{ConversationId, LoginId, Seat, UserId};

use super::{
    hub::{Hub, SessionId},
    outbox::Outbox,
    rooms::MAX_ROOMS,
};

/// The session is in as many rooms as it may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyRooms;

/// A connection that the hub knows. Dropping it is leaving.
#[derive(Debug)]
pub(crate) struct Connection {
    hub: Hub,
    session: SessionId,
    outbox: Arc<Outbox>,
    user: OnceLock<UserId>,
    /// The rooms it is in, with whom it watches there. Shared by the session and the op that it
    /// does, so never contended.
    rooms: Mutex<HashMap<ConversationId, UserId>>,
}

impl Connection {
    pub(super) fn new(hub: Hub, session: SessionId, outbox: Arc<Outbox>) -> Self {
        Self {
            hub,
            session,
            outbox,
            user: OnceLock::new(),
            rooms: Mutex::default(),
        }
    }

    /// The hub that it is connected to.
    pub(crate) const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The session's id.
    pub(crate) const fn session(&self) -> SessionId {
        self.session
    }

    /// Where the frames for it wait.
    pub(crate) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox)
    }

    /// Says whose it is: from now on that user's events go to the outbox. The first word counts.
    pub(crate) fn identify(&self, user: &UserId, login: Option<LoginId>) {
        if self.user.set(user.clone()).is_ok() {
            self.hub.identify(self.session, &self.outbox, user, login);
        }
    }

    /// Says that its token now belongs to this login.
    pub(crate) fn set_login(&self, login: Option<LoginId>) {
        if let Some(user) = self.user.get() {
            self.hub.set_login(self.session, user, login);
        }
    }

    /// Enters the room of a conversation. Nothing is heard there before [`Self::settle`]. Idempotent.
    ///
    /// # Errors
    /// [`TooManyRooms`].
    pub(crate) fn join(&self, seat: &Seat) -> Result<(), TooManyRooms> {
        let conversation = seat.conversation();
        let mut joined = self.rooms();
        if joined.len() >= MAX_ROOMS && !joined.contains_key(&conversation) {
            return Err(TooManyRooms);
        }
        joined.insert(conversation, seat.counterpart().clone());
        let rooms = &mut self.hub.state().rooms;
        rooms.join(self.session, &self.outbox, seat.counterpart(), conversation);
        Ok(())
    }

    /// Leaves a room. Idempotent.
    pub(crate) fn leave(&self, conversation: ConversationId) {
        if let Some(whom) = self.rooms().remove(&conversation) {
            let rooms = &mut self.hub.state().rooms;
            rooms.leave(self.session, &whom, conversation);
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<ConversationId, UserId>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what was read about a block after entering a room, and learns whether the counterpart
    /// is to be shown as online.
    pub(crate) fn settle(&self, seat: &Seat, blocked: bool) -> Sight {
        let mut state = self.hub.state();
        let (whom, conversation) = (seat.counterpart(), seat.conversation());
        if state
            .rooms
            .settle(self.session, whom, conversation, blocked)
        {
            Sight::Hidden
        } else if state.is_online(whom) {
            Sight::Online
        } else {
            Sight::Offline
        }
    }
}

/// What a watcher may know of the counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// One of the two blocks the other.
    Hidden,
    /// Connected.
    Online,
    /// Not connected; when they last were may be told.
    Offline,
}

impl Drop for Connection {
    fn drop(&mut self) {
        let joined = std::mem::take(&mut *self.rooms());
        let mut state = self.hub.state();
        for (conversation, whom) in joined {
            state.rooms.leave(self.session, &whom, conversation);
        }
        drop(state);
        self.hub.disconnect(self.session, self.user.get());
    }
}
