//! Forgetting what nobody needs any more, a little at a time so that no act waits for long.

use messaging_domain::Timestamp;

use crate::{
    accounts,
    acts::Act,
    batch::{Batch, Scope},
    failure::Halt,
    log,
};

/// How many runs of events one transaction forgets at most.
const AT_ONCE: i64 = 100;

/// Forgets a person's events from before a moment, oldest first, some of them.
#[derive(Debug)]
pub(crate) struct ForgetEvents {
    pub(crate) user: String,
    pub(crate) before: Timestamp,
}

impl Act for ForgetEvents {
    /// Whether there may be more.
    type Answer = bool;

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<bool, Halt> {
        let forgotten = log::prune(batch.conn, &self.user, self.before, AT_ONCE)?;
        Ok(i64::try_from(forgotten).unwrap_or(i64::MAX) == AT_ONCE)
    }
}

/// Forgets logins whose last token has expired.
#[derive(Debug)]
pub(crate) struct ForgetLogins;

impl Act for ForgetLogins {
    type Answer = ();

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<(), Halt> {
        accounts::prune(batch.conn, batch.now)?;
        Ok(())
    }
}
