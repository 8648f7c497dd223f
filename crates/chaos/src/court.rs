//! A history before the judge, and what is left of a run afterwards.

use std::{fs::File, io::BufReader, path::Path};

use anyhow::Context as _;
use messaging_history::{Conclusion, Thresholds, Verdict, judge};

use crate::cli::Profile;

/// What each profile has to reach.
pub(crate) fn thresholds(profile: Profile) -> Thresholds {
    match profile {
        Profile::Short => Thresholds::short(),
        Profile::Long => Thresholds::long(),
        // Where clients are slow all the time, none of them stalls on top of it.
        Profile::Liveness => Thresholds {
            evictions: 0,
            ..Thresholds::long()
        },
    }
}

/// Judges a history, on a thread of its own.
pub(crate) async fn try_history(history: &Path, floors: Thresholds) -> anyhow::Result<Verdict> {
    let path = history.to_path_buf();
    let verdict = tokio::task::spawn_blocking(move || {
        let file = File::open(&path).with_context(|| format!("open {}", path.display()))?;
        anyhow::Ok(judge(BufReader::with_capacity(1 << 20, file), &floors)?)
    });
    verdict.await?
}

/// Writes the verdict beside the history; a history that is valid is not kept unless it was asked for.
pub(crate) fn file(verdict: &Verdict, history: &Path, keep: bool) -> anyhow::Result<()> {
    let folder = history.parent().context("a history lies in a folder")?;
    verdict.json(File::create(folder.join("verdict.json"))?)?;
    std::fs::write(folder.join("verdict.txt"), verdict.text())?;
    if verdict.conclusion == Conclusion::Valid && !keep {
        std::fs::remove_file(history)?;
    }
    Ok(())
}
