//! Who is connected to this node: the one state that its sessions share.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use messaging_domain::{Epoch, LoginId, Relay, SessionId, SessionStamp, Signal, To, UserId};
use tokio::sync::Notify;

use super::{
    connection::Connection, counters::Counters, outbox::Outbox, presence::Departures, rooms::Rooms,
    rosters::Rosters, timing::Timing, watermark::Watermark,
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
    pub(super) members: Vec<Member>,
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
pub(super) struct Member {
    pub(super) stamp: SessionStamp,
    pub(super) login: Option<LoginId>,
    pub(super) outbox: Arc<Outbox>,
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

    pub(super) fn members(&self, user: &UserId) -> impl Iterator<Item = &Member> {
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

    /// Forgets a connection.
    pub(super) fn disconnect(&self, session: SessionId) {
        let mut state = self.state();
        state.connections.remove(&session);
        if state.connections.is_empty() {
            self.0.emptied.notify_one();
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
