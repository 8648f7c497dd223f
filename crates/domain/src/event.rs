//! What happened, and who is told.

use std::sync::Arc;

use crate::{
    id::{ConversationId, Position, Seq, UserId},
    message::Message,
    seat::Role,
    view::ConversationView,
};

/// What happened in a conversation, by reference: this is all that the event log keeps.
/// It holds no copy of a text, so a deleted one is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// A message was appended.
    MessageCreated(Seq),
    /// A message was edited or deleted.
    MessageUpdated(Seq),
    /// The conversation was started.
    ConversationCreated,
    /// A setting, a block or the conversation's end.
    ConversationUpdated,
    /// A cursor of this side moved.
    CursorMoved(Role),
}

/// Who is told of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Both participants, on all their sessions.
    Both,
    /// One of them, on all of that person's sessions.
    Only(Role),
}

impl Audience {
    /// Whether this side is told.
    pub fn includes(self, role: Role) -> bool {
        match self {
            Self::Both => true,
            Self::Only(only) => only == role,
        }
    }
}

/// A fact together with who is told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// What happened.
    pub fact: Fact,
    /// Who is told.
    pub audience: Audience,
}

impl Told {
    /// Told to both.
    pub const fn both(fact: Fact) -> Self {
        Self {
            fact,
            audience: Audience::Both,
        }
    }

    /// Told to one side only.
    pub const fn only(role: Role, fact: Fact) -> Self {
        Self {
            fact,
            audience: Audience::Only(role),
        }
    }
}

/// What the receiver has unread once an event has happened, so that a badge needs no arithmetic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnreadState {
    /// In the event's conversation.
    pub count: i64,
    /// In all conversations that are neither archived nor muted.
    pub total: i64,
}

/// A durable event with its object, as its receiver sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message was appended.
    MessageCreated(Arc<Message>),
    /// A message was edited or deleted.
    MessageUpdated(Arc<Message>),
    /// The conversation was started.
    ConversationCreated(Box<ConversationView>),
    /// A setting, a block or the conversation's end.
    ConversationUpdated(Box<ConversationView>),
    /// A cursor moved.
    CursorMoved {
        /// Where.
        conversation: ConversationId,
        /// Whose.
        user: UserId,
        /// Where that person's read cursor stands.
        read_seq: Seq,
        /// Where that person's delivered cursor stands.
        delivered_seq: Seq,
    },
}

/// An event on its way to one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// To whom.
    pub user: UserId,
    /// Its place in that person's stream.
    pub position: Position,
    /// What happened.
    pub event: Event,
    /// What that person has unread once it has.
    pub unread: UnreadState,
}
