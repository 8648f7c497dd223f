//! Clients that are cut off, half-open, slow, stalled, or come all at once.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::Nemesis;
use crate::{
    fault::Kind,
    place::Place,
    proxy::Flow,
    session::{Pace, Session},
    world::Door,
};

/// Clients that send a byte now and then.
const SLOW_WRITERS: usize = 40;

/// How often a reader knocks.
const TRIES: usize = 40;

/// Who write to somebody that does not read.
const WRITERS: usize = 8;

impl Nemesis {
    pub(super) async fn clients_edge(
        &self,
        kind: Kind,
        place: &Place,
        hold: Duration,
    ) -> anyhow::Result<Value> {
        let proxy = &place.door;
        let before = proxy.counts();
        match kind {
            Kind::ClientsReset => proxy.reset_all(),
            Kind::ClientsHalfOpen => proxy.leave_half_open(),
            Kind::ClientsDeaf => proxy.change(|plan| plan.down = Flow::Hold),
            _ => proxy.change(|plan| {
                plan.up = Flow::Delay(Duration::from_millis(40));
                plan.down = Flow::Throttle(60_000);
            }),
        }
        sleep(hold).await;
        let felt = || {
            let counts = proxy.counts().since(before);
            counts.held + counts.reset + counts.slowed
        };
        // With a node that is down there is nobody to be cut off from.
        for _ in 0..40 {
            if felt() > 0 {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        let effective = felt();
        proxy.heal();
        let counts = proxy.counts().since(before);
        Ok(if effective > 0 {
            json!(counts)
        } else {
            Value::Null
        })
    }

    pub(super) async fn reconnect_storm(&self, hold: Duration) -> anyhow::Result<Value> {
        let begun = Instant::now();
        let counts = || {
            let places = self.cluster.places.iter();
            places.map(|place| place.door.counts().reset).sum::<u64>()
        };
        let before = counts();
        while begun.elapsed() < hold {
            for place in &self.cluster.places {
                place.door.reset_all();
            }
            sleep(Duration::from_millis(400)).await;
        }
        let reset = counts() - before;
        Ok(if reset > 0 {
            json!({"reset": reset})
        } else {
            Value::Null
        })
    }

    /// Somebody opens a socket and never reads, while long messages are sent to them until they are cut
    /// off; then they come back and have to get everything. The two have only each other, so nobody else
    /// is hit by the flood.
    pub(super) async fn stalled_readers(
        &self,
        place: &Place,
        hold: Duration,
        seed: u64,
    ) -> anyhow::Result<Value> {
        let address = self.cluster.address(place).await?;
        let slowly = Pace {
            think: Duration::from_millis(500),
            leaves: 12,
        };
        let person = |name: &str, number| {
            let user = format!("{name}-{seed:x}");
            let seed = seed ^ u64::try_from(number + name.len()).unwrap_or(0);
            Session::new(Arc::clone(&self.world), &user, number, seed, slowly)
        };
        let mut reader = person("stalled", 0);
        let door = Door {
            node: place.name.clone(),
            address,
        };
        let mut inside = false;
        for _ in 0..TRIES {
            inside = reader.stall(door.clone()).await;
            if inside {
                break;
            }
            sleep(Duration::from_millis(300)).await;
        }
        anyhow::ensure!(inside, "the reader did not get in");
        let mut writers: Vec<Session> = (0..WRITERS)
            .map(|number| person("writer", number))
            .collect();
        if let Some(writer) = writers.first_mut() {
            writer.begin(&format!("stalled-{seed:x}"), None).await;
        }
        // As many bytes in UTF-8 as 4,000 characters can have.
        let text = "\u{1f4e6}".repeat(4_000);
        let before = self.slow_closes(place).await;
        let begun = Instant::now();
        let mut cut_off = false;
        while !cut_off && begun.elapsed() < hold + Duration::from_secs(20) {
            let pouring = writers.iter_mut().map(async |writer| {
                for _ in 0..4 {
                    writer.pour(&text).await;
                }
            });
            join_all(pouring).await;
            cut_off = self.slow_closes(place).await > before;
        }
        let took = begun.elapsed();
        let cut_off = cut_off && reader.was_cut_off();
        self.world.welcome(reader.run(true));
        for (number, writer) in writers.into_iter().enumerate() {
            self.world.welcome(writer.run(number == 0));
        }
        Ok(if cut_off {
            json!({"cut_off_after_ms": took.as_millis().to_string()})
        } else {
            Value::Null
        })
    }

    /// How many sessions a node says it has closed as slow consumers.
    async fn slow_closes(&self, place: &Place) -> u64 {
        let metrics = self.cluster.metrics(place).await.unwrap_or_default();
        let of_the_code = metrics
            .lines()
            .filter(|line| !line.starts_with('#') && line.contains("4201"));
        of_the_code
            .filter_map(|line| {
                line.split_ascii_whitespace()
                    .next_back()?
                    .parse::<u64>()
                    .ok()
            })
            .sum()
    }

    pub(super) async fn slow_writers(
        &self,
        place: &Place,
        hold: Duration,
    ) -> anyhow::Result<Value> {
        let address = self.cluster.address(place).await?;
        let mut writers = Vec::new();
        for _ in 0..SLOW_WRITERS {
            writers.push(TcpStream::connect(address).await?);
        }
        let begun = Instant::now();
        let word = b"GET /api/messages/unread HTTP/1.1\r\nHost: chaos\r\nX-Slow: ";
        let mut bytes = word.iter().cycle();
        // Longer than a request's head may take.
        while begun.elapsed() < hold.max(Duration::from_secs(6)) {
            if let Some(byte) = bytes.next() {
                for writer in &mut writers {
                    let _ = writer.write_all(&[*byte]).await;
                }
            }
            sleep(Duration::from_millis(500)).await;
        }
        let mut cut_off = 0_u64;
        for writer in &mut writers {
            let mut answer = Vec::new();
            let read = writer.read_to_end(&mut answer);
            if timeout(Duration::from_millis(200), read).await.is_ok() {
                cut_off += 1;
            }
        }
        Ok(if cut_off > 0 {
            json!({"cut_off": cut_off})
        } else {
            Value::Null
        })
    }
}
