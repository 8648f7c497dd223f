//! What will be broken, and when: drawn from a seed before the run, so that it can be run again.

use serde::{Deserialize, Serialize};

use crate::fault::Kind;

/// A fault that is planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Planned {
    /// What.
    pub(crate) kind: Kind,
    /// Which node, counted from 0, where it hits one.
    pub(crate) node: usize,
    /// From the window's start, in milliseconds.
    pub(crate) after_ms: u64,
    /// How long it lasts, in milliseconds; the time to mend it comes on top.
    pub(crate) hold_ms: u64,
    /// For whatever it draws.
    pub(crate) seed: u64,
}

/// Faults that overlap.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Window {
    /// Calm before it, in milliseconds.
    pub(crate) gap_ms: u64,
    /// What is broken.
    pub(crate) faults: Vec<Planned>,
}

/// How a schedule is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// How many windows.
    pub(crate) windows: usize,
    /// How many nodes there are.
    pub(crate) nodes: usize,
    /// The most faults that overlap.
    pub(crate) overlap: usize,
    /// How long a fault lasts, in milliseconds: least and most.
    pub(crate) hold_ms: (u64, u64),
    /// How long the calm between two windows lasts.
    pub(crate) gap_ms: (u64, u64),
}

/// The whole plan of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Schedule {
    /// What is broken all the time, if anything is.
    #[serde(default)]
    pub(crate) lasting: Option<Planned>,
    /// One after the other.
    pub(crate) windows: Vec<Window>,
}

impl Schedule {
    /// Draws one. Kinds come from a shuffled deck, so that each comes before any comes again.
    pub(crate) fn draw(seed: u64, kinds: &[Kind], shape: Shape) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x5ced_u64);
        let mut deck: Vec<Kind> = Vec::new();
        let mut windows = Vec::new();
        for _ in 0..shape.windows {
            let count = rng.usize(1..=shape.overlap.max(1));
            let mut faults: Vec<Planned> = Vec::new();
            for _ in 0..count {
                if deck.is_empty() {
                    deck = kinds.to_vec();
                    rng.shuffle(&mut deck);
                }
                // The first that does not stand in the way of the others of this window.
                let fits = |kind: &Kind| !faults.iter().any(|fault| collide(fault.kind, *kind));
                let Some(at) = deck.iter().position(fits) else {
                    continue;
                };
                faults.push(Planned {
                    kind: deck.swap_remove(at),
                    node: rng.usize(..shape.nodes.max(1)),
                    after_ms: rng.u64(0..1_000),
                    hold_ms: rng.u64(shape.hold_ms.0..=shape.hold_ms.1),
                    seed: rng.u64(..),
                });
            }
            windows.push(Window {
                gap_ms: rng.u64(shape.gap_ms.0..=shape.gap_ms.1),
                faults,
            });
        }
        Self {
            lasting: None,
            windows,
        }
    }

    /// About how long it takes, in milliseconds: mending comes on top.
    pub(crate) fn length_ms(&self) -> u64 {
        let window = |window: &Window| {
            let longest = window
                .faults
                .iter()
                .map(|fault| fault.after_ms + fault.hold_ms);
            window.gap_ms + longest.max().unwrap_or(0)
        };
        self.windows.iter().map(window).sum()
    }

    /// A fault that stays as long as the whole plan takes, for the liveness of everything else.
    pub(crate) fn lasting(&self, seed: u64, kinds: &[Kind], nodes: usize) -> Option<Planned> {
        let mut rng = fastrand::Rng::with_seed(seed ^ 0x11fe);
        let last = |kind: &Kind| {
            matches!(
                kind,
                Kind::BusCut | Kind::BusDeaf | Kind::BusMute | Kind::BusBlackhole
            )
        };
        let mut lasting: Vec<Kind> = kinds.iter().copied().filter(last).collect();
        if lasting.is_empty() {
            lasting.push(Kind::ClientsSlow);
        }
        Some(Planned {
            kind: *lasting.get(rng.usize(..lasting.len()))?,
            node: rng.usize(..nodes.max(1)),
            after_ms: 0,
            hold_ms: self.length_ms(),
            seed: rng.u64(..),
        })
    }

    /// Whether it has such a fault.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        let faults = self.windows.iter().flat_map(|window| &window.faults);
        let mut faults = faults.chain(&self.lasting);
        faults.any(|fault| fault.kind == kind)
    }
}

