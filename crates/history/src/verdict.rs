//! What is concluded: valid, invalid with what shows it, or unknown; for people and for machines.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io::{self, Write},
};

use serde::{Deserialize, Serialize};

use crate::{event::Entry, invariant::Invariant, times::Times};

/// What is concluded of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Nothing is wrong, and enough happened for that to mean something.
    Valid,
    /// Something is wrong.
    Invalid,
    /// Too little happened, or the history is torn. Counts as failed.
    Unknown,
}

impl Conclusion {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
        }
    }
}

/// Something that is wrong, and the lines that show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Violation {
    /// What does not hold.
    pub invariant: Invariant,
    /// One sentence.
    pub what: String,
    /// The indexes of the lines that show it.
    pub lines: Vec<u64>,
    /// Those lines.
    pub slice: Vec<Entry>,
}

/// How an invariant came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which.
    pub invariant: Invariant,
    /// Its name.
    pub name: String,
    /// How often it was looked at.
    pub checked: u64,
    /// How often it did not hold.
    pub violations: u64,
}

/// How much had to happen, and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guard {
    /// Of what.
    pub name: String,
    /// At least so much.
    pub wanted: u64,
    /// So much.
    pub found: u64,
    /// Whether that is enough.
    pub holds: bool,
}

/// What happened, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Lines of the history.
    pub lines: u64,
    /// Operations.
    pub operations: u64,
    /// Messages that were accepted.
    pub accepted: u64,
    /// Operations whose effect was unknown.
    pub unknown: u64,
    /// Faults that were caused.
    pub faults: u64,
    /// Faults that took effect.
    pub effective_faults: u64,
    /// The kinds of those.
    pub kinds: BTreeSet<String>,
    /// Sockets.
    pub connections: u64,
    /// Events on sockets.
    pub frames: u64,
    /// Resumes that replayed something.
    pub resumes: u64,
    /// Of those, on another node than before.
    pub moves: u64,
    /// Nodes that were asked to stop.
    pub drains: u64,
    /// Invariants that were looked at at least once.
    #[serde(default)]
    pub invariants: u64,
}

/// What is concluded, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// In one word.
    pub conclusion: Conclusion,
    /// Of the run.
    pub seed: u64,
    /// Of the service's source.
    pub commit: String,
    /// What happened, in numbers.
    pub counts: Counts,
    /// How long things took.
    #[serde(default)]
    pub times: Times,
    /// Every invariant.
    pub findings: Vec<Finding>,
    /// Every guard.
    pub guards: Vec<Guard>,
    /// The first of each invariant.
    pub violations: Vec<Violation>,
    /// What is wrong with the history itself.
    pub flaws: Vec<String>,
}

impl Verdict {
    /// 0 only for a valid run.
    pub fn exit_code(&self) -> u8 {
        u8::from(self.conclusion != Conclusion::Valid)
    }

    /// For `verdict.json`.
    ///
    /// # Errors
    /// When it cannot be written there.
    pub fn json(&self, to: impl Write) -> io::Result<()> {
        Ok(serde_json::to_writer_pretty(to, self)?)
    }

    /// The summary for people; the last line is `N passed, N failed` over invariants and guards.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let counts = &self.counts;
        let _ = writeln!(
            text,
            "seed {} of {}: {} lines, {} operations, {} messages accepted, {} in doubt, \
             {} of {} faults of {} kinds, {} sockets, {} events, {} resumes, {} on another node",
            self.seed,
            self.commit,
            counts.lines,
            counts.operations,
            counts.accepted,
            counts.unknown,
            counts.effective_faults,
            counts.faults,
            counts.kinds.len(),
            counts.connections,
            counts.frames,
            counts.resumes,
            counts.moves
        );
        for finding in &self.findings {
            let mark = if finding.violations == 0 {
                "ok"
            } else {
                "FAILED"
            };
            let _ = writeln!(
                text,
                "{mark:>6}  {:?} {}: {} checked, {} wrong",
                finding.invariant, finding.name, finding.checked, finding.violations
            );
        }
        for guard in &self.guards {
            let mark = if guard.holds { "ok" } else { "FAILED" };
            let _ = writeln!(
                text,
                "{mark:>6}  {}: {} of {} wanted",
                guard.name, guard.found, guard.wanted
            );
        }
        for timing in self.times.timings() {
            let _ = writeln!(text, "        {timing}");
        }
        for flaw in self.flaws.iter().take(10) {
            let _ = writeln!(text, "the history: {flaw}");
        }
        for violation in &self.violations {
            let _ = writeln!(text, "\n{:?}: {}", violation.invariant, violation.what);
            for entry in &violation.slice {
                let line = serde_json::to_string(entry).unwrap_or_default();
                let _ = writeln!(text, "    {line}");
            }
        }
        let (passed, failed) = self.score();
        let _ = writeln!(text, "\nverdict: {}", self.conclusion.word());
        let _ = writeln!(text, "{passed} passed, {failed} failed");
        text
    }

    /// Writes the summary.
    ///
    /// # Errors
    /// When it cannot be written there.
    pub fn print(&self, mut to: impl Write) -> io::Result<()> {
        to.write_all(self.text().as_bytes())
    }

    /// Invariants and guards that hold, and those that do not.
    pub fn score(&self) -> (usize, usize) {
        let findings = self.findings.iter().map(|finding| finding.violations == 0);
        let guards = self.guards.iter().map(|guard| guard.holds);
        let holds: Vec<_> = findings.chain(guards).collect();
        let passed = holds.iter().filter(|holds| **holds).count();
        (passed, holds.len() - passed)
    }
}
