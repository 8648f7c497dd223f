//! What a commit may leave for later is done beside the writer, which would stand still for it. SQLite's log is copied
//! into the database: it would wait for the disk twice more each time. PostgreSQL's list of words that are not in
//! their index yet is sorted in: every few thousand messages a commit would take some tens of milliseconds for it.

use std::{
    error::Error,
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, JoinHandle, Thread},
    time::{Duration, Instant},
};

use diesel::connection::SimpleConnection as _;
use messaging_domain::Failure;

use crate::{
    connection::{self, Conn, DatabaseUrl, Purpose},
    failure,
};

/// How long commits to SQLite gather: a page that several have written is copied once.
const GATHER_PAGES: Duration = Duration::from_millis(100);

/// How long words gather on PostgreSQL. A search reads all that are not in their index yet, and what is sorted in at
/// once is in the way of commits: their log is one.
const GATHER_WORDS: Duration = Duration::from_millis(40);

/// How much longer, when commits have several acts: the more words are sorted in at once, the less each costs.
const GATHER_MORE_WORDS: Duration = Duration::from_millis(160);

/// How many acts a commit has when it has several.
const SEVERAL: u64 = 2;

/// How many acts a commit has when there is no time to spare: the words are left to the writer then, which sorts in
/// more of them at once.
const FULL: u64 = 16;

/// How many acts commits had on average.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acts {
    Few,
    Several,
    Full,
}

/// Tells the thread that there is something to do. It ends when nobody can tell it any more.
#[derive(Debug, Clone)]
pub(super) struct Committed(Arc<Bell>);

#[derive(Debug)]
struct Bell {
    heard: Arc<Heard>,
    thread: Thread,
}

/// What the thread has to know. It is woken by the first commit alone; the others gather.
#[derive(Debug, Default)]
struct Heard {
    told: AtomicBool,
    ended: AtomicBool,
    commits: AtomicU64,
    acts: AtomicU64,
}

