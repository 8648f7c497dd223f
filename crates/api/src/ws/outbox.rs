//! A session's queue of frames to send: bounded, and nobody ever waits to put something in.
//!
//! Durable events are in the store as well. So when more of them come than may wait, the rest is
//! let go and only its last position is kept: a session that reads fetches it from the store. What
//! cannot be helped is a peer that does not read; [`Outbox::given_up`] is how its session learns.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytestring::ByteString;
use messaging_domain::{ConversationId, Position};
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};

use super::close::{Close, Farewell};

/// How many frames may wait.
const MAX_FRAMES: usize = 256;

/// How many bytes of text may wait.
const MAX_BYTES: usize = 256 * 1024;

/// What a frame is worth when there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// An event of the user's stream, which is in the store, too: when there is no room for it, the
    /// session reads it from there.
    Durable(Position),
    /// The state of something now: the next of the same topic takes its place.
    Ephemeral(Topic),
}

/// What an ephemeral frame tells the state of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Topic {
    /// Whether the counterpart writes in this conversation.
    Typing(ConversationId),
    /// Whether the counterpart in this conversation is connected.
    Presence(ConversationId),
}

/// A frame that is ready to send. Cloning shares the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The JSON.
    pub(crate) text: ByteString,
    /// What it is worth.
    pub(crate) class: Class,
}

impl Frame {
    const fn is_durable(&self) -> bool {
        matches!(self.class, Class::Durable(_))
    }
}

/// What the session should do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// Send this.
    Frame(Frame),
    /// Send the events up to here from the store: there was no room for the last of them.
    Missed(Position),
    /// End.
    Farewell(Farewell),
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// Ephemeral frames that had to go.
    pub(crate) dropped: u64,
    /// With this frame events began to be let go, because there is no room for them.
    pub(crate) overflown: bool,
}

/// The queue between all who have something for a session, and the session's one task.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    state: Mutex<State>,
    /// Wakes the session's task; there is only one, so one permit is enough.
    wake: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Frame>,
    bytes: usize,
    /// The last of the events that were let go. Until the session knows of it, no later event is put
    /// in line: it would have to be read from the store as well.
    missed: Option<Position>,
    farewell: Option<Farewell>,
}

impl Outbox {
    /// Puts a frame in line. Returns at once.
    pub(crate) fn push(&self, frame: Frame) -> Pushed {
        let pushed = self.state().push(frame);
        self.wake.notify_one();
        pushed
    }

    /// Lets the session know that there are events up to here, which are not put in line.
    pub(crate) fn miss(&self, position: Position) {
        let mut state = self.state();
        let missed = state.missed.map_or(position, |missed| missed.max(position));
        state.missed = Some(missed);
        drop(state);
        self.wake.notify_one();
    }

    /// Ends the session; what waits is not sent. The first reason stays.
    pub(crate) fn close(&self, farewell: impl Into<Farewell>) {
        self.state().end(farewell.into());
        self.wake.notify_one();
    }

    /// Waits for the next thing to do. For the session's task only; may be dropped and called again.
    pub(crate) async fn next(&self) -> Outgoing {
        loop {
            if let Some(next) = self.state().pop() {
                return next;
            }
            self.wake.notified().await;
        }
    }

    /// The next thing to do, if there is one already.
    pub(crate) fn try_next(&self) -> Option<Outgoing> {
        self.state().pop()
    }

    /// Waits until the session is to end. For the session's task only, while it does something else.
    pub(crate) async fn ended(&self) -> Farewell {
        loop {
            if let Some(farewell) = self.state().farewell {
                return farewell;
            }
            self.wake.notified().await;
        }
    }

    /// Waits until a write that begins now is not worth waiting for: the session is to end, or the
    /// peer has not taken it for a while and there is no room left. For the session's task only.
    pub(crate) async fn given_up(&self, patience: Duration) -> Farewell {
        let patient_until = Instant::now() + patience;
        loop {
            let impatient = Instant::now() >= patient_until;
            {
                let state = self.state();
                if let Some(farewell) = state.farewell {
                    return farewell;
                }
                if impatient && state.missed.is_some() {
                    return Close::SlowConsumer.into();
                }
            }
            tokio::select! {
                () = self.wake.notified() => {}
                () = sleep_until(patient_until), if !impatient => {}
            }
        }
    }

    /// How many frames wait.
    pub(crate) fn waiting(&self) -> usize {
        self.state().queue.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn push(&mut self, frame: Frame) -> Pushed {
        let mut pushed = Pushed {
            dropped: 0,
            overflown: false,
        };
        if self.farewell.is_some() {
            return pushed;
        }
        match frame.class {
            Class::Ephemeral(_) => {
                // An older word on the same topic is no longer true.
                pushed.dropped +=
                    u64::from(self.remove_first(|queued| queued.class == frame.class));
            }
            Class::Durable(position) => {
                if let Some(missed) = &mut self.missed {
                    *missed = position.max(*missed);
                    return pushed;
                }
            }
        }
        while !self.has_room(&frame) {
            if !self.remove_first(|queued| !queued.is_durable()) {
                break;
            }
            pushed.dropped += 1;
        }
        match frame.class {
            _ if self.has_room(&frame) => {
                self.bytes += frame.text.len();
                self.queue.push_back(frame);
            }
            Class::Ephemeral(_) => pushed.dropped += 1,
            Class::Durable(position) => {
                self.missed = Some(position);
                pushed.overflown = true;
            }
        }
        pushed
    }

    fn has_room(&self, frame: &Frame) -> bool {
        self.queue.len() < MAX_FRAMES && self.bytes + frame.text.len() <= MAX_BYTES
    }

    fn remove_first(&mut self, found: impl Fn(&Frame) -> bool) -> bool {
        let removed = self
            .queue
            .iter()
            .position(found)
            .and_then(|index| self.queue.remove(index));
        self.bytes -= removed.as_ref().map_or(0, |frame| frame.text.len());
        removed.is_some()
    }

    fn pop(&mut self) -> Option<Outgoing> {
        if let Some(farewell) = self.farewell {
            return Some(Outgoing::Farewell(farewell));
        }
        // After the events that are in line, whatever else is.
        if self.missed.is_some() && !self.queue.iter().any(Frame::is_durable) {
            return self.missed.take().map(Outgoing::Missed);
        }
        let frame = self.queue.pop_front()?;
        self.bytes -= frame.text.len();
        Some(Outgoing::Frame(frame))
    }

    fn end(&mut self, farewell: Farewell) {
        self.farewell.get_or_insert(farewell);
        // Nothing of it will be sent, and a session may take a while to end.
        self.queue = VecDeque::new();
        self.bytes = 0;
        self.missed = None;
    }
}

#[cfg(test)]
mod tests;
