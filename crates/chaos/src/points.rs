//! The service killed, or its I/O failed, at the N-th system call of a small fixed load: N = 1, 2, 3 …

mod flush;
mod load;
mod strace;

use std::{collections::BTreeSet, path::PathBuf, process::ExitCode, time::Instant};

use anyhow::Context as _;
use messaging_history::{Conclusion, Thresholds};

use crate::{
    cli::{self, Backend},
    court,
    ledger::Line,
    postgres::Postgres,
    process::which,
    run, say,
};
use load::{Point, Stage};

/// A system call, and what happens at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spot {
    call: &'static str,
    /// For `strace -e inject=CALL:…`.
    effect: &'static str,
}

/// How far apart the points of one system call are at the most, so that a few reach into the load.
const REACH: usize = 36;

fn kills(backend: Backend) -> Vec<Spot> {
    let calls: &[&str] = match backend {
        Backend::Sqlite => &[
            "fdatasync",
            "pwrite64",
            "sendto",
            "recvfrom",
            "writev",
            "epoll_wait",
        ],
        Backend::Postgres => &[
            "sendto",
            "recvfrom",
            "poll",
            "writev",
            "write",
            "epoll_wait",
        ],
    };
    let kill = |call: &&'static str| Spot {
        call,
        effect: "signal=KILL",
    };
    calls.iter().map(kill).collect()
}

fn failures() -> Vec<Spot> {
    [
        ("fdatasync", "error=EIO"),
        ("pwrite64", "error=EIO"),
        ("pwrite64", "error=ENOSPC"),
        ("fdatasync", "error=ENOSPC"),
        ("pread64", "error=EIO"),
    ]
    .map(|(call, effect)| Spot { call, effect })
    .to_vec()
}

/// Kill points.
pub(crate) async fn kill_points(options: &cli::Points) -> anyhow::Result<ExitCode> {
    points(options, kills(options.backend), "kill points").await
}

/// Points at which I/O fails, of the embedded database.
pub(crate) async fn io_points(options: &cli::Points) -> anyhow::Result<ExitCode> {
    let options = cli::Points {
        backend: Backend::Sqlite,
        ..options.clone()
    };
    points(&options, failures(), "failed I/O").await
}

/// Whether each message was on disk before it was acknowledged.
pub(crate) async fn flush_oracle(options: &cli::Points) -> anyhow::Result<ExitCode> {
    if which("strace").is_none() {
        say!("skipped: strace is not installed");
        return Ok(ExitCode::SUCCESS);
    }
    let postgres = cluster_of(options.backend).await?;
    let stage = stage(options, postgres.as_ref(), "flush")?;
    flush::check(&stage, options.count).await
}

async fn cluster_of(backend: Backend) -> anyhow::Result<Option<Postgres>> {
    Ok(match backend {
        Backend::Postgres => Some(Postgres::create().await?),
        Backend::Sqlite => None,
    })
}

fn stage<'a>(
    options: &cli::Points,
    postgres: Option<&'a Postgres>,
    name: &str,
) -> anyhow::Result<Stage<'a>> {
    let folder = PathBuf::from(format!("target/chaos/{name}-{}", options.backend.name()));
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(Stage {
        binary: std::fs::canonicalize(&options.bin)
            .with_context(|| format!("the service's binary {}", options.bin.display()))?,
        folder: std::fs::canonicalize(folder)?,
        postgres,
        seed: options.seed,
        strace: which("strace").context("strace is not installed")?,
    })
}

/// Goes through the spots by turns until enough points were effective.
async fn points(options: &cli::Points, spots: Vec<Spot>, title: &str) -> anyhow::Result<ExitCode> {
    if which("strace").is_none() {
        say!("skipped: {title} need strace, which is not installed");
        return Ok(ExitCode::SUCCESS);
    }
    let postgres = cluster_of(options.backend).await?;
    let stage = stage(options, postgres.as_ref(), &title.replace(['/', ' '], "-"))?;
    let begun = Instant::now();
    let step = (REACH * spots.len() / options.count.max(1)).max(1);
    let mut left: Vec<(Spot, usize)> = spots.into_iter().map(|spot| (spot, 1)).collect();
    let (mut effective, mut passed, mut failed) = (0, 0, 0_u64);
    let (mut number, mut misses) = (0, 0);
    while effective < options.count && !left.is_empty() {
        let at = number % left.len();
        number += 1;
        let Some((spot, when)) = left.get_mut(at) else {
            break;
        };
        let point = Point {
            number,
            spot: *spot,
            when: *when,
            // Some hit the start, migrations included.
            at_start: number % 6 == 0,
        };
        *when += step;
        let outcome = load::run(&stage, &point).await;
        let name = format!(
            "{} {} when={}",
            point.spot.call, point.spot.effect, point.when
        );
        match outcome {
            Ok(outcome) if !outcome.effective => {
                // The load is over before: this call has no more points.
                misses += 1;
                if !point.at_start {
                    left.remove(at);
                }
                if misses > 40 {
                    break;
                }
            }
            Ok(outcome) => {
                effective += 1;
                let floors = Thresholds {
                    dump: true,
                    ..Thresholds::none()
                };
                let verdict = court::try_history(&outcome.history, floors).await?;
                let valid = verdict.conclusion == Conclusion::Valid && outcome.finished;
                court::file(&verdict, &outcome.history, false)?;
                if valid {
                    passed += 1;
                    std::fs::remove_dir_all(&outcome.folder)?;
                } else {
                    failed += 1;
                    say!(
                        "FAILED {name}: {} {}",
                        verdict.conclusion.word(),
                        outcome.folder.display()
                    );
                    if !outcome.finished {
                        say!("       not every message could be stored in time");
                    }
                    for violation in verdict.violations.iter().take(3) {
                        say!("       {:?}: {}", violation.invariant, violation.what);
                    }
                }
            }
            Err(error) => {
                effective += 1;
                failed += 1;
                say!("FAILED {name}: {error:#}");
            }
        }
    }
    say!(
        "{effective} {title} on {} in {} s",
        options.backend.name(),
        begun.elapsed().as_secs()
    );
    if effective < options.count {
        say!("only {effective} of {} were reached", options.count);
        failed += 1;
    }
    say!("{passed} passed, {failed} failed");
    if let Some(ledger) = &options.ledger {
        keep(options, title, passed, failed).append(ledger)?;
    }
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// The ledger's line of a row of points.
fn keep(options: &cli::Points, title: &str, passed: u64, failed: u64) -> Line {
    Line {
        what: title.replace(' ', "_"),
        commit: run::commit(),
        seed: options.seed,
        backend: options.backend,
        nodes: 1,
        profile: cli::Profile::Short,
        accepted: 0,
        faults: passed,
        kinds: BTreeSet::from([title.replace(' ', "_")]),
        resumes: 0,
        moves: 0,
        points: passed,
        verdict: if failed == 0 {
            Conclusion::Valid
        } else {
            Conclusion::Invalid
        },
        times: messaging_history::Times::default(),
    }
}
