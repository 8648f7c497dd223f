//! Many runs: the short form for CI, the long form that keeps a ledger, and the hunt for planted bugs.

use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use messaging_history::{Conclusion, Verdict, shrink};

use crate::{
    cli::{self, Backend, Profile},
    court,
    ledger::Line,
    nats::Nats,
    postgres::Postgres,
    process, run, say,
    schedule::{Schedule, Window},
};

/// What all runs of the short form have to reach together: messages, faults, kinds, resumes.
const TOGETHER: [(&str, u64); 4] = [
    ("accepted messages", 20_000),
    ("effective faults", 16),
    ("kinds of faults", 8),
    ("resumes with missed events", 400),
];

/// How many seeds a planted bug may take to be found.
const SEEDS: u64 = 3;

/// Makes a run and judges it; the verdict is filed beside the history.
pub(crate) async fn judged(options: &cli::Run) -> anyhow::Result<Verdict> {
    let done = run::run(options).await?;
    let mut floors = court::thresholds(options.profile);
    if options.nodes == 1 {
        floors.moves = 0;
    }
    let verdict = court::try_history(&done.history, floors).await?;
    court::file(&verdict, &done.history, options.keep)?;
    if let Some(ledger) = &options.ledger {
        Line::of_run(&verdict, options.backend, options.nodes, options.profile).append(ledger)?;
    }
    say!("{}", done.counts);
    Ok(verdict)
}

/// The shapes that are possible here; what is missing is said.
fn shapes() -> Vec<(Backend, u8)> {
    let mut shapes = vec![(Backend::Sqlite, 1)];
    if Postgres::binaries().is_none() {
        say!("skipped: runs on PostgreSQL, whose server is not installed");
        return shapes;
    }
    shapes.push((Backend::Postgres, 1));
    if Nats::binary().is_some() {
        shapes.push((Backend::Postgres, 2));
    } else {
        say!("skipped: runs on two nodes, for which nats-server is not installed");
    }
    shapes
}

