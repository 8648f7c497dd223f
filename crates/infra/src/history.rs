//! Writing down what happened earlier: the demo's past, or a marketplace's own from before.

use messaging_domain::{Appended, Draft, Error, Opened, Opening, Timestamp};

use crate::{
    Database,
    acts::Act,
    batch::{Batch, Scope},
    failure::Halt,
};

/// An act of another time.
struct Earlier<A> {
    act: A,
    at: Timestamp,
}

impl<A: Act> Act for Earlier<A> {
    type Answer = A::Answer;

    fn scope(&self, scope: &mut Scope) {
        self.act.scope(scope);
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<A::Answer, Halt> {
        let now = std::mem::replace(&mut batch.now, self.at);
        let decided = self.act.decide(batch);
        batch.now = now;
        decided
    }
}

impl Database {
    /// Starts a conversation as [`messaging_domain::Conversations::open`] does, as if at that moment.
    ///
    /// # Errors
    /// Those of `open`.
    pub async fn open_at(&self, opening: Opening, at: Timestamp) -> Result<Opened, Error> {
        self.writer().act(Earlier { act: opening, at }).await
    }

    /// Appends a message as [`messaging_domain::Conversations::append`] does, as if at that moment.
    ///
    /// # Errors
    /// Those of `append`.
    pub async fn append_at(&self, draft: Draft, at: Timestamp) -> Result<Appended, Error> {
        self.writer().act(Earlier { act: draft, at }).await
    }
}
