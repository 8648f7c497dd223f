//! I10: each person's stream has no hole and no repeat on a socket, over resumes, in `/sync` and in the
//! database, and one content whoever tells of it.

use std::collections::{BTreeMap, HashMap};

use super::{
    case::{Case, Connection, Point, Reply, Told, Welcome},
    findings::Findings,
    floors::{Floor, heads},
    log::Log,
    names::Name,
    shape::Event,
};
use crate::{call::Call, header::Limits, invariant::Invariant};

/// What an event tells of, without the object as it is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Message(Name, u64, bool),
    Conversation(Name, bool),
    Cursor(Name, Name),
}

impl Subject {
    fn of(event: &Event) -> Option<Self> {
        match *event {
            Event::Message { created, message } => {
                Some(Self::Message(message.conversation, message.seq, created))
            }
            Event::Conversation { created, view } => Some(Self::Conversation(view.id, created)),
            Event::Cursor {
                conversation, user, ..
            } => Some(Self::Cursor(conversation, user)),
            _ => None,
        }
    }

    fn conversation(self) -> Name {
        match self {
            Self::Message(id, ..) | Self::Conversation(id, _) | Self::Cursor(id, _) => id,
        }
    }
}

/// A person's stream of one epoch, from all that told of it.
type Stream = BTreeMap<u64, (Subject, u64)>;

pub(super) fn judge(case: &Case, log: &Log, limits: &Limits, findings: &mut Findings) {
    let heads = heads(case);
    for connection in &case.connections {
        order(case, connection, findings);
        welcome(case, connection, &heads, limits, findings);
    }
    let streams = union(case, findings);
    revisions(case, &streams, findings);
    syncs(case, &heads, findings);
    rows(case, log, &streams, findings);
}

fn order(case: &Case, connection: &Connection, findings: &mut Findings) {
    let user = case.names.text(connection.user);
    let mut expected = connection.hello.map(|welcome| first(connection, &welcome));
    let mut live = 0_u32;
    for told in &connection.frames {
        let lines = |since: Option<Point>| [since.unwrap_or(connection.open).i, told.at.i];
        let hello = connection.hello.map(|welcome| welcome.at);
        let greeted = hello.is_some_and(|hello| hello.i < told.at.i);
        if let Some(position) = told.position {
            findings.expect(Invariant::I10, greeted, &lines(None), || {
                format!("{user} is told event {position} before the welcome")
            });
            if let Some(next) = expected {
                findings.expect(Invariant::I10, position == next, &lines(hello), || {
                    format!("{user} is told event {position} where {next} was due")
                });
            }
            expected = Some(position.saturating_add(1));
        }
        match told.event {
            Event::Live { position } => {
                live += 1;
                let sent = expected.map_or(0, |next| next.saturating_sub(1));
                let head = connection.hello.map_or(0, |welcome| welcome.position);
                let holds = live == 1 && greeted && position == sent && sent >= head;
                findings.expect(Invariant::I10, holds, &lines(hello), || {
                    format!("{user} is live at {position}, was told up to {sent}, of {head}")
                });
            }
            Event::Heartbeat { position } => {
                let sent = expected.map_or(0, |next| next.saturating_sub(1));
                findings.expect(Invariant::I9, position >= sent, &lines(hello), || {
                    format!("{user} was told up to {sent}, and the heartbeat says {position}")
                });
            }
            _ => {}
        }
    }
}

/// The position that has to come first.
fn first(connection: &Connection, welcome: &Welcome) -> u64 {
    match connection.since {
        Some((_, since)) if welcome.resumed => since.saturating_add(1),
        _ => welcome.position.saturating_add(1),
    }
}

