//! A check for regressions that no machine's speed decides: what a fixed load costs in statements, scans, bytes
//! and segments. Anything above its limit is an error.

use std::{fmt::Write as _, process::Command, time::Duration};

use anyhow::{Context as _, Result, ensure};

use super::stage::{Backend, Stage};
use crate::{
    Common,
    machine::real,
    node::Node,
    postgres::Postgres,
    report::Report,
    scene::{Connected, Scene, couples, strangers},
};

/// Statements are counted; nobody but the service looks at a table; and a table is scanned only where no index
/// serves, however small it is.
const SETTINGS: [&str; 3] = [
    "enable_seqscan=off",
    "shared_preload_libraries=pg_stat_statements",
    "autovacuum=off",
];

/// Messages sent one after the other.
const LONE: u64 = 300;

/// Pairs that send at the same time, and how many messages each has under way.
const PAIRS: usize = 64;
const IN_FLIGHT: usize = 8;

/// Messages sent by them, at least.
const TOGETHER: u64 = 5_000;

/// How long it may take.
const PATIENCE: Duration = Duration::from_mins(1);

/// Statements that are made by the hour or by the second, and not for a message, are few among so many.
const SLACK: f64 = 0.02;

/// What may be spent, and on what.
struct Limit {
    figure: &'static str,
    most: f64,
}

const LIMITS: [Limit; 8] = [
    limit(
        "alone: statements a message, BEGIN and COMMIT among them",
        1.0,
    ),
    limit("alone: bytes to the clients, a message", 1_290.0),
    limit("alone: segments to the clients, a message", 3.0),
    limit("together: statements a message", 0.25),
    limit("together: bytes to the clients, a message", 1_290.0),
    limit("together: segments to the clients, a message", 2.5),
    limit(
        "scans of all of messages, conversations, streams or runs of events",
        0.0,
    ),
    limit(
        "updates of conversations that changed an index, of all",
        0.2,
    ),
];

const fn limit(figure: &'static str, most: f64) -> Limit {
    Limit { figure, most }
}

/// What was spent so far.
struct Spent {
    statements: f64,
    bytes: u64,
    segments: f64,
    sent: u64,
}

pub(crate) async fn run(common: &Common) -> Result<Report> {
    let stage = Stage::start_with(common, Backend::Postgres, &SETTINGS)?;
    let Stage {
        node,
        postgres: Some(postgres),
        ..
    } = &stage
    else {
        anyhow::bail!("no PostgreSQL");
    };
    let mut report = Report::new("What a fixed load costs".to_owned(), common);
    report.setting(stage.words());
    postgres.ask("CREATE EXTENSION pg_stat_statements")?;
    // Before anybody writes: what is scanned for a message is counted, not what starts a node.
    let scanned = scans(postgres)?;
    let couples = couples(node.address, strangers(PAIRS)).await?;

    let alone = couples.get(..1).context("nobody")?;
    let mut scene = Scene::set(node.address, alone, Connected::default())?;
    send(&mut scene, 1, 10)?;
    let before = spent(&scene, node, postgres)?;
    send(&mut scene, 1, LONE)?;
    let spent_alone = spent(&scene, node, postgres)?.since(&before);
    drop(scene);
    let messages = real(spent_alone.sent);
    report.figure(LIMITS[0].figure, spent_alone.statements / messages);
    report.figure(LIMITS[1].figure, real(spent_alone.bytes) / messages);
    report.figure(LIMITS[2].figure, spent_alone.segments / messages);

    let mut scene = Scene::set(node.address, &couples, Connected::default())?;
    send(&mut scene, IN_FLIGHT, 1_000)?;
    let before = spent(&scene, node, postgres)?;
    send(&mut scene, IN_FLIGHT, TOGETHER)?;
    let spent_together = spent(&scene, node, postgres)?.since(&before);
    drop(scene);
    let messages = real(spent_together.sent);
    report.figure(LIMITS[3].figure, spent_together.statements / messages);
    report.figure(LIMITS[4].figure, real(spent_together.bytes) / messages);
    report.figure(LIMITS[5].figure, spent_together.segments / messages);
    report.figure(LIMITS[6].figure, settled_scans(postgres)? - scanned);
    report.figure(
        LIMITS[7].figure,
        postgres.number(
            "SELECT 1 - n_tup_hot_upd::FLOAT / n_tup_upd FROM pg_stat_user_tables WHERE relname = 'conversations'",
        )?,
    );
    Ok(report)
}

