//! A PostgreSQL of one's own, durable as in production, and what it says of its work.

use std::{
    fs::{self, File},
    os::unix::{fs::chown, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use crate::report::words;

/// What differs from the settings as they come. `fsync`, `synchronous_commit` and `full_page_writes` do not.
const SETTINGS: [&str; 5] = [
    "listen_addresses=",
    "max_connections=100",
    "shared_buffers=1GB",
    "min_wal_size=4GB",
    "max_wal_size=4GB",
];

/// How many files of its log a server has that is no longer new, of 16 MiB each.
const LOG_FILES: u32 = 96;

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server with a cluster that is gone afterwards.
pub(crate) struct Postgres {
    server: Child,
    binaries: PathBuf,
    account: Option<Account>,
    dir: Folder,
}

/// Where a cluster is.
enum Folder {
    /// Gone afterwards.
    Temporary(TempDir),
    /// Kept for later.
    Kept(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Temporary(dir) => dir.path(),
            Self::Kept(path) => path,
        }
    }
}

/// Who runs the server, which refuses to work for root.
#[derive(Debug, Clone, Copy)]
struct Account {
    user: u32,
    group: u32,
}

impl Postgres {
    pub(crate) fn start(parent: &Path) -> Result<Self> {
        Self::start_with(parent, &[])
    }

    /// Starts one with more settings.
    pub(crate) fn start_with(parent: &Path, settings: &[&str]) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("messaging-bench-pg.")
            .tempdir_in(parent)
            .context("make a folder for PostgreSQL")?;
        Self::start_in(Folder::Temporary(dir), settings)
    }

    /// Starts one in a folder that is kept, with what is there.
    pub(crate) fn keep(folder: &Path, settings: &[&str]) -> Result<Self> {
        fs::create_dir_all(folder).context("make a folder for PostgreSQL")?;
        let folder = fs::canonicalize(folder).context("find a folder for PostgreSQL")?;
        Self::start_in(Folder::Kept(folder), settings)
    }

    fn start_in(dir: Folder, settings: &[&str]) -> Result<Self> {
        let binaries = binaries()?;
        let account = account()?;
        if let Some(Account { user, group }) = account {
            chown(dir.path(), Some(user), Some(group)).context("give PostgreSQL its folder")?;
        }
        let log = File::create(dir.path().join("server.log")).context("make a log")?;
        let is_new = !dir.path().join("data/PG_VERSION").exists();
        if is_new {
            initdb(&binaries, account, dir.path(), &log)?;
        }
        let sockets = format!("unix_socket_directories={}", dir.path().display());
        let server = as_account(&binaries.join("postgres"), account, dir.path())
            .args(["-D", "data", "-c", &sockets])
            .args(
                SETTINGS
                    .iter()
                    .chain(settings)
                    .flat_map(|setting| ["-c", setting]),
            )
            .stdout(log.try_clone().context("share a log")?)
            .stderr(log)
            .spawn()
            .context("start PostgreSQL")?;
        let postgres = Self {
            server,
            binaries,
            account,
            dir,
        };
        let begun = Instant::now();
        while postgres.ask("SELECT 1").is_err() {
            if begun.elapsed() > PATIENCE {
                bail!("PostgreSQL does not start");
            }
            thread::sleep(Duration::from_millis(50));
        }
        if is_new {
            postgres.age()?;
        }
        Ok(postgres)
    }

    /// Makes it one that has been written to for a while: it has files of its log to use again. A new one has to make
    /// them first, and all commits wait while each is filled with zeroes and flushed, some ten milliseconds.
    fn age(&self) -> Result<()> {
        self.ask(&format!(
            "DO $$ BEGIN FOR file IN 1..{LOG_FILES} LOOP \
             PERFORM pg_logical_emit_message(false, '', ''); PERFORM pg_switch_wal(); END LOOP; END $$"
        ))?;
        self.ask("CHECKPOINT").map(drop)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.server.id()
    }

    /// For the service.
    pub(crate) fn url(&self) -> String {
        self.url_of("postgres")
    }

    /// Of one of its databases.
    pub(crate) fn url_of(&self, database: &str) -> String {
        format!(
            "postgres:///{database}?host={}&user=postgres",
            self.dir.path().display()
        )
    }

    /// Where its sockets and its data are.
    pub(crate) fn folder(&self) -> &Path {
        self.dir.path()
    }

    /// One of the programs that belong to it.
    pub(crate) fn program(&self, name: &str) -> Command {
        Command::new(self.binaries.join(name))
    }

    /// Runs a script of psql with these variables.
    pub(crate) fn script(&self, script: &Path, variables: &[(&str, u64)]) -> Result<()> {
        let mut psql = self.psql("postgres");
        psql.arg("-f").arg(script);
        for (name, value) in variables {
            psql.args(["-v", &format!("{name}={value}")]);
        }
        if let Some(folder) = script.parent() {
            psql.current_dir(folder);
        }
        said(&mut psql).map(drop)
    }

    /// Does what would come to be done later on behalf of what was written until now, in all databases: whoever
    /// is measured next would pay for it.
    pub(crate) fn settle(&self) -> Result<()> {
        let mut vacuum = self.program("vacuumdb");
        vacuum
            .args(["--all", "--analyze", "--quiet", "-U", "postgres", "-h"])
            .arg(self.folder());
        said(&mut vacuum)?;
        self.ask("CHECKPOINT").map(drop)
    }

    /// Its version, and what was set.
    pub(crate) fn words(&self) -> String {
        let version = words(Command::new(self.binaries.join("postgres")).arg("--version"));
        format!(
            "{version}, fsync on, {}",
            SETTINGS.get(2..).unwrap_or(&[]).join(", ")
        )
    }

    /// The answer to a query, columns apart by `|`.
    pub(crate) fn ask(&self, query: &str) -> Result<String> {
        self.ask_in("postgres", query)
    }

    /// The answer of another of its databases than the service's.
    pub(crate) fn ask_in(&self, database: &str, query: &str) -> Result<String> {
        said(self.psql(database).args(["-c", query]))
    }

    /// Its client for one of its databases: plain answers, and the end at the first error.
    fn psql(&self, database: &str) -> Command {
        let mut psql = self.program("psql");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "postgres"])
            .args(["-d", database, "-h"])
            .arg(self.dir.path());
        psql
    }

    /// The answer to a query for one number.
    pub(crate) fn number(&self, query: &str) -> Result<f64> {
        self.ask(query)?
            .parse()
            .with_context(|| format!("not a number: {query}"))
    }
}

