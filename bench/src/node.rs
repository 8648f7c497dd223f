//! A node: the service's binary, started and stopped.

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

/// Signs the tokens of all measurements; it guards nothing.
pub(crate) const SECRET: &str = "a secret of the load generator, for throw-away databases alone";

/// How long a node may take to listen, and to end.
const PATIENCE: Duration = Duration::from_mins(1);

/// A process of the service.
pub(crate) struct Node {
    process: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// From the start of the process to its word that it listens.
    pub(crate) started_within: Duration,
}

impl Node {
    /// Starts one with these settings, made secrets and the log in `dir`.
    pub(crate) fn start(bin: &Path, dir: &Path, settings: &[(&str, &str)]) -> Result<Self> {
        let log = File::create(dir.join("node.log")).context("make a log")?;
        let begun = Instant::now();
        let mut process = Command::new(bin)
            .env_clear()
            .env("MESSAGING_LISTEN", "127.0.0.1:0")
            .env("MESSAGING_DATA_DIR", dir)
            .env("MESSAGING_JWT_SECRET", SECRET)
            .env("MESSAGING_RATE_LIMITS", "off")
            .env("MESSAGING_DEMO", "off")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("start {}", bin.display()))?;
        let said = process.stdout.take().map(first_line);
        let line = said.and_then(|said| said.recv_timeout(PATIENCE).ok());
        let started_within = begun.elapsed();
        let address = line.as_deref().and_then(|line| {
            line.trim()
                .strip_prefix("listening on http://")?
                .parse()
                .ok()
        });
        // Made before it is known whether it listens, so that it is stopped either way.
        let node = Self {
            process,
            address: address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
            started_within,
        };
        if address.is_none() {
            let log = fs::read_to_string(dir.join("node.log")).unwrap_or_default();
            bail!("the node does not listen, and says:\n{log}");
        }
        Ok(node)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Ends it as an operator would, and waits for it.
    pub(crate) fn stop(mut self) -> Result<()> {
        let told = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .context("tell a node to end")?;
        if !told.success() {
            bail!("a node had ended by itself");
        }
        let begun = Instant::now();
        while self
            .process
            .try_wait()
            .context("wait for a node")?
            .is_none()
        {
            if begun.elapsed() > PATIENCE {
                bail!("a node does not end");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The first line somebody says. What comes after is read too, so that they never wait.
pub(crate) fn first_line(stdout: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        if reader.read_line(&mut line).is_ok() {
            let _ = sender.send(line);
        }
        let _ = reader.read_to_end(&mut Vec::new());
    });
    receiver
}
