//! Messages under way. Each has to be acknowledged once, and told once and in order to every session of its
//! two people and to nobody else: whatever else happens is an error, so that no figure hides a loss.

use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};
use memchr::memmem;

use crate::{
    flights::{Flights, Side},
    frames::{Dialect, Finders, Phrases, Send, acknowledged, number_of_id},
    latencies::Latencies,
    links::{Out, Talk},
    wire::{self, Heard},
};

/// The id of `hello`; also that of nothing else.
const HELLO: u64 = 1;

/// The id of ops that are not looked at one by one.
pub(crate) const OTHER_OP: u64 = 2;

/// What a service says to whom it cannot let in now.
const OVERLOADED: &[u8] = b"\"code\":\"overloaded\"";

/// What a connection is for.
enum Role {
    /// One of a person's sessions.
    Session(Session),
    /// Sends over HTTP.
    Sender,
}

struct Session {
    person: usize,
    hello: Vec<u8>,
    /// The last event's.
    position: u64,
    epoch: String,
    live: bool,
    /// Told to come back later, and not gone yet.
    refused: bool,
}

/// Somebody who writes to somebody.
pub(crate) struct Pair {
    /// The connection that messages are sent on.
    pub(crate) link: usize,
    pub(crate) sender: usize,
    pub(crate) receiver: usize,
    /// One of the receiver's connections.
    pub(crate) receives_on: usize,
    pub(crate) conversation: String,
    pub(crate) send: Send,
}

/// Who talks, and what is under way.
pub(crate) struct Traffic {
    dialect: Dialect,
    pub(crate) phrases: Phrases,
    finders: Finders,
    roles: Vec<Role>,
    pairs: Vec<Pair>,
    /// How many sessions each person has.
    sessions: Vec<u32>,
    pub(crate) flights: Flights,
    /// Sessions that are live.
    pub(crate) live: usize,
    /// Sessions there are.
    pub(crate) expected: usize,
    /// Whether what happens now counts.
    pub(crate) counting: bool,
    pub(crate) acknowledged: Latencies,
    pub(crate) delivered: Latencies,
    /// Answers to other ops.
    pub(crate) others: u64,
    /// Whether a session may be told to come back later.
    pub(crate) lenient: bool,
    /// Those that were.
    pub(crate) refused: Vec<usize>,
    /// Other ops that are not answered yet.
    pub(crate) asked: u64,
}

impl Traffic {
    pub(crate) fn new(dialect: Dialect) -> Result<Self> {
        Ok(Self {
            dialect,
            phrases: Phrases::new(),
            finders: Finders::new(),
            roles: Vec::new(),
            pairs: Vec::new(),
            sessions: Vec::new(),
            flights: Flights::new(),
            live: 0,
            expected: 0,
            counting: false,
            acknowledged: Latencies::new()?,
            delivered: Latencies::new()?,
            others: 0,
            lenient: false,
            refused: Vec::new(),
            asked: 0,
        })
    }

    /// Somebody without a session yet; gives back their number.
    pub(crate) fn person(&mut self) -> usize {
        self.sessions.push(0);
        self.sessions.len() - 1
    }

    /// The next connection is a session of this person, which begins with these bytes.
    pub(crate) fn session(&mut self, person: usize, hello: Vec<u8>) -> Result<()> {
        let sessions = self.sessions.get_mut(person).context("nobody")?;
        *sessions += 1;
        self.expected += 1;
        self.roles.push(Role::Session(Session {
            person,
            hello,
            position: 0,
            epoch: String::new(),
            live: false,
            refused: false,
        }));
        Ok(())
    }

    /// The next connection sends over HTTP.
    pub(crate) fn http(&mut self) {
        self.roles.push(Role::Sender);
    }

    pub(crate) fn pair(&mut self, pair: Pair) {
        self.pairs.push(pair);
    }

    pub(crate) fn pairs(&self) -> usize {
        self.pairs.len()
    }

    /// A session was cut.
    pub(crate) fn cut(&mut self, link: usize) -> Result<()> {
        if std::mem::take(&mut self.of(link)?.live) {
            self.live -= 1;
        }
        Ok(())
    }

