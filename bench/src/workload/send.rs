//! Sends of pairs in a closed loop, over a socket or over HTTP, on either database.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
    try_join,
};
use uuid::Uuid;

use super::{
    Latencies, report_cost,
    stored::{self, Written},
};
use crate::{
    Common,
    client::{Api, Socket, token},
    machine::{Meter, Pids, real},
    node::Node,
    postgres::Postgres,
    report::Report,
    text,
};

/// How long pairs send before it counts.
const WARM_UP: Duration = Duration::from_secs(2);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The database.
    #[arg(long, value_enum)]
    backend: Backend,
    /// How messages are sent; they are received over sockets.
    #[arg(long, value_enum, default_value_t = Over::Socket)]
    over: Over,
    /// How many pairs send at the same time.
    #[arg(long, default_value_t = 100)]
    pairs: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Backend {
    Sqlite,
    Postgres,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Over {
    Socket,
    Http,
}

/// Somebody who writes to somebody.
struct Pair {
    sender: Sender,
    receiver: Socket,
    conversation: String,
    /// Which pair it is.
    number: usize,
    /// How many messages were sent.
    sent: usize,
}

enum Sender {
    Socket(Box<Socket>),
    Http { api: Api, token: String },
}

/// What a pair did while it counted.
struct Tally {
    acknowledged: Latencies,
    delivered: Latencies,
}

pub(crate) async fn run(common: &Common, options: &Options) -> Result<Report> {
    let dir = tempfile::Builder::new()
        .prefix("messaging-bench.")
        .tempdir_in(&common.dir)
        .context("make a folder")?;
    let postgres = match options.backend {
        Backend::Postgres => Some(Postgres::start(&common.dir)?),
        Backend::Sqlite => None,
    };
    let url = postgres.as_ref().map_or_else(
        || format!("sqlite://{}", database(dir.path()).display()),
        Postgres::url,
    );
    let node = Node::start(&common.bin, dir.path(), &[("MESSAGING_DATABASE_URL", &url)])?;
    let over = if options.over == Over::Http {
        "HTTP"
    } else {
        "the WebSocket"
    };
    let mut report = Report::new(
        format!(
            "Sends over {over}, {} pairs in a closed loop",
            options.pairs
        ),
        common,
    );
    report.setting(
        postgres
            .as_ref()
            .map_or_else(|| "SQLite, synchronous=FULL".to_owned(), Postgres::words),
    );

    let mut pairs = Vec::new();
    for number in 0..options.pairs {
        pairs.push(Pair::new(&node, options.over, number).await?);
    }
    let pids = Pids {
        service: vec![node.pid()],
        stores: postgres.iter().map(Postgres::pid).collect(),
    };
    for _ in 0..common.runs {
        let before = postgres.as_ref().map(Written::read).transpose()?;
        let begun: usize = pairs.iter().map(|pair| pair.sent).sum();
        pairs = measure(
            pairs,
            Duration::from_secs(common.seconds),
            &pids,
            &mut report,
        )
        .await?;
        let sent: usize = pairs.iter().map(|pair| pair.sent).sum();
        if let (Some(postgres), Some(before)) = (&postgres, before) {
            Written::read(postgres)?.report_since(&before, count(sent - begun), &mut report);
        }
    }
    let sent = count(pairs.iter().map(|pair| pair.sent).sum());
    drop(pairs);
    node.stop()?;
    report.setting(format!("{sent} messages in all"));
    if let Some(postgres) = &postgres {
        stored::report_sizes(postgres, sent, &mut report)?;
    } else {
        let size = fs::metadata(database(dir.path()))
            .context("look at the database")?
            .len();
        report.figure("disk, bytes a message", real(size) / real(sent));
    }
    Ok(report)
}

fn database(dir: &Path) -> PathBuf {
    dir.join("messaging.sqlite3")
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

/// One run: warm up, then count.
async fn measure(
    pairs: Vec<Pair>,
    length: Duration,
    pids: &Pids,
    report: &mut Report,
) -> Result<Vec<Pair>> {
    let begin = Instant::now() + WARM_UP;
    let end = begin + length;
    let mut running = JoinSet::new();
    for pair in pairs {
        running.spawn(pair.send_until(begin, end));
    }
    sleep_until(begin).await;
    let meter = Meter::start(pids.clone())?;
    sleep_until(end).await;
    let spent = meter.read()?;

    let mut pairs = Vec::new();
    let (mut acknowledged, mut delivered) = (Latencies::new()?, Latencies::new()?);
    while let Some(done) = running.join_next().await {
        let (pair, tally) = done.context("a pair broke")??;
        acknowledged.merge(&tally.acknowledged)?;
        delivered.merge(&tally.delivered)?;
        pairs.push(pair);
    }
    report.figure(
        "durable sends a second",
        real(acknowledged.count()) / length.as_secs_f64(),
    );
    acknowledged.report("send to acknowledgement,", report);
    delivered.report("send to delivery,", report);
    report_cost(&spent, acknowledged.count(), "send", report);
    Ok(pairs)
}

impl Pair {
    async fn new(node: &Node, over: Over, number: usize) -> Result<Self> {
        let (buyer, seller) = (format!("buyer-{number}"), format!("seller-{number}"));
        let api = Api::new(node.address)?;
        let conversation = api.open(&buyer, &seller).await?;
        let receiver = Socket::open(node.address, None, &seller).await?;
        let sender = match over {
            Over::Socket => {
                Sender::Socket(Box::new(Socket::open(node.address, None, &buyer).await?))
            }
            Over::Http => Sender::Http {
                api,
                token: token(&buyer)?,
            },
        };
        Ok(Self {
            sender,
            receiver,
            conversation,
            number,
            sent: 0,
        })
    }

    async fn send_until(mut self, begin: Instant, end: Instant) -> Result<(Self, Tally)> {
        let mut tally = Tally {
            acknowledged: Latencies::new()?,
            delivered: Latencies::new()?,
        };
        while Instant::now() < end {
            let (acknowledged, delivered) = self.send().await?;
            let now = Instant::now();
            if begin <= now && now < end {
                tally.acknowledged.add(acknowledged)?;
                tally.delivered.add(delivered)?;
            }
        }
        Ok((self, tally))
    }

    /// One message: how long until it was acknowledged, and until it was delivered.
    async fn send(&mut self) -> Result<(Duration, Duration)> {
        let client_id = Uuid::new_v4().to_string();
        let text = text::numbered(self.number * 1_009 + self.sent);
        self.sent += 1;
        let begun = Instant::now();
        let acknowledged = async {
            match &mut self.sender {
                Sender::Socket(socket) => {
                    let id = socket.send(&self.conversation, &client_id, &text).await?;
                    socket.answer(id).await?;
                }
                Sender::Http { api, token } => {
                    api.send(token, &self.conversation, &client_id, &text)
                        .await?;
                }
            }
            anyhow::Ok(begun.elapsed())
        };
        let delivered = async {
            self.receiver.delivery(&client_id).await?;
            anyhow::Ok(begun.elapsed())
        };
        try_join!(acknowledged, delivered)
    }
}
