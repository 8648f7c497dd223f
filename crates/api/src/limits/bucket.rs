//! A bucket for each key that fills by itself: the generic cell rate algorithm (ITU-T I.371).
//!
//! Each key costs one moment: the one at which its bucket will be full again. A key whose bucket is
//! full is forgotten. Unlike the usual crates, what was taken can be given back.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// From so many keys on, those with full buckets are looked for and forgotten.
const FEW: usize = 1_024;

/// More keys than this are not counted: an attacker with so many addresses must not fill the memory.
const MANY: usize = 1_000_000;

/// Buckets of one size that fill at one rate.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    /// In which time one is added.
    interval: Duration,
    /// In which time an empty bucket fills.
    span: Duration,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    /// When each key's bucket will be full.
    full_at: HashMap<K, Instant>,
    /// At so many keys the next look for full buckets.
    sweep_at: usize,
}

impl<K: Hash + Eq + Clone> Buckets<K> {
    /// Buckets that hold `burst` and gain one each `interval`.
    pub(super) fn new(burst: u32, interval: Duration) -> Self {
        let state = State {
            full_at: HashMap::new(),
            sweep_at: FEW,
        };
        Self {
            interval,
            span: interval.saturating_mul(burst),
            state: Mutex::new(state),
        }
    }

    /// Takes one.
    ///
    /// # Errors
    /// The time after which there is one again.
    pub(super) fn take(&self, key: &K, now: Instant) -> Result<(), Duration> {
        let mut state = self.lock();
        let full_at = state.full_at.get(key).copied().unwrap_or(now).max(now) + self.interval;
        let missing = full_at.duration_since(now);
        if missing > self.span {
            return Err(missing.saturating_sub(self.span));
        }
        state.sweep(now);
        if state.full_at.len() < MANY || state.full_at.contains_key(key) {
            state.full_at.insert(key.clone(), full_at);
        }
        Ok(())
    }

    /// Gives one back.
    pub(super) fn give_back(&self, key: &K) {
        if let Some(full_at) = self.lock().full_at.get_mut(key) {
            *full_at = full_at.checked_sub(self.interval).unwrap_or(*full_at);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<K>> {
        // A map of moments is whole after each statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq> State<K> {
    fn sweep(&mut self, now: Instant) {
        if self.full_at.len() >= self.sweep_at {
            self.full_at.retain(|_, full_at| *full_at > now);
            self.sweep_at = self.full_at.len().saturating_mul(2).max(FEW);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_bucket_holds_a_burst_and_fills_by_itself() {
        let buckets = Buckets::new(3, SECOND);
        let now = Instant::now();
        assert!((0..3).all(|_| buckets.take(&'a', now).is_ok()));
        assert_eq!(buckets.take(&'a', now), Err(SECOND));
        assert_eq!(buckets.take(&'b', now), Ok(()));
        assert_eq!(buckets.take(&'a', now + SECOND), Ok(()));
        assert!(buckets.take(&'a', now + SECOND).is_err());
        assert!((0..3).all(|_| buckets.take(&'a', now + 10 * SECOND).is_ok()));
        assert!(buckets.take(&'a', now + 10 * SECOND).is_err());
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let buckets = Buckets::new(1, SECOND);
        let now = Instant::now();
        for _ in 0..10 {
            assert_eq!(buckets.take(&'a', now), Ok(()));
            buckets.give_back(&'a');
        }
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let buckets = Buckets::new(1, SECOND);
        let now = Instant::now();
        for key in 0..5_000 {
            assert_eq!(buckets.take(&key, now + 2 * SECOND * key), Ok(()));
        }
        assert!(buckets.lock().full_at.len() <= FEW + 1);
    }
}
