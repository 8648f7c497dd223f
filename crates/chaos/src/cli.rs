//! The commands of `chaos`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};

/// Drives the real service through its public contract while things break, and judges what came of it.
#[derive(Debug, Parser)]
#[command(name = "chaos", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// One run: load, faults, and a verdict.
    Run(Run),
    /// The service killed at the N-th system call of a small load.
    KillPoints(Points),
    /// The N-th flush, write or read of the embedded database failed.
    IoPoints(Points),
    /// Whether each message was durable before it was acknowledged.
    FlushOracle(Points),
    /// A run of each shape, as in CI.
    Short(Short),
    /// Many seeds on every shape; each run is a line in the ledger.
    Campaign(Campaign),
    /// What the ledger sums up to, against the goals.
    Ledger {
        /// The ledger.
        #[arg(long, default_value_os_t = crate::campaign::ledger())]
        ledger: PathBuf,
    },
    /// Each planted bug of a binary that has them, with up to three seeds.
    Bugs(Bugs),
    /// Judge a history that was recorded.
    Judge {
        /// The history.
        history: PathBuf,
        /// Which floors it has to reach.
        #[arg(long, value_enum, default_value_t = Profile::Short)]
        profile: Profile,
    },
}

/// How a run is made.
#[derive(Debug, Clone, Args)]
pub(crate) struct Run {
    /// The service's binary.
    #[arg(long, env = "MESSAGING_BIN", default_value = "target/debug/messaging")]
    pub(crate) bin: PathBuf,
    /// Of everything that is drawn.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Which database.
    #[arg(long, value_enum, default_value_t = Backend::Sqlite)]
    pub(crate) backend: Backend,
    /// How many nodes; more than one need PostgreSQL and a bus.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=3))]
    pub(crate) nodes: u8,
    /// How many windows of faults.
    #[arg(long)]
    pub(crate) windows: Option<usize>,
    /// How much is wanted.
    #[arg(long, value_enum, default_value_t = Profile::Short)]
    pub(crate) profile: Profile,
    /// Only these kinds of faults, comma-separated.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// A bug to be switched on in a binary that has them.
    #[arg(long)]
    pub(crate) bug: Option<String>,
    /// Follow this schedule (JSON) instead of drawing one.
    #[arg(long)]
    pub(crate) schedule: Option<PathBuf>,
    /// Keep everything, also of a valid run.
    #[arg(long)]
    pub(crate) keep: bool,
    /// Append a line to this ledger.
    #[arg(long)]
    pub(crate) ledger: Option<PathBuf>,
}

/// The short form.
#[derive(Debug, Clone, Args)]
pub(crate) struct Short {
    /// The service's binary.
    #[arg(long, env = "MESSAGING_BIN", default_value = "target/debug/messaging")]
    pub(crate) bin: PathBuf,
    /// Of everything that is drawn.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

/// The long form.
#[derive(Debug, Clone, Args)]
pub(crate) struct Campaign {
    /// The service's binary.
    #[arg(
        long,
        env = "MESSAGING_BIN",
        default_value = "target/release/messaging"
    )]
    pub(crate) bin: PathBuf,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) first: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 100)]
    pub(crate) seeds: u64,
    /// How much is wanted of each run.
    #[arg(long, value_enum, default_value_t = Profile::Long)]
    pub(crate) profile: Profile,
    /// Where each run is a line.
    #[arg(long, default_value_os_t = crate::campaign::ledger())]
    pub(crate) ledger: PathBuf,
    /// Look for the fewest windows that make a run fail, when one does.
    #[arg(long)]
    pub(crate) shrink: bool,
}

/// The hunt for planted bugs.
#[derive(Debug, Clone, Args)]
pub(crate) struct Bugs {
    /// The service's binary, built with the feature `planted-bugs`.
    #[arg(long, env = "MESSAGING_BIN", default_value = "target/debug/messaging")]
    pub(crate) bin: PathBuf,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How many windows of faults in each run.
    #[arg(long, default_value_t = 5)]
    pub(crate) windows: usize,
    /// Only these, comma-separated.
    #[arg(long, value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Only in runs on this database.
    #[arg(long, value_enum)]
    pub(crate) backend: Option<Backend>,
    /// Only in runs on so many nodes.
    #[arg(long)]
    pub(crate) nodes: Option<u8>,
}

/// How many points, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct Points {
    /// The service's binary.
    #[arg(long, env = "MESSAGING_BIN", default_value = "target/debug/messaging")]
    pub(crate) bin: PathBuf,
    /// Which database.
    #[arg(long, value_enum, default_value_t = Backend::Sqlite)]
    pub(crate) backend: Backend,
    /// How many effective points are wanted.
    #[arg(long = "points", default_value_t = 60)]
    pub(crate) count: usize,
    /// Of everything that is drawn.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Append a line to this ledger.
    #[arg(long)]
    pub(crate) ledger: Option<PathBuf>,
}

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Backend {
    /// The embedded one.
    Sqlite,
    /// A cluster of our own.
    Postgres,
}

impl Backend {
    /// Its name in histories.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// How much is wanted of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Profile {
    /// As in CI.
    Short,
    /// As before a release.
    Long,
    /// One fault stays until the end: the rest has to go on.
    Liveness,
}
