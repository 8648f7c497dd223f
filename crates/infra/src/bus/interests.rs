//! What this node wants to hear, and what has changed about that since somebody looked.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use messaging_domain::To;
use tokio::sync::Notify;

/// The audiences that this node belongs to. As large as the number of people who are connected to it,
/// or looked at.
#[derive(Default)]
pub(super) struct Interests {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    wanted: HashSet<To>,
    /// What is to be done so that the wanted ones are the ones that are heard.
    changes: HashMap<To, bool>,
}

impl Interests {
    /// Says whether an audience is wanted. Returns at once.
    pub(super) fn set(&self, to: To, wanted: bool) {
        let mut state = self.state();
        let changes = if wanted {
            state.wanted.insert(to.clone())
        } else {
            state.wanted.remove(&to)
        };
        if changes {
            state.changes.insert(to, wanted);
            self.changed.notify_one();
        }
    }

    /// Waits for changes. For one task only; may be dropped and called again.
    pub(super) async fn changes(&self) -> HashMap<To, bool> {
        loop {
            let changes = std::mem::take(&mut self.state().changes);
            if !changes.is_empty() {
                return changes;
            }
            self.changed.notified().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use messaging_domain::UserId;

    use super::*;

    #[tokio::test]
    async fn the_last_word_on_an_audience_counts_and_is_given_once() {
        let interests = Interests::default();
        let somebody = To::Sessions(UserId::restore("somebody"));
        interests.set(somebody.clone(), true);
        interests.set(To::Nodes, true);
        interests.set(To::Nodes, true);
        interests.set(somebody.clone(), false);
        let changes = interests.changes().await;
        assert_eq!(
            changes,
            [(To::Nodes, true), (somebody.clone(), false)].into()
        );
        interests.set(somebody.clone(), false);
        let nothing = tokio::time::timeout(std::time::Duration::ZERO, interests.changes()).await;
        assert!(nothing.is_err());
        interests.set(somebody.clone(), true);
        assert_eq!(interests.changes().await, [(somebody, true)].into());
    }
}
