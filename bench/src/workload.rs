//! The workloads, one file each, and how they count time.

pub(crate) mod idle;
pub(crate) mod nodes;
pub(crate) mod send;
pub(crate) mod start;
mod stored;

use std::time::Duration;

use anyhow::{Context as _, Result};
use hdrhistogram::Histogram;

use crate::{
    machine::{Spent, load},
    report::Report,
};

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

/// Puts what a run cost, for each of so many things, and what else ran, into a report.
fn report_cost(spent: &Spent, things: u64, thing: &str, report: &mut Report) {
    let each = |seconds: f64| seconds * 1e6 / crate::machine::real(things.max(1));
    report.figure(
        &format!("CPU of the service, µs a {thing}"),
        each(spent.service),
    );
    report.figure(
        &format!("CPU of its database and bus, µs a {thing}"),
        each(spent.stores),
    );
    report.figure(
        &format!("CPU of the load generator, µs a {thing}"),
        each(spent.generator),
    );
    report_foreign(spent, report);
}

/// Puts what else ran into a report.
fn report_foreign(spent: &Spent, report: &mut Report) {
    report.figure("foreign load, cores", spent.foreign_cores);
    report.figure("load average", load());
}
