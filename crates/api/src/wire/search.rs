//! What a search found.

use messaging_domain::{self as domain};
use serde::Serialize;
use utoipa::ToSchema;

use super::{conversation::Conversation, cursor, message::Message};

/// A page of found messages, latest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchPage {
    /// The messages.
    pub items: Vec<SearchHit>,
    /// Where the next page begins, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<String>,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchHit {
    /// The message.
    pub message: Message,
    /// Its conversation.
    pub conversation: Conversation,
    /// What matched: start and exclusive end, in code points of `text`.
    pub highlights: Vec<[usize; 2]>,
}

impl From<&domain::SearchPage> for SearchPage {
    fn from(page: &domain::SearchPage) -> Self {
        Self {
            items: page.items.iter().map(SearchHit::from).collect(),
            next_cursor: page.next.map(cursor::search),
        }
    }
}

impl From<&domain::SearchHit> for SearchHit {
    fn from(hit: &domain::SearchHit) -> Self {
        Self {
            message: Message::from(&hit.message),
            conversation: Conversation::from(&hit.conversation),
            highlights: hit
                .highlights
                .iter()
                .map(|(start, end)| [*start, *end])
                .collect(),
        }
    }
}
