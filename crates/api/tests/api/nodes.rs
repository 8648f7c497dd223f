//! Several nodes on one PostgreSQL, joined by NATS: whoever is connected to one hears what happens on
//! another, and nobody can tell them apart.
//!
//! Each test has a NATS of its own. Where there is no `nats-server`, or no PostgreSQL, there is nothing
//! to join, and these tests pass over; `REQUIRE_NATS=1` makes that a failure.

mod cable;
mod enemy;
mod nats;
mod rolling;
mod together;

use std::time::Duration;

use messaging_api::ws::Timing;

use crate::{
    app::{Person, TestApp},
    ws::socket::Socket,
};
use cable::Cable;
use nats::Nats;

/// Two nodes of one service.
struct Pair {
    left: TestApp,
    right: TestApp,
    /// Between the right one and NATS.
    cable: Cable,
    nats: Nats,
}

impl Pair {
    /// Two nodes that hear each other; `None` where there is no NATS.
    async fn start() -> Option<Self> {
        Self::start_tuned(|_| {}).await
    }

    async fn start_tuned(change: impl Fn(&mut Timing)) -> Option<Self> {
        let pair = Self::apart(change, |_| {}).await?;
        pair.hear_each_other().await;
        Some(pair)
    }

    /// Two nodes that may not hear each other yet; something is done to the cable first.
    async fn apart(change: impl Fn(&mut Timing), prepare: impl Fn(&Cable)) -> Option<Self> {
        let nats = Nats::start()?;
        let cable = Cable::to(nats.address()).await;
        prepare(&cable);
        Some(Self {
            left: TestApp::node(&nats.url(), &change).await,
            right: TestApp::node(&cable.url(), &change).await,
            cable,
            nats,
        })
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
