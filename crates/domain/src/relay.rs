//! What the nodes of one service tell each other, and the door between them.
//!
//! All of it is hints. What is durable is in the store, where whoever missed a hint finds it; what is
//! not durable is told again, or forgotten when the node that told it falls silent.

use std::{future::Future, pin::Pin};

use crate::{
    id::{ConversationId, LoginId, NodeId, Position, SessionId, UserId},
    timestamp::Timestamp,
};

/// Whom a signal is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum To {
    /// The nodes to which somebody is connected.
    Sessions(UserId),
    /// The nodes to which somebody is connected who looks at what this person does.
    Watchers(UserId),
    /// All nodes.
    Nodes,
}

/// A session of somebody, as other nodes know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionStamp {
    /// Since when, by the clock of its node.
    pub since: Timestamp,
    /// Which.
    pub session: SessionId,
}

/// What a node tells the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// To a person's sessions: their stream has reached this position.
    Advanced(Position),
    /// To a person's sessions: the counterpart writes in a conversation, or stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who.
        writer: UserId,
        /// Whether they began or stopped.
        active: bool,
    },
    /// To a person's sessions and watchers: the sessions that the person has on the sender, all of them.
    Roster(Vec<SessionStamp>),
    /// To a person's sessions: who has some tells so.
    RollCall,
    /// To a person's sessions: those of this login end.
    LoginRevoked(LoginId),
    /// To all nodes: this person was erased.
    Erased(UserId),
    /// To all nodes: the directory says something else about this person.
    ProfileChanged(UserId),
    /// To all nodes, every now and then: the sender is there.
    Alive,
    /// To all nodes: the sender goes, and its sessions with it.
    Leaving,
}

/// Somebody who carries signals between the nodes of one service.
///
/// **Guarantee.** None that a signal arrives. One that does was sent by a node of the same service,
/// lately, and arrives once; the exception is [`Signal::Advanced`], which may come late and again.
/// **Order.** None. Nothing here ever waits: an implementation that cannot keep up lets signals go.
pub trait Relay: Send + Sync + 'static {
    /// Tells the other nodes something.
    fn tell(&self, to: To, signal: Signal);

    /// From now on, what is told to this audience is heard here. Idempotent.
    fn attend(&self, to: To);

    /// From now on it is not. Idempotent.
    fn neglect(&self, to: To);

    /// Asks the other nodes for somebody's sessions, and comes back when the first of them has
    /// answered and was heard, or when it is clear that none has any; at the latest after a moment.
    fn roll_call<'a>(&'a self, user: &'a UserId) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>>;
}

/// Somebody who hears what other nodes tell. Every method returns at once.
pub trait Neighbour: Send + Sync + 'static {
    /// Another node told this audience something.
    fn heard(&self, from: NodeId, to: &To, signal: Signal);

    /// The sessions that somebody has here, for [`Signal::RollCall`].
    fn roster(&self, user: &UserId) -> Vec<SessionStamp>;

    /// A node has been silent for so long that it counts as gone.
    fn lost(&self, node: NodeId);

    /// Signals may have been missed: the connection was away, or a node that was lost is back.
    fn missed_signals(&self);
}
