//! PostgreSQL's statements, of a fixed text, so that each is prepared once for a connection: Diesel never caches
//! `sql_query` or inserts of several rows.

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Bool, Integer, Nullable, SmallInt, Text},
};
use messaging_domain::{Conversation, ConversationId, UserId};

use crate::{
    batch::{Growth, Kept},
    columns::{DbTime, DbUuid, Timestamptz, Uuid, Version, Xid},
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
        version: Version => Xid,
    }
    "UPDATE conversations c SET last_activity_at = n.last_activity_at, last_seq = n.last_seq, closed = n.closed, \
     buyer_read_seq = n.buyer_read_seq, buyer_delivered_seq = n.buyer_delivered_seq, buyer_unread = n.buyer_unread, \
     buyer_archived = n.buyer_archived, buyer_muted = n.buyer_muted, buyer_blocking = n.buyer_blocking, \
     seller_read_seq = n.seller_read_seq, seller_delivered_seq = n.seller_delivered_seq, seller_unread = n.seller_unread, \
     seller_archived = n.seller_archived, seller_muted = n.seller_muted, seller_blocking = n.seller_blocking \
     FROM ",
    ") AS n (id, last_activity_at, last_seq, closed, \
     buyer_read_seq, buyer_delivered_seq, buyer_unread, buyer_archived, buyer_muted, buyer_blocking, \
     seller_read_seq, seller_delivered_seq, seller_unread, seller_archived, seller_muted, seller_blocking, version) \
     WHERE c.id = n.id AND c.xmin = n.version"
}

impl UpdateConversations {
    pub(crate) fn push(&mut self, conversation: &Conversation, version: Version) {
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
        self.version.push(version);
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
    GrowStreams {
        user_id: String => Text,
        events: i64 => BigInt,
        unread_messages: i64 => BigInt,
        unread_conversations: i64 => BigInt,
        first: i32 => Integer,
        last: i32 => Integer,
    }
    "UPDATE streams s SET head = s.head + n.events, unread_messages = s.unread_messages + n.unread_messages, \
     unread_conversations = s.unread_conversations + n.unread_conversations FROM ",
    ") AS n (user_id, events, unread_messages, unread_conversations, first, last) WHERE s.user_id = n.user_id"
}

columns_of! {
    /// Of conversations that are to be as they were, but are not changed.
    FindUnchanged {
        id: DbUuid => Uuid,
        version: Version => Xid,
    }
    "SELECT 1 FROM ",
    ") AS n (id, version) JOIN conversations c ON c.id = n.id WHERE c.xmin = n.version"
}

impl FindUnchanged {
    pub(crate) fn push(&mut self, id: ConversationId, version: Version) {
        self.id.push(id.into());
        self.version.push(version);
    }
}

/// Events as arrays: those of a person stand together, from `first` to `last` of what their stream grows by.
#[derive(Default, QueryId)]
struct NewEvents {
    position: Vec<i64>,
    kind: Vec<i16>,
    conversation_id: Vec<DbUuid>,
    seq: Vec<i64>,
    created_at: Vec<DbTime>,
}

/// Writes down all that a batch brings, in one statement: what changes of conversations, its messages, and
/// its events where people's streams stand by now. If a conversation is not as it was, or a stream is missing, it
/// fails and has changed nothing.
#[derive(Default, QueryId)]
pub(crate) struct StoreBatch {
    pub(crate) conversations: UpdateConversations,
    pub(crate) unchanged: FindUnchanged,
    pub(crate) messages: InsertMessages,
    streams: GrowStreams,
    events: NewEvents,
    size: Size,
}

/// How many rows have to be found.
#[derive(Default, QueryId)]
struct Size {
    updated: i64,
    unchanged: i64,
    grown: i64,
}

/// The transaction, and a stream that has grown, if one has.
pub(crate) type StoredRow = (Option<Version>, Option<(String, i64, i64, i64)>);

impl diesel::query_builder::Query for StoreBatch {
    type SqlType = (Nullable<Xid>, Nullable<(Text, BigInt, BigInt, BigInt)>);
}

impl RunQueryDsl<PgConnection> for StoreBatch {}

impl StoreBatch {
    /// Adds what one person's stream grows by, and the events that it gets.
    pub(crate) fn push_stream(&mut self, user: &UserId, growth: Growth, events: &[&EventRow]) {
        let place = |events: &NewEvents| i32::try_from(events.seq.len()).unwrap_or(i32::MAX);
        let before = place(&self.events);
        for event in events {
            self.events.position.push(event.position);
            self.events.kind.push(event.kind);
            self.events.conversation_id.push(event.conversation_id);
            self.events.seq.push(event.seq);
            self.events.created_at.push(event.created_at);
        }
        let streams = &mut self.streams;
        streams.user_id.push(user.as_str().to_owned());
        streams.events.push(growth.events);
        streams.unread_messages.push(growth.unread.messages);
        streams
            .unread_conversations
            .push(growth.unread.conversations);
        streams.first.push(before.saturating_add(1));
        streams.last.push(place(&self.events));
    }

