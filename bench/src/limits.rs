//! How many files this process and what it starts may have open.

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows so many, which above the hard limit root alone can do.
pub(crate) fn raise_open_files(wanted: u64) -> Result<()> {
    let now = getrlimit(Resource::Nofile);
    if now.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let raised = Rlimit {
        current: Some(wanted),
        maximum: now.maximum.map(|maximum| maximum.max(wanted)),
    };
    setrlimit(Resource::Nofile, raised)
        .with_context(|| format!("allow {wanted} open files: raise the hard limit (ulimit -Hn)"))?;
    ensure!(
        getrlimit(Resource::Nofile)
            .current
            .is_none_or(|current| current >= wanted),
        "the limit of open files was not raised"
    );
    Ok(())
}
