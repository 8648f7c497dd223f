//! Everything that runs: nodes, their database, the bus, and a proxy on every edge.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use messaging_history::{
    Record,
    event::{Exit, Ready, Sample},
};
use tokio::{
    sync::Mutex,
    time::{sleep, timeout},
};

use crate::{
    cli::Backend, nats::Nats, place::Place, postgres::Postgres, process::Signal,
    recorder::Recorder, tmpfs::Tmpfs, world::Door,
};

/// Signs the tokens of a run.
pub(crate) const SECRET: &str = "chaos-secret-chaos-secret-chaos-secret";

/// Opens the server-side calls of a run.
pub(crate) const SERVER_KEY: &str = "chaos-server-key-chaos-server-key";

/// The name of the database in the cluster.
pub(crate) const DATABASE: &str = "messaging";

/// What is wanted.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    /// The service's binary.
    pub(crate) binary: PathBuf,
    /// Where everything is kept.
    pub(crate) folder: PathBuf,
    /// Which database.
    pub(crate) backend: Backend,
    /// How many nodes.
    pub(crate) nodes: usize,
    /// A bug to be switched on in the service.
    pub(crate) bug: Option<String>,
    /// Whether the nodes' clocks are to be moved.
    pub(crate) clock: bool,
    /// Whether the disk of an embedded database is to become full.
    pub(crate) small_disk: bool,
}

/// Everything that runs. What is on top is dropped first.
pub(crate) struct Cluster {
    /// The nodes.
    pub(crate) places: Vec<Arc<Place>>,
    /// The database's server.
    pub(crate) postgres: Option<Mutex<Postgres>>,
    /// The bus.
    pub(crate) nats: Option<Mutex<Nats>>,
    /// The embedded database's file.
    pub(crate) file: Option<PathBuf>,
    /// The small disk that it is on.
    pub(crate) disk: Option<Tmpfs>,
    recorder: Recorder,
    http: reqwest::Client,
}

