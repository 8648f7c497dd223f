//! The ledger: one line a run, for ever; and what all of it sums up to against the goals.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::OpenOptions,
    io::Write as _,
    path::Path,
    process::ExitCode,
};

use anyhow::Context as _;
use messaging_history::{Conclusion, Times, Verdict};
use serde::{Deserialize, Serialize};

use crate::{
    cli::{Backend, Profile},
    say,
};

/// A run, or a row of points, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Line {
    /// `run`, `kill_points`, `io_points`.
    pub(crate) what: String,
    /// Of the service's source.
    pub(crate) commit: String,
    /// Of everything that was drawn.
    pub(crate) seed: u64,
    /// Which database.
    pub(crate) backend: Backend,
    /// How many nodes.
    pub(crate) nodes: u8,
    /// How much was wanted.
    pub(crate) profile: Profile,
    /// Messages accepted.
    pub(crate) accepted: u64,
    /// Faults that took effect.
    pub(crate) faults: u64,
    /// Their kinds.
    pub(crate) kinds: BTreeSet<String>,
    /// Resumes with missed events, exact.
    pub(crate) resumes: u64,
    /// Those on another node.
    pub(crate) moves: u64,
    /// Points that were effective.
    pub(crate) points: u64,
    /// What was concluded.
    pub(crate) verdict: Conclusion,
    /// How long things took.
    #[serde(default)]
    pub(crate) times: Times,
}

impl Line {
    /// That of a run.
    pub(crate) fn of_run(verdict: &Verdict, backend: Backend, nodes: u8, profile: Profile) -> Self {
        let counts = &verdict.counts;
        Self {
            what: "run".to_owned(),
            commit: verdict.commit.clone(),
            seed: verdict.seed,
            backend,
            nodes,
            profile,
            accepted: counts.accepted,
            faults: counts.effective_faults,
            kinds: counts.kinds.clone(),
            resumes: counts.resumes,
            moves: counts.moves,
            points: 0,
            verdict: verdict.conclusion,
            times: verdict.times.clone(),
        }
    }

    /// Appends it.
    pub(crate) fn append(&self, ledger: &Path) -> anyhow::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(ledger)
            .with_context(|| format!("open {}", ledger.display()))?;
        Ok(writeln!(file, "{}", serde_json::to_string(self)?)?)
    }
}

/// What all lines come to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sums {
    accepted: u64,
    faults: u64,
    kinds: BTreeSet<String>,
    resumes: u64,
    moves: u64,
    kill_points: BTreeMap<&'static str, u64>,
    times: Times,
    valid: u64,
    unknown: u64,
    invalid: u64,
}

impl Sums {
    fn add(&mut self, line: &Line) {
        // What was not valid proves nothing, and is counted as what it is.
        match line.verdict {
            Conclusion::Valid => self.valid += 1,
            Conclusion::Unknown => {
                self.unknown += 1;
                return;
            }
            Conclusion::Invalid => {
                self.invalid += 1;
                return;
            }
        }
        self.accepted += line.accepted;
        self.faults += line.faults;
        self.kinds.extend(line.kinds.iter().cloned());
        self.resumes += line.resumes;
        self.moves += line.moves;
        self.times.extend(&line.times);
        if line.what == "kill_points" {
            *self.kill_points.entry(line.backend.name()).or_default() += line.points;
        }
    }
}

/// Prints the sums of a ledger against the goals; fails where one is not met.
pub(crate) fn print(ledger: &Path) -> anyhow::Result<ExitCode> {
    let text = std::fs::read_to_string(ledger)
        .with_context(|| format!("the ledger {}", ledger.display()))?;
    let mut sums = Sums::default();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        sums.add(&serde_json::from_str(line)?);
    }
    let points = |name: &str| sums.kill_points.get(name).copied().unwrap_or(0);
    let rows = [
        ("accepted messages in valid runs", sums.accepted, 1_000_000),
        ("effective faults", sums.faults, 500),
        ("kinds of faults", u64::try_from(sums.kinds.len())?, 25),
        ("resumes with missed events", sums.resumes, 50_000),
        ("resumes on another node", sums.moves, 5_000),
        ("kill points on SQLite", points("sqlite"), 500),
        ("kill points on PostgreSQL", points("postgres"), 500),
    ];
    let (mut met, mut missed) = (0, 0);
    for (name, found, wanted) in rows {
        let holds = found >= wanted;
        (met, missed) = if holds {
            (met + 1, missed)
        } else {
            (met, missed + 1)
        };
        say!(
            "{} {name}: {found} of {wanted}",
            if holds { "ok    " } else { "short " }
        );
    }
    for timing in sums.times.timings() {
        let holds = timing.holds();
        (met, missed) = if holds {
            (met + 1, missed)
        } else {
            (met, missed + 1)
        };
        say!("{} {timing}", if holds { "ok    " } else { "FAILED" });
    }
    let clean = sums.invalid == 0 && sums.unknown == 0;
    (met, missed) = if clean {
        (met + 1, missed)
    } else {
        (met, missed + 1)
    };
    say!(
        "{} verdicts: {} valid, {} unknown, {} invalid",
        if clean { "ok    " } else { "FAILED" },
        sums.valid,
        sums.unknown,
        sums.invalid
    );
    say!("{met} passed, {missed} failed");
    Ok(ExitCode::from(u8::from(missed > 0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(verdict: Conclusion) -> Line {
        Line {
            what: "run".to_owned(),
            commit: "c".to_owned(),
            seed: 1,
            backend: Backend::Sqlite,
            nodes: 1,
            profile: Profile::Short,
            accepted: 10,
            faults: 2,
            kinds: BTreeSet::from(["kill".to_owned()]),
            resumes: 3,
            moves: 0,
            points: 0,
            verdict,
            times: Times::default(),
        }
    }

    #[test]
    fn what_was_not_valid_adds_nothing_but_its_verdict() {
        let mut sums = Sums::default();
        for verdict in [Conclusion::Valid, Conclusion::Unknown, Conclusion::Invalid] {
            sums.add(&line(verdict));
        }
        assert_eq!((sums.accepted, sums.faults, sums.resumes), (10, 2, 3));
        assert_eq!((sums.valid, sums.unknown, sums.invalid), (1, 1, 1));
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.jsonl");
        line(Conclusion::Valid).append(&ledger).unwrap();
        line(Conclusion::Invalid).append(&ledger).unwrap();
        let text = std::fs::read_to_string(&ledger).unwrap();
        let lines: Vec<Line> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(lines[1].verdict, Conclusion::Invalid);
    }
}
