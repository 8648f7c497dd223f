//! Lanes commit at the same time. What they bring to one person is announced in the order of its positions
//! all the same: who is about to store something enters here, and leaves when it is announced. A person's
//! positions follow each other, so whoever has them knows whether others come before.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use messaging_domain::{Delivery, Position, UserId};

/// How long a lane waits for another. What that one stores is stored in a moment, or refused; where the word is
/// lost, the receivers of what is announced find the gap by its positions.
const PATIENCE: Duration = Duration::from_millis(250);

/// The lanes between the storing of a batch and the end of its announcement.
#[derive(Debug)]
pub(super) struct Sequence {
    /// Whether there are several, so that one may have to wait for another.
    is_shared: bool,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    entered: Vec<Entry>,
    /// The last position that was stored for each of the people of those who have entered.
    heads: HashMap<UserId, Position>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    /// To whom something is brought.
    people: HashSet<UserId>,
    stored: Option<Stored>,
}

#[derive(Debug, Default)]
struct Stored {
    /// The first position of each person.
    first: HashMap<UserId, Position>,
    /// Of those, the people whose positions before it are not known to be stored.
    unsure: HashSet<UserId>,
    /// The last who had entered by then: those who came later store behind it.
    entered: u64,
}

/// A lane's place among them. Dropping it is leaving.
#[derive(Debug)]
pub(super) struct Place {
    sequence: Arc<Sequence>,
    number: u64,
}

impl Sequence {
    /// Of so many lanes.
    pub(super) fn of(lanes: usize) -> Self {
        Self {
            is_shared: lanes > 1,
            state: Mutex::default(),
            changed: Condvar::default(),
        }
    }

