//! What four people do in several conversations, and what one of them sees of it.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::fixture::Fixture;
use crate::{
    app::{Answer, Person, SERVER_KEY, TestApp, text, uuid},
    ws::socket::Socket,
};

const CONVERSATIONS: &str = "/api/messages/conversations";

/// Who takes part; the first of them looks on.
const PEOPLE: [&str; 4] = ["camille", "oliver", "noah", "priya"];

/// Buyer, seller and product. The last one is none of the first person's business.
const TALKS: [(usize, usize, Option<&str>); 6] = [
    (0, 1, Some("camera")),
    (2, 0, Some("bicycle")),
    (3, 0, Some("bicycle")),
    (0, 1, None),
    (1, 0, Some("books")),
    (2, 1, Some("camera")),
];

/// What a scenario does most of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Theme {
    Writing,
    Changing,
    Reading,
    Settings,
    Blocking,
    Everything,
}

/// What somebody does in a talk. If it has not begun, the buyer begins it instead.
#[derive(Debug, Clone)]
pub(super) enum Act {
    Start {
        with_words: bool,
    },
    Send {
        words: String,
    },
    Retry,
    /// Of one's own messages, that many before the last.
    Edit {
        back: usize,
        words: String,
    },
    Delete {
        back: usize,
    },
    /// Up to that many before the last message.
    Read {
        back: i64,
    },
    Deliver {
        back: i64,
    },
    Set {
        setting: &'static str,
        to: bool,
    },
}

/// Acts that happen at the same time: in which talk, on the buyer's side or not, and what.
type Burst = Vec<(usize, bool, Act)>;

/// What happens before the first snapshot, and after it.
type Acts = (Vec<Burst>, Vec<Burst>);

impl Theme {
    pub(super) const ALL: [Self; 6] = [
        Self::Writing,
        Self::Changing,
        Self::Reading,
        Self::Settings,
        Self::Blocking,
        Self::Everything,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Writing => "writing",
            Self::Changing => "changing",
            Self::Reading => "reading",
            Self::Settings => "settings",
            Self::Blocking => "blocking",
            Self::Everything => "everything",
        }
    }

    /// How often each kind of act happens: messages, changes of them, cursors, settings, blocks.
    const fn weights(self) -> [u32; 5] {
        match self {
            Self::Writing => [20, 1, 2, 1, 0],
            Self::Changing => [6, 14, 2, 1, 0],
            Self::Reading => [8, 1, 14, 1, 0],
            Self::Settings => [8, 1, 3, 12, 1],
            Self::Blocking => [10, 3, 3, 1, 5],
            Self::Everything => [6, 5, 5, 4, 1],
        }
    }

    pub(super) fn acts(self) -> impl Strategy<Value = Acts> {
        let bursts = |count| {
            let act = (0..TALKS.len(), any::<bool>(), act(self.weights()));
            prop::collection::vec(prop::collection::vec(act, 1..4), count)
        };
        (bursts(5..9), bursts(22..30))
    }
}

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("Bonjour, est-ce encore disponible ?".to_owned()),
        Just("Yes, it is.".to_owned()),
        Just("Deux lignes,\nou presque 🙂".to_owned()),
        "[a-z]{2,9} [a-z]{2,9}",
    ]
}

fn act([messages, changes, cursors, settings, blocks]: [u32; 5]) -> impl Strategy<Value = Act> {
    let set =
        |setting, often| prop::bool::weighted(often).prop_map(move |to| Act::Set { setting, to });
    prop_oneof![
        1 => any::<bool>().prop_map(|with_words| Act::Start { with_words }),
        1 => Just(Act::Retry),
        messages => words().prop_map(|words| Act::Send { words }),
        changes => (0..3_usize, words()).prop_map(|(back, words)| Act::Edit { back, words }),
        changes => (0..3_usize).prop_map(|back| Act::Delete { back }),
        cursors => (0..3_i64).prop_map(|back| Act::Read { back }),
        cursors => (0..3_i64).prop_map(|back| Act::Deliver { back }),
        settings => set("archived", 0.6),
        settings => set("muted", 0.5),
        blocks => set("blocked", 0.25),
    ]
}

