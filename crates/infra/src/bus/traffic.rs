//! What the bus counts, for whoever watches the service.

use std::time::Duration;

use prometheus_client::{
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use super::envelope::Refusal;

/// One label and its value: both are words of this file, so that there are never many.
type Label = [(&'static str, &'static str); 1];

/// The bus's numbers. All clones are the same; a number costs an atomic or two to change.
#[derive(Debug, Clone)]
pub struct Traffic {
    connected: Gauge,
    nodes: Gauge,
    /// From the sealing of a signal on another node to its hearing here, in seconds.
    lag: Histogram,
    sent: Counter,
    received: Counter,
    overruns: Counter,
    dropped: Counter,
    refused: Family<Label, Counter>,
}

impl Default for Traffic {
    fn default() -> Self {
        let traffic = Self {
            connected: Gauge::default(),
            nodes: Gauge::default(),
            lag: Histogram::new(exponential_buckets(0.000_1, 4.0, 9)),
            sent: Counter::default(),
            received: Counter::default(),
            overruns: Counter::default(),
            dropped: Counter::default(),
            refused: Family::default(),
        };
        // Every series is there from the start: one that appears with its first event has no rise.
        for refusal in [
            Refusal::Forged,
            Refusal::Stale,
            Refusal::Repeated,
            Refusal::Unknown,
        ] {
            drop(traffic.refused.get_or_create(&[("reason", word(refusal))]));
        }
        traffic
    }
}

const fn word(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::Forged => "forged",
        Refusal::Stale => "stale",
        Refusal::Repeated => "repeated",
        Refusal::Unknown => "unknown",
    }
}

impl Traffic {
    /// Puts the numbers on a list for Prometheus, under names that begin with `bus_`.
    pub fn expose(&self, registry: &mut Registry) {
        let bus = registry.sub_registry_with_prefix("bus");
        bus.register("connected", "1 while NATS is there", self.connected.clone());
        bus.register("nodes", "Other nodes that are there", self.nodes.clone());
        bus.register(
            "lag_seconds",
            "From the sealing of a signal on another node to its hearing here, by both nodes' clocks",
            self.lag.clone(),
        );
        bus.register("signals_sent", "Signals sent", self.sent.clone());
        bus.register("signals_received", "Signals heard", self.received.clone());
        bus.register(
            "signals_dropped",
            "Signals let go, because too many waited or NATS was away",
            self.dropped.clone(),
        );
        bus.register(
            "messages_refused",
            "Messages that were not believed",
            self.refused.clone(),
        );
        bus.register(
            "overruns",
            "Times at which messages came faster than they were heard, and some were let go",
            self.overruns.clone(),
        );
    }

    pub(super) fn set_connected(&self, connected: bool) {
        self.connected.set(i64::from(connected));
    }

    pub(super) fn set_nodes(&self, nodes: usize) {
        self.nodes.set(i64::try_from(nodes).unwrap_or(i64::MAX));
    }

    pub(super) fn sent(&self) {
        self.sent.inc();
    }

    pub(super) fn dropped(&self) {
        self.dropped.inc();
    }

    pub(super) fn received(&self, lag: Duration) {
        self.received.inc();
        self.lag.observe(lag.as_secs_f64());
    }

    pub(super) fn overrun(&self) {
        self.overruns.inc();
    }

    pub(super) fn refused(&self, refusal: Refusal) {
        self.refused
            .get_or_create(&[("reason", word(refusal))])
            .inc();
    }
}
