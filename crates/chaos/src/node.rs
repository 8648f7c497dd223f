//! One node: the real binary with its settings, its data directory and its log.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::Command,
    time::{sleep, timeout},
};

use crate::process::{Process, Signal, free_port, usage};

/// Within which a node has to say that it listens.
const LISTENS_WITHIN: Duration = Duration::from_secs(30);

/// How a node is started.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    /// Its name: `n1`, `n2`, …
    pub(crate) name: String,
    /// The binary.
    pub(crate) binary: PathBuf,
    /// Where its log, its data and its traces are.
    pub(crate) folder: PathBuf,
    /// Settings, by their names in the environment.
    pub(crate) settings: Vec<(String, String)>,
    /// What stands before the binary: `strace …`.
    pub(crate) wrapper: Vec<String>,
}

/// A node, running or not.
#[derive(Debug)]
pub(crate) struct Node {
    recipe: Recipe,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    process: Process,
    address: SocketAddr,
    metrics: SocketAddr,
    /// The service's own process, below a wrapper.
    service: i32,
}

impl Node {
    /// A node that is not started yet.
    pub(crate) fn new(recipe: Recipe) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&recipe.folder)
            .with_context(|| format!("make {}", recipe.folder.display()))?;
        Ok(Self {
            recipe,
            running: None,
        })
    }

    /// Its log.
    pub(crate) fn log(&self) -> PathBuf {
        self.recipe.folder.join("log")
    }

    /// Changes how it is started the next time.
    pub(crate) const fn recipe(&mut self) -> &mut Recipe {
        &mut self.recipe
    }

    /// Where it listens, if it runs.
    pub(crate) fn address(&self) -> Option<SocketAddr> {
        self.running.as_ref().map(|running| running.address)
    }

    /// Where its metrics are, if it runs.
    pub(crate) fn metrics(&self) -> Option<SocketAddr> {
        self.running.as_ref().map(|running| running.metrics)
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.running.as_ref().map(|running| running.service)
    }

    /// Its resident memory in bytes and its open files.
    pub(crate) fn usage(&self) -> Option<(u64, u64)> {
        usage(self.pid()?)
    }

    /// Starts the process without waiting for it to listen.
    pub(crate) fn launch(&self) -> anyhow::Result<(Process, SocketAddr)> {
        let metrics = SocketAddr::from(([127, 0, 0, 1], free_port()?));
        let data = self.recipe.folder.join("data");
        let mut command = match self.recipe.wrapper.split_first() {
            Some((program, words)) => {
                let mut command = Command::new(program);
                command.args(words).arg(&self.recipe.binary);
                command
            }
            None => Command::new(&self.recipe.binary),
        };
        command
            .env_clear()
            .env("MESSAGING_LISTEN", "127.0.0.1:0")
            .env("MESSAGING_METRICS_LISTEN", metrics.to_string())
            .env("MESSAGING_DATA_DIR", data)
            .env("MESSAGING_RATE_LIMITS", "off")
            .env("MESSAGING_DEMO", "off")
            .env("MESSAGING_LOG_FORMAT", "json")
            .envs(
                self.recipe
                    .settings
                    .iter()
                    .map(|(name, value)| (name, value)),
            )
            .current_dir(&self.recipe.folder)
            .stdout(Stdio::piped());
        let process = Process::start(command, &self.log(), true)?;
        Ok((process, metrics))
    }

    /// Starts it and waits until it listens; how long that took.
    pub(crate) async fn start(&mut self) -> anyhow::Result<Duration> {
        if self.running.is_some() {
            bail!("{} runs already", self.recipe.name);
        }
        let begun = Instant::now();
        let (mut process, metrics) = self.launch()?;
        let log = self.log();
        let said = listening(&mut process, &log);
        let address = match timeout(LISTENS_WITHIN, said).await {
            Ok(Ok(address)) => address,
            failed => {
                let _ = process.kill().await;
                match failed {
                    Ok(Err(error)) => return Err(error),
                    _ => bail!("{} did not listen in time", self.recipe.name),
                }
            }
        };
        let service = if self.recipe.wrapper.is_empty() {
            process.pid()
        } else {
            child_of(process.pid()).unwrap_or_else(|| process.pid())
        };
        self.running = Some(Running {
            process,
            address,
            metrics,
            service,
        });
        Ok(begun.elapsed())
    }

    /// Sends its process a signal.
    pub(crate) fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.pid().context("it does not run")?;
        crate::process::send(pid, signal)
    }

    /// Ends it at once.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut running) = self.running.take() {
            let _ = crate::process::send(running.service, Signal::KILL);
            if running.process.wait(Duration::from_secs(3)).await.is_err() {
                running.process.kill().await?;
            }
        }
        Ok(())
    }

    /// Asks it to end and waits; how it ended, and after how long.
    pub(crate) async fn terminate(
        &mut self,
        limit: Duration,
    ) -> anyhow::Result<(ExitStatus, Duration)> {
        let begun = Instant::now();
        self.signal(Signal::TERM)?;
        let mut running = self.running.take().context("it does not run")?;
        let status = running.process.wait(limit).await?;
        Ok((status, begun.elapsed()))
    }

    /// Whether it has ended by itself; it can be started again then.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let status = self.running.as_mut()?.process.ended()?;
        self.running = None;
        Some(status)
    }

    /// Waits until it ends by itself.
    pub(crate) async fn wait_ended(&mut self, limit: Duration) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < limit {
            if self.running.is_none() || self.ended().is_some() {
                return true;
            }
            sleep(Duration::from_millis(20)).await;
        }
        false
    }
}

/// Reads the line that says where it listens; what it prints from then on goes to the log.
async fn listening(process: &mut Process, log: &Path) -> anyhow::Result<SocketAddr> {
    let stdout = process.stdout().context("its output is not piped")?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(address) = line.strip_prefix("listening on http://") {
            let address = address.parse()?;
            let mut log = tokio::fs::File::from_std(crate::process::append_to(log)?);
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    let _ = log.write_all(format!("{line}\n").as_bytes()).await;
                }
            });
            return Ok(address);
        }
    }
    bail!("it ended before it listened; see {}", log.display())
}

/// The first child of a process.
fn child_of(pid: i32) -> Option<i32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next()?.parse().ok()
}
