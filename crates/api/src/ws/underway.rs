//! The ops of a session that are being done. A session's ops happen in the order in which they came, so one
//! waits for the other; only messages for one conversation wait for their commits together, each with its
//! place in the writer's line.

use std::{
    cell::Cell,
    collections::VecDeque,
    future::{Future, poll_fn, ready},
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, Waker},
};

use messaging_domain::ConversationId;
use tokio::time::Instant;

use super::ops::Done;
use crate::{
    problem::Problem,
    wire::frame::{
        FrameId,
        client::{Command, Op},
    },
};

/// How many messages of a session wait for their commits at most.
const TOGETHER: usize = 32;

/// What a frame asked for, and when.
pub(super) struct Asked {
    pub(super) op: Option<Op>,
    pub(super) at: Instant,
    pub(super) id: Option<FrameId>,
    pub(super) wants_reply: bool,
}

/// An op that was done, or refused.
pub(super) struct Finished {
    pub(super) asked: Asked,
    pub(super) outcome: Result<Done, Problem>,
}

/// What does an op, once it is polled.
pub(super) type Work = Pin<Box<dyn Future<Output = Result<Done, Problem>>>>;

struct Doing {
    asked: Asked,
    work: Work,
}

/// Says that a write has its place in line, so that what comes later is done later.
#[derive(Clone, Default)]
pub(super) struct Placed(Rc<Cell<bool>>);

impl Placed {
    /// Does a write that takes its place when it is polled first.
    pub(super) async fn note<T>(self, write: impl Future<Output = T>) -> T {
        let mut write = pin!(write);
        let first = poll_fn(|context| Poll::Ready(write.as_mut().poll(context))).await;
        self.0.set(true);
        match first {
            Poll::Ready(done) => done,
            Poll::Pending => write.await,
        }
    }
}

/// The ops that are being done, in the order in which they came, and one that has to wait for them.
#[derive(Default)]
pub(super) struct Underway {
    doing: VecDeque<Doing>,
    /// Where all that are being done are sent to, if they are messages.
    conversation: Option<ConversationId>,
    /// Whether the last of them has its place.
    placed: Placed,
    next: Option<(Asked, Command)>,
}

impl Underway {
    /// Whether nothing is being done.
    pub(super) fn is_empty(&self) -> bool {
        self.doing.is_empty()
    }

    /// Whether another op may come. If not, the client has to wait.
    pub(super) fn has_room(&self) -> bool {
        self.next.is_none()
            && (self.is_empty()
                || self.conversation.is_some()
                    && self.placed.0.get()
                    && self.doing.len() < TOGETHER)
    }

    /// Takes an op in, to be done when its turn has come.
    pub(super) fn add(
        &mut self,
        asked: Asked,
        command: Command,
        perform: impl FnOnce(&Asked, Command, Placed) -> Work,
    ) {
        let conversation = match &command {
            Command::Send { conversation, .. } => Some(*conversation),
            _ => None,
        };
        if !self.is_empty() && (conversation.is_none() || conversation != self.conversation) {
            self.next = Some((asked, command));
            return;
        }
        self.conversation = conversation;
        self.placed = Placed::default();
        let mut work = perform(&asked, command, self.placed.clone());
        // It takes its place now; it is looked after once it is the first.
        let begun = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(outcome) = begun {
            work = Box::pin(ready(outcome));
        }
        self.doing.push_back(Doing { asked, work });
    }

    /// Takes in an op that is refused already: it is answered in its turn all the same.
    pub(super) fn refuse(&mut self, asked: Asked, problem: Problem) {
        let work: Work = Box::pin(ready(Err(problem)));
        self.doing.push_back(Doing { asked, work });
    }

    /// The op that had to wait, if it need not wait any more.
    pub(super) fn take_next(&mut self) -> Option<(Asked, Command)> {
        if self.is_empty() {
            self.next.take()
        } else {
            None
        }
    }

    /// Waits for the first of those that are being done; for ever when there is none. May be dropped
    /// and called again.
    pub(super) async fn finished(&mut self) -> Finished {
        loop {
            let outcome = match self.doing.front_mut() {
                Some(first) => first.work.as_mut().await,
                None => std::future::pending().await,
            };
            if let Some(Doing { asked, .. }) = self.doing.pop_front() {
                return Finished { asked, outcome };
            }
        }
    }
}
