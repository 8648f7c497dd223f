//! `chaos`: drives the real service through its public contract while things break, and judges.

mod act;
mod campaign;
mod canary;
mod cli;
mod cluster;
mod court;
mod dump;
mod ear;
mod fault;
mod ledger;
mod nats;
mod nemesis;
mod node;
mod place;
mod points;
mod postgres;
mod process;
mod proxy;
mod recorder;
mod run;
mod schedule;
mod session;
mod setup;
mod size;
mod socket;
mod tmpfs;
mod token;
mod voice;
mod world;

use std::process::ExitCode;

use clap::Parser as _;

use cli::{Cli, Command};

fn main() -> ExitCode {
    match begin(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            say!("chaos: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn begin(command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    runtime.block_on(async {
        tokio::select! {
            done = obey(command) => done,
            // Whatever was started goes with whoever started it.
            () = told_to_stop() => anyhow::bail!("stopped"),
        }
    })
}

/// Until somebody wants it to end.
async fn told_to_stop() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}

async fn obey(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run(options) => {
            let verdict = campaign::judged(&options).await?;
            say!("{}", run::place_of(&options).display());
            say!("{}", verdict.text().trim_end());
            Ok(ExitCode::from(verdict.exit_code()))
        }
        Command::Short(options) => campaign::short(&options).await,
        Command::Campaign(options) => campaign::long(&options).await,
        Command::Bugs(options) => campaign::bugs(&options).await,
        Command::Ledger { ledger } => ledger::print(&ledger),
        Command::KillPoints(options) => points::kill_points(&options).await,
        Command::IoPoints(options) => points::io_points(&options).await,
        Command::FlushOracle(options) => points::flush_oracle(&options).await,
        Command::Judge { history, profile } => {
            let verdict = court::try_history(&history, court::thresholds(profile)).await?;
            say!("{}", verdict.text().trim_end());
            Ok(ExitCode::from(verdict.exit_code()))
        }
    }
}
