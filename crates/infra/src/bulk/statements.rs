//! PostgreSQL's statements that write, of a fixed text, so that each is prepared once for a connection: Diesel never caches
//! `sql_query` or inserts of several rows.

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Binary, Nullable, Text},
};
use messaging_domain::{Conversation, ConversationId, Timestamp, UserId};

use crate::{
    batch::{Growth, Kept},
    columns::{DbTime, DbUuid, Timestamptz, Uuid, Version, Xid},
    messages,
};

/// Rows that a statement gets as arrays, column by column: those of a fixed width as columns of `a`, to be taken at the
/// place `n`, which costs a fifth of unnesting them; the others, whose place had to be counted out from the beginning of
/// their array, unnested. Numbers of one row stand together in one array, as each array has a price of its own.
macro_rules! rows_of {
    ($(#[$doc:meta])* $name:ident {
        $($array:ident: $rust:ty => $sql:ty),+ $(,)?
        $(; $($unnested:ident: $unnested_rust:ty => $unnested_sql:ty),+ $(,)?)?
    } $before:literal, $after:literal) => {
        $(#[$doc])*
        #[derive(Default, QueryId)]
        pub(crate) struct $name {
            $($array: Vec<$rust>,)+
            $($($unnested: Vec<$unnested_rust>,)+)?
        }

        impl RunQueryDsl<PgConnection> for $name {}

        impl QueryFragment<Pg> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                out.push_sql($before);
                let mut separator = " FROM (SELECT ";
                $(
                    out.push_sql(separator);
                    out.push_bind_param::<Array<$sql>, _>(&self.$array)?;
                    out.push_sql(concat!(" AS ", stringify!($array)));
                    separator = ", ";
                )+
                let _ = separator;
                rows_of!(@places self, out, $($array)+ $(; $($unnested: $unnested_sql),+)?);
                out.push_sql($after);
                Ok(())
            }
        }
    };
    (@places $self:ident, $out:ident, $first:ident $($array:ident)*) => {
        $out.push_sql(concat!(") AS a CROSS JOIN generate_series(1, cardinality(a.", stringify!($first), ")) AS n"));
    };
    (@places $self:ident, $out:ident, $($array:ident)+; $($unnested:ident: $unnested_sql:ty),+) => {
        let mut separator = ") AS a CROSS JOIN unnest(";
        $(
            $out.push_sql(separator);
            $out.push_bind_param::<Array<$unnested_sql>, _>(&$self.$unnested)?;
            separator = ", ";
        )+
        let _ = separator;
        $out.push_sql(concat!(") WITH ORDINALITY AS unnested (", $(stringify!($unnested), ", ",)+ "n)"));
    };
}

rows_of! {
    UpdateConversations {
        id: DbUuid => Uuid,
        version: Version => Xid,
        last_activity_at: DbTime => Timestamptz,
        numbers: i64 => BigInt,
    }
    "UPDATE conversations c SET last_activity_at = a.last_activity_at[n], last_seq = a.numbers[8 * n - 7], \
     buyer_read_seq = a.numbers[8 * n - 6], buyer_delivered_seq = a.numbers[8 * n - 5], buyer_unread = a.numbers[8 * n - 4], \
     seller_read_seq = a.numbers[8 * n - 3], seller_delivered_seq = a.numbers[8 * n - 2], seller_unread = a.numbers[8 * n - 1], \
     closed = a.numbers[8 * n] & 1 <> 0, \
     buyer_archived = a.numbers[8 * n] & 2 <> 0, buyer_muted = a.numbers[8 * n] & 4 <> 0, buyer_blocking = a.numbers[8 * n] & 8 <> 0, \
     seller_archived = a.numbers[8 * n] & 16 <> 0, seller_muted = a.numbers[8 * n] & 32 <> 0, seller_blocking = a.numbers[8 * n] & 64 <> 0",
    " WHERE c.id = a.id[n] AND c.xmin = a.version[n]"
}

impl UpdateConversations {
    pub(crate) fn push(&mut self, conversation: &Conversation, version: Version) {
        let (buyer, seller) = (&conversation.buyer, &conversation.seller);
        self.id.push(conversation.id.into());
        self.version.push(version);
        self.last_activity_at
            .push(DbTime(conversation.last_activity_at));
        let flags = [
            conversation.closed,
            buyer.archived,
            buyer.muted,
            buyer.blocking,
            seller.archived,
            seller.muted,
            seller.blocking,
        ];
        self.numbers.extend([
            conversation.last_seq.get(),
            buyer.read_seq.get(),
            buyer.delivered_seq.get(),
            buyer.unread,
            seller.read_seq.get(),
            seller.delivered_seq.get(),
            seller.unread,
            flags
                .iter()
                .rev()
                .fold(0, |bits, &flag| bits << 1 | i64::from(flag)),
        ]);
    }
}

