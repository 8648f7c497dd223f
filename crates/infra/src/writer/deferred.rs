//! What SQLite has committed to its log is copied into the database beside the writer, which would wait for the
//! disk twice more each time.

use std::{
    fs::File,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use diesel::{QueryResult, connection::SimpleConnection as _};
use messaging_domain::Failure;

use crate::connection::Conn;

/// How long commits gather: a page that several have written is copied once.
const GATHER: Duration = Duration::from_millis(100);

/// Tells the thread that there is something to copy. It ends when nobody can tell it any more.
#[derive(Debug, Clone)]
pub(super) struct Committed(SyncSender<()>);

impl Committed {
    pub(super) fn tell(&self) {
        // Told already, or gone: then whoever opens the database next copies what is left.
        let _ = self.0.try_send(());
    }
}

/// Starts the thread on a connection of its own. It holds the lock of the database's file to its end.
pub(super) fn start(
    mut conn: Conn,
    lock: Option<Arc<File>>,
) -> Result<(Committed, JoinHandle<()>), Failure> {
    let (told, committed) = sync_channel(1);
    let thread = thread::Builder::new()
        .name("checkpoints".to_owned())
        .spawn(move || {
            while committed.recv().is_ok() {
                gather(&committed);
                // Where it fails the log grows, until the writer copies it itself.
                if let Err(error) = copy(&mut conn) {
                    tracing::debug!(%error, "a checkpoint failed");
                }
            }
            drop(conn);
            drop(lock);
        })
        .map_err(|error| Failure::new("start the checkpoints", error))?;
    Ok((Committed(told), thread))
}

fn gather(committed: &Receiver<()>) {
    let until = Instant::now() + GATHER;
    loop {
        match committed.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
        }
    }
}

/// Waits for nobody and keeps nobody waiting.
fn copy(conn: &mut Conn) -> QueryResult<()> {
    conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")
}

#[cfg(test)]
mod tests {
    use diesel::{Connection as _, RunQueryDsl as _, SqliteConnection, dsl::sql};

    use super::*;
    use crate::connection::{self, DatabaseUrl, Purpose};

    #[test]
    fn what_was_committed_is_in_the_database_when_it_was_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("messaging.db");
        let url = DatabaseUrl::Sqlite(path.clone());
        let connect = || connection::connect(&url, Purpose::Write).unwrap();
        // Held to the end: whoever is the last to close copies everything.
        let mut writer = connect();
        let (committed, thread) = start(connect(), None).unwrap();
        writer
            .batch_execute("CREATE TABLE notes (note TEXT); INSERT INTO notes VALUES ('kept')")
            .unwrap();
        committed.tell();
        drop(committed);
        thread.join().unwrap();
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).unwrap();
        let mut conn = SqliteConnection::establish(&copy.to_string_lossy()).unwrap();
        let notes: i64 = sql::<diesel::sql_types::BigInt>("SELECT count(*) FROM notes")
            .get_result(&mut conn)
            .unwrap();
        assert_eq!(notes, 1);
    }
}
