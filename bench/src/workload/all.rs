//! Everything, in one table with its gates and goals, and each workload's own table after it.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::{
    compare,
    fill::{self, Amount, Store},
    grow, idle, mixed, nodes, open, read, send,
    stage::Backend,
    start, storm,
};
use crate::{
    Common,
    report::{Goal, Summary},
};

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    store: Store,
    /// A short form, to see that all of it works: one run of two seconds, little data, few sockets.
    #[arg(long)]
    short: bool,
    /// The folder of the web package, whose sizes are printed with the rest if it has been built.
    #[arg(long, default_value = "web")]
    web: PathBuf,
    /// The folder of the peer.
    #[arg(long, default_value = "bench/peers/socketio")]
    peer: PathBuf,
}

fn sends() -> send::Options {
    send::Options {
        backend: Backend::Postgres,
        over: send::Over::Socket,
        pairs: 100,
        in_flight: 1,
        devices: 1,
        shape: send::Shape::Pairs,
        divided: false,
    }
}

pub(crate) async fn run(common: &Common, options: &Options) -> Result<Summary> {
    let short = Common {
        runs: 1,
        seconds: 2,
        ..common.clone()
    };
    let common = if options.short { &short } else { common };
    let mut all = Summary::new();
    sent(common, options, &mut all).await?;
    unset(common, options, &mut all).await?;
    others(common, options, &mut all).await?;
    filled(common, options, &mut all)?;
    if let Some(said) = web_sizes(options)? {
        all.append(&said);
    }
    Ok(all)
}

/// What is sent: S1 to S4, and shapes that no goal is set for.
async fn sent(common: &Common, options: &Options, all: &mut Summary) -> Result<()> {
    let rate = "durable sends a second";
    let report = compare::run(
        common,
        &compare::Options {
            pairs: 100,
            peer: options.peer.clone(),
        },
    )
    .await?;
    let goals = ["", compare::DIVIDED].map(|placed| {
        let least = |figure: &str, gate, goal| {
            Goal::least("S1", &format!("service{placed}{figure}"), gate, goal)
        };
        [
            least(", durable sends a second", 20_000.0, 30_000.0),
            least(" / naive limit", 2.0, 3.0),
            least(" / peer", 4.0, 6.0),
        ]
    });
    all.add(&report, goals.as_flattened());
    let report = open::run(
        common,
        &open::Options {
            backend: Backend::Postgres,
            rate: if options.short {
                vec![500]
            } else {
                vec![500, 2_000, 10_000]
            },
            burst: 1,
            pairs: 100,
            stalled: 0,
        },
    )
    .await?;
    all.add(
        &report,
        &[
            Goal::most("S2", "500/s, due to delivery, p50, ms", 0.8, 0.5),
            Goal::most("S2", "500/s, due to delivery, p99, ms", 2.5, 1.0),
            Goal::most("S2", "2000/s, due to delivery, p50, ms", 0.8, 0.5),
            Goal::most("S2", "2000/s, due to delivery, p99, ms", 2.5, 1.0),
            Goal::most("S2", "10000/s, due to delivery, p99, ms", 5.0, 2.0),
            Goal::none("500/s, the disk alone, due to flushed, p99, ms"),
            Goal::none("2000/s, the disk alone, due to flushed, p99, ms"),
            Goal::none("10000/s, the disk alone, due to flushed, p99, ms"),
        ],
    );
    let over_http = send::Options {
        over: send::Over::Http,
        ..sends()
    };
    all.add(
        &send::run(common, &over_http).await?,
        &[Goal::least("S3", rate, 10_000.0, 15_000.0)],
    );
    let on_sqlite = send::Options {
        backend: Backend::Sqlite,
        ..sends()
    };
    all.add(
        &send::run(common, &on_sqlite).await?,
        &[
            Goal::least("S4", rate, 8_000.0, 15_000.0),
            Goal::most("S4", "send to acknowledgement, p99, ms", 20.0, 10.0),
        ],
    );
    let shapes = [
        send::Options {
            shape: send::Shape::HotConversation,
            pairs: 64,
            ..sends()
        },
        send::Options {
            shape: send::Shape::HotConversation,
            over: send::Over::Http,
            pairs: 64,
            ..sends()
        },
        send::Options {
            shape: send::Shape::HotSeller,
            ..sends()
        },
        send::Options {
            devices: 3,
            ..sends()
        },
    ];
    for options in &shapes {
        all.add(&send::run(common, options).await?, &[Goal::none(rate)]);
    }
    Ok(())
}

