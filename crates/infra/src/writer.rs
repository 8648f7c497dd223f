//! The writer: lanes, each a thread with a connection of its own that does what is waiting in one
//! transaction (group commit), answers each, and announces what happened, to each person in the order of
//! its positions. While one lane waits for the database another decides. Here acts are put in line.

mod deferred;
mod line;
mod room;
mod sequence;
mod transaction;

use std::{
    fs::File,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
        mpsc::TrySendError,
    },
    thread::{self, JoinHandle},
};

use diesel::QueryResult;
use messaging_domain::{Announcer, ConversationId, Error, Failure};
use tokio::sync::oneshot;
use tracing::{Span, debug_span, field::Empty};

use crate::{
    acts::Act,
    batch::{Batch, Before, Scope},
    connection::{Conn, DatabaseUrl},
    database::DatabaseSettings,
    deadline,
    failure::Halt,
    measurements::Measurements,
    messages::Digests,
};
use deferred::{Committed, Deferred};
use line::{End, line};
use room::Room;
use sequence::Sequence;

/// The only way to change something durably.
#[derive(Clone)]
pub(crate) struct Writer {
    /// Never none.
    lanes: Arc<[Lane]>,
    /// What is done beside the lanes. It ends with the last of them.
    deferred: Arc<Mutex<Option<Deferred>>>,
    /// Set at the end: what still comes is refused.
    closed: Arc<AtomicBool>,
    measurements: Measurements,
}

/// A thread, and the line before it.
struct Lane {
    line: End<Box<dyn Job>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What all lanes share.
#[derive(Clone)]
struct Shared {
    url: DatabaseUrl,
    /// Whether other nodes write to the database, too.
    others_write: bool,
    announcer: Arc<dyn Announcer>,
    sequence: Arc<Sequence>,
    digests: Digests,
    closed: Arc<AtomicBool>,
    measurements: Measurements,
    committed: Committed,
    /// Held as long as a lane may write: a second node on one SQLite file is refused.
    _lock: Option<Arc<File>>,
}

impl Writer {
    /// Starts a lane for each connection, of which there has to be one. As many acts may wait as the settings
    /// say, the same number before each lane; one more is refused.
    pub(crate) fn start(
        settings: &DatabaseSettings,
        conns: Vec<Conn>,
        announcer: Arc<dyn Announcer>,
        digests: Digests,
        measurements: Measurements,
        lock: Option<File>,
    ) -> Result<Self, Failure> {
        let closed = Arc::new(AtomicBool::new(false));
        let lock = lock.map(Arc::new);
        let (committed, deferred) = deferred::start(settings.url.clone(), lock.clone())?;
        let shared = Shared {
            url: settings.url.clone(),
            others_write: settings.shared,
            announcer,
            sequence: Arc::new(Sequence::of(conns.len())),
            digests,
            closed: Arc::clone(&closed),
            measurements: measurements.clone(),
            committed,
            _lock: lock,
        };
        let share = settings.queue.div_ceil(conns.len().max(1));
        let lanes = conns
            .into_iter()
            .map(|conn| {
                let (end, front) = line(share);
                let room = Room::new(conn, shared.clone());
                let cores = settings.writer_cores.clone();
                let thread = thread::Builder::new()
                    .name("writer".to_owned())
                    .spawn(move || {
                        if let Some(Err(error)) = cores.map(|cores| cores.bind_thread()) {
                            tracing::warn!(%error, "the writer is not bound to its cores");
                        }
                        room.work(front);
                    })
                    .map_err(|error| Failure::new("start the writer", error))?;
                Ok(Lane {
                    line: end,
                    thread: Mutex::new(Some(thread)),
                })
            })
            .collect::<Result<_, Failure>>()?;
        Ok(Self {
            lanes,
            deferred: Arc::new(Mutex::new(Some(deferred))),
            closed,
            measurements,
        })
    }

    /// Does an act durably.
    ///
    /// # Errors
    /// What the rules refuse; `Overloaded` when the queue is full, the database away, or the act's turn
    /// did not come within what the request has left of its 4 seconds; `Failed` when it is not known whether the act was committed.
    pub(crate) async fn act<A: Act>(&self, act: A) -> Result<A::Answer, Error> {
        let (reply, answer) = oneshot::channel();
        if self.closed.load(Ordering::Acquire) {
            return Err(self.closing());
        }
        let turn = Arc::new(Turn::default());
        let lane = self.lane(act.conversation())?;
        let job = Box::new(Pending {
            act,
            reply,
            outcome: None,
            turn: Arc::clone(&turn),
            span: debug_span!("write", act = name_of::<A>(), batch = Empty),
        });
        self.put_in_line(lane, job)?;
        match deadline::answer(answer).await {
            // A job that is dropped unanswered was never begun: the writer answers all it takes.
            Ok(answer) => answer.unwrap_or_else(|_| Err(self.closing())),
            Err(_late) if turn.give_up() => {
                self.measurements.refused_slow.inc();
                Err(Error::Overloaded(Failure::new(
                    "write",
                    "the acts before this one take too long",
                )))
            }
            Err(_late) => Err(Error::Failed(Failure::new(
                "write",
                "the database does not answer",
            ))),
        }
    }

