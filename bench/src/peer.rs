//! The peer of socket.io and pg, for comparison: `bench/peers/socketio`.

use std::{
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};

use crate::{node::first_line, postgres::Postgres, report::words, scene::Couple};

/// Its database in the cluster.
const DATABASE: &str = "peer";

/// How long it may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process of the peer.
pub(crate) struct Peer {
    process: Child,
    pub(crate) address: SocketAddr,
}

impl Peer {
    /// Starts it on a database of its own in this cluster; fetches what it needs if that was never done.
    pub(crate) fn start(folder: &Path, postgres: &Postgres) -> Result<Self> {
        if !folder.join("node_modules").exists() {
            let fetched = Command::new("npm")
                .args(["ci", "--no-audit", "--no-fund"])
                .current_dir(folder)
                .stdout(Stdio::null())
                .status()
                .context("run npm")?;
            ensure!(fetched.success(), "npm ci failed in {}", folder.display());
        }
        postgres.ask(&format!("CREATE DATABASE {DATABASE}"))?;
        let mut process = Command::new("node")
            .arg("server.js")
            .current_dir(folder)
            .env("NODE_ENV", "production")
            .env("PGHOST", postgres.folder())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", DATABASE)
            .stdout(Stdio::piped())
            .spawn()
            .context("start node")?;
        let said = process.stdout.take().map(first_line);
        let address = said
            .and_then(|said| said.recv_timeout(PATIENCE).ok())
            .and_then(|line| {
                line.trim()
                    .strip_prefix("listening on http://")?
                    .parse()
                    .ok()
            });
        // Made before it is known whether it listens, so that it is stopped either way.
        let peer = Self {
            process,
            address: address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
        };
        ensure!(address.is_some(), "the peer does not listen");
        Ok(peer)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Makes conversations for these pairs of people.
    pub(crate) fn couples(
        postgres: &Postgres,
        people: impl Iterator<Item = (String, String)>,
    ) -> Result<Vec<Couple>> {
        let couples: Vec<Couple> = people
            .map(|(sender, receiver)| Couple {
                conversation: uuid::Uuid::now_v7().to_string(),
                sender,
                receiver,
            })
            .collect();
        let rows: Vec<String> = couples
            .iter()
            .map(|couple| {
                format!(
                    "('{}', '{}', '{}')",
                    couple.conversation, couple.sender, couple.receiver
                )
            })
            .collect();
        postgres.ask_in(
            DATABASE,
            &format!(
                "INSERT INTO conversations (id, buyer, seller) VALUES {}",
                rows.join(", ")
            ),
        )?;
        Ok(couples)
    }

    /// Its versions.
    pub(crate) fn words(folder: &Path) -> String {
        let version = |package: &str| {
            let said = std::fs::read_to_string(
                folder
                    .join("node_modules")
                    .join(package)
                    .join("package.json"),
            );
            said.ok()
                .and_then(|said| serde_json::from_str::<serde_json::Value>(&said).ok())
                .and_then(|said| Some(said.get("version")?.as_str()?.to_owned()))
                .unwrap_or_else(|| "unknown".to_owned())
        };
        format!(
            "socket.io {} and pg {} on node {}, pool of 10",
            version("socket.io"),
            version("pg"),
            words(Command::new("node").arg("--version"))
        )
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
