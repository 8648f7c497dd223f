//! Bytes cut into the pieces that a fault may treat apart.

use super::{Speech, link::Direction, nats, postgres};

/// What a piece is, as far as faults care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// What commits, on its way to the database.
    Commit,
    /// The database's word that it has committed.
    Committed,
    /// A message of the bus.
    Message,
    /// Anything else.
    Other,
}

/// Bytes that go on together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) kind: Kind,
}

/// Cuts a direction of a connection; what is not whole yet is kept until more comes.
pub(super) enum Splitter {
    Plain,
    Postgres(postgres::Messages),
    Nats(nats::Frames),
}

impl Splitter {
    pub(super) fn new(speech: Speech, direction: Direction) -> Self {
        match speech {
            Speech::Plain => Self::Plain,
            Speech::Postgres => Self::Postgres(postgres::Messages::new(direction)),
            Speech::Nats => Self::Nats(nats::Frames::default()),
        }
    }

    pub(super) fn split(&mut self, bytes: &[u8]) -> Vec<Piece> {
        match self {
            Self::Plain => vec![Piece {
                bytes: bytes.to_vec(),
                kind: Kind::Other,
            }],
            Self::Postgres(messages) => messages.split(bytes),
            Self::Nats(frames) => frames.split(bytes),
        }
    }
}
