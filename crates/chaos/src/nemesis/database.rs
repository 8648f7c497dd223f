//! The database away, slow, locked, read-only, full, or cut in the middle of a commit.

use std::{process::Stdio, time::Duration};

use anyhow::Context as _;
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::{process::Child, time::sleep};

use super::{Nemesis, present, process::stands_still};
use crate::{
    cluster::DATABASE,
    fault::Kind,
    place::Place,
    process::{Signal, count_in, send},
    proxy::{CommitCut, Flow},
};

/// The service's connections.
const OF_THE_SERVICE: &str = "datname = 'messaging' AND application_name = 'messaging'";

/// What PostgreSQL logs when it has no connection left.
const FULL: &str = "sorry, too many clients already";

/// And when those left are not for everybody.
const RESERVED: &str = "remaining connection slots are reserved";

impl Nemesis {
    pub(super) async fn postgres_crash(&self, hold: Duration) -> anyhow::Result<Value> {
        let mut postgres = present(self.cluster.postgres.as_ref(), "PostgreSQL")?
            .lock()
            .await;
        let pid = postgres.pid();
        postgres.crash().await?;
        sleep(hold).await;
        let took = postgres.start().await?;
        Ok(json!({"gone": pid, "recovered_after_ms": took.as_millis().to_string()}))
    }

    pub(super) async fn postgres_pause(&self, hold: Duration) -> anyhow::Result<Value> {
        let postgres = present(self.cluster.postgres.as_ref(), "PostgreSQL")?
            .lock()
            .await;
        let main = present(postgres.pid(), "PostgreSQL")?;
        let mut pids = children_of(main);
        pids.push(main);
        for pid in &pids {
            let _ = send(*pid, Signal::STOP);
        }
        sleep(hold).await;
        let stood = pids.iter().filter(|pid| stands_still(**pid)).count();
        for pid in &pids {
            let _ = send(*pid, Signal::CONT);
        }
        Ok(if stood > 0 {
            json!({"stopped": stood})
        } else {
            Value::Null
        })
    }

    pub(super) async fn terminate_backends(&self, hold: Duration) -> anyhow::Result<Value> {
        let postgres = present(self.cluster.postgres.as_ref(), "PostgreSQL")?
            .lock()
            .await;
        let mut ended = 0_u64;
        let rounds = (hold.as_millis() / 700).clamp(2, 6);
        for _ in 0..rounds {
            let statement = format!(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {OF_THE_SERVICE}"
            );
            ended += postgres
                .query("postgres", &statement)
                .await?
                .trim()
                .parse::<u64>()?;
            sleep(Duration::from_millis(700)).await;
        }
        Ok(if ended > 0 {
            json!({"ended": ended})
        } else {
            Value::Null
        })
    }

    pub(super) async fn table_lock(&self, hold: Duration) -> anyhow::Result<Value> {
        let postgres = present(self.cluster.postgres.as_ref(), "PostgreSQL")?
            .lock()
            .await;
        // One table: while two are being locked, a query over both could be waiting for the lock and awaited by it.
        let statements = format!(
            "BEGIN; LOCK TABLE streams IN ACCESS EXCLUSIVE MODE; \
             SELECT pg_sleep({:.1}); COMMIT",
            hold.as_secs_f64()
        );
        let mut holder = postgres.psql(DATABASE, &statements).spawn()?;
        sleep(hold / 2).await;
        let waiting = postgres
            .query(
                "postgres",
                &format!(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND {OF_THE_SERVICE}"
                ),
            )
            .await?;
        holder.wait().await?;
        let waiting: u64 = waiting.trim().parse()?;
        Ok(if waiting > 0 {
            json!({"waiting": waiting})
        } else {
            Value::Null
        })
    }

