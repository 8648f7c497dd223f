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

/// Tokens in somebody's name that are not good, by what is wrong with them.
#[expect(non_upper_case_globals, reason = "a table of functions reads like one")]
pub(super) const bad_tokens: [(&str, fn(&str) -> String); 5] = [
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
        let [
            buyer,
            seller,
            other_buyer,
            other_seller,
            blocked,
            blocking,
            erased,
        ] = [
            "buyer",
            "seller",
            "other-buyer",
            "other-seller",
            "blocked",
            "blocking",
            "erased",
        ]
        .map(|name| app.person(name));
        let (buyer, seller) = (buyer.await, seller.await);
        let (other_buyer, other_seller) = (other_buyer.await, other_seller.await);
        let (blocked, blocking, erased) = (blocked.await, blocking.await, erased.await);
        let revoked = account(app).await;
        let talk = talk(app, &buyer, &seller).await;
        let other_talk = self::talk(app, &other_buyer, &other_seller).await;
        let barred_talk = self::talk(app, &blocked, &blocking).await;
        let path = format!("/api/messages/conversations/{barred_talk}");
        app.patch(&blocking, &path, &json!({ "blocked": true }))
            .await
            .expect(200);
        let erased_talk = self::talk(app, &erased, &seller).await;
        let erase = format!("/api/server/users/{}", erased.id);
        app.answer(app.request("DELETE", &erase).bearer_auth(SERVER_KEY))
            .await
            .expect(204);
        let revoked_talk = self::talk(app, &revoked.0, &seller).await;
        app.post(&revoked.0, "/api/auth/logout", &revoked.1)
            .await
            .expect(204);

        use Standing::{BackEnd, Barred, Nobody, Person as Known};
        let role = |name, person: &Person, standing, own: &String, partner: &Person, places| Role {
            name,
            token: Some(person.token.clone()),
            standing,
            id: person.id.clone(),
            close: (standing == Nobody).then_some(4_010),
            own: own.clone(),
            foreign: if *own == other_talk {
                talk.clone()
            } else {
                other_talk.clone()
            },
            partner: partner.id.clone(),
            places,
        };
        let mut roles = vec![
            role("buyer", &buyer, Known, &talk, &seller, (1, 3)),
            role("seller", &seller, Known, &talk, &other_seller, (3, 1)),
            role(
                "other buyer",
                &other_buyer,
                Known,
                &other_talk,
                &other_seller,
                (1, 3),
            ),
            role(
                "other seller",
                &other_seller,
                Known,
                &other_talk,
                &buyer,
                (3, 1),
            ),
            role("blocked", &blocked, Barred, &barred_talk, &blocking, (1, 3)),
            role(
                "blocking",
                &blocking,
                Barred,
                &barred_talk,
                &blocked,
                (3, 1),
            ),
            role("erased", &erased, Nobody, &erased_talk, &seller, (1, 3)),
            role(
                "revoked login",
                &revoked.0,
                Nobody,
                &revoked_talk,
                &seller,
                (1, 3),
            ),
        ];
        for (name, token) in bad_tokens {
            let token = token(&buyer.id);
            let pretender = Person {
                token,
                ..buyer.clone()
            };
            roles.push(role(name, &pretender, Nobody, &talk, &seller, (1, 3)));
        }
        let back_end = Person {
            id: buyer.id.clone(),
            token: SERVER_KEY.to_owned(),
        };
        roles.push(role(
            "server key",
            &back_end,
            Nobody,
            &talk,
            &seller,
            (1, 3),
        ));
        for role in &mut roles {
            if role.name == "expired token" {
                role.close = Some(4_110);
            }
            if role.name == "server key" {
                role.standing = BackEnd;
            }
        }
        roles.push(Role {
            token: None,
            close: Some(4_000),
            ..role("anonymous", &buyer, Nobody, &talk, &seller, (1, 3))
        });
        let inbox = app.get(&buyer, "/api/messages/conversations").await;
        let epoch = inbox.expect(200)["epoch"].as_str().unwrap().to_owned();
        Self {
            roles,
            buyer: buyer.id.clone(),
            witnesses: vec![buyer, seller, other_buyer, other_seller, blocked, blocking],
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

/// A conversation in which each has said two things: first the buyer, then the seller.
async fn talk(app: &TestApp, buyer: &Person, seller: &Person) -> String {
    let conversation = app.conversation(buyer, seller).await;
    for person in [buyer, buyer, seller, seller] {
        app.send(person, &conversation, "hello").await;
    }
    conversation
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
