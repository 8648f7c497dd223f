//! The statements of the write path that each database says in its own way: locks, and many rows at
//! once. PostgreSQL gets one statement with arrays, whatever the number of rows; SQLite, which has
//! no round trips to save, one prepared statement for each row.

mod finding;
mod statements;

use std::collections::BTreeMap;

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text},
};
use messaging_domain::{Conversation, UserId};

#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    batch::{Growth, Kept},
    columns::{DbTime, DbUuid, Uuid},
    connection::Conn,
    log::{EventRow, Stream, StreamRow},
    messages,
    schema::{conversations, events, messages as messages_table, streams},
};
use finding::placed;
pub(crate) use finding::{find_sent, lock_conversations, lock_pair, lock_streams, streams};
use statements::{
    GrowStreams, IndexLastMessage, InsertEvents, InsertMessages, UpdateConversations,
};

/// Writes down what messages and cursors have changed of conversations.
pub(crate) fn update_conversations(conn: &mut Conn, changed: &[&Conversation]) -> QueryResult<()> {
    if changed.is_empty() {
        return Ok(());
    }
    match conn {
        Conn::Postgres(conn) => {
            let mut update = UpdateConversations::default();
            for conversation in changed {
                update.push(conversation);
            }
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
            for (kept, conversation) in appended {
                insert.push(kept, conversation);
            }
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
    #[cfg(feature = "planted-bugs")]
    let before = messages_table::table
        .find((id, seq))
        .select(messages_table::body)
        .first::<String>(conn)?;
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
    #[cfg(feature = "planted-bugs")]
    if planted::is(if message.is_deleted() {
        Bug::DeletedTextKept
    } else {
        Bug::EditKeepsText
    }) {
        diesel::update(messages_table::table.find((id, seq)))
            .set(messages_table::body.eq(before))
            .execute(conn)?;
    }
    #[cfg(feature = "planted-bugs")]
    if message.is_deleted() && planted::is(Bug::DeletedInSearch) {
        return Ok(());
    }
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
            for entry in entries {
                insert.push(entry);
            }
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

/// Adds to heads and badges, in the order of the ids' bytes, and says where they stand then.
pub(crate) fn grow_streams(
    conn: &mut Conn,
    growth: &BTreeMap<UserId, Growth>,
) -> QueryResult<Vec<(UserId, Stream)>> {
    if growth.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<StreamRow> = match conn {
        Conn::Postgres(conn) => {
            let mut grow = GrowStreams::default();
            for (user, growth) in growth {
                grow.push(user, *growth);
            }
            grow.load(conn)?
        }
        Conn::Sqlite(conn) => growth
            .iter()
            .filter_map(|(user, growth)| {
                diesel::update(streams::table.find(user.as_str()))
                    .set((
                        streams::head.eq(streams::head + growth.events),
                        streams::unread_messages
                            .eq(streams::unread_messages + growth.unread.messages),
                        streams::unread_conversations
                            .eq(streams::unread_conversations + growth.unread.conversations),
                    ))
                    .get_result(conn)
                    .optional()
                    .transpose()
            })
            .collect::<QueryResult<_>>()?,
    };
    Ok(rows.iter().map(placed).collect())
}
