//! What is confidential is in no log at any level, in no metric, and in no answer that refuses.

use std::net::TcpListener;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    guest::{SERVER_KEY, Socket, hear, say},
    node::{Node, SECRET},
};

/// Somebody with a local account, each of whose words can be told from all others.
struct Canaries {
    email: String,
    password: String,
    text: String,
    sought: String,
    forged: String,
    access: Vec<String>,
    refresh: Vec<String>,
}

impl Canaries {
    fn hatch() -> Self {
        let word = || Uuid::new_v4().simple().to_string();
        Self {
            email: format!("{}@example.org", word()),
            password: word(),
            text: word(),
            sought: word(),
            forged: word(),
            access: Vec::new(),
            refresh: Vec::new(),
        }
    }

    /// Keeps the tokens of an answer.
    fn keep(&mut self, session: &Value) -> String {
        let of = |name: &str| session[name].as_str().unwrap().to_owned();
        self.access.push(of("accessToken"));
        self.refresh.push(of("refreshToken"));
        of("accessToken")
    }

    /// Fails when any of them, or a telling part of it, is in there.
    #[track_caller]
    fn assert_absent(&self, place: &str, text: &str) {
        let signatures = self
            .access
            .iter()
            .filter_map(|token| token.rsplit('.').next());
        let local = self.email.split('@').next();
        let all = [&self.password, &self.text, &self.sought, &self.forged]
            .into_iter()
            .map(String::as_str)
            .chain(local)
            .chain(signatures)
            .chain(self.refresh.iter().map(String::as_str))
            .chain([SERVER_KEY, SECRET]);
        for canary in all {
            let line = text.lines().find(|line| line.contains(canary));
            assert_eq!(line, None, "{canary} sings in {place}");
        }
    }
}

/// Asks in a way that has to be refused.
async fn refused(canaries: &Canaries, request: reqwest::RequestBuilder) {
    let answer = request.send().await.unwrap();
    let (status, url) = (answer.status().as_u16(), answer.url().to_string());
    let headers = format!("{:?}", answer.headers());
    let body = answer.text().await.unwrap();
    assert!((400..500).contains(&status), "{url}: {status} {body}");
    canaries.assert_absent("a refusal", &format!("{headers}{body}"));
}

#[actix_web::test]
async fn no_canary_sings_whatever_is_logged() {
    for format in ["json", "pretty"] {
        // What the listener's port is, no line tells, so it is one that was free a moment ago, of an address that nobody
        // else uses: other tests' nodes and calls take the ports of the usual one.
        let free = TcpListener::bind("127.0.0.2:0").unwrap();
        let metrics = free.local_addr().unwrap().to_string();
        drop(free);
        let node = Node::start(&[
            ("MESSAGING_LOG", "trace"),
            ("MESSAGING_LOG_FORMAT", format),
            ("MESSAGING_METRICS_LISTEN", &metrics),
        ]);
        let mut canaries = Canaries::hatch();
        walk(&node, &mut canaries).await;
        let log = node.log();
        assert!(
            log.contains("answered") && log.contains("TRACE"),
            "nothing was logged"
        );
        let lines = log.lines().count();
        assert!(lines > 200, "{lines} lines are not the whole walk");
        canaries.assert_absent("the log", &log);
        let metrics = reqwest::get(format!("http://{metrics}/metrics"))
            .await
            .unwrap();
        let metrics = metrics.text().await.unwrap();
        assert!(metrics.contains("messaging_ws_sessions"), "{metrics}");
        canaries.assert_absent("the metrics", &metrics);
    }
}

async fn session(node: &Node, path: &str, body: &Value) -> Value {
    let answer = node.request("POST", path).json(body).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}");
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

/// Everything that can be done with what is confidential, well and badly.
async fn walk(node: &Node, canaries: &mut Canaries) {
    let account = json!({
        "email": canaries.email, "password": canaries.password, "displayName": "Ann",
    });
    let registered = session(node, "/api/auth/register", &account).await;
    let seller = registered["user"]["id"].as_str().unwrap();
    canaries.keep(&registered);
    let logged_in = session(node, "/api/auth/login", &account).await;
    let ann = canaries.keep(&logged_in);
    let mut other = Canaries::hatch();
    let account = json!({ "email": other.email, "password": other.password, "displayName": "Bob" });
    let bob = other.keep(&session(node, "/api/auth/register", &account).await);

    let mut socket = say_it(node, canaries, seller, &ann, &bob).await;
    mistake_it_over_http(node, canaries, &bob).await;
    mistake_it_over_a_socket(canaries, &mut socket).await;
    let mut stranger = node.socket().await;
    let hello = json!({ "op": "hello", "token": canaries.forged });
    say(&mut stranger, &hello.to_string()).await;
    while let Some(last) = hear(&mut stranger).await {
        canaries.assert_absent("a farewell", &last.to_string());
    }
    end_it(node, canaries, seller).await;
    other.assert_absent("the log", &node.log());
}

