//! A buyer, a seller, their conversation, and what has become of all that.

use std::collections::HashMap;

use serde_json::{Value, json};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::verbs::Verb;
use crate::{
    app::{Person, TestApp, message, text, token, uuid},
    folding::picture::Picture,
    ws::socket::Socket,
};

/// Two people who meet nobody else.
pub(super) struct World<'a> {
    pub(super) app: &'a TestApp,
    /// With the token of a login.
    pub(super) buyer: Person,
    /// The same person by a token of the marketplace, which outlives the login; not an erasure, for
    /// it is older.
    pub(super) onlooker: Person,
    pub(super) seller: Person,
    /// The body that refreshes the login, or ends it.
    pub(super) refresh: Value,
    pub(super) conversation: String,
    /// What the two have not talked about yet.
    pub(super) product: String,
    pub(super) client_ids: [String; 4],
    /// The seller's, where a verb needs it.
    socket: Option<Mutex<Socket>>,
}

impl<'a> World<'a> {
    /// Where the buyer has said something, and then the seller.
    pub(super) async fn new(app: &'a TestApp, verbs: [Verb; 2]) -> Self {
        let account = json!({
            "email": format!("{}@example.org", uuid()), "password": "a quiet green horse",
            "displayName": "Ann",
        });
        let session = post(app, None, "/api/auth/register", &account).await;
        let buyer = Person {
            id: session["user"]["id"].as_str().unwrap().to_owned(),
            token: session["accessToken"].as_str().unwrap().to_owned(),
        };
        let seller = uuid();
        let seller = Person {
            token: token(&seller, "Bob"),
            id: seller,
        };
        get(app, &seller, "/api/auth/me").await;
        let first = json!({
            "sellerId": seller.id, "clientId": uuid(), "content": text("hello"),
        });
        let start = "/api/messages/conversations";
        let started = post(app, Some(&buyer), start, &first).await;
        let conversation = started["conversation"]["id"].as_str().unwrap().to_owned();
        let answer = message(&conversation, "good day");
        post(app, Some(&seller), "/api/messages/send", &answer).await;
        let onlooker = Person {
            token: token(&buyer.id, "Ann"),
            ..buyer.clone()
        };
        let socket = if verbs.contains(&Verb::SellerReceives) {
            Some(Mutex::new(Socket::of(app, &seller).await))
        } else {
            None
        };
        Self {
            app,
            buyer,
            onlooker,
            seller,
            refresh: json!({ "refreshToken": session["refreshToken"] }),
            conversation,
            product: uuid(),
            client_ids: [uuid(), uuid(), uuid(), uuid()],
            socket,
        }
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("/api/messages/conversations/{}{rest}", self.conversation)
    }

    /// The seller's device says how far it has come.
    pub(super) async fn receive(&self, seq: i64) -> Value {
        let mut socket = self.socket.as_ref().unwrap().lock().await;
        let fields = json!({ "conversationId": self.conversation, "seq": seq });
        let reply = socket.ask("conversation.delivered", fields).await;
        json!({ "status": reply["error"]["status"], "code": reply["error"]["code"] })
    }

    /// All that both can see, without what differs from world to world.
    pub(super) async fn state(&self, when: &str) -> Value {
        let mut state = json!({
            "buyer": look(self.app, &self.onlooker, when).await,
            "seller": look(self.app, &self.seller, when).await,
            // Whether the login still lives.
            "login": get(self.app, &self.buyer, "/api/auth/me").await["code"],
        });
        let known = [
            (&self.buyer.id, "buyer"),
            (&self.seller.id, "seller"),
            (&self.conversation, "conversation"),
            (&self.product, "product"),
        ];
        let known = known.map(|(id, name)| (id.clone(), format!("(the {name})")));
        let mut names = HashMap::from(known);
        anonymise(&mut state, &mut names);
        state
    }
}

/// What a person sees, once it is as it has to be in every world.
async fn look(app: &TestApp, person: &Person, when: &str) -> Value {
    let inbox = get(app, person, "/api/messages/conversations?limit=100").await;
    let Some(epoch) = inbox["epoch"].as_str() else {
        return inbox["code"].clone();
    };
    let archive = "/api/messages/conversations?limit=100&archived=true";
    let archive = get(app, person, archive).await;
    let sync = format!("/api/messages/sync?since=0&limit=1000&epoch={epoch}");
    let sync = get(app, person, &sync).await;
    let mut threads = json!({});
    let mut unread_total = 0;
    for list in [&inbox, &archive] {
        for conversation in list["items"].as_array().unwrap() {
            let id = conversation["id"].as_str().unwrap();
            let path = format!("/api/messages/conversations/{id}?limit=200");
            threads[id] = get(app, person, &path).await;
            let unread = recount(conversation, &threads[id], person);
            assert_eq!(
                conversation["unreadCount"], unread,
                "{when}: {conversation}"
            );
            if conversation["archived"] == false && conversation["muted"] == false {
                unread_total += unread;
            }
        }
    }
    assert_eq!(inbox["unreadTotal"], unread_total, "{when}: {inbox}");
    let nothing = json!({
        "inbox": { "items": [], "position": 0, "unreadTotal": 0 },
        "archive": { "items": [] }, "threads": {},
    });
    let mut picture = Picture::of(&person.id, &nothing);
    for event in sync["events"].as_array().unwrap() {
        picture.apply(event);
    }
    let mut after = json!({ "inbox": inbox, "archive": archive, "threads": threads });
    picture.assert_is(&after, when);
    // What is committed together has one moment, and then conversations are listed by their ids.
    for list in ["inbox", "archive"] {
        let items = after[list]["items"].as_array_mut().unwrap();
        items.sort_by_key(|conversation| conversation["product"].to_string());
    }
    json!({ "snapshot": after, "events": sync["events"] })
}

fn recount(conversation: &Value, thread: &Value, person: &Person) -> usize {
    let messages = thread["items"].as_array().unwrap().iter();
    let unread = messages.filter(|message| {
        message["senderId"] != *person.id
            && message["seq"].as_i64() > conversation["readSeq"].as_i64()
            && message.get("deletedAt").is_none()
    });
    unread.count()
}

/// Not held against the contract: other tests are, and here it is asked very often.
async fn get(app: &TestApp, person: &Person, path: &str) -> Value {
    let request = app.request("GET", path).bearer_auth(&person.token);
    let answer = request.send().await.unwrap();
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

async fn post(app: &TestApp, person: Option<&Person>, path: &str, body: &Value) -> Value {
    let mut request = app.request("POST", path).json(body);
    if let Some(person) = person {
        request = request.bearer_auth(&person.token);
    }
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 201, "{path}");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// Puts a number for each id in the order in which they are seen, and one word for each moment.
fn anonymise(value: &mut Value, names: &mut HashMap<String, String>) {
    match value {
        Value::String(text) => *text = anonymous(text, names),
        Value::Array(items) => items.iter_mut().for_each(|item| anonymise(item, names)),
        Value::Object(fields) => {
            let taken = std::mem::take(fields);
            for (name, mut value) in taken {
                anonymise(&mut value, names);
                fields.insert(anonymous(&name, names), value);
            }
        }
        _ => {}
    }
}

fn anonymous(text: &str, names: &mut HashMap<String, String>) -> String {
    let moment = text.len() == 27 && text.ends_with('Z');
    if moment {
        "(a moment)".to_owned()
    } else if Uuid::parse_str(text).is_ok() {
        let next = format!("(id {})", names.len());
        names.entry(text.to_owned()).or_insert(next).clone()
    } else {
        text.to_owned()
    }
}
