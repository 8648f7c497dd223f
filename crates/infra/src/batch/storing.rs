//! How a batch is written down. Where people's streams stand numbers what is announced.

use std::collections::BTreeMap;

use diesel::prelude::*;
use messaging_domain::{Conversation, Delivery, Position, UserId};

use super::{Batch, Change, Growth, Kept};
#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    bulk::{self, Changes, Updated},
    columns::Version,
    conversations::ConversationRow,
    log::Stream,
    schema::conversations,
};

/// Where people's streams stood before a batch.
#[derive(Debug, Default)]
pub(crate) struct Before(BTreeMap<UserId, Stream>);

impl Before {
    /// Where streams stood that have grown by this to that, and others.
    fn of(
        growth: &BTreeMap<UserId, Growth>,
        grown: Vec<(UserId, Stream)>,
        mut unmoved: Vec<(UserId, Stream)>,
    ) -> QueryResult<Self> {
        if grown.len() < growth.len() {
            return Err(diesel::result::Error::NotFound);
        }
        unmoved.extend(grown.into_iter().map(|(user, after)| {
            let growth = growth.get(&user).copied().unwrap_or_default();
            (user, after.without(growth))
        }));
        Ok(Self(unmoved.into_iter().collect()))
    }

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
    /// The conversations that were changed, as they will be after the commit.
    pub(crate) left: Vec<(Conversation, Version)>,
}

impl Batch<'_> {
    /// Looks where the streams stand of people whose badges are told, and to whom nothing else is.
    pub(crate) fn look_at_readers(&mut self) -> QueryResult<()> {
        let mut readers = self.readers.clone();
        readers.retain(|user| !self.growth.contains_key(user));
        self.unmoved = bulk::streams(self.conn, &readers)?;
        Ok(())
    }

    /// Writes everything down.
    ///
    /// # Errors
    /// Those of the database; and where nothing was locked, what takes more than the one statement.
    pub(crate) fn store(mut self) -> QueryResult<Stored> {
        #[cfg(feature = "planted-bugs")]
        if planted::is(Bug::OverwritesOthers) {
            let ids = self.conversations.keys().copied().collect();
            let now = bulk::load_conversations(self.conn, &ids, false)?;
            self.versions
                .extend(now.into_iter().map(|(found, version)| (found.id, version)));
        }
        let takes_more = |kept: &Kept| match kept.change {
            Change::None => false,
            Change::Updated => true,
            Change::New => kept.first_digest.is_some(),
        };
        let more = !self.new.is_empty() || self.messages.values().any(takes_more);
        if more && !self.holds_locks {
            return Err(diesel::result::Error::QueryBuilderError(
                "an act that goes by its conversations only appends to them".into(),
            ));
        }
        for id in &self.new {
            if let Some(conversation) = self.conversations.get(id) {
                diesel::insert_into(conversations::table)
                    .values(ConversationRow::from(conversation))
                    .execute(self.conn)?;
            }
        }
        let version_of = |id| self.versions.get(id).copied().unwrap_or_default();
        let with_conversation = |change: Change| {
            self.messages
                .values()
                .filter(move |kept| kept.change == change)
                .filter_map(|kept| {
                    let conversation = self.conversations.get(&kept.message.conversation)?;
                    Some((kept, conversation))
                })
        };
        let changes = Changes {
            updated: self
                .changed
                .iter()
                .filter(|(id, _)| !self.new.contains(id))
                .filter_map(|(id, &moved)| {
                    Some(Updated {
                        conversation: self.conversations.get(id)?,
                        version: version_of(id),
                        moved,
                    })
                })
                .collect(),
            unchanged: self
                .conversations
                .keys()
                .filter(|id| !self.holds_locks && !self.changed.contains_key(id))
                .map(|id| (*id, version_of(id)))
                .collect(),
            appended: with_conversation(Change::New).collect(),
            growth: &self.growth,
            entries: &self.entries,
            now: self.now,
        };
        // Outside of a transaction this commits.
        let written = bulk::store(self.conn, &changes)?;
        let edited_at_once = changes
            .appended
            .iter()
            .copied()
            .filter(|(kept, _)| kept.first_digest.is_some());
        for (kept, conversation) in with_conversation(Change::Updated).chain(edited_at_once) {
            bulk::update_message(self.conn, kept, conversation)?;
        }
        let left = changes
            .updated
            .iter()
            .map(|updated| (updated.conversation.clone(), written.version))
            .collect();
        let before = Before::of(&self.growth, written.streams, self.unmoved)?;
        number(&mut self.deliveries, &before);
        Ok(Stored {
            deliveries: self.deliveries,
            before,
            left,
        })
    }
}

/// What is announced of a stream was counted from one.
fn number(deliveries: &mut [Delivery], before: &Before) {
    for delivery in deliveries {
        let head = before.head(&delivery.user);
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