fn welcome(
    case: &Case,
    connection: &Connection,
    heads: &Floor<Name>,
    limits: &Limits,
    findings: &mut Findings,
) {
    let Some(welcome) = connection.hello else {
        return;
    };
    let user = case.names.text(connection.user);
    let lines = [connection.open.i, welcome.at.i];
    let reason = welcome.reason.map(|reason| case.names.text(reason));
    let position = welcome.position;
    let right = match (connection.since, welcome.resumed) {
        (None, resumed) => !resumed && reason == Some("new"),
        (Some((epoch, _)), false) if epoch != welcome.epoch => reason == Some("epoch"),
        (Some((epoch, since)), resumed) => {
            let behind = position.checked_sub(since);
            match behind {
                None => !resumed && reason == Some("ahead"),
                Some(behind) if behind > limits.resume_events => {
                    !resumed && reason == Some("too_far")
                }
                Some(_) => resumed && epoch == welcome.epoch,
            }
        }
    };
    findings.expect(Invariant::I10, right, &lines, || {
        let since = connection.since.map(|(_, since)| since);
        format!(
            "{user} asked for what came after {since:?} of {position} and was {}",
            match (welcome.resumed, reason) {
                (true, _) => "resumed".to_owned(),
                (false, reason) => format!("not resumed: {}", reason.unwrap_or("no reason")),
            }
        )
    });
    if let Some(known) = heads.before(&connection.user, connection.open.i)
        && one_epoch(case)
    {
        let lines = [known.i, connection.open.i, welcome.at.i];
        let fresh = position >= known.value;
        findings.expect(Invariant::I10, fresh, &lines, || {
            format!(
                "the stream of {user} is at {position}, and was at {} before",
                known.value
            )
        });
    }
}

/// Whether positions never started afresh.
fn one_epoch(case: &Case) -> bool {
    let mut epochs = case
        .connections
        .iter()
        .filter_map(|connection| connection.hello.map(|welcome| welcome.epoch));
    let first = epochs.next();
    epochs.all(|epoch| Some(epoch) == first)
}

fn union(case: &Case, findings: &mut Findings) -> HashMap<(Name, Option<Name>), Stream> {
    let mut streams: HashMap<_, Stream> = HashMap::new();
    let mut tell = |user: Name, epoch: Option<Name>, told: &Told| {
        let (Some(position), Some(subject)) = (told.position, Subject::of(&told.event)) else {
            return;
        };
        let stream = streams.entry((user, epoch)).or_default();
        let (known, line) = *stream.entry(position).or_insert((subject, told.at.i));
        findings.expect(Invariant::I10, known == subject, &[line, told.at.i], || {
            format!(
                "event {position} of {} is told as two different things",
                case.names.text(user)
            )
        });
    };
    for connection in &case.connections {
        let epoch = connection.hello.map(|welcome| welcome.epoch);
        for told in &connection.frames {
            tell(connection.user, epoch, told);
        }
    }
    for op in &case.ops {
        if let (Call::Sync { epoch, .. }, Reply::Sync { frames, .. }) = (&op.call, &op.reply) {
            for told in frames {
                tell(op.user, case.names.find(epoch), told);
            }
        }
    }
    streams
}

/// An event carries its object at least as new as what it tells of: the n-th change of a message that a
/// stream tells of makes it revision n + 1 or later.
fn revisions(
    case: &Case,
    streams: &HashMap<(Name, Option<Name>), Stream>,
    findings: &mut Findings,
) {
    let mut least: HashMap<(Name, Option<Name>, u64), u64> = HashMap::new();
    for ((user, epoch), stream) in streams {
        let mut changes: HashMap<(Name, u64), u64> = HashMap::new();
        for (position, (subject, _)) in stream {
            if let Subject::Message(conversation, seq, created) = *subject {
                let revision = changes.entry((conversation, seq)).or_insert(1);
                *revision += u64::from(!created);
                least.insert((*user, *epoch, *position), *revision);
            }
        }
    }
    for connection in &case.connections {
        let epoch = connection.hello.map(|welcome| welcome.epoch);
        for told in &connection.frames {
            let (Some(position), Event::Message { message, .. }) = (told.position, told.event)
            else {
                continue;
            };
            let least = least.get(&(connection.user, epoch, position));
            let least = least.copied().unwrap_or(1);
            let lines = [connection.open.i, told.at.i];
            findings.expect(Invariant::I10, message.revision >= least, &lines, || {
                format!(
                    "event {position} of {} carries revision {} of a message that was at {least}",
                    case.names.text(connection.user),
                    message.revision
                )
            });
        }
    }
}