/// Bursts, and reads among writes.
async fn unset(common: &Common, options: &Options, all: &mut Summary) -> Result<()> {
    let rate = if options.short { 500 } else { 2_000 };
    let bursts = open::Options {
        backend: Backend::Postgres,
        rate: vec![rate],
        burst: 100,
        pairs: 100,
        stalled: 0,
    };
    let of_bursts = format!("{rate}/s, due to delivery, p99, ms");
    all.add(
        &open::run(common, &bursts).await?,
        &[Goal::none(&of_bursts)],
    );
    let beside_stalled = open::Options {
        burst: 1,
        pairs: 20,
        stalled: 10,
        ..bursts
    };
    let of_others = format!("{rate}/s, p99 beside them, in p99s without");
    all.add(
        &open::run(common, &beside_stalled).await?,
        &[Goal::most("stalled readers", &of_others, 1.2, 1.2)],
    );
    let report = mixed::run(
        common,
        &mixed::Options {
            backend: Backend::Postgres,
            pairs: 50,
            readers: 4,
        },
    )
    .await?;
    all.add(
        &report,
        &[
            Goal::none("durable sends a second"),
            Goal::none("pages read a second"),
        ],
    );
    Ok(())
}

/// I1, R1, N1, C1.
async fn others(common: &Common, options: &Options, all: &mut Summary) -> Result<()> {
    let idle = idle::Options {
        sockets: if options.short { 500 } else { 10_000 },
        joined: false,
    };
    all.add(
        &idle::run(common, &idle)?,
        &[Goal::most(
            "I1",
            "memory at the end, KiB a socket",
            20.0,
            16.0,
        )],
    );
    let storm = storm::Options {
        sockets: if options.short { 500 } else { 10_000 },
        rate: if options.short { 100 } else { 1_000 },
        at_once: 512,
        backend: Backend::Postgres,
    };
    all.add(
        &storm::run(common, &storm).await?,
        &[Goal::most("R1", "all back and exact, s", 3.0, 1.5)],
    );
    let nodes = nodes::Options {
        senders: 10,
        every: 20,
    };
    all.add(
        &nodes::run(common, &nodes).await?,
        &[Goal::most("N1", "added p50, ms", 2.0, 0.5)],
    );
    all.add(
        &start::run(common)?,
        &[
            Goal::most(
                "C1",
                "start to `listening`, an empty folder, ms",
                1_000.0,
                200.0,
            ),
            Goal::most("C1", "memory of an idle node, MiB", 40.0, 20.0),
            Goal::most("C1", "size of the binary, MiB", 30.0, 20.0),
        ],
    );
    Ok(())
}

/// H1, L1, F1, G1.
fn filled(common: &Common, options: &Options, all: &mut Summary) -> Result<()> {
    let amount = if options.short {
        Amount {
            conversations: 20_000,
            messages: 200_000,
            seed: 1,
        }
    } else {
        Amount {
            conversations: 1_000_000,
            messages: 10_000_000,
            seed: 1,
        }
    };
    let store = if options.short {
        Store {
            store: options.store.store.with_extension("short"),
        }
    } else {
        options.store.clone()
    };
    fill::fill(common, &store.store, amount)?;
    let report = read::run(
        common,
        &read::Options {
            store: store.clone(),
            clients: 8,
        },
    )?;
    all.add(
        &report,
        &[
            Goal::least("H1", "history, the newest 50, a second", 3_000.0, 4_000.0),
            Goal::most("H1", "history, the newest 50, p99, ms", 8.0, 5.0),
            Goal::most("H1", "history, 50 deep in a long one, p99, ms", 8.0, 5.0),
            Goal::most("L1", "inbox of a seller, p99, ms", 5.0, 2.0),
            Goal::most("L1", "unread total of a seller, p99, ms", 5.0, 2.0),
            Goal::most(
                "L1",
                "inbox, p50 of the great seller / of a seller",
                2.0,
                2.0,
            ),
            Goal::most("F1", "search, one word, p99, ms", 50.0, 15.0),
            Goal::most("F1", "search, two words, p99, ms", 50.0, 15.0),
        ],
    );
    let report = grow::run(
        common,
        &grow::Options {
            store,
            pairs: if options.short { 100 } else { 1_000 },
        },
    )?;
    all.add(&report, &[Goal::least("G1", "many / few", 0.4, 0.55)]);
    Ok(())
}

/// W1: what `npm run size` says, if the package has been built.
fn web_sizes(options: &Options) -> Result<Option<String>> {
    if !options.web.join("node_modules").exists() {
        return Ok(None);
    }
    let output = Command::new("npm")
        .args(["run", "--silent", "size"])
        .current_dir(&options.web)
        .output()
        .context("run npm")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "npm run size: {said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Some(format!(
        "## W1, sizes of the web package\n\n```\n{}\n```\n",
        said.trim()
    )))
}
