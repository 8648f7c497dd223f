//! Everybody who asks, and what is theirs.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header};
use messaging_domain::Timestamp;
use serde_json::{Value, json};

use super::{
    Object,
    calls::{Access, Call, Question, Target},
};
use crate::app::{Person, SECRET, SERVER_KEY, TestApp, short_token, uuid};

/// What somebody is to the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Without a token that is good.
    Nobody,
    Person,
    /// A person between whom and the counterpart a block stands.
    Barred,
    BackEnd,
}

/// Somebody who asks.
pub(super) struct Role {
    pub(super) name: &'static str,
    pub(super) token: Option<String>,
    pub(super) standing: Standing,
    /// Who they are, or claim to be.
    pub(super) id: String,
    /// With what a hello, or an op without one, closes; `None` for whoever gets in.
    pub(super) close: Option<u16>,
    pub(super) own: String,
    foreign: String,
    /// With whom they may start a conversation.
    partner: String,
    /// The place of a message of theirs, and of one of the counterpart's.
    places: (i64, i64),
}

impl Role {
    fn shut_out(&mut self, close: u16) {
        self.standing = Standing::Nobody;
        self.close = Some(close);
    }

    pub(super) fn person(&self) -> Person {
        Person {
            id: self.id.clone(),
            token: self.token.clone().unwrap(),
        }
    }
}

/// All of them.
pub(super) struct Cast {
    pub(super) roles: Vec<Role>,
    /// Those whose picture of everything tells whether anything has changed.
    pub(super) witnesses: Vec<Person>,
    buyer: String,
    epoch: String,
}

/// A token that says this and is signed with that.
fn signed(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::default(), claims, &key).unwrap()
}

fn claims(id: &str) -> Value {
    let now = Timestamp::now().as_seconds();
    json!({ "sub": id, "iss": "messaging", "aud": "messaging", "iat": now, "exp": now + 60 })
}

fn claiming(id: &str, name: &str, value: &str) -> String {
    let mut claims = claims(id);
    claims[name] = value.into();
    signed(&claims, SECRET)
}

fn unsigned(id: &str) -> String {
    let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = encode("{\"alg\":\"none\",\"typ\":\"JWT\"}");
    format!("{header}.{}.", encode(&claims(id).to_string()))
}

/// Makes a token in somebody's name.
type Forge = fn(&str) -> String;

/// Tokens in somebody's name that are not good, by what is wrong with them.
pub(super) const BAD_TOKENS: [(&str, Forge); 5] = [
    ("expired token", |id| short_token(id, "Ann", Duration::ZERO)),
    ("wrong audience", |id| claiming(id, "aud", "another")),
    ("wrong issuer", |id| claiming(id, "iss", "another")),
    ("wrong secret", |id| {
        signed(&claims(id), "another secret that is long enough too")
    }),
    ("no algorithm", unsigned),
];

impl Cast {
    /// Everybody, with their conversations and messages.
    pub(super) async fn meet(app: &TestApp) -> Self {
        let [buyer, seller] = [app.person("buyer").await, app.person("seller").await];
        let other_buyer = app.person("other-buyer").await;
        let other_seller = app.person("other-seller").await;
        let ours = Pair::talking(app, &buyer, &seller).await;
        let others = Pair::talking(app, &other_buyer, &other_seller).await;
        let barred = barred(app).await;

        let mut roles = vec![
            ours.buyer_as("buyer", &others),
            ours.seller_as("seller", &others),
            others.buyer_as("other buyer", &ours),
            others.seller_as("other seller", &ours),
            barred.buyer_as("blocked", &ours),
            barred.seller_as("blocking", &ours),
            erased(app, &seller).await.buyer_as("erased", &others),
            logged_out(app, &seller)
                .await
                .buyer_as("revoked login", &others),
        ];
        for role in &mut roles {
            match role.name {
                "blocked" | "blocking" => role.standing = Standing::Barred,
                "erased" | "revoked login" => role.shut_out(4_010),
                _ => {}
            }
        }
        let pretenders = BAD_TOKENS.map(|(name, forge)| (name, Some(forge(&buyer.id))));
        let keys = [
            ("server key", Some(SERVER_KEY.to_owned())),
            ("anonymous", None),
        ];
        for (name, token) in pretenders.into_iter().chain(keys) {
            let mut role = ours.buyer_as(name, &others);
            role.token = token;
            role.shut_out(match name {
                "expired token" => 4_110,
                "anonymous" => 4_000,
                _ => 4_010,
            });
            if name == "server key" {
                role.standing = Standing::BackEnd;
            }
            roles.push(role);
        }
        let inbox = app.get(&buyer, "/api/messages/conversations").await;
        let epoch = inbox.expect(200)["epoch"].as_str().unwrap().to_owned();
        Self {
            roles,
            buyer: buyer.id.clone(),
            witnesses: vec![
                buyer,
                seller,
                other_buyer,
                other_seller,
                barred.buyer,
                barred.seller,
            ],
            epoch,
        }
    }

