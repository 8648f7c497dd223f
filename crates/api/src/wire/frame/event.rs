//! What the service says on its own account: durable events, numbered, and ephemeral ones.

use std::time::Duration;

use messaging_domain::{Delivery, Event};
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::{conversation::Conversation, message::Message};

/// A durable event: one of the user's stream, as the WebSocket sends it and `/sync` lists it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventFrame {
    /// Its place in the receiver's stream: 1, 2, 3 … without a gap.
    #[schema(minimum = 1)]
    pub position: i64,
    /// What happened.
    #[serde(flatten)]
    pub event: DurableEvent,
    /// What the receiver has unread once it has happened: a badge or a list needs no arithmetic.
    pub unread: UnreadState,
}

/// What somebody has unread.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct UnreadState {
    /// In the event's conversation.
    #[schema(minimum = 0)]
    pub count: i64,
    /// In all conversations that are neither archived nor muted.
    #[schema(minimum = 0)]
    pub total: i64,
}

/// What happened, with its object as the receiver sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "event", content = "data")]
pub enum DurableEvent {
    /// A message was appended.
    #[serde(rename = "message.created")]
    MessageCreated(MessageEvent),
    /// A message was edited or deleted.
    #[serde(rename = "message.updated")]
    MessageUpdated(MessageEvent),
    /// A conversation was started.
    #[serde(rename = "conversation.created")]
    ConversationCreated(ConversationEvent),
    /// One's own settings, a block or the conversation's end.
    #[serde(rename = "conversation.updated")]
    ConversationUpdated(ConversationEvent),
    /// A cursor of either person moved.
    #[serde(rename = "cursor.moved")]
    CursorMoved(CursorMoved),
}

/// A message.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MessageEvent {
    /// The message.
    pub message: Message,
}

/// A conversation.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConversationEvent {
    /// The conversation.
    pub conversation: Conversation,
}

/// Where somebody's cursors stand.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CursorMoved {
    /// In which conversation.
    pub conversation_id: String,
    /// Whose cursors.
    pub user_id: String,
    /// Up to where they have read.
    #[schema(minimum = 0)]
    pub read_seq: i64,
    /// Up to where a device of theirs has the messages.
    #[schema(minimum = 0)]
    pub delivered_seq: i64,
}

impl From<&Delivery> for EventFrame {
    fn from(delivery: &Delivery) -> Self {
        Self {
            position: delivery.position.get(),
            event: (&delivery.event).into(),
            unread: UnreadState {
                count: delivery.unread.count,
                total: delivery.unread.total,
            },
        }
    }
}

impl From<&Event> for DurableEvent {
    fn from(event: &Event) -> Self {
        let of_message = |message: &messaging_domain::Message| MessageEvent {
            message: message.into(),
        };
        let of_conversation = |view: &messaging_domain::ConversationView| ConversationEvent {
            conversation: view.into(),
        };
        match event {
            Event::MessageCreated(message) => Self::MessageCreated(of_message(message)),
            Event::MessageUpdated(message) => Self::MessageUpdated(of_message(message)),
            Event::ConversationCreated(view) => Self::ConversationCreated(of_conversation(view)),
            Event::ConversationUpdated(view) => Self::ConversationUpdated(of_conversation(view)),
            Event::CursorMoved {
                conversation,
                user,
                read_seq,
                delivered_seq,
            } => Self::CursorMoved(CursorMoved {
                conversation_id: conversation.to_string(),
                user_id: user.to_string(),
                read_seq: read_seq.get(),
                delivered_seq: delivered_seq.get(),
            }),
        }
    }
}

/// What is true just now, and is not kept: without a position, never replayed.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(tag = "event", content = "data")]
pub enum EphemeralEvent {
    /// The counterpart in a joined room writes, or stopped.
    #[serde(rename = "typing")]
    Typing(Typing),
    /// The counterpart in a joined room came or went.
    #[serde(rename = "presence")]
    Presence(Presence),
    /// Nothing else was said for a while.
    #[serde(rename = "heartbeat")]
    Heartbeat(Place),
    /// Everything up to this position was sent; from here on events come as they happen.
    #[serde(rename = "live")]
    Live(Place),
    /// The token expires soon: send `token.refresh`.
    #[serde(rename = "token.expiring")]
    TokenExpiring(TokenExpiring),
    /// The service is about to close this session.
    #[serde(rename = "bye")]
    Bye(Bye),
}

/// Whether the counterpart writes.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Typing {
    /// Where.
    pub conversation_id: String,
    /// Who.
    pub user_id: String,
    /// Whether they write.
    pub active: bool,
    /// After how many milliseconds to forget it; a message of that user ends it too.
    pub expires_in_ms: u64,
}

/// Whether the counterpart is connected.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Presence {
    /// In which room.
    pub conversation_id: String,
    /// Who.
    pub user_id: String,
    /// Whether they are connected.
    pub online: bool,
    /// When their last session ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub last_seen_at: Option<String>,
}

/// A place in the receiver's stream.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Place {
    /// Of the last durable event that was sent.
    #[schema(minimum = 0)]
    pub position: i64,
}

/// How long the token is still good.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenExpiring {
    /// In how many milliseconds the session ends.
    pub in_ms: u64,
}

/// Why the session ends.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Bye {
    /// The code of the close frame that follows.
    #[schema(minimum = 1000, maximum = 4999)]
    pub code: u16,
    /// Whether the same client may come back on its own.
    pub reconnect: bool,
    /// How many milliseconds to wait before that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub after_ms: Option<u64>,
    /// The same in words.
    pub reason: String,
}

/// A duration as the wire has it.
pub fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
