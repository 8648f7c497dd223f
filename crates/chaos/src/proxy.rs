//! A TCP proxy on an edge between two of the programs: what goes wrong on a network goes wrong here.

#[cfg(test)]
mod behaviour;
mod frames;
mod link;
mod nats;
mod postgres;

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::Serialize;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use link::Link;

/// Which protocol an edge speaks, as far as faults have to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// Bytes.
    Plain,
    /// PostgreSQL: where what commits and its answer are.
    Postgres,
    /// NATS: where a message begins and ends.
    Nats,
}

/// What happens to the bytes of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// They go on.
    Pass,
    /// They wait, and nobody is told: a black hole until it heals.
    Hold,
    /// Each piece waits that long.
    Delay(Duration),
    /// So many bytes a second.
    Throttle(u32),
}

/// At which moment around a commit the connection is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommitCut {
    /// Before the server has it: it will roll back.
    Before,
    /// After the server has done it, before its answer: the client cannot know.
    After,
}

/// What happens to messages of the bus, in percent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Meddling {
    /// Told twice.
    pub(crate) duplicate: u8,
    /// Never told.
    pub(crate) lose: u8,
    /// Told up to 5 s later, after others.
    pub(crate) delay: u8,
}

/// What an edge does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// From the one who connects to the one who listens.
    pub(crate) up: Flow,
    /// The other way.
    pub(crate) down: Flow,
    /// Whether new connections are reset at once.
    pub(crate) refuse: bool,
    /// Connections with a lower number are reset.
    reset_below: u64,
    /// Through connections with a lower number nothing passes, while new ones work: half-open.
    half_open_below: u64,
    /// Where a commit is cut.
    pub(crate) commit: Option<CommitCut>,
    /// What is done to messages of the bus.
    pub(crate) meddling: Meddling,
}

impl Plan {
    const fn healthy() -> Self {
        Self {
            up: Flow::Pass,
            down: Flow::Pass,
            refuse: false,
            reset_below: 0,
            half_open_below: 0,
            commit: None,
            meddling: Meddling {
                duplicate: 0,
                lose: 0,
                delay: 0,
            },
        }
    }
}

/// What an edge has done: the proof that a fault was effective.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    accepted: AtomicU64,
    reset: AtomicU64,
    refused: AtomicU64,
    held: AtomicU64,
    slowed: AtomicU64,
    commits_cut: AtomicU64,
    duplicated: AtomicU64,
    lost: AtomicU64,
    delayed: AtomicU64,
}

/// The counters at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Counts {
    /// Connections taken.
    pub(crate) accepted: u64,
    /// Connections reset.
    pub(crate) reset: u64,
    /// Connections reset at once.
    pub(crate) refused: u64,
    /// Pieces that had to wait for healing.
    pub(crate) held: u64,
    /// Pieces delayed or throttled.
    pub(crate) slowed: u64,
    /// Connections cut at a commit.
    pub(crate) commits_cut: u64,
    /// Messages told twice.
    pub(crate) duplicated: u64,
    /// Messages never told.
    pub(crate) lost: u64,
    /// Messages told late.
    pub(crate) delayed: u64,
}

impl Counts {
    /// What has been done since `earlier`.
    pub(crate) const fn since(self, earlier: Self) -> Self {
        Self {
            accepted: self.accepted - earlier.accepted,
            reset: self.reset - earlier.reset,
            refused: self.refused - earlier.refused,
            held: self.held - earlier.held,
            slowed: self.slowed - earlier.slowed,
            commits_cut: self.commits_cut - earlier.commits_cut,
            duplicated: self.duplicated - earlier.duplicated,
            lost: self.lost - earlier.lost,
            delayed: self.delayed - earlier.delayed,
        }
    }
}

#[derive(Debug)]
struct Shared {
    speech: Speech,
    target: Mutex<Option<SocketAddr>>,
    plan: watch::Sender<Plan>,
    counters: Counters,
    /// How many more commits may be cut.
    cuts_left: AtomicU64,
    /// The number of the next connection.
    next: AtomicU64,
}

impl Shared {
    fn target(&self) -> Option<SocketAddr> {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes one of the cuts that are left.
    fn may_cut(&self) -> bool {
        let less = |left: u64| left.checked_sub(1);
        self.cuts_left
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, less)
            .is_ok()
    }
}

/// A proxy that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts one on a free port of loopback.
    pub(crate) async fn start(speech: Speech, target: Option<SocketAddr>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            speech,
            target: Mutex::new(target),
            plan: watch::Sender::new(Plan::healthy()),
            counters: Counters::default(),
            cuts_left: AtomicU64::new(0),
            next: AtomicU64::new(1),
        });
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self {
            address,
            shared,
            task,
        })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends new connections elsewhere; to none, they are reset.
    pub(crate) fn aim(&self, target: Option<SocketAddr>) {
        *self
            .shared
            .target
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = target;
    }

    /// Changes what happens, for connections that are there and those to come.
    pub(crate) fn change(&self, change: impl FnOnce(&mut Plan)) {
        self.shared.plan.send_modify(change);
    }

    /// Resets every connection that is there.
    pub(crate) fn reset_all(&self) {
        let next = self.shared.next.load(Ordering::Acquire);
        self.change(|plan| plan.reset_below = next);
    }

    /// Lets nothing pass any more through the connections that are there; new ones work.
    pub(crate) fn leave_half_open(&self) {
        let next = self.shared.next.load(Ordering::Acquire);
        self.change(|plan| plan.half_open_below = next);
    }

    /// Cuts the next `count` commits.
    pub(crate) fn cut_commits(&self, moment: CommitCut, count: u64) {
        self.shared.cuts_left.store(count, Ordering::Release);
        self.change(|plan| plan.commit = Some(moment));
    }

    /// Makes everything well again; connections that were left half-open are reset.
    pub(crate) fn heal(&self) {
        self.change(|plan| {
            *plan = Plan {
                reset_below: plan.reset_below.max(plan.half_open_below),
                ..Plan::healthy()
            };
        });
    }

    /// What it has done so far.
    pub(crate) fn counts(&self) -> Counts {
        let counters = &self.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            accepted: read(&counters.accepted),
            reset: read(&counters.reset),
            refused: read(&counters.refused),
            held: read(&counters.held),
            slowed: read(&counters.slowed),
            commits_cut: read(&counters.commits_cut),
            duplicated: read(&counters.duplicated),
            lost: read(&counters.lost),
            delayed: read(&counters.delayed),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut links = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                if let Ok((client, _)) = accepted {
                    let number = shared.next.fetch_add(1, Ordering::AcqRel);
                    links.spawn(serve(client, number, Arc::clone(&shared)));
                }
            }
            // Those that have ended are forgotten.
            Some(_) = links.join_next() => {}
        }
    }
}

async fn serve(client: TcpStream, number: u64, shared: Arc<Shared>) {
    Shared::count(&shared.counters.accepted);
    let refuse = shared.plan.borrow().refuse;
    let server = match shared.target() {
        Some(target) if !refuse => TcpStream::connect(target).await.ok(),
        _ => None,
    };
    let Some(server) = server else {
        Shared::count(&shared.counters.refused);
        // Closed so, it is reset.
        let _ = client.set_zero_linger();
        return;
    };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let link = Link::new(number, shared);
    link.run(client, server).await;
}
