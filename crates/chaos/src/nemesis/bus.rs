//! The bus killed, cut, deaf, mute, and in the hands of somebody who means ill.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Nemesis, present};
use crate::{
    ear::{Ear, Said},
    fault::Kind,
    place::Place,
    proxy::{Flow, Meddling},
};

impl Nemesis {
    pub(super) async fn bus_kill(&self, hold: Duration) -> anyhow::Result<Value> {
        let mut nats = present(self.cluster.nats.as_ref(), "bus")?.lock().await;
        let pid = nats.pid();
        nats.kill().await?;
        sleep(hold).await;
        nats.start().await?;
        Ok(json!({"gone": pid}))
    }

    pub(super) async fn bus_absent_at_start(
        &self,
        place: &Place,
        hold: Duration,
    ) -> anyhow::Result<Value> {
        let mut nats = present(self.cluster.nats.as_ref(), "bus")?.lock().await;
        nats.kill().await?;
        self.cluster.kill_node(place).await?;
        let started = self.cluster.start_node(place).await;
        sleep(hold).await;
        nats.start().await?;
        let took = started?.as_millis().to_string();
        Ok(json!({"started_without_bus_after_ms": took}))
    }

    pub(super) async fn bus_edge(
        &self,
        kind: Kind,
        place: &Place,
        hold: Duration,
    ) -> anyhow::Result<Value> {
        let proxy = present(place.bus.as_ref(), "bus")?;
        let before = proxy.counts();
        let meddle = |meddling| proxy.change(|plan| plan.meddling = meddling);
        match kind {
            Kind::BusBlackhole => proxy.change(|plan| {
                plan.up = Flow::Hold;
                plan.down = Flow::Hold;
            }),
            Kind::BusDeaf => proxy.change(|plan| plan.down = Flow::Hold),
            Kind::BusMute => proxy.change(|plan| plan.up = Flow::Hold),
            Kind::BusDuplicate => meddle(Meddling {
                duplicate: 80,
                ..Meddling::default()
            }),
            Kind::BusLose => meddle(Meddling {
                lose: 50,
                ..Meddling::default()
            }),
            Kind::BusDelay => meddle(Meddling {
                delay: 60,
                ..Meddling::default()
            }),
            _ => {
                proxy.change(|plan| plan.refuse = true);
                proxy.reset_all();
            }
        }
        sleep(hold).await;
        proxy.heal();
        let counts = proxy.counts().since(before);
        let effective =
            counts.held + counts.reset + counts.duplicated + counts.lost + counts.delayed;
        Ok(if effective > 0 {
            json!(counts)
        } else {
            Value::Null
        })
    }

    async fn bus_address(&self) -> anyhow::Result<SocketAddr> {
        let nats = present(self.cluster.nats.as_ref(), "bus")?.lock().await;
        Ok(SocketAddr::from(([127, 0, 0, 1], nats.port())))
    }

    /// Repeats, mangles and makes up what it hears.
    pub(super) async fn bus_forged(&self, hold: Duration, seed: u64) -> anyhow::Result<Value> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut ear = Ear::connect(self.bus_address().await?).await?;
        let begun = Instant::now();
        let (mut heard, mut forged) = (Vec::<Said>::new(), 0_u64);
        while begun.elapsed() < hold {
            if let Some(said) = ear.hear(Duration::from_millis(50)).await? {
                if heard.len() < 512 {
                    heard.push(said);
                } else if let Some(old) = heard.get_mut(rng.usize(..512)) {
                    *old = said;
                }
            }
            for _ in 0..rng.u8(0..3) {
                let Some(said) = one_of(&mut rng, &heard) else {
                    break;
                };
                let subject = match (rng.u8(..4), one_of(&mut rng, &heard)) {
                    // What was meant for one is told to another.
                    (0, Some(other)) => other.subject,
                    _ => said.subject.clone(),
                };
                ear.say(&subject, &mangled(&mut rng, said.payload)).await?;
                forged += 1;
            }
        }
        Ok(if forged > 0 {
            json!({"forged": forged, "heard": heard.len()})
        } else {
            Value::Null
        })
    }

    /// Repeats what it hears, as fast as it can.
    pub(super) async fn bus_flood(&self, hold: Duration, seed: u64) -> anyhow::Result<Value> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut ear = Ear::connect(self.bus_address().await?).await?;
        let mut heard = Vec::new();
        while heard.len() < 20 {
            match ear.hear(Duration::from_secs(3)).await? {
                Some(said) => heard.push(said),
                None => break,
            }
        }
        let begun = Instant::now();
        let mut told = 0_u64;
        while begun.elapsed() < hold {
            for _ in 0..200 {
                let Some(said) = one_of(&mut rng, &heard) else {
                    return Ok(Value::Null);
                };
                ear.say(&said.subject, &mangled(&mut rng, said.payload))
                    .await?;
                told += 1;
            }
            // It is subscribed to everything and would be cut off if it never read.
            while ear.hear(Duration::from_millis(1)).await?.is_some() {
                if begun.elapsed() >= hold {
                    break;
                }
            }
        }
        Ok(json!({"flooded": told}))
    }
}

fn one_of(rng: &mut fastrand::Rng, heard: &[Said]) -> Option<Said> {
    if heard.is_empty() {
        return None;
    }
    heard.get(rng.usize(..heard.len())).cloned()
}

/// The same again, or cut short, or with bytes changed, or far too long, or with other numbers.
fn mangled(rng: &mut fastrand::Rng, mut payload: Vec<u8>) -> Vec<u8> {
    match rng.u8(..6) {
        0 => {}
        1 => payload.truncate(rng.usize(..=payload.len())),
        2 => {
            for _ in 0..rng.u8(1..4) {
                let at = rng.usize(..=payload.len());
                if let Some(byte) = payload.get_mut(at) {
                    *byte = rng.u8(..);
                }
            }
        }
        3 => payload.extend(std::iter::repeat_n(b'x', rng.usize(1..70_000))),
        4 => {
            for byte in &mut payload {
                if byte.is_ascii_digit() && rng.u8(..3) == 0 {
                    *byte = b'0' + rng.u8(..10);
                }
            }
        }
        _ => {
            // A position far ahead.
            let text = String::from_utf8_lossy(&payload).into_owned();
            payload = text.replace("\"position\":", "\"position\":9").into_bytes();
        }
    }
    payload
}
