//! The answers to a client's ops.

use serde::Serialize;
use utoipa::ToSchema;

use super::FrameId;
use crate::{
    problem::Problem,
    wire::{message::Message, user::User},
};

/// The answer to one frame of the client.
#[derive(Debug, Serialize)]
pub struct Reply<'a, T> {
    /// The frame's `id`; null if it had none.
    pub reply: Option<&'a FrameId>,
    /// How it went.
    #[serde(flatten)]
    pub outcome: Outcome<T>,
}

/// How an op went.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome<T> {
    /// Done; what it brought.
    Ok(T),
    /// Refused, or failed.
    Error(Problem),
}

/// The session is open.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Welcome {
    /// This session, for logs.
    pub session_id: String,
    /// Whose token it was.
    pub user: User,
    /// The numbering that positions belong to.
    pub epoch: String,
    /// Where the user's stream stands.
    #[schema(minimum = 0)]
    pub position: i64,
    /// Whether the missed events follow. If not, take a snapshot once `live` has come.
    pub resumed: bool,
    /// Why they do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<NotResumed>,
    /// How long the service is silent at most; nothing for much longer means a lost connection.
    pub heartbeat_ms: u64,
    /// When the session ends unless the token is refreshed.
    #[schema(format = DateTime)]
    pub token_expires_at: String,
    /// What a client has to keep to.
    pub limits: Limits,
}

/// Why missed events do not follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotResumed {
    /// The client did not say where it stood.
    New,
    /// Positions have started afresh since.
    Epoch,
    /// The client claims to have more than there is.
    Ahead,
    /// Too many events were missed, or the log no longer reaches back.
    TooFar,
}

impl NotResumed {
    /// The name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Epoch => "epoch",
            Self::Ahead => "ahead",
            Self::TooFar => "too_far",
        }
    }
}

/// What a client has to keep to.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// The longest frame or message, in bytes.
    pub frame_bytes: usize,
    /// The longest text, in Unicode code points after trimming.
    pub text_characters: usize,
    /// Rooms of one session.
    pub rooms: usize,
    /// Sessions of one user; one more ends the oldest.
    pub sessions: usize,
    /// Events that may have been missed for a session to be resumed.
    pub resume_events: i64,
    /// Ops a second that a session may keep up.
    pub ops_per_second: u32,
    /// Ops at once after a pause.
    pub ops_burst: u32,
    /// Messages, edits included, that a user may send at once after a pause, over all sessions.
    pub sends_burst: u32,
    /// How much later one more may be sent.
    pub send_every_ms: u64,
    /// Between two starts of typing that are forwarded.
    pub typing_every_ms: u64,
    /// How long a session may be silent; a protocol ping counts.
    pub idle_ms: u64,
    /// How long a message may be edited.
    pub edit_window_ms: u64,
}

/// The message was sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// As stored; of a retry, as it is now.
    pub message: Message,
    /// Whether it had been sent before.
    pub duplicate: bool,
}

/// The message was changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    /// As it is now.
    pub message: Message,
}

/// The room was joined.
#[derive(Debug, Serialize, ToSchema)]
pub struct Joined {
    /// Of the counterpart.
    pub presence: CounterpartPresence,
}

/// Whether the counterpart is connected.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CounterpartPresence {
    /// Who.
    pub user_id: String,
    /// Whether they are connected.
    pub online: bool,
    /// When their last session ended, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub last_seen_at: Option<String>,
}

/// The session goes on with the new token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refreshed {
    /// When it ends unless the token is refreshed again.
    #[schema(format = DateTime)]
    pub token_expires_at: String,
}

/// The service is there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Pong {
    /// Its clock.
    #[schema(format = DateTime)]
    pub now: String,
}

/// Done; there is nothing to say.
#[derive(Debug, Serialize, ToSchema)]
pub struct Nothing {}
