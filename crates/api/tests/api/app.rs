//! A service of one's own for each test, and somebody to call it.

use std::{net::SocketAddr, sync::OnceLock, time::Duration};

use messaging_api::{
    auth::{password::PasswordCost, token::Tokens},
    config::Words,
    startup::{Running, Tuning, build},
    ws::Timing,
};
use messaging_domain::UserId;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{contract, metrics::Metrics};

/// What tokens are signed with.
pub(crate) const SECRET: &str = "a secret for tests that is long enough to sign with";

/// The key of the server-side calls.
pub(crate) const SERVER_KEY: &str = "the key of a back end";

/// A running service.
pub(crate) struct TestApp {
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

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Null when it is no JSON.
    pub(crate) body: Value,
}

impl TestApp {
    /// A service on SQLite, without rate limits and demo.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// A service with other settings.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Words)) -> Self {
        Self::start_tuned(|words, _| change(words)).await
    }

    /// A service with other settings, and other deadlines for its sockets.
    pub(crate) async fn start_tuned(change: impl FnOnce(&mut Words, &mut Timing)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut words = Words {
            listen: Some("127.0.0.1:0".into()),
            data_dir: Some(data.path().to_str().unwrap().into()),
            jwt_secret: Some(SECRET.into()),
            server_key: Some(SERVER_KEY.into()),
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
        Self {
            running,
            http: reqwest::Client::new(),
            _data: data,
        }
    }

    /// One service on each database: SQLite, and PostgreSQL where `TEST_DATABASE_URL` names one.
    pub(crate) async fn on_each_database() -> Vec<Self> {
        let mut apps = vec![Self::start().await];
        if let Some(url) = postgres() {
            apps.push(Self::start_with(|words| words.database_url = Some(url.into())).await);
        }
        apps
    }

    /// A service on PostgreSQL and a NATS, for a test that needs several nodes.
    pub(crate) async fn node(nats: &str, change: impl FnOnce(&mut Timing)) -> Self {
        Self::start_tuned(|words, timing| {
            words.database_url = postgres().map(Into::into);
            words.database_readers = Some("4".into());
            words.nats_url = Some(nats.into());
            change(timing);
        })
        .await
    }

    /// Does what an operator does: runs a command of the binary on a database.
    pub(crate) async fn command(database_url: &str, arguments: &[&str]) -> String {
        let command = tokio::process::Command::new(env!("CARGO_BIN_EXE_messaging"))
            .args(arguments)
            .env_clear()
            .env("MESSAGING_DATABASE_URL", database_url)
            .output();
        let output = command.await.unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// What the service measures, where `metrics_listen` is set.
    pub(crate) async fn metrics(&self) -> Metrics {
        let address = self.running.metrics_address().unwrap();
        let asked = self.http.get(format!("http://{address}/metrics")).send();
        Metrics::parse(asked.await.unwrap().text().await.unwrap())
    }

    /// Where an address of the service is.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.address())
    }

    /// The origin of the service's own pages.
    pub(crate) fn origin(&self) -> String {
        self.url("")
    }

    /// Brings the service down.
    pub(crate) async fn stop(self) {
        self.running.stop().await.unwrap();
    }

    /// A request to be finished by hand.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method.parse().unwrap(), self.url(path))
    }

    /// Sends a request whose answer is held against the contract.
    pub(crate) async fn answer(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().unwrap();
        let (method, path) = (
            request.method().to_string(),
            request.url().path().to_owned(),
        );
        let answer = Answer::read(self.http.execute(request).await.unwrap()).await;
        if method != "HEAD" {
            contract::check(&method, &path, answer.status, &answer.body);
        }
        answer
    }

    /// A person whom the service knows, with an id that no other test has.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let id = format!("{name}-{}", uuid());
        let person = Person {
            token: token(&id, name),
            id,
        };
        self.get(&person, "/api/auth/me").await.expect(200);
        person
    }

    pub(crate) async fn get(&self, person: &Person, path: &str) -> Answer {
        self.answer(self.request("GET", path).bearer_auth(&person.token))
            .await
    }

    pub(crate) async fn post(&self, person: &Person, path: &str, body: &Value) -> Answer {
        self.answer(
            self.request("POST", path)
                .bearer_auth(&person.token)
                .json(body),
        )
        .await
    }

    pub(crate) async fn patch(&self, person: &Person, path: &str, body: &Value) -> Answer {
        self.answer(
            self.request("PATCH", path)
                .bearer_auth(&person.token)
                .json(body),
        )
        .await
    }

    pub(crate) async fn delete(&self, person: &Person, path: &str) -> Answer {
        self.answer(self.request("DELETE", path).bearer_auth(&person.token))
            .await
    }

    /// A call of the marketplace's back end.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.answer(self.request("PUT", path).bearer_auth(SERVER_KEY).json(body))
            .await
    }

    /// A conversation of a buyer with a seller about a product of its own.
    pub(crate) async fn conversation(&self, buyer: &Person, seller: &Person) -> String {
        let body = json!({ "sellerId": seller.id, "productId": uuid() });
        let started = self
            .post(buyer, "/api/messages/conversations", &body)
            .await
            .expect(201);
        started["conversation"]["id"].as_str().unwrap().to_owned()
    }

    /// Sends a text.
    pub(crate) async fn send(&self, person: &Person, conversation: &str, words: &str) -> Value {
        self.post(person, "/api/messages/send", &message(conversation, words))
            .await
            .expect(201)
    }
}

impl Answer {
    async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            status,
            headers,
            text,
            body,
        }
    }

    /// The body of an answer that has to have this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.body
    }

    /// Fails unless the request was refused so, because of these fields.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str, fields: &[&str]) {
        assert_eq!(
            (self.status, self.body["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text
        );
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        let named: Vec<_> = errors
            .iter()
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(named, fields, "{}", self.text);
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A token of the marketplace, good for a while.
pub(crate) fn token(id: &str, name: &str) -> String {
    short_token(id, name, Duration::from_mins(10))
}

/// A token of the marketplace that is good for so long.
pub(crate) fn short_token(id: &str, name: &str, lifetime: Duration) -> String {
    let tokens = Tokens::with_secret(
        &SECRET.to_owned().into(),
        "messaging",
        "messaging",
        Duration::from_mins(15),
    );
    let user = UserId::parse(id).unwrap();
    tokens.issue(&user, Some(name), None, lifetime).unwrap()
}

/// The request for a text message.
pub(crate) fn message(conversation: &str, words: &str) -> Value {
    json!({ "conversationId": conversation, "clientId": uuid(), "content": text(words) })
}

/// A random id.
pub(crate) fn uuid() -> String {
    Uuid::new_v4().to_string()
}

/// A text as content.
pub(crate) fn text(words: &str) -> Value {
    json!({ "kind": "text", "text": words })
}

/// The PostgreSQL that tests may fill. They share it: ids are random, so nobody meets anybody.
pub(crate) fn postgres() -> Option<String> {
    static MIGRATED: OnceLock<Option<String>> = OnceLock::new();
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no settings of its own"
    )]
    let named = || std::env::var("TEST_DATABASE_URL").ok();
    MIGRATED.get_or_init(named).clone()
}
