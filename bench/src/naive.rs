//! The naive limit: what PostgreSQL does when each message is a transaction of four round trips.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::postgres::Postgres;

/// Its database in the cluster.
const DATABASE: &str = "naive";

/// The transaction: take the next place in one of 10,000 conversations, and store a hundred characters there.
const SCRIPT: &str = "\\set conversation random(1, 10000)
BEGIN;
UPDATE counters SET last_seq = last_seq + 1 WHERE id = :conversation RETURNING last_seq \\gset
INSERT INTO messages (conversation, seq, body) VALUES (:conversation, :last_seq, \
'badego kulame nipoli satevi woxuza badego kulame nipoli satevi woxuza badego kulame nipoli satevi woxuza');
COMMIT;
";

/// Its tables, made.
pub(crate) struct Naive {
    script: PathBuf,
}

impl Naive {
    pub(crate) fn prepare(postgres: &Postgres) -> Result<Self> {
        postgres.ask(&format!("CREATE DATABASE {DATABASE}"))?;
        postgres.ask_in(
            DATABASE,
            "CREATE TABLE counters (id INT PRIMARY KEY, last_seq BIGINT NOT NULL) WITH (fillfactor = 70); \
             CREATE TABLE messages (conversation INT NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL, \
             created_at TIMESTAMPTZ NOT NULL DEFAULT now(), PRIMARY KEY (conversation, seq)); \
             INSERT INTO counters SELECT n, 0 FROM generate_series(1, 10000) n",
        )?;
        postgres.ask_in(DATABASE, "VACUUM ANALYZE")?;
        let script = postgres.folder().join("naive.sql");
        fs::write(&script, SCRIPT).context("write a script for pgbench")?;
        Ok(Self { script })
    }

    /// Messages a second with so many clients.
    pub(crate) fn run(&self, postgres: &Postgres, clients: u32, seconds: u64) -> Result<f64> {
        let output = postgres
            .program("pgbench")
            .args(["-n", "-M", "prepared", "-U", "postgres", "-h"])
            .arg(postgres.folder())
            .args(["-c", &clients.to_string(), "-T", &seconds.to_string(), "-f"])
            .arg(&self.script)
            .arg(DATABASE)
            .output()
            .context("run pgbench")?;
        let said = String::from_utf8_lossy(&output.stdout);
        said.lines()
            .find_map(|line| {
                let rest = line.strip_prefix("tps = ")?;
                rest.split_whitespace().next()?.parse().ok()
            })
            .filter(|_| output.status.success())
            .with_context(|| format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)))
    }
}