    /// The epoch and the position up to which a session was told.
    pub(crate) fn place(&mut self, link: usize) -> Result<(String, u64)> {
        let session = self.of(link)?;
        Ok((session.epoch.clone(), session.position))
    }

    /// What a session that was cut begins with when it comes back.
    pub(crate) fn come_back(&mut self, link: usize, hello: Vec<u8>) -> Result<()> {
        let session = self.of(link)?;
        session.hello = hello;
        session.refused = false;
        Ok(())
    }

    fn of(&mut self, link: usize) -> Result<&mut Session> {
        match self.roles.get_mut(link) {
            Some(Role::Session(session)) => Ok(session),
            _ => bail!("not a session"),
        }
    }

    /// Sends a pair's next message, which was due at a moment.
    pub(crate) fn send(&mut self, pair: usize, due: Instant, out: &mut Out) -> Result<()> {
        let told = self.pairs.get(pair).context("no such pair")?;
        let sessions = |person: usize| self.sessions.get(person).copied().unwrap_or(0);
        let number = self.flights.sent();
        told.send.say(&self.phrases, number, out.to(told.link)?);
        self.flights
            .launch(pair, due, sessions(told.sender), sessions(told.receiver))
    }

    /// Has every session that is live say something.
    pub(crate) fn ping(&mut self, out: &mut Out) -> Result<()> {
        if self.dialect == Dialect::SocketIo {
            // There the server asks.
            return Ok(());
        }
        let ping = wire::text(format!("{{\"id\":{OTHER_OP},\"op\":\"ping\"}}").as_bytes())?;
        for (link, role) in self.roles.iter().enumerate() {
            if matches!(role, Role::Session(session) if session.live) {
                out.to(link)?.extend(&ping);
                self.asked += 1;
            }
        }
        Ok(())
    }

    /// A pair's receiver says that all of the conversation was read.
    pub(crate) fn mark_read(&mut self, pair: usize, out: &mut Out) -> Result<()> {
        let pair = self.pairs.get(pair).context("no such pair")?;
        let link = pair.receives_on;
        let conversation = &pair.conversation;
        // Further than there are messages: the cursor stops at the last one.
        let op = format!(
            "{{\"id\":{OTHER_OP},\"op\":\"conversation.read\",\"conversationId\":\"{conversation}\",\"seq\":1000000000}}"
        );
        out.to(link)?.extend(wire::text(op.as_bytes())?);
        self.asked += 1;
        Ok(())
    }

    fn acknowledge(&mut self, link: usize, number: u64) -> Result<()> {
        let pair = self.flights.pair(number)?;
        let from = self.pairs.get(pair).map(|pair| pair.link);
        ensure!(
            from == Some(link),
            "an acknowledgement came to somebody else"
        );
        let begun = self.flights.acknowledge(number)?;
        if self.counting {
            self.acknowledged.add(begun.elapsed())?;
        }
        Ok(())
    }

    fn deliver(&mut self, person: usize, number: u64) -> Result<()> {
        let pair = self.flights.pair(number)?;
        let pair = self.pairs.get(pair).context("no such pair")?;
        let side = match person {
            _ if person == pair.sender => Side::Sender,
            _ if person == pair.receiver => Side::Receiver,
            _ => bail!("an outsider was told of message {number}"),
        };
        let begun = self.flights.deliver(number, side)?;
        if self.counting && side == Side::Receiver {
            self.delivered.add(begun.elapsed())?;
        }
        Ok(())
    }

    fn number(&self, said: &[u8]) -> Result<u64> {
        let client_id = self.finders.client_id(said);
        client_id
            .and_then(|id| self.phrases.number(id))
            .with_context(|| format!("not one of ours: {}", shown(said)))
    }

