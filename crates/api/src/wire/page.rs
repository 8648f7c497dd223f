//! Pages: the inbox, a conversation's messages, and what a badge shows.

use messaging_domain::{self as domain};
use serde::Serialize;
use utoipa::ToSchema;

use super::{conversation::Conversation, cursor, message::Message};

/// A page of the caller's conversations, latest activity first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inbox {
    /// The conversations.
    pub items: Vec<Conversation>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<String>,
    /// What is left unread in all conversations that are neither archived nor muted.
    #[schema(minimum = 0)]
    pub unread_total: i64,
    /// Of which numbering `position` is.
    #[schema(format = Uuid)]
    pub epoch: String,
    /// The caller's position, read no later than the items: events after it may be applied to them.
    #[schema(minimum = 0)]
    pub position: i64,
}

impl From<&domain::InboxPage> for Inbox {
    fn from(page: &domain::InboxPage) -> Self {
        Self {
            items: page.items.iter().map(Conversation::from).collect(),
            next_cursor: page.next.map(cursor::inbox),
            unread_total: page.unread.messages,
            epoch: page.head.epoch.to_string(),
            position: page.head.position.get(),
        }
    }
}

/// A page of a conversation's messages in rising `seq`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessagePage {
    /// The conversation.
    pub conversation: Conversation,
    /// The messages.
    pub items: Vec<Message>,
    /// There are older ones.
    pub has_before: bool,
    /// There are newer ones.
    pub has_after: bool,
}

impl From<&domain::MessagePage> for MessagePage {
    fn from(page: &domain::MessagePage) -> Self {
        Self {
            conversation: Conversation::from(&page.conversation),
            items: page.items.iter().map(Message::from).collect(),
            has_before: page.has_before,
            has_after: page.has_after,
        }
    }
}

/// What a badge shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnreadTotals {
    /// Unread messages in conversations that are neither archived nor muted.
    #[schema(minimum = 0)]
    pub unread_total: i64,
    /// How many such conversations have any.
    #[schema(minimum = 0)]
    pub conversations: i64,
}

impl From<domain::UnreadTotals> for UnreadTotals {
    fn from(totals: domain::UnreadTotals) -> Self {
        Self {
            unread_total: totals.messages,
            conversations: totals.conversations,
        }
    }
}
