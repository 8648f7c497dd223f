//! What a commit may leave for later is done beside the writer, which would stand still for it. SQLite's log is copied
//! into the database: it would wait for the disk twice more each time. PostgreSQL's list of words that are not in
//! their index yet is sorted in: at once when nothing is written, and else little by little, since whatever takes a
//! core of two for some tens of milliseconds makes everybody wait for the other.

mod gathering;

use std::{
    error::Error,
    fs::File,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use diesel::{
    QueryResult, RunQueryDsl as _, connection::SimpleConnection as _, dsl::sql, sql_types::Bool,
};
use messaging_domain::Failure;

use crate::{
    connection::{self, Conn, DatabaseUrl, Purpose},
    failure,
};
pub(super) use gathering::Committed;
use gathering::{Heard, Moment, PAGES, WORDS};

/// Pauses of a millisecond after each twenty pages that were looked at, which is a millisecond of work at most. While more is
/// written than a vacuum sorts in, it goes on, until it is ended here: it would keep a migration waiting.
const LITTLE_BY_LITTLE: &str =
    "SET statement_timeout = '10s'; SET vacuum_cost_delay = '1ms'; SET vacuum_cost_limit = 20;
     SET vacuum_cost_page_hit = 1; SET vacuum_cost_page_miss = 1; SET vacuum_cost_page_dirty = 1";

/// The size of an index of words, in bytes, up to which a vacuum may look through all of it, as it does at its end: a
/// quarter of a second of work.
const LOOKED_THROUGH: i64 = 1 << 30;

/// The thread that does it.
#[derive(Debug)]
pub(super) struct Deferred {
    thread: JoinHandle<()>,
    /// Nothing is ever sent: the other end is gone when the thread has ended.
    ended: Receiver<()>,
    patience: Duration,
}

/// How long the end of a vacuum is waited for, which loses nothing when it is not. SQLite's file is to be whole.
const PATIENCE: Duration = Duration::from_secs(1);

impl Deferred {
    /// Waits for its end once nobody can tell it anything any more.
    pub(super) fn join(self) {
        if self.ended.recv_timeout(self.patience) != Err(RecvTimeoutError::Timeout) {
            // It has ended, in whatever way.
            let _ = self.thread.join();
        }
    }
}

/// Starts the thread, with a connection of its own. It holds the lock of SQLite's file to its end.
pub(super) fn start(
    url: DatabaseUrl,
    lock: Option<Arc<File>>,
) -> Result<(Committed, Deferred), Failure> {
    let patience = match url {
        DatabaseUrl::Postgres(_) => PATIENCE,
        DatabaseUrl::Sqlite(_) => Duration::MAX,
    };
    let heard = Arc::<Heard>::default();
    let shared = Arc::clone(&heard);
    let (ends, ended) = sync_channel(0);
    let thread = thread::Builder::new()
        .name("deferred".to_owned())
        .spawn(move || {
            work(&url, &shared);
            drop((lock, ends));
        })
        .map_err(|error| Failure::new("start what is done beside the writer", error))?;
    let committed = Committed::new(heard, thread.thread().clone());
    let deferred = Deferred {
        thread,
        ended,
        patience,
    };
    Ok((committed, deferred))
}

fn work(url: &DatabaseUrl, heard: &Heard) {
    let mut conn = None;
    let on_postgres = matches!(url, DatabaseUrl::Postgres(_));
    while heard.wait() {
        let moment = heard.gather(if on_postgres { &WORDS } else { &PAGES });
        // Words are left to the next one at the end: only SQLite's file should be whole when nobody has it open.
        if on_postgres && heard.has_ended() {
            continue;
        }
        // Where it fails it is tried again after the next commit.
        if let Err(error) = do_beside(&mut conn, url, moment) {
            tracing::debug!(%error, "what commits have left could not be done");
        }
    }
}

fn connect(url: &DatabaseUrl) -> Result<Conn, Box<dyn Error>> {
    let mut conn = connection::connect(url, Purpose::Write)?;
    if matches!(conn, Conn::Postgres(_)) {
        conn.batch_execute(LITTLE_BY_LITTLE)?;
    }
    Ok(conn)
}

/// Keeps no writer waiting.
fn do_beside(
    held: &mut Option<Conn>,
    url: &DatabaseUrl,
    moment: Moment,
) -> Result<(), Box<dyn Error>> {
    let mut conn = match held.take() {
        Some(conn) => conn,
        None => connect(url)?,
    };
    let done = match conn {
        Conn::Sqlite(_) => conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)"),
        Conn::Postgres(_) => sort_words_in(&mut conn, moment, LOOKED_THROUGH),
    };
    if !done.as_ref().is_err_and(failure::is_connection_lost) {
        *held = Some(conn);
    }
    Ok(done?)
}

