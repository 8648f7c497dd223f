//! Causes what is planned, mends it, and says how it knows that it took effect.

mod bus;
mod clients;
mod database;
mod host;
mod process;

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use serde_json::Value;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    cluster::Cluster,
    fault::Kind,
    place::Place,
    schedule::{Planned, Schedule},
    world::World,
};

/// Whoever breaks things.
#[derive(Clone)]
pub(crate) struct Nemesis {
    cluster: Arc<Cluster>,
    world: Arc<World>,
}

impl Nemesis {
    /// One that breaks that cluster.
    pub(crate) const fn new(cluster: Arc<Cluster>, world: Arc<World>) -> Self {
        Self { cluster, world }
    }

    /// Goes through a schedule, window by window, and leaves everything mended.
    pub(crate) async fn follow(&self, schedule: &Schedule) -> anyhow::Result<()> {
        let lasting = schedule.lasting.clone().map(|fault| {
            let nemesis = self.clone();
            tokio::spawn(async move { nemesis.cause(fault).await })
        });
        for window in &schedule.windows {
            sleep(Duration::from_millis(window.gap_ms)).await;
            let mut faults = JoinSet::new();
            for fault in window.faults.clone() {
                let nemesis = self.clone();
                faults.spawn(async move { nemesis.cause(fault).await });
            }
            while let Some(done) = faults.join_next().await {
                done?;
            }
            self.cluster.mend().await?;
        }
        if let Some(lasting) = lasting {
            lasting.await?;
        }
        Ok(())
    }

    /// Causes one fault from beginning to end.
    async fn cause(&self, fault: Planned) {
        sleep(Duration::from_millis(fault.after_ms)).await;
        let name = fault.kind.name();
        let Some(place) = self
            .cluster
            .places
            .get(fault.node % self.cluster.places.len().max(1))
            .cloned()
        else {
            return;
        };
        let target = if fault.kind.hits_one_node() {
            place.name.clone()
        } else {
            target(fault.kind).to_owned()
        };
        let recorder = self.cluster.recorder();
        let line = recorder.fault(&name, fault.kind.class(), &target);
        let proof = match self.inflict(&fault, &place).await {
            Ok(proof) => proof,
            Err(error) => {
                recorder.note(format!("{name} on {target} failed: {error:#}"));
                Value::Null
            }
        };
        line.stop(recorder, proof);
    }

    /// The proof that it took effect, or `null`.
    async fn inflict(&self, fault: &Planned, place: &Arc<Place>) -> anyhow::Result<Value> {
        let hold = Duration::from_millis(fault.hold_ms);
        match fault.kind {
            Kind::Kill => self.kill(place, hold).await,
            Kind::Pause => self.pause(place, hold).await,
            Kind::Drain => self.drain(place, hold).await,
            Kind::RollingRestart => self.rolling_restart().await,
            Kind::CrashLoop => self.crash_loop(place, fault.seed).await,
            Kind::KillAtStart => self.kill_at_start(place, fault.seed).await,
            Kind::PostgresCrash => self.postgres_crash(hold).await,
            Kind::PostgresPause => self.postgres_pause(hold).await,
            Kind::TerminateBackends => self.terminate_backends(hold).await,
            Kind::TableLock => self.table_lock(hold).await,
            Kind::PoolExhausted => self.pool_exhausted(hold).await,
            Kind::ReadOnly => self.read_only(hold).await,
            Kind::CommitCutBefore | Kind::CommitCutAfter => {
                self.commit_cut(fault.kind, place, hold, fault.seed).await
            }
            Kind::PostgresBlackhole | Kind::PostgresCut | Kind::PostgresSlow => {
                self.postgres_edge(fault.kind, place, hold).await
            }
            Kind::WriterLocked => self.writer_locked(hold).await,
            Kind::DiskFull => self.disk_full(hold).await,
            Kind::BusKill => self.bus_kill(hold).await,
            Kind::BusAbsentAtStart => self.bus_absent_at_start(place, hold).await,
            Kind::BusForged => self.bus_forged(hold, fault.seed).await,
            Kind::BusFlood => self.bus_flood(hold, fault.seed).await,
            Kind::BusCut
            | Kind::BusBlackhole
            | Kind::BusDeaf
            | Kind::BusMute
            | Kind::BusDuplicate
            | Kind::BusLose
            | Kind::BusDelay => self.bus_edge(fault.kind, place, hold).await,
            Kind::ClientsReset | Kind::ClientsHalfOpen | Kind::ClientsDeaf | Kind::ClientsSlow => {
                self.clients_edge(fault.kind, place, hold).await
            }
            Kind::ReconnectStorm => self.reconnect_storm(hold).await,
            Kind::StalledReaders => self.stalled_readers(place, hold, fault.seed).await,
            Kind::SlowWriters => self.slow_writers(place, hold).await,
            Kind::ClockJump => self.clock_jump(place, hold, fault.seed).await,
            Kind::FdLimit => self.fd_limit(place, hold).await,
        }
    }
}

/// What is hit by a fault that hits no single node.
fn target(kind: Kind) -> &'static str {
    use messaging_history::event::Class;
    match kind.class() {
        Class::DatabaseAway | Class::Database => "database",
        Class::Bus => "bus",
        Class::Client => "clients",
        Class::Process | Class::Drain | Class::Host => "host",
    }
}

/// The word for something that is not there.
fn present<T>(thing: Option<T>, name: &str) -> anyhow::Result<T> {
    thing.with_context(|| format!("there is no {name}"))
}
