//! The statements of the write path that each database says in its own way: locks, and many rows at
//! once. PostgreSQL gets one statement with arrays, whatever the number of rows; SQLite, which has
//! no round trips to save, one prepared statement for each row.

use std::collections::BTreeSet;

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_query,
    sql_types::{Array, BigInt, Bool, SmallInt, Text},
    sqlite::Sqlite,
};
use messaging_domain::{ClientId, Conversation, ConversationId, UserId};

use crate::{
    batch::Kept,
    columns::{DbTime, DbUuid, Timestamptz, Uuid},
    connection::Conn,
    conversations::ConversationRow,
    log::{EventRow, StreamRow},
    messages,
    schema::{conversations, events, messages as messages_table, streams},
};

/// Keeps other nodes from starting or blocking conversations between the two until the commit.
/// SQLite has one writer only.
pub(crate) fn lock_pair(conn: &mut Conn, a: &UserId, b: &UserId) -> QueryResult<()> {
    if let Conn::Postgres(conn) = conn {
        sql_query(
            "SELECT pg_advisory_xact_lock(hashtextextended($1 || chr(10) || $2, 7305516218894432))",
        )
        .bind::<Text, _>(a.as_str())
        .bind::<Text, _>(b.as_str())
        .execute(conn)?;
    }
    Ok(())
}

/// Loads conversations and, on PostgreSQL, locks them in the order of their ids.
pub(crate) fn lock_conversations(
    conn: &mut Conn,
    ids: &BTreeSet<ConversationId>,
) -> QueryResult<Vec<ConversationRow>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().copied().map(DbUuid::from);
    match conn {
        Conn::Postgres(conn) => conversations::table
            .filter(conversations::id.eq_any(ids.collect::<Vec<_>>()))
            .order(conversations::id.asc())
            .select(ConversationRow::as_select())
            .for_update()
            .load(conn),
        Conn::Sqlite(conn) => ids
            .filter_map(|id| {
                conversations::table
                    .find(id)
                    .select(ConversationRow::as_select())
                    .first(conn)
                    .optional()
                    .transpose()
            })
            .collect(),
    }
}

/// Loads people's streams and, on PostgreSQL, locks them in the order of the ids' bytes.
pub(crate) fn lock_streams(
    conn: &mut Conn,
    people: &BTreeSet<UserId>,
) -> QueryResult<Vec<StreamRow>> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let people = people.iter().map(UserId::as_str);
    match conn {
        Conn::Postgres(conn) => streams::table
            .filter(streams::user_id.eq_any(people.collect::<Vec<_>>()))
            .order(streams::user_id.asc())
            .for_update()
            .load(conn),
        Conn::Sqlite(conn) => people
            .filter_map(|id| streams::table.find(id).first(conn).optional().transpose())
            .collect(),
    }
}

/// Where a client id was used: by whom, the id, the conversation and the place there.
pub(crate) type SentRow = (String, DbUuid, DbUuid, i64);

/// Messages that were sent under these client ids before.
pub(crate) fn find_sent(
    conn: &mut Conn,
    sent: &BTreeSet<(UserId, ClientId)>,
) -> QueryResult<Vec<SentRow>> {
    if sent.is_empty() {
        return Ok(Vec::new());
    }
    match conn {
        Conn::Postgres(conn) => {
            let (senders, client_ids) = sent
                .iter()
                .map(|(sender, id)| (sender.as_str().to_owned(), DbUuid::from(*id)))
                .unzip();
            FindSent {
                senders,
                client_ids,
            }
            .load(conn)
        }
        Conn::Sqlite(conn) => sent
            .iter()
            .filter_map(|(sender, id)| {
                messages_table::table
                    .filter(messages_table::sender_id.eq(sender.as_str()))
                    .filter(messages_table::client_id.eq(DbUuid::from(*id)))
                    .select((
                        messages_table::sender_id,
                        messages_table::client_id,
                        messages_table::conversation_id,
                        messages_table::seq,
                    ))
                    .first(conn)
                    .optional()
                    .transpose()
            })
            .collect(),
    }
}

