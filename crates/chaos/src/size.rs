//! How big a run is, by profile.

use std::time::Duration;

use crate::{cli, session::Pace};

/// How big a run is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// People who buy and have no password.
    pub(crate) buyers: usize,
    /// People who sell.
    pub(crate) sellers: usize,
    /// Conversations at the start.
    pub(crate) conversations: usize,
    /// How busy each session is.
    pub(crate) pace: Pace,
    /// Windows of faults.
    pub(crate) windows: usize,
    /// The most faults that overlap.
    pub(crate) overlap: usize,
    /// How long a fault lasts, least and most.
    pub(crate) hold_ms: (u64, u64),
    /// How long the calm between windows lasts, least and most.
    pub(crate) gap_ms: (u64, u64),
    /// Load before the first window.
    pub(crate) calm: Duration,
    /// Load after the last one.
    pub(crate) heal: Duration,
    /// The load goes on until so many messages were accepted, for a while.
    pub(crate) accepted: u64,
    /// No load any more, before the last look.
    pub(crate) settle: Duration,
}

impl Size {
    /// That of a profile.
    pub(crate) const fn of(profile: cli::Profile) -> Self {
        let short = Self {
            buyers: 18,
            sellers: 9,
            conversations: 36,
            pace: Pace {
                think: Duration::from_millis(160),
                leaves: 12,
            },
            windows: 6,
            overlap: 2,
            hold_ms: (1_500, 3_000),
            gap_ms: (1_500, 2_500),
            calm: Duration::from_secs(5),
            heal: Duration::from_secs(8),
            accepted: 7_000,
            settle: Duration::from_secs(6),
        };
        match profile {
            cli::Profile::Short => short,
            // Of a release build, which carries more; and resumes are counted too.
            cli::Profile::Long | cli::Profile::Liveness => Self {
                buyers: 28,
                sellers: 14,
                conversations: 60,
                pace: Pace {
                    think: Duration::from_millis(80),
                    leaves: 60,
                },
                accepted: 40_000,
                windows: 20,
                overlap: 3,
                hold_ms: (2_000, 7_000),
                gap_ms: (2_000, 5_000),
                heal: Duration::from_secs(10),
                settle: Duration::from_secs(12),
                ..short
            },
        }
    }
}
