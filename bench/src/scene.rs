//! People with their sessions and conversations, and how they send: one after the other, or by the clock.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;

use crate::{
    client::{Api, token},
    frames::{Dialect, Send},
    links::Links,
    traffic::{Pair, Traffic},
    wire::{self, Speech},
};

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many sessions are opened at the same time.
const AT_ONCE: usize = 8;

/// How long a turn may wait when there is nothing else to do.
const TURN: Duration = Duration::from_millis(50);

/// How often sessions say something: the service sends away who is silent for 75 seconds.
const PING_EVERY: Duration = Duration::from_secs(25);

/// A conversation, and its two people.
#[derive(Debug, Clone)]
pub(crate) struct Couple {
    pub(crate) sender: String,
    pub(crate) receiver: String,
    pub(crate) conversation: String,
}

/// How people are connected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Connected {
    pub(crate) dialect: Dialect,
    /// Sessions of each person.
    pub(crate) devices: usize,
}

impl Default for Connected {
    fn default() -> Self {
        Self {
            dialect: Dialect::Socket,
            devices: 1,
        }
    }
}

/// People who talk.
pub(crate) struct Scene {
    pub(crate) links: Links,
    pub(crate) traffic: Traffic,
    pinged_at: Instant,
}

/// Opens a conversation for each of these pairs of a buyer and a seller.
pub(crate) async fn couples(
    address: SocketAddr,
    people: impl Iterator<Item = (String, String)>,
) -> Result<Vec<Couple>> {
    let api = Api::new(address)?;
    let mut couples = Vec::new();
    for (sender, receiver) in people {
        couples.push(Couple {
            conversation: api.open(&sender, &receiver).await?,
            sender,
            receiver,
        });
    }
    Ok(couples)
}

/// So many buyers, each with a seller of their own.
pub(crate) fn strangers(pairs: usize) -> impl Iterator<Item = (String, String)> {
    (0..pairs).map(|number| (format!("buyer-{number}"), format!("seller-{number}")))
}

/// The first frame of a session; it is resumed from an epoch and a position if they are given.
pub(crate) fn hello(token: &str, since: Option<(String, u64)>) -> Result<Vec<u8>> {
    let mut hello = json!({"op": "hello", "id": 1, "token": token});
    if let (Some((epoch, position)), Some(hello)) = (since, hello.as_object_mut()) {
        hello.insert(
            "since".to_owned(),
            json!({"epoch": epoch, "position": position}),
        );
    }
    wire::text(hello.to_string().as_bytes())
}

/// The same for the peer of socket.io, which takes everybody's word for who they are.
fn peer_hello(person: &str) -> Result<Vec<u8>> {
    wire::text(format!("40{}", json!({"person": person})).as_bytes())
}

/// What a session asks for before it is one.
pub(crate) fn upgrade(dialect: Dialect) -> Vec<u8> {
    match dialect {
        Dialect::SocketIo => wire::ask_for_upgrade("/socket.io/?EIO=4&transport=websocket", None),
        Dialect::Socket | Dialect::Http => {
            wire::ask_for_upgrade("/api/messages/ws", Some("messaging.v1"))
        }
    }
}

impl Scene {
    /// Nobody yet.
    pub(crate) fn empty(dialect: Dialect) -> Result<Self> {
        Ok(Self {
            links: Links::new()?,
            traffic: Traffic::new(dialect)?,
            pinged_at: Instant::now(),
        })
    }

    /// Has everybody come in who takes part.
    pub(crate) fn set(
        address: SocketAddr,
        couples: &[Couple],
        connected: Connected,
    ) -> Result<Self> {
        let mut scene = Self::empty(connected.dialect)?;
        let mut people = std::collections::HashMap::new();
        for couple in couples {
            scene.person(address, &mut people, &couple.sender, connected, true)?;
            scene.person(address, &mut people, &couple.receiver, connected, false)?;
        }
        scene.until_live(0)?;
        // After the sessions: a connection of HTTP that says nothing for long is closed.
        for couple in couples {
            let known = |name: &str| people.get(name).copied().context("nobody");
            let (sender, receiver) = (known(&couple.sender)?, known(&couple.receiver)?);
            let send = Send::new(
                connected.dialect,
                &scene.traffic.phrases,
                &couple.conversation,
                &token(&couple.sender)?,
            )?;
            // Several may send for the same person.
            let link = if connected.dialect == Dialect::Http {
                scene.traffic.http();
                scene.links.open(address, Speech::Http, None)?
            } else {
                sender.1
            };
            scene.traffic.pair(Pair {
                link,
                sender: sender.0,
                receiver: receiver.0,
                receives_on: receiver.1,
                conversation: couple.conversation.clone(),
                send,
            });
        }
        Ok(scene)
    }

