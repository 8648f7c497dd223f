//! The commands of the `messaging` binary.

use std::{
    io::{ErrorKind, Write as _, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use messaging_domain::UserId;
use messaging_infra::Database;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::{
    asyncapi,
    config::Settings,
    openapi,
    startup::{self, Tuning},
    telemetry,
    wire::frame::client::Op,
};

/// Buyer and seller messaging over HTTP and WebSocket.
///
/// Settings come from the environment (MESSAGING_…) and from a TOML file; `messaging config` shows them.
#[derive(Debug, Parser)]
#[command(name = "messaging", version)]
pub struct Cli {
    /// A TOML file with settings; the environment comes first.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve; what is done when no command is given. Migrates first.
    Serve,
    /// Bring the database's tables up to date, and say what was done.
    Migrate,
    /// Copy the embedded (SQLite) database into a new file, also while it is served. For PostgreSQL use
    /// `pg_dump`.
    Backup(Backup),
    /// Draw a new epoch, after the database was restored from a backup: clients then take everything
    /// afresh instead of trusting positions that are no longer true.
    NewEpoch(NewEpoch),
    /// Print the effective settings, secrets hidden.
    Config,
    /// Print an access token, for trying things.
    Token(Token),
    /// Print every method of every address and every op of the WebSocket, as JSON.
    Routes,
    /// Print the contract of HTTP (OpenAPI).
    Openapi,
    /// Print the contract of the WebSocket (AsyncAPI).
    Asyncapi,
    /// Print the names of the planted bugs, one a line.
    #[cfg(feature = "planted-bugs")]
    PlantedBugs,
}

#[derive(Debug, Args)]
struct Backup {
    /// The new file.
    #[arg(value_name = "PATH")]
    into: PathBuf,
}

#[derive(Debug, Args)]
struct NewEpoch {
    /// Say that the database was restored: every client of every person starts afresh.
    #[arg(long, required = true)]
    restored: bool,
}

#[derive(Debug, Args)]
struct Token {
    /// Whose token.
    #[arg(long, value_name = "ID")]
    user: String,
    /// What to call them, if they are not known yet.
    #[arg(long)]
    name: Option<String>,
    /// How long it is good for.
    #[arg(long, default_value_t = 3_600)]
    seconds: u64,
}

impl Cli {
    /// Does what was asked.
    pub fn run(self) -> ExitCode {
        let done = match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve(self.config),
            Command::Migrate => migrate(self.config),
            Command::Backup(Backup { into }) => back_up(self.config, &into),
            Command::NewEpoch(NewEpoch { restored: _ }) => new_epoch(self.config),
            Command::Config => load(self.config).and_then(|settings| print(&settings.describe())),
            Command::Token(token) => token.print(self.config),
            Command::Routes => load(self.config).and_then(|settings| print(&routes(&settings))),
            Command::Openapi => print(&openapi::written(&openapi::document())),
            Command::Asyncapi => print(&openapi::written(&asyncapi::document())),
            #[cfg(feature = "planted-bugs")]
            Command::PlantedBugs => planted_bugs(),
        };
        match done {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                complain(&error);
                ExitCode::FAILURE
            }
        }
    }
}

fn load(file: Option<PathBuf>) -> anyhow::Result<Settings> {
    Ok(Settings::load(file)?)
}

fn routes(settings: &Settings) -> String {
    let ops: Vec<_> = Op::ALL.iter().copied().map(Op::as_str).collect();
    openapi::written(&json!({ "http": startup::routes(settings), "webSocket": ops }))
}

#[expect(clippy::print_stderr, reason = "nothing may be there yet that logs")]
fn complain(error: &anyhow::Error) {
    eprintln!("messaging: {error:#}");
}

fn print(text: &str) -> anyhow::Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads has read enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        done => Ok(done?),
    }
}

fn migrate(file: Option<PathBuf>) -> anyhow::Result<()> {
    let settings = load(file)?;
    let done = Database::migrate(&startup::database_url(&settings)?)?;
    if done.is_empty() {
        return print("nothing to do\n");
    }
    print(&format!("{}\n", done.join("\n")))
}

#[cfg(feature = "planted-bugs")]
fn planted_bugs() -> anyhow::Result<()> {
    use messaging_infra::planted::Bug;
    Bug::ALL
        .iter()
        .try_for_each(|bug| print(&format!("{bug}\n")))
}

fn back_up(file: Option<PathBuf>, into: &Path) -> anyhow::Result<()> {
    let settings = load(file)?;
    Database::back_up(&startup::database_url(&settings)?, into)?;
    print(&format!("{}\n", into.display()))
}

fn new_epoch(file: Option<PathBuf>) -> anyhow::Result<()> {
    let settings = load(file)?;
    let (old, new) = Database::draw_epoch(&startup::database_url(&settings)?)?;
    print(&format!("{old} is over, {new} begins\n"))
}

impl Token {
    fn print(self, file: Option<PathBuf>) -> anyhow::Result<()> {
        let tokens = startup::tokens(&load(file)?)?;
        let user = UserId::parse(&self.user).context("--user")?;
        let lifetime = Duration::from_secs(self.seconds);
        let token = tokens.issue(&user, self.name.as_deref(), None, lifetime)?;
        print(&format!("{token}\n"))
    }
}

fn serve(file: Option<PathBuf>) -> anyhow::Result<()> {
    let settings = load(file)?;
    // Before the first thread is started, which would run anywhere.
    startup::leave_cores_to_writers(&settings)?;
    let telemetry = telemetry::start(&settings)?;
    #[cfg(feature = "planted-bugs")]
    if let Some(bug) = messaging_infra::planted::chosen()? {
        tracing::warn!(%bug, "a bug is planted in this service");
    }
    for warning in settings.warnings() {
        tracing::warn!("{warning}");
    }
    // Each connection takes a descriptor.
    if let Err(error) = rlimit::increase_nofile_limit(u64::MAX) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
    let system = actix_web::rt::System::new();
    let served = system.block_on(async {
        let (mut terminate, mut interrupt) = (
            signal(SignalKind::terminate())?,
            signal(SignalKind::interrupt())?,
        );
        let running = startup::build(&settings, Tuning::default()).await?;
        print(&format!("listening on http://{}\n", running.address()))?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("going down");
        running.stop().await
    });
    telemetry.flush();
    // Dropping it would wait for queries that are stuck; the process ends now, and they with it.
    std::mem::forget(system);
    served
}
