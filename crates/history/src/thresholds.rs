//! How much must have happened for a run to prove anything.

use serde::{Deserialize, Serialize};

/// How much must have happened for a run to prove anything: below any of these the verdict is unknown,
/// and unknown counts as failed. Shares are in thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Thresholds {
    /// Messages that were accepted.
    pub accepted: u64,
    /// Of sends outside of faults, those that were accepted or refused for a reason of their own.
    pub answered_per_mille: u64,
    /// Operations whose effect was unknown. A fault strikes as many on a quick machine as on a slow one.
    pub unknown: u64,
    /// Of client ids with an unknown attempt, those that a retry settled.
    pub settled_per_mille: u64,
    /// Faults that took effect.
    pub faults: u64,
    /// Kinds of faults that took effect.
    pub kinds: u64,
    /// Of all faults, those that took effect.
    pub effective_per_mille: u64,
    /// Resumes that replayed something.
    pub resumes: u64,
    /// Of those, on another node than before.
    pub moves: u64,
    /// Probes that were refused.
    pub probes: u64,
    /// Verbs that were probed.
    pub probed_verbs: u64,
    /// Sessions closed because they did not read (4201).
    pub evictions: u64,
    /// Of conversations, those with both people connected as a fault began.
    pub witnessed_per_mille: u64,
    /// Nodes that were asked to stop.
    pub drains: u64,
    /// Client states that were compared with a fresh fetch.
    pub pictures: u64,
    /// Invariants that were looked at at least once.
    pub invariants: u64,
    /// Whether the database has to have been dumped.
    pub dump: bool,
}

impl Thresholds {
    /// For a run in the CI.
    pub const fn short() -> Self {
        Self {
            accepted: 500,
            answered_per_mille: 800,
            unknown: 10,
            settled_per_mille: 500,
            faults: 4,
            kinds: 3,
            effective_per_mille: 800,
            resumes: 20,
            moves: 0,
            probes: 20,
            probed_verbs: 6,
            evictions: 0,
            witnessed_per_mille: 500,
            drains: 0,
            pictures: 10,
            invariants: 21,
            dump: true,
        }
    }

    /// For a long run on several nodes.
    pub const fn long() -> Self {
        Self {
            accepted: 5_000,
            answered_per_mille: 800,
            unknown: 100,
            settled_per_mille: 500,
            faults: 12,
            kinds: 6,
            effective_per_mille: 900,
            resumes: 100,
            moves: 10,
            probes: 200,
            probed_verbs: 10,
            evictions: 1,
            witnessed_per_mille: 900,
            drains: 1,
            pictures: 20,
            invariants: 23,
            dump: true,
        }
    }

    /// Nothing has to have happened: for histories that show one thing.
    pub const fn none() -> Self {
        Self {
            accepted: 0,
            answered_per_mille: 0,
            unknown: 0,
            settled_per_mille: 0,
            faults: 0,
            kinds: 0,
            effective_per_mille: 0,
            resumes: 0,
            moves: 0,
            probes: 0,
            probed_verbs: 0,
            evictions: 0,
            witnessed_per_mille: 0,
            drains: 0,
            pictures: 0,
            invariants: 0,
            dump: false,
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self::short()
    }
}
