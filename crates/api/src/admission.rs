//! How many connections there may be, and how many sockets of one address that have not said hello.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

use crate::{
    limits::Address,
    metrics::gauges,
    problem::{Problem, Refusal},
};

/// Descriptors for all but connections: the database, files, listeners, calls to others.
const DESCRIPTORS_OF_OTHERS: usize = 128;

/// After how long somebody may come back for whom there was no place.
const COME_BACK_AFTER: Duration = Duration::from_secs(5);

/// The doorkeeper of a node. It counts connections of any kind, and sockets until their hello.
#[derive(Debug)]
pub struct Admission {
    connections: AtomicUsize,
    most: Option<usize>,
    greeting: Mutex<HashMap<Address, usize>>,
    most_greeting: Option<usize>,
    refused: Family<Label, Counter>,
}

/// What was refused: one of the words in this file.
type Label = [(&'static str, &'static str); 1];

/// What becomes of a new connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is served.
    Free,
    /// It is told to come back, whatever it asks but for the probes.
    None,
    /// There are so many to be told already that it is cut off at once.
    NotEvenToBeTold,
}

/// A connection that is there. Dropping it is leaving.
pub struct Admitted {
    admission: Arc<Admission>,
    place: Place,
}

/// A socket that has not said hello. Dropping it makes room for another.
pub(crate) struct Greeting {
    admission: Arc<Admission>,
    address: Address,
}

impl Admission {
    /// At most so many connections, of which at most so many of one address may be sockets before
    /// their hello; `None` is no limit.
    pub fn new(most: Option<usize>, most_greeting: Option<usize>) -> Arc<Self> {
        let refused = Family::<Label, Counter>::default();
        for of in ["connections", "greetings"] {
            drop(refused.get_or_create(&[("of", of)]));
        }
        Arc::new(Self {
            connections: AtomicUsize::new(0),
            most,
            greeting: Mutex::default(),
            most_greeting,
            refused,
        })
    }

    /// How many connections there can be with so many file descriptors.
    pub const fn carried_by(descriptors: usize) -> usize {
        let left = descriptors.saturating_sub(DESCRIPTORS_OF_OTHERS);
        if left == 0 { 1 } else { left }
    }

    /// Counts a new connection, and says whether there is a place for it.
    pub fn connect(self: &Arc<Self>) -> Admitted {
        let others = self.connections.fetch_add(1, Ordering::AcqRel);
        let place = match self.most {
            Some(most) if others >= most + room_to_refuse(most) => Place::NotEvenToBeTold,
            Some(most) if others >= most => Place::None,
            _ => Place::Free,
        };
        if place != Place::Free {
            self.count("connections");
        }
        Admitted {
            admission: Arc::clone(self),
            place,
        }
    }

    /// Lets in a socket that is going to say hello.
    ///
    /// # Errors
    /// `rate_limited` when too many from this address have not said it yet.
    pub(crate) fn greet(self: &Arc<Self>, address: Address) -> Result<Greeting, Problem> {
        let mut greeting = self.lock();
        let here = greeting.entry(address).or_insert(0);
        if self.most_greeting.is_some_and(|most| *here >= most) {
            drop(greeting);
            self.count("greetings");
            return Err(Refusal::RateLimited(COME_BACK_AFTER).into());
        }
        *here += 1;
        drop(greeting);
        Ok(Greeting {
            admission: Arc::clone(self),
            address,
        })
    }

    /// Names what is counted at the door.
    pub fn expose(self: &Arc<Self>, registry: &mut Registry) {
        registry.register(
            "admission_refusals",
            "Connections, and sockets before their hello, for which there was no place",
            self.refused.clone(),
        );
        let door = Arc::clone(self);
        gauges(registry, move || {
            vec![
                (
                    "connections",
                    "Connections of any kind",
                    door.connections.load(Ordering::Acquire),
                ),
                (
                    "connections_limit",
                    "Connections that there may be; 0 is any number",
                    door.most.unwrap_or(0),
                ),
                (
                    "ws_greeting",
                    "Sockets that have not said hello yet",
                    door.lock().values().sum(),
                ),
            ]
        });
    }

    fn count(&self, what: &'static str) {
        self.refused.get_or_create(&[("of", what)]).inc();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, usize>> {
        self.greeting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many connections beyond the limit are answered rather than cut off.
const fn room_to_refuse(most: usize) -> usize {
    most / 16 + 16
}

impl Admitted {
    /// What becomes of it.
    pub const fn place(&self) -> Place {
        self.place
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.admission.connections.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Greeting {
    fn drop(&mut self) {
        let mut greeting = self.admission.lock();
        if let Some(here) = greeting.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                greeting.remove(&self.address);
            }
        }
    }
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted")
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Greeting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Greeting").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Address {
        Address::of(Some([192, 0, 2, last].into()), std::iter::empty(), 0)
    }

    #[test]
    fn who_leaves_makes_room() {
        let door = Admission::new(Some(2), None);
        let mut inside: Vec<_> = (0..2).map(|_| door.connect()).collect();
        assert!(inside.iter().all(|one| one.place() == Place::Free));
        assert_eq!(door.connect().place(), Place::None);
        inside.pop();
        assert_eq!(door.connect().place(), Place::Free);
    }

    #[test]
    fn so_many_are_told_and_no_more() {
        let door = Admission::new(Some(16), None);
        let places: Vec<_> = (0..40).map(|_| door.connect()).collect();
        let count = |place| places.iter().filter(|one| one.place() == place).count();
        assert_eq!(count(Place::Free), 16);
        assert_eq!(count(Place::None), 17);
        assert_eq!(count(Place::NotEvenToBeTold), 7);
    }

    #[test]
    fn sockets_that_say_nothing_are_counted_by_address_and_forgotten() {
        let door = Admission::new(None, Some(2));
        let waiting: Vec<_> = (0..2).map(|_| door.greet(address(1)).unwrap()).collect();
        let refused = door.greet(address(1)).unwrap_err();
        assert_eq!((refused.status, refused.code), (429, "rate_limited"));
        assert!(door.greet(address(2)).is_ok(), "another address");
        drop(waiting);
        assert!(door.greet(address(1)).is_ok());
        assert!(door.lock().is_empty());
    }

    #[test]
    fn a_node_carries_what_its_descriptors_allow() {
        assert_eq!(Admission::carried_by(10_128), 10_000);
        assert_eq!(Admission::carried_by(0), 1);
    }
}
