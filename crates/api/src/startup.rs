//! Where everything is put together, started, and brought down again: the composition root.

mod cores;
mod measured;
mod nodes;
mod server;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use actix_web::{dev::ServerHandle, rt, web::Data};
use anyhow::Context as _;
use messaging_domain::{Announcer, ProductPolicy};
use messaging_infra::{Cores, Database, DatabaseSettings, DatabaseUrl};
use prometheus_client::registry::Registry;
use secrecy::ExposeSecret as _;
use tokio::task::JoinHandle;

use crate::{
    Messaging, Store,
    admission::Admission,
    auth::{
        Gatekeeper, Origins, Revocations,
        jwks::Jwks,
        login::Logins,
        password::{PasswordCost, Passwords},
        token::Tokens,
    },
    config::{Issuance, Settings, kept_secret},
    demo,
    http::Table,
    limits::Limits,
    metrics::{self, Requests},
    service::{ServerKey, Service},
    ws::{Hub, Timing},
};
pub use cores::leave_cores_to_writers;
use server::{listen, serve};

/// Over which sessions are sent away when the service goes down.
const DRAIN_WINDOW: Duration = Duration::from_secs(2);

/// How long requests that are under way may still take then.
const LAST_REQUESTS: Duration = Duration::from_secs(2);

/// How long the database may take to finish what is being written.
const LAST_COMMIT: Duration = Duration::from_secs(4);

/// How many people's logs are read at the same time, when events came in another order than that of
/// their positions.
const FOLLOWERS: usize = 4;

/// How often old events are looked for.
const TIDY_EVERY: Duration = Duration::from_hours(1);

/// What tests turn down. The binary always runs at the default: full strength, the contract's times.
#[derive(Debug, Clone, Copy)]
pub struct Tuning {
    /// What a password's hash costs.
    pub password_cost: PasswordCost,
    /// The deadlines of sockets.
    pub timing: Timing,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            password_cost: PasswordCost::FULL,
            timing: Timing::default(),
        }
    }
}

/// A service that runs.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    service: Data<Service>,
    hub: Hub,
    server: ServerHandle,
    tasks: Vec<JoinHandle<()>>,
}

/// Puts a service together and starts it, on the runtime of the caller.
///
/// # Errors
/// What could not be done: open the database, bind the address, and so on.
pub async fn build(settings: &Settings, tuning: Tuning) -> anyhow::Result<Running> {
    let hub = Hub::new(tuning.timing);
    let store = Arc::new(open_store(settings, hub.clone()).await?);
    let passwords = blocking(move || Passwords::new(tuning.password_cost)).await??;
    if settings.demo {
        seed_demo(&store, &passwords).await?;
    }
    let listener =
        listen(settings.listen).with_context(|| format!("listen on {}", settings.listen))?;
    let address = listener.local_addr()?;
    let service = Data::new(service(
        settings,
        Arc::clone(&store),
        passwords,
        &hub,
        address,
    )?);
    let server = serve(listener, service.clone(), hub.clone())?;
    let handle = server.handle();
    let joined = nodes::join(settings, &hub, &store).await?;
    let metrics = match settings.metrics_listen {
        Some(address) => {
            let registry = measured::registry(&service, &hub, &joined.traffic);
            Some(serve_metrics(address, registry)?)
        }
        None => None,
    };
    let mut tasks = joined.tasks;
    tasks.extend([
        rt::spawn(async move {
            if let Err(error) = server.await {
                tracing::error!(%error, "the server ended");
            }
        }),
        rt::spawn(hub.clone().keep_presence(Arc::clone(&store))),
        rt::spawn(hub.clone().keep_lookout(Arc::clone(&store))),
        rt::spawn(keep_tidy(Arc::clone(&store), settings.event_retention)),
    ]);
    tasks.extend((0..FOLLOWERS).map(|_| rt::spawn(hub.clone().follow(Arc::clone(&store)))));
    let (metrics_address, serving) = metrics.unzip();
    tasks.extend(serving);
    Ok(Running {
        address,
        metrics_address,
        service,
        hub,
        server: handle,
        tasks,
    })
}

