//! What a client keeps, and what it does with an event.

use std::collections::BTreeMap;

use messaging_domain::{
    ConversationId, ConversationView, Delivery, Event, Message, Position, Status, UserId,
};

use crate::stage::Stage;

/// What a client keeps: its inbox, both halves, and where its stream stood.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Snapshot {
    position: Position,
    pub(crate) unread_total: i64,
    pub(crate) views: BTreeMap<ConversationId, ConversationView>,
}

impl Snapshot {
    pub(crate) async fn take(stage: &Stage, user: &UserId) -> Self {
        let (page, archived) = (
            stage.inbox(user, false).await,
            stage.inbox(user, true).await,
        );
        for half in [&page, &archived] {
            let keys: Vec<_> = half
                .items
                .iter()
                .map(|v| (v.last_activity_at, v.id))
                .collect();
            assert!(
                keys.windows(2).all(|pair| pair[0] > pair[1]),
                "latest first"
            );
        }
        Self {
            position: page.head.position,
            unread_total: page.unread.messages,
            views: page
                .items
                .into_iter()
                .chain(archived.items)
                .map(|view| (view.id, view))
                .collect(),
        }
    }

    /// What a client does with an event.
    pub(crate) fn fold(&mut self, delivery: &Delivery) {
        if delivery.position <= self.position {
            return;
        }
        assert_eq!(delivery.position, self.position.next());
        self.position = delivery.position;
        self.unread_total = delivery.unread.total;
        match &delivery.event {
            Event::MessageCreated(message) | Event::MessageUpdated(message) => {
                let view = self.views.get_mut(&message.conversation).unwrap();
                view.unread_count = delivery.unread.count;
                let newer = view.last_message.as_ref().is_none_or(|last| {
                    (message.seq, message.revision) >= (last.seq, last.revision)
                });
                if newer {
                    view.last_seq = message.seq;
                    view.last_activity_at = message.created_at;
                    view.last_message = Some(Message::clone(message));
                }
            }
            Event::ConversationCreated(view) | Event::ConversationUpdated(view) => {
                let view = ConversationView::clone(view);
                self.views.insert(view.id, view);
            }
            Event::CursorMoved {
                conversation,
                user,
                read_seq,
                delivered_seq,
            } => {
                let view = self.views.get_mut(conversation).unwrap();
                view.unread_count = delivery.unread.count;
                if *user == view.counterpart.id {
                    view.counterpart_read_seq = *read_seq;
                    view.counterpart_delivered_seq = *delivered_seq;
                } else {
                    view.read_seq = *read_seq;
                    view.delivered_seq = *delivered_seq;
                }
                if let Some(last) = &mut view.last_message
                    && last.sender != *user
                {
                    last.status = if *read_seq >= last.seq {
                        Status::Read
                    } else if *delivered_seq >= last.seq {
                        Status::Delivered
                    } else {
                        Status::Sent
                    };
                }
            }
        }
    }

    /// `User` and `Product` are the directory's words at that moment; all else is exact.
    pub(crate) fn without_words(mut self) -> Self {
        for view in self.views.values_mut() {
            view.counterpart.display_name.clear();
            view.counterpart.erased_at = None;
        }
        self
    }
}