impl Cluster {
    /// Starts all of it.
    pub(crate) async fn start(shape: &Shape, recorder: Recorder) -> anyhow::Result<Self> {
        let postgres = match shape.backend {
            Backend::Postgres => Some(Postgres::create().await?),
            Backend::Sqlite => None,
        };
        let nats = if shape.nodes > 1 {
            let mut nats = Nats::new(shape.folder.clone())?;
            nats.start().await?;
            Some(nats)
        } else {
            None
        };
        let disk_at = shape.folder.join("disk");
        let disk = (shape.small_disk && postgres.is_none())
            .then(|| Tmpfs::mount(&disk_at, 1_024))
            .transpose()?;
        let file = postgres.is_none().then(|| match &disk {
            Some(disk) => disk.path().join("messaging.db"),
            None => shape.folder.join("messaging.db"),
        });
        let mut cluster = Self {
            places: Vec::new(),
            postgres: None,
            nats: None,
            file,
            disk,
            recorder,
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(2))
                .build()?,
        };
        for number in 1..=shape.nodes {
            let file = cluster.file.as_deref();
            let place = Place::new(file, shape, number, postgres.as_ref(), nats.as_ref()).await?;
            cluster.places.push(Arc::new(place));
        }
        cluster.postgres = postgres.map(Mutex::new);
        cluster.nats = nats.map(Mutex::new);
        for place in &cluster.places {
            cluster.start_node(place).await?;
        }
        Ok(cluster)
    }

    /// Where clients find the nodes.
    pub(crate) fn doors(&self) -> Vec<Door> {
        self.places
            .iter()
            .map(|place| Door {
                node: place.name.clone(),
                address: place.door.address(),
            })
            .collect()
    }

    /// Starts a node, waits until it is ready, and lets clients in. A node that finds no database ends
    /// again and is started once more, as a supervisor does.
    pub(crate) async fn start_node(&self, place: &Place) -> anyhow::Result<Duration> {
        let first = Instant::now();
        let (begun, address) = loop {
            let begun = Instant::now();
            let mut node = place.node.lock().await;
            match node.start().await {
                Ok(_) => break (begun, node.address().context("it has no address")?),
                Err(error) if first.elapsed() > Duration::from_secs(30) => return Err(error),
                Err(_) => {
                    drop(node);
                    sleep(Duration::from_millis(200)).await;
                }
            }
        };
        place.door.aim(Some(address));
        self.ready(address).await?;
        let after = begun.elapsed();
        self.recorder.record(Record::Ready(Ready {
            node: place.name.clone(),
            after_ms: u64::try_from(after.as_millis())?,
        }));
        Ok(after)
    }

    /// Waits until a node says that it is ready.
    pub(crate) async fn ready(&self, address: SocketAddr) -> anyhow::Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(30) {
            let asked = self.http.get(format!("http://{address}/readyz"));
            if let Ok(answer) = asked.send().await
                && answer.status().is_success()
            {
                return Ok(());
            }
            sleep(Duration::from_millis(10)).await;
        }
        bail!("{address} is not ready")
    }

    /// Ends a node at once; its number, which is gone now.
    pub(crate) async fn kill_node(&self, place: &Place) -> anyhow::Result<Option<i32>> {
        let mut node = place.node.lock().await;
        let pid = node.pid();
        node.kill().await?;
        if pid.is_some() {
            self.recorder.record(Record::Exit(Exit {
                node: place.name.clone(),
                code: None,
                signal: Some(Signal::KILL.as_raw()),
            }));
        }
        Ok(pid)
    }

    /// Where a node listens; it may be down for a moment, because of another fault.
    pub(crate) async fn address(&self, place: &Place) -> anyhow::Result<SocketAddr> {
        let begun = Instant::now();
        loop {
            if let Some(address) = place.node.lock().await.address() {
                return Ok(address);
            }
            if begun.elapsed() > Duration::from_secs(15) {
                bail!("{} does not run", place.name);
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks a node to end; its exit code and the time it took.
    pub(crate) async fn drain_node(
        &self,
        place: &Place,
    ) -> anyhow::Result<(Option<i32>, Duration)> {
        use std::os::unix::process::ExitStatusExt as _;
        let mut node = place.node.lock().await;
        let (status, took) = node.terminate(Duration::from_secs(20)).await?;
        self.recorder.record(Record::Exit(Exit {
            node: place.name.clone(),
            code: status.code(),
            signal: status.signal(),
        }));
        Ok((status.code(), took))
    }

    /// Starts again whatever is down: a node that ended although nobody asked it to.
    pub(crate) async fn mend(&self) -> anyhow::Result<()> {
        for place in &self.places {
            let down = {
                let mut node = place.node.lock().await;
                if let Some(status) = node.ended() {
                    self.recorder
                        .note(format!("{} had ended by itself: {status}", place.name));
                }
                node.pid().is_none()
            };
            if down {
                self.start_node(place).await?;
            }
        }
        Ok(())
    }

    /// Records what each node uses.
    pub(crate) async fn sample(&self) {
        for place in &self.places {
            let Ok(node) = timeout(Duration::from_millis(50), place.node.lock()).await else {
                continue;
            };
            if let Some((rss, fds)) = node.usage() {
                self.recorder.record(Record::Sample(Sample {
                    node: place.name.clone(),
                    rss,
                    fds,
                }));
            }
        }
    }

    /// The text of a node's metrics.
    pub(crate) async fn metrics(&self, place: &Place) -> anyhow::Result<String> {
        let address = place.node.lock().await.metrics();
        let address = address.context("it does not run")?;
        let answer = self.http.get(format!("http://{address}/metrics"));
        Ok(answer.send().await?.text().await?)
    }

    /// What a node answers to a request, and its `Date`.
    pub(crate) async fn health(&self, place: &Place) -> anyhow::Result<(u16, String)> {
        let address = place.node.lock().await.address();
        let address = address.context("it does not run")?;
        let answer = self.http.get(format!("http://{address}/healthz"));
        let answer = answer.send().await?;
        let date = answer
            .headers()
            .get("date")
            .and_then(|date| date.to_str().ok());
        Ok((answer.status().as_u16(), date.unwrap_or("").to_owned()))
    }

    /// The recorder of the run.
    pub(crate) const fn recorder(&self) -> &Recorder {
        &self.recorder
    }
}
