//! The workloads, one file each, and how they count time.

pub(crate) mod all;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod fill;
pub(crate) mod grow;
pub(crate) mod idle;
pub(crate) mod mixed;
pub(crate) mod nodes;
pub(crate) mod open;
pub(crate) mod read;
pub(crate) mod send;
mod stage;
pub(crate) mod start;
mod stored;
pub(crate) mod storm;

use crate::{
    machine::{Spent, load},
    report::{FOREIGN, Report},
};

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
    report.figure(FOREIGN, spent.foreign_cores);
    report.figure("load average", load());
}
