//! How many files this process and what it starts may have open, and so how many sockets there can be.

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::report::Report;

/// Open files for everything but sockets, of which each takes one in either process.
const OTHERS: u64 = 1_000;

/// How many sockets there can be, of so many. The limit is raised for them as far as this process may; above the
/// hard limit, that takes a privilege.
pub(crate) fn fitting(sockets: u32) -> Result<u32> {
    let wanted = u64::from(sockets) + OTHERS;
    let now = getrlimit(Resource::Nofile);
    if now.current.is_some_and(|current| current < wanted) {
        let above = Rlimit {
            current: Some(wanted),
            maximum: now.maximum.map(|maximum| maximum.max(wanted)),
        };
        let most = Rlimit {
            current: now.maximum,
            maximum: now.maximum,
        };
        setrlimit(Resource::Nofile, above)
            .or_else(|_| setrlimit(Resource::Nofile, most))
            .context("raise the limit of open files")?;
    }
    let fit = getrlimit(Resource::Nofile)
        .current
        .map_or(wanted, |limit| limit.min(wanted));
    let fit = fit.saturating_sub(OTHERS);
    ensure!(fit > 0, "the limit of open files allows no sockets");
    u32::try_from(fit).context("too many sockets")
}

/// Says that there are fewer than there should be.
pub(crate) fn report(wanted: u32, sockets: u32, report: &mut Report) {
    if sockets < wanted {
        report.setting(format!(
            "{sockets} sockets instead of {wanted}, for which the hard limit of open files is too low (ulimit -Hn)"
        ));
    }
}
