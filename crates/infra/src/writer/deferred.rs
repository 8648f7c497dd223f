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

/// When to do it, after a commit.
#[derive(Debug)]
struct Pace {
    /// Once there was no other for so long.
    quiet: Duration,
    /// After so long, however many there are.
    longest: Duration,
    /// Once so many acts were committed, or a little later.
    most_acts: u64,
    /// How many acts a commit has, on average, when there is no time to spare: it is left to the writer while they come.
    full: u64,
}

/// A page that several commits have written is copied once.
const PAGES: Pace = Pace {
    quiet: Duration::from_millis(100),
    longest: Duration::ZERO,
    most_acts: u64::MAX,
    full: u64::MAX,
};

/// The more words are sorted in at once, the less each costs, down to a third for ten thousand messages of what it is for
/// one thousand; but a search reads all that are not sorted in. The writer does it when there are 8 MB of them.
const WORDS: Pace = Pace {
    quiet: Duration::from_millis(250),
    longest: Duration::from_secs(8),
    most_acts: 8_192,
    full: 16,
};

impl Pace {
    /// Whether enough has gathered not to wait for a quiet moment.
    fn is_enough(&self, acts: u64, so_long: Duration) -> bool {
        acts >= self.most_acts || so_long >= self.longest
    }

    fn is_full(&self, acts: u64, commits: u64) -> bool {
        acts >= commits.saturating_mul(self.full)
    }
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

    /// Waits for a commit. `false` at the end.
    fn wait(&self) -> bool {
        while !self.told.load(Ordering::Acquire) {
            if self.has_ended() {
                return false;
            }
            thread::park();
        }
        true
    }

    /// Lets others come after a commit, until it is time; the next one after them is told again.
    fn gather(&self, pace: &Pace) {
        let mut begun = Instant::now();
        let mut before = self.acts.load(Ordering::Relaxed);
        loop {
            self.linger(pace.quiet);
            let [acts, commits] =
                [&self.acts, &self.commits].map(|count| count.load(Ordering::Relaxed));
            if acts == before || self.has_ended() {
                break;
            }
            before = acts;
            if pace.is_enough(acts, begun.elapsed()) {
                if !pace.is_full(acts, commits) {
                    break;
                }
                self.count_afresh();
                (begun, before) = (Instant::now(), 0);
            }
        }
        self.told.store(false, Ordering::Release);
        self.count_afresh();
    }

    fn count_afresh(&self) {
        for count in [&self.acts, &self.commits] {
            count.store(0, Ordering::Relaxed);
        }
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
    while heard.wait() {
        heard.gather(if on_postgres { &WORDS } else { &PAGES });
        // Words are left to the next one at the end: only SQLite's file should be whole when nobody has it open.
        if on_postgres && heard.has_ended() {
            continue;
        }
        // Where it fails it is tried again after the next commit.
        if let Err(error) = do_beside(&mut conn, url) {
            tracing::debug!(%error, "what commits have left could not be done");
        }
    }
}

fn connect(url: &DatabaseUrl) -> Result<Conn, Box<dyn Error>> {
    let mut conn = connection::connect(url, Purpose::Write)?;
    if matches!(conn, Conn::Postgres(_)) {
        // Nobody waits for it.
        conn.batch_execute("SET statement_timeout = '60s'")?;
    }
    Ok(conn)
}

/// Keeps no writer waiting.
fn do_beside(held: &mut Option<Conn>, url: &DatabaseUrl) -> Result<(), Box<dyn Error>> {
    let mut conn = match held.take() {
        Some(conn) => conn,
        None => connect(url)?,
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
    fn commits_gather_until_no_other_comes_or_they_are_many_or_it_takes_long() {
        let soon = Pace {
            quiet: Duration::from_millis(1),
            longest: Duration::MAX,
            most_acts: u64::MAX,
            full: u64::MAX,
        };
        let many = Pace {
            most_acts: 1_000_000,
            ..soon
        };
        let long = Pace {
            longest: Duration::from_millis(2),
            ..soon
        };
        for (pace, go_on) in [(soon, false), (many, true), (long, true)] {
            let heard = Arc::default();
            let thread = thread::current();
            let committed = Committed(Arc::new(Bell { heard, thread }));
            let others = committed.clone();
            committed.tell(1);
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    while go_on && !over.load(Ordering::Relaxed) {
                        others.tell(1000);
                    }
                });
                let heard = &committed.0.heard;
                assert!(heard.wait());
                heard.gather(&pace);
                over.store(true, Ordering::Relaxed);
            });
        }
    }

    #[test]
    fn commits_are_full_by_their_acts_on_average_but_never_for_pages() {
        for (acts, commits, is_full) in
            [(1, 1, false), (30, 2, false), (32, 2, true), (71, 3, true)]
        {
            assert_eq!(WORDS.is_full(acts, commits), is_full, "{acts} in {commits}");
            assert!(!PAGES.is_full(acts, commits));
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
