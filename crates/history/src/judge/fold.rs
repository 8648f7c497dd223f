//! I11: what a client has after folding events over its last full fetch is what a fresh fetch gives.

mod picture;

use std::collections::{BTreeMap, BTreeSet};

use self::picture::Picture;
use super::{
    case::{Case, Op, Point, Reply, Told},
    findings::Findings,
    log::Log,
    names::Name,
    shape::View,
};
use crate::{call::Call, invariant::Invariant};

/// What a client went through, in order.
enum Step<'a> {
    Welcomed { position: u64, resumed: bool },
    Told(&'a Told),
    Fetched(&'a Op),
}

pub(super) fn judge(case: &Case, log: &Log, findings: &mut Findings) {
    let fresh = fresh(case);
    for (session, (user, steps)) in steps(case) {
        let Some(picture) = replay(case, user, steps) else {
            continue;
        };
        let Some(fresh) = fresh.get(&user) else {
            continue;
        };
        if fresh.position == picture.position {
            compare(case, log, session, &picture, fresh, findings);
        }
    }
}

/// How many sessions end where a fresh fetch of the same person can be held against them.
pub(super) fn compared(case: &Case) -> u64 {
    let fresh = fresh(case);
    let compared = steps(case)
        .into_values()
        .filter_map(|(user, steps)| Some((user, replay(case, user, steps)?)))
        .filter(|(user, picture)| {
            fresh
                .get(user)
                .is_some_and(|fresh| fresh.position == picture.position)
        });
    u64::try_from(compared.count()).unwrap_or(u64::MAX)
}

/// All sessions with what they went through, sorted by line.
fn steps(case: &Case) -> BTreeMap<Name, (Name, Vec<(Point, Step<'_>)>)> {
    let mut sessions: BTreeMap<Name, (Name, Vec<(Point, Step<'_>)>)> = BTreeMap::new();
    for connection in &case.connections {
        let user = connection.user;
        let (_, steps) = sessions
            .entry(connection.session)
            .or_insert_with(|| (user, Vec::new()));
        if let Some(welcome) = connection.hello {
            let (position, resumed) = (welcome.position, welcome.resumed);
            steps.push((welcome.at, Step::Welcomed { position, resumed }));
        }
        let told = connection.frames.iter();
        steps.extend(told.map(|told| (told.at, Step::Told(told))));
    }
    for op in &case.ops {
        if let (Some(session), Some(done)) = (op.session, op.done())
            && let Some((_, steps)) = sessions.get_mut(&session)
        {
            steps.push((done, Step::Fetched(op)));
        }
    }
    for (_, steps) in sessions.values_mut() {
        steps.sort_by_key(|(at, _)| *at);
    }
    sessions
}

/// What the session has in the end; `None` when it waits for a snapshot, or has a gap (which is I10's).
fn replay<'a>(case: &'a Case, user: Name, steps: Vec<(Point, Step<'a>)>) -> Option<Picture<'a>> {
    let mut picture: Option<Picture<'_>> = None;
    let mut waiting: Option<(Point, Vec<&'a Told>)> = None;
    for (at, step) in steps {
        match step {
            Step::Welcomed { resumed: true, .. } => {}
            Step::Welcomed { position, .. } => {
                picture = (position == 0).then(|| Picture::of_nothing(user));
                waiting = picture.is_none().then(|| (at, Vec::new()));
            }
            Step::Told(told) => {
                if let Some((_, heard)) = &mut waiting {
                    heard.push(told);
                } else if picture.as_mut().is_some_and(|picture| !picture.apply(told)) {
                    picture = None;
                }
            }
            Step::Fetched(op) => match (&op.call, &op.reply) {
                (
                    Call::Inbox {
                        archived,
                        continued,
                        q: None,
                        ..
                    },
                    Reply::Inbox {
                        items,
                        total,
                        position,
                        more,
                    },
                ) => {
                    let views = case.views.get(items.clone()).unwrap_or_default();
                    let after = waiting.as_ref().is_some_and(|(since, _)| op.begin > *since);
                    if after && !archived && !continued {
                        let mut taken = Picture::begun(user, *position, *total);
                        taken.list(views, *position, *archived, *more);
                        let heard = waiting.take().map_or(Vec::new(), |(_, heard)| heard);
                        let exact = heard.into_iter().all(|told| taken.apply(told));
                        picture = exact.then_some(taken);
                    } else if let Some(picture) = &mut picture
                        && !picture.whole
                    {
                        picture.list(views, *position, *archived, *more);
                    }
                }
                (Call::Sync { .. }, Reply::Sync { frames, .. }) => {
                    if let Some(known) = &mut picture
                        && !frames.iter().all(|told| known.apply(told))
                    {
                        picture = None;
                    }
                }
                _ => {}
            },
        }
    }
    picture
}

/// What a person's last full fetch at rest gave.
struct Fresh {
    position: u64,
    total: i64,
    line: u64,
    conversations: BTreeMap<Name, (View, u64)>,
    lists: BTreeSet<bool>,
}

fn fresh(case: &Case) -> BTreeMap<Name, Fresh> {
    let mut fetched: BTreeMap<Name, Fresh> = BTreeMap::new();
    for op in case.ops.iter().filter(|op| case.at_rest(op)) {
        let (
            Call::Inbox {
                archived, q: None, ..
            },
            Some(done),
            Reply::Inbox {
                items,
                total,
                position,
                more,
            },
        ) = (&op.call, op.done(), &op.reply)
        else {
            continue;
        };
        let fresh = fetched.entry(op.user).or_insert_with(|| Fresh {
            position: *position,
            total: *total,
            line: done.i,
            conversations: BTreeMap::new(),
            lists: BTreeSet::new(),
        });
        for (look, view) in case.views.get(items.clone()).unwrap_or_default() {
            fresh.conversations.insert(view.id, (*view, look.i));
        }
        if !more {
            fresh.lists.insert(*archived);
        }
    }
    fetched
}

fn compare(
    case: &Case,
    log: &Log,
    session: Name,
    picture: &Picture<'_>,
    fresh: &Fresh,
    findings: &mut Findings,
) {
    let session = case.names.text(session);
    if let Some(total) = picture.total {
        findings.expect(Invariant::I11, total == fresh.total, &[fresh.line], || {
            format!(
                "{session} counts {total} unread in all, a fresh fetch {}",
                fresh.total
            )
        });
    }
    for (id, view) in &picture.conversations {
        let name = case.names.text(*id);
        match fresh.conversations.get(id) {
            Some((newest, line)) => {
                let difference = difference(view, newest);
                findings.expect(Invariant::I11, difference.is_none(), &[*line], || {
                    format!("{session} and a fresh fetch differ on {name}: {difference:?}")
                });
            }
            None if fresh.lists.len() == 2 => {
                let what = format!("{session} has {name}, and a fresh fetch does not");
                findings.violation(Invariant::I11, &[fresh.line], what);
            }
            None => {}
        }
    }
    if picture.whole {
        for (id, (_, line)) in &fresh.conversations {
            let known = picture.conversations.contains_key(id);
            findings.expect(Invariant::I11, known, &[*line], || {
                format!("{session} was never told of {}", case.names.text(*id))
            });
        }
    }
    for ((conversation, seq), (revision, content)) in &picture.messages {
        let Some(last) = log.at(*conversation, *seq) else {
            continue;
        };
        let same = (last.message.revision, last.message.content) == (*revision, *content);
        findings.expect(Invariant::I11, same, &[last.line], || {
            format!(
                "{session} has message {seq} of {} at revision {revision}, and it is at {}",
                case.names.text(*conversation),
                last.message.revision
            )
        });
    }
}

/// The first field in which two views differ.
fn difference(one: &View, two: &View) -> Option<&'static str> {
    let last = |view: &View| {
        view.last_message
            .map(|last| (last.seq, last.revision, last.content))
    };
    let fields = [
        ("lastSeq", one.last_seq == two.last_seq),
        ("lastMessage", last(one) == last(two)),
        (
            "lastActivityAt",
            one.last_activity_at == two.last_activity_at,
        ),
        ("readSeq", one.read == two.read),
        ("deliveredSeq", one.delivered == two.delivered),
        (
            "counterpartReadSeq",
            one.counterpart_read == two.counterpart_read,
        ),
        (
            "counterpartDeliveredSeq",
            one.counterpart_delivered == two.counterpart_delivered,
        ),
        ("unreadCount", one.unread == two.unread),
        ("archived", one.archived == two.archived),
        ("muted", one.muted == two.muted),
        ("blocked", one.blocked == two.blocked),
    ];
    fields
        .into_iter()
        .find(|(_, same)| !same)
        .map(|(field, _)| field)
}
