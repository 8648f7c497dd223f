//! What was measured, as a table, with the commit, the versions, the settings and what else ran.

use std::{fmt::Write as _, fs, process::Command, thread};

use crate::{Common, machine};

/// The figure that says how many cores were busy with something else.
pub(crate) const FOREIGN: &str = "foreign load, cores";

/// Up to so many cores of foreign load a run is one on a quiet machine.
const QUIET: f64 = 0.3;

/// A figure, measured in each run.
struct Row {
    name: String,
    values: Vec<f64>,
}

/// The figures of one workload.
pub(crate) struct Report {
    title: String,
    settings: Vec<String>,
    rows: Vec<Row>,
}

impl Report {
    /// What was measured, and with what.
    pub(crate) fn new(title: String, common: &Common) -> Self {
        let cores = thread::available_parallelism().map_or(0, usize::from);
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let settings = vec![
            format!(
                "commit {}",
                words(Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=10"]))
            ),
            words(Command::new(&common.bin).arg("--version")),
            format!("Linux {}, {cores} cores", kernel.trim()),
            format!("{} runs of {} s", common.runs, common.seconds),
            "rate limits off, all else as it comes".to_owned(),
            format!("load average {:.1} at the start", machine::load()),
        ];
        Self {
            title,
            settings,
            rows: Vec::new(),
        }
    }

    /// One for which nothing was asked of the machine.
    #[cfg(test)]
    pub(crate) fn empty(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            settings: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Adds a word about how it was measured.
    pub(crate) fn setting(&mut self, word: String) {
        self.settings.push(word);
    }

    /// Adds a figure of one run.
    pub(crate) fn figure(&mut self, name: &str, value: f64) {
        match self.rows.iter_mut().find(|row| row.name == name) {
            Some(row) => row.values.push(value),
            None => self.rows.push(Row {
                name: name.to_owned(),
                values: vec![value],
            }),
        }
    }

    /// What the last run came to, of a figure.
    pub(crate) fn last(&self, name: &str) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.name == name)?;
        row.values.last().copied()
    }

    /// Prints it as Markdown.
    #[expect(clippy::print_stdout, reason = "the table is what the program is for")]
    pub(crate) fn print(&self) {
        println!("{}", self.table());
    }

    fn table(&self) -> String {
        let mut table = format!("## {}\n\n{}\n\n", self.title, self.settings.join(" · "));
        table.push_str("| figure | median | least | most |\n| --- | ---: | ---: | ---: |\n");
        for row in &self.rows {
            // Writing into a string does not fail.
            let _ = writeln!(table, "| {} | {} |", row.name, row.shown());
        }
        if let Some(warning) = self.warning() {
            let _ = writeln!(table, "\n{warning}");
        }
        table
    }

    /// What has to be said when others worked too.
    fn warning(&self) -> Option<String> {
        let row = self.rows.iter().find(|row| row.name == FOREIGN)?;
        let disturbed = row.values.iter().filter(|cores| **cores > QUIET).count();
        (disturbed > 0).then(|| {
            format!(
                "**Not quiet:** in {disturbed} of {} spans others used more than {QUIET} cores.",
                row.values.len()
            )
        })
    }
}

impl Row {
    fn sorted(&self) -> Vec<f64> {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        values
    }

    fn median(&self) -> f64 {
        let values = self.sorted();
        let middle = values.len().saturating_sub(1) / 2;
        values.get(middle).copied().unwrap_or(f64::NAN)
    }

    /// Its median and its range.
    fn shown(&self) -> String {
        let values = self.sorted();
        let [least, most] = [values.first(), values.last()]
            .map(|value| value.copied().map_or_else(String::new, shown));
        format!("{} | {least} | {most}", shown(self.median()))
    }
}

/// What a figure has to be, and what it is hoped to be.
pub(crate) struct Goal {
    id: &'static str,
    figure: String,
    /// Gate and goal; and whether more is better.
    set: Option<(f64, f64, bool)>,
}

impl Goal {
    /// More is better.
    pub(crate) fn least(id: &'static str, figure: &str, gate: f64, goal: f64) -> Self {
        Self {
            id,
            figure: figure.to_owned(),
            set: Some((gate, goal, true)),
        }
    }

