//! The seal around a signal: who sent it, when, and that nobody else did.
//!
//! | bytes | what |
//! | --- | --- |
//! | 0 to 15 | HMAC-SHA-256, cut to 128 bits, of the subject, a zero byte and all that follows |
//! | 16 to 31 | the sender |
//! | 32 to 39 | the sender's count of signals; 0 for those that may come late and again |
//! | 40 to 47 | when it was sent, in microseconds since 1970 |
//! | 48 to … | the signal |

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use hmac::{Hmac, Mac as _};
use messaging_domain::{NodeId, Signal, Timestamp};
use sha2::Sha256;
use uuid::Uuid;

use super::{BusKey, subjects::keyed, wire};

/// The longest message that is looked at.
pub(super) const MAX_MESSAGE: usize = 8 * 1024;

/// By how much the clocks of two nodes may differ, and how long a signal may take. Nodes whose clocks
/// differ by more do not believe each other's word on who is there and who writes.
pub(super) const FRESH: Duration = Duration::from_secs(10);

/// From how many known senders on those are forgotten that have been silent.
const FEW_SENDERS: usize = 64;

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Too long, too short, or sealed by nobody who has the key.
    Forged,
    /// From too long ago, or from the future.
    Stale,
    /// It was heard before.
    Repeated,
    /// The seal is good, but this node does not know what is inside.
    Unknown,
}

/// Seals what this node tells.
pub(super) struct Sealer {
    key: Hmac<Sha256>,
    node: NodeId,
    told: AtomicU64,
}

impl Sealer {
    pub(super) fn new(key: &BusKey, node: NodeId) -> Self {
        Self {
            key: keyed(key, "seals"),
            node,
            told: AtomicU64::new(0),
        }
    }

    /// The message for a subject.
    pub(super) fn seal(&self, subject: &str, signal: &Signal, now: Timestamp) -> Vec<u8> {
        let count = match signal {
            Signal::Advanced(_) => 0,
            _ => self.told.fetch_add(1, Ordering::Relaxed) + 1,
        };
        let body = wire::encode(signal);
        let mut message = Vec::with_capacity(48 + body.len());
        message.extend_from_slice(&[0; 16]);
        message.extend_from_slice(self.node.as_uuid().as_bytes());
        message.extend_from_slice(&count.to_be_bytes());
        message.extend_from_slice(&now.as_microseconds().to_be_bytes());
        message.extend_from_slice(&body);
        let (room, sealed) = message.split_at_mut(16);
        let tag = mac(&self.key, subject, sealed).finalize().into_bytes();
        room.iter_mut().zip(tag).for_each(|(to, from)| *to = from);
        message
    }
}

fn mac(key: &Hmac<Sha256>, subject: &str, sealed: &[u8]) -> Hmac<Sha256> {
    key.clone()
        .chain_update(subject)
        .chain_update([0])
        .chain_update(sealed)
}

/// Opens what others tell, and remembers what was heard.
pub(super) struct Opener {
    key: Hmac<Sha256>,
    node: NodeId,
    senders: HashMap<NodeId, Sender>,
}

/// What was heard of a sender: a sliding window over its counts (RFC 4303, section 3.4.3).
struct Sender {
    latest: Timestamp,
    highest: u64,
    /// Bit n stands for the count `highest - n`.
    heard: u128,
}

impl Sender {
    /// Whether a count is new; it is not, the next time.
    fn hears(&mut self, count: u64) -> bool {
        if count > self.highest {
            let ahead = u32::try_from(count - self.highest).unwrap_or(u32::MAX);
            self.heard = self.heard.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let behind = u32::try_from(self.highest - count).unwrap_or(u32::MAX);
        let bit = 1_u128.checked_shl(behind).unwrap_or(0);
        let is_new = bit != 0 && self.heard & bit == 0;
        self.heard |= bit;
        is_new
    }
}

impl Opener {
    pub(super) fn new(key: &BusKey, node: NodeId) -> Self {
        Self {
            key: keyed(key, "seals"),
            node,
            senders: HashMap::new(),
        }
    }

    /// The sender and its signal.
    ///
    /// # Errors
    /// Why it is not believed.
    pub(super) fn open(
        &mut self,
        subject: &str,
        message: &[u8],
        now: Timestamp,
    ) -> Result<Opened, Refusal> {
        let envelope = self.unseal(subject, message).ok_or(Refusal::Forged)?;
        let Envelope {
            from,
            count,
            at,
            body,
        } = envelope;
        if from == self.node {
            return Err(Refusal::Repeated);
        }
        let signal = wire::decode(body).ok_or(Refusal::Unknown)?;
        // A position is looked up in the log whenever it was told, so it may be late and come again.
        if matches!(signal, Signal::Advanced(_)) {
            return Ok(Opened { from, at, signal });
        }
        if now.since(at) > FRESH || at.since(now) > FRESH {
            return Err(Refusal::Stale);
        }
        self.sweep(now);
        let sender = self.senders.entry(from).or_insert(Sender {
            latest: at,
            highest: 0,
            heard: 1,
        });
        sender.latest = sender.latest.max(at);
        if sender.hears(count) {
            Ok(Opened { from, at, signal })
        } else {
            Err(Refusal::Repeated)
        }
    }

