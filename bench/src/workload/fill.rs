//! Makes much data, in a PostgreSQL that is kept for later runs.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::{
    Common,
    node::Node,
    postgres::Postgres,
    report::Report,
    text::{self, VOCABULARY},
};

/// What differs while it is being filled: nobody misses it if the power fails.
const SETTINGS: [&str; 7] = [
    "fsync=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "autovacuum=off",
    "checkpoint_timeout=1h",
    "max_wal_size=16GB",
];

/// How much data, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args, Serialize, Deserialize)]
pub(crate) struct Amount {
    /// Conversations; a twentieth of them are one seller's.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(10_000..=2_000_000))]
    pub(crate) conversations: u64,
    /// Messages; a hundredth of them are of one person.
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u64).range(50_000..=100_000_000))]
    pub(crate) messages: u64,
    /// Which data: the same seed makes the same.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) store: Store,
    #[command(flatten)]
    pub(crate) amount: Amount,
}

/// Where it is kept.
#[derive(Debug, Clone, Args)]
pub(crate) struct Store {
    /// Where the filled database is, or will be.
    #[arg(long, default_value = "/tmp/messaging-bench-store")]
    pub(crate) store: PathBuf,
}

pub(crate) fn run(common: &Common, options: &Options) -> Result<Report> {
    let begun = Instant::now();
    fill(common, &options.store.store, options.amount)?;
    let mut report = Report::new("A filled database".to_owned(), common);
    report.figure("made in, s", begun.elapsed().as_secs_f64());
    let filled = Filled::open(common, &options.store.store)?;
    let size = filled
        .postgres
        .number("SELECT pg_database_size('postgres')")?;
    report.figure("size, MiB", size / 1024.0 / 1024.0);
    report.setting(filled.words());
    Ok(report)
}

/// What was put there.
fn note(store: &Path) -> PathBuf {
    store.join("filled.json")
}

/// Fills a database, unless it is there already.
pub(crate) fn fill(common: &Common, store: &Path, amount: Amount) -> Result<()> {
    if let Ok(said) = fs::read(note(store)) {
        let there: Amount = serde_json::from_slice(&said).context("read what is there")?;
        ensure!(
            there == amount,
            "{} holds something else: {there:?}",
            store.display()
        );
        return Ok(());
    }
    ensure!(
        !store.join("data").exists(),
        "{} was not filled to its end: remove it",
        store.display()
    );
    let postgres = Postgres::keep(store, &SETTINGS)?;
    // The service makes its own tables.
    let dir = tempfile::tempdir_in(&common.dir).context("make a folder")?;
    let url = postgres.url();
    Node::start(&common.bin, dir.path(), &[("MESSAGING_DATABASE_URL", &url)])?.stop()?;

    let mut words = String::new();
    for number in 0..VOCABULARY {
        // Writing into a string does not fail.
        let _ = writeln!(words, "{number}\t{}", text::word(number));
    }
    let script = dir.path().join("fill.sql");
    fs::write(dir.path().join("words.tsv"), words).context("write the words")?;
    fs::write(&script, include_str!("fill.sql")).context("write the script")?;
    let Amount {
        conversations,
        messages,
        seed,
    } = amount;
    postgres.script(
        &script,
        &[
            ("conversations", conversations),
            ("messages", messages),
            ("seed", seed),
        ],
    )?;
    postgres.ask("VACUUM (FREEZE, ANALYZE)")?;
    check(&postgres, amount)?;
    drop(postgres);
    let said = serde_json::to_vec(&amount).context("note what is there")?;
    fs::write(note(store), said).context("note what is there")
}

/// That it is what the service would have written.
fn check(postgres: &Postgres, amount: Amount) -> Result<()> {
    let is = |what: &str, query: &str, wanted: u64| -> Result<()> {
        let number = postgres.ask(query)?;
        ensure!(
            number == wanted.to_string(),
            "{what}: {number}, not {wanted}"
        );
        Ok(())
    };
    is("messages", "SELECT count(*) FROM messages", amount.messages)?;
    is(
        "conversations",
        "SELECT count(*) FROM conversations",
        amount.conversations,
    )?;
    let none = [
        (
            "conversations whose messages are not numbered densely up to their last",
            "SELECT count(*) FROM conversations c JOIN (SELECT conversation_id, count(*) AS n, max(seq) AS last \
             FROM messages GROUP BY 1) m ON m.conversation_id = c.id WHERE c.last_seq <> m.n OR m.last <> m.n",
        ),
        (
            "conversations with a wrong count of what is unread, of a hundredth of them",
            "SELECT count(*) FROM (SELECT * FROM conversations TABLESAMPLE SYSTEM (1) REPEATABLE (1)) c \
             WHERE (buyer_unread, seller_unread) <> (SELECT count(*) FILTER (WHERE sender_id = seller_id \
             AND seq > buyer_read_seq), count(*) FILTER (WHERE sender_id = buyer_id AND seq > seller_read_seq) \
             FROM messages WHERE conversation_id = c.id)",
        ),
        (
            "streams with a wrong badge",
            "SELECT count(*) FROM streams s JOIN (SELECT person, sum(unread) AS unread, \
             count(*) FILTER (WHERE unread > 0) AS conversations FROM (SELECT buyer_id AS person, \
             buyer_unread AS unread FROM conversations UNION ALL SELECT seller_id, seller_unread FROM conversations) b \
             GROUP BY person) c ON c.person = s.user_id \
             WHERE (s.unread_messages, s.unread_conversations) <> (c.unread, c.conversations)",
        ),
    ];
    for (what, query) in none {
        is(what, query, 0)?;
    }
    Ok(())
}

/// A filled database with a node on it.
pub(crate) struct Filled {
    // In the order in which they have to end.
    pub(crate) node: Node,
    pub(crate) postgres: Postgres,
    pub(crate) amount: Amount,
    _dir: tempfile::TempDir,
}

impl Filled {
    pub(crate) fn open(common: &Common, store: &Path) -> Result<Self> {
        let said = fs::read(note(store))
            .with_context(|| format!("nothing is in {}: run `bench fill`", store.display()))?;
        let amount = serde_json::from_slice(&said).context("read what is there")?;
        let postgres = Postgres::keep(store, &[])?;
        let dir = tempfile::tempdir_in(&common.dir).context("make a folder")?;
        let url = postgres.url();
        let node = Node::start(&common.bin, dir.path(), &[("MESSAGING_DATABASE_URL", &url)])?;
        Ok(Self {
            node,
            postgres,
            amount,
            _dir: dir,
        })
    }

    /// In words, for the report.
    pub(crate) fn words(&self) -> String {
        format!(
            "{}, filled with {} conversations and {} messages (seed {})",
            self.postgres.words(),
            self.amount.conversations,
            self.amount.messages,
            self.amount.seed
        )
    }
}
