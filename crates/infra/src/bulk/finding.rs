//! What a batch locks, and what it looks up at once.

use std::collections::BTreeSet;

use diesel::{dsl::sql, prelude::*, sql_query, sql_types::Text};
use messaging_domain::{ClientId, Conversation, ConversationId, Position, Seq, UserId};

use super::lookups::{FindPlaces, FindRecent, FindSent, RecentRow};
use crate::{
    columns::{DbUuid, Version, Xid},
    connection::Conn,
    conversations::ConversationRow,
    log::{STREAM, Stream, StreamRow},
    messages::MessageRow,
    schema::{conversations, messages as messages_table, streams},
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

/// Loads conversations, with the versions of their rows; on PostgreSQL, if `locks`, it locks them in the order
/// of their ids until the commit.
pub(crate) fn load_conversations(
    conn: &mut Conn,
    ids: &BTreeSet<ConversationId>,
    locks: bool,
) -> QueryResult<Vec<(Conversation, Version)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.iter().copied().map(DbUuid::from);
    let rows: Vec<(ConversationRow, Version)> = match conn {
        Conn::Postgres(conn) => {
            let rows = conversations::table
                .filter(conversations::id.eq_any(ids.collect::<Vec<_>>()))
                .order(conversations::id.asc())
                .select((
                    ConversationRow::as_select(),
                    sql::<Xid>("conversations.xmin"),
                ));
            if locks {
                rows.for_update().load(conn)?
            } else {
                rows.load(conn)?
            }
        }
        Conn::Sqlite(conn) => ids
            .filter_map(|id| {
                let row = conversations::table
                    .find(id)
                    .select(ConversationRow::as_select())
                    .get_result(conn)
                    .optional();
                row.transpose()
            })
            .map(|row| Ok((row?, Version::default())))
            .collect::<QueryResult<_>>()?,
    };
    Ok(rows
        .into_iter()
        .map(|(row, version)| (Conversation::from(row), version))
        .collect())
}

/// Says which of these people have streams and, on PostgreSQL, locks those in the order of the ids' bytes.
pub(crate) fn lock_streams(
    conn: &mut Conn,
    people: &BTreeSet<UserId>,
) -> QueryResult<BTreeSet<UserId>> {
    if people.is_empty() {
        return Ok(BTreeSet::new());
    }
    let asked = people.iter().map(UserId::as_str).collect::<Vec<_>>();
    let there: Vec<String> = match conn {
        Conn::Postgres(conn) => streams::table
            .filter(streams::user_id.eq_any(asked))
            .order(streams::user_id.asc())
            .select(streams::user_id)
            .for_update()
            .load(conn)?,
        Conn::Sqlite(conn) => streams::table
            .filter(streams::user_id.eq_any(asked))
            .select(streams::user_id)
            .load(conn)?,
    };
    Ok(there.iter().map(|id| UserId::restore(id)).collect())
}

/// Where some people's streams stand.
pub(crate) fn streams(
    conn: &mut Conn,
    people: &BTreeSet<UserId>,
) -> QueryResult<Vec<(UserId, Stream)>> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let asked = people.iter().map(|id| id.as_str().to_owned());
    let rows = streams::table
        .filter(streams::user_id.eq_any(asked))
        .select(STREAM)
        .load::<StreamRow>(conn)?;
    Ok(rows.iter().map(placed).collect())
}

pub(super) fn placed(row: &StreamRow) -> (UserId, Stream) {
    (UserId::restore(&row.0), Stream::from(row))
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
                    .get_result(conn)
                    .optional()
                    .transpose()
            })
            .collect(),
    }
}

/// Messages, and the conversations that they are of, by the messages' places. There is none at zero.
pub(crate) fn find_places(
    conn: &mut Conn,
    places: &BTreeSet<(ConversationId, Seq)>,
) -> QueryResult<Vec<(ConversationRow, Option<MessageRow>)>> {
    let places = places
        .iter()
        .map(|(conversation, seq)| (DbUuid::from(*conversation), seq.get()));
    match conn {
        Conn::Postgres(conn) => FindPlaces::at(places.unzip()).load(conn),
        Conn::Sqlite(conn) => places
            .filter_map(|(id, seq)| {
                let message = messages_table::conversation_id
                    .eq(conversations::id)
                    .and(messages_table::seq.eq(seq));
                conversations::table
                    .left_join(messages_table::table.on(message))
                    .filter(conversations::id.eq(id))
                    .select((
                        ConversationRow::as_select(),
                        Option::<MessageRow>::as_select(),
                    ))
                    .get_result(conn)
                    .optional()
                    .transpose()
            })
            .collect(),
    }
}

/// Where somebody's stream stands, and what is unread; and each event since then, unless there are others before the newest.
pub(crate) fn find_recent(
    conn: &mut PgConnection,
    user: &UserId,
    since: Position,
) -> QueryResult<Vec<(i64, i64, Option<RecentRow>)>> {
    FindRecent::of(user, since).load(conn)
}
