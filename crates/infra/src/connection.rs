//! One connection to either database: which one, and how it is set up.

use std::{
    fmt,
    path::PathBuf,
    time::{Duration, Instant},
};

use diesel::{
    connection::SimpleConnection, pg::PgConnection, prelude::*, result::ConnectionError,
    sqlite::SqliteConnection,
};

/// A connection to one of the two databases. All queries are written against this; only what the
/// two really say differently matches on it.
#[derive(diesel::MultiConnection)]
pub(crate) enum Conn {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Which database: a SQLite file or a PostgreSQL server.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file.
    Sqlite(PathBuf),
    /// A server, by libpq's URL.
    Postgres(String),
}

impl DatabaseUrl {
    /// Takes `sqlite://PATH` (relative, or absolute with a third slash), `postgres://…` or
    /// `postgresql://…`.
    ///
    /// # Errors
    /// A sentence that says what is expected, for anything else: a typo must not become a new file.
    pub fn parse(url: &str) -> Result<Self, String> {
        if let Some(path) = url.strip_prefix("sqlite://") {
            if path.is_empty() || path.contains(['?', '\0']) || path == ":memory:" {
                return Err("a SQLite database is a file: sqlite://PATH".to_owned());
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        Err("a database URL is sqlite://PATH or postgres://USER:PASSWORD@HOST:PORT/NAME".to_owned())
    }
}

impl fmt::Debug for DatabaseUrl {
    /// Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The writer's own, or migrations.
    Write,
    /// One of the pool's.
    Read,
}

/// Opens and sets up a connection. Times are bounded everywhere: a database that is away or stuck
/// is answered with a refusal within two seconds, and holds no lock for longer.
pub(crate) fn connect(url: &DatabaseUrl, purpose: Purpose) -> Result<Conn, ConnectionError> {
    match url {
        DatabaseUrl::Sqlite(path) => {
            let mut conn = SqliteConnection::establish(&path.to_string_lossy())?;
            // FULL: what is acknowledged survives the loss of power; NORMAL would not. The log is copied into the
            // database beside the writer; from 128 MiB on the writer does it itself, or the log would never end.
            let setup =
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
                 PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;
                 PRAGMA recursive_triggers = ON; PRAGMA trusted_schema = OFF;
                 PRAGMA wal_autocheckpoint = 32768;";
            conn.batch_execute(setup)
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            if purpose == Purpose::Read {
                conn.batch_execute("PRAGMA query_only = ON;")
                    .map_err(ConnectionError::CouldntSetupConfiguration)?;
            }
            Ok(Conn::Sqlite(conn))
        }
        DatabaseUrl::Postgres(url) => {
            let mut conn = PgConnection::establish(&with_timeouts(url))?;
            let setup = match purpose {
                // All that a writer asks for goes by a key. So its plans are made once, and for that: a plan
                // that was made while a table was small or never analysed would read it whole. Words are sorted in
                // beside the writer, which stands still when it has to do it itself: then all at once, for which
                // there has to be room.
                Purpose::Write => {
                    "SET lock_timeout = '1500ms'; SET statement_timeout = '5s';
                     SET idle_in_transaction_session_timeout = '10s'; SET synchronous_commit = on;
                     SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
                     SET enable_hashjoin = off; SET enable_mergejoin = off; SET jit = off;
                     SET gin_pending_list_limit = '8MB'; SET work_mem = '16MB'; SET TIME ZONE 'UTC';"
                }
                // A page is read in its index's order wherever there is one: a plan made for anybody would sort all
                // that the busiest person has. Nor is a table read whole that was small when the plan was made. What
                // sorts all the same has to do so above its joins: below, it makes all of them look equally dear.
                Purpose::Read => {
                    "SET lock_timeout = '1500ms'; SET statement_timeout = '5s';
                     SET idle_in_transaction_session_timeout = '10s';
                     SET default_transaction_read_only = on; SET enable_sort = off; SET enable_seqscan = off;
                     SET jit = off; SET TIME ZONE 'UTC';"
                }
            };
            conn.batch_execute(setup)
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            Ok(Conn::Postgres(conn))
        }
    }
}

/// Adds libpq's own time limits to a URL that does not set them.
fn with_timeouts(url: &str) -> String {
    let defaults = [
        ("connect_timeout", "2"),
        ("tcp_user_timeout", "5000"),
        ("keepalives_idle", "10"),
        ("application_name", "messaging"),
    ];
    defaults
        .into_iter()
        .fold(url.to_owned(), |url, (name, value)| {
            if url.contains(&format!("{name}=")) {
                return url;
            }
            let separator = if url.contains('?') { '&' } else { '?' };
            format!("{url}{separator}{name}={value}")
        })
}

/// A pooled connection, with what the pool needs to know about it.
pub(crate) struct Link {
    pub(crate) conn: Conn,
    /// A query failed in a way that leaves the connection unusable.
    pub(crate) broken: bool,
    pub(crate) used_at: Instant,
}

/// Why the pool could not give a connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// It could not be opened.
    #[error(transparent)]
    Connect(#[from] ConnectionError),
    /// It did not answer.
    #[error(transparent)]
    Query(#[from] diesel::result::Error),
}

/// r2d2's hand for opening and checking connections.
#[derive(Debug)]
pub(crate) struct Readers(pub(crate) DatabaseUrl);

/// A connection that was used this recently is taken for a good one without asking it.
const FRESH: Duration = Duration::from_millis(500);

impl r2d2::ManageConnection for Readers {
    type Connection = Link;
    type Error = LinkError;

    fn connect(&self) -> Result<Link, Self::Error> {
        let conn = connect(&self.0, Purpose::Read)?;
        Ok(Link {
            conn,
            broken: false,
            used_at: Instant::now(),
        })
    }

    fn is_valid(&self, link: &mut Link) -> Result<(), Self::Error> {
        if link.used_at.elapsed() > FRESH {
            link.conn.batch_execute("SELECT 1")?;
        }
        Ok(())
    }

    fn has_broken(&self, link: &mut Link) -> bool {
        link.broken
    }
}

#[cfg(test)]
mod tests {
    use diesel::{dsl::sql, prelude::*, sql_types::Text};

    use super::*;
    use crate::fresh::{Fresh, Kind};

    fn connect_to(kind: Kind, purpose: Purpose) -> Option<(Fresh, Conn)> {
        let fresh = Fresh::new(kind)?;
        let conn = connect(&DatabaseUrl::parse(&fresh.url).unwrap(), purpose).unwrap();
        Some((fresh, conn))
    }

    #[test]
    fn sqlite_is_durable_keeps_its_keys_and_waits_for_locks() {
        for purpose in [Purpose::Write, Purpose::Read] {
            // Only a writer makes the file.
            let (fresh, writer) = connect_to(Kind::Sqlite, Purpose::Write).unwrap();
            let url = DatabaseUrl::parse(&fresh.url).unwrap();
            let mut conn = connect(&url, purpose).unwrap();
            for (pragma, expected) in [
                ("journal_mode", "wal"),
                ("synchronous", "2"), // FULL
                ("foreign_keys", "1"),
                ("busy_timeout", "5000"),
                ("recursive_triggers", "1"),
                ("trusted_schema", "0"),
                (
                    "query_only",
                    if purpose == Purpose::Read { "1" } else { "0" },
                ),
            ] {
                let column = if pragma == "busy_timeout" {
                    "timeout"
                } else {
                    pragma
                };
                let query = format!("CAST({column} AS TEXT) FROM pragma_{pragma}");
                let found: String = diesel::select(sql::<Text>(&query))
                    .get_result(&mut conn)
                    .unwrap();
                assert_eq!(found, expected, "{pragma}");
            }
            drop(writer);
        }
    }

    #[test]
    fn postgres_gives_up_waiting_and_is_durable() {
        for purpose in [Purpose::Write, Purpose::Read] {
            let Some((_fresh, mut conn)) = connect_to(Kind::Postgres, purpose) else {
                return;
            };
            let read_only = if purpose == Purpose::Read {
                "on"
            } else {
                "off"
            };
            let mut expected = vec![
                ("lock_timeout", "1500ms"),
                ("statement_timeout", "5s"),
                ("idle_in_transaction_session_timeout", "10s"),
                ("default_transaction_read_only", read_only),
                ("TimeZone", "UTC"),
                ("application_name", "messaging"),
                ("enable_seqscan", "off"),
            ];
            if purpose == Purpose::Write {
                expected.push(("synchronous_commit", "on"));
                expected.push(("plan_cache_mode", "force_generic_plan"));
                expected.push(("gin_pending_list_limit", "8MB"));
                expected.push(("work_mem", "16MB"));
            }
            for (setting, expected) in expected {
                let query = format!("current_setting('{setting}')");
                let found: String = diesel::select(sql::<Text>(&query))
                    .get_result(&mut conn)
                    .unwrap();
                assert_eq!(found, expected, "{setting}");
            }
        }
    }

    #[test]
    fn a_url_keeps_its_own_time_limits() {
        assert_eq!(
            with_timeouts("postgres://a/b?connect_timeout=9"),
            "postgres://a/b?connect_timeout=9&tcp_user_timeout=5000&keepalives_idle=10&application_name=messaging"
        );
        assert!(with_timeouts("postgres://a/b").starts_with("postgres://a/b?connect_timeout=2&"));
    }
}