    fn text(&mut self, link: usize, said: &[u8], out: &mut Out) -> Result<()> {
        if self.dialect == Dialect::SocketIo {
            return self.peer_text(link, said, out);
        }
        if let Some((id, rest)) = acknowledged(self.dialect, said) {
            if id == HELLO && self.lenient && memmem::find(rest, OVERLOADED).is_some() {
                self.of(link)?.refused = true;
                self.refused.push(link);
                return Ok(());
            }
            ensure!(rest.starts_with(b",\"ok\":"), "refused: {}", shown(said));
            return match id {
                HELLO => self.greeted(link, said),
                OTHER_OP => {
                    self.others += 1;
                    self.asked = self.asked.checked_sub(1).context("answered twice")?;
                    Ok(())
                }
                id => self.acknowledge(link, number_of_id(id).context("an unknown id")?),
            };
        }
        let event = self.finders.event(said);
        let position = self.finders.position(said);
        match event {
            Some(b"live") => {
                let session = self.of(link)?;
                ensure!(
                    position == Some(session.position) && !session.live,
                    "live at another position than {}: {}",
                    session.position,
                    shown(said)
                );
                session.live = true;
                self.live += 1;
                return Ok(());
            }
            Some(b"bye") if self.of(link)?.refused => return Ok(()),
            Some(b"heartbeat" | b"presence" | b"typing") => return Ok(()),
            Some(
                b"message.created"
                | b"cursor.moved"
                | b"conversation.created"
                | b"conversation.updated",
            ) => {}
            _ => bail!("unexpected: {}", shown(said)),
        }
        let session = self.of(link)?;
        ensure!(
            position == Some(session.position + 1),
            "after position {} came {}",
            session.position,
            shown(said)
        );
        session.position += 1;
        let person = session.person;
        if event == Some(b"message.created") {
            let number = self.number(said)?;
            self.deliver(person, number)?;
        }
        Ok(())
    }

    /// What the peer of socket.io says: it has no positions.
    fn peer_text(&mut self, link: usize, said: &[u8], out: &mut Out) -> Result<()> {
        if let Some((id, rest)) = acknowledged(self.dialect, said) {
            ensure!(rest.starts_with(b"[{\"ok\":"), "refused: {}", shown(said));
            return self.acknowledge(link, number_of_id(id).context("an unknown id")?);
        }
        if said.starts_with(b"42[\"message.created\",") {
            let number = self.number(said)?;
            let person = self.of(link)?.person;
            return self.deliver(person, number);
        }
        match said.first() {
            Some(b'0') => {
                let hello = std::mem::take(&mut self.of(link)?.hello);
                out.to(link)?.extend(hello);
            }
            Some(b'2') => out.to(link)?.extend(wire::text(b"3")?),
            Some(b'4') if said.starts_with(b"40{") => {
                self.of(link)?.live = true;
                self.live += 1;
            }
            _ => bail!("unexpected: {}", shown(said)),
        }
        Ok(())
    }

    fn greeted(&mut self, link: usize, said: &[u8]) -> Result<()> {
        let hello: serde_json::Value = serde_json::from_slice(said).context("a hello")?;
        let ok = hello.get("ok").context("a hello without an answer")?;
        let field = |name: &str| ok.get(name).context("a hello lacks something");
        let session = self.of(link)?;
        let epoch = field("epoch")?.as_str().context("an epoch is a word")?;
        epoch.clone_into(&mut session.epoch);
        if !field("resumed")?
            .as_bool()
            .context("resumed or not is yes or no")?
        {
            ensure!(
                session.position == 0,
                "a session was not resumed: {}",
                shown(said)
            );
            session.position = field("position")?
                .as_u64()
                .context("a position is a number")?;
        }
        Ok(())
    }
}

fn shown(said: &[u8]) -> String {
    String::from_utf8_lossy(said.get(..said.len().min(600)).unwrap_or_default()).into_owned()
}

impl Talk for Traffic {
    fn heard(&mut self, link: usize, heard: Heard<'_>, out: &mut Out) -> Result<()> {
        match heard {
            Heard::Text(said) => self.text(link, said, out),
            Heard::Answer { status: 201, body } => {
                let number = self.number(body)?;
                self.acknowledge(link, number)
            }
            Heard::Answer { status, body } => bail!("refused: {status} {}", shown(body)),
            Heard::Upgraded if self.dialect == Dialect::SocketIo => Ok(()),
            Heard::Upgraded => {
                let hello = std::mem::take(&mut self.of(link)?.hello);
                out.to(link)?.extend(hello);
                Ok(())
            }
            Heard::Ping(_) => Ok(()),
            Heard::Closed(why) => {
                ensure!(self.of(link)?.refused, "the service closed: {why}");
                Ok(())
            }
            Heard::Ended => {
                ensure!(self.of(link)?.refused, "the service ended a connection");
                Ok(())
            }
        }
    }
}