impl Committed {
    pub(super) fn tell(&self, acts: usize) {
        let Bell { heard, thread } = &*self.0;
        let acts = u64::try_from(acts).unwrap_or(u64::MAX);
        heard.acts.fetch_add(acts, Ordering::Relaxed);
        heard.commits.fetch_add(1, Ordering::Relaxed);
        if !heard.told.swap(true, Ordering::AcqRel) {
            thread.unpark();
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.heard.ended.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl Heard {
    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Waits for a commit and, unless it is the end, for those that come soon after it. `false` at the end.
    fn gather(&self, for_so_long: Duration) -> bool {
        while !self.told.load(Ordering::Acquire) {
            if self.has_ended() {
                return false;
            }
            thread::park();
        }
        self.linger(for_so_long);
        self.told.store(false, Ordering::Release);
        true
    }

    /// Lets time pass, unless it is the end.
    fn linger(&self, for_so_long: Duration) {
        let begun = Instant::now();
        while !self.has_ended() {
            let rest = for_so_long.saturating_sub(begun.elapsed());
            if rest.is_zero() {
                break;
            }
            thread::park_timeout(rest);
        }
    }

    /// What commits were like since this was last asked.
    fn acts_of_a_commit(&self) -> Acts {
        let [acts, commits] =
            [&self.acts, &self.commits].map(|count| count.swap(0, Ordering::Relaxed));
        if acts >= commits.saturating_mul(FULL) {
            Acts::Full
        } else if acts >= commits.saturating_mul(SEVERAL) {
            Acts::Several
        } else {
            Acts::Few
        }
    }
}

/// Starts the thread, with a connection of its own. It holds the lock of SQLite's file to its end.
pub(super) fn start(
    url: DatabaseUrl,
    lock: Option<Arc<File>>,
) -> Result<(Committed, JoinHandle<()>), Failure> {
    let heard = Arc::<Heard>::default();
    let shared = Arc::clone(&heard);
    let joins = thread::Builder::new()
        .name("deferred".to_owned())
        .spawn(move || {
            work(&url, &shared);
            drop(lock);
        })
        .map_err(|error| Failure::new("start what is done beside the writer", error))?;
    let thread = joins.thread().clone();
    Ok((Committed(Arc::new(Bell { heard, thread })), joins))
}

fn work(url: &DatabaseUrl, heard: &Heard) {
    let mut conn = None;
    let on_postgres = matches!(url, DatabaseUrl::Postgres(_));
    while heard.gather(if on_postgres {
        GATHER_WORDS
    } else {
        GATHER_PAGES
    }) {
        if on_postgres {
            let acts = heard.acts_of_a_commit();
            if acts == Acts::Several {
                heard.linger(GATHER_MORE_WORDS);
            }
            // Words are left to a writer that has no time to spare, and to the next one at the end: only SQLite's file
            // should be whole when nobody has it open.
            if acts == Acts::Full || heard.has_ended() {
                continue;
            }
        }
        // Where it fails the writer does it itself, once there is much of it.
        if let Err(error) = do_beside(&mut conn, url) {
            tracing::debug!(%error, "what commits have left could not be done");
        }
    }
}

/// Keeps no writer waiting.
fn do_beside(held: &mut Option<Conn>, url: &DatabaseUrl) -> Result<(), Box<dyn Error>> {
    let mut conn = match held.take() {
        Some(conn) => conn,
        None => connection::connect(url, Purpose::Write)?,
    };
    let done = conn.batch_execute(match conn {
        Conn::Sqlite(_) => "PRAGMA wal_checkpoint(PASSIVE)",
        Conn::Postgres(_) => "SELECT gin_clean_pending_list('messages_terms')",
    });
    if !done.as_ref().is_err_and(failure::is_connection_lost) {
        *held = Some(conn);
    }
    Ok(done?)
}

#[cfg(test)]
mod tests {
    use diesel::{
        Connection as _, RunQueryDsl as _, SqliteConnection, dsl::sql, sql_types::BigInt,
    };

    use super::*;
    use crate::{
        fresh::{Fresh, Kind},
        migrations,
    };

    #[test]
    fn commits_are_told_apart_by_their_acts_on_average() {
        let heard = Arc::default();
        let thread = thread::current();
        let committed = Committed(Arc::new(Bell { heard, thread }));
        for (commits, average) in [
            (&[1][..], Acts::Few),
            (&[1, 1, 3], Acts::Few),
            (&[1, 3], Acts::Several),
            (&[15, 16], Acts::Several),
            (&[1, 40, 30], Acts::Full),
        ] {
            for acts in commits {
                committed.tell(*acts);
            }
            assert_eq!(committed.0.heard.acts_of_a_commit(), average);
        }
    }

    #[test]
    fn what_was_committed_is_in_the_database_when_it_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messaging.db");
        let url = DatabaseUrl::Sqlite(path.clone());
        // Held to the end: whoever is the last to close copies everything.
        let mut writer = connection::connect(&url, Purpose::Write).unwrap();
        let (committed, thread) = start(url, None).unwrap();
        writer
            .batch_execute("CREATE TABLE notes (note TEXT); INSERT INTO notes VALUES ('kept')")
            .unwrap();
        committed.tell(1);
        drop(committed);
        thread.join().unwrap();
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).unwrap();
        let mut conn = SqliteConnection::establish(&copy.to_string_lossy()).unwrap();
        let notes: i64 = sql::<BigInt>("SELECT count(*) FROM notes")
            .get_result(&mut conn)
            .unwrap();
        assert_eq!(notes, 1);
    }

    #[test]
    fn words_are_in_their_index_when_it_was_told() {
        let Some(fresh) = Fresh::new(Kind::Postgres) else {
            return;
        };
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
        let (committed, thread) = start(url, None).unwrap();
        committed.tell(1);
        let mut number = |query: &str| sql::<BigInt>(query).get_result::<i64>(&mut writer).unwrap();
        let cleaned =
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND state = 'idle'
             AND datname = current_database() AND query LIKE '%gin_clean_pending_list%'";
        while number(cleaned) == 0 {
            thread::yield_now();
        }
        assert_eq!(number("SELECT gin_clean_pending_list('messages_terms')"), 0);
        drop(committed);
        thread.join().unwrap();
    }
}
