//! A database of its own for each test: a file, or one on the PostgreSQL server that
//! `TEST_DATABASE_URL` names. It is gone when the test is over, however that ends.

use std::{
    io::Write as _,
    process,
    sync::{
        Once,
        atomic::{AtomicU32, Ordering},
    },
};

use diesel::{connection::SimpleConnection, prelude::*};

/// On which database a test runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// A database with nothing in it.
pub(crate) struct Fresh {
    pub(crate) kind: Kind,
    pub(crate) url: String,
    /// The SQLite file's folder.
    _folder: Option<tempfile::TempDir>,
    /// The server and the name of the database on it.
    made: Option<(String, String)>,
}

impl Fresh {
    /// Makes one; `None` when there is no PostgreSQL to make it on and none is required.
    pub(crate) fn new(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Sqlite => {
                let folder = tempfile::tempdir().unwrap();
                let url = format!("sqlite://{}", folder.path().join("messaging.db").display());
                Some(Self {
                    kind,
                    url,
                    _folder: Some(folder),
                    made: None,
                })
            }
            Kind::Postgres => {
                static COUNT: AtomicU32 = AtomicU32::new(0);
                let server = server()?;
                let number = COUNT.fetch_add(1, Ordering::Relaxed);
                let name = format!("messaging_test_{}_{number}", process::id());
                PgConnection::establish(&server)
                    .unwrap()
                    // What a test that was killed has left behind under the same process id.
                    .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                    .unwrap();
                PgConnection::establish(&server)
                    .unwrap()
                    .batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0"))
                    .unwrap();
                Some(Self {
                    kind,
                    url: with_database(&server, &name),
                    _folder: None,
                    made: Some((server, name)),
                })
            }
        }
    }

    /// A raw connection to it.
    pub(crate) fn raw(&self) -> Raw {
        match self.kind {
            Kind::Sqlite => {
                let path = self.url.strip_prefix("sqlite://").unwrap();
                let mut conn = SqliteConnection::establish(path).unwrap();
                conn.batch_execute("PRAGMA busy_timeout = 5000").unwrap();
                Raw::Sqlite(conn)
            }
            Kind::Postgres => Raw::Postgres(PgConnection::establish(&self.url).unwrap()),
        }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        if let Some((server, name)) = &self.made
            && let Ok(mut conn) = PgConnection::establish(server)
        {
            // A test that has failed should say why, not this.
            let _ = conn.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// A connection past the store.
pub(crate) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Raw {
    /// Runs statements.
    pub(crate) fn run(&mut self, sql: &str) {
        match self {
            Self::Sqlite(conn) => conn.batch_execute(sql),
            Self::Postgres(conn) => conn.batch_execute(sql),
        }
        .unwrap();
    }

    /// What a query of one text column gives.
    pub(crate) fn texts(&mut self, sql: &str) -> Vec<String> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Text)]
            value: String,
        }
        let sql = format!("SELECT CAST(value AS TEXT) AS value FROM ({sql}) AS rows");
        let rows: Vec<Row> = match self {
            Self::Sqlite(conn) => diesel::sql_query(sql).load(conn),
            Self::Postgres(conn) => diesel::sql_query(sql).load(conn),
        }
        .unwrap();
        rows.into_iter().map(|row| row.value).collect()
    }
}

/// The server's URL, if there is one.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no configuration but its environment"
)]
fn server() -> Option<String> {
    static SKIPPED: Once = Once::new();
    let given = std::env::var("TEST_DATABASE_URL").ok();
    assert!(
        given.is_some() || std::env::var("REQUIRE_POSTGRES").as_deref() != Ok("1"),
        "REQUIRE_POSTGRES=1, but TEST_DATABASE_URL names no server: run this through scripts/with-postgres"
    );
    if given.is_none() {
        SKIPPED.call_once(|| {
            let _ = writeln!(
                std::io::stderr(),
                "PostgreSQL tests are skipped: TEST_DATABASE_URL is not set (scripts/with-postgres sets it)"
            );
        });
    }
    given
}

/// The URL of another database on the same server.
fn with_database(server: &str, name: &str) -> String {
    let (address, query) = server.split_once('?').unwrap_or((server, ""));
    let (scheme, rest) = address.split_once("://").unwrap();
    let host = rest.split('/').next().unwrap_or_default();
    let separator = if query.is_empty() { "" } else { "?" };
    format!("{scheme}://{host}/{name}{separator}{query}")
}