/// The addresses that a service with these settings opens, metrics apart.
pub fn routes(settings: &Settings) -> Table {
    let mut table = Table::default();
    server::open(&mut table, settings.demo);
    table
}

/// Serves metrics until its task is aborted.
fn serve_metrics(
    address: SocketAddr,
    registry: Registry,
) -> anyhow::Result<(SocketAddr, JoinHandle<()>)> {
    let listener = listen(address).with_context(|| format!("listen for metrics on {address}"))?;
    let address = listener.local_addr()?;
    let server = metrics::serve(listener, registry)?;
    tracing::info!(%address, "metrics are served");
    let serving = rt::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the metrics listener ended");
        }
    });
    Ok((address, serving))
}

impl Running {
    /// Where it listens, with the real port.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where metrics are served, with the real port, if anywhere.
    pub const fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Brings it down: takes nothing new, sends sessions away, finishes what is being written.
    /// Within 10 seconds.
    ///
    /// # Errors
    /// When the database's thread has panicked.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.service.draining.store(true, Ordering::Release);
        let closing = async {
            rt::time::sleep(self.hub.timing().last_knocks).await;
            // The server is told at once. It waits for connections that idle, too; nobody waits for it.
            drop(self.server.stop(true));
        };
        tokio::join!(self.hub.drain(DRAIN_WINDOW), closing);
        self.last_requests().await;
        for task in self.tasks {
            task.abort();
        }
        let store = Arc::clone(&self.service.store);
        close_within(LAST_COMMIT, move || store.close()).await
    }

    async fn last_requests(&self) {
        let begun = Instant::now();
        while self.service.in_flight.load(Ordering::Acquire) > 0 && begun.elapsed() < LAST_REQUESTS
        {
            rt::time::sleep(Duration::from_millis(20)).await;
        }
        // The last answers are still on their way to the sockets.
        rt::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Closes, on a thread of its own: a runtime would wait for it for ever.
async fn close_within(
    limit: Duration,
    close: impl FnOnce() + Send + 'static,
) -> anyhow::Result<()> {
    let (done, closed) = tokio::sync::oneshot::channel();
    std::thread::Builder::new()
        .name("close".to_owned())
        .spawn(move || {
            close();
            // Nobody waits any more when it took too long.
            let _ = done.send(());
        })
        .context("start a thread")?;
    if let Ok(closed) = rt::time::timeout(limit, closed).await {
        return closed.context("a thread panicked");
    }
    tracing::error!("the database did not finish in time: what it was writing may be lost");
    Ok(())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<T> {
    rt::task::spawn_blocking(work)
        .await
        .context("a thread panicked")
}

/// How the settings name the database.
///
/// # Errors
/// When the URL is none.
pub fn database_url(settings: &Settings) -> anyhow::Result<DatabaseUrl> {
    DatabaseUrl::parse(settings.database_url.expose_secret())
        .map_err(|error| anyhow::anyhow!("MESSAGING_DATABASE_URL: {error}"))
}

async fn open_store(settings: &Settings, hub: Hub) -> anyhow::Result<Store> {
    std::fs::create_dir_all(&settings.data_dir)
        .with_context(|| format!("make the data directory {}", settings.data_dir.display()))?;
    let database = DatabaseSettings {
        url: database_url(settings)?,
        readers: settings.database_readers,
        writers: settings.database_writers,
        writer_cores: settings.writer_cores.clone().map(Cores::from),
        queue: settings.write_queue,
        shared: settings.nats.is_some(),
    };
    let announcer: Arc<dyn Announcer> = Arc::new(hub);
    Ok(blocking(move || Database::open(&database, announcer)).await??)
}

async fn seed_demo(store: &Store, passwords: &Passwords) -> anyhow::Result<()> {
    if store.begin_seeding().await? {
        let hash = passwords.hash(demo::password()?.into()).await?;
        demo::seed(store, hash)
            .await
            .context("seed the demo marketplace")?;
    }
    Ok(())
}

/// The tokens that the settings speak of.
///
/// # Errors
/// When the data directory cannot keep a secret.
pub fn tokens(settings: &Settings) -> anyhow::Result<Tokens> {
    let (issuer, audience) = (&settings.jwt_issuer, &settings.jwt_audience);
    let secret = match &settings.issuance {
        Issuance::Secret(secret) => secret.clone(),
        Issuance::KeptSecret => {
            kept_secret(&settings.data_dir).context("keep a secret in the data directory")?
        }
        Issuance::Outside {
            jwks_url,
            algorithm,
        } => {
            return Ok(Tokens::of_issuer(
                Jwks::new(jwks_url.clone(), *algorithm)?,
                issuer,
                audience,
            ));
        }
    };
    Ok(Tokens::with_secret(
        &secret,
        issuer,
        audience,
        settings.access_token_lifetime,
    ))
}

fn service(
    settings: &Settings,
    store: Arc<Store>,
    passwords: Passwords,
    hub: &Hub,
    address: SocketAddr,
) -> anyhow::Result<Service> {
    let tokens = Arc::new(tokens(settings)?);
    let revocations: Arc<dyn Revocations> = Arc::new(hub.clone());
    let products = if settings.strict_products {
        ProductPolicy::Strict
    } else {
        ProductPolicy::Open
    };
    Ok(Service {
        messaging: Messaging::new(Arc::clone(&store), products),
        gatekeeper: Gatekeeper::new(Arc::clone(&store), Arc::clone(&tokens)),
        logins: Logins::new(
            Arc::clone(&store),
            passwords,
            tokens,
            Arc::clone(&revocations),
            settings.refresh_token_lifetime,
        ),
        store,
        revocations,
        admission: admission(settings),
        limits: Limits::new(settings.rate_limits),
        origins: settings
            .allowed_origins
            .clone()
            .unwrap_or_else(|| Origins::own(address)),
        trusted_proxies: settings.trusted_proxies,
        server_key: settings.server_key.clone().map(ServerKey::new),
        websocket: settings.websocket,
        demo: settings.demo,
        requests: Requests::default(),
        draining: AtomicBool::new(false),
        in_flight: AtomicUsize::new(0),
    })
}

/// As many connections as are allowed, and as file descriptors can be had for.
fn admission(settings: &Settings) -> Arc<Admission> {
    let carried = rlimit::Resource::NOFILE
        .get_soft()
        .ok()
        .and_then(|descriptors| usize::try_from(descriptors).ok())
        .map_or(usize::MAX, Admission::carried_by);
    let most = settings.max_connections.map(|most| {
        if carried < most {
            tracing::warn!(
                carried,
                "the limit of open files allows fewer connections than MESSAGING_MAX_CONNECTIONS: raise it (ulimit -n)"
            );
        }
        most.min(carried)
    });
    Admission::new(
        most,
        settings.max_greetings.filter(|_| settings.rate_limits),
    )
}

/// Forgets old events, now and then.
async fn keep_tidy(store: Arc<Store>, retention: Duration) {
    loop {
        let before = messaging_domain::Timestamp::now().minus(retention);
        match store.prune(before).await {
            // Some at a time, so that messages get in between.
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::warn!(%error, "old events were not forgotten"),
        }
        rt::time::sleep(TIDY_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn a_commit_that_is_stuck_does_not_keep_the_service_up() {
        let (release, stuck) = std::sync::mpsc::sync_channel::<()>(0);
        let begun = Instant::now();
        let close = move || {
            let _ = stuck.recv();
        };
        close_within(Duration::from_millis(20), close)
            .await
            .unwrap();
        assert!(begun.elapsed() < LAST_COMMIT);
        drop(release);
        close_within(LAST_COMMIT, || ()).await.unwrap();
    }
}
