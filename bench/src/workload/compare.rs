//! S1 against the naive limit and the peer, one after the other and again, on the same cluster, which is settled before
//! each: ratios. All run wherever the kernel puts them, and then with the cores divided: the database, and those of the
//! service who write to it, on one half, all else on the other.

use std::{fs, net::SocketAddr, path::PathBuf};

use anyhow::{Context as _, Result};
use clap::Args;

use super::{
    report_foreign,
    send::measure,
    stage::{Backend, Ran, Stage},
};
use crate::{
    Common,
    cores::{Cores, bind, bind_family, words},
    frames::Dialect,
    machine::{Meter, Pids},
    naive::Naive,
    node::Node,
    peer::Peer,
    postgres::Postgres,
    report::Report,
    scene::{Connected, Couple, Scene, couples, strangers},
};

/// What the figures' names say of divided cores.
pub(crate) const DIVIDED: &str = ", cores divided";

/// Clients of the naive limit: the best of these counts.
const CLIENTS: [u32; 3] = [8, 16, 32];

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// How many pairs send at the same time.
    #[arg(long, default_value_t = 100)]
    pub(crate) pairs: usize,
    /// The peer's folder; what it needs is fetched by npm if that was never done.
    #[arg(long, default_value = "bench/peers/socketio")]
    pub(crate) peer: PathBuf,
}

/// Where processes run.
struct Placement<'a> {
    /// What the figures' names say of it.
    words: &'static str,
    node: Node,
    couples: Vec<Couple>,
    /// The database's cores.
    stores: &'a [usize],
    /// Those of all else: the peer, the load generator, pgbench.
    others: &'a [usize],
}

impl Placement<'_> {
    fn take(&self, postgres: &Postgres, peer: &Peer) -> Result<()> {
        bind_family(postgres.pid(), self.stores)?;
        [peer.pid(), std::process::id()]
            .into_iter()
            .try_for_each(|pid| bind(pid, self.others))
    }
}

/// What was sent in one placement.
struct Turn {
    service: Ran,
    peer: Ran,
}

pub(crate) async fn run(common: &Common, options: &Options) -> Result<Report> {
    let stage = Stage::start(common, Backend::Postgres)?;
    let mut report = Report::new(
        format!(
            "S1 against the naive limit and the peer, {} pairs",
            options.pairs
        ),
        common,
    );
    report.setting(stage.words());
    let Some(postgres) = &stage.postgres else {
        anyhow::bail!("no PostgreSQL");
    };
    let naive = Naive::prepare(postgres)?;
    let peer = Peer::start(&options.peer, postgres)?;
    report.setting(Peer::words(&options.peer));
    let theirs = Peer::couples(postgres, strangers(options.pairs))?;
    let cores = Cores::of_machine()?;
    let mut placements = vec![Placement {
        words: "",
        couples: couples(stage.node.address, strangers(options.pairs)).await?,
        node: stage.node,
        stores: cores.all(),
        others: cores.all(),
    }];
    if let Some((stores, others)) = cores.halves() {
        let node = divided(common, postgres, stores)?;
        placements.push(Placement {
            words: DIVIDED,
            couples: couples(node.address, strangers(options.pairs)).await?,
            node,
            stores,
            others,
        });
    }

    for _ in 0..common.runs {
        let meter = Meter::start(Pids {
            service: placements
                .iter()
                .map(|placement| placement.node.pid())
                .chain([peer.pid()])
                .collect(),
            stores: vec![postgres.pid()],
        })?;
        let mut limit = 0.0_f64;
        for placement in placements.iter().rev() {
            placement.take(postgres, &peer)?;
            for clients in CLIENTS {
                postgres.settle()?;
                let rate = naive.run(postgres, clients, common.seconds)?;
                let words = placement.words;
                report.figure(
                    &format!("naive limit, {clients} clients{words}, a second"),
                    rate,
                );
                limit = limit.max(rate);
            }
        }
        let mut turns = Vec::new();
        for placement in &placements {
            placement.take(postgres, &peer)?;
            let Placement { node, couples, .. } = placement;
            let (node, peer) = ((node.pid(), node.address), (peer.pid(), peer.address));
            turns.push(Turn {
                service: send(common, postgres, node, couples, Dialect::Socket)?,
                peer: send(common, postgres, peer, &theirs, Dialect::SocketIo)?,
            });
        }
        // Whoever is compared with is taken at their best.
        let best = turns.iter().map(|turn| turn.peer.rate());
        let best = best.fold(0.0, f64::max);
        for (Placement { words, .. }, Turn { service, peer }) in placements.iter().zip(&turns) {
            let rate = service.rate();
            report.figure(&format!("service{words}, durable sends a second"), rate);
            report.figure(&format!("peer{words}, durable sends a second"), peer.rate());
            report.figure(&format!("service{words} / naive limit"), rate / limit);
            report.figure(&format!("service{words} / peer"), rate / best);
            for (ran, to) in [(service, "send"), (peer, "send to the peer")] {
                let sent = ran.acknowledged.count();
                super::report_cost(&ran.spent, sent, &format!("{to}{words}"), &mut report);
            }
        }
        report_foreign(&meter.read()?, &mut report);
    }
    bind(std::process::id(), cores.all())?;
    Ok(report)
}

/// A node with a database of its own in the cluster, whose writer has half of the cores alone.
fn divided(common: &Common, postgres: &Postgres, writers: &[usize]) -> Result<Node> {
    postgres.ask("CREATE DATABASE divided")?;
    let dir = postgres.folder().join("divided");
    fs::create_dir(&dir).context("make a folder")?;
    let settings = [
        ("MESSAGING_DATABASE_URL", postgres.url_of("divided")),
        ("MESSAGING_WRITER_CORES", words(writers)),
    ];
    Node::start(
        &common.bin,
        &dir,
        &settings
            .each_ref()
            .map(|(name, value)| (*name, value.as_str())),
    )
}

/// Sends of these couples to who listens there, on the settled cluster.
fn send(
    common: &Common,
    postgres: &Postgres,
    (pid, address): (u32, SocketAddr),
    couples: &[Couple],
    dialect: Dialect,
) -> Result<Ran> {
    postgres.settle()?;
    let connected = Connected {
        dialect,
        ..Connected::default()
    };
    // People come anew each time: whoever says nothing for a minute is sent away.
    let mut scene = Scene::set(address, couples, connected)?;
    let pids = Pids {
        service: vec![pid],
        stores: vec![postgres.pid()],
    };
    measure(&mut scene, common.seconds, 1, pids, None)
}