    /// Enters before something is stored that will be brought to these people; a lane that is alone does not have to.
    pub(super) fn enter(
        self: &Arc<Self>,
        people: impl FnOnce() -> HashSet<UserId>,
    ) -> Option<Place> {
        if !self.is_shared {
            return None;
        }
        let people = people();
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        state.entered.push(Entry {
            number,
            people,
            stored: None,
        });
        Some(Place {
            sequence: Arc::clone(self),
            number,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps what a place has stored.
    fn note(&mut self, number: u64, deliveries: &[Delivery]) {
        let mut stored = Stored {
            entered: self.last,
            ..Stored::default()
        };
        // A person's are in the order of their positions.
        for Delivery { user, position, .. } in deliveries {
            let head = self.heads.get(user).copied();
            if !stored.first.contains_key(user) {
                stored.first.insert(user.clone(), *position);
                if head != Some(Position::new(position.get() - 1)) {
                    stored.unsure.insert(user.clone());
                }
            }
            self.heads.insert(
                user.clone(),
                head.map_or(*position, |head| head.max(*position)),
            );
        }
        if let Some(entry) = self.entered.iter_mut().find(|entry| entry.number == number) {
            entry.stored = Some(stored);
        }
    }

    /// Whether another place has, or may have, lower positions of a person than this one.
    fn is_preceded(&self, number: u64) -> bool {
        let mut entered = self.entered.iter();
        let mine = entered.find(|entry| entry.number == number);
        let Some(mine) = mine.and_then(|entry| entry.stored.as_ref()) else {
            return false;
        };
        let precedes = |other: &Entry| match &other.stored {
            Some(others) => mine.first.iter().any(|(user, first)| {
                let other = others.first.get(user);
                other.is_some_and(|other| other < first)
            }),
            None => other.number <= mine.entered && !other.people.is_disjoint(&mine.unsure),
        };
        let mut others = self.entered.iter().filter(|entry| entry.number != number);
        others.any(precedes)
    }

    fn leave(&mut self, number: u64) {
        self.entered.retain(|entry| entry.number != number);
        let entered = &self.entered;
        self.heads
            .retain(|user, _| entered.iter().any(|entry| entry.people.contains(user)));
    }
}

impl Place {
    /// Says that it is stored, and waits for those who tell the same people something before it; not for long.
    pub(super) fn await_turn(&self, deliveries: &[Delivery]) {
        let mut state = self.sequence.state();
        state.note(self.number, deliveries);
        self.sequence.changed.notify_all();
        let waited = self
            .sequence
            .changed
            .wait_timeout_while(state, PATIENCE, |state| state.is_preceded(self.number));
        drop(waited);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.sequence.state().leave(self.number);
        self.sequence.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use messaging_domain::{ConversationId, Event, Seq, UnreadState};

    use super::*;

    fn to(person: &str, positions: impl IntoIterator<Item = i64>) -> Vec<Delivery> {
        let user = UserId::restore(person);
        let delivery = |position| Delivery {
            user: user.clone(),
            position: Position::new(position),
            event: Event::CursorMoved {
                conversation: ConversationId::new(),
                user: user.clone(),
                read_seq: Seq::new(1),
                delivered_seq: Seq::new(1),
            },
            unread: UnreadState { count: 0, total: 0 },
        };
        positions.into_iter().map(delivery).collect()
    }

    fn of_two() -> Arc<Sequence> {
        Arc::new(Sequence::of(2))
    }

    fn enter(sequence: &Arc<Sequence>, person: &str) -> Place {
        sequence.enter(|| [UserId::restore(person)].into()).unwrap()
    }

    impl Place {
        /// Stores this, and says whether it would have to wait.
        fn waits_with(&self, deliveries: &[Delivery]) -> bool {
            let mut state = self.sequence.state();
            state.note(self.number, deliveries);
            state.is_preceded(self.number)
        }

        fn waits(&self) -> bool {
            self.sequence.state().is_preceded(self.number)
        }
    }

    #[test]
    fn a_lane_that_is_alone_waits_for_nobody() {
        let sequence = Arc::new(Sequence::of(1));
        assert!(sequence.enter(|| unreachable!("nobody asks")).is_none());
    }

    #[test]
    fn lower_positions_are_announced_first_whoever_hears_of_them_first() {
        let sequence = of_two();
        let [late, early] = [(); 2].map(|()| enter(&sequence, "ann"));
        let (said, heard) = mpsc::sync_channel(2);
        let waits = thread::spawn({
            let said = said.clone();
            move || {
                late.await_turn(&to("ann", [3, 4]));
                said.send("late").unwrap();
            }
        });
        early.await_turn(&to("ann", [1, 2]));
        said.send("early").unwrap();
        drop(early);
        assert_eq!([heard.recv(), heard.recv()], [Ok("early"), Ok("late")]);
        waits.join().unwrap();
        let state = sequence.state();
        assert!(state.entered.is_empty() && state.heads.is_empty());
    }

    #[test]
    fn one_that_is_being_stored_is_waited_for_unless_it_cannot_come_before() {
        let sequence = of_two();
        let first = enter(&sequence, "ann");
        let (stored, other) = (enter(&sequence, "ann"), enter(&sequence, "bob"));
        assert!(stored.waits_with(&to("ann", [7])), "6 may be the first's");
        assert!(!other.waits_with(&to("bob", [1])));
        let later = enter(&sequence, "ann");
        drop(first);
        assert!(!stored.waits(), "who entered later stores behind it");
        let next = enter(&sequence, "ann");
        drop(stored);
        assert!(!next.waits_with(&to("ann", [8])), "7 was the last");
        assert!(later.waits_with(&to("ann", [9])), "8 is not announced");
        drop(next);
        assert!(!later.waits());
    }

    #[test]
    fn a_wait_for_one_that_never_leaves_ends() {
        let sequence = of_two();
        let [first, second] = [(); 2].map(|()| enter(&sequence, "ann"));
        second.await_turn(&to("ann", [2]));
        assert!(second.waits());
        drop(first);
    }
}
