//! The bus: what nodes tell each other, over NATS.
//!
//! Core NATS forgets what nobody takes, and may lose what it carries, so only hints go over it, and it
//! is not trusted: every message is sealed with a key that all nodes have from the database they
//! share, [`envelope`] refuses what another has made, or what comes late or again. Somebody who can
//! write to the bus can hold signals up; he cannot invent any, nor read what people say to each other.

mod endpoint;
mod envelope;
mod incoming;
mod interests;
mod liveness;
mod outgoing;
mod subjects;
mod traffic;
mod wire;

use std::{
    fmt,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_nats::{Client, ConnectOptions, Event};
use messaging_domain::{Failure, Neighbour, NodeId, Relay, Signal, Timestamp, To, UserId};
use tokio::{sync::mpsc, task::JoinHandle};

pub use endpoint::{BusSettings, Endpoint};
use envelope::{Opener, Sealer};
use interests::Interests;
use liveness::Nodes;
use subjects::Subjects;
pub use traffic::Traffic;

/// How many signals may wait to be sent; one more is let go.
const MAX_WAITING: usize = 16_384;

/// How many messages may wait to be heard on one subject; NATS lets one more go.
const MAX_UNHEARD: usize = 1_024;

/// How often the connection is tried: two pings without an answer end it.
const PING_EVERY: Duration = Duration::from_secs(2);

/// The longest wait between two tries to connect.
const RECONNECT_WITHIN: Duration = Duration::from_secs(1);

/// How long a roll call waits for its first answer.
const ROLL_CALL_WITHIN: Duration = Duration::from_millis(500);

/// The key that all nodes of a service share, from their database. With it signals are sealed, and
/// subjects named, so that what travels names nobody.
#[derive(Clone)]
pub struct BusKey(pub(crate) Vec<u8>);

impl fmt::Debug for BusKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BusKey(hidden)")
    }
}

/// A node's connection to the others. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    client: Client,
    outgoing: mpsc::Sender<(To, Signal)>,
    interests: Arc<Interests>,
    subjects: Arc<Subjects>,
    sealer: Arc<Sealer>,
    opener: Arc<Mutex<Opener>>,
    neighbour: Arc<dyn Neighbour>,
    nodes: Arc<Nodes>,
    traffic: Traffic,
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

impl Bus {
    /// Connects a node to the others, and goes on trying when nobody answers yet: a bus that is away
    /// makes the service slower, not wrong. The tasks end when they are aborted.
    ///
    /// # Errors
    /// A [`Failure`] when the credentials cannot be read, or the addresses are none.
    pub async fn connect(
        settings: &BusSettings,
        key: &BusKey,
        neighbour: Arc<dyn Neighbour>,
    ) -> Result<(Self, Vec<JoinHandle<()>>), Failure> {
        let node = NodeId::new();
        let traffic = Traffic::default();
        let client = options(settings, node, &traffic, &neighbour)
            .await?
            .connect(settings.servers())
            .await
            .map_err(|error| Failure::new("connect to NATS", error))?;
        let (outgoing, waiting) = mpsc::channel(MAX_WAITING);
        let bus = Self {
            client,
            outgoing,
            interests: Arc::default(),
            subjects: Arc::new(Subjects::new(key)),
            sealer: Arc::new(Sealer::new(key, node)),
            opener: Arc::new(Mutex::new(Opener::new(key, node))),
            neighbour,
            nodes: Arc::default(),
            traffic,
        };
        bus.attend(To::Nodes);
        let tasks = vec![
            tokio::spawn(outgoing::send(bus.clone(), waiting)),
            tokio::spawn(incoming::hear(bus.clone())),
            tokio::spawn(liveness::keep(bus.clone())),
        ];
        Ok((bus, tasks))
    }

    /// What it counts.
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    fn opener(&self) -> std::sync::MutexGuard<'_, Opener> {
        self.opener
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Opens what came on a subject; nothing when it is not to be believed.
    fn open(&self, subject: &str, payload: &[u8]) -> Option<(NodeId, Signal)> {
        let now = Timestamp::now();
        let opened = self.opener().open(subject, payload, now);
        match opened {
            Ok(opened) => {
                self.traffic.received(now.since(opened.at));
                Some((opened.from, opened.signal))
            }
            Err(refusal) => {
                self.traffic.refused(refusal);
                None
            }
        }
    }
}

async fn options(
    settings: &BusSettings,
    node: NodeId,
    traffic: &Traffic,
    neighbour: &Arc<dyn Neighbour>,
) -> Result<ConnectOptions, Failure> {
    let (traffic, neighbour) = (traffic.clone(), Arc::clone(neighbour));
    let mut options = ConnectOptions::new()
        .name(format!("messaging {node}"))
        .no_echo()
        .retry_on_initial_connect()
        .ping_interval(PING_EVERY)
        .connection_timeout(Duration::from_secs(3))
        .subscription_capacity(MAX_UNHEARD)
        .require_tls(settings.tls)
        .reconnect_delay_callback(|attempts| {
            let doubled = 1_u64 << attempts.min(7);
            Duration::from_millis(10 * doubled).min(RECONNECT_WITHIN)
        })
        .event_callback(move |event| {
            let (traffic, neighbour) = (traffic.clone(), Arc::clone(&neighbour));
            async move { note(&event, &traffic, &*neighbour) }
        });
    if let Some(file) = &settings.ca_file {
        options = options.add_root_certificates(file.clone());
    }
    match &settings.credentials_file {
        Some(file) => options
            .credentials_file(file)
            .await
            .map_err(|error| Failure::new("read the NATS credentials", error)),
        None => Ok(options),
    }
}

fn note(event: &Event, traffic: &Traffic, neighbour: &dyn Neighbour) {
    match event {
        Event::Connected => {
            tracing::info!("connected to NATS");
            traffic.set_connected(true);
            neighbour.missed_signals();
        }
        Event::Disconnected | Event::Closed => {
            tracing::warn!("NATS is away: other nodes' events are found by looking into the log");
            traffic.set_connected(false);
        }
        Event::SlowConsumer(_) => traffic.overrun(),
        other => tracing::warn!(event = %other, "NATS"),
    }
}

impl Relay for Bus {
    fn tell(&self, to: To, signal: Signal) {
        if self.outgoing.try_send((to, signal)).is_err() {
            self.traffic.dropped();
        }
    }

    fn attend(&self, to: To) {
        self.interests.set(to, true);
    }

    fn neglect(&self, to: To) {
        self.interests.set(to, false);
    }

    fn roll_call<'a>(&'a self, user: &'a UserId) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        Box::pin(outgoing::roll_call(self, user))
    }
}
