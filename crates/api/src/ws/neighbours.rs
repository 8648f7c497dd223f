//! What the hub hears from other nodes, and which of it it wants to hear.

use std::sync::Arc;

use messaging_domain::{
    ConversationId, Neighbour, NodeId, Seat, SessionId, SessionStamp, Signal, To, UserId,
};

use super::{
    hub::{Hub, State},
    outbox::Outbox,
    presence::{self, Noting},
};

impl Hub {
    /// Lets a session watch its counterpart in a conversation. Idempotent.
    pub(super) fn watch(&self, session: SessionId, outbox: &Arc<Outbox>, seat: &Seat) {
        let (whom, conversation) = (seat.counterpart(), seat.conversation());
        let mut state = self.state();
        let is_first = !state.rooms.is_watched(whom);
        state.rooms.join(session, outbox, whom, conversation);
        if is_first && let Some(relay) = self.relay() {
            relay.attend(To::Watchers(whom.clone()));
            self.look_after(&mut state, whom);
        }
    }

    /// Ends that. Idempotent.
    pub(super) fn unwatch(&self, session: SessionId, whom: &UserId, conversation: ConversationId) {
        let mut state = self.state();
        state.rooms.leave(session, whom, conversation);
        if !state.rooms.is_watched(whom)
            && let Some(relay) = self.relay()
        {
            relay.neglect(To::Watchers(whom.clone()));
            if !state.users.contains_key(whom) {
                state.rosters.forget(whom);
            }
        }
    }

    /// Learns whether somebody is connected to another node, if it is not known that they are.
    pub(crate) async fn look_around(&self, whom: &UserId) {
        if let Some(relay) = self.relay()
            && !self.state().is_connected(whom)
        {
            relay.roll_call(whom).await;
        }
    }

    fn note_roster(&self, user: &UserId, node: NodeId, sessions: Vec<SessionStamp>) {
        let mut state = self.state();
        let here = state.users.contains_key(user);
        if !here && !state.rooms.is_watched(user) {
            return;
        }
        let (was_online, was_connected) = (state.is_online(user), state.is_connected(user));
        state.rosters.set(user, node, sessions);
        match (was_connected, state.is_connected(user)) {
            (false, true) => {
                state.departures.cancel(user);
                if !was_online {
                    presence::tell(self, &state, user, true, None);
                }
            }
            (true, false) => self.await_return(&mut state, user, Noting::Elsewhere),
            _ => {}
        }
        if state.end_surplus(user) {
            self.tell_roster(&state, user);
        }
    }

    fn hear_position(&self, user: &UserId, position: messaging_domain::Position) {
        let mut state = self.state();
        if let Some(person) = state.users.get_mut(user) {
            person.watermark.hears(position);
        }
        if state.line_up(user) {
            self.behind().notify_one();
        }
    }

    /// Asks all nodes for the sessions of everybody about whom this node wants to know.
    fn call_all_rolls(&self, state: &State) {
        let everybody = state.users.keys().chain(state.rooms.watched());
        for user in everybody {
            self.tell_nodes(To::Sessions(user.clone()), Signal::RollCall);
        }
    }
}

impl Neighbour for Hub {
    fn heard(&self, from: NodeId, to: &To, signal: Signal) {
        match (to, signal) {
            (To::Sessions(user), Signal::Advanced(position)) => self.hear_position(user, position),
            (
                To::Sessions(_),
                Signal::Typing {
                    conversation,
                    writer,
                    active,
                },
            ) => drop(self.typing_here(&writer, conversation, active)),
            (To::Sessions(user) | To::Watchers(user), Signal::Roster(sessions)) => {
                self.note_roster(user, from, sessions);
            }
            (To::Sessions(user), Signal::LoginRevoked(login)) => self.close_login(user, login),
            (To::Nodes, Signal::Erased(user)) => self.close_user(&user),
            // Answered or noted before it comes here, or told to somebody whom it does not concern.
            _ => {}
        }
    }

    fn roster(&self, user: &UserId) -> Vec<SessionStamp> {
        self.state().roster(user)
    }

    fn lost(&self, node: NodeId) {
        let mut state = self.state();
        for user in state.rosters.lose(node) {
            if !state.is_connected(&user) {
                self.await_return(&mut state, &user, Noting::Here);
            }
        }
    }

    fn missed_signals(&self) {
        self.call_all_rolls(&self.state());
        self.doubts().notify_one();
    }
}
