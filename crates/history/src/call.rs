//! What clients try, in the contract's terms.

use serde::{Deserialize, Serialize};

/// An operation. The tag `f` names it; left-out fields were left out of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", rename_all = "snake_case")]
pub enum Call {
    /// Sends a text. Attempts with one `client_id` of one person are one logical send.
    Send {
        /// Where to.
        conversation: String,
        /// The sender's id for the message.
        client_id: String,
        /// As it was sent, before the service normalises it.
        text: String,
    },
    /// Starts, or finds, a conversation as its buyer; with a first message, or without.
    Start {
        /// What about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        product: Option<String>,
        /// With whom.
        seller: String,
        /// Of the first message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        client_id: Option<String>,
        /// Of the first message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// Edits a message.
    Edit {
        /// Where.
        conversation: String,
        /// Which.
        seq: u64,
        /// The revision that the editor saw.
        revision: u64,
        /// The new text, as it was sent.
        text: String,
    },
    /// Deletes a message.
    Delete {
        /// Where.
        conversation: String,
        /// Which.
        seq: u64,
    },
    /// Moves the read cursor.
    Read {
        /// Where.
        conversation: String,
        /// Up to which message.
        seq: u64,
    },
    /// Moves the delivered cursor. Where no answer was asked for, `ok` follows as soon as it was written
    /// and says nothing about the effect (its reply is `null`).
    Delivered {
        /// Where.
        conversation: String,
        /// Up to which message.
        seq: u64,
    },
    /// Changes one's own settings.
    Configure {
        /// Where.
        conversation: String,
        /// Out of the inbox.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        archived: Option<bool>,
        /// Not counted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        muted: Option<bool>,
        /// No messages between the two.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        blocked: Option<bool>,
    },
    /// Fetches a page of messages.
    Page {
        /// Where.
        conversation: String,
        /// The anchor, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before_seq: Option<u64>,
        /// The anchor, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_seq: Option<u64>,
        /// The anchor, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        around_seq: Option<u64>,
        /// How many, if it was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// Fetches a page of the conversation list.
    Inbox {
        /// The archived ones instead.
        #[serde(default)]
        archived: bool,
        /// Whether it goes on from the page before (`nextCursor`) of this session's same list.
        #[serde(default)]
        continued: bool,
        /// A filter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        q: Option<String>,
        /// How many, if it was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// Fetches the numbers for a badge.
    Unread,
    /// Fetches events.
    Sync {
        /// After which position.
        since: u64,
        /// Of which epoch.
        epoch: String,
        /// How many, if it was said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        limit: Option<u64>,
    },
    /// Searches.
    Search {
        /// For what.
        q: String,
        /// In one conversation only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<String>,
    },
    /// Joins a room.
    Join {
        /// Which.
        conversation: String,
    },
    /// Leaves a room.
    Leave {
        /// Which.
        conversation: String,
    },
    /// Tells that one writes. `ok` follows as soon as it was written.
    Typing {
        /// Where.
        conversation: String,
        /// Begins, or ends.
        active: bool,
    },
    /// Shows a fresh token on a socket.
    TokenRefresh,
    /// Rotates a refresh token.
    Rotate {
        /// Names the token (never the token itself).
        token: String,
    },
    /// Logs out; sockets that were opened with this login have to close.
    Logout {
        /// Names the login.
        login: String,
    },
    /// Asks for the time.
    Ping,
    /// Tries what must be refused: an outsider, a bad token, another's message.
    Probe {
        /// What is tried: `send`, `page`, `room.join` …
        verb: String,
        /// In which conversation, where it is about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        conversation: Option<String>,
        /// The code that has to come; none where any refusal will do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expect: Option<String>,
    },
}

impl Call {
    /// The name in the history: its tag.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Send { .. } => "send",
            Self::Start { .. } => "start",
            Self::Edit { .. } => "edit",
            Self::Delete { .. } => "delete",
            Self::Read { .. } => "read",
            Self::Delivered { .. } => "delivered",
            Self::Configure { .. } => "configure",
            Self::Page { .. } => "page",
            Self::Inbox { .. } => "inbox",
            Self::Unread => "unread",
            Self::Sync { .. } => "sync",
            Self::Search { .. } => "search",
            Self::Join { .. } => "join",
            Self::Leave { .. } => "leave",
            Self::Typing { .. } => "typing",
            Self::TokenRefresh => "token_refresh",
            Self::Rotate { .. } => "rotate",
            Self::Logout { .. } => "logout",
            Self::Ping => "ping",
            Self::Probe { .. } => "probe",
        }
    }

    /// Whether it means to change something durable that others can see.
    pub fn changes(&self) -> bool {
        matches!(
            self,
            Self::Send { .. }
                | Self::Start { .. }
                | Self::Edit { .. }
                | Self::Delete { .. }
                | Self::Read { .. }
                | Self::Delivered { .. }
                | Self::Configure { .. }
        )
    }
}
