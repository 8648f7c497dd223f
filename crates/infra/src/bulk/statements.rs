//! Statements of a fixed text, so that each is prepared once for a connection: Diesel never caches
//! `sql_query` or inserts of several rows.

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Bool, SmallInt, Text},
    sqlite::Sqlite,
};
use messaging_domain::{Conversation, UserId};

use crate::{
    batch::{Growth, Kept},
    columns::{DbTime, DbUuid, Timestamptz, Uuid},
    log::EventRow,
    messages,
};

/// Looks many client ids up at once.
#[derive(QueryId)]
pub(crate) struct FindSent {
    pub(crate) senders: Vec<String>,
    pub(crate) client_ids: Vec<DbUuid>,
}

impl diesel::query_builder::Query for FindSent {
    type SqlType = (Text, Uuid, Uuid, BigInt);
}

impl RunQueryDsl<PgConnection> for FindSent {}

impl QueryFragment<Pg> for FindSent {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT m.sender_id, m.client_id, m.conversation_id, m.seq FROM messages m \
             JOIN unnest(",
        );
        out.push_bind_param::<Array<Text>, _>(&self.senders)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Uuid>, _>(&self.client_ids)?;
        out.push_sql(") AS s (sender_id, client_id) ON m.sender_id = s.sender_id AND m.client_id = s.client_id");
        Ok(())
    }
}

/// Columns of a statement with arrays: a struct of vectors, and its binds in the order of its fields.
macro_rules! columns_of {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $rust:ty => $sql:ty),* $(,)? } $before:literal, $after:literal) => {
        $(#[$doc])*
        #[derive(Default, QueryId)]
        pub(crate) struct $name {
            $($field: Vec<$rust>,)*
        }

        impl RunQueryDsl<PgConnection> for $name {}

        impl QueryFragment<Pg> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql($before);
                let mut separator = "unnest(";
                $(
                    out.push_sql(separator);
                    out.push_bind_param::<Array<$sql>, _>(&self.$field)?;
                    separator = ", ";
                )*
                let _ = separator;
                out.push_sql($after);
                Ok(())
            }
        }
    };
}

columns_of! {
    UpdateConversations {
        id: DbUuid => Uuid,
        last_activity_at: DbTime => Timestamptz,
        last_seq: i64 => BigInt,
        closed: bool => Bool,
        buyer_read_seq: i64 => BigInt,
        buyer_delivered_seq: i64 => BigInt,
        buyer_unread: i64 => BigInt,
        buyer_archived: bool => Bool,
        buyer_muted: bool => Bool,
        buyer_blocking: bool => Bool,
        seller_read_seq: i64 => BigInt,
        seller_delivered_seq: i64 => BigInt,
        seller_unread: i64 => BigInt,
        seller_archived: bool => Bool,
        seller_muted: bool => Bool,
        seller_blocking: bool => Bool,
    }
    "UPDATE conversations c SET last_activity_at = n.last_activity_at, last_seq = n.last_seq, closed = n.closed, \
     buyer_read_seq = n.buyer_read_seq, buyer_delivered_seq = n.buyer_delivered_seq, buyer_unread = n.buyer_unread, \
     buyer_archived = n.buyer_archived, buyer_muted = n.buyer_muted, buyer_blocking = n.buyer_blocking, \
     seller_read_seq = n.seller_read_seq, seller_delivered_seq = n.seller_delivered_seq, seller_unread = n.seller_unread, \
     seller_archived = n.seller_archived, seller_muted = n.seller_muted, seller_blocking = n.seller_blocking FROM ",
    ") AS n (id, last_activity_at, last_seq, closed, \
     buyer_read_seq, buyer_delivered_seq, buyer_unread, buyer_archived, buyer_muted, buyer_blocking, \
     seller_read_seq, seller_delivered_seq, seller_unread, seller_archived, seller_muted, seller_blocking) \
     WHERE c.id = n.id"
}