/// The people of a scenario, and what became of it so far.
struct Stage<'a> {
    app: &'a TestApp,
    people: Vec<Person>,
    /// Keeps the products of one scenario from those of another.
    run: String,
    sockets: Vec<Mutex<Socket>>,
    /// The conversations that have begun, by talk.
    begun: Mutex<BTreeMap<usize, String>>,
    /// Each message that was asked for: by whom, and the request.
    sent: Mutex<Vec<(usize, Value)>>,
}

/// Plays a scenario; what the first person saw of it.
pub(super) async fn play(app: &TestApp, name: &str, (earlier, later): &Acts) -> Fixture {
    let stage = Stage::set(app).await;
    stage.play(earlier).await;
    let before = stage.snapshot().await;
    let since = before["inbox"]["position"].as_i64().unwrap();
    stage.heard(since).await;
    stage.play(later).await;
    let after = stage.snapshot().await;
    let live = stage
        .heard(after["inbox"]["position"].as_i64().unwrap())
        .await;
    let live = live
        .into_iter()
        .filter(|frame| frame["position"].as_i64() > Some(since));
    let epoch = after["inbox"]["epoch"].as_str().unwrap();
    let path = format!("/api/messages/sync?since={since}&epoch={epoch}&limit=1000");
    let missed = app.get(stage.me(), &path).await.expect(200);
    Fixture {
        name: name.to_owned(),
        me: stage.me().id.clone(),
        before,
        events: missed["events"].as_array().unwrap().clone(),
        live: live.collect(),
        after,
    }
}

impl<'a> Stage<'a> {
    async fn set(app: &'a TestApp) -> Self {
        let people = join_all(PEOPLE.map(|name| app.person(name))).await;
        let sockets = join_all(people.iter().map(|person| Socket::of(app, person))).await;
        let stage = Self {
            app,
            people,
            run: uuid(),
            sockets: sockets.into_iter().map(Mutex::new).collect(),
            begun: Mutex::default(),
            sent: Mutex::default(),
        };
        for (product, seller, title) in [
            ("camera", 1, "Leica M3"),
            ("bicycle", 0, "Vélo de course"),
            ("books", 0, "Proust, 4 volumes"),
        ] {
            let path = format!("/api/server/products/{}", stage.product(product));
            let body = json!({
                "sellerId": stage.people[seller].id, "title": title, "priceMinor": 9_500,
                "currency": "EUR", "imageUrl": format!("/pictures/{product}.svg"),
            });
            app.answer(
                app.request("PUT", &path)
                    .bearer_auth(SERVER_KEY)
                    .json(&body),
            )
            .await
            .expect(200);
        }
        let begin = |talk| {
            (
                talk,
                true,
                Act::Start {
                    with_words: talk == 1,
                },
            )
        };
        stage
            .play(&[vec![begin(0), begin(1)], vec![begin(5)]])
            .await;
        stage
    }

    fn me(&self) -> &Person {
        &self.people[0]
    }

    fn product(&self, name: &str) -> String {
        format!("{name}-{}", self.run)
    }

    async fn play(&self, bursts: &[Burst]) {
        for burst in bursts {
            join_all(
                burst
                    .iter()
                    .map(|(talk, buys, act)| self.act(*talk, *buys, act)),
            )
            .await;
        }
    }