/// A buyer and a seller say what is confidential through each door, and look for it.
async fn say_it(node: &Node, canaries: &Canaries, seller: &str, ann: &str, bob: &str) -> Socket {
    let text = json!({ "kind": "text", "text": canaries.text });
    let start = json!({
        "sellerId": seller, "clientId": Uuid::new_v4().to_string(), "content": text,
    });
    let (_, started) = node
        .ask(bob, "POST", "/api/messages/conversations", Some(&start))
        .await;
    let id = started["conversation"]["id"].as_str().unwrap().to_owned();
    let talk = format!("/api/messages/conversations/{id}");
    let mut socket = node.session(bob).await;
    let send = json!({
        "op": "message.send", "id": 1, "conversationId": id, "clientId": Uuid::new_v4().to_string(),
        "content": text,
    });
    say(&mut socket, &send.to_string()).await;
    while hear(&mut socket).await.unwrap()["reply"] != 1 {}
    let edit = json!({ "revision": 1, "content": text });
    let (status, _) = node
        .ask(bob, "PATCH", &format!("{talk}/messages/1"), Some(&edit))
        .await;
    assert_eq!(status, 200);
    for path in [
        format!("/api/messages/search?q={}", canaries.text),
        format!("/api/messages/search?q={}", canaries.sought),
        format!("/api/messages/conversations?q={}", canaries.sought),
        talk.clone(),
        "/api/messages/sync?since=0&epoch=x".to_owned(),
    ] {
        node.ask(ann, "GET", &path, None).await;
    }
    socket
}

/// Requests that are refused, with what is confidential where it does not belong.
async fn mistake_it_over_http(node: &Node, canaries: &Canaries, bob: &str) {
    let post = |path: &str| node.request("POST", path);
    let account = json!({
        "email": canaries.email, "password": canaries.password, "displayName": "Ann",
    });
    refused(canaries, post("/api/auth/register").json(&account)).await;
    let wrong = json!({ "email": canaries.email, "password": canaries.forged });
    refused(canaries, post("/api/auth/login").json(&wrong)).await;
    let text = json!({ "kind": "text", "text": canaries.text });
    let me = || node.request("GET", "/api/auth/me");
    refused(canaries, me().bearer_auth(&canaries.forged)).await;
    refused(
        canaries,
        me().bearer_auth(format!("{}x", canaries.access[0])),
    )
    .await;
    refused(
        canaries,
        me().basic_auth(&canaries.email, Some(&canaries.password)),
    )
    .await;
    refused(
        canaries,
        node.request("PUT", "/api/server/users/x")
            .bearer_auth(&canaries.forged),
    )
    .await;
    let send = || post("/api/messages/send").bearer_auth(bob);
    for body in [
        json!({ "content": { "kind": canaries.text, "text": canaries.text } }),
        json!({ "content": canaries.text, "clientId": canaries.text, "conversationId": canaries.text }),
        json!({ "content": { "kind": "text", "text": format!("{}\u{0}", canaries.text) } }),
        json!({ "conversationId": canaries.text, "clientId": Uuid::new_v4().to_string(), "content": text }),
    ] {
        refused(canaries, send().json(&body)).await;
    }
    let broken = format!("{{\"content\":{{\"text\":\"{}\"", canaries.text);
    refused(
        canaries,
        send()
            .header("content-type", "application/json")
            .body(broken),
    )
    .await;
    let mistyped = json!({ "email": [canaries.email], "password": { "x": canaries.password } });
    refused(canaries, post("/api/auth/login").json(&mistyped)).await;
    refused(
        canaries,
        post("/api/auth/refresh").json(&json!({ "refreshToken": canaries.forged })),
    )
    .await;
    refused(
        canaries,
        post("/api/auth/refresh")
            .header("cookie", format!("messaging_refresh={}", canaries.forged)),
    )
    .await;
    let query = format!(
        "/api/messages/conversations?cursor={}&limit={}",
        canaries.sought, canaries.sought
    );
    refused(canaries, node.request("GET", &query).bearer_auth(bob)).await;
    refused(
        canaries,
        node.request("GET", &format!("/{}", canaries.sought)),
    )
    .await;
}

/// Frames that are refused, and one that ends the session.
async fn mistake_it_over_a_socket(canaries: &Canaries, socket: &mut Socket) {
    for frame in [
        json!({ "op": canaries.text, "id": 2 }),
        json!({ "op": "message.send", "id": 3, "content": canaries.text }),
        json!({ "op": "token.refresh", "id": 4, "token": canaries.forged }),
    ] {
        say(socket, &frame.to_string()).await;
        let refusal = loop {
            let heard = hear(socket).await.unwrap();
            if heard["reply"] == frame["id"] {
                break heard;
            }
        };
        assert!(refusal["error"].is_object(), "{refusal}");
        canaries.assert_absent("a refusal", &refusal.to_string());
    }
    say(socket, &format!("{} is no frame", canaries.text)).await;
    while let Some(last) = hear(socket).await {
        canaries.assert_absent("a farewell", &last.to_string());
    }
}

/// The ends of logins: by the book, by theft, by erasure.
async fn end_it(node: &Node, canaries: &mut Canaries, seller: &str) {
    let token = json!({ "refreshToken": canaries.refresh[1] });
    let refreshed = session(node, "/api/auth/refresh", &token).await;
    canaries.keep(&refreshed);
    refused(
        canaries,
        node.request("POST", "/api/auth/refresh").json(&token),
    )
    .await;
    let token = json!({ "refreshToken": canaries.refresh[0] });
    let (status, _) = node
        .ask(
            &canaries.access[0],
            "POST",
            "/api/auth/logout",
            Some(&token),
        )
        .await;
    assert_eq!(status, 204);
    let path = format!("/api/server/users/{seller}?messages=delete");
    let (status, _) = node.ask(SERVER_KEY, "DELETE", &path, None).await;
    assert_eq!(status, 204);
}