impl UpdateConversations {
    pub(crate) fn push(&mut self, conversation: &Conversation) {
        let (buyer, seller) = (&conversation.buyer, &conversation.seller);
        self.id.push(conversation.id.into());
        self.last_activity_at
            .push(DbTime(conversation.last_activity_at));
        self.last_seq.push(conversation.last_seq.get());
        self.closed.push(conversation.closed);
        self.buyer_read_seq.push(buyer.read_seq.get());
        self.buyer_delivered_seq.push(buyer.delivered_seq.get());
        self.buyer_unread.push(buyer.unread);
        self.buyer_archived.push(buyer.archived);
        self.buyer_muted.push(buyer.muted);
        self.buyer_blocking.push(buyer.blocking);
        self.seller_read_seq.push(seller.read_seq.get());
        self.seller_delivered_seq.push(seller.delivered_seq.get());
        self.seller_unread.push(seller.unread);
        self.seller_archived.push(seller.archived);
        self.seller_muted.push(seller.muted);
        self.seller_blocking.push(seller.blocking);
    }
}

columns_of! {
    InsertMessages {
        conversation_id: DbUuid => Uuid,
        seq: i64 => BigInt,
        revision: i64 => BigInt,
        client_id: DbUuid => Uuid,
        sender_id: String => Text,
        kind: String => Text,
        body: String => Text,
        created_at: DbTime => Timestamptz,
        terms: String => Text,
    }
    "INSERT INTO messages (conversation_id, seq, revision, client_id, sender_id, kind, body, created_at, terms) \
     SELECT n.conversation_id, n.seq, n.revision, n.client_id, n.sender_id, n.kind, n.body, n.created_at, \
     array_to_tsvector(string_to_array(n.terms, ' ')) FROM ",
    ") AS n (conversation_id, seq, revision, client_id, sender_id, kind, body, created_at, terms)"
}

impl InsertMessages {
    pub(crate) fn push(&mut self, kept: &Kept, conversation: &Conversation) {
        let message = &kept.message;
        self.conversation_id.push(message.conversation.into());
        self.seq.push(message.seq.get());
        self.revision.push(message.revision.get());
        self.client_id.push(message.client_id.into());
        self.sender_id.push(message.sender.as_str().to_owned());
        self.kind.push(message.content.kind().to_owned());
        self.body.push(messages::encode(&message.content));
        self.created_at.push(DbTime(message.created_at));
        self.terms
            .push(messages::terms(&message.content, conversation));
    }
}

columns_of! {
    InsertEvents {
        user_id: String => Text,
        position: i64 => BigInt,
        kind: i16 => SmallInt,
        conversation_id: DbUuid => Uuid,
        seq: i64 => BigInt,
        created_at: DbTime => Timestamptz,
    }
    "INSERT INTO events (user_id, position, kind, conversation_id, seq, created_at) SELECT * FROM ",
    ")"
}

impl InsertEvents {
    pub(crate) fn push(&mut self, entry: &EventRow) {
        self.user_id.push(entry.user_id.clone());
        self.position.push(entry.position);
        self.kind.push(entry.kind);
        self.conversation_id.push(entry.conversation_id);
        self.seq.push(entry.seq);
        self.created_at.push(entry.created_at);
    }
}

columns_of! {
    GrowStreams {
        user_id: String => Text,
        events: i64 => BigInt,
        unread_messages: i64 => BigInt,
        unread_conversations: i64 => BigInt,
    }
    "UPDATE streams s SET head = s.head + n.events, unread_messages = s.unread_messages + n.unread_messages, \
     unread_conversations = s.unread_conversations + n.unread_conversations FROM ",
    ") AS n (user_id, events, unread_messages, unread_conversations) WHERE s.user_id = n.user_id \
     RETURNING s.user_id, s.head, s.unread_messages, s.unread_conversations"
}

impl diesel::query_builder::Query for GrowStreams {
    type SqlType = (Text, BigInt, BigInt, BigInt);
}

impl GrowStreams {
    pub(crate) fn push(&mut self, user: &UserId, growth: Growth) {
        self.user_id.push(user.as_str().to_owned());
        self.events.push(growth.events);
        self.unread_messages.push(growth.unread.messages);
        self.unread_conversations.push(growth.unread.conversations);
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