    fn unseal<'a>(&self, subject: &str, message: &'a [u8]) -> Option<Envelope<'a>> {
        if message.len() > MAX_MESSAGE {
            return None;
        }
        let (tag, sealed) = message.split_at_checked(16)?;
        mac(&self.key, subject, sealed)
            .verify_truncated_left(tag)
            .ok()?;
        let (from, rest) = sealed.split_first_chunk::<16>()?;
        let (count, rest) = rest.split_first_chunk::<8>()?;
        let (at, body) = rest.split_first_chunk::<8>()?;
        Some(Envelope {
            from: NodeId::restore(Uuid::from_bytes(*from)),
            count: u64::from_be_bytes(*count),
            at: Timestamp::from_microseconds(i64::from_be_bytes(*at)),
            body,
        })
    }

    /// Forgets senders all of whose signals would be refused by their age.
    fn sweep(&mut self, now: Timestamp) {
        if self.senders.len() >= FEW_SENDERS {
            self.senders
                .retain(|_, sender| now.since(sender.latest) <= 2 * FRESH);
        }
    }
}

/// What was in a message that is believed.
pub(super) struct Opened {
    pub(super) from: NodeId,
    /// When it was sealed.
    pub(super) at: Timestamp,
    pub(super) signal: Signal,
}

struct Envelope<'a> {
    from: NodeId,
    count: u64,
    at: Timestamp,
    body: &'a [u8],
}

#[cfg(test)]
mod tests {
    use messaging_domain::Position;

    use super::*;

    const SUBJECT: &str = "messaging.somewhere";

    struct Pair {
        sealer: Sealer,
        opener: Opener,
        now: Timestamp,
    }

    fn pair() -> Pair {
        let key = BusKey(vec![7; 32]);
        Pair {
            sealer: Sealer::new(&key, NodeId::new()),
            opener: Opener::new(&key, NodeId::new()),
            now: Timestamp::now(),
        }
    }

    impl Pair {
        fn seal(&self, signal: &Signal) -> Vec<u8> {
            self.sealer.seal(SUBJECT, signal, self.now)
        }

        fn open(&mut self, message: &[u8]) -> Result<Signal, Refusal> {
            let opened = self.opener.open(SUBJECT, message, self.now);
            opened.map(|opened| {
                assert_eq!(opened.from, self.sealer.node);
                opened.signal
            })
        }
    }

    #[test]
    fn what_was_sealed_is_opened_once() {
        let mut pair = pair();
        let message = pair.seal(&Signal::RollCall);
        assert_eq!(pair.open(&message), Ok(Signal::RollCall));
        assert_eq!(pair.open(&message), Err(Refusal::Repeated));
    }

    #[test]
    fn a_position_may_come_late_and_again() {
        let mut pair = pair();
        let signal = Signal::Advanced(Position::new(3));
        let message = pair.seal(&signal);
        pair.now = pair.now.plus(Duration::from_hours(1));
        for _ in 0..2 {
            assert_eq!(pair.open(&message), Ok(signal.clone()));
        }
    }

    #[test]
    fn what_is_old_or_from_the_future_is_refused() {
        for (sent, heard) in [(0, 11), (11, 0)] {
            let mut pair = pair();
            let begin = pair.now;
            pair.now = begin.plus(Duration::from_secs(sent));
            let message = pair.seal(&Signal::Leaving);
            pair.now = begin.plus(Duration::from_secs(heard));
            assert_eq!(pair.open(&message), Err(Refusal::Stale));
        }
    }

    #[test]
    fn signals_may_overtake_each_other_a_little() {
        let mut pair = pair();
        let messages: Vec<_> = (0..200).map(|_| pair.seal(&Signal::Alive)).collect();
        assert_eq!(pair.open(&messages[150]), Ok(Signal::Alive));
        assert_eq!(pair.open(&messages[100]), Ok(Signal::Alive));
        assert_eq!(pair.open(&messages[100]), Err(Refusal::Repeated));
        assert_eq!(
            pair.open(&messages[10]),
            Err(Refusal::Repeated),
            "too far back to know"
        );
        assert_eq!(pair.open(&messages[199]), Ok(Signal::Alive));
    }

    #[test]
    fn a_changed_bit_another_subject_and_another_key_are_noticed() {
        let mut pair = pair();
        let message = pair.seal(&Signal::Alive);
        for bit in 0..message.len() * 8 {
            let mut changed = message.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(pair.open(&changed), Err(Refusal::Forged), "{bit}");
        }
        for length in 0..message.len() {
            assert_eq!(pair.open(&message[..length]), Err(Refusal::Forged));
        }
        let now = pair.now;
        let elsewhere = pair.opener.open("messaging.elsewhere", &message, now);
        assert_eq!(elsewhere.err(), Some(Refusal::Forged));
        let stranger = Sealer::new(&BusKey(vec![8; 32]), NodeId::new());
        let message = stranger.seal(SUBJECT, &Signal::Alive, now);
        assert_eq!(pair.open(&message), Err(Refusal::Forged));
        assert_eq!(pair.open(&vec![0; MAX_MESSAGE + 1]), Err(Refusal::Forged));
    }

    #[test]
    fn senders_that_are_gone_are_forgotten() {
        let key = BusKey(vec![7; 32]);
        let mut opener = Opener::new(&key, NodeId::new());
        let mut now = Timestamp::now();
        for _ in 0..1_000 {
            let message = Sealer::new(&key, NodeId::new()).seal(SUBJECT, &Signal::Alive, now);
            assert!(opener.open(SUBJECT, &message, now).is_ok());
            now = now.plus(FRESH / 5);
        }
        assert!(opener.senders.len() <= FEW_SENDERS);
    }
}