    /// A person with their sessions: their number, and the connection they send on.
    fn person(
        &mut self,
        address: SocketAddr,
        people: &mut std::collections::HashMap<String, (usize, usize)>,
        name: &str,
        connected: Connected,
        sends: bool,
    ) -> Result<(usize, usize)> {
        if let Some(known) = people.get(name) {
            return Ok(*known);
        }
        let person = self.traffic.person();
        let link = self.links.count();
        if !sends || connected.dialect != Dialect::Http {
            for _ in 0..connected.devices {
                self.session(address, connected.dialect, person, name)?;
            }
        }
        people.insert(name.to_owned(), (person, link));
        Ok((person, link))
    }

    /// Opens a session; waits when too many are not live yet.
    pub(crate) fn session(
        &mut self,
        address: SocketAddr,
        dialect: Dialect,
        person: usize,
        name: &str,
    ) -> Result<usize> {
        let hello = match dialect {
            Dialect::SocketIo => peer_hello(name)?,
            Dialect::Socket | Dialect::Http => hello(&token(name)?, None)?,
        };
        self.traffic.session(person, hello)?;
        let source = Some(self.links.count());
        let link = self.links.open(address, Speech::Upgrading, source)?;
        self.links.out.to(link)?.extend(upgrade(dialect));
        self.until_live(AT_ONCE)?;
        Ok(link)
    }

    /// Hears what has come, waits for it if nothing has, and shows that everybody is still there.
    pub(crate) fn turn(&mut self) -> Result<()> {
        self.links.turn(TURN, &mut self.traffic)?;
        if self.pinged_at.elapsed() > PING_EVERY {
            self.pinged_at = Instant::now();
            self.traffic.ping(&mut self.links.out)?;
        }
        Ok(())
    }

    /// Waits until no more than so many sessions are not live.
    pub(crate) fn until_live(&mut self, limit: usize) -> Result<()> {
        let begun = Instant::now();
        while self.traffic.expected - self.traffic.live > limit {
            self.turn()?;
            ensure!(begun.elapsed() < PATIENCE, "not everybody came in");
        }
        Ok(())
    }

    /// Everybody sends, each the next message when the last one has arrived, so many at a time.
    pub(crate) fn begin_closed(&mut self, in_flight: usize) -> Result<()> {
        self.traffic.flights.ready.clear();
        for pair in 0..self.traffic.pairs() {
            for _ in 0..in_flight {
                self.traffic
                    .send(pair, Instant::now(), &mut self.links.out)?;
            }
        }
        Ok(())
    }

    /// Goes on like that until a moment.
    pub(crate) fn closed_until(&mut self, end: Instant) -> Result<()> {
        let mut heard_at = Instant::now();
        loop {
            self.turn()?;
            let now = Instant::now();
            if !self.traffic.flights.ready.is_empty() {
                heard_at = now;
            }
            ensure!(
                now - heard_at < PATIENCE,
                "no message arrived for {PATIENCE:?}"
            );
            if now >= end {
                return Ok(());
            }
            while let Some(pair) = self.traffic.flights.ready.pop() {
                self.traffic.send(pair, now, &mut self.links.out)?;
            }
        }
    }

    /// Sends by the clock, so many a second, so many at once, from a moment to another, or until it is told that
    /// it is over.
    pub(crate) fn open_until(
        &mut self,
        begin: Instant,
        end: Instant,
        pace: Pace,
        mut each_turn: impl FnMut(&mut Self, Instant) -> Result<bool>,
    ) -> Result<()> {
        let mut number = 0_u32;
        loop {
            self.turn()?;
            self.traffic.flights.ready.clear();
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            loop {
                let due = begin + pace.interval() * (number / pace.burst);
                if due > now {
                    break;
                }
                let pairs = self.traffic.pairs();
                let pair = usize::try_from(number).unwrap_or(0) % pairs.max(1);
                self.traffic.send(pair, due, &mut self.links.out)?;
                number += 1;
            }
            if each_turn(self, now)? {
                return Ok(());
            }
        }
    }

    /// Waits until everything that was sent has arrived wherever it has to.
    pub(crate) fn settle(&mut self) -> Result<()> {
        let begun = Instant::now();
        while self.traffic.flights.under_way > 0 {
            self.turn()?;
            if begun.elapsed() > PATIENCE {
                bail!("{} messages never arrived", self.traffic.flights.under_way);
            }
        }
        self.traffic.flights.ready.clear();
        Ok(())
    }
}

/// How often something is sent by the clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// In a second, all together.
    pub(crate) rate: u32,
    /// How many at the same time.
    pub(crate) burst: u32,
}

impl Pace {
    /// From one burst to the next.
    pub(crate) fn interval(self) -> Duration {
        Duration::from_secs(1) * self.burst / self.rate
    }

    /// How often one has to look.
    pub(crate) fn tick(self) -> Duration {
        self.interval().max(Duration::from_micros(100))
    }
}

/// A moment from now.
pub(crate) fn after(length: Duration) -> Result<Instant> {
    Instant::now().checked_add(length).context("too long a run")
}
