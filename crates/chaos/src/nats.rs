//! The bus: a `nats-server` of our own.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tokio::{net::TcpStream, process::Command, time::sleep};

use crate::process::{Process, free_port, which};

/// A server, running or not.
#[derive(Debug)]
pub(crate) struct Nats {
    binary: PathBuf,
    folder: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Nats {
    /// The server's program: `NATS_SERVER`, or the one on the path.
    pub(crate) fn binary() -> Option<PathBuf> {
        which("nats-server").or_else(|| {
            let file = PathBuf::from("/usr/sbin/nats-server");
            file.is_file().then_some(file)
        })
    }

    /// A server that is not started yet.
    pub(crate) fn new(folder: PathBuf) -> anyhow::Result<Self> {
        Ok(Self {
            binary: Self::binary().context("nats-server is not installed")?,
            folder,
            port: free_port()?,
            process: None,
        })
    }

    /// The port it listens on, on loopback.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Starts it and waits until it takes connections.
    pub(crate) async fn start(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let mut command = Command::new(&self.binary);
        command.args(["--addr", "127.0.0.1", "--port", &self.port.to_string()]);
        let mut process = Process::start(command, &self.folder.join("nats.log"), false)?;
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            if let Some(status) = process.ended() {
                bail!("nats-server ended with {status}");
            }
            if begun.elapsed() > Duration::from_secs(20) {
                bail!("nats-server did not start");
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.process = Some(process);
        Ok(begun.elapsed())
    }

    /// Ends it at once.
    pub(crate) async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill().await?;
        }
        Ok(())
    }
}
