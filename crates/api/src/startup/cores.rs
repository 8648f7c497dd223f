//! Which cores the process runs on, where an operator has given some to those who write.

use anyhow::{Context as _, ensure};
use messaging_infra::Cores;

use crate::config::Settings;

/// Leaves their cores to those who write, if they have some: this thread, and all that it starts from now on, run on the
/// others.
///
/// # Errors
/// When they are not this process's, or none is left, or where it is not Linux.
pub fn leave_cores_to_writers(settings: &Settings) -> anyhow::Result<()> {
    settings.writer_cores.clone().map_or(Ok(()), |writers| {
        leave(&writers.into()).context("MESSAGING_WRITER_CORES")
    })
}

fn leave(writers: &Cores) -> anyhow::Result<()> {
    let allowed = Cores::allowed()?;
    ensure!(
        writers.without(&allowed).is_none(),
        "give cores that this process may use: {allowed}"
    );
    let others = allowed.without(writers);
    others
        .with_context(|| format!("leave one core of {allowed} for all else"))?
        .bind_thread()?;
    Ok(())
}