rows_of! {
    InsertMessages {
        conversation_id: DbUuid => Uuid,
        client_id: DbUuid => Uuid,
        created_at: DbTime => Timestamptz,
        numbers: i64 => BigInt;
        sender_id: String => Text,
        kind: String => Text,
        body: String => Text,
        terms: String => Text,
    }
    "INSERT INTO messages (conversation_id, seq, revision, client_id, sender_id, kind, body, created_at, terms) \
     SELECT a.conversation_id[n], a.numbers[2 * n - 1], a.numbers[2 * n], a.client_id[n], sender_id, kind, body, \
     a.created_at[n], array_to_tsvector(string_to_array(terms, ' '))",
    ""
}

impl InsertMessages {
    pub(crate) fn push(&mut self, kept: &Kept, conversation: &Conversation) {
        let message = &kept.message;
        self.conversation_id.push(message.conversation.into());
        self.client_id.push(message.client_id.into());
        self.created_at.push(DbTime(message.created_at));
        self.numbers
            .extend([message.seq.get(), message.revision.get()]);
        self.sender_id.push(message.sender.as_str().to_owned());
        self.kind.push(message.content.kind().to_owned());
        self.body.push(messages::encode(&message.content));
        self.terms
            .push(messages::terms(&message.content, conversation));
    }
}

rows_of! {
    /// The newest events stand first, and begin afresh when they have become a run.
    GrowStreams {
        numbers: i64 => BigInt;
        user_id: String => Text,
        told: Vec<u8> => Binary,
    }
    "UPDATE streams s SET head = s.head + a.numbers[3 * n - 2], unread_messages = s.unread_messages + a.numbers[3 * n - 1], \
     unread_conversations = s.unread_conversations + a.numbers[3 * n], \
     recent = unnested.told || CASE WHEN octet_length(s.recent) < 400 THEN s.recent ELSE '' END",
    " WHERE s.user_id = unnested.user_id"
}

impl GrowStreams {
    /// What one person's stream grows by.
    pub(crate) fn push(&mut self, user: &UserId, growth: Growth, told: Vec<u8>) {
        self.user_id.push(user.as_str().to_owned());
        self.numbers.extend([
            growth.events,
            growth.unread.messages,
            growth.unread.conversations,
        ]);
        self.told.push(told);
    }
}

rows_of! {
    /// Of conversations that are to be as they were, but are not changed.
    FindUnchanged {
        id: DbUuid => Uuid,
        version: Version => Xid,
    }
    "SELECT 1",
    " JOIN conversations c ON c.id = a.id[n] WHERE c.xmin = a.version[n]"
}

impl FindUnchanged {
    pub(crate) fn push(&mut self, id: ConversationId, version: Version) {
        self.id.push(id.into());
        self.version.push(version);
    }
}

/// Writes down all that a batch brings, in one statement: what changes of conversations, its messages, and
/// its events in people's streams, of which those that are many become runs. If a conversation is not as it was, or a stream is missing, it
/// fails and has changed nothing.
#[derive(QueryId)]
pub(crate) struct StoreBatch {
    pub(crate) conversations: UpdateConversations,
    pub(crate) unchanged: FindUnchanged,
    pub(crate) messages: InsertMessages,
    pub(crate) streams: GrowStreams,
    now: DbTime,
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
    /// Nothing, so far, of this moment.
    pub(crate) fn at(now: Timestamp) -> Self {
        Self {
            conversations: UpdateConversations::default(),
            unchanged: FindUnchanged::default(),
            messages: InsertMessages::default(),
            streams: GrowStreams::default(),
            now: DbTime(now),
            size: Size::default(),
        }
    }

    /// All of it; nothing if there is nothing to write down and nothing to look for.
    pub(crate) fn filled(mut self) -> Option<Self> {
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
        let appended = many(self.messages.conversation_id.len());
        let rows = [updated, unchanged, grown, appended];
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
            " RETURNING s.user_id, s.head, s.unread_messages, s.unread_conversations, s.recent), \
             kept AS (INSERT INTO event_runs (user_id, last_position, entries, created_at) \
             SELECT user_id, head, recent, ",
        );
        out.push_bind_param::<Timestamptz, _>(&self.now)?;
        out.push_sql(
            " FROM grown WHERE octet_length(recent) >= 400) SELECT CASE WHEN (SELECT count(*) FROM updated) = ",
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

fn many(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
