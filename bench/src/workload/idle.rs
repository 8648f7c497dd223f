//! Sockets that say hello and then nothing: what one of them costs.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use clap::Args;

use super::report_foreign;
use crate::{
    Common,
    frames::Dialect,
    limits,
    machine::{Meter, Pids, real, resident},
    nats::Nats,
    node::Node,
    postgres::Postgres,
    report::Report,
    scene::{Scene, after},
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many sockets, each of a person of its own. The service needs an open file for each.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=200_000))]
    pub(crate) sockets: u32,
    /// On PostgreSQL and joined to NATS, where the node looks every few seconds for what it missed.
    #[arg(long)]
    pub(crate) joined: bool,
}

/// What a node is joined to.
struct Stores {
    postgres: Postgres,
    nats: Nats,
}

impl Stores {
    fn start(parent: &Path, dir: &Path) -> Result<Self> {
        Ok(Self {
            postgres: Postgres::start(parent)?,
            nats: Nats::start(dir)?,
        })
    }
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Report> {
    let sockets = limits::fitting(options.sockets)?;
    let mut report = Report::new(format!("{sockets} idle sockets"), common);
    limits::report(options.sockets, sockets, &mut report);
    report.setting("a node and a database of its own for each run".to_owned());
    for run in 0..common.runs {
        let dir = tempfile::tempdir_in(&common.dir).context("make a folder")?;
        let stores = options
            .joined
            .then(|| Stores::start(&common.dir, dir.path()))
            .transpose()?;
        if run == 0 {
            report.setting(stores.as_ref().map_or_else(
                || "SQLite".to_owned(),
                |stores| format!("{}, {}", stores.postgres.words(), Nats::words()),
            ));
        }
        let node = start(common, dir.path(), stores.as_ref())?;
        let pids = Pids {
            service: vec![node.pid()],
            stores: stores
                .iter()
                .flat_map(|stores| [stores.postgres.pid(), stores.nats.pid()])
                .collect(),
        };
        measure(&node, pids, common.seconds, sockets.into(), &mut report)?;
    }
    Ok(report)
}

fn start(common: &Common, dir: &Path, stores: Option<&Stores>) -> Result<Node> {
    let Some(Stores { postgres, nats }) = stores else {
        return Node::start(&common.bin, dir, &[]);
    };
    let settings = [
        ("MESSAGING_DATABASE_URL", &*postgres.url()),
        ("MESSAGING_NATS_URL", &*nats.url()),
    ];
    Node::start(&common.bin, dir, &settings)
}

fn measure(node: &Node, pids: Pids, seconds: u64, sockets: u64, report: &mut Report) -> Result<()> {
    let memory = resident(node.pid())?;
    let opening = Meter::start(pids.clone())?;
    let begun = Instant::now();
    let mut sessions = open(node, sockets)?;
    let took = begun.elapsed();
    report.figure(
        "opened and greeted, a second",
        real(sockets) / took.as_secs_f64(),
    );
    report.figure(
        "CPU of the service, µs a socket opened",
        opening.read()?.service * 1e6 / real(sockets),
    );
    let each = |now: u64, before: u64| (real(now) - real(before)) / real(sockets);
    report.figure(
        "memory when all are open, KiB a socket",
        each(resident(node.pid())?, memory),
    );

    // Heartbeats go out and pings come in meanwhile, if it is longer than their 25 seconds.
    let waiting = Meter::start(pids)?;
    let end = after(Duration::from_secs(seconds))?;
    while Instant::now() < end {
        // An error if one of them is closed.
        sessions.turn()?;
    }
    let spent = waiting.read()?;
    report.figure(
        "memory at the end, KiB a socket",
        each(resident(node.pid())?, memory),
    );
    let percent = |spent: f64| spent * 100.0 / real(seconds);
    report.figure("CPU of the service, % of a core", percent(spent.service));
    report.figure(
        "CPU of its database and bus, % of a core",
        percent(spent.stores),
    );
    report.figure("memory before, MiB", real(memory) / 1024.0);
    report_foreign(&spent, report);
    Ok(())
}

/// Opens them, each of a person of its own.
fn open(node: &Node, sockets: u64) -> Result<Scene> {
    let mut scene = Scene::empty(Dialect::Socket)?;
    for number in 0..sockets {
        let person = scene.traffic.person();
        scene.session(
            node.address,
            Dialect::Socket,
            person,
            &format!("person-{number}"),
        )?;
    }
    scene.until_live(0)?;
    Ok(scene)
}