/// PostgreSQL knows of pauses only while it vacuums.
fn sort_words_in(conn: &mut Conn, moment: Moment, looked_through: i64) -> QueryResult<()> {
    let is_small = format!("SELECT pg_relation_size('messages_terms') <= {looked_through}");
    if moment == Moment::Busy && sql::<Bool>(&is_small).get_result(conn)? {
        conn.batch_execute("VACUUM (TRUNCATE FALSE) messages")
    } else {
        conn.batch_execute("SELECT gin_clean_pending_list('messages_terms')")
    }
}

#[cfg(test)]
mod tests {
    use diesel::{Connection as _, SqliteConnection, sql_types::BigInt};

    use super::*;
    use crate::{
        fresh::{Fresh, Kind},
        migrations,
    };

    #[test]
    fn what_takes_long_is_not_waited_for() {
        let (let_go, held) = sync_channel::<()>(0);
        let (ends, ended) = sync_channel(0);
        let thread = thread::spawn(move || {
            let _ = held.recv();
            drop(ends);
        });
        let patience = Duration::ZERO;
        Deferred {
            thread,
            ended,
            patience,
        }
        .join();
        drop(let_go);
    }

    #[test]
    fn what_was_committed_is_in_the_database_when_it_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messaging.db");
        let url = DatabaseUrl::Sqlite(path.clone());
        // Held to the end: whoever is the last to close copies everything.
        let mut writer = connection::connect(&url, Purpose::Write).unwrap();
        let (committed, deferred) = start(url, None).unwrap();
        writer
            .batch_execute("CREATE TABLE notes (note TEXT); INSERT INTO notes VALUES ('kept')")
            .unwrap();
        committed.tell(1);
        drop(committed);
        deferred.join();
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).unwrap();
        let mut conn = SqliteConnection::establish(&copy.to_string_lossy()).unwrap();
        let notes: i64 = sql::<BigInt>("SELECT count(*) FROM notes")
            .get_result(&mut conn)
            .unwrap();
        assert_eq!(notes, 1);
    }

    /// A database with messages whose words are not sorted in.
    fn unsorted() -> Option<(Fresh, DatabaseUrl, Conn)> {
        let fresh = Fresh::new(Kind::Postgres)?;
        let url = DatabaseUrl::parse(&fresh.url).unwrap();
        let mut writer = connection::connect(&url, Purpose::Write).unwrap();
        migrations::run(&mut writer).unwrap();
        writer
            .batch_execute(
                "ALTER TABLE messages DROP CONSTRAINT messages_pkey;
                 INSERT INTO messages (conversation_id, seq, revision, client_id, sender_id, kind, body, created_at, terms)
                 SELECT gen_random_uuid(), 1, 1, gen_random_uuid(), 'ann', 'text', '', now(), to_tsvector(n::TEXT)
                 FROM generate_series(1, 1000) n;",
            )
            .unwrap();
        Some((fresh, url, writer))
    }

    fn number(conn: &mut Conn, query: &str) -> i64 {
        sql::<BigInt>(query).get_result(conn).unwrap()
    }

    /// How many pages had to be sorted in, which they are now.
    const UNSORTED: &str = "SELECT gin_clean_pending_list('messages_terms')";

    #[test]
    fn words_are_in_their_index_when_it_was_told() {
        let Some((_fresh, url, mut writer)) = unsorted() else {
            return;
        };
        let (committed, deferred) = start(url, None).unwrap();
        committed.tell(1);
        let sorted =
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'idle'
             AND datname = current_database() AND query LIKE '%gin_clean_pending_list%'";
        while number(&mut writer, sorted) == 0 {
            thread::yield_now();
        }
        assert_eq!(number(&mut writer, UNSORTED), 0);
        drop(committed);
        deferred.join();
    }

    #[test]
    fn words_are_sorted_in_by_a_vacuum_only_while_others_are_written_and_the_index_is_small() {
        for (moment, looked_through, vacuums) in [
            (Moment::Busy, LOOKED_THROUGH, 1),
            (Moment::Busy, 0, 0),
            (Moment::Quiet, LOOKED_THROUGH, 0),
        ] {
            let Some((_fresh, url, mut writer)) = unsorted() else {
                return;
            };
            let mut conn = connect(&url).unwrap();
            let pauses = "SELECT (current_setting('vacuum_cost_delay') = '1ms')::INT::BIGINT";
            assert_eq!(number(&mut conn, pauses), 1);
            sort_words_in(&mut conn, moment, looked_through).unwrap();
            assert_eq!(number(&mut writer, UNSORTED), 0, "{moment:?}");
            let vacuumed =
                "SELECT vacuum_count FROM pg_stat_user_tables WHERE relname = 'messages'";
            assert_eq!(number(&mut writer, vacuumed), vacuums, "{moment:?}");
        }
    }
}
