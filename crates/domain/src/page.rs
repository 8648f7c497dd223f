//! Pages: what is asked for, and what comes back. Every one is bounded and found by keyset.

use crate::{
    event::Delivery,
    id::{ConversationId, Epoch, Position, Seq, UserId},
    message::Message,
    search::SearchQuery,
    timestamp::Timestamp,
    view::ConversationView,
};

/// Which messages of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The newest.
    Latest,
    /// Those just before this place.
    Before(Seq),
    /// Those just after this place.
    After(Seq),
    /// This place in the middle.
    Around(Seq),
}

impl Window {
    /// The first and last place of at most `limit` messages, in a conversation whose newest is at
    /// `last`. Places have no gaps, so this needs no query. Empty when first > last.
    pub fn range(self, limit: usize, last: Seq) -> (Seq, Seq) {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX).max(1);
        let last = last.get();
        let (from, to) = match self {
            Self::Latest => (last.saturating_sub(limit - 1), last),
            Self::Before(seq) => {
                let to = seq.get().saturating_sub(1).min(last);
                (to.saturating_sub(limit - 1), to)
            }
            Self::After(seq) => {
                let from = seq.get().saturating_add(1);
                (from, from.saturating_add(limit - 1))
            }
            Self::Around(seq) => {
                // Near an end the window slides rather than shrinks.
                let from = seq.get().saturating_sub((limit - 1) / 2);
                let from = from.min(last.saturating_sub(limit - 1)).max(1);
                (from, from.saturating_add(limit - 1))
            }
        };
        (Seq::new(from.max(1)), Seq::new(to.min(last)))
    }
}

/// A page of messages in rising order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessagePage {
    /// The conversation, as the reader sees it.
    pub conversation: ConversationView,
    /// The messages.
    pub items: Vec<Message>,
    /// There are older ones.
    pub has_before: bool,
    /// There are newer ones.
    pub has_after: bool,
}

/// After which conversation the next page of an inbox begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InboxCursor {
    /// The last conversation's latest activity.
    pub last_activity_at: Timestamp,
    /// Its id, for those of the same moment.
    pub id: ConversationId,
}

/// Which conversations of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxQuery {
    /// The archived ones instead of the others.
    pub archived: bool,
    /// Only those whose counterpart, product title or messages match.
    pub filter: Option<SearchQuery>,
    /// Only those after this one.
    pub after: Option<InboxCursor>,
    /// How many at most.
    pub limit: usize,
}

/// A page of conversations, latest activity first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxPage {
    /// The conversations, as their owner sees them.
    pub items: Vec<ConversationView>,
    /// Where the next page begins, if there is one.
    pub next: Option<InboxCursor>,
    /// What is left unread.
    pub unread: UnreadTotals,
    /// The stream's head, read no later than the rows: events after it may be applied to this page.
    pub head: StreamHead,
}

/// What a badge shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UnreadTotals {
    /// Unread messages in conversations that are neither archived nor muted.
    pub messages: i64,
    /// How many such conversations have any.
    pub conversations: i64,
}

/// After which message the next page of a search begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchCursor {
    /// When the last message was sent.
    pub created_at: Timestamp,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its place there.
    pub seq: Seq,
}

/// Which messages of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchRequest {
    /// The words.
    pub query: SearchQuery,
    /// Only in this conversation.
    pub conversation: Option<ConversationId>,
    /// Only those after this one.
    pub after: Option<SearchCursor>,
    /// How many at most.
    pub limit: usize,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchHit {
    /// The message.
    pub message: Message,
    /// Its conversation, as the searcher sees it.
    pub conversation: ConversationView,
    /// What matched: start and exclusive end, in code points of the text.
    pub highlights: Vec<(usize, usize)>,
}

/// A page of found messages, latest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPage {
    /// The messages.
    pub items: Vec<SearchHit>,
    /// Where the next page begins, if there is one.
    pub next: Option<SearchCursor>,
}

/// Where a person's stream of durable events stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamHead {
    /// Of which numbering.
    pub epoch: Epoch,
    /// The newest event's place; zero when there is none.
    pub position: Position,
}

/// Where the streams of many people stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamHeads {
    /// Of which numbering.
    pub epoch: Epoch,
    /// The newest event's place, by person.
    pub positions: Vec<(UserId, Position)>,
}

/// A run of a person's events without a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPage {
    /// The events, in order, each with its object as it is now.
    pub events: Vec<Delivery>,
    /// Whether more were there when it was read.
    pub more: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(window: Window, limit: usize, last: i64) -> (i64, i64) {
        let (from, to) = window.range(limit, Seq::new(last));
        (from.get(), to.get())
    }

    #[test]
    fn a_window_is_arithmetic_on_places() {
        let seq = Seq::new;
        assert_eq!(range(Window::Latest, 50, 120), (71, 120));
        assert_eq!(range(Window::Latest, 50, 20), (1, 20));
        assert_eq!(range(Window::Before(seq(71)), 50, 120), (21, 70));
        assert_eq!(range(Window::Before(seq(10)), 50, 120), (1, 9));
        assert_eq!(range(Window::Before(seq(999)), 2, 120), (119, 120));
        assert_eq!(range(Window::After(seq(0)), 50, 120), (1, 50));
        assert_eq!(range(Window::After(seq(100)), 50, 120), (101, 120));
        assert_eq!(range(Window::Around(seq(60)), 5, 120), (58, 62));
        assert_eq!(range(Window::Around(seq(1)), 5, 120), (1, 5));
        assert_eq!(range(Window::Around(seq(120)), 5, 120), (116, 120));
    }

    #[test]
    fn a_window_that_holds_nothing_is_empty() {
        for window in [
            Window::Latest,
            Window::Before(Seq::new(5)),
            Window::After(Seq::ZERO),
            Window::Around(Seq::new(3)),
        ] {
            let (from, to) = range(window, 50, 0);
            assert!(from > to, "{window:?}");
        }
        let (from, to) = range(Window::After(Seq::new(i64::MAX)), 200, 3);
        assert!(from > to);
        let (from, to) = range(Window::Before(Seq::new(1)), 200, 3);
        assert!(from > to);
    }
}
