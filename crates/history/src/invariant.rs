//! What has to hold, whatever breaks.

use serde::{Deserialize, Serialize};

/// Something that has to hold, whatever breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Invariant {
    /// What was accepted, or seen by anybody, is there at the end.
    I1,
    /// What was refused never shows.
    I2,
    /// Every message says what its sender said, there, and a revision never changes.
    I3,
    /// A client id makes one message, whatever is retried.
    I4,
    /// A place in a conversation names one message, and places have no holes.
    I5,
    /// Nothing comes in below what a page already covered.
    I6,
    /// What was accepted before another was tried stands before it.
    I7,
    /// A read shows at least what was known before it began, on every node.
    I8,
    /// A session never goes back behind what it saw itself.
    I9,
    /// A stream has no hole, no repeat and one content, over all sockets.
    I10,
    /// Events folded over what a client had give what a fresh fetch gives.
    I11,
    /// Open sessions reach the head; in calm phases in time.
    I12,
    /// Nobody sees what is not theirs.
    I13,
    /// Cursors go forward only, moved by their owner only, never past the end.
    I14,
    /// Counts of what is unread equal a recount.
    I15,
    /// An acknowledgement says what everybody else sees.
    I16,
    /// What was deleted is seen no more.
    I17,
    /// Memory and descriptors stay below their caps.
    I18,
    /// A node that is asked to stop leaves nothing unknown, says goodbye, and goes in time.
    I19,
    /// Nothing hangs; refusals come in time; service comes back by itself.
    I20,
    /// Typing and presence come from the present, and only to whoever joined.
    I21,
    /// Of exclusive acts one wins.
    I22,
    /// Between people who block no new message passes.
    I23,
}

impl Invariant {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::I1,
        Self::I2,
        Self::I3,
        Self::I4,
        Self::I5,
        Self::I6,
        Self::I7,
        Self::I8,
        Self::I9,
        Self::I10,
        Self::I11,
        Self::I12,
        Self::I13,
        Self::I14,
        Self::I15,
        Self::I16,
        Self::I17,
        Self::I18,
        Self::I19,
        Self::I20,
        Self::I21,
        Self::I22,
        Self::I23,
    ];

    /// Its short name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::I1 => "durable",
            Self::I2 => "fail means no effect",
            Self::I3 => "integrity",
            Self::I4 => "once",
            Self::I5 => "one order",
            Self::I6 => "no late insert",
            Self::I7 => "real-time order",
            Self::I8 => "recency",
            Self::I9 => "monotonic session",
            Self::I10 => "stream exact",
            Self::I11 => "client state",
            Self::I12 => "converges",
            Self::I13 => "confidential",
            Self::I14 => "cursors",
            Self::I15 => "unread exact",
            Self::I16 => "ack agrees",
            Self::I17 => "deletion holds",
            Self::I18 => "bounded",
            Self::I19 => "drains",
            Self::I20 => "available",
            Self::I21 => "ephemeral",
            Self::I22 => "one winner",
            Self::I23 => "blocks hold",
        }
    }
}
