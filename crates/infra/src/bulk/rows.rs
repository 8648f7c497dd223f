//! SQLite's statements about one row, of a fixed text, so that each is parsed once for a connection: Diesel never
//! caches an `UPDATE`.

use diesel::{
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Bool, Nullable, Text},
    sqlite::Sqlite,
};
use messaging_domain::{Conversation, UserId};

use crate::{
    batch::Growth,
    columns::{DbTime, DbUuid, Timestamptz, Uuid},
    log::{self, StreamRow},
};

/// Pieces of SQL and, after each, a bind.
macro_rules! about_one {
    ($(#[$doc:meta])* $name:ident { $($before:literal $field:ident: $rust:ty => $sql:ty),* $(,)? } $after:literal) => {
        $(#[$doc])*
        #[derive(QueryId)]
        pub(crate) struct $name {
            $($field: $rust,)*
        }

        impl RunQueryDsl<SqliteConnection> for $name {}

        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                $(
                    out.push_sql($before);
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                )*
                out.push_sql($after);
                Ok(())
            }
        }
    };
}

about_one! {
    /// All that changes of a conversation but which inboxes it is in.
    UpdateConversation {
        "UPDATE conversations SET last_activity_at = " last_activity_at: DbTime => Timestamptz,
        ", last_seq = " last_seq: i64 => BigInt,
        ", closed = " closed: bool => Bool,
        ", buyer_read_seq = " buyer_read_seq: i64 => BigInt,
        ", buyer_delivered_seq = " buyer_delivered_seq: i64 => BigInt,
        ", buyer_unread = " buyer_unread: i64 => BigInt,
        ", buyer_muted = " buyer_muted: bool => Bool,
        ", buyer_blocking = " buyer_blocking: bool => Bool,
        ", seller_read_seq = " seller_read_seq: i64 => BigInt,
        ", seller_delivered_seq = " seller_delivered_seq: i64 => BigInt,
        ", seller_unread = " seller_unread: i64 => BigInt,
        ", seller_muted = " seller_muted: bool => Bool,
        ", seller_blocking = " seller_blocking: bool => Bool,
        " WHERE id = " id: DbUuid => Uuid,
    }
    ""
}

impl From<&Conversation> for UpdateConversation {
    fn from(conversation: &Conversation) -> Self {
        let (buyer, seller) = (&conversation.buyer, &conversation.seller);
        Self {
            last_activity_at: DbTime(conversation.last_activity_at),
            last_seq: conversation.last_seq.get(),
            closed: conversation.closed,
            buyer_read_seq: buyer.read_seq.get(),
            buyer_delivered_seq: buyer.delivered_seq.get(),
            buyer_unread: buyer.unread,
            buyer_muted: buyer.muted,
            buyer_blocking: buyer.blocking,
            seller_read_seq: seller.read_seq.get(),
            seller_delivered_seq: seller.delivered_seq.get(),
            seller_unread: seller.unread,
            seller_muted: seller.muted,
            seller_blocking: seller.blocking,
            id: conversation.id.into(),
        }
    }
}

about_one! {
    /// Which inbox of each side a conversation is in.
    MoveConversation {
        "UPDATE conversations SET buyer_archived = " buyer_archived: bool => Bool,
        ", seller_archived = " seller_archived: bool => Bool,
        " WHERE id = " id: DbUuid => Uuid,
    }
    ""
}

impl From<&Conversation> for MoveConversation {
    fn from(conversation: &Conversation) -> Self {
        Self {
            buyer_archived: conversation.buyer.archived,
            seller_archived: conversation.seller.archived,
            id: conversation.id.into(),
        }
    }
}

about_one! {
    /// Adds what somebody is told to the newest events, or begins them afresh when they have become a run; gives them
    /// back when they become one now.
    GrowStream {
        "UPDATE streams SET head = head + " events: i64 => BigInt,
        ", unread_messages = unread_messages + " unread_messages: i64 => BigInt,
        ", unread_conversations = unread_conversations + " unread_conversations: i64 => BigInt,
        // What is put together is a text of these bytes, for SQLite.
        ", recent = CAST(" told: Vec<u8> => Binary,
        " || CASE WHEN length(recent) < " full: i64 => BigInt,
        " THEN recent ELSE x'' END AS BLOB) WHERE user_id = " user_id: String => Text,
        " RETURNING user_id, head, unread_messages, unread_conversations, CASE WHEN length(recent) >= " full_now: i64 => BigInt,
    }
    " THEN recent END"
}

/// A stream that has grown, and a run of events that it has gathered.
pub(super) type GrownRow = (StreamRow, Option<Vec<u8>>);

impl diesel::query_builder::Query for GrowStream {
    type SqlType = ((Text, BigInt, BigInt, BigInt), Nullable<Binary>);
}

impl GrowStream {
    pub(crate) fn of(user: &UserId, growth: Growth, told: Vec<u8>) -> Self {
        Self {
            told,
            full: log::FULL,
            full_now: log::FULL,
            events: growth.events,
            unread_messages: growth.unread.messages,
            unread_conversations: growth.unread.conversations,
            user_id: user.as_str().to_owned(),
        }
    }
}

/// Puts the words of the message just inserted into SQLite's index.
#[derive(QueryId)]
pub(crate) struct IndexLastMessage {
    pub(crate) terms: String,
}

impl RunQueryDsl<SqliteConnection> for IndexLastMessage {}

impl QueryFragment<Sqlite> for IndexLastMessage {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("INSERT INTO message_terms (rowid, terms) VALUES (last_insert_rowid(), ");
        out.push_bind_param::<Text, _>(&self.terms)?;
        out.push_sql(")");
        Ok(())
    }
}
