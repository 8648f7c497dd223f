//! Opening a socket, `hello`, and what has to be fetched before the stream means something.

use std::{sync::Arc, time::Duration};

use messaging_history::{
    Call, Record,
    event::{Close, Hello, Open, Party, Since},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{GIVES_UP, Live, Outcome, Session, knowledge::talk_of};
use crate::{
    act::Act,
    socket::{Incoming, Socket},
    world::World,
};

/// How long a token is good for: of most, and of those that are to run out.
const TOKEN: (i64, i64) = (90, 8);

impl Session {
    /// Connects to a node at random.
    pub(super) async fn connect(&mut self) {
        let door = self.rng.usize(..self.world.doors.len());
        let careless = self.rng.u8(..100) < 8;
        self.connect_at(door, careless).await;
    }

    /// Connects to that node, from where it was.
    pub(super) async fn connect_at(&mut self, number: usize, careless: bool) -> bool {
        let world = Arc::clone(&self.world);
        let aside = self.aside.clone();
        let Some(door) = aside.as_ref().or_else(|| world.doors.get(number)) else {
            return false;
        };
        let seconds = if careless { TOKEN.1 } else { TOKEN.0 };
        self.failures += 1;
        let Some((token, login)) = self.token(door, seconds).await else {
            return false;
        };
        let connection = world.recorder.connection();
        let since = self.since.clone();
        world.recorder.record(Record::Open(Open {
            connection,
            session: self.name.clone(),
            user: self.user.clone(),
            node: door.node.clone(),
            login,
            since: since.clone(),
        }));
        self.knows.rooms.clear();
        let Ok(socket) = Socket::open(door, aside.is_some()).await else {
            world.recorder.record(Record::Close(Close {
                connection,
                by: Party::Network,
                code: None,
            }));
            return false;
        };
        let life = Duration::from_secs(u64::try_from(seconds).unwrap_or(1));
        self.live = Some(Live {
            socket,
            connection,
            door: number,
            next_id: 0,
            token_ends: Instant::now() + life,
            careless,
            caught_up: false,
        });
        let Some(reply) = self.hello(&token, since.as_ref()).await else {
            return false;
        };
        self.failures = 0;
        self.greeted(since, &reply, &door.node);
        if self.fetched {
            return true;
        }
        self.fetch(number).await
    }

    async fn hello(&mut self, token: &str, since: Option<&Since>) -> Option<Value> {
        let mut hello = json!({"id": 0, "op": "hello", "token": token, "client": "chaos"});
        if let (Some(since), Some(fields)) = (since, hello.as_object_mut()) {
            fields.insert("since".to_owned(), json!(since));
        }
        let live = self.live.as_mut()?;
        if live.socket.send(&hello).await.is_err() {
            self.ended(Party::Network, None);
            return None;
        }
        let deadline = Instant::now() + GIVES_UP;
        while let Some(live) = &mut self.live {
            let connection = live.connection;
            tokio::select! {
                incoming = live.socket.next() => match incoming {
                    Incoming::Frame(frame) if frame.get("reply") == Some(&json!(0)) => {
                        let Some(reply) = frame.get("ok").cloned() else {
                            let code = frame.pointer("/error/code").unwrap_or(&Value::Null);
                            let who = &self.name;
                            self.world.recorder.note(format!("{who}'s hello was refused: {code}"));
                            self.leave(true).await;
                            return None;
                        };
                        self.world.recorder.record(Record::Hello(Hello {
                            connection,
                            reply: reply.clone(),
                        }));
                        return Some(reply);
                    }
                    incoming => self.take(incoming),
                },
                () = sleep_until(deadline) => self.leave(false).await,
            }
        }
        None
    }

    fn greeted(&mut self, since: Option<Since>, reply: &Value, node: &str) {
        let epoch = reply.get("epoch").and_then(Value::as_str).unwrap_or("");
        let position = reply.get("position").and_then(Value::as_u64).unwrap_or(0);
        if reply.get("resumed") == Some(&Value::Bool(true)) {
            if since.is_some_and(|since| since.position < position) {
                World::count(&self.world.resumed);
                if self.last_node.as_deref().is_some_and(|last| last != node) {
                    World::count(&self.world.resumed_elsewhere);
                }
            }
        } else {
            self.since = Some(Since {
                epoch: epoch.to_owned(),
                position,
            });
            self.fetched = false;
            self.ahead = 0;
        }
        self.last_node = Some(node.to_owned());
    }

    /// Fetches the conversation lists, the first of which says how far it has seen.
    async fn fetch(&mut self, door: usize) -> bool {
        for archived in [false, true] {
            let mut cursor = None;
            loop {
                let mut act = Act::of(Call::Inbox {
                    archived,
                    continued: cursor.is_some(),
                    q: None,
                    limit: Some(100),
                });
                let first = !archived && cursor.is_none();
                act.cursor = cursor;
                let Outcome::Ok(reply) = self.request(&act, door).await else {
                    self.leave(true).await;
                    return false;
                };
                let position = reply.get("position").and_then(Value::as_u64).unwrap_or(0);
                if let (true, Some(since)) = (first, &mut self.since) {
                    since.position = since.position.max(position);
                }
                for conversation in reply
                    .get("items")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                {
                    if let Some(talk) = talk_of(&self.user, conversation) {
                        self.world.keep(talk);
                    }
                }
                cursor = reply
                    .get("nextCursor")
                    .and_then(Value::as_str)
                    .map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
        }
        self.fetched = self.live.is_some();
        self.fetched
    }

    /// Asks for what is missing.
    pub(super) async fn catch_up(&mut self) {
        // What is on its way comes first: 300 ms, as the contract says.
        self.listen(Duration::from_millis(300)).await;
        let (Some(since), Some(live)) = (self.since.clone(), &self.live) else {
            return;
        };
        if !self.gap() {
            return;
        }
        let door = live.door;
        let act = Act::of(Call::Sync {
            since: since.position,
            epoch: since.epoch,
            limit: Some(1_000),
        });
        if let Outcome::Ok(reply) = self.request(&act, door).await {
            let events = reply.get("events").and_then(Value::as_array);
            for event in events.into_iter().flatten() {
                self.learn_from(event);
            }
        }
    }

    /// Shows a fresh token in time, unless it is careless.
    pub(super) async fn keep_token(&mut self) {
        if self.world.account(&self.user).is_some() {
            // The token of a login outlives the run, and another login's would not be this socket's.
            return;
        }
        let Some(live) = &mut self.live else { return };
        if live.careless || live.token_ends > Instant::now() + Duration::from_mins(1) {
            return;
        }
        live.token_ends = Instant::now() + Duration::from_secs(90);
        let world = Arc::clone(&self.world);
        let door = world.doors.first();
        let Some(door) = door else { return };
        if let Some((token, _)) = self.token(door, TOKEN.0).await {
            let asked = json!({"op": "token.refresh", "token": token});
            self.speak(&Act::of(Call::TokenRefresh), Some(asked)).await;
        }
    }
}
