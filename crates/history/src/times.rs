//! How long things took, in milliseconds.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The times of a run, or of many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// From the start of a node, with all that it needs, to ready.
    pub ready: Vec<u64>,
    /// From a node's death to a session of it being caught up: elsewhere, or where it was once that is ready.
    pub back: Vec<u64>,
    /// From the end of a fault of the database to the first write that was accepted.
    pub accepted: Vec<u64>,
    /// From a write to its refusal while the database is away.
    pub refused: Vec<u64>,
    /// From SIGTERM to the end of the process.
    pub exit: Vec<u64>,
}

/// One kind of them against its bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// Of what.
    pub name: &'static str,
    /// How many there are.
    pub count: usize,
    /// The 99th percentile, if there are any.
    pub p99: Option<u64>,
    /// The longest, if there are any.
    pub most: Option<u64>,
    /// What the 99th percentile may be.
    pub bound: u64,
}

impl Timing {
    /// Whether the bound is kept. Nothing is kept by nothing.
    pub fn holds(&self) -> bool {
        self.p99.is_some_and(|p99| p99 <= self.bound)
    }
}

impl fmt::Display for Timing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, count, bound, ..
        } = self;
        match (self.p99, self.most) {
            (Some(p99), Some(most)) => {
                write!(
                    f,
                    "{name}: p99 {p99} ms of {bound}, at most {most}, {count} times"
                )
            }
            _ => write!(f, "{name}: never seen"),
        }
    }
}

impl Times {
    /// Adds those of another run.
    pub fn extend(&mut self, other: &Self) {
        self.ready.extend(&other.ready);
        self.back.extend(&other.back);
        self.accepted.extend(&other.accepted);
        self.refused.extend(&other.refused);
        self.exit.extend(&other.exit);
    }

    /// Each kind against its bound.
    pub fn timings(&self) -> [Timing; 5] {
        [
            ("start to ready", &self.ready, 2_000),
            ("back and exact after a node's death", &self.back, 5_000),
            ("accepted after the database", &self.accepted, 5_000),
            ("refused without the database", &self.refused, 2_000),
            ("SIGTERM to exit", &self.exit, 10_000),
        ]
        .map(|(name, times, bound)| {
            let mut sorted = times.clone();
            sorted.sort_unstable();
            let nearest = (sorted.len() * 99).div_ceil(100);
            Timing {
                name,
                count: sorted.len(),
                p99: nearest
                    .checked_sub(1)
                    .and_then(|at| sorted.get(at).copied()),
                most: sorted.last().copied(),
                bound,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_percentile_is_the_one_that_99_of_100_do_not_exceed() {
        let mut times = Times::default();
        assert!(!times.timings()[0].holds());
        times.extend(&Times {
            ready: (1..=100).rev().collect(),
            exit: vec![10_001],
            ..Times::default()
        });
        let [ready, .., exit] = times.timings();
        assert_eq!(
            (ready.p99, ready.most, ready.count),
            (Some(99), Some(100), 100)
        );
        assert!(ready.holds() && !exit.holds());
    }
}
