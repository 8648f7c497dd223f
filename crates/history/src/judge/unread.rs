//! I15: what is unread equals a recount; at rest exactly, while things happen within what may have
//! happened.

use std::collections::{BTreeMap, HashMap};

use super::{
    case::{Case, End, Op, Reply},
    findings::Findings,
    floors::Floors,
    log::Log,
    names::Name,
    shape::Content,
};
use crate::{call::Call, invariant::Invariant};

/// A deletion that may have had its effect, by the lines between which it must have had it.
#[derive(Debug, Clone, Copy)]
struct Deletion {
    seq: u64,
    sender: Name,
    from: u64,
    /// Known to have been done by then.
    by: u64,
}

/// Counts what somebody has not read.
struct Recount<'a> {
    log: &'a Log,
    /// Places of each sender's messages in a conversation, rising.
    places: HashMap<(Name, Name), Vec<u64>>,
    deletions: HashMap<Name, Vec<Deletion>>,
}

impl<'a> Recount<'a> {
    fn of(case: &Case, log: &'a Log) -> Self {
        let mut places: HashMap<_, Vec<_>> = HashMap::new();
        for last in log.messages() {
            let message = last.message;
            let key = (message.conversation, message.sender);
            places.entry(key).or_default().push(message.seq);
        }
        for places in places.values_mut() {
            places.sort_unstable();
        }
        let mut deletions: HashMap<_, Vec<_>> = HashMap::new();
        for op in &case.ops {
            if let (Call::Delete { seq, .. }, false) = (&op.call, op.refused())
                && let Some(conversation) = op.conversation(&case.names)
                && let Some(last) = log.at(conversation, *seq)
                && last.message.sender == op.user
            {
                deletions.entry(conversation).or_default().push(Deletion {
                    seq: *seq,
                    sender: op.user,
                    from: op.begin.i,
                    by: op.last(),
                });
            }
        }
        Self {
            log,
            places,
            deletions,
        }
    }

