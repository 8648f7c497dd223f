//! What was measured, as a table, with the commit, the versions, the settings and what else ran.

use std::{fmt::Write as _, fs, process::Command, thread};

use crate::{Common, machine};

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
            let mut values = row.values.clone();
            values.sort_by(f64::total_cmp);
            let at = |index: usize| values.get(index).copied().map_or_else(String::new, shown);
            let last = values.len().saturating_sub(1);
            // Writing into a string does not fail.
            let _ = writeln!(
                table,
                "| {} | {} | {} | {} |",
                row.name,
                at(last / 2),
                at(0),
                at(last)
            );
        }
        table
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
        let mut report = Report {
            title: "send".to_owned(),
            settings: vec!["on paper".to_owned()],
            rows: Vec::new(),
        };
        for value in [3.0, 1000.0, 20.0] {
            report.figure("p50, ms", value);
        }
        assert!(report.table().contains("| p50, ms | 20.0 | 3.00 | 1000 |"));
    }
}
