//! The faults that can be caused: their names, what they may explain, and what each needs.

use messaging_history::event::Class;
use serde::{Deserialize, Serialize};

use crate::cli::Backend;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// A node's process is killed.
    Kill,
    /// A node's process stands still.
    Pause,
    /// A node is asked to stop, and started again.
    Drain,
    /// Every node in turn is asked to stop.
    RollingRestart,
    /// A node is killed again as soon as it is up, several times.
    CrashLoop,
    /// A node is killed while it starts.
    KillAtStart,
    /// PostgreSQL ends without a checkpoint and is started again.
    PostgresCrash,
    /// PostgreSQL's main process and all others stand still.
    PostgresPause,
    /// The service's connections are ended by PostgreSQL.
    TerminateBackends,
    /// Somebody holds the tables that are written to.
    TableLock,
    /// Somebody takes all of PostgreSQL's connections.
    PoolExhausted,
    /// PostgreSQL takes no writes.
    ReadOnly,
    /// The connection is cut before what commits reaches PostgreSQL.
    CommitCutBefore,
    /// The connection is cut after the commit, before its answer.
    CommitCutAfter,
    /// Nothing passes between a node and PostgreSQL, and nobody is told.
    PostgresBlackhole,
    /// All connections between a node and PostgreSQL are reset and refused.
    PostgresCut,
    /// PostgreSQL answers late.
    PostgresSlow,
    /// Somebody else writes to the embedded database.
    WriterLocked,
    /// The embedded database's disk is full.
    DiskFull,
    /// The bus is killed and started again.
    BusKill,
    /// A node's connection to the bus is reset and refused.
    BusCut,
    /// Nothing passes between a node and the bus.
    BusBlackhole,
    /// A node hears nothing of the bus but can speak.
    BusDeaf,
    /// A node hears the bus but cannot speak.
    BusMute,
    /// Messages of the bus come twice.
    BusDuplicate,
    /// Messages of the bus are lost.
    BusLose,
    /// Messages of the bus come late, after others.
    BusDelay,
    /// Somebody repeats, mangles and makes up messages on the bus.
    BusForged,
    /// Somebody floods the bus.
    BusFlood,
    /// A node starts while the bus is away.
    BusAbsentAtStart,
    /// All connections of clients are reset.
    ClientsReset,
    /// All connections of clients stay open, but nothing passes.
    ClientsHalfOpen,
    /// Nothing comes from a node to its clients.
    ClientsDeaf,
    /// Clients' connections are slow.
    ClientsSlow,
    /// Some clients stop reading while they are sent a lot.
    StalledReaders,
    /// All clients are reset again and again.
    ReconnectStorm,
    /// Clients that send a byte now and then, and never a whole request.
    SlowWriters,
    /// A node's wall clock jumps.
    ClockJump,
    /// A node runs out of file descriptors.
    FdLimit,
}

/// What a fault needs to be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Nothing,
    /// PostgreSQL.
    Postgres,
    /// SQLite.
    Sqlite,
    /// SQLite on a disk that can be filled.
    SmallDisk,
    /// A bus.
    Bus,
    /// libfaketime.
    Faketime,
}

/// What can be done here.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Means {
    /// Which database.
    pub(crate) backend: Backend,
    /// Whether there is a bus.
    pub(crate) bus: bool,
    /// Whether a small disk can be mounted.
    pub(crate) small_disk: bool,
    /// Whether clocks can be moved.
    pub(crate) faketime: bool,
}

impl Means {
    const fn has(self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Postgres => matches!(self.backend, Backend::Postgres),
            Needs::Sqlite => matches!(self.backend, Backend::Sqlite),
            Needs::SmallDisk => matches!(self.backend, Backend::Sqlite) && self.small_disk,
            Needs::Bus => self.bus,
            Needs::Faketime => self.faketime,
        }
    }
}

