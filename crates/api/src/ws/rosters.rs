//! Who is connected to which other node: of the people who are connected here, or looked at from here.

use std::collections::HashMap;

use messaging_domain::{NodeId, SessionStamp, UserId};

/// The sessions on other nodes, by person and node.
#[derive(Debug, Default)]
pub(super) struct Rosters(HashMap<UserId, HashMap<NodeId, Vec<SessionStamp>>>);

impl Rosters {
    /// A node has said which sessions somebody has there.
    pub(super) fn set(&mut self, user: &UserId, node: NodeId, sessions: Vec<SessionStamp>) {
        if !sessions.is_empty() {
            self.0
                .entry(user.clone())
                .or_default()
                .insert(node, sessions);
        } else if let Some(nodes) = self.0.get_mut(user) {
            nodes.remove(&node);
            if nodes.is_empty() {
                self.0.remove(user);
            }
        }
    }

    /// A node is gone; gives back who is connected to no other node any more because of that.
    pub(super) fn lose(&mut self, node: NodeId) -> Vec<UserId> {
        self.0
            .extract_if(|_, nodes| nodes.remove(&node).is_some() && nodes.is_empty())
            .map(|(user, _)| user)
            .collect()
    }

    /// Nobody here wants to know about this person any more.
    pub(super) fn forget(&mut self, user: &UserId) {
        self.0.remove(user);
    }

    /// Whether somebody is connected to another node.
    pub(super) fn has(&self, user: &UserId) -> bool {
        self.0.contains_key(user)
    }

    /// Somebody's sessions on other nodes.
    pub(super) fn sessions(&self, user: &UserId) -> impl Iterator<Item = SessionStamp> {
        let nodes = self.0.get(user).into_iter();
        nodes.flat_map(HashMap::values).flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use messaging_domain::{SessionId, Timestamp};

    use super::*;

    #[test]
    fn somebody_is_elsewhere_until_the_last_node_says_otherwise_or_is_lost() {
        let (mut rosters, user) = (Rosters::default(), UserId::restore("somebody"));
        let [left, right] = [NodeId::new(), NodeId::new()];
        let stamp = SessionStamp {
            since: Timestamp::now(),
            session: SessionId::new(),
        };
        rosters.set(&user, left, vec![stamp]);
        rosters.set(&user, right, vec![stamp, stamp]);
        assert_eq!(rosters.sessions(&user).count(), 3);
        rosters.set(&user, left, vec![]);
        assert!(rosters.has(&user));
        assert_eq!(rosters.lose(left), []);
        assert_eq!(rosters.lose(right), std::slice::from_ref(&user));
        rosters.set(&user, right, vec![]);
        assert!(!rosters.has(&user) && rosters.0.is_empty());
    }
}