    /// Messages of `sender` in places above `after` and up to `top`.
    fn between(&self, conversation: Name, sender: Name, after: u64, top: u64) -> i64 {
        let Some(places) = self.places.get(&(conversation, sender)) else {
            return 0;
        };
        let until = |seq: u64| places.partition_point(|place| *place <= seq);
        let count = until(top).saturating_sub(until(after));
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// How many of those may, and how many must have been deleted by the time of a look.
    fn deleted(
        &self,
        conversation: Name,
        sender: Name,
        (after, top): (u64, u64),
        (since, i): (u64, u64),
    ) -> (i64, i64) {
        let mut places: BTreeMap<u64, (bool, bool)> = BTreeMap::new();
        for deletion in self.deletions.get(&conversation).into_iter().flatten() {
            if deletion.sender == sender && deletion.seq > after && deletion.seq <= top {
                let (may, must) = places.entry(deletion.seq).or_default();
                *may |= deletion.from < i;
                *must |= deletion.by < since;
            }
        }
        let count = |pick: fn(&(bool, bool)) -> bool| {
            i64::try_from(places.values().filter(|place| pick(place)).count()).unwrap_or(i64::MAX)
        };
        (count(|place| place.0), count(|place| place.1))
    }

    /// What is unread at the end.
    fn at_rest(&self, conversation: Name, sender: Name, after: u64) -> i64 {
        let Some(places) = self.places.get(&(conversation, sender)) else {
            return 0;
        };
        let unread = places.iter().filter(|seq| **seq > after).filter(|seq| {
            self.log
                .at(conversation, **seq)
                .is_some_and(|last| last.message.content != Content::Deleted)
        });
        i64::try_from(unread.count()).unwrap_or(i64::MAX)
    }
}

pub(super) fn judge(case: &Case, log: &Log, floors: &Floors, findings: &mut Findings) {
    let recount = Recount::of(case, log);
    views(case, &recount, findings);
    marks(case, &recount, floors, findings);
    at_rest(case, &recount, findings);
    rows(case, &recount, findings);
}

/// A view counts between its own cursor and its own end.
fn views(case: &Case, recount: &Recount<'_>, findings: &mut Findings) {
    for (look, view) in &case.views {
        // What was lost after it was shown is I1's.
        if !recount.log.knows(view.id) || view.last_seq > recount.log.top(view.id) {
            continue;
        }
        let places = (view.read, view.last_seq);
        let all = recount.between(view.id, view.counterpart, view.read, view.last_seq);
        let (may, must) = recount.deleted(view.id, view.counterpart, places, (look.since, look.i));
        let holds = (all - may..=all - must).contains(&view.unread);
        findings.expect(Invariant::I15, holds, &[look.since, look.i], || {
            format!(
                "{} shows {} {} unread; from {} to {} can be {} to {}",
                case.names.text(view.id),
                case.names.text(look.user),
                view.unread,
                view.read,
                view.last_seq,
                all - may,
                all - must
            )
        });
    }
}

/// The answer to a mark counts from the cursor that it gives.
fn marks(case: &Case, recount: &Recount<'_>, floors: &Floors, findings: &mut Findings) {
    for op in &case.ops {
        let (Call::Read { .. }, Some(done), Reply::Cursor { read, unread }) =
            (&op.call, op.done(), &op.reply)
        else {
            continue;
        };
        let Some(conversation) = op.conversation(&case.names) else {
            continue;
        };
        let Some(sender) = case.counterpart(op.user, conversation) else {
            continue;
        };
        if !recount.log.knows(conversation) {
            continue;
        }
        let (top, end) = (
            floors.tops.value(&conversation, op.begin.i),
            recount.log.top(conversation),
        );
        let lines = (op.begin.i, done.i);
        let least = recount.between(conversation, sender, *read, top)
            - recount.deleted(conversation, sender, (*read, top), lines).0;
        let most = recount.between(conversation, sender, *read, end)
            - recount.deleted(conversation, sender, (*read, end), lines).1;
        let holds = (least..=most).contains(unread);
        findings.expect(Invariant::I15, holds, &[lines.0, lines.1], || {
            format!("a mark at {read} leaves {unread} unread; {least} to {most} can be")
        });
    }
}

/// At rest the lists and the badge say what a recount of the log says.
fn at_rest(case: &Case, recount: &Recount<'_>, findings: &mut Findings) {
    let mut lists: BTreeMap<Name, Badge> = BTreeMap::new();
    let resting = || case.ops.iter().filter(|op| case.at_rest(op));
    for op in resting() {
        let (Some(done), Reply::Inbox { items, .. }) = (op.done(), &op.reply) else {
            continue;
        };
        for (_, view) in case.views.get(items.clone()).unwrap_or_default() {
            if !recount.log.knows(view.id) && view.last_seq > 0 {
                continue;
            }
            let count = recount.at_rest(view.id, view.counterpart, view.read);
            let lines = [op.begin.i, done.i];
            findings.expect(Invariant::I15, view.unread == count, &lines, || {
                format!(
                    "at rest {} shows {} unread, and {count} are",
                    case.names.text(view.id),
                    view.unread
                )
            });
            let badge = lists.entry(op.user).or_default();
            if !view.archived && !view.muted {
                badge.counts.insert(view.id, count);
            }
        }
        if let (
            false,
            Call::Inbox {
                archived, q: None, ..
            },
            Reply::Inbox { more: false, .. },
        ) = (is_doubtful(op), &op.call, &op.reply)
        {
            let badge = lists.entry(op.user).or_default();
            badge.whole |= !archived;
        }
    }
    for op in resting() {
        let (total, conversations) = match op.reply {
            Reply::Inbox { total, .. } => (total, None),
            Reply::Badge {
                total,
                conversations,
            } => (total, Some(conversations)),
            _ => continue,
        };
        let (Some(done), Some(badge)) = (op.done(), lists.get(&op.user)) else {
            continue;
        };
        if !badge.whole {
            continue;
        }
        let counted = badge.total();
        let holds = total == counted.0 && conversations.is_none_or(|many| many == counted.1);
        findings.expect(Invariant::I15, holds, &[op.begin.i, done.i], || {
            format!(
                "at rest {} is told of {total} unread in all, and {} are, in {} conversations",
                case.names.text(op.user),
                counted.0,
                counted.1
            )
        });
    }
}

fn is_doubtful(op: &Op) -> bool {
    !matches!(op.end, Some((_, End::Ok { .. })))
}

/// What counts for one person's badge.
#[derive(Debug, Default)]
struct Badge {
    counts: BTreeMap<Name, i64>,
    /// Whether the list was seen up to its end.
    whole: bool,
}

impl Badge {
    fn total(&self) -> (i64, i64) {
        let many = self.counts.values().filter(|count| **count > 0).count();
        (
            self.counts.values().sum(),
            i64::try_from(many).unwrap_or(i64::MAX),
        )
    }
}

fn rows(case: &Case, recount: &Recount<'_>, findings: &mut Findings) {
    let mut badges: BTreeMap<&str, Badge> = BTreeMap::new();
    for (line, row) in &case.dump.conversations {
        let Some(id) = case.names.find(&row.id) else {
            continue;
        };
        for (side, other) in [(&row.buyer, &row.seller), (&row.seller, &row.buyer)] {
            let sender = case.names.find(&other.user);
            let count = sender.map_or(0, |sender| recount.at_rest(id, sender, side.read_seq));
            findings.expect(Invariant::I15, side.unread == count, &[*line], || {
                format!(
                    "{} keeps {} unread for {}, and {count} are",
                    row.id, side.unread, side.user
                )
            });
            if !side.archived && !side.muted {
                let badge = badges.entry(&side.user).or_default();
                badge.counts.insert(id, count);
            }
        }
    }
    if case.dump.complete.is_none() {
        return;
    }
    for (line, user, _, messages, conversations) in &case.dump.streams {
        let user = case.names.text(*user);
        let counted = badges.get(user).map_or((0, 0), Badge::total);
        let holds = (*messages, *conversations) == counted;
        findings.expect(Invariant::I15, holds, &[*line], || {
            format!(
                "{user} is kept with {messages} unread in {conversations} conversations, and it is \
                 {counted:?}"
            )
        });
    }
}