/// Writes down what messages and cursors have changed of conversations.
pub(crate) fn update_conversations(conn: &mut Conn, changed: &[&Conversation]) -> QueryResult<()> {
    if changed.is_empty() {
        return Ok(());
    }
    match conn {
        Conn::Postgres(conn) => {
            let mut update = UpdateConversations::default();
            changed
                .iter()
                .for_each(|conversation| update.push(conversation));
            update.execute(conn).map(drop)
        }
        Conn::Sqlite(conn) => changed.iter().try_for_each(|conversation| {
            let (buyer, seller) = (&conversation.buyer, &conversation.seller);
            diesel::update(conversations::table.find(DbUuid::from(conversation.id)))
                .set((
                    conversations::last_activity_at.eq(DbTime(conversation.last_activity_at)),
                    conversations::last_seq.eq(conversation.last_seq.get()),
                    conversations::closed.eq(conversation.closed),
                    conversations::buyer_read_seq.eq(buyer.read_seq.get()),
                    conversations::buyer_delivered_seq.eq(buyer.delivered_seq.get()),
                    conversations::buyer_unread.eq(buyer.unread),
                    conversations::buyer_archived.eq(buyer.archived),
                    conversations::buyer_muted.eq(buyer.muted),
                    conversations::buyer_blocking.eq(buyer.blocking),
                    conversations::seller_read_seq.eq(seller.read_seq.get()),
                    conversations::seller_delivered_seq.eq(seller.delivered_seq.get()),
                    conversations::seller_unread.eq(seller.unread),
                    conversations::seller_archived.eq(seller.archived),
                    conversations::seller_muted.eq(seller.muted),
                    conversations::seller_blocking.eq(seller.blocking),
                ))
                .execute(conn)
                .map(drop)
        }),
    }
}

/// Writes down new messages, and what they are found by.
pub(crate) fn insert_messages(
    conn: &mut Conn,
    appended: &[(&Kept, &Conversation)],
) -> QueryResult<()> {
    if appended.is_empty() {
        return Ok(());
    }
    match conn {
        Conn::Postgres(conn) => {
            let mut insert = InsertMessages::default();
            appended
                .iter()
                .for_each(|(kept, conversation)| insert.push(kept, conversation));
            insert.execute(conn).map(drop)
        }
        Conn::Sqlite(conn) => appended.iter().try_for_each(|(kept, conversation)| {
            let message = &kept.message;
            diesel::insert_into(messages_table::table)
                .values((
                    messages_table::conversation_id.eq(DbUuid::from(message.conversation)),
                    messages_table::seq.eq(message.seq.get()),
                    messages_table::revision.eq(message.revision.get()),
                    messages_table::client_id.eq(DbUuid::from(message.client_id)),
                    messages_table::sender_id.eq(message.sender.as_str()),
                    messages_table::kind.eq(message.content.kind()),
                    messages_table::body.eq(messages::encode(&message.content)),
                    messages_table::created_at.eq(DbTime(message.created_at)),
                ))
                .execute(conn)?;
            IndexLastMessage {
                terms: messages::terms(&message.content, conversation),
            }
            .execute(conn)
            .map(drop)
        }),
    }
}

