//! The statements of the write path that each database says in its own way: locks, and many rows at
//! once. PostgreSQL gets one statement with arrays, whatever the number of rows; SQLite, which has
//! no round trips to save, one prepared statement for each row.

mod finding;
mod lookups;
mod rows;
mod statements;

use std::collections::{BTreeMap, HashMap};

use diesel::{
    prelude::*,
    sql_query,
    sql_types::{BigInt, Text},
};
use messaging_domain::{Conversation, ConversationId, Timestamp, UserId};

#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    batch::{Growth, Kept},
    columns::{DbTime, DbUuid, Uuid, Version},
    connection::Conn,
    log::{self, Entry, Stream, StreamRow},
    messages,
    schema::{event_runs, messages as messages_table},
};
use finding::placed;
pub(crate) use finding::{
    find_places, find_recent, find_sent, load_conversations, lock_pair, lock_streams, streams,
};
use rows::{GrowStream, GrownRow, IndexLastMessage, MoveConversation, UpdateConversation};
use statements::{StoreBatch, StoredRow};

/// A conversation that is not as it was.
pub(crate) struct Updated<'a> {
    pub(crate) conversation: &'a Conversation,
    /// The version that it was loaded in.
    pub(crate) version: Version,
    /// Whether a side has put it into another inbox.
    pub(crate) moved: bool,
}

/// What a batch brings.
pub(crate) struct Changes<'a> {
    pub(crate) updated: Vec<Updated<'a>>,
    /// Conversations that have to be as they were loaded, though nothing of them changes.
    pub(crate) unchanged: Vec<(ConversationId, Version)>,
    pub(crate) appended: Vec<(&'a Kept, &'a Conversation)>,
    pub(crate) growth: &'a BTreeMap<UserId, Growth>,
    /// Each person's, in order.
    pub(crate) entries: &'a HashMap<UserId, Vec<Entry>>,
    pub(crate) now: Timestamp,
}

impl Changes<'_> {
    /// What a person is told, as it is kept.
    fn told(&self, user: &UserId) -> Vec<u8> {
        self.entries
            .get(user)
            .map_or_else(Vec::new, |entries| log::encode(entries))
    }
}

/// Where streams stand after a batch, and the version of the conversations that it has changed.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) streams: Vec<(UserId, Stream)>,
    pub(crate) version: Version,
}

/// Writes down what a batch brings. Streams grow in the order of the ids' bytes, and are locked until the
/// commit.
///
/// # Errors
/// [`crate::failure::is_race`] when a conversation is not as it was loaded, which on PostgreSQL another writer has
/// changed meanwhile unless it was locked; or when a stream is missing.
pub(crate) fn store(conn: &mut Conn, changes: &Changes<'_>) -> QueryResult<Written> {
    match conn {
        Conn::Postgres(conn) => store_at_once(conn, changes),
        Conn::Sqlite(conn) => store_one_by_one(conn, changes),
    }
}

fn store_at_once(conn: &mut PgConnection, changes: &Changes<'_>) -> QueryResult<Written> {
    let mut batch = StoreBatch::at(changes.now);
    for Updated {
        conversation,
        version,
        ..
    } in &changes.updated
    {
        batch.conversations.push(conversation, *version);
    }
    for &(id, version) in &changes.unchanged {
        batch.unchanged.push(id, version);
    }
    for (kept, conversation) in &changes.appended {
        batch.messages.push(kept, conversation);
    }
    for (user, growth) in changes.growth {
        batch.streams.push(user, *growth, changes.told(user));
    }
    let mut written = Written::default();
    let Some(batch) = batch.filled() else {
        return Ok(written);
    };
    for (version, grown) in batch.load::<StoredRow>(conn)? {
        written.version = version.unwrap_or_default();
        written.streams.extend(grown.as_ref().map(placed));
    }
    Ok(written)
}

fn store_one_by_one(conn: &mut SqliteConnection, changes: &Changes<'_>) -> QueryResult<Written> {
    let mut written = Written::default();
    for (user, growth) in changes.growth {
        let grown = GrowStream::of(user, *growth, changes.told(user)).get_result::<GrownRow>(conn);
        if let Some((stream, run)) = grown.optional()? {
            if let Some(run) = run {
                keep_run(conn, &stream, run, changes.now)?;
            }
            written.streams.push(placed(&stream));
        }
    }
    for Updated {
        conversation,
        moved,
        ..
    } in &changes.updated
    {
        UpdateConversation::from(*conversation).execute(conn)?;
        // SQLite writes an index again for each column that is set, whether its value is another or not.
        if *moved {
            MoveConversation::from(*conversation).execute(conn)?;
        }
    }
    for (kept, conversation) in &changes.appended {
        insert_message(conn, kept, conversation)?;
    }
    Ok(written)
}

/// Writes down a run of events that a stream has gathered.
fn keep_run(
    conn: &mut SqliteConnection,
    (user, head, ..): &StreamRow,
    run: Vec<u8>,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(event_runs::table)
        .values((
            event_runs::user_id.eq(user),
            event_runs::last_position.eq(head),
            event_runs::created_at.eq(DbTime(now)),
            event_runs::entries.eq(run),
        ))
        .execute(conn)
        .map(drop)
}

fn insert_message(
    conn: &mut SqliteConnection,
    kept: &Kept,
    conversation: &Conversation,
) -> QueryResult<()> {
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
