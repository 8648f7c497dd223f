//! Nodes that die, stand still or are asked to stop.

use std::time::Duration;

use messaging_history::{
    Record,
    event::{Class, Exit},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::Nemesis;
use crate::{
    place::Place,
    process::{Signal, usage},
};

impl Nemesis {
    pub(super) async fn kill(&self, place: &Place, hold: Duration) -> anyhow::Result<Value> {
        let pid = self.cluster.kill_node(place).await?;
        sleep(hold).await;
        let took = self.cluster.start_node(place).await?;
        Ok(match pid {
            Some(pid) if usage(pid).is_none() => {
                json!({"gone": pid, "ready_after_ms": took.as_millis().to_string()})
            }
            _ => Value::Null,
        })
    }

    pub(super) async fn pause(&self, place: &Place, hold: Duration) -> anyhow::Result<Value> {
        let node = place.node.lock().await;
        node.signal(Signal::STOP)?;
        let pid = node.pid();
        sleep(hold).await;
        let stood = pid.is_some_and(stands_still);
        node.signal(Signal::CONT)?;
        Ok(if stood {
            json!({"stopped": pid})
        } else {
            Value::Null
        })
    }

    pub(super) async fn drain(&self, place: &Place, hold: Duration) -> anyhow::Result<Value> {
        let (code, took) = self.cluster.drain_node(place).await?;
        sleep(hold / 2).await;
        self.cluster.start_node(place).await?;
        let took = took.as_millis().to_string();
        Ok(json!({"exit_code": code, "took_ms": took}))
    }

    /// Each node's stop is a fault of its own, within this one.
    pub(super) async fn rolling_restart(&self) -> anyhow::Result<Value> {
        let recorder = self.cluster.recorder();
        let mut codes = Vec::new();
        for place in &self.cluster.places {
            let line = recorder.fault("drain", Class::Drain, &place.name);
            let drained = self.drain(place, Duration::ZERO).await;
            let proof = drained.as_ref().cloned().unwrap_or(Value::Null);
            codes.push(proof.clone());
            line.stop(recorder, proof);
            drained?;
        }
        Ok(json!({"drained": codes}))
    }

    pub(super) async fn crash_loop(&self, place: &Place, seed: u64) -> anyhow::Result<Value> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut gone = Vec::new();
        for _ in 0..5 {
            gone.extend(self.cluster.kill_node(place).await?);
            self.cluster.start_node(place).await?;
            sleep(Duration::from_millis(rng.u64(0..300))).await;
        }
        Ok(json!({"gone": gone}))
    }

    /// Killed at some moment of its start, several times; then it has to come up all the same.
    pub(super) async fn kill_at_start(&self, place: &Place, seed: u64) -> anyhow::Result<Value> {
        let mut rng = fastrand::Rng::with_seed(seed);
        self.cluster.kill_node(place).await?;
        let mut gone = Vec::new();
        for _ in 0..4 {
            let (mut process, _) = place.node.lock().await.launch()?;
            sleep(Duration::from_millis(rng.u64(0..150))).await;
            let pid = process.pid();
            process.kill().await?;
            gone.push(pid);
            self.cluster.recorder().record(Record::Exit(Exit {
                node: place.name.clone(),
                code: None,
                signal: Some(Signal::KILL.as_raw()),
            }));
        }
        self.cluster.start_node(place).await?;
        Ok(json!({"gone": gone}))
    }
}

/// Whether a process is stopped.
pub(super) fn stands_still(pid: i32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = status.rsplit(')').next().unwrap_or_default();
    state.trim_start().starts_with('T')
}
