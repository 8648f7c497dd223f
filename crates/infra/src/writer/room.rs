//! A lane's thread: what is waiting together, what failed together each alone, and what to announce.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use diesel::QueryResult;
use messaging_domain::{Error, Failure};
use tracing::{Span, debug_span};

use super::{
    Job, Shared,
    line::Front,
    transaction::{self, Committed, Footing, Lost, Transaction, away},
};
use crate::{
    batch::LastSeen,
    connection::{self, Conn, Purpose},
    failure,
};

/// How long a database that could not be reached is left alone.
const RECONNECT_AFTER: Duration = Duration::from_millis(250);

/// How long the acts of a lost transaction are tried one by one.
const PATIENCE: Duration = Duration::from_secs(2);

type Jobs = Vec<Box<dyn Job>>;

/// What the thread owns.
pub(super) struct Room {
    shared: Shared,
    conn: Option<Conn>,
    last_seen: LastSeen,
    failed_at: Option<Instant>,
    /// Transactions so far.
    batches: u64,
}

impl Room {
    /// A room with a connection to what the URL names.
    pub(super) fn new(conn: Conn, shared: Shared) -> Self {
        Self {
            last_seen: LastSeen::new(shared.others_write),
            shared,
            conn: Some(conn),
            failed_at: None,
            batches: 0,
        }
    }

    pub(super) fn work(mut self, mut line: Front<Box<dyn Job>>) {
        // No timer: a lone act goes at once, and while it is being committed a batch gathers.
        loop {
            let jobs = line.call();
            if jobs.is_empty() {
                return;
            }
            self.take_over(jobs);
            if self.shared.closed.load(Ordering::Acquire) {
                return self.finish(&mut line);
            }
        }
    }

    /// Does what is still waiting.
    fn finish(&mut self, line: &mut Front<Box<dyn Job>>) {
        loop {
            let jobs = line.call_the_rest();
            if jobs.is_empty() {
                return;
            }
            self.take_over(jobs);
        }
    }

    /// These do not wait any more.
    fn take_over(&mut self, mut jobs: Jobs) {
        let taken = i64::try_from(jobs.len()).unwrap_or(i64::MAX);
        self.shared.measurements.queued.dec_by(taken);
        jobs.retain(|job| job.begins());
        if !jobs.is_empty() {
            self.do_together(jobs);
        }
    }

    /// All in one transaction, or in two: what goes by its conversations first, without locks, then what needs
    /// them, and with it what the rules have refused, since it may have been accepted before.
    fn do_together(&mut self, jobs: Jobs) {
        let (jobs, rest) = apart(jobs);
        let mut under_locks = self.do_by_conversations(jobs);
        under_locks.extend(rest);
        if !under_locks.is_empty() {
            self.do_under_locks(under_locks);
        }
    }

    /// Does acts on conversations as they were last seen, and returns those that have to be decided again.
    fn do_by_conversations(&mut self, mut jobs: Jobs) -> Jobs {
        if jobs.is_empty() {
            return jobs;
        }
        let held = self.conn.is_some();
        match self.commit(&mut jobs, Footing::LastSeen) {
            Ok(committed) => {
                let (refused, done) = jobs.into_iter().partition(|job| job.is_refused());
                self.settle(done, committed);
                refused
            }
            Err(Lost::Rejected(error))
                if failure::is_race(&error) || held && failure::is_connection_lost(&error) =>
            {
                jobs
            }
            Err(Lost::Unknown(error)) => {
                self.find_out(jobs, &error);
                Vec::new()
            }
            Err(lost) => {
                self.lose(jobs, lost);
                Vec::new()
            }
        }
    }

    /// Does acts again of which it is not known whether they were stored: under locks they meet what was, and
    /// answer as the retry of a caller would; together, or each alone. Whoever's cannot be done either is told that
    /// nothing is known. What was stored and not announced is looked for in the log.
    fn find_out(&mut self, mut jobs: Jobs, error: &diesel::result::Error) {
        let begun = Instant::now();
        let ended = self.commit(&mut jobs, Footing::Locks);
        self.shared.announcer.unsure();
        match ended {
            Ok(committed) => self.settle(jobs, committed),
            Err(Lost::Rejected(_) | Lost::Panicked) if self.conn.is_some() => {
                for job in jobs {
                    let mut alone = vec![job];
                    let in_time = begun.elapsed() < PATIENCE;
                    match in_time.then(|| self.commit(&mut alone, Footing::Locks)) {
                        Some(Ok(committed)) => self.settle(alone, committed),
                        Some(Err(_)) | None => answer_unknown(alone, error),
                    }
                }
            }
            Err(_) => answer_unknown(jobs, error),
        }
    }

    /// All in one transaction; if that is lost, each in one of its own, so that a poisoned act
    /// fails alone.
    fn do_under_locks(&mut self, mut jobs: Jobs) {
        let held = self.conn.is_some();
        let mut ended = self.commit(&mut jobs, Footing::Locks);
        if let Err(Lost::Rejected(error)) = &ended {
            // The database was restarted since the last act: before a commit trying again is safe.
            let stale = held && failure::is_connection_lost(error);
            // Another node was quicker: now its row is there to be seen.
            let outrun = jobs.len() == 1 && failure::is_race(error);
            if stale || outrun {
                ended = self.commit(&mut jobs, Footing::Locks);
            }
        }
        match ended {
            Ok(committed) => self.settle(jobs, committed),
            Err(lost) => self.lose(jobs, lost),
        }
    }