impl Planned {
    /// Whether both would take hold of the same.
    pub(crate) fn in_the_way_of(&self, other: &Self) -> bool {
        collide(self.kind, other.kind)
    }
}

/// Whether two kinds cannot be at once. Readers are only seen to stall where somebody serves them.
fn collide(one: Kind, other: Kind) -> bool {
    let stalls = |kind| kind == Kind::StalledReaders;
    let serves = |kind| matches!(resource(kind), Resource::Process | Resource::Database);
    resource(one) == resource(other) || stalls(one) && serves(other) || stalls(other) && serves(one)
}

/// What a fault takes hold of: two that take hold of the same do not overlap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resource {
    Process,
    Database,
    Bus,
    Clients,
}

const fn resource(kind: Kind) -> Resource {
    match kind {
        Kind::Kill
        | Kind::Pause
        | Kind::Drain
        | Kind::RollingRestart
        | Kind::CrashLoop
        | Kind::KillAtStart
        | Kind::BusAbsentAtStart
        | Kind::ClockJump
        | Kind::FdLimit => Resource::Process,
        Kind::PostgresCrash
        | Kind::PostgresPause
        | Kind::TerminateBackends
        | Kind::TableLock
        | Kind::PoolExhausted
        | Kind::ReadOnly
        | Kind::CommitCutBefore
        | Kind::CommitCutAfter
        | Kind::PostgresBlackhole
        | Kind::PostgresCut
        | Kind::PostgresSlow
        | Kind::WriterLocked
        | Kind::DiskFull => Resource::Database,
        Kind::BusKill
        | Kind::BusCut
        | Kind::BusBlackhole
        | Kind::BusDeaf
        | Kind::BusMute
        | Kind::BusDuplicate
        | Kind::BusLose
        | Kind::BusDelay
        | Kind::BusForged
        | Kind::BusFlood => Resource::Bus,
        Kind::ClientsReset
        | Kind::ClientsHalfOpen
        | Kind::ClientsDeaf
        | Kind::ClientsSlow
        | Kind::StalledReaders
        | Kind::ReconnectStorm
        | Kind::SlowWriters => Resource::Clients,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::Backend, fault::Means};

    fn drawn(seed: u64, windows: usize) -> (Vec<Kind>, Schedule) {
        let kinds = Kind::possible(Means {
            backend: Backend::Postgres,
            bus: true,
            small_disk: false,
            faketime: true,
        });
        let shape = Shape {
            windows,
            nodes: 2,
            overlap: 3,
            hold_ms: (1_000, 3_000),
            gap_ms: (500, 900),
        };
        let schedule = Schedule::draw(seed, &kinds, shape);
        (kinds, schedule)
    }

    #[test]
    fn a_seed_draws_the_same_plan_again_and_another_seed_another() {
        assert_eq!(drawn(7, 9), drawn(7, 9));
        assert_ne!(drawn(7, 9), drawn(8, 9));
    }

    #[test]
    fn a_plan_survives_being_written_down() {
        let (_, schedule) = drawn(3, 5);
        let written = serde_json::to_string(&schedule).unwrap();
        let read: Schedule = serde_json::from_str(&written).unwrap();
        assert_eq!(read, schedule);
    }

    #[test]
    fn faults_of_a_window_do_not_stand_in_each_others_way() {
        for seed in 0..50 {
            for window in drawn(seed, 12).1.windows {
                assert!(!window.faults.is_empty());
                for (place, fault) in window.faults.iter().enumerate() {
                    let mut before = window.faults.iter().take(place);
                    assert!(
                        !before.any(|other| fault.in_the_way_of(other)),
                        "{window:?}"
                    );
                }
                let has = |kinds: &[Kind]| {
                    window
                        .faults
                        .iter()
                        .any(|fault| kinds.contains(&fault.kind))
                };
                assert!(!has(&[Kind::StalledReaders]) || !has(&[Kind::Kill, Kind::ReadOnly]));
            }
        }
    }

    #[test]
    fn every_kind_comes_before_any_comes_again() {
        let (kinds, schedule) = drawn(1, 200);
        let first: Vec<Kind> = schedule
            .windows
            .iter()
            .flat_map(|window| window.faults.iter().map(|fault| fault.kind))
            .take(kinds.len())
            .collect();
        for kind in kinds {
            assert!(first.contains(&kind), "{kind:?}");
        }
    }
}
