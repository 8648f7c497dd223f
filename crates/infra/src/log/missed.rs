//! What somebody has missed: events after a position, with the objects that they refer to.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use diesel::prelude::*;
use messaging_domain::{Conversation, Delivery, Error, Event, Fact, Position, Seq, User, UserId};

use super::{
    cursor_moved,
    runs::{self, Entry},
    unread,
};
use crate::{
    bulk,
    connection::Conn,
    conversations::{self, Latest},
    failure::Halt,
    messages::MessageRow,
    schema::{event_runs, streams},
};

/// An event, and the objects that it refers to, as they are now.
type Told = (Position, Fact, Conversation, Option<MessageRow>);

/// Some of a person's events, as read: references and the conversations as they are now.
pub(crate) struct Run {
    unread_total: i64,
    entries: Vec<Told>,
    latest: Vec<Latest>,
    pub(crate) more: bool,
}

/// What somebody has missed: some events, or none where the log was cut; and where the stream stands.
#[derive(Default)]
struct Missed {
    head: Position,
    unread_total: i64,
    told: Vec<Told>,
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
    let recent = match conn {
        Conn::Postgres(conn) => missed_just_now(conn, user, since)?,
        // It has no round trips to save.
        Conn::Sqlite(_) => None,
    };
    let Missed {
        head,
        unread_total,
        told: mut entries,
    } = match recent {
        Some(missed) => missed,
        None => missed(conn, user, since, limit)?,
    };
    if since > head || (since < head && entries.is_empty()) {
        return Err(Error::Resync.into());
    }
    entries.truncate(limit);
    let (mut expected, mut whole) = (since, BTreeSet::new());
    for (position, fact, conversation, _) in &entries {
        expected = expected.next();
        // Numbered without a gap: if one is missing, the log was cut and the rest is of no use.
        if *position != expected {
            return Err(Error::Resync.into());
        }
        if let Fact::ConversationCreated | Fact::ConversationUpdated = fact {
            whole.insert(conversation.id);
        }
    }
    let latest = if whole.is_empty() {
        Vec::new()
    } else {
        conversations::latest(conn, &whole.into_iter().collect::<Vec<_>>())?
    };
    Ok(Run {
        unread_total,
        entries,
        latest,
        more: expected < head,
    })
}

/// What was missed, by one statement, if all of it is among the newest events: most often it is, and many come back at
/// the same time.
fn missed_just_now(
    conn: &mut PgConnection,
    user: &UserId,
    since: Position,
) -> QueryResult<Option<Missed>> {
    let mut missed = Missed::default();
    for (head, unread_total, event) in bulk::find_recent(conn, user, since)? {
        missed.head = Position::new(head);
        missed.unread_total = unread_total;
        let Some((after, kind, conversation, seq, message)) = event else {
            break;
        };
        let conversation = Conversation::from(conversation);
        let Some(entry) = Entry::restore(
            u8::try_from(kind).unwrap_or_default(),
            conversation.id,
            Seq::new(seq),
        ) else {
            continue;
        };
        let position = Position::new(head.saturating_sub(after));
        missed
            .told
            .push((position, entry.fact, conversation, message));
    }
    missed.told.sort_by_key(|(position, ..)| *position);
    let is_older = missed.told.is_empty() && since < missed.head;
    Ok((!is_older).then_some(missed))
}

/// What was missed, however long ago that is: at most `limit` events, fewer where runs are short.
fn missed(conn: &mut Conn, user: &UserId, since: Position, limit: usize) -> QueryResult<Missed> {
    // The badge comes with the newest events, and objects after them: what is newer than these is told by later ones.
    let row = streams::table
        .find(user.as_str().to_owned())
        .select((streams::head, streams::unread_messages, streams::recent))
        .get_result::<(i64, i64, Vec<u8>)>(conn)
        .optional()?;
    let (head, unread_total, recent) = row.unwrap_or_default();
    let head = Position::new(head);
    let mut entries = entries_after(conn, user, since, limit, (head, &recent))?;
    entries.truncate(limit);
    Ok(Missed {
        head,
        unread_total,
        told: with_objects(conn, entries)?,
    })
}

/// The next events after `since` of a stream that stands at `head`.
fn entries_after(
    conn: &mut Conn,
    user: &UserId,
    since: Position,
    limit: usize,
    (head, recent): (Position, &[u8]),
) -> QueryResult<Vec<(Position, Entry)>> {
    let recent = runs::decode(recent, head);
    let mut entries = Vec::new();
    let begins = recent
        .first()
        .map_or(head.next(), |(position, _)| *position);
    if since.next() < begins {
        let most = limit / runs::EVENTS + 2;
        let runs = event_runs::table
            .filter(event_runs::user_id.eq(user.as_str().to_owned()))
            .filter(event_runs::last_position.gt(since.get()))
            .order(event_runs::last_position.asc())
            .limit(i64::try_from(most).unwrap_or(i64::MAX))
            .select((event_runs::last_position, event_runs::entries))
            .load::<(i64, Vec<u8>)>(conn)?;
        for (last, run) in runs {
            entries.extend(runs::decode(&run, Position::new(last)));
        }
    }
    // What has become a run meanwhile is not of this head, and what is in the stream's row may be in a run, too.
    entries.retain(|(position, _)| *position > since && *position <= head);
    let reached = entries.last().map_or(since, |(position, _)| *position);
    if reached.next() >= begins {
        entries.extend(recent.into_iter().filter(|(at, _)| *at > reached));
    }
    Ok(entries)
}

/// Events with the objects that they refer to. One whose conversation is not there is left out.
fn with_objects(conn: &mut Conn, entries: Vec<(Position, Entry)>) -> QueryResult<Vec<Told>> {
    let places: BTreeSet<_> = entries.iter().map(|(_, entry)| entry.place()).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let (mut conversations, mut messages) = (HashMap::new(), HashMap::new());
    for (conversation, message) in bulk::find_places(conn, &places)? {
        let conversation = Conversation::from(conversation);
        messages.extend(message.map(|message| ((conversation.id, message.seq()), message)));
        conversations.insert(conversation.id, conversation);
    }
    Ok(entries
        .into_iter()
        .filter_map(|(position, entry)| {
            let conversation = conversations.get(&entry.conversation)?.clone();
            let message = messages.get(&entry.place()).cloned();
            Some((position, entry.fact, conversation, message))
        })
        .collect())
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