/// Messages, so many at least, each sent when the one before has arrived.
fn send(scene: &mut Scene, in_flight: usize, messages: u64) -> Result<()> {
    let end = scene.traffic.flights.sent() + messages;
    scene.begin_closed(in_flight)?;
    let begun = std::time::Instant::now();
    while scene.traffic.flights.sent() < end {
        scene.turn()?;
        while let Some(pair) = scene.traffic.flights.ready.pop() {
            let now = std::time::Instant::now();
            scene.traffic.send(pair, now, &mut scene.links.out)?;
        }
        ensure!(begun.elapsed() < PATIENCE, "it takes too long");
    }
    scene.settle()
}

fn spent(scene: &Scene, node: &Node, postgres: &Postgres) -> Result<Spent> {
    // What asks for these numbers is not counted, nor what is done beside the writer by the clock.
    let statements = postgres.number(
        "SELECT coalesce(sum(calls), 0) FROM pg_stat_statements WHERE query !~ 'pg_(stat|type|class|namespace)|gin_clean'",
    )?;
    Ok(Spent {
        statements,
        bytes: scene.links.carried.bytes_in,
        segments: segments(node)?,
        sent: scene.traffic.flights.sent(),
    })
}

impl Spent {
    fn since(&self, before: &Self) -> Self {
        Self {
            statements: self.statements - before.statements,
            bytes: self.bytes - before.bytes,
            segments: self.segments - before.segments,
            sent: self.sent - before.sent,
        }
    }
}

/// Segments with data that came to the node's clients: without Nagle, one for each write.
fn segments(node: &Node) -> Result<f64> {
    let port = node.address.port().to_string();
    let output = Command::new("ss")
        .args(["-Htin", "state", "established", "dport", "=", &port])
        .output()
        .context("run ss (Debian: apt-get install iproute2)")?;
    ensure!(
        output.status.success(),
        "ss: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout)
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("data_segs_in:")?.parse::<f64>().ok())
        .sum())
}

fn scans(postgres: &Postgres) -> Result<f64> {
    postgres.number(
        "SELECT sum(seq_scan) FROM pg_stat_user_tables \
         WHERE relname IN ('messages', 'conversations', 'streams', 'event_runs')",
    )
}

/// Scans, once all that have happened are told of: the service's connections are ended for it, since each keeps
/// its own counts for up to a minute while it is idle.
fn settled_scans(postgres: &Postgres) -> Result<f64> {
    postgres.ask(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
         WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    )?;
    scans(postgres)
}

/// Whether all of it is within the limits.
pub(crate) fn judge(report: &Report) -> Result<()> {
    let mut broken = String::new();
    for Limit { figure, most } in LIMITS {
        let value = report
            .last(figure)
            .with_context(|| format!("nobody measured: {figure}"))?;
        // What is not a number is within no limit.
        if value.is_nan() || value > most + SLACK * most {
            // Writing into a string does not fail.
            let _ = write!(broken, "\n{figure}: {value:.3}, above {most}");
        }
    }
    ensure!(broken.is_empty(), "above a limit:{broken}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report_with(change: impl Fn(&str, f64) -> f64) -> Report {
        let mut report = Report::empty("check");
        for Limit { figure, most } in LIMITS {
            report.figure(figure, change(figure, most));
        }
        report
    }

    #[test]
    fn what_is_at_its_limit_passes_and_what_is_above_it_or_missing_does_not() {
        assert!(judge(&report_with(|_, most| most)).is_ok());
        for Limit { figure, .. } in LIMITS {
            let above = report_with(|name, most| {
                if name == figure {
                    most * 1.1 + 1.0
                } else {
                    most
                }
            });
            assert!(judge(&above).unwrap_err().to_string().contains(figure));
            let unknown = report_with(|name, most| if name == figure { f64::NAN } else { most });
            assert!(judge(&unknown).is_err());
        }
        assert!(judge(&Report::empty("check")).is_err());
    }
}
