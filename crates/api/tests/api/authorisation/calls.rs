//! The rows of the matrix: how each address and each op is asked, and who may ask.

use messaging_api::{http::Row, wire::frame::client::Op};
use serde_json::{Value, json};

use super::cast::Role;
use crate::app::{TestApp, text, uuid};

/// Whom a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Anyone,
    Person,
    BackEnd,
}

/// What a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// The caller alone, or nobody.
    Nothing,
    Conversation,
    Message,
}

/// All that a call may need to name.
pub(super) struct Question {
    /// A conversation; for a back end a person or a product.
    pub(super) id: String,
    pub(super) seq: String,
    pub(super) revision: i64,
    /// With whom a conversation is started.
    pub(super) partner: String,
    pub(super) epoch: String,
    /// The caller's own.
    pub(super) token: String,
}

impl Question {
    pub(super) fn about(id: String, seq: String) -> Self {
        Self {
            id,
            seq,
            revision: 1,
            partner: uuid(),
            epoch: String::new(),
            token: String::new(),
        }
    }

    fn place(&self) -> i64 {
        self.seq.parse().unwrap_or(1)
    }
}

/// A way to ask, and what comes back when all is well.
pub(super) struct Call {
    pub(super) access: Access,
    pub(super) target: Target,
    pub(super) done: u16,
    /// The code, where even the answer to those who may is a problem.
    pub(super) code: Option<&'static str>,
    /// It says something to the counterpart, so a block keeps it back.
    pub(super) words: bool,
    pub(super) fields: fn(&Question) -> Value,
    query: fn(&Question) -> String,
}

impl Call {
    fn new(access: Access, target: Target, done: u16) -> Self {
        Self {
            access,
            target,
            done,
            code: None,
            words: false,
            fields: |_| Value::Null,
            query: |_| String::new(),
        }
    }

    const fn with(self, fields: fn(&Question) -> Value) -> Self {
        Self { fields, ..self }
    }

    const fn asking(self, query: fn(&Question) -> String) -> Self {
        Self { query, ..self }
    }

    const fn of_words(self) -> Self {
        Self {
            words: true,
            ..self
        }
    }