/// What a program prints.
fn said(program: &mut Command) -> Result<String> {
    let name = program.get_program().to_string_lossy().into_owned();
    let output = program.output().with_context(|| format!("run {name}"))?;
    if !output.status.success() {
        bail!("{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Makes a cluster.
fn initdb(binaries: &Path, account: Option<Account>, dir: &Path, log: &File) -> Result<()> {
    let made = as_account(&binaries.join("initdb"), account, dir)
        .args(["--pgdata", "data", "--username", "postgres"])
        .args(["--auth", "trust", "--encoding", "UTF8", "--locale", "C"])
        .stdout(log.try_clone().context("share a log")?)
        .stderr(log.try_clone().context("share a log")?)
        .status()
        .context("run initdb")?;
    if !made.success() {
        bail!(
            "initdb failed:\n{}",
            fs::read_to_string(dir.join("server.log")).unwrap_or_default()
        );
    }
    Ok(())
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mode = match self.dir {
            // The folder goes either way; at worst a process of the server notices that later.
            Folder::Temporary(_) => "immediate",
            Folder::Kept(_) => "fast",
        };
        let _ = as_account(&self.binaries.join("pg_ctl"), self.account, self.dir.path())
            .args(["--pgdata", "data", "--mode", mode, "--silent", "stop"])
            .status();
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn as_account(program: &Path, account: Option<Account>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir);
    if let Some(Account { user, group }) = account {
        command.uid(user).gid(group);
    }
    command
}

/// Nobody else, unless this is root.
fn account() -> Result<Option<Account>> {
    use std::os::unix::fs::MetadataExt as _;
    if fs::metadata("/proc/self").context("look at oneself")?.uid() != 0 {
        return Ok(None);
    }
    let people = fs::read_to_string("/etc/passwd").context("read who there is")?;
    let find = |name: &str| {
        people.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next()? == name).then_some(())?;
            let user = fields.nth(1)?.parse().ok()?;
            let group = fields.next()?.parse().ok()?;
            Some(Account { user, group })
        })
    };
    find("postgres")
        .or_else(|| find("nobody"))
        .map(Some)
        .context("there is nobody to run PostgreSQL for root")
}

/// Where the server's programs are: the newest that Debian has, or where `pg_config` says.
fn binaries() -> Result<PathBuf> {
    let version = |path: &PathBuf| {
        path.file_name()
            .and_then(|name| name.to_str()?.parse::<u32>().ok())
    };
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    found.sort_by_key(version);
    let newest = found.pop().map(|path| path.join("bin"));
    let said = || PathBuf::from(words(Command::new("pg_config").arg("--bindir")));
    let dir = newest.unwrap_or_else(said);
    if !dir.join("initdb").exists() {
        bail!("no PostgreSQL: install its server (Debian: apt-get install postgresql)");
    }
    Ok(dir)
}