/// A row for each kind: what it may explain, what it needs, whether it hits one node.
const TABLE: [(Kind, Class, Needs, bool); 39] = [
    (Kind::Kill, Class::Process, Needs::Nothing, true),
    (Kind::Pause, Class::Process, Needs::Nothing, true),
    (Kind::Drain, Class::Drain, Needs::Nothing, true),
    (Kind::RollingRestart, Class::Host, Needs::Nothing, false),
    (Kind::CrashLoop, Class::Process, Needs::Nothing, true),
    (Kind::KillAtStart, Class::Process, Needs::Nothing, true),
    (
        Kind::PostgresCrash,
        Class::DatabaseAway,
        Needs::Postgres,
        false,
    ),
    (Kind::PostgresPause, Class::Database, Needs::Postgres, false),
    (
        Kind::TerminateBackends,
        Class::Database,
        Needs::Postgres,
        false,
    ),
    (Kind::TableLock, Class::Database, Needs::Postgres, false),
    (Kind::PoolExhausted, Class::Database, Needs::Postgres, false),
    (Kind::ReadOnly, Class::Database, Needs::Postgres, false),
    (
        Kind::CommitCutBefore,
        Class::Database,
        Needs::Postgres,
        true,
    ),
    (Kind::CommitCutAfter, Class::Database, Needs::Postgres, true),
    (
        Kind::PostgresBlackhole,
        Class::Database,
        Needs::Postgres,
        true,
    ),
    (
        Kind::PostgresCut,
        Class::DatabaseAway,
        Needs::Postgres,
        true,
    ),
    (Kind::PostgresSlow, Class::Database, Needs::Postgres, true),
    (Kind::WriterLocked, Class::Database, Needs::Sqlite, false),
    (Kind::DiskFull, Class::Database, Needs::SmallDisk, false),
    (Kind::BusKill, Class::Bus, Needs::Bus, false),
    (Kind::BusCut, Class::Bus, Needs::Bus, true),
    (Kind::BusBlackhole, Class::Bus, Needs::Bus, true),
    (Kind::BusDeaf, Class::Bus, Needs::Bus, true),
    (Kind::BusMute, Class::Bus, Needs::Bus, true),
    (Kind::BusDuplicate, Class::Bus, Needs::Bus, true),
    (Kind::BusLose, Class::Bus, Needs::Bus, true),
    (Kind::BusDelay, Class::Bus, Needs::Bus, true),
    (Kind::BusForged, Class::Bus, Needs::Bus, false),
    (Kind::BusFlood, Class::Bus, Needs::Bus, false),
    (Kind::BusAbsentAtStart, Class::Process, Needs::Bus, true),
    (Kind::ClientsReset, Class::Client, Needs::Nothing, true),
    (Kind::ClientsHalfOpen, Class::Client, Needs::Nothing, true),
    (Kind::ClientsDeaf, Class::Client, Needs::Nothing, true),
    (Kind::ClientsSlow, Class::Client, Needs::Nothing, true),
    (Kind::StalledReaders, Class::Client, Needs::Nothing, true),
    (Kind::ReconnectStorm, Class::Client, Needs::Nothing, false),
    (Kind::SlowWriters, Class::Client, Needs::Nothing, true),
    (Kind::ClockJump, Class::Host, Needs::Faketime, true),
    (Kind::FdLimit, Class::Host, Needs::Nothing, true),
];

impl Kind {
    fn row(self) -> Option<(Self, Class, Needs, bool)> {
        TABLE.into_iter().find(|(kind, ..)| *kind == self)
    }

    /// Those that are possible here.
    pub(crate) fn possible(means: Means) -> Vec<Self> {
        TABLE
            .into_iter()
            .filter(|(_, _, needs, _)| means.has(*needs))
            .map(|(kind, ..)| kind)
            .collect()
    }

    /// Those that would be possible with more tools or privileges.
    pub(crate) fn skipped(means: Means) -> Vec<Self> {
        let wanted = Means {
            small_disk: true,
            faketime: true,
            ..means
        };
        let possible = Self::possible(means);
        let mut wanted = Self::possible(wanted);
        wanted.retain(|kind| !possible.contains(kind));
        wanted
    }

    /// What it may explain.
    pub(crate) fn class(self) -> Class {
        self.row().map_or(Class::Host, |row| row.1)
    }

    /// Whether it hits one node.
    pub(crate) fn hits_one_node(self) -> bool {
        self.row().is_some_and(|row| row.3)
    }

    /// Its name in histories and schedules.
    pub(crate) fn name(self) -> String {
        let name = serde_json::to_value(self).unwrap_or_default();
        name.as_str().unwrap_or("fault").to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row() {
        let means = |backend| Means {
            backend,
            bus: true,
            small_disk: true,
            faketime: true,
        };
        let mut all = Kind::possible(means(Backend::Postgres));
        all.extend(Kind::possible(means(Backend::Sqlite)));
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 39);
        assert_eq!(TABLE.len(), 39);
        assert_eq!(Kind::CommitCutAfter.name(), "commit_cut_after");
    }

    #[test]
    fn what_is_not_possible_is_named_and_not_drawn() {
        let means = Means {
            backend: Backend::Sqlite,
            bus: false,
            small_disk: false,
            faketime: true,
        };
        assert!(!Kind::possible(means).contains(&Kind::DiskFull));
        assert_eq!(Kind::skipped(means), [Kind::DiskFull]);
        assert!(!Kind::possible(means).contains(&Kind::BusKill));
    }
}
