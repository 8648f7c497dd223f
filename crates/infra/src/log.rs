//! The event log: each person's stream. The newest events stand in the stream's
//! own row, and become a run when they are many.

mod missed;
mod runs;

use diesel::{dsl::sql, prelude::*, sql_types::Bool};
use messaging_domain::{
    Conversation, Epoch, Event, Position, Role, StreamHeads, Timestamp, UnreadState, UnreadTotals,
    UserId,
};

use crate::{
    columns::{DbTime, DbUuid, Timestamptz},
    connection::Conn,
    schema::{event_runs, instance, streams},
};
pub(crate) use missed::read;
pub(crate) use runs::{Entry, FULL, encode};

/// A person's head and badge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) head: Position,
    pub(crate) unread: UnreadTotals,
}

pub(crate) type StreamRow = (String, i64, i64, i64);

/// The columns of a [`StreamRow`].
pub(crate) const STREAM: (
    streams::user_id,
    streams::head,
    streams::unread_messages,
    streams::unread_conversations,
) = (
    streams::user_id,
    streams::head,
    streams::unread_messages,
    streams::unread_conversations,
);

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
        .select((instance::epoch, STREAM.nullable()))
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

/// The next person after `after` (by id) whose oldest run is from before a moment.
pub(crate) fn with_old_events(
    conn: &mut Conn,
    after: &str,
    before: Timestamp,
) -> QueryResult<Option<String>> {
    streams::table
        .filter(streams::user_id.gt(after.to_owned()))
        .filter(
            sql::<Bool>(
                "(SELECT event_runs.created_at FROM event_runs WHERE event_runs.user_id = streams.user_id \
                 ORDER BY event_runs.last_position LIMIT 1) < ",
            )
            .bind::<Timestamptz, _>(DbTime(before)),
        )
        .order(streams::user_id.asc())
        .select(streams::user_id)
        .first(conn)
        .optional()
}

/// Forgets the runs of one person whose events are older than `before`, oldest first, at most `limit`.
/// Returns how many. A client that was away for longer takes a snapshot. The few that are no run yet are kept.
pub(crate) fn prune(
    conn: &mut Conn,
    user: &str,
    before: Timestamp,
    limit: i64,
) -> QueryResult<usize> {
    let oldest = event_runs::table
        .filter(event_runs::user_id.eq(user.to_owned()))
        .order(event_runs::last_position.asc())
        .limit(limit)
        .select((event_runs::last_position, event_runs::created_at))
        .load::<(i64, DbTime)>(conn)?;
    let Some((last, _)) = oldest.iter().take_while(|(_, at)| at.0 < before).last() else {
        return Ok(0);
    };
    diesel::delete(
        event_runs::table
            .filter(event_runs::user_id.eq(user.to_owned()))
            .filter(event_runs::last_position.le(*last)),
    )
    .execute(conn)
}
