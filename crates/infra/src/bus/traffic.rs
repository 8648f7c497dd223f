//! What the bus counts, for whoever watches the service.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::envelope::Refusal;

/// Counts since the start.
#[derive(Debug, Default)]
pub struct Traffic {
    connected: AtomicBool,
    nodes: AtomicU64,
    sent: AtomicU64,
    dropped: AtomicU64,
    received: AtomicU64,
    forged: AtomicU64,
    stale: AtomicU64,
    repeated: AtomicU64,
    unknown: AtomicU64,
    overruns: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrafficSample {
    /// Whether NATS is there.
    pub connected: bool,
    /// Other nodes that are there.
    pub nodes: u64,
    /// Signals sent.
    pub sent: u64,
    /// Signals let go, since too many waited or NATS was away.
    pub dropped: u64,
    /// Signals heard.
    pub received: u64,
    /// Messages that nobody who has the key made.
    pub forged: u64,
    /// Signals from too long ago, or from the future: clocks differ, or somebody plays them again.
    pub stale: u64,
    /// Signals that had been heard before.
    pub repeated: u64,
    /// Signals that this build does not know.
    pub unknown: u64,
    /// Times at which messages came faster than they were heard, and NATS let some go.
    pub overruns: u64,
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

impl Traffic {
    /// The counts now.
    pub fn sample(&self) -> TrafficSample {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        TrafficSample {
            connected: self.connected.load(Ordering::Relaxed),
            nodes: read(&self.nodes),
            sent: read(&self.sent),
            dropped: read(&self.dropped),
            received: read(&self.received),
            forged: read(&self.forged),
            stale: read(&self.stale),
            repeated: read(&self.repeated),
            unknown: read(&self.unknown),
            overruns: read(&self.overruns),
        }
    }

    pub(super) fn set_connected(&self, connected: bool) {
        self.connected.store(connected, Ordering::Relaxed);
    }

    pub(super) fn set_nodes(&self, nodes: usize) {
        let nodes = u64::try_from(nodes).unwrap_or(u64::MAX);
        self.nodes.store(nodes, Ordering::Relaxed);
    }

    pub(super) fn sent(&self) {
        add(&self.sent);
    }

    pub(super) fn dropped(&self) {
        add(&self.dropped);
    }

    pub(super) fn received(&self) {
        add(&self.received);
    }

    pub(super) fn overrun(&self) {
        add(&self.overruns);
    }

    pub(super) fn refused(&self, refusal: Refusal) {
        add(match refusal {
            Refusal::Forged => &self.forged,
            Refusal::Stale => &self.stale,
            Refusal::Repeated => &self.repeated,
            Refusal::Unknown => &self.unknown,
        });
    }
}
