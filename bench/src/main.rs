//! `bench`: measures what one node carries, and prints each figure with how it came about.

mod client;
mod cores;
mod disk;
mod flights;
mod frames;
mod latencies;
mod limits;
mod links;
mod machine;
mod naive;
mod nats;
mod node;
mod peer;
mod postgres;
mod readers;
mod report;
mod scene;
mod stalled;
mod text;
mod traffic;
mod wire;
mod workload;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use workload::{
    all, check, compare, fill, grow, idle, mixed, nodes, open, read, send, start, storm,
};

#[derive(Debug, Parser)]
#[command(about = "Measures what one node of the messaging service carries")]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    workload: Workload,
}

/// What all workloads are told.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The service's binary, built for release.
    #[arg(long, global = true, default_value = "target/release/messaging")]
    bin: PathBuf,
    /// Where databases are put; on the disk that is to be measured.
    #[arg(long, global = true, default_value = "/tmp")]
    dir: PathBuf,
    /// How often it is measured.
    #[arg(long, global = true, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// How long each run is, in seconds.
    #[arg(long, global = true, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
}

#[derive(Debug, Subcommand)]
enum Workload {
    /// S1, S3, S4: pairs that send, each its next message when the last one was acknowledged and delivered.
    Send(send::Options),
    /// S1 against the naive limit and the peer.
    Compare(compare::Options),
    /// S2: sends by the clock.
    Open(open::Options),
    /// Makes much data for `read` and `grow`, and keeps it.
    Fill(fill::Options),
    /// H1, L1, F1: pages of history, inbox and search in a filled database.
    Read(read::Options),
    /// G1: S1 in a filled database against a small one.
    Grow(grow::Options),
    /// R1: all sockets are cut at once and come back.
    Storm(storm::Options),
    /// People who write, read and look around at once.
    Mixed(mixed::Options),
    /// Everything, in one table with gates and goals.
    All(all::Options),
    /// Counts what a fixed load costs, and fails above the limits: for CI.
    Check,
    /// I1: sockets that say hello and then nothing.
    Idle(idle::Options),
    /// N1: from one node to another over NATS, against the same on one node.
    Nodes(nodes::Options),
    /// C1: from the start of the process until it listens.
    Start,
}

// One thread: the load generator shares the machine with what it measures.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let Cli { common, workload } = Cli::parse();
    let report = match workload {
        Workload::Send(options) => send::run(&common, &options).await?,
        Workload::Compare(options) => compare::run(&common, &options).await?,
        Workload::Open(options) => open::run(&common, &options).await?,
        Workload::Fill(options) => fill::run(&common, &options)?,
        Workload::Read(options) => read::run(&common, &options)?,
        Workload::Grow(options) => grow::run(&common, &options)?,
        Workload::Storm(options) => storm::run(&common, &options).await?,
        Workload::Mixed(options) => mixed::run(&common, &options).await?,
        Workload::All(options) => {
            all::run(&common, &options).await?.print();
            return Ok(());
        }
        Workload::Check => {
            let report = check::run(&common).await?;
            report.print();
            return check::judge(&report);
        }
        Workload::Idle(options) => idle::run(&common, &options)?,
        Workload::Nodes(options) => nodes::run(&common, &options).await?,
        Workload::Start => start::run(&common)?,
    };
    report.print();
    Ok(())
}