    /// Answers acts whose transaction is lost, or tries each alone.
    fn lose(&mut self, jobs: Jobs, lost: Lost) {
        match lost {
            Lost::Rejected(error) if failure::is_connection_lost(&error) || jobs.len() == 1 => {
                let error = failure::before_commit("write", error);
                if matches!(error, Error::Overloaded(_)) {
                    let refused = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
                    self.shared.measurements.refused_away.inc_by(refused);
                }
                answer_all(jobs, &error);
            }
            Lost::Panicked if jobs.len() == 1 => {
                let failed = Error::Failed(Failure::new("decide an act", "it panicked"));
                answer_all(jobs, &failed);
            }
            Lost::Rejected(_) | Lost::Panicked => self.do_alone(jobs),
            Lost::Unknown(error) => {
                self.shared.announcer.unsure();
                answer_unknown(jobs, &error);
            }
        }
    }

    /// Each in a transaction of its own, for as long as callers may be kept waiting: when a lock is
    /// what the batch failed on, each of many acts would wait for it in turn.
    fn do_alone(&mut self, jobs: Jobs) {
        let begun = Instant::now();
        for job in jobs {
            if begun.elapsed() < PATIENCE {
                self.do_under_locks(vec![job]);
            } else {
                self.shared.measurements.refused_slow.inc();
                job.finish(Err(Error::Overloaded(Failure::new(
                    "write",
                    "the database is too slow",
                ))));
            }
        }
    }

    fn settle(&self, jobs: Jobs, Committed { deliveries, place }: Committed) {
        if !deliveries.is_empty() {
            if let Some(place) = &place {
                place.await_turn(&deliveries);
            }
            // What is committed is committed, and a thread that ends would end all its writing.
            let announce = AssertUnwindSafe(|| self.shared.announcer.announce(deliveries));
            if catch_unwind(announce).is_err() {
                tracing::error!("the announcer panicked");
            }
        }
        drop(place);
        for job in jobs {
            job.finish(Ok(()));
        }
    }

    fn commit(&mut self, jobs: &mut [Box<dyn Job>], footing: Footing) -> Result<Committed, Lost> {
        let span = self.trace(jobs);
        let begun = Instant::now();
        let ended = span.in_scope(|| self.transact(jobs, footing));
        let measurements = &self.shared.measurements;
        match &ended {
            Ok(_) => {
                measurements.committed.inc();
                measurements.commit.observe(begun.elapsed().as_secs_f64());
                let acts = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
                measurements.batch.observe(f64::from(acts));
            }
            Err(Lost::Rejected(error)) if failure::is_race(error) => _ = measurements.outrun.inc(),
            Err(Lost::Rejected(_)) => _ = measurements.rejected.inc(),
            Err(Lost::Panicked) => _ = measurements.panicked.inc(),
            Err(Lost::Unknown(_)) => _ = measurements.unknown.inc(),
        }
        ended
    }

    /// A transaction belongs to no single request: it is linked with all whose acts are in it, and they
    /// name it.
    fn trace(&mut self, jobs: &[Box<dyn Job>]) -> Span {
        self.batches += 1;
        let span = debug_span!(parent: None, "commit", batch = self.batches, acts = jobs.len());
        if !span.is_disabled() {
            for act in jobs.iter().filter_map(|job| job.span()) {
                span.follows_from(act);
                act.record("batch", self.batches);
            }
        }
        span
    }

    fn transact(&mut self, jobs: &mut [Box<dyn Job>], footing: Footing) -> Result<Committed, Lost> {
        let mut conn = self.take_connection().map_err(Lost::Rejected)?;
        let transaction = Transaction {
            conn: &mut conn,
            jobs,
            footing,
            last_seen: &mut self.last_seen,
            digests: &self.shared.digests,
            sequence: &self.shared.sequence,
        };
        let ended = transaction.run();
        let usable = match &ended {
            Ok(_) => {
                self.shared.committed.tell(jobs.len());
                true
            }
            Err(Lost::Rejected(error)) => !failure::is_connection_lost(error),
            Err(Lost::Panicked) => transaction::is_undone(&mut conn),
            Err(Lost::Unknown(_)) => false,
        };
        if usable {
            self.conn = Some(conn);
        }
        ended
    }

    fn take_connection(&mut self) -> QueryResult<Conn> {
        if let Some(conn) = self.conn.take() {
            return Ok(conn);
        }
        if self
            .failed_at
            .is_some_and(|at| at.elapsed() < RECONNECT_AFTER)
        {
            return Err(away("the database is away"));
        }
        match connection::connect(&self.shared.url, Purpose::Write) {
            Ok(conn) => {
                self.failed_at = None;
                Ok(conn)
            }
            Err(error) => {
                self.failed_at = Some(Instant::now());
                Err(away(&error.to_string()))
            }
        }
    }
}

/// Acts that go by their conversations, and those that need locks. An act stays behind one that came before it,
/// is about the same conversation and needs locks.
fn apart(jobs: Jobs) -> (Jobs, Jobs) {
    let mut waited_for = HashSet::new();
    jobs.into_iter().partition(|job| {
        let conversation = job.conversation();
        let waits = conversation.is_some_and(|id| waited_for.contains(&id));
        let goes = job.goes_by_conversations() && !waits;
        if !goes {
            waited_for.extend(conversation);
        }
        goes
    })
}

/// Answers acts that may have been stored or not.
fn answer_unknown(jobs: Jobs, error: &diesel::result::Error) {
    let failed = Error::Failed(Failure::new("commit", error.to_string()));
    answer_all(jobs, &failed);
}

fn answer_all(jobs: Jobs, error: &Error) {
    for job in jobs {
        job.finish(Err(error.clone()));
    }
}
