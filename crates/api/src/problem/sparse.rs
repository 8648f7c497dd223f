//! What may happen thousands of times a second is logged once a second, with how often it was.

use std::sync::atomic::{AtomicU64, Ordering};

use messaging_domain::Timestamp;

/// How long it is silent after a word (ms).
const SILENCE: u64 = 1_000;

/// Lets one word through in a while.
#[derive(Debug)]
pub(super) struct Sparse {
    /// Since when there may be a word again (Unix time, ms).
    silent_until: AtomicU64,
    unsaid: AtomicU64,
}

impl Sparse {
    pub(super) const fn new() -> Self {
        Self {
            silent_until: AtomicU64::new(0),
            unsaid: AtomicU64::new(0),
        }
    }

    /// How often it happened since the last word, this time with it; `None` while it is to be silent.
    pub(super) fn speaks(&self) -> Option<u64> {
        self.speaks_at(u64::try_from(Timestamp::now().as_microseconds() / 1_000).unwrap_or(0))
    }

    fn speaks_at(&self, now: u64) -> Option<u64> {
        self.unsaid.fetch_add(1, Ordering::Relaxed);
        let until = self.silent_until.load(Ordering::Relaxed);
        // A clock that was put back silences nothing for longer.
        let is_silent = now < until && until - now <= SILENCE;
        let speaks = !is_silent
            && self
                .silent_until
                .compare_exchange(until, now + SILENCE, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        // Another's word may have counted this one already.
        speaks.then(|| self.unsaid.swap(0, Ordering::Relaxed).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_word_a_second_and_its_number() {
        let sparse = Sparse::new();
        assert_eq!(sparse.speaks_at(5_000), Some(1));
        for later in 0..999 {
            assert_eq!(sparse.speaks_at(5_000 + later), None);
        }
        assert_eq!(sparse.speaks_at(6_000), Some(1_000));
        assert_eq!(sparse.speaks_at(6_999), None);
    }

    #[test]
    fn a_clock_that_was_put_back_does_not_silence_it() {
        let sparse = Sparse::new();
        assert_eq!(sparse.speaks_at(9_000_000), Some(1));
        assert_eq!(sparse.speaks_at(5_000), Some(1));
    }
}
