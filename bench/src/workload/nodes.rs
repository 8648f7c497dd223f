//! Two nodes over NATS: what it costs to be on the other one.

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
    try_join,
};
use uuid::Uuid;

use super::report_cost;
use crate::{
    Common,
    client::{Api, Socket},
    latencies::Latencies,
    machine::{Meter, Pids},
    nats::Nats,
    node::Node,
    postgres::Postgres,
    report::Report,
    text,
};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many senders there are.
    #[arg(long, default_value_t = 10)]
    pub(crate) senders: usize,
    /// How long a sender waits from one message to the next, in milliseconds.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub(crate) every: u64,
}

/// Somebody who writes in turn to somebody on the same node and to somebody on the other.
struct Sender {
    socket: Socket,
    near: Receiver,
    far: Receiver,
    every: Duration,
}

struct Receiver {
    socket: Socket,
    conversation: String,
}

/// From the send to the delivery.
struct Tally {
    near: Latencies,
    far: Latencies,
}

pub(crate) async fn run(common: &Common, options: &Options) -> Result<Report> {
    let dirs = [
        tempfile::tempdir_in(&common.dir)?,
        tempfile::tempdir_in(&common.dir)?,
    ];
    let [here, there] = &dirs;
    let postgres = Postgres::start(&common.dir)?;
    let nats = Nats::start(here.path())?;
    let (database, bus) = (postgres.url(), nats.url());
    let settings = [
        ("MESSAGING_DATABASE_URL", database.as_str()),
        ("MESSAGING_NATS_URL", bus.as_str()),
    ];
    let one = Node::start(&common.bin, here.path(), &settings)?;
    let other = Node::start(&common.bin, there.path(), &settings)?;

    let title = format!(
        "Two nodes, {} senders, a message each {} ms",
        options.senders, options.every
    );
    let mut report = Report::new(title, common);
    report.setting(postgres.words());
    report.setting(Nats::words());
    let mut senders = Vec::new();
    for number in 0..options.senders {
        senders
            .push(Sender::new(&one, &other, number, Duration::from_millis(options.every)).await?);
    }
    let pids = Pids {
        service: vec![one.pid(), other.pid()],
        stores: vec![postgres.pid(), nats.pid()],
    };
    for _ in 0..common.runs {
        senders = measure(
            senders,
            Duration::from_secs(common.seconds),
            &pids,
            &mut report,
        )
        .await?;
    }
    Ok(report)
}

async fn measure(
    senders: Vec<Sender>,
    length: Duration,
    pids: &Pids,
    report: &mut Report,
) -> Result<Vec<Sender>> {
    let meter = Meter::start(pids.clone())?;
    let end = Instant::now() + length;
    let mut running = JoinSet::new();
    for sender in senders {
        running.spawn(sender.send_until(end));
    }
    sleep_until(end).await;
    let spent = meter.read()?;
    let mut senders = Vec::new();
    let mut all = Tally::new()?;
    while let Some(done) = running.join_next().await {
        let (sender, tally) = done.context("a sender broke")??;
        all.near.merge(&tally.near)?;
        all.far.merge(&tally.far)?;
        senders.push(sender);
    }
    all.near
        .report("send to delivery on the same node,", report);
    all.far
        .report("send to delivery on the other node,", report);
    report.figure(
        "added p50, ms",
        all.far.quantile(0.5) - all.near.quantile(0.5),
    );
    report_cost(&spent, all.near.count() + all.far.count(), "send", report);
    Ok(senders)
}

impl Tally {
    fn new() -> Result<Self> {
        Ok(Self {
            near: Latencies::new()?,
            far: Latencies::new()?,
        })
    }
}

impl Sender {
    async fn new(one: &Node, other: &Node, number: usize, every: Duration) -> Result<Self> {
        let user = format!("buyer-{number}");
        let api = Api::new(one.address)?;
        Ok(Self {
            near: Receiver::new(&api, one, &user, &format!("near-{number}")).await?,
            far: Receiver::new(&api, other, &user, &format!("far-{number}")).await?,
            socket: Socket::open(one.address, None, &user).await?,
            every,
        })
    }

    async fn send_until(mut self, end: Instant) -> Result<(Self, Tally)> {
        let mut tally = Tally::new()?;
        let mut pace = interval(self.every);
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        for number in 0_u64.. {
            pace.tick().await;
            if Instant::now() >= end {
                break;
            }
            let text = text::numbered(number);
            let near = number % 2 == 0;
            let receiver = if near { &mut self.near } else { &mut self.far };
            let took = receiver.receive_from(&mut self.socket, &text).await?;
            if near {
                &mut tally.near
            } else {
                &mut tally.far
            }
            .add(took)?;
        }
        Ok((self, tally))
    }
}

impl Receiver {
    async fn new(api: &Api, node: &Node, buyer: &str, seller: &str) -> Result<Self> {
        Ok(Self {
            conversation: api.open(buyer, seller).await?,
            socket: Socket::open(node.address, None, seller).await?,
        })
    }

    /// How long a message takes from its sender.
    async fn receive_from(&mut self, sender: &mut Socket, text: &str) -> Result<Duration> {
        let client_id = Uuid::new_v4().to_string();
        let begun = Instant::now();
        let id = sender.send(&self.conversation, &client_id, text).await?;
        let delivered = async {
            self.socket.delivery(&client_id).await?;
            anyhow::Ok(begun.elapsed())
        };
        let (took, ()) = try_join!(delivered, sender.answer(id))?;
        Ok(took)
    }
}
