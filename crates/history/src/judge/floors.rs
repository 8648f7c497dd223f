//! What was known at each line: numbers that may only rise, from whatever anybody saw before.

use std::collections::HashMap;
use std::hash::Hash;

use super::{
    case::{Case, Cursors, Look, Reply},
    log::Log,
    names::Name,
};

/// Somebody saw a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    /// At this line.
    pub(super) i: u64,
    /// At least this much.
    pub(super) value: u64,
    /// This client.
    pub(super) session: Option<Name>,
}

/// Numbers that may only rise, by what they are of.
#[derive(Debug)]
pub(super) struct Floor<K>(HashMap<K, Vec<Step>>);

impl<K: Eq + Hash> Floor<K> {
    pub(super) fn of(seen: impl IntoIterator<Item = (K, Step)>) -> Self {
        let mut floors: HashMap<K, Vec<Step>> = HashMap::new();
        for (key, step) in seen {
            floors.entry(key).or_default().push(step);
        }
        for steps in floors.values_mut() {
            steps.sort_unstable();
            let mut top = None;
            steps.retain(|step| {
                let rises = top.is_none_or(|top| step.value > top);
                if rises {
                    top = Some(step.value);
                }
                rises
            });
        }
        Self(floors)
    }

    /// The highest number that was seen before a line.
    pub(super) fn before(&self, key: &K, line: u64) -> Option<Step> {
        let steps = self.0.get(key)?;
        let known = steps.partition_point(|step| step.i < line);
        steps.get(known.checked_sub(1)?).copied()
    }

    /// The same; 0 when nothing was.
    pub(super) fn value(&self, key: &K, line: u64) -> u64 {
        self.before(key, line).map_or(0, |step| step.value)
    }
}

/// All floors.
#[derive(Debug)]
pub(super) struct Floors {
    /// The last place of a conversation.
    pub(super) tops: Floor<Name>,
    /// The revision of a message.
    pub(super) revisions: Floor<(Name, u64)>,
    /// A person's read cursor in a conversation.
    pub(super) read: Floor<(Name, Name)>,
    /// A person's delivered cursor in a conversation.
    pub(super) delivered: Floor<(Name, Name)>,
}

impl Floors {
    /// Of messages only what is in the log counts: what was lost is lost, and not also late.
    pub(super) fn of(case: &Case, log: &Log) -> Self {
        let step = |look: &Look, value| Step {
            i: look.i,
            value,
            session: look.session,
        };
        let messages = || {
            case.messages.iter().filter(|(_, message)| {
                log.at(message.conversation, message.seq)
                    .is_some_and(|last| last.message.client_id == message.client_id)
            })
        };
        let tops =
            messages().map(|(look, message)| (message.conversation, step(look, message.seq)));
        let tops = tops.chain(
            case.views
                .iter()
                .map(|(look, view)| (view.id, step(look, view.last_seq.min(log.top(view.id))))),
        );
        let revisions = messages().map(|(look, message)| {
            let place = (message.conversation, message.seq);
            (place, step(look, message.revision))
        });
        let cursor = |pick: fn(&Cursors) -> Option<u64>| {
            Floor::of(case.cursors.iter().filter_map(move |seen| {
                let whose = (seen.conversation, seen.user);
                Some((whose, step(&seen.look, pick(seen)?)))
            }))
        };
        Self {
            tops: Floor::of(tops),
            revisions: Floor::of(revisions),
            read: cursor(|seen| seen.read),
            delivered: cursor(|seen| seen.delivered.max(seen.read)),
        }
    }
}

/// The heads of people's streams, as far as anybody saw them.
pub(super) fn heads(case: &Case) -> Floor<Name> {
    let on_sockets = case.connections.iter().flat_map(|connection| {
        let step = |i, value| Step {
            i,
            value,
            session: Some(connection.session),
        };
        let welcome = connection
            .hello
            .map(|welcome| (connection.user, step(welcome.at.i, welcome.position)));
        let told = connection
            .frames
            .iter()
            .filter_map(move |told| Some((connection.user, step(told.at.i, told.position?))));
        welcome.into_iter().chain(told)
    });
    let by_http = case.ops.iter().filter_map(|op| {
        let (Reply::Inbox { position, .. } | Reply::Sync { position, .. }) = op.reply else {
            return None;
        };
        let step = Step {
            i: op.done()?.i,
            value: position,
            session: op.session,
        };
        Some((op.user, step))
    });
    Floor::of(on_sockets.chain(by_http))
}
