//! A NATS server of one's own.

use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};

use crate::report::words;

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server that is gone afterwards.
pub(crate) struct Nats {
    server: Child,
    port: u16,
}

impl Nats {
    /// Starts one, with its log in `dir`.
    pub(crate) fn start(dir: &Path) -> Result<Self> {
        // Free a moment ago; if somebody is quicker, the server ends and it is said.
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .context("find a free port")?
            .port();
        let log = dir.join("nats.log");
        let server = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", &port.to_string(), "-l"])
            .arg(&log)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("start nats-server")?;
        let mut nats = Self { server, port };
        let begun = Instant::now();
        while !fs::read_to_string(&log).is_ok_and(|log| log.contains("Server is ready")) {
            if nats
                .server
                .try_wait()
                .context("look at nats-server")?
                .is_some()
                || begun.elapsed() > PATIENCE
            {
                bail!("nats-server does not start");
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(nats)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.server.id()
    }

    /// For the service.
    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its version.
    pub(crate) fn words() -> String {
        words(Command::new("nats-server").arg("--version"))
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
