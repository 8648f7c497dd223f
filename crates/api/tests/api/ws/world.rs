//! A service of one's own with people and conversations in it, for one test.

use std::{net::SocketAddr, time::Duration};

use messaging_api::{
    auth::{password::PasswordCost, token::Tokens},
    config::Words,
    startup::{Running, Tuning, build},
    ws::Timing,
};
use messaging_domain::{LoginId, UserId};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const SECRET: &str = "a secret for tests that is long enough to sign with";

/// A running service with a database of its own.
pub(crate) struct World {
    running: Running,
    http: reqwest::Client,
    _data: TempDir,
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) token: String,
}

impl World {
    /// A service as it is by default, but without rate limits.
    pub(crate) async fn new() -> Self {
        Self::with(|_, _| {}).await
    }

    /// A service with other settings, or other deadlines for its sockets.
    pub(crate) async fn with(change: impl FnOnce(&mut Words, &mut Timing)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut words = Words {
            listen: Some("127.0.0.1:0".into()),
            data_dir: Some(data.path().to_str().unwrap().into()),
            jwt_secret: Some(SECRET.into()),
            rate_limits: Some("off".into()),
            demo: Some("off".into()),
            ..Words::default()
        };
        let mut timing = Timing::default();
        change(&mut words, &mut timing);
        let tuning = Tuning {
            password_cost: PasswordCost::CHEAP,
            timing,
        };
        let running = build(&words.check().unwrap(), tuning).await.unwrap();
        let http = reqwest::Client::new();
        Self {
            running,
            http,
            _data: data,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Brings the service down.
    pub(crate) async fn stop(self) {
        self.running.stop().await.unwrap();
    }

    /// A token that is good for a while.
    pub(crate) fn token(user: &str, login: Option<LoginId>, lifetime: Duration) -> String {
        let lifetime_of_others = Duration::from_mins(15);
        let tokens =
            Tokens::with_secret(&SECRET.to_owned().into(), "messaging", "messaging", lifetime_of_others);
        let user = UserId::parse(user).unwrap();
        tokens.issue(&user, Some("Somebody"), login, lifetime).unwrap()
    }

    /// Somebody whom the service knows.
    pub(crate) async fn person(&self, id: &str) -> Person {
        let person = Person {
            id: id.to_owned(),
            token: Self::token(id, None, Duration::from_mins(10)),
        };
        self.call(&person, "GET", "/api/auth/me", &Value::Null).await;
        person
    }

    /// A conversation of a buyer with a seller.
    pub(crate) async fn conversation(&self, buyer: &Person, seller: &Person) -> String {
        let product = Uuid::new_v4().to_string();
        let body = json!({ "sellerId": seller.id, "productId": product });
        let started = self.call(buyer, "POST", "/api/messages/conversations", &body).await;
        started["conversation"]["id"].as_str().unwrap().to_owned()
    }

    /// Sends a message over HTTP.
    pub(crate) async fn send(&self, person: &Person, conversation: &str, text: &str) -> Value {
        let body = json!({
            "conversationId": conversation,
            "clientId": Uuid::new_v4().to_string(),
            "content": { "kind": "text", "text": text },
        });
        self.call(person, "POST", "/api/messages/send", &body).await
    }

    /// A call over HTTP that has to succeed.
    pub(crate) async fn call(&self, person: &Person, method: &str, path: &str, body: &Value) -> Value {
        let (status, answer) = self.try_call(person, method, path, body).await;
        assert!(status < 300, "{method} {path}: {status} {answer}");
        answer
    }

    /// A call over HTTP: its status and its answer.
    pub(crate) async fn try_call(
        &self,
        person: &Person,
        method: &str,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let url = format!("http://{}{path}", self.address());
        let mut request = self
            .http
            .request(method.parse().unwrap(), url)
            .bearer_auth(&person.token);
        if !body.is_null() {
            request = request.json(body);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}