/// The short form: a run of each shape.
pub(crate) async fn short(options: &cli::Short) -> anyhow::Result<ExitCode> {
    let (mut passed, mut failed) = (0, 0);
    let mut sums = [0_u64; 2];
    let mut resumes = 0;
    let mut kinds = BTreeSet::new();
    for (backend, nodes) in shapes() {
        let run = cli::Run {
            bin: options.bin.clone(),
            seed: options.seed,
            backend,
            nodes,
            windows: None,
            profile: Profile::Short,
            only: Vec::new(),
            bug: None,
            schedule: None,
            keep: false,
            ledger: None,
        };
        let verdict = judged(&run).await?;
        say!(
            "{} on {nodes} node(s): {}",
            backend.name(),
            verdict.conclusion.word()
        );
        if verdict.conclusion != Conclusion::Valid {
            say!("{}", verdict.text().trim_end());
        }
        let (good, bad) = verdict.score();
        passed += good;
        failed += bad;
        let counts = verdict.counts;
        sums = [sums[0] + counts.accepted, sums[1] + counts.effective_faults];
        resumes += counts.resumes;
        kinds.extend(counts.kinds);
    }
    let found = [sums[0], sums[1], u64::try_from(kinds.len())?, resumes];
    for ((name, wanted), found) in TOGETHER.into_iter().zip(found) {
        let holds = found >= wanted;
        if holds {
            passed += 1;
        } else {
            failed += 1;
        }
        say!(
            "{} {name}: {found} of {wanted}",
            if holds { "    ok" } else { "FAILED" }
        );
    }
    say!("{passed} passed, {failed} failed");
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// The long form: seeds on every shape, each run a line in the ledger, failures shrunk.
pub(crate) async fn long(options: &cli::Campaign) -> anyhow::Result<ExitCode> {
    let (mut passed, mut failed) = (0, 0);
    for seed in options.first..options.first.saturating_add(options.seeds) {
        for (backend, nodes) in shapes() {
            let run = cli::Run {
                bin: options.bin.clone(),
                seed,
                backend,
                nodes,
                windows: None,
                profile: options.profile,
                only: Vec::new(),
                bug: None,
                schedule: None,
                keep: false,
                ledger: Some(options.ledger.clone()),
            };
            let verdict = judged(&run).await?;
            let valid = verdict.conclusion == Conclusion::Valid;
            say!(
                "seed {seed}, {}, {nodes} node(s): {}",
                backend.name(),
                verdict.conclusion.word()
            );
            if valid {
                passed += 1;
            } else {
                failed += 1;
                say!("{}", verdict.text().trim_end());
            }
            if verdict.conclusion == Conclusion::Invalid && options.shrink {
                shrunk(&run).await?;
            }
        }
    }
    say!("{passed} passed, {failed} failed");
    Ok(ExitCode::from(u8::from(failed > 0)))
}

/// Looks for the fewest windows that still make the run fail, and keeps them as a schedule.
async fn shrunk(options: &cli::Run) -> anyhow::Result<()> {
    let folder = std::fs::canonicalize(run::place_of(options))?;
    let kept = folder.with_extension("failed");
    if kept.exists() {
        std::fs::remove_dir_all(&kept)?;
    }
    std::fs::rename(&folder, &kept)?;
    let written = std::fs::read_to_string(kept.join("schedule.json"))?;
    let schedule: Schedule = serde_json::from_str(&written)?;
    let handle = tokio::runtime::Handle::current();
    let file = kept.join("shrunk.json");
    let mut trial = options.clone();
    trial.schedule = Some(file.clone());
    // The search asks and waits; the runs go on beside it.
    let windows = tokio::task::spawn_blocking(move || {
        let mut fails = |windows: &[Window]| {
            let schedule = Schedule {
                lasting: schedule.lasting.clone(),
                windows: windows.to_vec(),
            };
            let write = serde_json::to_string_pretty(&schedule)
                .map_err(anyhow::Error::from)
                .and_then(|text| Ok(std::fs::write(&file, text)?));
            // Two tries: what fails now and then fails too.
            write.is_ok()
                && (0..2).any(|_| {
                    handle
                        .block_on(judged(&trial))
                        .is_ok_and(|verdict| verdict.conclusion == Conclusion::Invalid)
                })
        };
        let least = shrink::ddmin(&schedule.windows, &mut fails);
        let text = serde_json::to_string_pretty(&Schedule {
            lasting: schedule.lasting.clone(),
            windows: least.clone(),
        })?;
        std::fs::write(&file, text)?;
        anyhow::Ok(least.len())
    });
    let windows = windows.await??;
    say!(
        "shrunk to {windows} window(s): {}",
        kept.join("shrunk.json").display()
    );
    Ok(())
}

/// Each planted bug, with up to three seeds.
pub(crate) async fn bugs(options: &cli::Bugs) -> anyhow::Result<ExitCode> {
    let limit = std::time::Duration::from_secs(20);
    let listed = process::output(&options.bin, &["planted-bugs"], limit)
        .await
        .context("the binary has to be built with the feature planted-bugs")?;
    let all = listed
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned);
    let wanted: Vec<String> = all
        .filter(|bug| options.only.is_empty() || options.only.contains(bug))
        .collect();
    anyhow::ensure!(!wanted.is_empty(), "no such bug");
    let mut shapes = shapes();
    shapes.retain(|(backend, nodes)| {
        options.backend.is_none_or(|wanted| wanted == *backend)
            && options.nodes.is_none_or(|wanted| wanted == *nodes)
    });
    anyhow::ensure!(
        !shapes.is_empty(),
        "no run of such a shape is possible here"
    );
    let (mut found, mut missed) = (0, 0);
    for bug in wanted {
        let mut caught = None;
        'seeds: for seed in options.seed..options.seed + SEEDS {
            // What only shows between nodes, or on one of the databases, shows on one of these.
            for (backend, nodes) in shapes.iter().copied() {
                let run = cli::Run {
                    bin: options.bin.clone(),
                    seed,
                    backend,
                    nodes,
                    windows: Some(options.windows),
                    profile: Profile::Short,
                    only: Vec::new(),
                    bug: Some(bug.clone()),
                    schedule: None,
                    keep: false,
                    ledger: None,
                };
                // A service that is too broken to be used is found out too.
                match judged(&run).await {
                    Ok(verdict) if verdict.conclusion == Conclusion::Invalid => {
                        let first = verdict.violations.first();
                        let what = first.map_or_else(String::new, |violation| {
                            format!("{:?}: {}", violation.invariant, violation.what)
                        });
                        caught = Some(format!(
                            "seed {seed}, {}, {nodes} node(s): {what}",
                            backend.name()
                        ));
                        break 'seeds;
                    }
                    Ok(_) => {}
                    Err(error) => say!("{bug}: no run: {error:#}"),
                }
            }
        }
        if let Some(how) = caught {
            found += 1;
            say!("found  {bug}: {how}");
        } else {
            missed += 1;
            say!("MISSED {bug}");
        }
    }
    say!("{found} passed, {missed} failed");
    Ok(ExitCode::from(u8::from(missed > 0)))
}

/// Where a ledger lies unless it is said.
pub(crate) fn ledger() -> PathBuf {
    PathBuf::from("docs/ledger.jsonl")
}