fn syncs(case: &Case, heads: &Floor<Name>, findings: &mut Findings) {
    for op in &case.ops {
        let (
            Call::Sync { since, .. },
            Some(done),
            Reply::Sync {
                frames,
                position,
                more,
            },
        ) = (&op.call, op.done(), &op.reply)
        else {
            continue;
        };
        let user = case.names.text(op.user);
        let lines = [op.begin.i, done.i];
        let mut last = *since;
        for told in frames {
            let next = last.saturating_add(1);
            findings.expect(Invariant::I10, told.position == Some(next), &lines, || {
                format!(
                    "/sync of {user} tells {:?} where {next} was due",
                    told.position
                )
            });
            last = told.position.unwrap_or(next);
        }
        findings.expect(Invariant::I10, *position == last, &lines, || {
            format!("/sync of {user} ends at {last} and says {position}")
        });
        if let (false, true, Some(known)) =
            (*more, one_epoch(case), heads.before(&op.user, op.begin.i))
        {
            let lines = [known.i, lines[0], lines[1]];
            findings.expect(Invariant::I10, last >= known.value, &lines, || {
                format!(
                    "/sync of {user} ends at {last}, and {} was known",
                    known.value
                )
            });
        }
    }
}

/// In the database streams have no holes, say what was told, and tell both people of every message.
fn rows(
    case: &Case,
    log: &Log,
    streams: &HashMap<(Name, Option<Name>), Stream>,
    findings: &mut Findings,
) {
    if case.dump.complete.is_none() || case.dump.events.is_empty() {
        return;
    }
    let mut rows: HashMap<Name, BTreeMap<u64, (Name, u64, u64)>> = HashMap::new();
    let mut told: HashMap<(Name, Name, u64), u64> = HashMap::new();
    for (line, user, position, conversation, seq) in &case.dump.events {
        let stream = rows.entry(*user).or_default();
        let twice = stream.insert(*position, (*conversation, *seq, *line));
        findings.expect(Invariant::I10, twice.is_none(), &[*line], || {
            format!(
                "event {position} of {} is there twice",
                case.names.text(*user)
            )
        });
        told.insert((*user, *conversation, *seq), *line);
    }
    for (line, user, head, ..) in &case.dump.streams {
        let count = rows.get(user).map_or(0, BTreeMap::len);
        let last = rows
            .get(user)
            .and_then(|stream| stream.keys().last().copied());
        let dense = u64::try_from(count) == Ok(*head) && last.unwrap_or(0) == *head;
        findings.expect(Invariant::I10, dense, &[*line], || {
            let user = case.names.text(*user);
            format!("the stream of {user} is at {head} and has {count} events up to {last:?}")
        });
    }
    for ((user, epoch), stream) in streams {
        if *epoch != case.dump.epoch && case.dump.epoch.is_some() {
            continue;
        }
        for (position, (subject, line)) in stream {
            let row = rows.get(user).and_then(|rows| rows.get(position));
            let same = row.is_some_and(|(conversation, seq, _)| {
                *conversation == subject.conversation()
                    && match subject {
                        Subject::Message(_, of, _) => of == seq,
                        _ => true,
                    }
            });
            let lines = [*line, row.map_or(*line, |row| row.2)];
            findings.expect(Invariant::I10, same, &lines, || {
                format!(
                    "event {position} of {} was told and is not what is stored",
                    case.names.text(*user)
                )
            });
        }
    }
    for last in log.messages() {
        let message = last.message;
        let Some((buyer, seller)) = case.participants(message.conversation) else {
            continue;
        };
        for user in [buyer, seller] {
            let event = told.contains_key(&(user, message.conversation, message.seq));
            findings.expect(Invariant::I10, event, &[last.line], || {
                format!(
                    "no event tells {} of message {} of {}",
                    case.names.text(user),
                    message.seq,
                    case.names.text(message.conversation)
                )
            });
        }
    }
}
