//! A program that was started: its output kept in a file, its signals, its end.

use std::{
    ffi::OsStr,
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
pub(crate) use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

/// A child that is killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: i32,
}

impl Process {
    /// Starts the command; both outputs are appended to `log`, unless the command says otherwise for
    /// its standard output.
    pub(crate) fn start(
        mut command: Command,
        log: &Path,
        own_stdout: bool,
    ) -> anyhow::Result<Self> {
        let file = append_to(log)?;
        if !own_stdout {
            command.stdout(Stdio::from(file.try_clone()?));
        }
        command
            .stdin(Stdio::null())
            .stderr(Stdio::from(file))
            .kill_on_drop(true);
        let child = command
            .spawn()
            .with_context(|| format!("start {}", command.as_std().get_program().display()))?;
        let pid = child.id().context("it has ended already")?;
        Ok(Self {
            child,
            pid: i32::try_from(pid)?,
        })
    }

    /// Its number.
    pub(crate) const fn pid(&self) -> i32 {
        self.pid
    }

    /// Its standard output, if the command piped it; once.
    pub(crate) fn stdout(&mut self) -> Option<tokio::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Whether it has ended, and how.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        send(self.pid, signal)
    }

    /// Waits for its end.
    pub(crate) async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        match timeout(limit, self.child.wait()).await {
            Ok(status) => Ok(status?),
            Err(_) => bail!("process {} still runs after {limit:?}", self.pid),
        }
    }

    /// Ends it at once, and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        // It may be paused: the signal ends it all the same.
        if self.ended().is_none() {
            let _ = self.signal(Signal::KILL);
        }
        self.wait(Duration::from_secs(10)).await
    }
}

/// Sends a signal to a process by its number.
pub(crate) fn send(pid: i32, signal: Signal) -> anyhow::Result<()> {
    let pid = Pid::from_raw(pid).context("no such number of a process")?;
    kill_process(pid, signal).context("send a signal")
}

/// Opens a log to write at its end.
pub(crate) fn append_to(log: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("open {}", log.display()))
}

/// Whether a program is on the path, and where.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    // The shell knows the path.
    let asked = std::process::Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", program])
        .output()
        .ok()?;
    let found = PathBuf::from(String::from_utf8(asked.stdout).ok()?.trim());
    found.is_file().then_some(found)
}

/// Runs a program to its end and gives back what it printed.
pub(crate) async fn output<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: &[S],
    limit: Duration,
) -> anyhow::Result<String> {
    let program = program.as_ref();
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let done = timeout(limit, command.output())
        .await
        .with_context(|| format!("{} took longer than {limit:?}", program.display()))??;
    if !done.status.success() {
        bail!(
            "{} ended with {}: {}",
            program.display(),
            done.status,
            String::from_utf8_lossy(&done.stderr).trim()
        );
    }
    Ok(String::from_utf8(done.stdout)?)
}

/// A program's command, for an account that is not root where the program refuses root.
pub(crate) fn command_as(account: Option<&str>, program: &Path) -> Command {
    let Some(account) = account else {
        return Command::new(program);
    };
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid",
            account,
            "--regid",
            account,
            "--clear-groups",
            "--",
        ])
        .arg(program);
    command
}

/// A port that was free a moment ago, and is none of those that the system gives to connections: one of
/// them would soon be somebody's again.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    (0..1_000)
        .map(|_| fastrand::u16(10_000..30_000))
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .context("no port is free")
}

/// How often some words are in a log.
pub(crate) fn count_in(log: &Path, words: &str) -> usize {
    let text = std::fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&text).matches(words).count()
}

/// What a process holds: resident memory in bytes, open files.
pub(crate) fn usage(pid: i32) -> Option<(u64, u64)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    let files = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
    Some((kibibytes.saturating_mul(1024), u64::try_from(files).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_that_was_killed_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sleep");
        command.arg("60");
        let mut process = Process::start(command, &folder.path().join("log"), false).unwrap();
        assert!(process.ended().is_none());
        assert!(usage(process.pid()).is_some());
        assert!(!process.kill().await.unwrap().success());
        assert!(usage(process.pid()).is_none());
    }

    #[tokio::test]
    async fn a_program_that_fails_says_why() {
        let limit = Duration::from_secs(10);
        let failed = output("sh", &["-c", "echo no >&2; exit 3"], limit).await;
        assert!(failed.unwrap_err().to_string().contains("no"));
        assert_eq!(output("echo", &["yes"], limit).await.unwrap(), "yes\n");
    }
}
