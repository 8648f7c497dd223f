//! Forgetting what nobody needs any more, a little at a time so that no act waits for long.

use diesel::prelude::*;
use messaging_domain::Timestamp;

use crate::{
    accounts,
    acts::Act,
    batch::{Batch, Scope},
    failure::Halt,
    log,
    schema::streams,
};

/// How many events one transaction forgets at most.
const AT_ONCE: i64 = 1_000;

/// Forgets old events of the next person after `after` (by id), and expired logins.
#[derive(Debug)]
pub(crate) struct Prune {
    pub(crate) after: String,
    pub(crate) before: Timestamp,
}

/// Whose turn it was.
#[derive(Debug)]
pub(crate) struct Pruned {
    pub(crate) user: String,
    /// That person has more old events than one transaction forgets.
    pub(crate) more: bool,
}

impl Act for Prune {
    /// `None` when everybody has had a turn.
    type Answer = Option<Pruned>;

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Option<Pruned>, Halt> {
        if self.after.is_empty() {
            accounts::prune(batch.conn, batch.now)?;
        }
        let next = streams::table
            .filter(streams::user_id.gt(self.after.clone()))
            .order(streams::user_id.asc())
            .select(streams::user_id)
            .first::<String>(batch.conn)
            .optional()?;
        let Some(user) = next else {
            return Ok(None);
        };
        let forgotten = log::prune(batch.conn, &user, self.before, AT_ONCE)?;
        Ok(Some(Pruned {
            user,
            more: i64::try_from(forgotten).unwrap_or(i64::MAX) == AT_ONCE,
        }))
    }
}
