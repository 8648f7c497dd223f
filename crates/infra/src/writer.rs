//! One writer, many readers: a thread with a connection of its own that does all that is waiting in
//! one transaction (group commit), answers each, and announces what happened, in the order of commits.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use diesel::{connection::SimpleConnection, prelude::*};
use messaging_domain::{Announcer, Delivery, Error, Failure, Timestamp};
use tokio::sync::oneshot;
use tracing::{Span, debug_span, field::Empty};

#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    acts::Act,
    batch::{Batch, Scope},
    connection::{self, Conn, DatabaseUrl, Purpose},
    failure::{self, Halt},
    measurements::Measurements,
    messages::Digests,
};

/// How many acts share one commit at most.
const MAX_BATCH: usize = 256;

/// How long a database that could not be reached is left alone.
const RECONNECT_AFTER: Duration = Duration::from_millis(250);

/// How long the acts of a lost transaction are tried one by one.
const PATIENCE: Duration = Duration::from_secs(2);

/// The only way to change something durably.
#[derive(Clone)]
pub(crate) struct Writer {
    queue: SyncSender<Box<dyn Job>>,
    /// Set at the end: what still comes is refused.
    closed: Arc<AtomicBool>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
    measurements: Measurements,
}

impl Writer {
    /// Starts the thread. `queue` acts may wait; one more is refused.
    pub(crate) fn start(
        url: DatabaseUrl,
        conn: Conn,
        queue: usize,
        announcer: Arc<dyn Announcer>,
        digests: Digests,
        measurements: Measurements,
    ) -> Result<Self, Failure> {
        let (sender, receiver) = sync_channel(queue);
        let closed = Arc::new(AtomicBool::new(false));
        let room = Room {
            url,
            conn: Some(conn),
            failed_at: None,
            announcer,
            digests,
            closed: Arc::clone(&closed),
            measurements: measurements.clone(),
            batches: 0,
        };
        let thread = thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || room.work(&receiver))
            .map_err(|error| Failure::new("start the writer", error))?;
        Ok(Self {
            queue: sender,
            closed,
            thread: Arc::new(Mutex::new(Some(thread))),
            measurements,
        })
    }

    /// Does an act durably.
    ///
    /// # Errors
    /// What the rules refuse; `Overloaded` when the queue is full or the database away; `Failed`
    /// when it is not known whether the act was committed.
    pub(crate) async fn act<A: Act>(&self, act: A) -> Result<A::Answer, Error> {
        let (reply, answer) = oneshot::channel();
        if self.closed.load(Ordering::Acquire) {
            return Err(self.closing());
        }
        let job = Box::new(Pending {
            act,
            reply,
            outcome: None,
            span: debug_span!("write", act = name_of::<A>(), batch = Empty),
        });
        self.put_in_line(job)?;
        // A job that is dropped unanswered was never begun: the writer answers all it takes.
        answer.await.unwrap_or_else(|_| Err(self.closing()))
    }

    fn put_in_line(&self, job: Box<dyn Job>) -> Result<(), Error> {
        // Before it is there, so that the writer never counts down to less than nothing.
        self.measurements.queued.inc();
        self.queue.try_send(job).map_err(|refused| {
            self.measurements.queued.dec();
            match refused {
                TrySendError::Full(_) => {
                    self.measurements.refused_full.inc();
                    Error::Overloaded(Failure::new("queue an act", "the writer's queue is full"))
                }
                TrySendError::Disconnected(_) => self.closing(),
            }
        })
    }

    fn closing(&self) -> Error {
        self.measurements.refused_closing.inc();
        Error::Overloaded(Failure::new("queue an act", "the service is shutting down"))
    }

    /// Lets the writer finish what is waiting, and waits for it.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(thread) = thread {
            // A wake-up for a thread that waits for work. A full queue keeps it awake by itself.
            let _ = self.put_in_line(Box::new(Wake));
            // It catches every act's panic, so it ends by itself.
            let _ = thread.join();
        }
    }
}

/// The bare name of an act's type.
fn name_of<A>() -> &'static str {
    let path = std::any::type_name::<A>();
    path.rsplit("::").next().unwrap_or(path)
}

/// An act in the queue, whatever its answer is.
trait Job: Send {
    /// What is seen of it in traces.
    fn span(&self) -> Option<&Span>;
    fn scope(&self, scope: &mut Scope);
    /// Decides and keeps the outcome. Only a lost transaction is an error.
    fn decide(&mut self, batch: &mut Batch<'_>) -> QueryResult<()>;
    /// Answers: with the outcome after a commit, with the error otherwise.
    fn finish(self: Box<Self>, committed: Result<(), Error>);
}

struct Pending<A: Act> {
    act: A,
    reply: oneshot::Sender<Result<A::Answer, Error>>,
    outcome: Option<Result<A::Answer, Error>>,
    /// From its place in line to its answer.
    span: Span,
}

impl<A: Act> Job for Pending<A> {
    fn span(&self) -> Option<&Span> {
        Some(&self.span)
    }

