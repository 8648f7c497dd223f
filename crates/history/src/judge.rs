//! Decides from a history whether anything was lost, doubled, reordered, leaked or left to disagree.

mod availability;
mod blocks;
mod case;
mod collect;
mod convergence;
mod cursors;
mod drain;
mod findings;
mod floors;
mod fold;
mod guards;
mod integrity;
mod log;
mod names;
mod order;
mod reads;
mod resources;
mod secrecy;
mod sends;
mod shape;
mod streams;
mod times;
mod unread;
mod winners;

use std::{
    collections::HashMap,
    io::{BufRead, Seek},
};

use self::{
    case::Case, collect::Collector, findings::Findings, floors::Floors, log::Log, sends::Sends,
};
use crate::{
    event::Entry,
    file::{ReadError, read},
    invariant::Invariant,
    thresholds::Thresholds,
    verdict::{Conclusion, Finding, Verdict, Violation},
};

/// Judges a history: reads it once for the verdict, and the lines of its violations a second time.
/// Memory grows with what was seen, not with the bytes of the history; time with n log n.
///
/// A history that is torn, or cannot have been (two sockets of one session, an answer without a question),
/// gives an unknown verdict, whatever is found in it.
///
/// # Errors
/// [`ReadError`] when the source cannot be read a second time.
pub fn judge(
    mut history: impl BufRead + Seek,
    thresholds: &Thresholds,
) -> Result<Verdict, ReadError> {
    let mut collector = Collector::default();
    let mut torn = None;
    let mut lines = 0;
    for entry in read(&mut history) {
        match entry {
            Ok(entry) => {
                lines += 1;
                collector.take(entry);
            }
            Err(error) => {
                torn = Some(error.to_string());
                break;
            }
        }
    }
    let mut verdict = conclude(collector.finish(), lines, torn, thresholds);
    if !verdict.violations.is_empty() {
        history
            .rewind()
            .map_err(|source| ReadError::Io { line: 0, source })?;
        illustrate(&mut verdict.violations, read(&mut history));
    }
    Ok(verdict)
}

/// Puts the lines of violations beside them.
fn illustrate(
    violations: &mut [Violation],
    entries: impl Iterator<Item = Result<Entry, ReadError>>,
) {
    let mut wanted: HashMap<u64, Option<Entry>> = violations
        .iter()
        .flat_map(|violation| violation.lines.iter().map(|line| (*line, None)))
        .collect();
    for entry in entries.map_while(Result::ok) {
        if let Some(place) = wanted.get_mut(&entry.i) {
            *place = Some(entry);
        }
    }
    for violation in violations {
        let slice = violation.lines.iter();
        violation.slice = slice
            .filter_map(|line| wanted.get(line).cloned().flatten())
            .collect();
    }
}

fn conclude(mut case: Case, lines: u64, torn: Option<String>, thresholds: &Thresholds) -> Verdict {
    if let Some(torn) = torn {
        case.flaws.push((lines, torn));
    }
    let mut findings = Findings::default();
    let log = Log::of(&mut case);
    let header = case.header.take();
    let limits = header
        .as_ref()
        .map_or_else(Default::default, |header| header.limits.clone());
    let sends = Sends::of(&case);
    let floors = Floors::of(&case, &log);
    integrity::judge(&case, &log, &sends, &mut findings);
    order::judge(&case, &log, &sends, &mut findings);
    reads::judge(&case, &log, &floors, &mut findings);
    streams::judge(&case, &log, &limits, &mut findings);
    fold::judge(&case, &log, &mut findings);
    convergence::judge(&case, &sends, &limits, &mut findings);
    secrecy::judge(&case, &limits, &mut findings);
    cursors::judge(&case, &floors, &mut findings);
    unread::judge(&case, &log, &floors, &mut findings);
    resources::judge(&case, &limits, &mut findings);
    drain::judge(&case, &limits, &mut findings);
    availability::judge(&case, &limits, &mut findings);
    winners::judge(&case, &mut findings);
    blocks::judge(&case, &sends, &mut findings);
    for (line, what) in &case.malformed {
        findings.violation(Invariant::I3, &[*line], what.clone());
    }
    let nodes = header.as_ref().map_or(1, |header| header.nodes.len());
    let times = times::measure(&case, nodes, &limits);
    let mut counts = guards::count(&case, &sends);
    counts.lines = lines;
    let mut violations = Vec::new();
    let findings: Vec<_> = Invariant::ALL
        .into_iter()
        .map(|invariant| {
            let tally = findings.take(invariant);
            violations.extend(tally.kept);
            Finding {
                invariant,
                name: invariant.name().to_owned(),
                checked: tally.checked,
                violations: tally.violations,
            }
        })
        .collect();
    let checked = findings.iter().filter(|finding| finding.checked > 0);
    counts.invariants = guards::number(checked.count());
    let guards = guards::judge(&case, &log, &sends, &counts, thresholds);
    // Nothing is held against the service that may be the record's own fault.
    let conclusion = if !case.flaws.is_empty() {
        Conclusion::Unknown
    } else if findings.iter().any(|finding| finding.violations > 0) {
        Conclusion::Invalid
    } else if guards.iter().all(|guard| guard.holds) {
        Conclusion::Valid
    } else {
        Conclusion::Unknown
    };
    Verdict {
        conclusion,
        seed: header.as_ref().map_or(0, |header| header.seed),
        commit: header.map_or_else(String::new, |header| header.commit),
        counts,
        times,
        findings,
        guards,
        violations,
        flaws: case
            .flaws
            .into_iter()
            .map(|(line, what)| format!("line {line}: {what}"))
            .collect(),
    }
}
