//! S1 against the naive limit and the peer, one after the other and again, on the same cluster, which is settled before
//! each: ratios.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use super::{
    report_foreign,
    send::measure,
    stage::{Backend, Stage},
};
use crate::{
    Common,
    frames::Dialect,
    machine::{Meter, Pids},
    naive::Naive,
    peer::Peer,
    report::Report,
    scene::{Connected, Scene, couples, strangers},
};

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
    let ours = couples(stage.node.address, strangers(options.pairs)).await?;
    let theirs = Peer::couples(postgres, strangers(options.pairs))?;
    let seconds = common.seconds;

    for _ in 0..common.runs {
        let mut limit = 0.0_f64;
        for clients in CLIENTS {
            postgres.settle()?;
            let rate = naive.run(postgres, clients, seconds)?;
            report.figure(&format!("naive limit, {clients} clients, a second"), rate);
            limit = limit.max(rate);
        }
        postgres.settle()?;
        // People come anew each time: whoever says nothing for a minute is sent away.
        let mut scene = Scene::set(stage.node.address, &ours, Connected::default())?;
        let service = measure(&mut scene, seconds, 1, stage.pids(), Some(postgres))?;
        drop(scene);
        postgres.settle()?;
        let connected = Connected {
            dialect: Dialect::SocketIo,
            ..Connected::default()
        };
        let mut scene = Scene::set(peer.address, &theirs, connected)?;
        let pids = Pids {
            service: vec![peer.pid()],
            stores: vec![postgres.pid()],
        };
        let meter = Meter::start(pids.clone())?;
        let other = measure(&mut scene, seconds, 1, pids, Some(postgres))?;
        drop(scene);

        report.figure("service, durable sends a second", service.rate());
        report.figure("peer, durable sends a second", other.rate());
        report.figure("service / naive limit", service.rate() / limit);
        report.figure("service / peer", service.rate() / other.rate());
        super::report_cost(
            &service.spent,
            service.acknowledged.count(),
            "send",
            &mut report,
        );
        super::report_cost(
            &other.spent,
            other.acknowledged.count(),
            "send to the peer",
            &mut report,
        );
        report_foreign(&meter.read()?, &mut report);
    }
    Ok(report)
}