    fn scope(&self, scope: &mut Scope) {
        self.act.scope(scope);
    }

    fn decide(&mut self, batch: &mut Batch<'_>) -> QueryResult<()> {
        self.outcome = Some(match self.act.decide(batch) {
            Ok(answer) => Ok(answer),
            Err(Halt::Refused(refusal)) => Err(refusal),
            Err(Halt::Broken(error)) => return Err(error),
        });
        Ok(())
    }

    fn finish(self: Box<Self>, committed: Result<(), Error>) {
        let Self { reply, outcome, .. } = *self;
        let answer = committed.and_then(|()| {
            outcome.unwrap_or_else(|| {
                Err(Error::Failed(Failure::new(
                    "decide an act",
                    "it was skipped",
                )))
            })
        });
        // Whoever asked may have gone; what was done is done.
        let _ = reply.send(answer);
    }
}

/// Does nothing but wake the thread up.
struct Wake;

impl Job for Wake {
    fn span(&self) -> Option<&Span> {
        None
    }
    fn scope(&self, _: &mut Scope) {}
    fn decide(&mut self, _: &mut Batch<'_>) -> QueryResult<()> {
        Ok(())
    }
    fn finish(self: Box<Self>, _: Result<(), Error>) {}
}

/// How a transaction ended that was not committed.
enum Lost {
    /// Certainly nothing was stored.
    Rejected(diesel::result::Error),
    /// An act panicked; certainly nothing was stored.
    Panicked,
    /// The commit was sent and its answer did not come.
    Unknown(diesel::result::Error),
}

/// What the thread owns.
struct Room {
    url: DatabaseUrl,
    conn: Option<Conn>,
    failed_at: Option<Instant>,
    announcer: Arc<dyn Announcer>,
    digests: Digests,
    closed: Arc<AtomicBool>,
    measurements: Measurements,
    /// Transactions so far.
    batches: u64,
}

impl Room {
    fn work(mut self, queue: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = queue.recv() {
            // No timer: a lone act goes at once, and while it is being committed a batch gathers.
            let mut jobs = vec![first];
            jobs.extend(queue.try_iter().take(MAX_BATCH - 1));
            self.take_over(jobs);
            if self.closed.load(Ordering::Acquire) {
                self.finish(queue);
                break;
            }
        }
    }

    /// Does what is still waiting.
    fn finish(&mut self, queue: &Receiver<Box<dyn Job>>) {
        loop {
            let jobs: Vec<_> = queue.try_iter().take(MAX_BATCH).collect();
            if jobs.is_empty() {
                return;
            }
            self.take_over(jobs);
        }
    }

    /// These do not wait any more.
    fn take_over(&mut self, jobs: Vec<Box<dyn Job>>) {
        let taken = i64::try_from(jobs.len()).unwrap_or(i64::MAX);
        self.measurements.queued.dec_by(taken);
        self.do_together(jobs);
    }

    /// All in one transaction; if that is lost, each in one of its own, so that a poisoned act
    /// fails alone.
    fn do_together(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let held = self.conn.is_some();
        let mut ended = self.commit(&mut jobs);
        if let Err(Lost::Rejected(error)) = &ended {
            // The database was restarted since the last act: before a commit trying again is safe.
            let stale = held && failure::is_connection_lost(error);
            // Another node was quicker: now its row is there to be seen.
            let outrun = jobs.len() == 1 && failure::is_race(error);
            if stale || outrun {
                ended = self.commit(&mut jobs);
            }
        }
        match ended {
            Ok(deliveries) => self.settle(jobs, deliveries),
            Err(Lost::Rejected(error))
                if failure::is_connection_lost(&error) || jobs.len() == 1 =>
            {
                let error = failure::before_commit("write", error);
                if matches!(error, Error::Overloaded(_)) {
                    let refused = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
                    self.measurements.refused_away.inc_by(refused);
                }
                answer_all(jobs, &error);
            }
            Err(Lost::Panicked) if jobs.len() == 1 => {
                let failed = Error::Failed(Failure::new("decide an act", "it panicked"));
                answer_all(jobs, &failed);
            }
            Err(Lost::Rejected(_) | Lost::Panicked) => self.do_alone(jobs),
            Err(Lost::Unknown(error)) => {
                self.announcer.unsure();
                answer_all(jobs, &Error::Failed(Failure::new("commit", error)));
            }
        }
    }

