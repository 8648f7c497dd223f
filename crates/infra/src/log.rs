//! The event log: each person's stream, and the objects its entries refer to.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use messaging_domain::{
    Conversation, ConversationId, Delivery, Epoch, Error, Event, Fact, Position, Role, Seq,
    StreamHeads, Timestamp, UnreadState, UnreadTotals, User, UserId,
};

use crate::{
    columns::{DbTime, DbUuid, Timestamptz},
    connection::Conn,
    conversations::{self, ConversationRow, Latest},
    failure::Halt,
    messages::MessageRow,
    schema::{conversations as conversations_table, events, instance, messages, streams},
};

/// How a fact is kept: its kind, and the message's place or zero.
pub(crate) const fn encode(fact: Fact) -> (i16, i64) {
    match fact {
        Fact::MessageCreated(seq) => (1, seq.get()),
        Fact::MessageUpdated(seq) => (2, seq.get()),
        Fact::ConversationCreated => (3, 0),
        Fact::ConversationUpdated => (4, 0),
        Fact::CursorMoved(Role::Buyer) => (5, 0),
        Fact::CursorMoved(Role::Seller) => (6, 0),
    }
}

fn decode(kind: i16, seq: i64) -> Option<Fact> {
    Some(match kind {
        1 => Fact::MessageCreated(Seq::new(seq)),
        2 => Fact::MessageUpdated(Seq::new(seq)),
        3 => Fact::ConversationCreated,
        4 => Fact::ConversationUpdated,
        5 => Fact::CursorMoved(Role::Buyer),
        6 => Fact::CursorMoved(Role::Seller),
        _ => return None,
    })
}

/// A row to be written to `events`.
#[derive(Debug, Clone, Insertable)]
#[diesel(table_name = events, treat_none_as_default_value = false)]
pub(crate) struct EventRow {
    pub(crate) user_id: String,
    pub(crate) position: i64,
    pub(crate) kind: i16,
    pub(crate) conversation_id: DbUuid,
    pub(crate) seq: i64,
    pub(crate) created_at: DbTime,
}

/// A person's head and badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) head: Position,
    pub(crate) unread: UnreadTotals,
}

pub(crate) type StreamRow = (String, i64, i64, i64);

impl From<&StreamRow> for Stream {
    fn from(&(_, head, messages, conversations): &StreamRow) -> Self {
        Self {
            head: Position::new(head),
            unread: UnreadTotals {
                messages,
                conversations,
            },
        }
    }
}

/// Where a person's stream stands, and of which numbering; at zero for somebody who has never been seen.
pub(crate) fn stream(conn: &mut Conn, user: &UserId) -> QueryResult<(Stream, Epoch)> {
    let (epoch, row) = instance::table
        .left_join(streams::table.on(streams::user_id.eq(user.as_str().to_owned())))
        .select((instance::epoch, streams::all_columns.nullable()))
        .get_result::<(DbUuid, Option<StreamRow>)>(conn)?;
    let stream = row.as_ref().map_or(
        Stream {
            head: Position::ZERO,
            unread: UnreadTotals::default(),
        },
        Stream::from,
    );
    Ok((stream, epoch.into()))
}

/// How many parameters one query may have: well below what either database takes.
pub(crate) const MAX_PARAMETERS: usize = 10_000;

/// Where the streams of many people stand.
pub(crate) fn heads(conn: &mut Conn, users: &[UserId]) -> QueryResult<StreamHeads> {
    let mut positions = Vec::with_capacity(users.len());
    let (mut epoch, mut rest) = (None, users);
    loop {
        let (some, later) = rest.split_at(rest.len().min(MAX_PARAMETERS));
        let ids = some.iter().map(|user| user.as_str().to_owned());
        // In one statement, so that a position is of the epoch that it comes with.
        let rows = instance::table
            .left_join(streams::table.on(streams::user_id.eq_any(ids)))
            .select((
                instance::epoch,
                (streams::user_id, streams::head).nullable(),
            ))
            .load::<(DbUuid, Option<(String, i64)>)>(conn)?;
        for (of, head) in rows {
            // Positions start afresh just now: who asks again gets all of one epoch.
            if *epoch.get_or_insert(of) != of {
                return Err(diesel::result::Error::RollbackTransaction);
            }
            positions.extend(head.map(|(user, at)| (UserId::restore(&user), Position::new(at))));
        }
        rest = later;
        if rest.is_empty() {
            break;
        }
    }
    Ok(StreamHeads {
        epoch: epoch.ok_or(diesel::result::Error::NotFound)?.into(),
        positions,
    })
}

/// What a person has unread after an event in this conversation.
pub(crate) fn unread(conversation: &Conversation, role: Role, total: i64) -> UnreadState {
    UnreadState {
        count: conversation.side(role).unread,
        total,
    }
}

/// A run of a person's events, as read: references and the conversations as they are now.
pub(crate) struct Run {
    unread_total: i64,
    entries: Vec<(Position, Fact, Conversation, Option<MessageRow>)>,
    latest: Vec<Latest>,
    pub(crate) more: bool,
}

/// An entry's position, kind and place, and its reader's badge; and the objects that it refers to.
type EntryRow = ((i64, i16, i64, i64), ConversationRow, Option<MessageRow>);

/// The rows of at most one more than `limit` entries after `since`.
fn rows_after(
    conn: &mut Conn,
    user: &UserId,
    since: Position,
    limit: usize,
) -> QueryResult<Vec<EntryRow>> {
    // The badge comes with the rows: one that was read before them could be older than they are,
    // and no later event would put it right.
    events::table
        .inner_join(streams::table.on(streams::user_id.eq(events::user_id)))
        .inner_join(
            conversations_table::table.on(conversations_table::id.eq(events::conversation_id)),
        )
        .left_join(
            messages::table.on(messages::conversation_id
                .eq(events::conversation_id)
                .and(messages::seq.eq(events::seq))),
        )
        .filter(events::user_id.eq(user.as_str().to_owned()))
        .filter(events::position.gt(since.get()))
        .order(events::position.asc())
        .limit(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1))
        .select((
            (
                events::position,
                events::kind,
                events::seq,
                streams::unread_messages,
            ),
            ConversationRow::as_select(),
            Option::<MessageRow>::as_select(),
        ))
        .load(conn)
}

