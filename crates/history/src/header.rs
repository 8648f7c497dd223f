//! The first line of a history: what was run, and what it has to keep to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What this is a history of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// Of everything drawn at random.
    pub seed: u64,
    /// Of the service's source.
    pub commit: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// The names of the nodes.
    pub nodes: Vec<String>,
    /// The schedule that was drawn before the run; the runner can replay it.
    #[serde(default)]
    pub schedule: Value,
    /// The bug that was planted in the service, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bug: Option<String>,
    /// Words that begin with this are canaries: each is in the texts of one conversation only, and runs
    /// up to the next white space.
    #[serde(default = "canary")]
    pub canary: String,
    /// What is allowed.
    #[serde(default)]
    pub limits: Limits,
}

fn canary() -> String {
    "canary:".to_owned()
}

/// What is allowed. Times are in milliseconds; what is left out of a header has its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// No operation takes longer, whatever is broken; clients give up a little later.
    pub deadline_ms: u64,
    /// From SIGTERM to exit.
    pub drain_ms: u64,
    /// How long before SIGTERM a request must have left to count as accepted.
    pub accepted_ms: u64,
    /// From the start of a node to ready.
    pub ready_ms: u64,
    /// With the database away, a write is refused within this.
    pub refusal_ms: u64,
    /// How long after the database went away nodes may take to find out.
    pub grace_ms: u64,
    /// From the end of a fault to the first success on what it hit.
    pub recovery_ms: u64,
    /// From the answer to the arrival at all open sessions, in calm phases (p99).
    pub delivery_ms: u64,
    /// From a logout to the end of that login's sockets.
    pub revocation_ms: u64,
    /// From a client's `typing` to the latest moment at which it may still arrive.
    pub ephemeral_ms: u64,
    /// How many missed events a session may be behind and still be resumed.
    pub resume_events: u64,
    /// Of calm and healed operations, the least share that is not `unknown` or refused as overloaded,
    /// in thousandths.
    pub success_per_mille: u64,
    /// Resident memory of a node, in bytes.
    pub rss_bytes: u64,
    /// Open file descriptors of a node.
    pub fds: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline_ms: 5_500,
            drain_ms: 10_000,
            accepted_ms: 100,
            ready_ms: 5_000,
            refusal_ms: 2_500,
            grace_ms: 1_000,
            recovery_ms: 5_000,
            delivery_ms: 2_000,
            revocation_ms: 6_000,
            ephemeral_ms: 30_000,
            resume_events: 1_000,
            success_per_mille: 999,
            rss_bytes: 512 * 1024 * 1024,
            fds: 4_096,
        }
    }
}
