//! Sockets that say hello and then nothing: what one of them costs.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::Path,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::report_foreign;
use crate::{
    Common,
    client::Socket,
    machine::{Meter, Pids, real, resident},
    nats::Nats,
    node::Node,
    postgres::Postgres,
    report::Report,
};

/// How many sockets come from one address: fewer than it has ports.
const SOCKETS_OF_AN_ADDRESS: u64 = 1_000;

/// How many sockets are opened at the same time.
const AT_ONCE: u64 = 64;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many sockets, each of a person of its own. The service needs two open files for each.
    #[arg(long, default_value_t = 9_000, value_parser = clap::value_parser!(u64).range(1..=200_000))]
    sockets: u64,
    /// On PostgreSQL and joined to NATS, where the node looks every few seconds for what it missed.
    #[arg(long)]
    joined: bool,
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

pub(crate) async fn run(common: &Common, options: &Options) -> Result<Report> {
    let mut report = Report::new(format!("{} idle sockets", options.sockets), common);
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
        measure(&node, pids, common.seconds, options.sockets, &mut report).await?;
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

async fn measure(
    node: &Node,
    pids: Pids,
    seconds: u64,
    sockets: u64,
    report: &mut Report,
) -> Result<()> {
    let memory = resident(node.pid())?;
    let opening = Meter::start(pids.clone())?;
    let begun = Instant::now();
    let mut sessions = open(node, sockets).await?;
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

    // Heartbeats go out meanwhile, if it is longer than their 25 seconds.
    let waiting = Meter::start(pids)?;
    sleep(Duration::from_secs(seconds)).await;
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
    if sessions.try_join_next().is_some() {
        bail!("a socket was closed");
    }
    Ok(())
}

/// Opens them, each of a person of its own.
async fn open(node: &Node, sockets: u64) -> Result<JoinSet<u64>> {
    let (mut opening, mut sessions) = (JoinSet::new(), JoinSet::new());
    let address = node.address;
    for number in 0..sockets {
        if number >= AT_ONCE
            && let Some(opened) = opening.join_next().await
        {
            let socket: Socket = opened.context("an opening broke")??;
            sessions.spawn(socket.listen());
        }
        let host = u32::try_from(number / SOCKETS_OF_AN_ADDRESS).context("too many addresses")?;
        let from = Ipv4Addr::from_bits(Ipv4Addr::LOCALHOST.to_bits() + 1 + host);
        opening.spawn(async move {
            Socket::open(address, Some(IpAddr::V4(from)), &format!("person-{number}")).await
        });
    }
    while let Some(opened) = opening.join_next().await {
        sessions.spawn(opened.context("an opening broke")??.listen());
    }
    Ok(sessions)
}