    /// All of it; nothing if there is nothing to write down and nothing to look for.
    pub(crate) fn filled(mut self) -> Option<Self> {
        let many = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
        self.size = Size {
            updated: many(self.conversations.id.len()),
            unchanged: many(self.unchanged.id.len()),
            grown: many(self.streams.user_id.len()),
        };
        let Size {
            updated,
            unchanged,
            grown,
        } = self.size;
        let rows = [updated, unchanged, grown, many(self.messages.seq.len())];
        rows.iter().any(|rows| *rows > 0).then_some(self)
    }
}

impl QueryFragment<Pg> for StoreBatch {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH updated AS (");
        self.conversations.walk_ast(out.reborrow())?;
        out.push_sql(" RETURNING 1), unchanged AS (");
        self.unchanged.walk_ast(out.reborrow())?;
        out.push_sql("), appended AS (");
        self.messages.walk_ast(out.reborrow())?;
        out.push_sql("), grown AS (");
        self.streams.walk_ast(out.reborrow())?;
        // Conversations are locked before streams, here as everywhere: what is asked for comes first.
        out.push_sql(" AND (SELECT count(*) FROM updated) = ");
        out.push_bind_param::<BigInt, _>(&self.size.updated)?;
        out.push_sql(
            " RETURNING s.user_id, s.head, s.unread_messages, s.unread_conversations, \
             s.head - n.events AS before, n.first, n.last), \
             told AS (INSERT INTO events (user_id, position, kind, conversation_id, seq, created_at) \
             SELECT g.user_id, g.before + (",
        );
        out.push_bind_param::<Array<BigInt>, _>(&self.events.position)?;
        out.push_sql(")[n], (");
        out.push_bind_param::<Array<SmallInt>, _>(&self.events.kind)?;
        out.push_sql(")[n], (");
        out.push_bind_param::<Array<Uuid>, _>(&self.events.conversation_id)?;
        out.push_sql(")[n], (");
        out.push_bind_param::<Array<BigInt>, _>(&self.events.seq)?;
        out.push_sql(")[n], (");
        out.push_bind_param::<Array<Timestamptz>, _>(&self.events.created_at)?;
        out.push_sql(
            ")[n] FROM grown g CROSS JOIN generate_series(g.first, g.last) n) \
             SELECT CASE WHEN (SELECT count(*) FROM updated) = ",
        );
        out.push_bind_param::<BigInt, _>(&self.size.updated)?;
        out.push_sql(" AND (SELECT count(*) FROM unchanged) = ");
        out.push_bind_param::<BigInt, _>(&self.size.unchanged)?;
        out.push_sql(" AND (SELECT count(*) FROM grown) = ");
        out.push_bind_param::<BigInt, _>(&self.size.grown)?;
        out.push_sql(
            " THEN pg_current_xact_id_if_assigned()::xid ELSE refuse_stale_batch() END AS written_by, \
             g.user_id, g.head, g.unread_messages, g.unread_conversations \
             FROM (VALUES (0)) AS always LEFT JOIN grown g ON TRUE",
        );
        Ok(())
    }
}