    /// Less is better.
    pub(crate) fn most(id: &'static str, figure: &str, gate: f64, goal: f64) -> Self {
        Self {
            id,
            figure: figure.to_owned(),
            set: Some((gate, goal, false)),
        }
    }

    /// Only shown.
    pub(crate) fn none(figure: &str) -> Self {
        Self {
            id: "",
            figure: figure.to_owned(),
            set: None,
        }
    }
}

/// Several reports, and the figures of them that goals are set for.
pub(crate) struct Summary {
    lines: Vec<String>,
    reports: Vec<String>,
}

impl Summary {
    pub(crate) fn new() -> Self {
        Self {
            lines: Vec::new(),
            reports: Vec::new(),
        }
    }

    /// Adds a report, and a line for each of its figures that is named. What was not measured is left out.
    pub(crate) fn add(&mut self, report: &Report, goals: &[Goal]) {
        let mark = if report.warning().is_some() {
            " (!)"
        } else {
            ""
        };
        for goal in goals {
            let Some(row) = report.rows.iter().find(|row| row.name == goal.figure) else {
                continue;
            };
            let judged = goal.set.map_or_else(
                || " | | ".to_owned(),
                |(gate, aim, more)| {
                    let reached = |than: f64| {
                        let median = row.median();
                        if more { median >= than } else { median <= than }
                    };
                    let word = match (reached(gate), reached(aim)) {
                        (_, true) => "goal",
                        (true, false) => "gate",
                        (false, false) => "below",
                    };
                    format!("{} | {} | {word}", shown(gate), shown(aim))
                },
            );
            self.lines.push(format!(
                "| {} | {}: {}{mark} | {} | {judged} |",
                goal.id,
                report.title,
                row.name,
                row.shown()
            ));
        }
        self.append(&report.table());
    }

    /// Adds something that is shown as it is.
    pub(crate) fn append(&mut self, said: &str) {
        self.reports.push(said.to_owned());
    }

    /// Prints the summary, and then each report.
    #[expect(clippy::print_stdout, reason = "the table is what the program is for")]
    pub(crate) fn print(&self) {
        println!(
            "| id | figure | median | least | most | gate | goal | reached |\n\
             | --- | --- | ---: | ---: | ---: | ---: | ---: | --- |\n{}\n\n\
             (!): others used more than {QUIET} cores meanwhile; only ratios within a run say something then.\n",
            self.lines.join("\n")
        );
        for report in &self.reports {
            println!("{report}");
        }
    }
}

/// Three digits that count, or all of a whole number.
fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// What a program says of itself.
pub(crate) fn words(command: &mut Command) -> String {
    command
        .output()
        .ok()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .filter(|said| !said.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_shown_by_its_median_and_its_range() {
        let mut report = Report::empty("send");
        for value in [3.0, 1000.0, 20.0] {
            report.figure("p50, ms", value);
        }
        assert!(report.table().contains("| p50, ms | 20.0 | 3.00 | 1000 |"));
    }

    #[test]
    fn a_figure_is_held_against_its_gate_and_its_goal_and_marked_when_it_was_not_quiet() {
        let mut report = Report::empty("S");
        report.figure("rate", 25.0);
        report.figure("p99, ms", 9.0);
        report.figure(FOREIGN, 0.1);
        let goals = [
            Goal::least("S1", "rate", 20.0, 30.0),
            Goal::most("S2", "p99, ms", 5.0, 2.0),
            Goal::most("S3", "nobody measured this", 5.0, 2.0),
        ];
        let mut summary = Summary::new();
        summary.add(&report, &goals);
        let [rate, latency] = summary.lines.as_slice() else {
            panic!("{:?}", summary.lines);
        };
        assert!(rate.starts_with("| S1 | S: rate |") && rate.ends_with("| 20.0 | 30.0 | gate |"));
        assert!(latency.ends_with("| below |"));

        report.figure(FOREIGN, 0.5);
        assert!(report.table().contains("in 1 of 2 spans"));
        summary.add(&report, &goals);
        assert!(summary.lines[2].contains("rate (!)"));
    }
}
