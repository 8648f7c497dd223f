//! Who is connected to this node, and the passing on of what happens to them.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use bytestring::ByteString;
use messaging_domain::{
    Announcer, ConversationId, Delivery, Epoch, Event, LoginId, LoginSession, Position, Relay,
    Seat, SessionId, SessionStamp, Signal, StreamHead, Timestamp, To, UserId,
};
use serde::Serialize;
use tokio::sync::Notify;

use super::{
    close::Close,
    connection::Connection,
    counters::Counters,
    outbox::{Class, Frame, Outbox, Topic},
    presence::{self, Departures, Noting},
    rooms::Rooms,
    rosters::Rosters,
    timing::Timing,
    watermark::Watermark,
};
use crate::{
    auth::Revocations,
    wire::frame::event::{EphemeralEvent, EventFrame, Typing, milliseconds},
};

/// How many sessions a user may have; one more ends the oldest.
pub(crate) const MAX_SESSIONS: usize = 8;

/// The sessions of this node, by user. Cheap to clone: all clones are the same hub.
///
/// It passes on hints: it never waits for a session, and a session that misses something finds it
/// in the store by its position.
#[derive(Clone)]
pub struct Hub(Arc<Inner>);

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").finish_non_exhaustive()
    }
}

struct Inner {
    state: Mutex<State>,
    timing: Timing,
    counters: Counters,
    /// The way to the other nodes, if there are any.
    relay: OnceLock<Arc<dyn Relay>>,
    /// Somebody's log is to be read.
    behind: Notify,
    /// Somebody has come whose signals may not have been heard yet.
    came: Notify,
    /// Something may have happened of which nothing was heard.
    unsure: Notify,
    /// A person's last session ended.
    departed: Notify,
    /// The node's last connection ended.
    emptied: Notify,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) draining: bool,
    pub(super) connections: HashMap<SessionId, Arc<Outbox>>,
    pub(super) users: HashMap<UserId, Person>,
    pub(super) rooms: Rooms,
    pub(super) departures: Departures,
    pub(super) rosters: Rosters,
    /// People of whose stream more is known than was passed on, each once.
    pub(super) behind: VecDeque<UserId>,
    /// People who came, or whom somebody began to watch, since the last look.
    pub(super) came: HashSet<UserId>,
    /// Of the numbering of positions, when it was last looked at.
    pub(super) epoch: Option<Epoch>,
}

/// Somebody who is connected to this node.
#[derive(Debug, Default)]
pub(super) struct Person {
    /// Their sessions, in the order in which they came.
    members: Vec<Member>,
    pub(super) watermark: Watermark,
    /// They are in the line of those whose log is to be read, or it is being read.
    pub(super) in_line: bool,
}

impl Person {
    /// The logins of the sessions.
    pub(super) fn logins(&self) -> impl Iterator<Item = LoginId> {
        self.members.iter().filter_map(|member| member.login)
    }

    fn roster(&self) -> Vec<SessionStamp> {
        self.members.iter().map(|member| member.stamp).collect()
    }
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

/// A session whose user is known.
#[derive(Debug)]
struct Member {
    stamp: SessionStamp,
    login: Option<LoginId>,
    outbox: Arc<Outbox>,
}

impl State {
    /// Whether somebody is connected, to whichever node, or was a moment ago.
    pub(super) fn is_online(&self, user: &UserId) -> bool {
        self.is_connected(user) || self.departures.is_pending(user)
    }

    /// Whether somebody is connected, to whichever node.
    pub(super) fn is_connected(&self, user: &UserId) -> bool {
        self.users.contains_key(user) || self.rosters.has(user)
    }

    /// The sessions that somebody has here.
    pub(super) fn roster(&self, user: &UserId) -> Vec<SessionStamp> {
        self.users.get(user).map_or_else(Vec::new, Person::roster)
    }

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

    fn members(&self, user: &UserId) -> impl Iterator<Item = &Member> {
        let person = self.users.get(user).into_iter();
        person.flat_map(|person| &person.members)
    }

    /// Puts somebody in line whose log is to be read, if it is, and they are not yet.
    pub(super) fn line_up(&mut self, user: &UserId) -> bool {
        let Some(person) = self.users.get_mut(user) else {
            return false;
        };
        let joins = !person.in_line && person.watermark.behind().is_some();
        if joins {
            person.in_line = true;
            self.behind.push_back(user.clone());
        }
        joins
    }
}

impl Hub {
    /// A hub with nobody in it.
    pub fn new(timing: Timing) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            timing,
            counters: Counters::default(),
            relay: OnceLock::new(),
            behind: Notify::new(),
            came: Notify::new(),
            unsure: Notify::new(),
            departed: Notify::new(),
            emptied: Notify::new(),
        }))
    }

    /// Joins this node with others. The first relay stays.
    pub fn join(&self, relay: Arc<dyn Relay>) {
        // A hub is joined once, when it is put together.
        let _ = self.0.relay.set(relay);
    }

    /// The way to the other nodes, if there are any.
    pub(super) fn relay(&self) -> Option<&Arc<dyn Relay>> {
        self.0.relay.get()
    }

    /// Tells the other nodes something, if there are any.
    pub(super) fn tell_nodes(&self, to: To, signal: Signal) {
        if let Some(relay) = self.relay() {
            relay.tell(to, signal);
        }
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
        for to in [To::Sessions(user.clone()), To::Watchers(user.clone())] {
            self.tell_nodes(to, Signal::Roster(state.roster(user)));
        }
    }

    /// Signals about somebody are wanted from now on; those of this moment may go past, so it is
    /// looked after them a little later.
    pub(super) fn look_after(&self, state: &mut State, user: &UserId) {
        state.came.insert(user.clone());
        self.0.came.notify_one();
    }

    /// Says where the stream of a connected person stands, as read after the session was known here.
    pub(super) fn begin(&self, user: &UserId, head: StreamHead) {
        let mut state = self.state();
        if let Some(person) = state.users.get_mut(user) {
            person.watermark.begin(head);
        }
        if state.line_up(user) {
            self.0.behind.notify_one();
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
        self.0.departed.notify_one();
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

    /// Ends all sessions that a user's login has here.
    pub fn close_login(&self, user: &UserId, login: LoginId) {
        for member in self.state().members(user) {
            if member.login == Some(login) {
                member.outbox.close(Close::Revoked);
            }
        }
    }

    /// Ends all sessions here that belong to one of these logins.
    pub(super) fn close_logins(&self, logins: &[LoginId]) {
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
        let mut state = self.state();
        let Some(person) = state.users.get_mut(user) else {
            return;
        };
        if person.watermark.takes(position) {
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

    /// Ends all sessions, for the same reason.
    pub(super) fn close_all(&self, close: Close) {
        for outbox in self.state().connections.values() {
            outbox.close(close);
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

    pub(super) fn behind(&self) -> &Notify {
        &self.0.behind
    }

    pub(super) fn came(&self) -> &Notify {
        &self.0.came
    }

    pub(super) fn doubts(&self) -> &Notify {
        &self.0.unsure
    }
}

/// The JSON of a frame.
fn written(frame: &impl Serialize) -> Option<ByteString> {
    match serde_json::to_string(frame) {
        Ok(text) => Some(text.into()),
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
        self.0.unsure.notify_one();
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
