//! What a workload runs on: a database of its own and a node, and what a run of messages says of them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use clap::ValueEnum;
use tempfile::TempDir;

use super::{
    report_cost,
    stored::{self, Written},
};
use crate::{
    Common,
    cores::{Cores, bind, bind_family, words},
    latencies::Latencies,
    links::Carried,
    machine::{Meter, Pids, Spent, real},
    node::Node,
    postgres::Postgres,
    report::Report,
    scene::Scene,
};

/// The database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// A node on an empty database.
pub(crate) struct Stage {
    // In the order in which they have to end.
    pub(crate) node: Node,
    pub(crate) postgres: Option<Postgres>,
    dir: TempDir,
}

impl Stage {
    pub(crate) fn start(common: &Common, backend: Backend) -> Result<Self> {
        Self::start_with(common, backend, &[])
    }

    /// With the database and those who write to it on one half of the cores, and all else, this process too, on the other.
    pub(crate) fn divided(common: &Common, backend: Backend) -> Result<Self> {
        let cores = Cores::of_machine()?;
        let (first, second) = cores.halves().context("one core cannot be divided")?;
        let stage = Self::put_up(common, backend, &[], Some(first))?;
        bind(std::process::id(), second)?;
        Ok(stage)
    }

    /// With settings of PostgreSQL beside those that are always made.
    pub(crate) fn start_with(common: &Common, backend: Backend, settings: &[&str]) -> Result<Self> {
        Self::put_up(common, backend, settings, None)
    }

    fn put_up(
        common: &Common,
        backend: Backend,
        settings: &[&str],
        writers: Option<&[usize]>,
    ) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("messaging-bench.")
            .tempdir_in(&common.dir)
            .context("make a folder")?;
        let postgres = match backend {
            Backend::Postgres => Some(Postgres::start_with(&common.dir, settings)?),
            Backend::Sqlite => None,
        };
        let url = postgres.as_ref().map_or_else(
            || format!("sqlite://{}", database(dir.path()).display()),
            Postgres::url,
        );
        if let (Some(cores), Some(postgres)) = (writers, &postgres) {
            bind_family(postgres.pid(), cores)?;
        }
        let writers = writers.map_or_else(String::new, words);
        let settings = [
            ("MESSAGING_DATABASE_URL", url.as_str()),
            // Empty, it is as if it were not there.
            ("MESSAGING_WRITER_CORES", &writers),
        ];
        let node = Node::start(&common.bin, dir.path(), &settings)?;
        Ok(Self {
            node,
            postgres,
            dir,
        })
    }

    pub(crate) fn pids(&self) -> Pids {
        Pids {
            service: vec![self.node.pid()],
            stores: self.postgres.iter().map(Postgres::pid).collect(),
        }
    }

    /// The database if it is PostgreSQL, with nothing left to do for earlier runs.
    pub(crate) fn settled(&self) -> Result<Option<&Postgres>> {
        let postgres = self.postgres.as_ref();
        postgres.map_or(Ok(()), Postgres::settle)?;
        Ok(postgres)
    }

    /// A folder on the disk that messages are kept on.
    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// In words, for the report.
    pub(crate) fn words(&self) -> String {
        self.postgres
            .as_ref()
            .map_or_else(|| "SQLite, synchronous=FULL".to_owned(), Postgres::words)
    }

    /// Stops the node, and puts what so many messages left on the disk into the report.
    pub(crate) fn stop(self, sent: u64, report: &mut Report) -> Result<()> {
        self.node.stop()?;
        if let Some(postgres) = &self.postgres {
            stored::report_sizes(postgres, sent, report)
        } else {
            let size = fs::metadata(database(self.dir.path()))
                .context("look at the database")?
                .len();
            report.figure("disk, bytes a message", real(size) / real(sent));
            Ok(())
        }
    }
}

fn database(dir: &Path) -> PathBuf {
    dir.join("messaging.sqlite3")
}

/// A run that does not count yet. What takes long to find out is found out before it begins: meanwhile nothing is sent, nor
/// read, and that would count.
pub(crate) struct WarmUp {
    pids: Pids,
    written: Option<Written>,
}

/// A run that is being measured.
pub(crate) struct Running {
    meter: Meter,
    /// Before its warm-up.
    written: Option<Written>,
    carried: Carried,
    sent: u64,
    begun: Instant,
}

/// What a run came to.
pub(crate) struct Ran {
    pub(crate) acknowledged: Latencies,
    pub(crate) delivered: Latencies,
    pub(crate) spent: Spent,
    pub(crate) took: Duration,
    pub(crate) sent: u64,
    carried: Carried,
    written: Option<(Written, Written)>,
}

impl WarmUp {
    /// Before the first message.
    pub(crate) fn new(scene: &Scene, pids: Pids, postgres: Option<&Postgres>) -> Result<Self> {
        Ok(Self {
            pids,
            written: written(scene, postgres)?,
        })
    }

    /// From now on it counts.
    pub(crate) fn over(self, scene: &mut Scene) -> Result<Running> {
        scene.traffic.counting = true;
        scene.traffic.acknowledged = Latencies::new()?;
        scene.traffic.delivered = Latencies::new()?;
        Ok(Running {
            meter: Meter::start(self.pids)?,
            written: self.written,
            carried: scene.links.carried,
            sent: scene.traffic.flights.sent(),
            begun: Instant::now(),
        })
    }
}

fn written(scene: &Scene, postgres: Option<&Postgres>) -> Result<Option<Written>> {
    let sent = scene.traffic.flights.sent();
    postgres
        .map(|postgres| Written::read(postgres, sent))
        .transpose()
}

impl Running {
    /// From now on it does not.
    pub(crate) fn stop(self, scene: &mut Scene, postgres: Option<&Postgres>) -> Result<Ran> {
        scene.traffic.counting = false;
        let took = self.begun.elapsed();
        let spent = self.meter.read()?;
        let (before, now) = (self.carried, scene.links.carried);
        let written = self.written.zip(written(scene, postgres)?);
        Ok(Ran {
            acknowledged: std::mem::replace(&mut scene.traffic.acknowledged, Latencies::new()?),
            delivered: std::mem::replace(&mut scene.traffic.delivered, Latencies::new()?),
            spent,
            took,
            sent: scene.traffic.flights.sent() - self.sent,
            carried: Carried {
                bytes_in: now.bytes_in - before.bytes_in,
                bytes_out: now.bytes_out - before.bytes_out,
                reads: now.reads - before.reads,
                writes: now.writes - before.writes,
            },
            written,
        })
    }
}

impl Ran {
    /// Acknowledged, and with that durable, in a second.
    pub(crate) fn rate(&self) -> f64 {
        real(self.acknowledged.count()) / self.took.as_secs_f64()
    }

    /// Puts all of it into the report.
    pub(crate) fn report(&self, report: &mut Report) {
        report.figure("durable sends a second", self.rate());
        self.acknowledged.report("send to acknowledgement,", report);
        self.delivered.report("send to delivery,", report);
        report_cost(&self.spent, self.acknowledged.count(), "send", report);
        let each = |count: u64| real(count) / real(self.sent.max(1));
        report.figure(
            "bytes to the clients, a message",
            each(self.carried.bytes_in),
        );
        report.figure(
            "reads of the load generator, a message",
            each(self.carried.reads),
        );
        if let Some((before, now)) = &self.written {
            now.report_since(before, report);
        }
    }
}