    /// Acts on one conversation share a lane, so that none of them waits for another's locks.
    fn lane(&self, conversation: Option<ConversationId>) -> Result<&Lane, Error> {
        // Whatever an id's version is, its last bytes are random.
        let spread = conversation.map_or(0, |id| id.as_uuid().as_u128() & u128::from(u32::MAX));
        let spread = usize::try_from(spread).unwrap_or(0);
        spread
            .checked_rem(self.lanes.len())
            .and_then(|lane| self.lanes.get(lane))
            .ok_or_else(|| self.closing())
    }

    fn put_in_line(&self, lane: &Lane, job: Box<dyn Job>) -> Result<(), Error> {
        // Before it is there, so that the writer never counts down to less than nothing.
        self.measurements.queued.inc();
        lane.line.join(job).map_err(|refused| {
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

    /// Lets the lanes finish what is waiting, and waits for them.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let threads: Vec<_> = self
            .lanes
            .iter()
            .filter_map(|lane| {
                let thread = lane
                    .thread
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take()?;
                // A wake-up for a thread that waits for work. A full queue keeps it awake by itself.
                let _ = self.put_in_line(lane, Box::new(Wake));
                Some(thread)
            })
            .collect();
        let deferred = self
            .deferred
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        for thread in threads {
            // It catches every act's panic, so it ends by itself.
            let _ = thread.join();
        }
        if let Some(deferred) = deferred {
            deferred.join();
        }
    }
}

/// The bare name of an act's type.
fn name_of<A>() -> &'static str {
    let path = std::any::type_name::<A>();
    path.rsplit("::").next().unwrap_or(path)
}

/// Whether an act's turn has come: either the writer takes it or its caller gives it up, never both.
#[derive(Default)]
struct Turn(AtomicU8);

impl Turn {
    const WAITS: u8 = 0;
    const TAKEN: u8 = 1;
    const GIVEN_UP: u8 = 2;

    /// The writer's word; whether it may go on.
    fn take(&self) -> bool {
        self.decide(Self::TAKEN)
    }

    /// The caller's word; whether the act will certainly not be done.
    fn give_up(&self) -> bool {
        self.decide(Self::GIVEN_UP)
    }

    fn decide(&self, way: u8) -> bool {
        self.0
            .compare_exchange(Self::WAITS, way, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

/// An act in the queue, whatever its answer is.
trait Job: Send {
    /// Takes it out of the line for good; `false` when its caller does not wait any more.
    fn begins(&self) -> bool;
    /// What is seen of it in traces.
    fn span(&self) -> Option<&Span>;
    fn scope(&self, scope: &mut Scope);
    /// The one conversation that it is about.
    fn conversation(&self) -> Option<ConversationId>;
    /// Whether it may be decided on conversations that are not locked.
    fn goes_by_conversations(&self) -> bool;
    /// Whether the rules have refused it.
    fn is_refused(&self) -> bool;
    /// Decides and keeps the outcome. Only a lost transaction is an error.
    fn decide(&mut self, batch: &mut Batch<'_>) -> QueryResult<()>;
    /// Completes the outcome.
    fn complete(&mut self, before: &Before);
    /// Answers: with the outcome after a commit, with the error otherwise.
    fn finish(self: Box<Self>, committed: Result<(), Error>);
}

struct Pending<A: Act> {
    act: A,
    reply: oneshot::Sender<Result<A::Answer, Error>>,
    outcome: Option<Result<A::Answer, Error>>,
    turn: Arc<Turn>,
    /// From its place in line to its answer.
    span: Span,
}

impl<A: Act> Job for Pending<A> {
    fn begins(&self) -> bool {
        self.turn.take()
    }

    fn span(&self) -> Option<&Span> {
        Some(&self.span)
    }

    fn scope(&self, scope: &mut Scope) {
        self.act.scope(scope);
    }

    fn conversation(&self) -> Option<ConversationId> {
        self.act.conversation()
    }

    fn goes_by_conversations(&self) -> bool {
        A::GOES_BY_CONVERSATIONS
    }

    fn is_refused(&self) -> bool {
        matches!(self.outcome, Some(Err(_)))
    }

    fn decide(&mut self, batch: &mut Batch<'_>) -> QueryResult<()> {
        self.outcome = Some(match self.act.decide(batch) {
            Ok(answer) => Ok(answer),
            Err(Halt::Refused(refusal)) => Err(refusal),
            Err(Halt::Broken(error)) => return Err(error),
        });
        Ok(())
    }

    fn complete(&mut self, before: &Before) {
        if let Some(Ok(answer)) = &mut self.outcome {
            self.act.complete(answer, before);
        }
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
    fn begins(&self) -> bool {
        true
    }
    fn span(&self) -> Option<&Span> {
        None
    }
    fn scope(&self, _: &mut Scope) {}
    fn conversation(&self) -> Option<ConversationId> {
        None
    }
    fn goes_by_conversations(&self) -> bool {
        false
    }
    fn is_refused(&self) -> bool {
        false
    }
    fn decide(&mut self, _: &mut Batch<'_>) -> QueryResult<()> {
        Ok(())
    }
    fn complete(&mut self, _: &Before) {}
    fn finish(self: Box<Self>, _: Result<(), Error>) {}
}
