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
mod tests {
    use super::*;

    fn durable(position: i64, bytes: usize) -> Frame {
        Frame {
            text: "x".repeat(bytes).into(),
            class: Class::Durable(Position::new(position)),
        }
    }

    fn typing(conversation: ConversationId, text: &'static str) -> Frame {
        Frame {
            text: ByteString::from_static(text),
            class: Class::Ephemeral(Topic::Typing(conversation)),
        }
    }

    fn drain(outbox: &Outbox) -> Vec<Outgoing> {
        std::iter::from_fn(|| outbox.state().pop())
            .take(1_000)
            .collect()
    }

    #[test]
    fn frames_come_out_as_they_went_in() {
        let outbox = Outbox::default();
        for position in 1..=3 {
            outbox.push(durable(position, 1));
        }
        let expected: Vec<_> = (1..=3)
            .map(|position| Outgoing::Frame(durable(position, 1)))
            .collect();
        assert_eq!(drain(&outbox), expected);
    }

    #[test]
    fn what_is_one_frame_too_many_is_read_from_the_store() {
        let outbox = Outbox::default();
        for position in 1..=256 {
            assert!(!outbox.push(durable(position, 1)).overflown);
        }
        assert!(outbox.push(durable(257, 1)).overflown);
        let first = outbox.try_next();
        assert_eq!(first, Some(Outgoing::Frame(durable(1, 1))));
        // There is room again, but not for what comes after a gap; and it counts once.
        assert!(!outbox.push(durable(258, 1)).overflown);
        let rest = drain(&outbox);
        assert_eq!(rest.len(), 256);
        assert_eq!(rest[254], Outgoing::Frame(durable(256, 1)));
        assert_eq!(rest[255], Outgoing::Missed(Position::new(258)));
        // The session knows: from now on all is as before.
        assert!(!outbox.push(durable(259, 1)).overflown);
        assert_eq!(drain(&outbox), [Outgoing::Frame(durable(259, 1))]);
    }

    #[test]
    fn what_is_one_byte_too_many_is_read_from_the_store() {
        let outbox = Outbox::default();
        for position in 1..=4 {
            assert!(!outbox.push(durable(position, 64 * 1024)).overflown);
        }
        assert!(outbox.push(durable(5, 1)).overflown);
        assert_eq!(
            drain(&outbox).last(),
            Some(&Outgoing::Missed(Position::new(5)))
        );
        // Even what has no room in an empty queue.
        assert!(outbox.push(durable(6, MAX_BYTES + 1)).overflown);
        assert_eq!(drain(&outbox), [Outgoing::Missed(Position::new(6))]);
    }

    #[test]
    fn an_ephemeral_frame_does_not_hold_up_what_was_missed() {
        let outbox = Outbox::default();
        for position in 1..=257 {
            outbox.push(durable(position, 1));
        }
        assert!(outbox.try_next().is_some());
        outbox.push(typing(ConversationId::new(), "start"));
        let rest = drain(&outbox);
        assert_eq!(rest[255], Outgoing::Missed(Position::new(257)));
        assert!(matches!(&rest[256..], [Outgoing::Frame(frame)] if !frame.is_durable()));
    }

    #[actix_web::test]
    async fn a_write_is_given_up_when_it_takes_long_and_there_is_no_room() {
        const PATIENCE: Duration = Duration::from_millis(200);
        let outbox = Outbox::default();
        let waits = |limit| tokio::time::timeout(limit, outbox.given_up(PATIENCE));
        // Room enough: whoever is slow is only slow.
        assert!(waits(2 * PATIENCE).await.is_err());
        for (overflows_after, given_up_after) in [(0, 1), (2, 2)] {
            drain(&outbox);
            let start = Instant::now();
            let overflow = async {
                tokio::time::sleep(PATIENCE * overflows_after).await;
                for position in 1..=257 {
                    outbox.push(durable(position, 1));
                }
            };
            let waited = futures_util::future::join(waits(20 * PATIENCE), overflow).await;
            assert_eq!(
                waited.0.map(|farewell| farewell.close),
                Ok(Close::SlowConsumer)
            );
            assert!(start.elapsed() >= PATIENCE * given_up_after);
        }
        // The next write has its own while; but the end of the session comes at once.
        assert!(waits(PATIENCE / 4).await.is_err());
        outbox.close(Close::Revoked);
        let farewell = waits(PATIENCE / 2).await;
        assert_eq!(farewell.map(|farewell| farewell.close), Ok(Close::Revoked));
    }

    /// Whatever is pushed and taken in whatever order: the bounds hold, no durable frame is lost
    /// unless the session is told of it, and none comes out of order.
    #[test]
    fn any_sequence_of_pushes_keeps_the_bounds_and_the_order() {
        let conversations: Vec<_> = (0..8).map(|_| ConversationId::new()).collect();
        let mut overflows = 0;
        for seed in 1..=200_u64 {
            let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut draw = |below: u64| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                random % below
            };
            let outbox = Outbox::default();
            let (mut pushed, mut taken) = (0, 0);
            let mut take = |next| match next {
                Outgoing::Frame(Frame {
                    class: Class::Durable(position),
                    ..
                }) => {
                    taken += 1;
                    assert_eq!(position.get(), taken);
                }
                Outgoing::Missed(position) => {
                    assert!(position.get() > taken);
                    taken = position.get();
                }
                Outgoing::Frame(_) => {}
                Outgoing::Farewell(farewell) => panic!("{farewell:?}"),
            };
            for _ in 0..2_000 {
                match draw(10) {
                    0..=5 => {
                        pushed += 1;
                        let size = usize::try_from(draw(4_000)).unwrap();
                        overflows += i32::from(outbox.push(durable(pushed, size)).overflown);
                    }
                    6..=7 => {
                        let which = usize::try_from(draw(8)).unwrap();
                        outbox.push(typing(conversations[which], "typing"));
                    }
                    _ => outbox.try_next().into_iter().for_each(&mut take),
                }
                let state = outbox.state();
                let bytes: usize = state.queue.iter().map(|frame| frame.text.len()).sum();
                assert_eq!(state.bytes, bytes);
                assert!(state.queue.len() <= MAX_FRAMES && bytes <= MAX_BYTES);
            }
            drain(&outbox).into_iter().for_each(&mut take);
            assert_eq!(taken, pushed);
        }
        assert!(overflows > 200, "{overflows}");
    }
}
