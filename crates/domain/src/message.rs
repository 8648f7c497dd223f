//! A message as it is stored, and how far it has come.

use std::time::Duration;

use crate::{
    content::Content,
    id::{ClientId, ConversationId, Revision, Seq, UserId},
    timestamp::Timestamp,
};

/// How long after sending a text may be edited.
pub const EDIT_WINDOW: Duration = Duration::from_mins(15);

/// How far a message has come, by its receiver's cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Stored.
    Sent,
    /// One of the receiver's devices has it.
    Delivered,
    /// The receiver has read it.
    Read,
}

/// A message, as it was when this object was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
    /// 1 as sent, one more with each change.
    pub revision: Revision,
    /// The id that the sender's client made.
    pub client_id: ClientId,
    /// Who wrote it.
    pub sender: UserId,
    /// What it says.
    pub content: Content,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When its text was last edited.
    pub edited_at: Option<Timestamp>,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// How far it has come.
    pub status: Status,
}

impl Message {
    /// Whether its content is gone.
    pub const fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }
}
