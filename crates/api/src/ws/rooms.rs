//! Who looks at which conversation now, so that typing and presence go there and nowhere else.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use messaging_domain::{ConversationId, SessionId, UserId};

use super::outbox::Outbox;

/// How many rooms a session may be in.
pub(crate) const MAX_ROOMS: usize = 20;

/// From how many remembered starts of typing on old ones are looked for and cleared away.
const FEW_STARTS: usize = 1_024;

/// All sessions' rooms on this node.
///
/// A conversation has two people, so the sessions in its room fall into two halves: those of one
/// person, who watch the other. They are kept by whom they watch.
#[derive(Debug, Default)]
pub(crate) struct Rooms {
    watched: HashMap<UserId, HashMap<ConversationId, Vec<Watch>>>,
    starts: HashMap<(UserId, ConversationId), Start>,
    /// At so many starts the next look for old ones: at twice as many as the last look left, so that
    /// a start costs little however many there are.
    sweep_at: usize,
}

/// A session that watches somebody in a conversation.
#[derive(Debug)]
struct Watch {
    session: SessionId,
    outbox: Arc<Outbox>,
    /// Whether either of the two blocks the other; `None` until it is known, and then nothing passes.
    blocked: Option<bool>,
}

/// The last start of typing that was forwarded.
#[derive(Debug)]
struct Start {
    at: Instant,
    /// No stop has followed it yet.
    open: bool,
}

impl Rooms {
    /// Lets a session watch somebody in a conversation. Idempotent.
    pub(crate) fn join(
        &mut self,
        session: SessionId,
        outbox: &Arc<Outbox>,
        whom: &UserId,
        conversation: ConversationId,
    ) {
        let watches = self
            .watched
            .entry(whom.clone())
            .or_default()
            .entry(conversation)
            .or_default();
        if !watches.iter().any(|watch| watch.session == session) {
            watches.push(Watch {
                session,
                outbox: Arc::clone(outbox),
                blocked: None,
            });
        }
    }

    /// Ends that. Idempotent.
    pub(crate) fn leave(
        &mut self,
        session: SessionId,
        whom: &UserId,
        conversation: ConversationId,
    ) {
        let Some(conversations) = self.watched.get_mut(whom) else {
            return;
        };
        if let Some(watches) = conversations.get_mut(&conversation) {
            watches.retain(|watch| watch.session != session);
            if watches.is_empty() {
                conversations.remove(&conversation);
            }
        }
        if conversations.is_empty() {
            self.watched.remove(whom);
        }
    }

    /// Whether anybody here watches somebody.
    pub(crate) fn is_watched(&self, whom: &UserId) -> bool {
        self.watched.contains_key(whom)
    }

    /// All who are watched by anybody here.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &UserId> {
        self.watched.keys()
    }

    /// What was read about a block when a session joined; gives back what is true, for an
    /// announcement may have come in between.
    pub(crate) fn settle(
        &mut self,
        session: SessionId,
        whom: &UserId,
        conversation: ConversationId,
        blocked: bool,
    ) -> bool {
        self.watches_mut(whom, conversation)
            .find(|watch| watch.session == session)
            .is_none_or(|watch| *watch.blocked.get_or_insert(blocked))
    }

    /// What was announced about a block; gives back the sessions for which something changed.
    pub(crate) fn block(
        &mut self,
        whom: &UserId,
        conversation: ConversationId,
        blocked: bool,
    ) -> Vec<Arc<Outbox>> {
        self.watches_mut(whom, conversation)
            .filter_map(|watch| {
                let before = watch.blocked.replace(blocked);
                (before == Some(!blocked)).then(|| Arc::clone(&watch.outbox))
            })
            .collect()
    }

    /// The sessions that may know what somebody does in a conversation.
    pub(crate) fn watchers(&self, whom: &UserId, conversation: ConversationId) -> Vec<Arc<Outbox>> {
        self.watched
            .get(whom)
            .and_then(|conversations| conversations.get(&conversation))
            .map_or_else(Vec::new, |watches| may_know(watches).collect())
    }

    /// The sessions that may know what somebody does anywhere, by conversation.
    pub(crate) fn all_watchers(&self, whom: &UserId) -> Vec<(ConversationId, Vec<Arc<Outbox>>)> {
        self.watched
            .get(whom)
            .into_iter()
            .flatten()
            .map(|(conversation, watches)| (*conversation, may_know(watches).collect()))
            .collect()
    }

    /// Whether a start or stop of typing is to be forwarded: one start in `every`, and a stop only
    /// after a start.
    pub(crate) fn forwards_typing(
        &mut self,
        who: &UserId,
        conversation: ConversationId,
        active: bool,
        now: Instant,
        every: Duration,
    ) -> bool {
        let key = (who.clone(), conversation);
        if !active {
            return self
                .starts
                .get_mut(&key)
                .is_some_and(|start| std::mem::take(&mut start.open));
        }
        let too_soon = self
            .starts
            .get(&key)
            .is_some_and(|start| now.saturating_duration_since(start.at) < every);
        if !too_soon {
            self.sweep(now, every);
            let start = Start {
                at: now,
                open: true,
            };
            self.starts.insert(key, start);
        }
        !too_soon
    }

    fn sweep(&mut self, now: Instant, every: Duration) {
        if self.starts.len() >= self.sweep_at.max(FEW_STARTS) {
            // Receivers have long forgotten them: they show typing for a few seconds only.
            self.starts
                .retain(|_, start| now.saturating_duration_since(start.at) < every * 4);
            self.sweep_at = self.starts.len().saturating_mul(2);
        }
    }

    fn watches_mut(
        &mut self,
        whom: &UserId,
        conversation: ConversationId,
    ) -> impl Iterator<Item = &mut Watch> {
        self.watched
            .get_mut(whom)
            .and_then(|conversations| conversations.get_mut(&conversation))
            .into_iter()
            .flatten()
    }
}