/// Reads at most `limit` events after `since`.
///
/// # Errors
/// `Resync` when the run would not begin right after `since`.
pub(crate) fn read(
    conn: &mut Conn,
    user: &UserId,
    since: Position,
    limit: usize,
) -> Result<Run, Halt> {
    let mut rows = rows_after(conn, user, since, limit)?;
    if rows.is_empty() {
        // Asked only here: whoever reads events has mostly missed some.
        let (stream, _) = stream(conn, user)?;
        if since > stream.head {
            return Err(Error::Resync.into());
        }
        if since < stream.head {
            rows = rows_after(conn, user, since, limit)?;
            // Not there though nothing came just now: the log was cut.
            if rows.is_empty() {
                return Err(Error::Resync.into());
            }
        }
    }
    let more = rows.len() > limit;
    rows.truncate(limit);
    let unread_total = rows.last().map_or(0, |((.., total), ..)| *total);
    let mut expected = since;
    let mut entries = Vec::with_capacity(rows.len());
    for ((position, kind, seq, _), conversation, message) in rows {
        expected = expected.next();
        // Numbered without a gap: if one is missing, the log was cut and the rest is of no use.
        let Some(fact) = decode(kind, seq).filter(|_| position == expected.get()) else {
            return Err(Error::Resync.into());
        };
        entries.push((expected, fact, Conversation::from(conversation), message));
    }
    let whole: BTreeSet<ConversationId> = entries
        .iter()
        .filter(|(_, fact, ..)| {
            matches!(fact, Fact::ConversationCreated | Fact::ConversationUpdated)
        })
        .map(|(_, _, conversation, _)| conversation.id)
        .collect();
    let latest = if whole.is_empty() {
        Vec::new()
    } else {
        conversations::latest(conn, &whole.into_iter().collect::<Vec<_>>())?
    };
    Ok(Run {
        unread_total,
        entries,
        latest,
        more,
    })
}

impl Run {
    /// The conversations that are shown whole, for which people's names are needed.
    pub(crate) fn latest(&self) -> &[Latest] {
        &self.latest
    }

    /// The events with their objects, as `user` sees them.
    pub(crate) fn deliveries(self, user: &UserId, users: &HashMap<UserId, User>) -> Vec<Delivery> {
        let Self {
            unread_total,
            entries,
            latest,
            ..
        } = self;
        entries
            .into_iter()
            .filter_map(|(position, fact, conversation, message)| {
                let role = conversation.role_of(user)?;
                let unread = unread(&conversation, role, unread_total);
                let whole = || {
                    let latest = latest
                        .iter()
                        .find(|latest| latest.conversation.id == conversation.id)?;
                    Some(Box::new(latest.clone().view(role, users)))
                };
                let event = match fact {
                    Fact::MessageCreated(_) => {
                        Event::MessageCreated(Arc::new(message?.into_message(&conversation)))
                    }
                    Fact::MessageUpdated(_) => {
                        Event::MessageUpdated(Arc::new(message?.into_message(&conversation)))
                    }
                    Fact::ConversationCreated => Event::ConversationCreated(whole()?),
                    Fact::ConversationUpdated => Event::ConversationUpdated(whole()?),
                    Fact::CursorMoved(role) => cursor_moved(&conversation, role),
                };
                Some(Delivery {
                    user: user.clone(),
                    position,
                    event,
                    unread,
                })
            })
            .collect()
    }
}

/// The event that a cursor has moved, as the conversation is now.
pub(crate) fn cursor_moved(conversation: &Conversation, whose: Role) -> Event {
    let side = conversation.side(whose);
    Event::CursorMoved {
        conversation: conversation.id,
        user: side.user.clone(),
        read_seq: side.read_seq,
        delivered_seq: side.delivered_seq,
    }
}

/// The next person after `after` (by id) whose oldest event is from before a moment.
pub(crate) fn with_old_events(
    conn: &mut Conn,
    after: &str,
    before: Timestamp,
) -> QueryResult<Option<String>> {
    streams::table
        .filter(streams::user_id.gt(after.to_owned()))
        .filter(
            sql::<Bool>(
                "(SELECT events.created_at FROM events WHERE events.user_id = streams.user_id \
                 ORDER BY events.position LIMIT 1) < ",
            )
            .bind::<Timestamptz, _>(DbTime(before)),
        )
        .order(streams::user_id.asc())
        .select(streams::user_id)
        .first(conn)
        .optional()
}

/// Forgets the events of one person that are older than `before`, oldest first, at most `limit`.
/// Returns how many. A client that was away for longer takes a snapshot.
pub(crate) fn prune(
    conn: &mut Conn,
    user: &str,
    before: Timestamp,
    limit: i64,
) -> QueryResult<usize> {
    let oldest = events::table
        .filter(events::user_id.eq(user.to_owned()))
        .order(events::position.asc())
        .limit(limit)
        .select((events::position, events::created_at))
        .load::<(i64, DbTime)>(conn)?;
    let Some((last, _)) = oldest.iter().take_while(|(_, at)| at.0 < before).last() else {
        return Ok(0);
    };
    diesel::delete(
        events::table
            .filter(events::user_id.eq(user.to_owned()))
            .filter(events::position.le(*last)),
    )
    .execute(conn)
}
