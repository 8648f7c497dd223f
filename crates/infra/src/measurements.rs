//! What the store counts and measures, under the names by which it is told.

use std::{fmt, time::Instant};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{
        MetricType,
        counter::Counter,
        family::Family,
        gauge::{ConstGauge, Gauge},
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use crate::connection::Readers;

/// One label and its value: both are words of this file, so that there are never many.
type Label = [(&'static str, &'static str); 1];

/// The store's numbers. All clones are the same; a number costs an atomic or two to change.
#[derive(Debug, Clone)]
pub(crate) struct Measurements {
    /// Acts that wait for the writer.
    pub(crate) queued: Gauge,
    /// Acts that were committed together.
    pub(crate) batch: Histogram,
    /// From the beginning of a transaction to the answer to its commit, in seconds.
    pub(crate) commit: Histogram,
    transactions: Family<Label, Counter>,
    pub(crate) committed: Counter,
    pub(crate) rejected: Counter,
    pub(crate) outrun: Counter,
    pub(crate) panicked: Counter,
    pub(crate) unknown: Counter,
    refused: Family<Label, Counter>,
    pub(crate) refused_full: Counter,
    pub(crate) refused_closing: Counter,
    pub(crate) refused_slow: Counter,
    pub(crate) refused_away: Counter,
    /// Reads that wait for a connection.
    reads_waiting: Gauge,
    /// For how long they waited, in seconds.
    read_wait: Histogram,
    /// Reads that waited in vain.
    read_timeouts: Counter,
    lookups: Family<[(&'static str, &'static str); 2], Counter>,
    pub(crate) users: Lookups,
    pub(crate) participants: Lookups,
    pub(crate) logins: Lookups,
}

/// A wait for a reading connection. Dropping it is its end.
pub(crate) struct Waiting {
    begun: Instant,
    /// How many wait.
    all: Gauge,
    took: Histogram,
    in_vain: Counter,
}

impl Waiting {
    /// There was none in time.
    pub(crate) fn in_vain(self) {
        self.in_vain.inc();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.all.dec();
        self.took.observe(self.begun.elapsed().as_secs_f64());
    }
}

/// How often a cache knew the answer.
#[derive(Debug, Clone)]
pub(crate) struct Lookups {
    hit: Counter,
    miss: Counter,
}

impl Lookups {
    /// Counts a question, and passes on what the cache said to it.
    pub(crate) fn count<T>(&self, found: Option<T>) -> Option<T> {
        if found.is_some() {
            self.hit.inc();
        } else {
            self.miss.inc();
        }
        found
    }
}

impl Default for Measurements {
    fn default() -> Self {
        // Every series is there from the start: one that appears with its first event has no rise.
        let transactions = Family::<Label, Counter>::default();
        let outcome = |outcome| transactions.get_or_create_owned(&[("outcome", outcome)]);
        let refused = Family::<Label, Counter>::default();
        let reason = |reason| refused.get_or_create_owned(&[("reason", reason)]);
        let lookups = Family::<[(&'static str, &'static str); 2], Counter>::default();
        let cache = |name| {
            let outcome =
                |outcome| lookups.get_or_create_owned(&[("cache", name), ("outcome", outcome)]);
            Lookups {
                hit: outcome("hit"),
                miss: outcome("miss"),
            }
        };
        Self {
            queued: Gauge::default(),
            batch: Histogram::new(exponential_buckets(1.0, 2.0, 9)),
            commit: Histogram::new(exponential_buckets(0.000_25, 2.0, 15)),
            committed: outcome("committed"),
            rejected: outcome("rejected"),
            outrun: outcome("outrun"),
            panicked: outcome("panicked"),
            unknown: outcome("unknown"),
            refused_full: reason("full"),
            refused_closing: reason("closing"),
            refused_slow: reason("slow"),
            refused_away: reason("away"),
            reads_waiting: Gauge::default(),
            read_wait: Histogram::new(exponential_buckets(0.000_1, 4.0, 8)),
            read_timeouts: Counter::default(),
            users: cache("users"),
            participants: cache("participants"),
            logins: cache("logins"),
            transactions,
            refused,
            lookups,
        }
    }
}

impl Measurements {
    /// Measures a wait for a reading connection, which begins now.
    pub(crate) fn wait_for_reader(&self) -> Waiting {
        self.reads_waiting.inc();
        Waiting {
            begun: Instant::now(),
            all: self.reads_waiting.clone(),
            took: self.read_wait.clone(),
            in_vain: self.read_timeouts.clone(),
        }
    }

    /// Names all of it.
    pub(crate) fn expose(
        &self,
        registry: &mut Registry,
        readers: r2d2::Pool<Readers>,
        capacity: usize,
    ) {
        registry.register(
            "writer_queue_acts",
            "Acts that wait for the writer",
            self.queued.clone(),
        );
        let limit = Gauge::<i64>::default();
        limit.set(i64::try_from(capacity).unwrap_or(i64::MAX));
        registry.register(
            "writer_queue_limit_acts",
            "Acts that may wait for the writer; one more is refused",
            limit,
        );
        registry.register(
            "writer_batch_acts",
            "Acts that were committed together",
            self.batch.clone(),
        );
        registry.register(
            "writer_commit_seconds",
            "From the beginning of a committed transaction to the answer to its commit",
            self.commit.clone(),
        );
        registry.register(
            "writer_transactions",
            "Transactions of the writer by outcome; what became of an unknown one is looked up in another",
            self.transactions.clone(),
        );
        registry.register(
            "writer_refused",
            "Acts that were refused as overload, by reason; nothing of them was stored",
            self.refused.clone(),
        );
        registry.register(
            "readers_waiting",
            "Reads that wait for a connection to the database",
            self.reads_waiting.clone(),
        );
        registry.register(
            "readers_wait_seconds",
            "For how long a read waited for a connection to the database",
            self.read_wait.clone(),
        );
        registry.register(
            "readers_timeouts",
            "Reads that got no connection to the database in time",
            self.read_timeouts.clone(),
        );
        registry.register(
            "cache_lookups",
            "Questions to a cache by whether it knew the answer",
            self.lookups.clone(),
        );
        registry.register_collector(Box::new(Pool(readers)));
    }
}

/// The pool of reading connections, looked at when somebody asks.
struct Pool(r2d2::Pool<Readers>);

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").finish_non_exhaustive()
    }
}

impl Collector for Pool {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let state = self.0.state();
        let in_use = state.connections.saturating_sub(state.idle_connections);
        for (name, help, value) in [
            (
                "readers_open",
                "Reading connections to the database that are open",
                state.connections,
            ),
            (
                "readers_in_use",
                "Reading connections to the database that are being used",
                in_use,
            ),
            (
                "readers_limit",
                "Reading connections to the database that there may be",
                self.0.max_size(),
            ),
        ] {
            let metric =
                encoder.encode_descriptor(name, &format!("{help}."), None, MetricType::Gauge)?;
            ConstGauge::new(i64::from(value)).encode(metric)?;
        }
        Ok(())
    }
}
