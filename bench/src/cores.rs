//! The machine's cores in two halves: one for the database and those who write to it, one for all else.

use std::fs;

use anyhow::{Context as _, Result};
use rustix::{
    io::Errno,
    thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity},
};

use crate::machine::children;

/// The cores that this process may use.
pub(crate) struct Cores {
    all: Vec<usize>,
}

impl Cores {
    pub(crate) fn of_machine() -> Result<Self> {
        let set = sched_getaffinity(None).context("ask for the cores")?;
        let cores = 0..CpuSet::MAX_CPU;
        let all = cores.filter(|core| set.is_set(*core)).collect();
        Ok(Self { all })
    }

    pub(crate) fn all(&self) -> &[usize] {
        &self.all
    }

    /// Those of the database and of those who write to it, and all others; none where there is but one.
    pub(crate) fn halves(&self) -> Option<(&[usize], &[usize])> {
        let middle = self.all.len() / 2;
        (middle > 0).then(|| self.all.split_at(middle))
    }
}

/// In words that the service takes.
pub(crate) fn words(cores: &[usize]) -> String {
    let numbers: Vec<_> = cores.iter().map(usize::to_string).collect();
    numbers.join(",")
}

/// Binds a process and its children, with all their threads and what they start from now on, to these cores.
pub(crate) fn bind_family(pid: u32, cores: &[usize]) -> Result<()> {
    // The parent first: whoever it starts meanwhile is bound by it.
    bind(pid, cores)?;
    children(pid)?
        .into_iter()
        .try_for_each(|child| bind(child, cores))
}

/// Binds a process, with all its threads and what they start from now on, to these cores.
pub(crate) fn bind(pid: u32, cores: &[usize]) -> Result<()> {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Ok(()); // It has ended.
    };
    for task in tasks.flatten() {
        let task = task.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(task) = task.and_then(Pid::from_raw) {
            match sched_setaffinity(Some(task), &set) {
                Ok(()) | Err(Errno::SRCH) => {}
                Err(error) => return Err(error).context("bind a process to cores"),
            }
        }
    }
    Ok(())
}
