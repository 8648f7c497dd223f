//! What the disk takes alone: the floor under every commit.

use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt as _,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use crate::{latencies::Latencies, links::count, scene::Pace};

/// What is written at once: a page of PostgreSQL's log.
const PAGE: usize = 8 * 1024;

/// How many pages are written one after the other before the first of them again: a file of the log.
const PAGES: u64 = 2_048;

/// Writes pages and has each flushed, by the clock, over places that were written before, as a log's are. Counts from
/// the moment a page was due.
pub(crate) fn flushes(folder: &Path, pace: Pace, length: Duration) -> Result<Latencies> {
    let path = folder.join("flushes");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&path)
        .with_context(|| format!("make {}", path.display()))?;
    let content = [b'x'; PAGE];
    let offset = |number: u64| number % PAGES * count(PAGE);
    for number in 0..PAGES {
        file.write_all_at(&content, offset(number))?;
    }
    file.sync_all().context("flush a file")?;
    let mut took = Latencies::new()?;
    let begin = Instant::now();
    for number in 0.. {
        let due = begin + pace.interval() * number;
        if due >= begin + length {
            break;
        }
        thread::sleep(due.saturating_duration_since(Instant::now()));
        file.write_all_at(&content, offset(number.into()))?;
        file.sync_data().context("flush a page")?;
        took.add(due.elapsed())?;
    }
    std::fs::remove_file(&path).context("remove a file")?;
    Ok(took)
}
