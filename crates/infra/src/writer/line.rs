//! The line before a lane: who waits, and how many of them are done together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
};

/// How many share one commit at most.
const MOST: usize = 256;

/// So few are not divided: another commit would cost more than what is done meanwhile.
const FEW: usize = 16;

/// A line of so many at most: where to stand in it, and where it is called from.
pub(super) fn line<T>(length: usize) -> (End<T>, Front<T>) {
    let (sender, receiver) = sync_channel(length);
    let waiting = Arc::<AtomicUsize>::default();
    let end = End {
        queue: sender,
        waiting: Arc::clone(&waiting),
    };
    let front = Front {
        queue: receiver,
        waiting,
        before: 0,
    };
    (end, front)
}

/// Where whoever comes stands.
pub(super) struct End<T> {
    queue: SyncSender<T>,
    waiting: Arc<AtomicUsize>,
}

impl<T> End<T> {
    /// Lets one more wait, if there is room and somebody calls.
    pub(super) fn join(&self, one: T) -> Result<(), TrySendError<T>> {
        // Before it is there, so that nobody counts down to less than nothing.
        self.waiting.fetch_add(1, Ordering::Relaxed);
        self.queue.try_send(one).inspect_err(|_| {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        })
    }
}

/// From where they are called.
pub(super) struct Front<T> {
    queue: Receiver<T>,
    waiting: Arc<AtomicUsize>,
    /// How many were called the last time.
    before: usize,
}

impl<T> Front<T> {
    /// Waits for one, and calls those that are to be done with it; nobody when nobody can come any more. A lone one is
    /// called at once.
    pub(super) fn call(&mut self) -> Vec<T> {
        let Ok(first) = self.queue.recv() else {
            return Vec::new();
        };
        let share = share(self.waiting.load(Ordering::Relaxed), self.before);
        let rest = self.queue.try_iter().take(share - 1);
        let called = [first].into_iter().chain(rest).collect();
        self.note(called)
    }

    /// Calls those that are there, without waiting.
    pub(super) fn call_the_rest(&mut self) -> Vec<T> {
        let called = self.queue.try_iter().take(MOST).collect();
        self.note(called)
    }

    fn note(&mut self, called: Vec<T>) -> Vec<T> {
        self.before = called.len();
        self.waiting.fetch_sub(self.before, Ordering::Relaxed);
        called
    }
}

/// How many are done next: half of all that are under way, which are those that wait and those that were done before.
/// While one half is stored the other is answered, and comes again; if all were stored together, nothing would be left to do
/// meanwhile.
fn share(waiting: usize, before: usize) -> usize {
    waiting.saturating_add(before).div_ceil(2).clamp(FEW, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(waiting: u32) -> (End<u32>, Front<u32>) {
        let (end, front) = line(1_000);
        for one in 0..waiting {
            end.join(one).unwrap();
        }
        (end, front)
    }

    #[test]
    fn a_lone_one_and_a_few_are_called_at_once_and_in_order() {
        for many in [1, 2, 16] {
            let (_end, mut front) = with(many);
            assert_eq!(front.call(), (0..many).collect::<Vec<_>>());
        }
    }

    #[test]
    fn of_many_half_are_called() {
        let (_end, mut front) = with(100);
        assert_eq!(front.call().len(), 50);
        // Those that were just done have not come again.
        assert_eq!(front.call().len(), 50);
    }

    #[test]
    fn whoever_comes_again_and_again_comes_in_two_halves_however_it_began() {
        for at_first in [1, 10, 49, 50, 90, 100] {
            let (end, mut front) = with(at_first);
            let mut away: Vec<_> = (at_first..100).collect();
            let mut sizes = Vec::new();
            for _ in 0..12 {
                let called = front.call();
                sizes.push(called.len());
                // While these are stored, those before them are answered and come again.
                for one in std::mem::replace(&mut away, called) {
                    end.join(one).unwrap();
                }
            }
            assert_eq!(sizes.split_off(10), [50, 50], "{at_first}");
        }
    }

    #[test]
    fn a_crowd_is_called_in_portions() {
        let (_end, mut front) = with(1_000);
        let sizes: Vec<_> = (0..4).map(|_| front.call().len()).collect();
        assert_eq!(sizes, [256, 256, 256, 232]);
        assert!(front.call_the_rest().is_empty());
    }

    #[test]
    fn who_finds_no_room_is_not_counted() {
        let (end, mut front) = line(1);
        end.join(1).unwrap();
        assert!(matches!(end.join(2), Err(TrySendError::Full(2))));
        assert_eq!(front.call(), [1]);
        assert_eq!(front.waiting.load(Ordering::Relaxed), 0);
        assert!(front.call_the_rest().is_empty());
        drop(front);
        assert!(matches!(end.join(3), Err(TrySendError::Disconnected(3))));
        assert_eq!(end.waiting.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn nobody_is_called_when_nobody_can_come() {
        let (end, mut front) = with(3);
        drop(end);
        assert_eq!(front.call(), [0, 1, 2]);
        assert!(front.call().is_empty());
    }
}
