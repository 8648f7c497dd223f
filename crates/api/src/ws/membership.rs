//! Which sessions belong to whom: they come, they leave, they are sent away.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use messaging_domain::{
    LoginId, SessionId, SessionStamp, Signal, StreamHead, Timestamp, To, UserId,
};

use super::{
    close::Close,
    hub::{Hub, MAX_SESSIONS, Member, State},
    outbox::Outbox,
    presence::{self, Noting},
};
#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};

impl State {
    /// Ends the oldest of a user's sessions here that are too many, those on other nodes counted.
    pub(super) fn end_surplus(&mut self, user: &UserId) -> bool {
        let Some(person) = self.users.get_mut(user) else {
            return false;
        };
        let mut all: Vec<SessionStamp> = self.rosters.sessions(user).collect();
        all.extend(person.members.iter().map(|member| member.stamp));
        let surplus = all.len().saturating_sub(MAX_SESSIONS);
        all.sort_unstable();
        all.truncate(surplus);
        let ended = person
            .members
            .extract_if(.., |member| all.contains(&member.stamp));
        ended
            .map(|member| member.outbox.close(Close::TooManySessions))
            .count()
            > 0
    }
}

impl Hub {
    /// Names the user of a connection. From now on, what happens to that user goes to its outbox.
    pub(super) fn identify(
        &self,
        session: SessionId,
        outbox: &Arc<Outbox>,
        user: &UserId,
        login: Option<LoginId>,
    ) {
        let mut state = self.state();
        let was_online = state.is_online(user);
        state.departures.cancel(user);
        let person = state.users.entry(user.clone()).or_default();
        let is_first = person.members.is_empty();
        // Clocks are set back; of one's own sessions it is known which came first.
        let last = person.members.last().map(|member| member.stamp.since);
        let after_last = last.map(|last| last.plus(Duration::from_micros(1)));
        let stamp = SessionStamp {
            since: after_last.map_or(Timestamp::now(), |after| Timestamp::now().max(after)),
            session,
        };
        person.members.push(Member {
            stamp,
            login,
            outbox: Arc::clone(outbox),
        });
        state.end_surplus(user);
        if let Some(relay) = self.relay() {
            if is_first {
                relay.attend(To::Sessions(user.clone()));
                self.look_after(&mut state, user);
            }
            self.tell_roster(&state, user);
        }
        if !was_online {
            presence::tell(self, &state, user, true, None);
        }
    }

    /// Says which sessions somebody has here, to the nodes that want to know.
    pub(super) fn tell_roster(&self, state: &State, user: &UserId) {
        let Some(relay) = self.relay() else { return };
        for to in [To::Sessions(user.clone()), To::Watchers(user.clone())] {
            relay.tell(to, Signal::Roster(state.roster(user)));
        }
    }

    /// Signals about somebody are wanted from now on; those of this moment may go past, so it is
    /// looked after them a little later.
    pub(super) fn look_after(&self, state: &mut State, user: &UserId) {
        state.came.insert(user.clone());
        self.came().notify_one();
    }

    /// Says where the stream of a connected person stands, as read after the session was known here.
    pub(super) fn begin(&self, user: &UserId, head: StreamHead) {
        let mut state = self.state();
        if let Some(person) = state.users.get_mut(user) {
            person.watermark.begin(head);
        }
        if state.line_up(user) {
            self.behind().notify_one();
        }
    }

    /// Gives a session the login of its new token.
    pub(super) fn set_login(&self, session: SessionId, user: &UserId, login: Option<LoginId>) {
        let mut state = self.state();
        let person = state.users.get_mut(user).into_iter();
        let mut members = person.flat_map(|person| &mut person.members);
        if let Some(member) = members.find(|member| member.stamp.session == session) {
            member.login = login;
        }
    }

    /// Takes a session from its user. Idempotent.
    pub(super) fn leave(&self, session: SessionId, user: &UserId) {
        let mut state = self.state();
        let Some(person) = state.users.get_mut(user) else {
            return;
        };
        let before = person.members.len();
        person
            .members
            .retain(|member| member.stamp.session != session);
        if person.members.len() < before {
            let is_last = person.members.is_empty();
            if is_last {
                state.users.remove(user);
            }
            self.tell_roster(&state, user);
            if is_last {
                self.depart(&mut state, user);
            }
        } else if person.members.is_empty() {
            // The last session had been ended as one too many.
            state.users.remove(user);
            self.depart(&mut state, user);
        }
    }

    /// Somebody's last session here has ended.
    fn depart(&self, state: &mut State, user: &UserId) {
        if let Some(relay) = self.relay() {
            relay.neglect(To::Sessions(user.clone()));
        }
        if !state.rosters.has(user) {
            self.await_return(state, user, Noting::Here);
        } else if !state.rooms.is_watched(user) {
            state.rosters.forget(user);
        }
    }

    /// Somebody is connected nowhere any more; whether they stay away shows in a moment.
    pub(super) fn await_return(&self, state: &mut State, user: &UserId, noting: Noting) {
        let grace = if state.draining {
            Duration::ZERO
        } else {
            self.timing().offline_after
        };
        let due = Instant::now() + grace;
        state.departures.add(user.clone(), due, noting);
        self.departed().notify_one();
    }

    /// Ends all sessions that a user's login has here.
    pub fn close_login(&self, user: &UserId, login: LoginId) {
        #[cfg(feature = "planted-bugs")]
        if planted::is(Bug::RevokedStays) {
            return;
        }
        for member in self.state().members(user) {
            if member.login == Some(login) {
                member.outbox.close(Close::Revoked);
            }
        }
    }

    /// Ends all sessions here that belong to one of these logins.
    pub(super) fn close_logins(&self, logins: &[LoginId]) {
        #[cfg(feature = "planted-bugs")]
        if planted::is(Bug::RevokedStays) {
            return;
        }
        if logins.is_empty() {
            return;
        }
        for member in self
            .state()
            .users
            .values()
            .flat_map(|person| &person.members)
        {
            if member.login.is_some_and(|login| logins.contains(&login)) {
                member.outbox.close(Close::Revoked);
            }
        }
    }

    /// Ends all sessions that a user has here.
    pub fn close_user(&self, user: &UserId) {
        for member in self.state().members(user) {
            member.outbox.close(Close::Revoked);
        }
    }

    /// Ends all sessions, for the same reason.
    pub(super) fn close_all(&self, close: Close) {
        for outbox in self.state().connections.values() {
            outbox.close(close);
        }
    }
}