    /// Does it, where it can be done.
    async fn act(&self, talk: usize, buys: bool, act: &Act) {
        let begun = self.begun.lock().await.get(&talk).cloned();
        let id = match (act, begun) {
            (Act::Start { with_words }, _) => return self.start(talk, *with_words).await,
            (_, None) => return self.start(talk, true).await,
            (_, Some(id)) => id,
        };
        let (buyer, seller, _) = TALKS[talk];
        let actor = if buys { buyer } else { seller };
        let (app, person) = (self.app, &self.people[actor]);
        let conversation = format!("{CONVERSATIONS}/{id}");
        let thread = app
            .get(person, &format!("{conversation}?limit=200"))
            .await
            .expect(200);
        let up_to = |back: i64| (thread["conversation"]["lastSeq"].as_i64().unwrap() - back).max(0);
        let own = |back: usize| {
            let messages = thread["items"].as_array().unwrap().iter().rev();
            let mut own = messages.filter(|message| message["senderId"] == *person.id);
            own.nth(back).cloned()
        };
        let address = |message: &Value| format!("{conversation}/messages/{}", message["seq"]);
        let answer = match act {
            Act::Start { .. } => return,
            Act::Send { words } => {
                let body =
                    json!({ "conversationId": id, "clientId": uuid(), "content": text(words) });
                return self.send(actor, body).await;
            }
            Act::Retry => {
                let last = self.sent.lock().await.last().cloned();
                let Some((sender, body)) = last else { return };
                return self.send(sender, body).await;
            }
            Act::Edit { back, words } => {
                let Some(message) = own(*back) else { return };
                let body = json!({ "revision": message["revision"], "content": text(words) });
                app.patch(person, &address(&message), &body).await
            }
            Act::Delete { back } => {
                let Some(message) = own(*back) else { return };
                app.delete(person, &address(&message)).await
            }
            Act::Read { back } => {
                let body = json!({ "seq": up_to(*back) });
                app.post(person, &format!("{conversation}/read"), &body)
                    .await
            }
            Act::Deliver { back } => {
                let fields = json!({ "conversationId": id, "seq": up_to(*back) });
                let mut socket = self.sockets[actor].lock().await;
                socket.ok("conversation.delivered", fields).await;
                return;
            }
            Act::Set { setting, to } => {
                let mut body = json!({});
                body[setting] = json!(to);
                app.patch(person, &conversation, &body).await
            }
        };
        assert_done_or_refused(&answer);
    }

    async fn start(&self, talk: usize, with_words: bool) {
        let (buyer, seller, product) = TALKS[talk];
        let mut body = json!({ "sellerId": self.people[seller].id });
        if let Some(product) = product {
            body["productId"] = json!(self.product(product));
        }
        if with_words {
            body["clientId"] = json!(uuid());
            body["content"] = text("Bonjour !");
        }
        let answer = self
            .app
            .post(&self.people[buyer], CONVERSATIONS, &body)
            .await;
        assert_done_or_refused(&answer);
        if let Some(id) = answer.body["conversation"]["id"].as_str() {
            self.begun.lock().await.insert(talk, id.to_owned());
        }
    }

    async fn send(&self, sender: usize, body: Value) {
        let answer = self
            .app
            .post(&self.people[sender], "/api/messages/send", &body)
            .await;
        assert_done_or_refused(&answer);
        self.sent.lock().await.push((sender, body));
    }

    /// What the first person would be shown now.
    async fn snapshot(&self) -> Value {
        let get = |path: String| async move { self.app.get(self.me(), &path).await.expect(200) };
        let inbox = get(format!("{CONVERSATIONS}?limit=100")).await;
        let archive = get(format!("{CONVERSATIONS}?limit=100&archived=true")).await;
        let mut threads = json!({});
        for list in [&inbox, &archive] {
            for conversation in list["items"].as_array().unwrap() {
                let id = conversation["id"].as_str().unwrap();
                threads[id] = get(format!("{CONVERSATIONS}/{id}?limit=200")).await;
            }
        }
        json!({ "inbox": inbox, "archive": archive, "threads": threads })
    }

    /// The durable events that the first person's session hears up to this position.
    async fn heard(&self, position: i64) -> Vec<Value> {
        let mut socket = self.sockets[0].lock().await;
        let mut heard = Vec::new();
        while heard
            .last()
            .map_or(0, |frame: &Value| frame["position"].as_i64().unwrap())
            < position
        {
            let frame = socket.next().await;
            if frame.get("position").is_some() {
                heard.push(frame);
            }
        }
        heard
    }
}

/// Acts are made up, so the service may have reason to refuse one; it may not fail.
fn assert_done_or_refused(answer: &Answer) {
    let known = [200, 201, 403, 404, 409];
    assert!(known.contains(&answer.status), "{}", answer.text);
}
