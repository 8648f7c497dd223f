//! A conversation as one of its participants sees it, and the answers to acts.

use crate::{
    conversation::Conversation,
    directory::{Product, User},
    id::{ConversationId, Seq},
    message::Message,
    seat::Role,
    timestamp::Timestamp,
};

/// Who blocks, as one participant sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// Nobody.
    No,
    /// The one who looks (whether or not the other does too).
    ByMe,
    /// The other one.
    ByCounterpart,
}

/// A conversation as one of its participants sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationView {
    /// Its id.
    pub id: ConversationId,
    /// What it is about.
    pub product: Option<Product>,
    /// The viewer's side.
    pub role: Role,
    /// The other person.
    pub counterpart: User,
    /// The newest message's place; zero when there is none.
    pub last_seq: Seq,
    /// The newest message.
    pub last_message: Option<Message>,
    /// When it was started or last written in.
    pub last_activity_at: Timestamp,
    /// When it was started.
    pub created_at: Timestamp,
    /// Up to where the viewer has read.
    pub read_seq: Seq,
    /// Up to where the viewer's devices have it.
    pub delivered_seq: Seq,
    /// Up to where the other has read.
    pub counterpart_read_seq: Seq,
    /// Up to where the other's devices have it.
    pub counterpart_delivered_seq: Seq,
    /// The counterpart's messages after `read_seq` that are not deleted.
    pub unread_count: i64,
    /// Out of the viewer's inbox.
    pub archived: bool,
    /// Not counted in the viewer's badge.
    pub muted: bool,
    /// Who blocks.
    pub blocked: Blocked,
    /// One of the two is gone for good.
    pub closed: bool,
}

impl ConversationView {
    /// What `role` sees of a conversation, with the directory's words about the others.
    pub fn of(
        conversation: &Conversation,
        role: Role,
        product: Option<Product>,
        counterpart: User,
        last_message: Option<Message>,
    ) -> Self {
        let (mine, theirs) = (conversation.side(role), conversation.side(role.other()));
        Self {
            id: conversation.id,
            product,
            role,
            counterpart,
            last_seq: conversation.last_seq,
            last_message,
            last_activity_at: conversation.last_activity_at,
            created_at: conversation.created_at,
            read_seq: mine.read_seq,
            delivered_seq: mine.delivered_seq,
            counterpart_read_seq: theirs.read_seq,
            counterpart_delivered_seq: theirs.delivered_seq,
            unread_count: mine.unread,
            archived: mine.archived,
            muted: mine.muted,
            blocked: match (mine.blocking, theirs.blocking) {
                (true, _) => Blocked::ByMe,
                (false, true) => Blocked::ByCounterpart,
                (false, false) => Blocked::No,
            },
            closed: conversation.closed,
        }
    }
}

/// The answer to an [`crate::Opening`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The conversation, as the buyer sees it.
    pub conversation: ConversationView,
    /// Whether it is new.
    pub created: bool,
    /// The first message, when there was to be one.
    pub message: Option<Message>,
}

/// The answer to a [`crate::Draft`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The message: as just stored or, for a retry, as it is now.
    pub message: Message,
    /// Whether it had been stored before.
    pub duplicate: bool,
}

/// The answer to an [`crate::Advance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadState {
    /// Where the read cursor stands.
    pub read_seq: Seq,
    /// What is left unread in the conversation.
    pub unread_count: i64,
    /// What is left unread in all conversations that are neither archived nor muted.
    pub unread_total: i64,
}
