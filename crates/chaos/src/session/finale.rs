//! The last part: at rest, everybody resumes and fetches everything, through every node.

use std::time::Duration;

use messaging_history::{Call, event::Since};
use serde_json::Value;
use tokio::time::sleep;

use super::{Outcome, Session};
use crate::act::Act;

/// How often something is asked again; nothing is broken any more.
const TRIES: usize = 8;

impl Session {
    /// Reconnects with the last position and fetches.
    pub(super) async fn finish(mut self, first: bool) {
        self.leave(true).await;
        let doors = self.world.doors.len();
        let here = self.rng.usize(..doors);
        for _ in 0..TRIES {
            if self.connect_at(here, false).await {
                break;
            }
            sleep(Duration::from_millis(300)).await;
        }
        self.listen_until_calm().await;
        self.inbox(here).await;
        self.insist(Call::Unread, None, here).await;
        if first {
            for door in 0..doors {
                self.everything(door).await;
            }
        }
        self.leave(true).await;
    }

    /// Takes what comes until nothing is missing, as far as can be known.
    async fn listen_until_calm(&mut self) {
        for _ in 0..40 {
            if self.live.as_ref().is_none_or(|live| live.caught_up) {
                break;
            }
            self.listen(Duration::from_millis(100)).await;
        }
        for _ in 0..TRIES {
            if self.live.is_none() || !self.gap() {
                return;
            }
            self.catch_up().await;
        }
    }

    async fn insist(&mut self, call: Call, cursor: Option<String>, door: usize) -> Option<Value> {
        let mut act = Act::of(call);
        act.cursor = cursor;
        for _ in 0..TRIES {
            if let Outcome::Ok(reply) = self.request(&act, door).await {
                return Some(reply);
            }
            sleep(Duration::from_millis(300)).await;
        }
        None
    }

    async fn inbox(&mut self, door: usize) {
        for archived in [false, true] {
            let mut cursor = None;
            loop {
                let call = Call::Inbox {
                    archived,
                    continued: cursor.is_some(),
                    q: None,
                    limit: Some(100),
                };
                let Some(reply) = self.insist(call, cursor, door).await else {
                    return;
                };
                cursor = next_of(&reply);
                if cursor.is_none() {
                    break;
                }
            }
        }
    }

    /// All messages of all conversations, all events, and the numbers, through one node.
    async fn everything(&mut self, door: usize) {
        self.inbox(door).await;
        self.insist(Call::Unread, None, door).await;
        for talk in self.world.talks(&self.user, true) {
            let mut after = 0;
            loop {
                let call = Call::Page {
                    conversation: talk.id.clone(),
                    before_seq: None,
                    after_seq: Some(after),
                    around_seq: None,
                    limit: Some(200),
                };
                let Some(reply) = self.insist(call, None, door).await else {
                    break;
                };
                let items = reply.get("items").and_then(Value::as_array);
                let last = items.and_then(|items| items.last()?.get("seq")?.as_u64());
                match (last, reply.get("hasAfter")) {
                    (Some(last), Some(Value::Bool(true))) => after = last,
                    _ => break,
                }
            }
        }
        self.events(door).await;
    }

    async fn events(&mut self, door: usize) {
        let Some(Since { epoch, .. }) = self.since.clone() else {
            return;
        };
        let mut since = 0;
        loop {
            let call = Call::Sync {
                since,
                epoch: epoch.clone(),
                limit: Some(1_000),
            };
            let Some(reply) = self.insist(call, None, door).await else {
                return;
            };
            let position = reply.get("position").and_then(Value::as_u64);
            match (position, reply.get("more")) {
                (Some(position), Some(Value::Bool(true))) if position > since => since = position,
                _ => return,
            }
        }
    }
}

fn next_of(reply: &Value) -> Option<String> {
    reply
        .get("nextCursor")
        .and_then(Value::as_str)
        .map(str::to_owned)
}
