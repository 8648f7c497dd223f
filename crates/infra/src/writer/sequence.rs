//! Lanes commit at the same time. What they bring to one person is announced in the order of its positions
//! all the same: the row of a person's stream is locked until a commit, so whoever comes to it later finds
//! here who was before.

use std::{
    collections::HashSet,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use messaging_domain::{Delivery, UserId};

/// How long a lane waits for those before it. Their commits are done, so that they have only to hear of it;
/// where the word is lost, the receivers of what is announced find the gap by its positions.
const PATIENCE: Duration = Duration::from_millis(250);

/// The lanes between the beginning of a commit and the end of its announcement.
#[derive(Debug, Default)]
pub(super) struct Sequence {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    /// With the people to whom something is brought.
    entered: Vec<(u64, HashSet<UserId>)>,
}

/// A lane's place among them. Dropping it is leaving.
#[derive(Debug)]
pub(super) struct Place {
    sequence: Arc<Sequence>,
    number: u64,
}

impl Sequence {
    /// Enters before a commit that will bring this.
    pub(super) fn enter(self: &Arc<Self>, deliveries: &[Delivery]) -> Place {
        let people = deliveries.iter().map(|delivery| delivery.user.clone());
        let people = people.collect();
        let mut state = self.state();
        state.last += 1;
        let number = state.last;
        state.entered.push((number, people));
        Place {
            sequence: Arc::clone(self),
            number,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether somebody is told something by this place and by one before it.
    fn is_preceded(&self, number: u64) -> bool {
        let Some((_, people)) = self.entered.iter().find(|(place, _)| *place == number) else {
            return false;
        };
        let mut before = self.entered.iter().filter(|(place, _)| *place < number);
        before.any(|(_, others)| !people.is_disjoint(others))
    }
}

impl Place {
    /// Waits, after the commit, for those before that tell the same people something; not for long.
    pub(super) fn await_turn(&self) {
        let state = self.sequence.state();
        let waited = self
            .sequence
            .left
            .wait_timeout_while(state, PATIENCE, |state| state.is_preceded(self.number));
        drop(waited);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.sequence.state();
        state.entered.retain(|(place, _)| *place != self.number);
        self.sequence.left.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, thread};

    use messaging_domain::{ConversationId, Event, Position, Seq, UnreadState};

    use super::*;

    fn to(person: &str) -> Vec<Delivery> {
        let user = UserId::restore(person);
        vec![Delivery {
            user: user.clone(),
            position: Position::new(1),
            event: Event::CursorMoved {
                conversation: ConversationId::new(),
                user,
                read_seq: Seq::new(1),
                delivered_seq: Seq::new(1),
            },
            unread: UnreadState { count: 0, total: 0 },
        }]
    }

    #[test]
    fn whoever_tells_the_same_person_later_waits_for_the_first() {
        let sequence = Arc::new(Sequence::default());
        let first = sequence.enter(&to("ann"));
        let second = sequence.enter(&to("ann"));
        assert!(sequence.state().is_preceded(second.number));
        let (said, heard) = mpsc::sync_channel(1);
        let waits = thread::spawn(move || {
            second.await_turn();
            said.send("second").unwrap();
        });
        drop(first);
        assert_eq!(heard.recv(), Ok("second"));
        waits.join().unwrap();
        assert!(sequence.state().entered.is_empty());
    }

    #[test]
    fn nobody_waits_for_those_who_come_later_or_tell_others() {
        let sequence = Arc::new(Sequence::default());
        let first = sequence.enter(&to("ann"));
        let other = sequence.enter(&to("bob"));
        let second = sequence.enter(&to("ann"));
        for (place, is_preceded) in [(&first, false), (&other, false), (&second, true)] {
            assert_eq!(sequence.state().is_preceded(place.number), is_preceded);
        }
    }

    #[test]
    fn a_wait_for_one_that_never_leaves_ends() {
        let sequence = Arc::new(Sequence::default());
        let first = sequence.enter(&to("ann"));
        let second = sequence.enter(&to("ann"));
        second.await_turn();
        assert!(sequence.state().is_preceded(second.number));
        drop(first);
    }
}
