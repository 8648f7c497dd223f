//! How long things took: histograms.

use std::time::Duration;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;

use crate::report::Report;

/// How long something took, many times, in microseconds.
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self(Histogram::new(3).context("make a histogram")?))
    }

    pub(crate) fn add(&mut self, took: Duration) -> Result<()> {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.0.record(micros).context("count a latency")
    }

    pub(crate) fn merge(&mut self, other: &Self) -> Result<()> {
        self.0.add(&other.0).context("merge histograms")
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// The quantile in milliseconds.
    pub(crate) fn quantile(&self, quantile: f64) -> f64 {
        crate::machine::real(self.0.value_at_quantile(quantile)) / 1_000.0
    }

    /// Puts p50 and p99 into a report.
    pub(crate) fn report(&self, name: &str, report: &mut Report) {
        report.figure(&format!("{name} p50, ms"), self.quantile(0.5));
        report.figure(&format!("{name} p99, ms"), self.quantile(0.99));
    }
}