/// Writes down another content of a message, and what it is found by now.
pub(crate) fn update_message(
    conn: &mut Conn,
    kept: &Kept,
    conversation: &Conversation,
) -> QueryResult<()> {
    let message = &kept.message;
    let (id, seq) = (DbUuid::from(message.conversation), message.seq.get());
    diesel::update(messages_table::table.find((id, seq)))
        .set((
            messages_table::revision.eq(message.revision.get()),
            messages_table::kind.eq(message.content.kind().to_owned()),
            messages_table::body.eq(messages::encode(&message.content)),
            messages_table::first_digest.eq(kept.first_digest.clone()),
            messages_table::edited_at.eq(message.edited_at.map(DbTime)),
            messages_table::deleted_at.eq(message.deleted_at.map(DbTime)),
        ))
        .execute(conn)?;
    let terms = messages::terms(&message.content, conversation);
    match conn {
        Conn::Postgres(conn) => sql_query(
            "UPDATE messages SET terms = array_to_tsvector(string_to_array($1, ' ')) WHERE conversation_id = $2 AND seq = $3",
        )
        .bind::<Text, _>(terms)
        .bind::<Uuid, _>(id)
        .bind::<BigInt, _>(seq)
        .execute(conn)
        .map(drop),
        Conn::Sqlite(conn) => {
            sql_query("DELETE FROM message_terms WHERE rowid = (SELECT pk FROM messages WHERE conversation_id = ? AND seq = ?)")
                .bind::<Uuid, _>(id)
                .bind::<BigInt, _>(seq)
                .execute(conn)?;
            sql_query("INSERT INTO message_terms (rowid, terms) SELECT pk, ? FROM messages WHERE conversation_id = ? AND seq = ?")
                .bind::<Text, _>(terms)
                .bind::<Uuid, _>(id)
                .bind::<BigInt, _>(seq)
                .execute(conn)
                .map(drop)
        }
    }
}

/// Writes down events.
pub(crate) fn insert_events(conn: &mut Conn, entries: &[EventRow]) -> QueryResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    match conn {
        Conn::Postgres(conn) => {
            let mut insert = InsertEvents::default();
            entries.iter().for_each(|entry| insert.push(entry));
            insert.execute(conn).map(drop)
        }
        Conn::Sqlite(conn) => entries.iter().try_for_each(|entry| {
            diesel::insert_into(events::table)
                .values(entry)
                .execute(conn)
                .map(drop)
        }),
    }
}

/// Writes down heads and badges.
pub(crate) fn update_streams(conn: &mut Conn, moved: &[StreamRow]) -> QueryResult<()> {
    if moved.is_empty() {
        return Ok(());
    }
    match conn {
        Conn::Postgres(conn) => {
            let mut update = UpdateStreams::default();
            moved.iter().for_each(|row| update.push(row));
            update.execute(conn).map(drop)
        }
        Conn::Sqlite(conn) => moved
            .iter()
            .try_for_each(|(user, head, messages, conversations)| {
                diesel::update(streams::table.find(user))
                    .set((
                        streams::head.eq(head),
                        streams::unread_messages.eq(messages),
                        streams::unread_conversations.eq(conversations),
                    ))
                    .execute(conn)
                    .map(drop)
            }),
    }
}

// The statements below have a fixed text, so each is prepared once for a connection; Diesel never
// caches `sql_query` or inserts of several rows.

#[derive(QueryId)]
struct FindSent {
    senders: Vec<String>,
    client_ids: Vec<DbUuid>,
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
        struct $name {
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
    fn push(&mut self, conversation: &Conversation) {
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
    fn push(&mut self, kept: &Kept, conversation: &Conversation) {
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
    fn push(&mut self, entry: &EventRow) {
        self.user_id.push(entry.user_id.clone());
        self.position.push(entry.position);
        self.kind.push(entry.kind);
        self.conversation_id.push(entry.conversation_id);
        self.seq.push(entry.seq);
        self.created_at.push(entry.created_at);
    }
}

columns_of! {
    UpdateStreams {
        user_id: String => Text,
        head: i64 => BigInt,
        unread_messages: i64 => BigInt,
        unread_conversations: i64 => BigInt,
    }
    "UPDATE streams s SET head = n.head, unread_messages = n.unread_messages, \
     unread_conversations = n.unread_conversations FROM ",
    ") AS n (user_id, head, unread_messages, unread_conversations) WHERE s.user_id = n.user_id"
}

impl UpdateStreams {
    fn push(&mut self, (user, head, messages, conversations): &StreamRow) {
        self.user_id.push(user.clone());
        self.head.push(*head);
        self.unread_messages.push(*messages);
        self.unread_conversations.push(*conversations);
    }
}

/// Puts the words of the message just inserted into SQLite's index.
#[derive(QueryId)]
struct IndexLastMessage {
    terms: String,
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