    const fn problem(self, code: &'static str) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    /// The call over HTTP.
    pub(super) fn request(
        &self,
        app: &TestApp,
        row: &Row,
        role: &Role,
        question: &Question,
    ) -> reqwest::RequestBuilder {
        let path = row
            .path
            .replace("{id}", &question.id)
            .replace("{seq}", &question.seq);
        let mut request = app.request(row.method, &format!("{path}{}", (self.query)(question)));
        if let Some(token) = &role.token {
            request = request.bearer_auth(token);
        }
        match (self.fields)(question) {
            Value::Null => request,
            body => request.json(&body),
        }
    }
}

fn send(question: &Question) -> Value {
    json!({ "conversationId": question.id, "clientId": uuid(), "content": text("hello") })
}

fn edit(question: &Question) -> Value {
    json!({ "revision": question.revision, "content": text("changed") })
}

fn nothing(_: &Question) -> Value {
    json!({})
}

/// How an address is asked by a method.
pub(super) fn of_address(row: &Row) -> Vec<Call> {
    use Access::{Anyone, BackEnd, Person};
    use Target::{Conversation, Message, Nothing};
    let anyone = |done| Call::new(Anyone, Nothing, done);
    let person = |target, done| Call::new(Person, target, done);
    let back_end = |done| Call::new(BackEnd, Nothing, done);
    match (row.method, row.path) {
        // Not a handshake; who may open a socket is told by its first frame.
        ("GET", "/api/messages/ws" | "/conformance/echo") => vec![anyone(400).problem("invalid")],
        ("POST", "/api/auth/register" | "/api/auth/login" | "/api/auth/refresh") => {
            vec![anyone(422).problem("invalid").with(nothing)]
        }
        ("POST", "/api/auth/logout") => vec![person(Nothing, 204).with(nothing)],
        (
            "GET" | "HEAD",
            "/api/auth/me" | "/api/messages/unread" | "/api/messages/conversations",
        ) => {
            vec![person(Nothing, 200)]
        }
        ("POST", "/api/messages/conversations") => {
            let start = person(Nothing, 201)
                .of_words()
                .with(|question| json!({ "sellerId": question.partner, "productId": uuid() }));
            let first = person(Nothing, 201).of_words().with(|question| {
                json!({
                    "sellerId": question.partner, "productId": uuid(),
                    "clientId": uuid(), "content": text("hello"),
                })
            });
            vec![start, first]
        }
        ("GET" | "HEAD", "/api/messages/conversations/{id}") => vec![
            person(Conversation, 200),
            person(Conversation, 200).asking(|_| "?afterSeq=0&limit=1".to_owned()),
        ],
        ("PATCH", "/api/messages/conversations/{id}") => {
            vec![person(Conversation, 200).with(|_| json!({ "muted": true }))]
        }
        ("POST", "/api/messages/conversations/{id}/read") => {
            vec![person(Conversation, 200).with(|_| json!({ "seq": 1 }))]
        }
        ("POST", "/api/messages/send") => vec![person(Conversation, 201).of_words().with(send)],
        ("PATCH", "/api/messages/conversations/{id}/messages/{seq}") => {
            vec![person(Message, 200).of_words().with(edit)]
        }
        ("DELETE", "/api/messages/conversations/{id}/messages/{seq}") => {
            vec![person(Message, 200)]
        }
        ("GET" | "HEAD", "/api/messages/search") => vec![
            person(Nothing, 200).asking(|_| "?q=hello".to_owned()),
            person(Conversation, 200)
                .asking(|question| format!("?q=hello&conversationId={}", question.id)),
        ],
        ("GET" | "HEAD", "/api/messages/sync") => {
            vec![
                person(Nothing, 200)
                    .asking(|question| format!("?since=0&epoch={}", question.epoch)),
            ]
        }
        ("PUT", "/api/server/users/{id}") => {
            vec![back_end(200).with(|_| json!({ "displayName": "Mallory" }))]
        }
        ("DELETE", "/api/server/users/{id}") => vec![
            back_end(204),
            back_end(204).asking(|_| "?messages=delete".to_owned()),
        ],
        ("PUT", "/api/server/products/{id}") => {
            let product =
                |question: &Question| json!({ "sellerId": question.partner, "title": "x" });
            vec![back_end(200).with(product)]
        }
        (
            "GET" | "HEAD",
            "/" | "/front.css" | "/healthz" | "/readyz" | "/openapi.json" | "/asyncapi.json"
            | "/docs" | "/docs.css",
        ) => vec![anyone(200)],
        _ => panic!("{row:?} has no row: say here who may ask for it"),
    }
}

/// How an op is asked; `None` for the one that opens a session.
pub(super) fn of_op(op: Op) -> Option<Call> {
    use Target::{Conversation, Message, Nothing};
    let person = |target| Call::new(Access::Person, target, 200);
    let place =
        |question: &Question| json!({ "conversationId": question.id, "seq": question.place() });
    let room = |question: &Question| json!({ "conversationId": question.id });
    Some(match op {
        Op::Hello => return None,
        Op::MessageSend => person(Conversation).of_words().with(send),
        Op::MessageEdit => person(Message).of_words().with(|question| {
            json!({
                "conversationId": question.id, "seq": question.place(),
                "revision": question.revision, "content": text("changed"),
            })
        }),
        Op::MessageDelete => person(Message).with(place),
        Op::ConversationRead | Op::ConversationDelivered => person(Conversation).with(place),
        Op::RoomJoin | Op::RoomLeave => person(Conversation).with(room),
        Op::Typing => person(Conversation)
            .with(|question| json!({ "conversationId": question.id, "active": true })),
        Op::TokenRefresh => person(Nothing).with(|question| json!({ "token": question.token })),
        Op::Ping => person(Nothing).with(nothing),
    })
}
