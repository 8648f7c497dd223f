//! Three nodes are replaced in turn while people talk through all of them.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    net::SocketAddr,
};

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::Nats;
use crate::{
    app::{Person, TestApp, text, uuid},
    ws::socket::{Socket, check},
};

const NODES: usize = 3;

/// Conversations, each of two people who write as fast as they are answered.
const CONVERSATIONS: usize = 6;

/// Where a client finds the nodes; none while one is being replaced.
type Directory = RefCell<[Option<SocketAddr>; NODES]>;

/// A client that comes back whenever it is sent away, and tries again what was not answered.
struct Talker {
    person: Person,
    conversation: String,
    /// The node whose guest it is.
    home: usize,
    socket: Option<Socket>,
    epoch: Value,
    position: i64,
    /// The messages that were told of, by their numbers.
    told: Vec<(i64, String)>,
    /// What it was told that was stored.
    stored: Vec<String>,
    /// By which node it was sent away, and when it may come back.
    sent_away: Vec<(usize, u64)>,
}

impl Talker {
    fn new(person: &Person, conversation: &str, home: usize) -> Self {
        Self {
            person: person.clone(),
            conversation: conversation.to_owned(),
            home,
            socket: None,
            epoch: Value::Null,
            position: 0,
            told: Vec::new(),
            stored: Vec::new(),
            sent_away: Vec::new(),
        }
    }

    /// Talks until it is told to stop, and has an answer to what it said.
    async fn talk(&mut self, nodes: &Directory, enough: &Cell<bool>) {
        while !enough.get() {
            let client_id = uuid();
            while !self.said(nodes, &client_id).await {}
            self.stored.push(client_id);
        }
    }

    /// Whether it was stored; otherwise it has to be tried again.
    async fn said(&mut self, nodes: &Directory, client_id: &str) -> bool {
        self.connect(nodes).await;
        let send = json!({
            "id": client_id, "op": "message.send", "clientId": client_id,
            "conversationId": self.conversation, "content": text("hello"),
        });
        let Some(mut reply) = self.ask(&send).await else {
            return false;
        };
        if reply["error"].is_null() {
            assert_eq!(reply["ok"]["message"]["clientId"], client_id);
            return true;
        }
        assert_eq!(reply["error"].take()["code"], "overloaded");
        false
    }

    /// Goes to the next node that is there, and goes on where it was.
    async fn connect(&mut self, nodes: &Directory) {
        while self.socket.is_none() {
            let there = nodes.borrow()[self.home];
            self.socket = match there {
                Some(address) => Socket::reach(address).await,
                None => None,
            };
            let since = (!self.epoch.is_null())
                .then(|| json!({ "epoch": self.epoch, "position": self.position }));
            let hello =
                json!({ "id": 0, "op": "hello", "token": self.person.token, "since": since });
            let welcome = match self.socket {
                Some(_) => self.ask(&hello).await,
                None => None,
            };
            if let Some(mut welcome) = welcome {
                let welcome = welcome["ok"].take();
                assert_eq!(welcome["resumed"], since.is_some(), "{welcome}");
                if since.is_none() {
                    self.epoch = welcome["epoch"].clone();
                    self.position = welcome["position"].as_i64().unwrap();
                }
            } else {
                self.socket = None;
                self.home = (self.home + 1) % NODES;
                tokio::task::yield_now().await;
            }
        }
    }

    /// Says something, and hears what comes up to the answer; `None` when it is sent away first.
    async fn ask(&mut self, frame: &Value) -> Option<Value> {
        if !self.socket.as_mut()?.try_say(frame).await {
            // What was sent before it went can still be heard.
            while self.hear().await.is_some() {}
            return None;
        }
        loop {
            let heard = self.hear().await?;
            if heard["reply"] == frame["id"] {
                return Some(heard);
            }
            assert!(heard.get("reply").is_none(), "{heard}");
        }
    }

