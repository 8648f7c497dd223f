//! Which nodes are there: each says so every now and then, and one that is silent counts as gone.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use messaging_domain::{NodeId, Relay as _, Signal, To};

use super::Bus;

/// How often a node says that it is there.
const SAY_EVERY: Duration = Duration::from_secs(2);

/// After so much silence a node counts as gone.
const SILENCE: Duration = Duration::from_secs(7);

/// How long one that is gone is remembered, to be known when it comes back.
const REMEMBER: Duration = Duration::from_mins(10);

/// The other nodes, by when they were last heard.
#[derive(Default)]
pub(super) struct Nodes(Mutex<HashMap<NodeId, Heard>>);

struct Heard {
    at: Instant,
    lost: bool,
}

impl Nodes {
    /// A node was heard; whether it had counted as gone.
    pub(super) fn hear(&self, node: NodeId, now: Instant) -> bool {
        let heard = Heard {
            at: now,
            lost: false,
        };
        self.nodes()
            .insert(node, heard)
            .is_some_and(|before| before.lost)
    }

    /// A node said that it goes.
    pub(super) fn forget(&self, node: NodeId) {
        self.nodes().remove(&node);
    }

    /// How many are there.
    pub(super) fn count(&self) -> usize {
        self.nodes().values().filter(|heard| !heard.lost).count()
    }

    /// The nodes that have just become silent.
    fn fallen_silent(&self, now: Instant) -> Vec<NodeId> {
        let mut nodes = self.nodes();
        nodes.retain(|_, heard| now.saturating_duration_since(heard.at) < REMEMBER);
        nodes
            .iter_mut()
            .filter(|(_, heard)| !heard.lost && now.saturating_duration_since(heard.at) >= SILENCE)
            .map(|(node, heard)| {
                heard.lost = true;
                *node
            })
            .collect()
    }

    fn nodes(&self) -> MutexGuard<'_, HashMap<NodeId, Heard>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that this node is there, and notices which are not.
pub(super) async fn keep(bus: Bus) {
    loop {
        bus.tell(To::Nodes, Signal::Alive);
        for node in bus.nodes.fallen_silent(Instant::now()) {
            tracing::warn!(%node, "another node has fallen silent");
            bus.neighbour.lost(node);
        }
        bus.traffic.set_nodes(bus.nodes.count());
        tokio::time::sleep(SAY_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_node_is_lost_once_and_known_when_it_comes_back() {
        let (nodes, node, begin) = (Nodes::default(), NodeId::new(), Instant::now());
        assert!(!nodes.hear(node, begin));
        assert_eq!(nodes.fallen_silent(begin + SILENCE / 2), []);
        assert_eq!(nodes.fallen_silent(begin + SILENCE), [node]);
        assert_eq!(nodes.fallen_silent(begin + SILENCE), []);
        assert_eq!(nodes.count(), 0);
        assert!(nodes.hear(node, begin + SILENCE));
        assert_eq!(nodes.count(), 1);
    }

    #[test]
    fn one_that_left_and_one_of_long_ago_are_forgotten() {
        let (nodes, begin) = (Nodes::default(), Instant::now());
        let [left, old] = [NodeId::new(), NodeId::new()];
        nodes.hear(left, begin);
        nodes.hear(old, begin);
        nodes.forget(left);
        assert_eq!(nodes.fallen_silent(begin + SILENCE), [old]);
        assert_eq!(nodes.fallen_silent(begin + REMEMBER), []);
        assert!(nodes.nodes().is_empty());
    }
}
