//! From the start of the process until it listens, its memory then, and the binary's size.

use std::{fs, thread, time::Duration};

use anyhow::{Context as _, Result};

use super::report_foreign;
use crate::{
    Common,
    machine::{Meter, Pids, real, resident},
    node::Node,
    report::Report,
};

/// After which memory is read: what a start needs and gives back is gone.
const SETTLED_AFTER: Duration = Duration::from_secs(1);

pub(crate) fn run(common: &Common) -> Result<Report> {
    let mut report = Report::new("A cold start on SQLite".to_owned(), common);
    let size = fs::metadata(&common.bin)
        .context("look at the binary")?
        .len();
    for _ in 0..common.runs {
        let dir = tempfile::tempdir_in(&common.dir).context("make a folder")?;
        let meter = Meter::start(Pids::default())?;
        let first = Node::start(&common.bin, dir.path(), &[])?;
        report.figure(
            "start to `listening`, an empty folder, ms",
            first.started_within.as_secs_f64() * 1e3,
        );
        thread::sleep(SETTLED_AFTER);
        report.figure(
            "memory of an idle node, MiB",
            real(resident(first.pid())?) / 1024.0,
        );
        first.stop()?;
        let again = Node::start(&common.bin, dir.path(), &[])?;
        report.figure(
            "start to `listening`, again, ms",
            again.started_within.as_secs_f64() * 1e3,
        );
        again.stop()?;
        report_foreign(&meter.read()?, &mut report);
    }
    report.figure("size of the binary, MiB", real(size) / 1024.0 / 1024.0);
    Ok(report)
}
