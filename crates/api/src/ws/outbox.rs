//! A session's queue of frames to send: bounded, and nobody ever waits to put something in.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytestring::ByteString;
use messaging_domain::{ConversationId, Position};
use tokio::sync::Notify;

use super::close::{Close, Farewell};

/// How many frames may wait.
const MAX_FRAMES: usize = 256;

/// How many bytes of text may wait.
const MAX_BYTES: usize = 256 * 1024;

/// What a frame is worth when there is no room for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// An event of the user's stream: never dropped; a session that has no room for it ends.
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

/// What the session should do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outgoing {
    /// Send this.
    Frame(Frame),
    /// End.
    Farewell(Farewell),
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pushed {
    /// Ephemeral frames that had to go.
    pub(crate) dropped: u64,
    /// The session ends with this frame, because there is no room for it.
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
    farewell: Option<Farewell>,
}

impl Outbox {
    /// Puts a frame in line. Returns at once.
    pub(crate) fn push(&self, frame: Frame) -> Pushed {
        let pushed = self.state().push(frame);
        self.wake.notify_one();
        pushed
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
        if let Class::Ephemeral(_) = frame.class {
            // An older word on the same topic is no longer true.
            pushed.dropped += u64::from(self.remove_first(|queued| queued.class == frame.class));
        }
        while !self.has_room(&frame) {
            if !self.remove_first(|queued| matches!(queued.class, Class::Ephemeral(_))) {
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
            Class::Durable(_) => {
                pushed.overflown = true;
                self.end(Close::SlowConsumer.into());
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
        let frame = self.queue.pop_front()?;
        self.bytes -= frame.text.len();
        Some(Outgoing::Frame(frame))
    }

    fn end(&mut self, farewell: Farewell) {
        self.farewell.get_or_insert(farewell);
        // Nothing of it will be sent, and a session may take a while to end.
        self.queue = VecDeque::new();
        self.bytes = 0;
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
    fn one_frame_too_many_ends_the_session() {
        let outbox = Outbox::default();
        for position in 1..=256 {
            assert!(!outbox.push(durable(position, 1)).overflown);
        }
        assert!(outbox.push(durable(257, 1)).overflown);
        assert_eq!(
            outbox.state().pop(),
            Some(Outgoing::Farewell(Close::SlowConsumer.into()))
        );
        assert_eq!(outbox.state().bytes, 0);
    }

    #[test]
    fn one_byte_too_many_ends_the_session() {
        let outbox = Outbox::default();
        for position in 1..=4 {
            assert!(!outbox.push(durable(position, 64 * 1024)).overflown);
        }
        assert!(outbox.push(durable(5, 1)).overflown);
    }

    #[test]
    fn ephemeral_frames_make_room_for_durable_ones_the_oldest_first() {
        let outbox = Outbox::default();
        let (first, second) = (ConversationId::new(), ConversationId::new());
        outbox.push(typing(first, "first"));
        outbox.push(typing(second, "second"));
        for position in 1..=254 {
            outbox.push(durable(position, 1));
        }
        let pushed = outbox.push(durable(255, 1));
        assert_eq!((pushed.dropped, pushed.overflown), (1, false));
        let left = drain(&outbox);
        assert_eq!(left.len(), 256);
        assert_eq!(left[0], Outgoing::Frame(typing(second, "second")));
    }

    #[test]
    fn an_ephemeral_frame_never_ends_a_session() {
        let outbox = Outbox::default();
        for position in 1..=256 {
            outbox.push(durable(position, 1));
        }
        let pushed = outbox.push(typing(ConversationId::new(), "late"));
        assert_eq!((pushed.dropped, pushed.overflown), (1, false));
        assert_eq!(drain(&outbox).len(), 256);
    }

    #[test]
    fn the_newest_word_on_a_topic_takes_the_place_of_the_older() {
        let outbox = Outbox::default();
        let conversation = ConversationId::new();
        outbox.push(typing(conversation, "start"));
        outbox.push(durable(1, 1));
        outbox.push(typing(conversation, "stop"));
        assert_eq!(
            drain(&outbox),
            [
                Outgoing::Frame(durable(1, 1)),
                Outgoing::Frame(typing(conversation, "stop"))
            ]
        );
    }

    #[test]
    fn a_close_overtakes_all_that_waits_and_the_first_reason_stays() {
        let outbox = Outbox::default();
        outbox.push(durable(1, 1));
        outbox.close(Close::Revoked);
        outbox.close(Close::Restart);
        outbox.push(durable(2, 1));
        let next = outbox.state().pop();
        assert_eq!(next, Some(Outgoing::Farewell(Close::Revoked.into())));
    }

    /// Whatever is pushed and taken in whatever order: the bounds hold, no durable frame is lost
    /// unless the session ends, and none comes out of order.
    #[test]
    fn any_sequence_of_pushes_keeps_the_bounds_and_the_order() {
        let conversations: Vec<_> = (0..8).map(|_| ConversationId::new()).collect();
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
            for _ in 0..2_000 {
                match draw(10) {
                    0..=5 => {
                        let size = usize::try_from(draw(4_000)).unwrap();
                        if outbox.push(durable(pushed + 1, size)).overflown {
                            break;
                        }
                        pushed += 1;
                    }
                    6..=7 => {
                        let which = usize::try_from(draw(8)).unwrap();
                        outbox.push(typing(conversations[which], "typing"));
                    }
                    _ => {
                        if let Some(Outgoing::Frame(frame)) = outbox.state().pop()
                            && let Class::Durable(position) = frame.class
                        {
                            taken += 1;
                            assert_eq!(position.get(), taken);
                        }
                    }
                }
                let state = outbox.state();
                let bytes: usize = state.queue.iter().map(|frame| frame.text.len()).sum();
                assert_eq!(state.bytes, bytes);
                assert!(state.queue.len() <= MAX_FRAMES && bytes <= MAX_BYTES);
            }
            if outbox.state().farewell.is_none() {
                let left = drain(&outbox)
                    .into_iter()
                    .filter(|next| {
                        matches!(next, Outgoing::Frame(frame) if matches!(frame.class, Class::Durable(_)))
                    })
                    .count();
                assert_eq!(taken + i64::try_from(left).unwrap(), pushed);
            }
        }
    }
}
