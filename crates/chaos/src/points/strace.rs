//! strace on a node: what it is told to do, and what it says it did.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::bail;
use tokio::{process::Command, time::sleep};

use super::Spot;
use crate::process::Process;

/// The words that make strace inject, besides whom to trace.
pub(super) fn words(program: &Path, spot: Spot, when: usize, output: &Path) -> Vec<String> {
    vec![
        program.display().to_string(),
        "-f".to_owned(),
        "-qq".to_owned(),
        "-o".to_owned(),
        output.display().to_string(),
        "-e".to_owned(),
        format!("trace={}", spot.call),
        "-e".to_owned(),
        format!("inject={}:{}:when={when}", spot.call, spot.effect),
    ]
}

/// A tracer of a process that runs already.
pub(super) struct Tracer {
    process: Process,
    output: PathBuf,
}

impl Tracer {
    /// Attaches, and waits until every thread of the process is traced.
    pub(super) async fn attach(
        words: &[String],
        pid: i32,
        output: &Path,
        log: &Path,
    ) -> anyhow::Result<Self> {
        let Some((program, words)) = words.split_first() else {
            bail!("no tracer");
        };
        let mut command = Command::new(program);
        command.args(words).args(["-p", &pid.to_string()]);
        let mut process = Process::start(command, log, false)?;
        let begun = Instant::now();
        while !all_traced(pid) {
            if let Some(status) = process.ended() {
                // It ends with the process that it traces, which may have reached its point already.
                if crate::process::usage(pid).is_none() {
                    break;
                }
                bail!("strace ended with {status}: it may not trace here");
            }
            if begun.elapsed() > Duration::from_secs(10) {
                bail!("strace did not attach");
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(Self {
            process,
            output: output.to_path_buf(),
        })
    }

    /// Lets go; what it has written.
    pub(super) async fn detach(mut self) -> String {
        if self.process.ended().is_none() {
            let _ = self.process.signal(crate::process::Signal::INT);
        }
        let _ = self.process.wait(Duration::from_secs(5)).await;
        std::fs::read_to_string(&self.output).unwrap_or_default()
    }
}

/// Whether each thread of a process has a tracer.
fn all_traced(pid: i32) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return false;
    };
    threads.flatten().all(|thread| {
        std::fs::read_to_string(thread.path().join("status"))
            .is_ok_and(|status| !status.contains("TracerPid:\t0"))
    })
}
