//! Writing down what happened earlier: the demo's past, or a marketplace's own from before.

use diesel::{
    dsl::{exists, select},
    prelude::*,
    update,
};
use messaging_domain::{Appended, Draft, Error, Opened, Opening, Timestamp};

use crate::{
    Database,
    acts::Act,
    batch::{Batch, Scope},
    failure::Halt,
    schema::{instance, products, users},
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

/// Begins, or goes on with, putting demo data in.
pub(crate) struct BeginSeeding;

impl Act for BeginSeeding {
    /// Whether there is something to put in.
    type Answer = bool;

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<bool, Halt> {
        let seeded = instance::table
            .select(instance::seeded)
            .first::<Option<bool>>(batch.conn)?;
        if let Some(done) = seeded {
            return Ok(!done);
        }
        let anybody =
            select(exists(users::table.select(users::id))).get_result::<bool>(batch.conn)?;
        let anything =
            select(exists(products::table.select(products::id))).get_result::<bool>(batch.conn)?;
        if anybody || anything {
            return Ok(false);
        }
        update(instance::table)
            .set(instance::seeded.eq(Some(false)))
            .execute(batch.conn)?;
        Ok(true)
    }
}

/// Says that the demo data is all there.
pub(crate) struct FinishSeeding;

impl Act for FinishSeeding {
    type Answer = ();

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<(), Halt> {
        update(instance::table)
            .set(instance::seeded.eq(Some(true)))
            .execute(batch.conn)?;
        Ok(())
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
