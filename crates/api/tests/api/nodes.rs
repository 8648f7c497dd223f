//! Several nodes on one PostgreSQL, joined by NATS: whoever is connected to one hears what happens on
//! another, and nobody can tell them apart.
//!
//! Without `TEST_NATS_URL` and `TEST_DATABASE_URL` there is nothing to join, and these tests pass over.

mod cable;
mod enemy;
mod together;

use std::time::Duration;

use messaging_api::ws::Timing;

use crate::{
    app::{Person, TestApp, nats},
    ws::socket::Socket,
};
use cable::Cable;

/// Two nodes of one service.
struct Pair {
    left: TestApp,
    right: TestApp,
    /// Between the right one and NATS.
    cable: Cable,
}

impl Pair {
    /// Two nodes that hear each other; `None` where there is no NATS.
    async fn start() -> Option<Self> {
        Self::start_tuned(|_| {}).await
    }

    async fn start_tuned(change: impl Fn(&mut Timing)) -> Option<Self> {
        let nats = nats()?;
        let cable = Cable::to(&nats).await;
        let pair = Self {
            left: TestApp::node(&nats, &change).await,
            right: TestApp::node(&cable.url(), &change).await,
            cable,
        };
        pair.hear_each_other().await;
        Some(pair)
    }

    /// Waits until what happens on one node is heard on the other at once, and the other way round.
    async fn hear_each_other(&self) {
        for (here, there) in [(&self.left, &self.right), (&self.right, &self.left)] {
            let (ann, bob) = (here.person("ann").await, here.person("bob").await);
            let conversation = here.conversation(&ann, &bob).await;
            let mut listener = Socket::of(there, &bob).await;
            here.send(&ann, &conversation, "can you hear me?").await;
            listener.event("message.created").await;
        }
    }

    /// Two people and a conversation of theirs.
    async fn two_people(&self) -> (Person, Person, String) {
        let (ann, bob) = (self.left.person("ann").await, self.left.person("bob").await);
        let conversation = self.left.conversation(&ann, &bob).await;
        (ann, bob, conversation)
    }
}

/// So long that a test that relies on a look for what was missed would fail.
const NEVER: Duration = Duration::from_hours(1);