fn may_know(watches: &[Watch]) -> impl Iterator<Item = Arc<Outbox>> {
    watches
        .iter()
        .filter(|watch| watch.blocked == Some(false))
        .map(|watch| Arc::clone(&watch.outbox))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn somebody() -> UserId {
        UserId::restore("somebody")
    }

    fn joined() -> (Rooms, SessionId, ConversationId) {
        let mut rooms = Rooms::default();
        let (session, conversation) = (SessionId::new(), ConversationId::new());
        rooms.join(session, &Arc::default(), &somebody(), conversation);
        (rooms, session, conversation)
    }

    #[test]
    fn nothing_passes_before_it_is_known_that_nobody_blocks() {
        let (mut rooms, session, conversation) = joined();
        assert!(rooms.watchers(&somebody(), conversation).is_empty());
        assert!(!rooms.settle(session, &somebody(), conversation, false));
        assert_eq!(rooms.watchers(&somebody(), conversation).len(), 1);
        assert_eq!(rooms.all_watchers(&somebody())[0].1.len(), 1);
    }

    #[test]
    fn a_block_that_is_announced_while_a_session_joins_is_not_forgotten() {
        let (mut rooms, session, conversation) = joined();
        assert!(rooms.block(&somebody(), conversation, true).is_empty());
        assert!(rooms.settle(session, &somebody(), conversation, false));
        assert!(rooms.watchers(&somebody(), conversation).is_empty());
    }

    #[test]
    fn a_block_names_the_sessions_for_which_it_changes_something() {
        let (mut rooms, session, conversation) = joined();
        rooms.settle(session, &somebody(), conversation, false);
        assert_eq!(rooms.block(&somebody(), conversation, true).len(), 1);
        assert!(rooms.block(&somebody(), conversation, true).is_empty());
        assert_eq!(rooms.block(&somebody(), conversation, false).len(), 1);
    }

    #[test]
    fn the_last_to_leave_leaves_nothing_behind() {
        let (mut rooms, session, conversation) = joined();
        rooms.leave(session, &somebody(), conversation);
        rooms.leave(session, &somebody(), conversation);
        assert!(rooms.watched.is_empty());
    }

    #[test]
    fn one_start_in_three_seconds_and_a_stop_only_after_a_start() {
        let (mut rooms, _, conversation) = joined();
        let (every, start) = (Duration::from_secs(3), Instant::now());
        let mut forwards = |active, after| {
            let now = start + Duration::from_millis(after);
            rooms.forwards_typing(&somebody(), conversation, active, now, every)
        };
        assert!(!forwards(false, 0));
        assert!(forwards(true, 0));
        assert!(!forwards(true, 2_999));
        assert!(forwards(false, 2_999));
        assert!(!forwards(false, 2_999));
        assert!(!forwards(true, 2_999));
        assert!(forwards(true, 3_000));
    }

    #[test]
    fn old_starts_are_cleared_away_and_not_looked_for_each_time() {
        let mut rooms = Rooms::default();
        let (every, start) = (Duration::from_secs(3), Instant::now());
        let begin = |rooms: &mut Rooms, now| {
            assert!(rooms.forwards_typing(&somebody(), ConversationId::new(), true, now, every));
        };
        // All at once: each is young, and the looks become rarer as there are more.
        let mut looks = std::collections::BTreeSet::new();
        for _ in 0..10_000 {
            begin(&mut rooms, start);
            looks.insert(rooms.sweep_at);
        }
        assert_eq!(rooms.starts.len(), 10_000);
        assert_eq!(looks.len(), 5, "{looks:?}");
        // One by one: the old ones go.
        for second in 1..=10_000 {
            begin(&mut rooms, start + Duration::from_secs(60 + second));
        }
        assert!(rooms.starts.len() <= FEW_STARTS, "{}", rooms.starts.len());
    }
}