    /// What to ask so that it is about this object.
    pub(super) fn question(&self, role: &Role, object: Object, call: &Call) -> Question {
        let (mine, theirs) = role.places;
        let conversation = match object {
            Object::Own | Object::Theirs | Object::Beyond => role.own.clone(),
            Object::Foreign => role.foreign.clone(),
            Object::Absent => uuid::Uuid::now_v7().to_string(),
            Object::Malformed => "x".to_owned(),
        };
        let seq = match object {
            Object::Own => mine,
            Object::Theirs => theirs,
            Object::Beyond => 9_999,
            Object::Foreign | Object::Absent | Object::Malformed => 1,
        };
        let id = match call.access {
            // If anybody but the back end were let in, it would show.
            Access::BackEnd => self.buyer.clone(),
            Access::Anyone | Access::Person => conversation,
        };
        Question {
            partner: role.partner.clone(),
            epoch: self.epoch.clone(),
            token: role.token.clone().unwrap_or_default(),
            ..Question::about(id, seq.to_string())
        }
    }

    /// What to ask so that it can be done, with a message of its own if one is to be changed.
    pub(super) async fn fresh_question(&self, app: &TestApp, role: &Role, call: &Call) -> Question {
        let mut question = self.question(role, Object::Own, call);
        if call.access == Access::BackEnd {
            question.id = uuid();
            let user = format!("/api/server/users/{}", question.id);
            app.put(&user, &json!({ "displayName": "New" }))
                .await
                .expect(200);
        }
        if call.target == Target::Message {
            // Between two of whom one blocks the other there is nothing new; each has a second one.
            let (mine, _) = role.places;
            question.seq = (mine + 1).to_string();
            if role.standing == Standing::Person {
                let sent = app.send(&role.person(), &role.own, "to be changed").await;
                question.seq = sent["seq"].to_string();
            }
        }
        question
    }
}

/// Two people in a conversation in which each has said two things: first the buyer, then the seller.
struct Pair {
    buyer: Person,
    seller: Person,
    conversation: String,
}

impl Pair {
    async fn talking(app: &TestApp, buyer: &Person, seller: &Person) -> Self {
        let conversation = app.conversation(buyer, seller).await;
        for person in [buyer, buyer, seller, seller] {
            app.send(person, &conversation, "hello").await;
        }
        Self {
            buyer: buyer.clone(),
            seller: seller.clone(),
            conversation,
        }
    }

    fn buyer_as(&self, name: &'static str, others: &Self) -> Role {
        self.role(name, &self.buyer, &self.seller, (1, 3), others)
    }

    /// A seller can buy, too: of another seller, unless there is somebody whom a block concerns.
    fn seller_as(&self, name: &'static str, others: &Self) -> Role {
        let partner = if name == "blocking" {
            &self.buyer
        } else {
            &others.seller
        };
        self.role(name, &self.seller, partner, (3, 1), others)
    }

    fn role(
        &self,
        name: &'static str,
        person: &Person,
        partner: &Person,
        places: (i64, i64),
        others: &Self,
    ) -> Role {
        Role {
            name,
            token: Some(person.token.clone()),
            standing: Standing::Person,
            id: person.id.clone(),
            close: None,
            own: self.conversation.clone(),
            foreign: others.conversation.clone(),
            partner: partner.id.clone(),
            places,
        }
    }
}

/// Two of whom the seller has blocked the buyer.
async fn barred(app: &TestApp) -> Pair {
    let (blocked, blocking) = (app.person("blocked").await, app.person("blocking").await);
    let pair = Pair::talking(app, &blocked, &blocking).await;
    let path = format!("/api/messages/conversations/{}", pair.conversation);
    app.patch(&blocking, &path, &json!({ "blocked": true }))
        .await
        .expect(200);
    pair
}

/// Somebody who was erased since.
async fn erased(app: &TestApp, seller: &Person) -> Pair {
    let pair = Pair::talking(app, &app.person("erased").await, seller).await;
    let path = format!("/api/server/users/{}", pair.buyer.id);
    app.answer(app.request("DELETE", &path).bearer_auth(SERVER_KEY))
        .await
        .expect(204);
    pair
}

/// Somebody who has logged out since.
async fn logged_out(app: &TestApp, seller: &Person) -> Pair {
    let (person, refresh) = account(app).await;
    let pair = Pair::talking(app, &person, seller).await;
    app.post(&person, "/api/auth/logout", &refresh)
        .await
        .expect(204);
    pair
}

/// A person with a local account, and what logs them out.
async fn account(app: &TestApp) -> (Person, Value) {
    let body = json!({
        "email": format!("{}@example.org", uuid()), "password": "a quiet green horse",
        "displayName": "Ann",
    });
    let request = app.request("POST", "/api/auth/register").json(&body);
    let session = app.answer(request).await.expect(201);
    let person = Person {
        id: session["user"]["id"].as_str().unwrap().to_owned(),
        token: session["accessToken"].as_str().unwrap().to_owned(),
    };
    (person, json!({ "refreshToken": session["refreshToken"] }))
}
