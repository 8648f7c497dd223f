//! How a batch is written down: people's streams first, since where they stood numbers the rest.

use std::collections::BTreeMap;

use diesel::prelude::*;
use messaging_domain::{Conversation, Delivery, Position, UserId};

use super::{Batch, Change, Growth};
use crate::{
    bulk,
    conversations::ConversationRow,
    log::{EventRow, Stream},
    schema::conversations,
};

/// Where people's streams stood before a batch.
#[derive(Debug, Default)]
pub(crate) struct Before(BTreeMap<UserId, Stream>);

impl Before {
    /// What somebody had unread. Zero for one whom the batch neither told anything nor named.
    pub(crate) fn unread_total(&self, user: &UserId) -> i64 {
        self.0.get(user).map_or(0, |stream| stream.unread.messages)
    }

    fn head(&self, user: &UserId) -> i64 {
        self.0.get(user).map_or(0, |stream| stream.head.get())
    }
}

/// A batch that is written down.
#[derive(Debug)]
pub(crate) struct Stored {
    /// What is to be announced, in order.
    pub(crate) deliveries: Vec<Delivery>,
    /// What answers count from.
    pub(crate) before: Before,
}

impl Batch<'_> {
    /// Writes everything down.
    pub(crate) fn store(mut self) -> QueryResult<Stored> {
        let before = self.store_streams()?;
        let Self {
            conn,
            conversations,
            new,
            changed,
            messages,
            mut entries,
            mut deliveries,
            ..
        } = self;
        for id in &new {
            if let Some(conversation) = conversations.get(id) {
                diesel::insert_into(conversations::table)
                    .values(ConversationRow::from(conversation))
                    .execute(conn)?;
            }
        }
        let updated: Vec<&Conversation> = changed
            .difference(&new)
            .filter_map(|id| conversations.get(id))
            .collect();
        bulk::update_conversations(conn, &updated)?;
        let with_conversation = |change: Change| {
            messages
                .values()
                .filter(move |kept| kept.change == change)
                .filter_map(|kept| Some((kept, conversations.get(&kept.message.conversation)?)))
        };
        let appended: Vec<_> = with_conversation(Change::New).collect();
        bulk::insert_messages(conn, &appended)?;
        let edited_at_once = appended
            .iter()
            .copied()
            .filter(|(kept, _)| kept.first_digest.is_some());
        for (kept, conversation) in with_conversation(Change::Updated).chain(edited_at_once) {
            bulk::update_message(conn, kept, conversation)?;
        }
        number(&mut entries, &mut deliveries, &before);
        bulk::insert_events(conn, &entries)?;
        Ok(Stored { deliveries, before })
    }

    /// Adds to people's streams, which locks them until the commit, in the order of their ids.
    fn store_streams(&mut self) -> QueryResult<Before> {
        let mut before = BTreeMap::new();
        for (user, after) in bulk::grow_streams(self.conn, &self.growth)? {
            let growth = self.growth.get(&user).copied().unwrap_or_default();
            before.insert(user, after.without(growth));
        }
        if self.growth.keys().any(|user| !before.contains_key(user)) {
            return Err(diesel::result::Error::NotFound);
        }
        self.readers.retain(|user| !before.contains_key(user));
        before.extend(bulk::streams(self.conn, &self.readers)?);
        Ok(Before(before))
    }
}

/// Events and what is announced of them were counted from one.
fn number(entries: &mut [EventRow], deliveries: &mut [Delivery], before: &Before) {
    for (entry, delivery) in entries.iter_mut().zip(deliveries) {
        let head = before.head(&delivery.user);
        entry.position += head;
        delivery.position = Position::new(delivery.position.get() + head);
        delivery.unread.total += before.unread_total(&delivery.user);
    }
}

impl Stream {
    fn without(self, growth: Growth) -> Self {
        Self {
            head: Position::new(self.head.get() - growth.events),
            unread: messaging_domain::UnreadTotals {
                messages: self.unread.messages - growth.unread.messages,
                conversations: self.unread.conversations - growth.unread.conversations,
            },
        }
    }
}