    /// Takes every connection there is, after those of the service were ended.
    pub(super) async fn pool_exhausted(&self, hold: Duration) -> anyhow::Result<Value> {
        let postgres = present(self.cluster.postgres.as_ref(), "PostgreSQL")?
            .lock()
            .await;
        let statements = "SELECT pg_sleep(60)";
        let log = postgres.log();
        let before = count_in(&log, FULL) + count_in(&log, RESERVED);
        let grab = || {
            let mut command = postgres.psql("postgres", statements);
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()
        };
        let mut holders: Vec<Child> = Vec::new();
        for _ in 0..40 {
            holders.push(grab()?);
        }
        sleep(Duration::from_secs(1)).await;
        let end = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {OF_THE_SERVICE}"
        );
        let ended = postgres.query("postgres", &end).await;
        // Superusers have connections of their own, which are taken too.
        for _ in 0..25 {
            holders.push(grab()?);
        }
        sleep(hold).await;
        for mut holder in holders {
            let _ = holder.kill().await;
        }
        let refused = count_in(&log, FULL) + count_in(&log, RESERVED) - before;
        let ended = ended
            .map(|ended| ended.trim().to_owned())
            .unwrap_or_default();
        Ok(if refused > 0 {
            json!({"connections_ended": ended, "connections_refused": refused})
        } else {
            Value::Null
        })
    }

    pub(super) async fn read_only(&self, hold: Duration) -> anyhow::Result<Value> {
        let postgres = present(self.cluster.postgres.as_ref(), "PostgreSQL")?
            .lock()
            .await;
        let set = |on: &str| {
            format!("ALTER DATABASE {DATABASE} SET default_transaction_read_only = {on}")
        };
        let end = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE {OF_THE_SERVICE}"
        );
        postgres.execute("postgres", &set("on")).await?;
        let ended = postgres.query("postgres", &end).await?;
        sleep(hold).await;
        let refused = postgres
            .execute(DATABASE, "CREATE TABLE chaos_probe (id int)")
            .await
            .is_err();
        let back = format!("ALTER DATABASE {DATABASE} RESET default_transaction_read_only");
        postgres.execute("postgres", &back).await?;
        // Whoever connected meanwhile keeps the setting until it connects again.
        postgres.query("postgres", &end).await?;
        Ok(if refused {
            json!({"write_refused": true, "connections_ended": ended.trim()})
        } else {
            Value::Null
        })
    }

    pub(super) async fn commit_cut(
        &self,
        kind: Kind,
        place: &Place,
        hold: Duration,
        seed: u64,
    ) -> anyhow::Result<Value> {
        let proxy = present(place.database.as_ref(), "PostgreSQL")?;
        let before = proxy.counts();
        let moment = match kind {
            Kind::CommitCutBefore => CommitCut::Before,
            _ => CommitCut::After,
        };
        let rounds = 1 + seed % 4;
        for _ in 0..rounds {
            proxy.cut_commits(moment, 1);
            sleep(hold / 4).await;
        }
        proxy.heal();
        let cut = proxy.counts().since(before).commits_cut;
        Ok(if cut > 0 {
            json!({"commits_cut": cut})
        } else {
            Value::Null
        })
    }

    pub(super) async fn postgres_edge(
        &self,
        kind: Kind,
        place: &Place,
        hold: Duration,
    ) -> anyhow::Result<Value> {
        let proxy = present(place.database.as_ref(), "PostgreSQL")?;
        let before = proxy.counts();
        match kind {
            Kind::PostgresBlackhole => proxy.change(|plan| {
                plan.up = Flow::Hold;
                plan.down = Flow::Hold;
            }),
            Kind::PostgresCut => {
                proxy.change(|plan| plan.refuse = true);
                proxy.reset_all();
            }
            _ => proxy.change(|plan| {
                plan.up = Flow::Delay(Duration::from_millis(15));
                plan.down = Flow::Delay(Duration::from_millis(15));
            }),
        }
        sleep(hold).await;
        proxy.heal();
        let counts = proxy.counts().since(before);
        let effective = counts.held + counts.reset + counts.slowed;
        Ok(if effective > 0 {
            json!(counts)
        } else {
            Value::Null
        })
    }

    /// Another process writes to the embedded database, and takes its time.
    pub(super) async fn writer_locked(&self, hold: Duration) -> anyhow::Result<Value> {
        let file = present(self.cluster.file.clone(), "SQLite file")?;
        let locked = tokio::task::spawn_blocking(move || {
            let connection = Connection::open(file)?;
            connection.busy_timeout(Duration::from_secs(3))?;
            connection.execute_batch("BEGIN IMMEDIATE")?;
            std::thread::sleep(hold);
            connection.execute_batch("ROLLBACK")
        });
        locked.await?.context("the file could not be locked")?;
        Ok(json!({"locked_ms": hold.as_millis().to_string()}))
    }

    pub(super) async fn disk_full(&self, hold: Duration) -> anyhow::Result<Value> {
        let disk = present(self.cluster.disk.as_ref(), "small disk")?;
        let filled = disk.fill()?;
        sleep(hold).await;
        disk.free()?;
        Ok(json!({"storage_full_after_bytes": filled}))
    }
}

/// The children of a process.
fn children_of(pid: i32) -> Vec<i32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
    children
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|pid| pid.parse().ok())
        .collect()
}
