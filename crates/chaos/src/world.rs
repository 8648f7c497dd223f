//! Who is there and what they may talk about: what every client of a run knows.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use messaging_history::event::Phase;
use tokio::{sync::watch, task::JoinSet};

use crate::{recorder::Recorder, session::Account, token::Signer};

/// A conversation that somebody has started.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    /// Its id.
    pub(crate) id: String,
    /// Who bought.
    pub(crate) buyer: String,
    /// Who sold.
    pub(crate) seller: String,
    /// What about.
    pub(crate) product: Option<String>,
}

/// An address at which a node is reached, through its proxy.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    /// The node's name.
    pub(crate) node: String,
    /// The proxy.
    pub(crate) address: SocketAddr,
}

/// What is shared by all clients.
pub(crate) struct World {
    /// Where everything is recorded.
    pub(crate) recorder: Recorder,
    /// Makes tokens.
    pub(crate) signer: Signer,
    /// The nodes.
    pub(crate) doors: Vec<Door>,
    /// For requests.
    pub(crate) http: reqwest::Client,
    /// The buyers, then the sellers, by id.
    pub(crate) buyers: Vec<String>,
    /// The sellers.
    pub(crate) sellers: Vec<String>,
    talks: RwLock<Vec<Arc<Talk>>>,
    /// People with a password.
    pub(crate) accounts: RwLock<HashMap<String, Arc<tokio::sync::Mutex<Account>>>>,
    /// Sessions that came later and stay until the end.
    guests: Mutex<JoinSet<()>>,
    /// Which part of the run it is.
    pub(crate) phase: watch::Sender<Phase>,
    /// How far the clocks of the nodes are ahead of ours, in seconds.
    pub(crate) clock_offset: AtomicI64,
    /// Messages accepted so far.
    pub(crate) accepted: AtomicU64,
    /// Sockets that went on where they had ended, with something missed.
    pub(crate) resumed: AtomicU64,
    /// Those of them that did so on another node.
    pub(crate) resumed_elsewhere: AtomicU64,
    /// Operations of which nobody knows what came of them.
    pub(crate) unknown: AtomicU64,
    /// Operations answered.
    pub(crate) done: AtomicU64,
    /// Fixed loads that are through.
    pub(crate) errands: AtomicU64,
    /// Sockets cut off as slow consumers.
    pub(crate) slow: AtomicU64,
}

impl World {
    /// An empty one.
    pub(crate) fn new(
        recorder: Recorder,
        signer: Signer,
        doors: Vec<Door>,
        buyers: usize,
        sellers: usize,
    ) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(crate::session::GIVES_UP)
            .pool_idle_timeout(std::time::Duration::from_secs(20))
            .build()?;
        Ok(Self {
            recorder,
            signer,
            doors,
            http,
            buyers: (0..buyers).map(|n| format!("buyer-{n}")).collect(),
            sellers: (0..sellers).map(|n| format!("seller-{n}")).collect(),
            talks: RwLock::new(Vec::new()),
            accounts: RwLock::new(HashMap::new()),
            guests: Mutex::new(JoinSet::new()),
            phase: watch::Sender::new(Phase::Calm),
            clock_offset: AtomicI64::new(0),
            accepted: AtomicU64::new(0),
            resumed: AtomicU64::new(0),
            resumed_elsewhere: AtomicU64::new(0),
            unknown: AtomicU64::new(0),
            done: AtomicU64::new(0),
            errands: AtomicU64::new(0),
            slow: AtomicU64::new(0),
        })
    }

    /// One more.
    pub(crate) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// The part of the run that it is now.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// A part of the run begins.
    pub(crate) fn enter(&self, phase: Phase) {
        self.recorder.phase(phase);
        self.phase.send_replace(phase);
    }

    /// What time it is for the nodes, in seconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = since.map_or(0, |since| since.as_secs());
        i64::try_from(seconds)
            .unwrap_or(0)
            .saturating_add(self.clock_offset.load(Ordering::Acquire))
    }

    /// A token of that person for so many seconds.
    pub(crate) fn token(&self, user: &str, seconds: i64) -> anyhow::Result<String> {
        self.signer.sign(user, self.now(), seconds)
    }

    /// Lets a session that came later stay until the end.
    pub(crate) fn welcome(&self, session: impl Future<Output = ()> + Send + 'static) {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        guests.spawn(session);
    }

    /// The sessions that came later.
    pub(crate) fn guests(&self) -> JoinSet<()> {
        let mut guests = self.guests.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *guests)
    }

    /// Keeps a conversation, once.
    pub(crate) fn keep(&self, talk: Talk) {
        let mut talks = self.talks.write().unwrap_or_else(PoisonError::into_inner);
        if talks.iter().all(|known| known.id != talk.id) {
            talks.push(Arc::new(talk));
        }
    }

    /// The conversations, those of one person only, or only those of others.
    pub(crate) fn talks(&self, user: &str, own: bool) -> Vec<Arc<Talk>> {
        self.talks
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .filter(|talk| (talk.buyer == user || talk.seller == user) == own)
            .cloned()
            .collect()
    }
}
