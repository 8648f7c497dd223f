//! What the families found: how much they looked at, and what is wrong.

use std::collections::BTreeMap;

use crate::{invariant::Invariant, verdict::Violation};

/// How many violations of one invariant are kept with their lines; all are counted.
const KEPT: usize = 10;

/// How many lines a violation carries at most.
const LINES: usize = 12;

/// Of one invariant.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) checked: u64,
    pub(crate) violations: u64,
    pub(crate) kept: Vec<Violation>,
}

/// Of all.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    tallies: BTreeMap<Invariant, Tally>,
}

impl Findings {
    /// One instance more was looked at.
    pub(super) fn checked(&mut self, invariant: Invariant) {
        self.tallies.entry(invariant).or_default().checked += 1;
    }

    /// Something is wrong: these lines show it.
    pub(super) fn violation(&mut self, invariant: Invariant, lines: &[u64], what: String) {
        let tally = self.tallies.entry(invariant).or_default();
        tally.violations += 1;
        if tally.kept.len() < KEPT {
            let mut lines: Vec<_> = lines.iter().copied().take(LINES).collect();
            lines.sort_unstable();
            lines.dedup();
            tally.kept.push(Violation {
                invariant,
                what,
                lines,
                slice: Vec::new(),
            });
        }
    }

    /// Looked at, and wrong unless it `holds`.
    pub(super) fn expect(
        &mut self,
        invariant: Invariant,
        holds: bool,
        lines: &[u64],
        what: impl FnOnce() -> String,
    ) {
        self.checked(invariant);
        if !holds {
            self.violation(invariant, lines, what());
        }
    }

    /// Of one invariant.
    pub(crate) fn take(&mut self, invariant: Invariant) -> Tally {
        self.tallies.remove(&invariant).unwrap_or_default()
    }
}