    /// Each in a transaction of its own, for as long as callers may be kept waiting: when a lock is
    /// what the batch failed on, each of many acts would wait for it in turn.
    fn do_alone(&mut self, jobs: Vec<Box<dyn Job>>) {
        let begun = Instant::now();
        for job in jobs {
            if begun.elapsed() < PATIENCE {
                self.do_together(vec![job]);
            } else {
                self.measurements.refused_slow.inc();
                job.finish(Err(Error::Overloaded(Failure::new(
                    "write",
                    "the database is too slow",
                ))));
            }
        }
    }

    fn settle(&self, jobs: Vec<Box<dyn Job>>, deliveries: Vec<Delivery>) {
        // Announced here, on the one thread that commits, so that the order is that of commits.
        if !deliveries.is_empty() {
            // What is committed is committed, and a thread that ends would end all writing.
            let announce = AssertUnwindSafe(|| self.announcer.announce(deliveries));
            if catch_unwind(announce).is_err() {
                tracing::error!("the announcer panicked");
            }
        }
        for job in jobs {
            job.finish(Ok(()));
        }
    }

    fn commit(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Delivery>, Lost> {
        let span = self.trace(jobs);
        let begun = Instant::now();
        let ended = span.in_scope(|| self.transact(jobs));
        let measurements = &self.measurements;
        match &ended {
            Ok(_) => {
                measurements.committed.inc();
                measurements.commit.observe(begun.elapsed().as_secs_f64());
                let acts = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
                measurements.batch.observe(f64::from(acts));
            }
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

    fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<Vec<Delivery>, Lost> {
        let mut conn = self.take_connection().map_err(Lost::Rejected)?;
        let decided = catch_unwind(AssertUnwindSafe(|| decide(&mut conn, jobs, &self.digests)));
        let (result, usable) = match decided {
            Ok(Ok(deliveries)) => match end(&mut conn) {
                Ok(()) => (Ok(deliveries), true),
                Err(lost) => {
                    let usable = matches!(lost, Lost::Rejected(_));
                    (Err(lost), usable)
                }
            },
            Ok(Err(error)) => {
                let usable =
                    !failure::is_connection_lost(&error) && roll_back(&mut conn) != Undone::Unknown;
                let error = if usable {
                    error
                } else {
                    away(error.to_string())
                };
                (Err(Lost::Rejected(error)), usable)
            }
            Err(_panic) => {
                let usable = roll_back(&mut conn) != Undone::Unknown;
                (Err(Lost::Panicked), usable)
            }
        };
        if usable {
            self.conn = Some(conn);
        }
        result
    }

    fn take_connection(&mut self) -> QueryResult<Conn> {
        if let Some(conn) = self.conn.take() {
            return Ok(conn);
        }
        if self
            .failed_at
            .is_some_and(|at| at.elapsed() < RECONNECT_AFTER)
        {
            return Err(away("the database is away".to_owned()));
        }
        match connection::connect(&self.url, Purpose::Write) {
            Ok(conn) => {
                self.failed_at = None;
                Ok(conn)
            }
            Err(error) => {
                self.failed_at = Some(Instant::now());
                Err(away(error.to_string()))
            }
        }
    }
}

fn decide(
    conn: &mut Conn,
    jobs: &mut [Box<dyn Job>],
    digests: &Digests,
) -> QueryResult<Vec<Delivery>> {
    conn.batch_execute(match conn {
        Conn::Postgres(_) => "BEGIN",
        // A deferred one could not become a writing one while another process writes.
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
    })?;
    let mut scope = Scope::default();
    for job in jobs.iter() {
        job.scope(&mut scope);
    }
    let mut batch = Batch::load(conn, &scope, Timestamp::now(), digests)?;
    for job in jobs {
        job.decide(&mut batch)?;
    }
    batch.store()
}

/// Commits. A commit whose answer was an error is undone if the database still answers: PostgreSQL
/// has rolled back then, and SQLite leaves the transaction open for us to do it. From some errors it
/// recovers by undoing everything itself; then a full disk had no room for the commit's last page, but
/// after any other error that page may be there, and be found after a crash.
fn end(conn: &mut Conn) -> Result<(), Lost> {
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
enum Undone {
    Now,
    /// There was none open any more.
    Before,
    /// The database has not answered.
    Unknown,
}

fn roll_back(conn: &mut Conn) -> Undone {
    match conn.batch_execute("ROLLBACK") {
        Ok(()) => Undone::Now,
        Err(error) if error.to_string().contains("no transaction is active") => Undone::Before,
        Err(_) => Undone::Unknown,
    }
}

/// The error of a connection that is of no use any more, whatever words it was reported in.
fn away(message: String) -> diesel::result::Error {
    diesel::result::Error::DatabaseError(
        diesel::result::DatabaseErrorKind::ClosedConnection,
        Box::new(message),
    )
}

fn answer_all(jobs: Vec<Box<dyn Job>>, error: &Error) {
    for job in jobs {
        job.finish(Err(error.clone()));
    }
}
