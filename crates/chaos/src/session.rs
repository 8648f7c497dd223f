//! A client that lives on through its sockets: one operation at a time, every frame recorded, and after
//! each break it goes on from where it was.

mod carry;
mod connect;
mod errand;
mod finale;
mod flood;
mod knowledge;
mod login;
mod probe;
mod workload;

use std::{collections::VecDeque, sync::Arc, time::Duration};

use messaging_history::{
    Call, Record,
    event::{Close, Frame, Party, Phase, Since},
};
use serde_json::Value;
use tokio::time::{Instant, sleep, sleep_until};

use crate::{
    socket::{Incoming, Socket},
    world::{Door, World},
};
use knowledge::Knowledge;
pub(crate) use login::{Account, register};

/// After which a client gives an operation up. Longer than any that is allowed.
pub(crate) const GIVES_UP: Duration = Duration::from_secs(6);

/// How busy a client is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Between two operations, at most; half of it on average.
    pub(crate) think: Duration,
    /// Of a thousand operations, so many are to leave and come back.
    pub(crate) leaves: u16,
}

/// A client.
pub(crate) struct Session {
    world: Arc<World>,
    rng: fastrand::Rng,
    name: String,
    user: String,
    /// Counts the processes that this client has been: one ends with each unknown outcome.
    process: u32,
    pace: Pace,
    live: Option<Live>,
    /// From where it would resume.
    since: Option<Since>,
    /// Whether what it knows was fetched since the stream began.
    fetched: bool,
    /// The highest position that was heard of.
    ahead: u64,
    /// A way past the proxies, with a small buffer: what is not read is soon felt.
    aside: Option<Door>,
    /// Where it was connected last.
    last_node: Option<String>,
    knows: Knowledge,
    /// Sends that may have been stored: tried again with the same `clientId`.
    doubts: VecDeque<Call>,
    /// What it has set itself to do next.
    intentions: VecDeque<Call>,
    /// How often it failed to connect in a row.
    failures: u32,
}

struct Live {
    socket: Socket,
    connection: u64,
    door: usize,
    next_id: u64,
    token_ends: Instant,
    /// Lets the token run out.
    careless: bool,
    /// It has said that everything missed was told.
    caught_up: bool,
}

/// What came of an operation.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// Done.
    Ok(Value),
    /// Certainly not done.
    Fail(Option<String>),
    /// Nobody knows.
    Unknown,
}

impl Session {
    /// A client of that person.
    pub(crate) fn new(world: Arc<World>, user: &str, number: usize, seed: u64, pace: Pace) -> Self {
        Self {
            world,
            rng: fastrand::Rng::with_seed(seed),
            name: format!("{user}.s{number}"),
            user: user.to_owned(),
            process: 0,
            pace,
            live: None,
            since: None,
            fetched: false,
            ahead: 0,
            aside: None,
            last_node: None,
            knows: Knowledge::default(),
            doubts: VecDeque::new(),
            intentions: VecDeque::new(),
            failures: 0,
        }
    }

    /// Works until the load ends, stays connected while everything settles, and goes through the final
    /// part; `first` does it on behalf of all sessions of that person.
    pub(crate) async fn run(mut self, first: bool) {
        loop {
            match self.world.phase() {
                Phase::Final => break,
                Phase::Settle => self.rest().await,
                _ => self.work().await,
            }
        }
        self.finish(first).await;
    }

    /// One step under load.
    async fn work(&mut self) {
        if self.live.is_none() {
            self.back_off().await;
            if self.rng.u8(..100) < 20 {
                self.act(true).await;
            }
            self.connect().await;
            return;
        }
        let most = u64::try_from(self.pace.think.as_millis()).unwrap_or(1_000);
        let think = Duration::from_millis(self.rng.u64(..=most.max(1)));
        self.listen(think).await;
        if self.gap() {
            self.catch_up().await;
        }
        if self.live.is_none() {
            return;
        }
        if self.rng.u16(..1_000) < self.pace.leaves {
            let politely = self.rng.bool();
            self.leave(politely).await;
            return;
        }
        self.keep_token().await;
        match self.rng.u16(..1_000) {
            0..8 => self.manage_login(false).await,
            8..14 => self.manage_login(true).await,
            _ => self.act(false).await,
        }
    }

    /// One step without load.
    async fn rest(&mut self) {
        if self.live.is_none() {
            self.back_off().await;
            self.connect().await;
            return;
        }
        self.listen(Duration::from_millis(200)).await;
        if self.gap() {
            self.catch_up().await;
        }
        self.keep_token().await;
    }

    async fn back_off(&mut self) {
        let most = 100_u64.saturating_mul(1 << self.failures.min(4));
        let wait = Duration::from_millis(self.rng.u64(10..=most));
        let mut phase = self.world.phase.subscribe();
        tokio::select! {
            () = sleep(wait) => {}
            _ = phase.changed() => {}
        }
    }

    /// Takes what comes for that long.
    async fn listen(&mut self, how_long: Duration) {
        let until = Instant::now() + how_long;
        let mut phase = self.world.phase.subscribe();
        while let Some(live) = &mut self.live {
            tokio::select! {
                incoming = live.socket.next() => self.take(incoming),
                () = sleep_until(until) => return,
                _ = phase.changed() => return,
            }
        }
    }

    /// Records what came, and learns from it.
    fn take(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Frame(frame) => {
                if let Some(live) = &self.live {
                    self.world.recorder.record(Record::Frame(Frame {
                        connection: live.connection,
                        frame: frame.clone(),
                    }));
                }
                self.learn_from(&frame);
            }
            Incoming::End(by, code) => {
                if code == Some(4201) {
                    World::count(&self.world.slow);
                }
                if code == Some(4010) || code == Some(4000) {
                    self.world
                        .recorder
                        .note(format!("{} was closed with {code:?}", self.name));
                }
                self.ended(by, code);
            }
        }
    }

    /// Records that the socket is gone.
    fn ended(&mut self, by: Party, code: Option<u16>) {
        if let Some(live) = self.live.take() {
            self.world.recorder.record(Record::Close(Close {
                connection: live.connection,
                by,
                code,
            }));
        }
        if !self.fetched {
            // What it knows is no state to go on from.
            self.since = None;
        }
    }

    /// Ends the socket from this side.
    async fn leave(&mut self, politely: bool) {
        if let Some(live) = self.live.take() {
            let connection = live.connection;
            live.socket.close(politely).await;
            self.world.recorder.record(Record::Close(Close {
                connection,
                by: Party::Client,
                code: None,
            }));
        }
        if !self.fetched {
            self.since = None;
        }
    }

    /// Whether an event is missing.
    fn gap(&self) -> bool {
        let since = self.since.as_ref();
        since.is_some_and(|since| self.ahead > since.position)
    }

    fn learn_from(&mut self, frame: &Value) {
        let event = frame.get("event").and_then(Value::as_str).unwrap_or("");
        let data = frame.get("data").unwrap_or(&Value::Null);
        if let Some(position) = frame.get("position").and_then(Value::as_u64) {
            if let Some(since) = &mut self.since {
                if position == since.position + 1 {
                    since.position = position;
                }
                self.ahead = self.ahead.max(position);
            }
            if let Some(talk) = self.knows.learn(&self.user, event, data) {
                self.world.keep(talk);
            }
        } else if matches!(event, "heartbeat" | "live") {
            if let Some(live) = &mut self.live {
                live.caught_up |= event == "live";
            }
            let head = data.get("position").and_then(Value::as_u64);
            self.ahead = self.ahead.max(head.unwrap_or(0));
        }
    }
}