    /// The next frame; its position has to be the next one, too.
    async fn hear(&mut self) -> Option<Value> {
        loop {
            let heard = self.socket.as_mut()?.message().await;
            let frame: Value = match heard {
                Some(Message::Text(text)) => serde_json::from_str(&text).unwrap(),
                Some(Message::Ping(_) | Message::Pong(_)) => continue,
                Some(Message::Close(frame)) => {
                    assert_eq!(u16::from(frame.unwrap().code), 1_012);
                    continue;
                }
                _ => {
                    self.socket = None;
                    self.home = (self.home + 1) % NODES;
                    return None;
                }
            };
            check(&frame);
            if frame["event"] == "bye" {
                assert_eq!(frame["data"]["code"], 1_012, "{frame}");
                let after = frame["data"]["afterMs"].as_u64().unwrap();
                self.sent_away.push((self.home, after));
            }
            if let Some(position) = frame["position"].as_i64()
                && frame["event"] != "live"
                && frame["event"] != "heartbeat"
            {
                assert_eq!(position, self.position + 1, "{frame}");
                self.position = position;
            }
            if frame["event"] == "message.created" {
                let message = &frame["data"]["message"];
                let client_id = message["clientId"].as_str().unwrap().to_owned();
                self.told
                    .push((message["seq"].as_i64().unwrap(), client_id));
            }
            return Some(frame);
        }
    }
}

/// All messages of a conversation.
async fn read(node: &TestApp, person: &Person, conversation: &str) -> Vec<(i64, String)> {
    let mut all: Vec<(i64, String)> = Vec::new();
    loop {
        let after = all.len();
        let path = format!("/api/messages/conversations/{conversation}?afterSeq={after}&limit=200");
        let page = node.get(person, &path).await.expect(200);
        for message in page["items"].as_array().unwrap() {
            let client_id = message["clientId"].as_str().unwrap().to_owned();
            all.push((message["seq"].as_i64().unwrap(), client_id));
        }
        if page["hasAfter"] == false {
            return all;
        }
    }
}

#[actix_web::test]
async fn three_nodes_are_replaced_in_turn_and_nobody_misses_or_hears_twice_what_is_said() {
    let Some(nats) = Nats::start() else {
        return;
    };
    let url = nats.url();
    let start = async || TestApp::node(&url, |_| {}).await;
    let mut nodes = [start().await, start().await, start().await];
    let directory = Directory::new(nodes.each_ref().map(|node| Some(node.address())));
    let mut talkers = Vec::new();
    for _ in 0..CONVERSATIONS {
        let (ann, bob) = (nodes[0].person("ann").await, nodes[0].person("bob").await);
        let conversation = nodes[0].conversation(&ann, &bob).await;
        for person in [&ann, &bob] {
            let mut talker = Talker::new(person, &conversation, talkers.len() % NODES);
            talker.connect(&directory).await;
            talkers.push(talker);
        }
    }

    let enough = Cell::new(false);
    let roll = async {
        for (nth, node) in nodes.iter_mut().enumerate() {
            let new = start().await;
            directory.borrow_mut()[nth] = None;
            std::mem::replace(node, new).stop().await;
            directory.borrow_mut()[nth] = Some(node.address());
        }
        enough.set(true);
    };
    let talk = talkers
        .iter_mut()
        .map(|talker| talker.talk(&directory, &enough));
    join(roll, join_all(talk)).await;

    for nth in 0..NODES {
        let sent_away = talkers.iter().flat_map(|talker| &talker.sent_away);
        let afters: Vec<_> = sent_away
            .filter(|(node, _)| *node == nth)
            .map(|(_, after)| *after)
            .collect();
        assert!(
            afters.len() > 1 && afters.iter().all(|after| *after <= 6_000),
            "{afters:?}"
        );
        let different: BTreeSet<_> = afters.iter().collect();
        assert!(
            different.len() > 1,
            "they all come back at once: {afters:?}"
        );
    }
    for two in talkers.chunks_mut(2) {
        let stored = read(&nodes[0], &two[0].person, &two[0].conversation).await;
        let said: BTreeSet<_> = two
            .iter()
            .flat_map(|talker| &talker.stored)
            .cloned()
            .collect();
        assert!(
            stored
                .iter()
                .map(|(seq, _)| *seq)
                .eq(1..=i64::try_from(said.len()).unwrap())
        );
        assert_eq!(
            stored
                .iter()
                .map(|(_, id)| id.clone())
                .collect::<BTreeSet<_>>(),
            said
        );
        for talker in two {
            while talker.told.len() < stored.len() {
                talker.hear().await.expect("the rest of what was said");
            }
            assert_eq!(talker.told, stored);
        }
    }
}
