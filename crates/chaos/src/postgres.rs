//! A PostgreSQL cluster of our own, on TCP and with every commit flushed: what it is told must survive.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use tokio::{process::Command, time::sleep};

use crate::process::{Process, Signal, command_as, free_port, output, which};

/// A cluster, running or not.
#[derive(Debug)]
pub(crate) struct Postgres {
    binaries: PathBuf,
    account: Option<String>,
    folder: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl Postgres {
    /// Where the server's programs are.
    pub(crate) fn binaries() -> Option<PathBuf> {
        let mut folders: Vec<PathBuf> = which("initdb")
            .and_then(|file| file.parent().map(Path::to_path_buf))
            .into_iter()
            .collect();
        for root in ["/usr/lib/postgresql", "/usr"] {
            let Ok(entries) = std::fs::read_dir(root) else {
                continue;
            };
            let mut found: Vec<PathBuf> = entries
                .flatten()
                .map(|entry| entry.path().join("bin"))
                .filter(|folder| folder.join("initdb").is_file())
                .collect();
            found.sort();
            folders.extend(found.into_iter().rev());
        }
        folders
            .into_iter()
            .find(|folder| folder.join("postgres").is_file() && folder.join("psql").is_file())
    }

    /// Makes a cluster and starts it.
    pub(crate) async fn create() -> anyhow::Result<Self> {
        let binaries = Self::binaries().context("PostgreSQL's server is not installed")?;
        let account = rustix::process::geteuid()
            .is_root()
            .then(|| "postgres".to_owned());
        // Short, since the path of a unix socket has about 100 bytes.
        let folder = PathBuf::from(format!("/tmp/chaos-pg.{}", uuid::Uuid::new_v4().simple()));
        std::fs::create_dir(&folder)?;
        if let Some(account) = &account {
            output(
                "chown",
                &[account.as_str(), &folder.to_string_lossy()],
                limit(),
            )
            .await?;
        }
        let mut cluster = Self {
            binaries,
            account,
            folder,
            port: free_port()?,
            process: None,
        };
        cluster.initialise().await?;
        cluster.start().await?;
        cluster
            .execute("postgres", "CREATE DATABASE messaging")
            .await?;
        Ok(cluster)
    }

    async fn initialise(&self) -> anyhow::Result<()> {
        let mut command = command_as(self.account.as_deref(), &self.binaries.join("initdb"));
        command
            .args([
                "--username",
                "postgres",
                "--auth",
                "trust",
                "--encoding",
                "UTF8",
            ])
            .args(["--locale", "C", "--no-sync", "--pgdata"])
            .arg(self.data())
            .current_dir(&self.folder);
        let done = command.output().await?;
        if !done.status.success() {
            bail!("initdb: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Its log.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    /// The port it listens on, on loopback.
    pub(crate) const fn port(&self) -> u16 {
        self.port
    }

    /// Starts it and waits until it takes connections; how long that took.
    pub(crate) async fn start(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let mut command = command_as(self.account.as_deref(), &self.binaries.join("postgres"));
        command.arg("-D").arg(self.data()).current_dir(&self.folder);
        for setting in [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", self.folder.display()),
            "max_connections=60".to_owned(),
            // A rogue's connections go when it goes.
            "client_connection_check_interval=200ms".to_owned(),
            "fsync=on".to_owned(),
            "synchronous_commit=on".to_owned(),
            "shared_buffers=64MB".to_owned(),
        ] {
            command.arg("-c").arg(setting);
        }
        let mut process = Process::start(command, &self.log(), false)?;
        loop {
            if let Some(status) = process.ended() {
                bail!(
                    "PostgreSQL ended with {status}; see {}",
                    self.log().display()
                );
            }
            if self.query("postgres", "SELECT 1").await.is_ok() {
                break;
            }
            if begun.elapsed() > Duration::from_mins(1) {
                bail!("PostgreSQL did not start; see {}", self.log().display());
            }
            sleep(Duration::from_millis(50)).await;
        }
        self.process = Some(process);
        Ok(begun.elapsed())
    }

    /// Ends it without a checkpoint, as a crash does.
    pub(crate) async fn crash(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::QUIT)?;
            process.wait(Duration::from_secs(20)).await?;
        }
        Ok(())
    }

    /// The number of its main process.
    pub(crate) fn pid(&self) -> Option<i32> {
        self.process.as_ref().map(Process::pid)
    }

    /// The command of `psql` on the cluster's own socket, past every proxy.
    pub(crate) fn psql(&self, database: &str, statements: &str) -> Command {
        let mut command = Command::new(self.binaries.join("psql"));
        command
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"])
            .args(["--set", "ON_ERROR_STOP=1", "--host"])
            .arg(&self.folder)
            .args(["--port", &self.port.to_string(), "--username", "postgres"])
            .args(["--dbname", database, "--command", statements])
            .env("PGAPPNAME", "chaos")
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs statements and gives back what they print, one row a line.
    pub(crate) async fn query(&self, database: &str, statements: &str) -> anyhow::Result<String> {
        let run = self.psql(database, statements).output();
        let done = tokio::time::timeout(limit(), run)
            .await
            .context("psql took too long")??;
        if !done.status.success() {
            bail!("psql: {}", String::from_utf8_lossy(&done.stderr).trim());
        }
        Ok(String::from_utf8(done.stdout)?)
    }

    /// Runs statements of which nothing is wanted.
    pub(crate) async fn execute(&self, database: &str, statements: &str) -> anyhow::Result<()> {
        self.query(database, statements).await.map(drop)
    }

    /// The URL of a database of the cluster, through a port of a proxy's or the cluster's own.
    pub(crate) fn url(port: u16, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/{database}?sslmode=disable")
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        if let Some(process) = &self.process {
            // Its children end when they see that it has gone.
            let _ = process.signal(Signal::QUIT);
            for _ in 0..100 {
                if !self.data().join("postmaster.pid").exists() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const fn limit() -> Duration {
    Duration::from_secs(20)
}
