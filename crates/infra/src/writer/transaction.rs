//! One transaction of the writer, and how it ended.

use diesel::{QueryResult, connection::SimpleConnection};
use messaging_domain::Timestamp;

use super::Job;
#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    batch::{Batch, LastSeen, Scope, Stored},
    connection::Conn,
    failure,
    messages::Digests,
};

/// How a transaction ended that was not committed.
pub(super) enum Lost {
    /// Certainly nothing was stored.
    Rejected(diesel::result::Error),
    /// An act panicked; certainly nothing was stored.
    Panicked,
    /// The commit was sent and its answer did not come.
    Unknown(diesel::result::Error),
}

/// What acts are decided on.
#[derive(Debug, Clone, Copy)]
pub(super) enum Footing {
    /// What they are about is locked and read.
    Locks,
    /// Conversations as they were last seen, which have to be so still when the acts are stored.
    LastSeen,
}

/// Begins a transaction, decides acts in it and writes down what they bring.
pub(super) fn decide(
    conn: &mut Conn,
    jobs: &mut [Box<dyn Job>],
    digests: &Digests,
    footing: Footing,
    last_seen: &mut LastSeen,
) -> QueryResult<Stored> {
    conn.batch_execute(match conn {
        Conn::Postgres(_) => "BEGIN",
        // A deferred one could not become a writing one while another process writes.
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
    })?;
    let mut scope = Scope::default();
    for job in jobs.iter() {
        job.scope(&mut scope);
    }
    let now = Timestamp::now();
    let mut batch = match footing {
        Footing::Locks => Batch::load(conn, &scope, now, digests)?,
        Footing::LastSeen => Batch::recall(conn, &scope, now, digests, last_seen)?,
    };
    for job in jobs.iter_mut() {
        job.decide(&mut batch)?;
    }
    let stored = batch.store()?;
    for job in jobs {
        job.complete(&stored.before);
    }
    Ok(stored)
}

/// Commits. A commit whose answer was an error is undone if the database still answers: PostgreSQL
/// has rolled back then, and SQLite leaves the transaction open for us to do it. From some errors it
/// recovers by undoing everything itself; then a full disk had no room for the commit's last page, but
/// after any other error that page may be there, and be found after a crash.
pub(super) fn end(conn: &mut Conn) -> Result<(), Lost> {
    #[cfg(feature = "planted-bugs")]
    if planted::strikes(Bug::AckWithoutCommit, 40) && roll_back(conn) == Undone::Now {
        return Ok(());
    }
    conn.batch_execute("COMMIT")
        .map_err(|error| match roll_back(conn) {
            Undone::Now => Lost::Rejected(error),
            Undone::Before if failure::is_disk_full(&error) => Lost::Rejected(error),
            Undone::Before | Undone::Unknown => Lost::Unknown(error),
        })
}

/// Whether a transaction was undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undone {
    Now,
    /// There was none open any more.
    Before,
    /// The database has not answered.
    Unknown,
}

pub(super) fn roll_back(conn: &mut Conn) -> Undone {
    match conn.batch_execute("ROLLBACK") {
        Ok(()) => Undone::Now,
        Err(error) if error.to_string().contains("no transaction is active") => Undone::Before,
        Err(_) => Undone::Unknown,
    }
}

/// The error of a connection that is of no use any more, whatever words it was reported in.
pub(super) fn away(message: String) -> diesel::result::Error {
    diesel::result::Error::DatabaseError(
        diesel::result::DatabaseErrorKind::ClosedConnection,
        Box::new(message),
    )
}
