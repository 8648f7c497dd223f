//! One transaction of the writer, and how it ended.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use diesel::{QueryResult, connection::SimpleConnection};
use messaging_domain::{Delivery, Timestamp};

use super::{
    Job,
    sequence::{Place, Sequence},
};
#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    batch::{Batch, LastSeen, Scope},
    connection::Conn,
    failure,
    messages::Digests,
};

/// What a transaction brought.
pub(super) struct Committed {
    pub(super) deliveries: Vec<Delivery>,
    /// Its place among those of other lanes.
    pub(super) place: Option<Place>,
}

/// How a transaction ended that was not committed.
#[derive(Debug)]
pub(super) enum Lost {
    /// Certainly nothing was stored.
    Rejected(diesel::result::Error),
    /// An act panicked; certainly nothing was stored.
    Panicked,
    /// What commits was sent and its answer did not come.
    Unknown(diesel::result::Error),
}

/// What acts are decided on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Footing {
    /// What they are about is locked and read.
    Locks,
    /// Conversations as they were last seen, which have to be so still when the acts are stored.
    LastSeen,
}

/// How far a transaction has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing of it can be durable.
    Open,
    /// The statement was sent that commits by itself.
    Sent,
}

/// A transaction that is about to be done.
pub(super) struct Transaction<'a> {
    pub(super) conn: &'a mut Conn,
    pub(super) jobs: &'a mut [Box<dyn Job>],
    pub(super) footing: Footing,
    pub(super) last_seen: &'a mut LastSeen,
    pub(super) digests: &'a Digests,
    pub(super) sequence: &'a Arc<Sequence>,
}

impl Transaction<'_> {
    /// Decides acts, writes down what they bring, and commits: on PostgreSQL by the statement that writes, if
    /// nothing is locked before.
    pub(super) fn run(self) -> Result<Committed, Lost> {
        let by_itself = self.footing == Footing::LastSeen && matches!(self.conn, Conn::Postgres(_));
        #[cfg(feature = "planted-bugs")]
        let (by_itself, taken_back) = {
            let taken_back = planted::strikes(Bug::AckWithoutCommit, 40);
            (by_itself && !taken_back, taken_back)
        };
        let Self {
            conn, last_seen, ..
        } = self;
        let mut stage = Stage::Open;
        let stored = catch_unwind(AssertUnwindSafe(|| {
            if !by_itself {
                conn.batch_execute(match conn {
                    Conn::Postgres(_) => "BEGIN",
                    // A deferred one could not become a writing one while another process writes.
                    Conn::Sqlite(_) => "BEGIN IMMEDIATE",
                })?;
            }
            let batch = decide(conn, self.jobs, self.digests, self.footing, last_seen)?;
            let place = self.sequence.enter(|| batch.told());
            if by_itself {
                stage = Stage::Sent;
            }
            let stored = batch.store()?;
            for job in self.jobs.iter_mut() {
                job.complete(&stored.before);
            }
            Ok((stored, place))
        }));
        let decided = match stored {
            Ok(Ok(stored)) => Ok(stored),
            Ok(Err(error)) => Err(undo(conn, error, stage)),
            Err(_panic) if stage == Stage::Sent => Err(Lost::Unknown(away("an act panicked"))),
            Err(_panic) => Err(Lost::Panicked),
        };
        let ended = decided.and_then(|stored| {
            #[cfg(feature = "planted-bugs")]
            if taken_back && roll_back(conn) == Undone::Now {
                return Ok(stored);
            }
            if !by_itself {
                end(conn)?;
            }
            Ok(stored)
        });
        match ended {
            Ok((stored, place)) => {
                last_seen.note(stored.left);
                let deliveries = stored.deliveries;
                Ok(Committed { deliveries, place })
            }
            Err(lost) => {
                // Whether or not it was the reason.
                last_seen.forget();
                Err(lost)
            }
        }
    }
}

/// Lets acts decide, on what they find.
fn decide<'c>(
    conn: &'c mut Conn,
    jobs: &mut [Box<dyn Job>],
    digests: &Digests,
    footing: Footing,
    last_seen: &mut LastSeen,
) -> QueryResult<Batch<'c>> {
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
    batch.look_at_readers()?;
    Ok(batch)
}

/// Undoes what has failed. The database has done so already with a statement of its own transaction that it
/// refused; but whether it did that or has committed it is known only from one that still answers.
fn undo(conn: &mut Conn, error: diesel::result::Error, stage: Stage) -> Lost {
    if stage == Stage::Sent && failure::is_race(&error) {
        return Lost::Rejected(error); // In its own words, so it has answered.
    }
    let refused = matches!(error, diesel::result::Error::DatabaseError(..));
    let answers = !failure::is_connection_lost(&error) && roll_back(conn) != Undone::Unknown;
    match stage {
        Stage::Sent if !(refused && answers) => Lost::Unknown(error),
        Stage::Open if !answers => Lost::Rejected(away(&error.to_string())),
        Stage::Open | Stage::Sent => Lost::Rejected(error),
    }
}

/// Commits. A commit whose answer was an error is undone if the database still answers: PostgreSQL
/// has rolled back then, and SQLite leaves the transaction open for us to do it. From some errors it
/// recovers by undoing everything itself; then a full disk had no room for the commit's last page, but
/// after any other error that page may be there, and be found after a crash.
fn end(conn: &mut Conn) -> Result<(), Lost> {
    conn.batch_execute("COMMIT")
        .map_err(|error| match roll_back(conn) {
            Undone::Now => Lost::Rejected(error),
            Undone::Before if failure::is_disk_full(&error) => Lost::Rejected(error),
            Undone::Before | Undone::Unknown => Lost::Unknown(error),
        })
}

/// Whether a transaction was undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Undone {
    Now,
    /// There was none open any more.
    Before,
    /// The database has not answered.
    Unknown,
}

/// Whether nothing is left of a transaction whose act has panicked, and the connection is good for another.
pub(super) fn is_undone(conn: &mut Conn) -> bool {
    roll_back(conn) != Undone::Unknown
}

fn roll_back(conn: &mut Conn) -> Undone {
    match conn.batch_execute("ROLLBACK") {
        Ok(()) => Undone::Now,
        Err(error) if error.to_string().contains("no transaction is active") => Undone::Before,
        Err(_) => Undone::Unknown,
    }
}

/// The error of a connection that is of no use any more, whatever words it was reported in.
pub(super) fn away(message: &str) -> diesel::result::Error {
    diesel::result::Error::DatabaseError(
        diesel::result::DatabaseErrorKind::ClosedConnection,
        Box::new(message.to_owned()),
    )
}
