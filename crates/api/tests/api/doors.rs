//! What holds for all addresses: who gets in, what a body may be, and how a refusal looks.

use std::{net::SocketAddr, time::Duration};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use uuid::Uuid;

use crate::app::{SERVER_KEY, TestApp, message, text, token};

/// Every call that wants an access token.
fn guarded() -> Vec<(&'static str, String)> {
    let id = Uuid::now_v7();
    let conversation = format!("/api/messages/conversations/{id}");
    vec![
        ("GET", "/api/auth/me".to_owned()),
        ("GET", "/api/messages/conversations".to_owned()),
        ("POST", "/api/messages/conversations".to_owned()),
        ("GET", conversation.clone()),
        ("PATCH", conversation.clone()),
        ("POST", format!("{conversation}/read")),
        ("PATCH", format!("{conversation}/messages/1")),
        ("DELETE", format!("{conversation}/messages/1")),
        ("POST", "/api/messages/send".to_owned()),
        ("GET", "/api/messages/search".to_owned()),
        ("GET", "/api/messages/unread".to_owned()),
        ("GET", "/api/messages/sync".to_owned()),
        ("PUT", "/api/server/users/ann".to_owned()),
        ("DELETE", "/api/server/users/ann".to_owned()),
        ("PUT", "/api/server/products/bike".to_owned()),
    ]
}

#[actix_web::test]
async fn nobody_gets_in_without_a_good_token() {
    let app = TestApp::start().await;
    let good = token("ann", "Ann");
    for (method, path) in guarded() {
        let bare = app.answer(app.request(method, &path)).await;
        assert_eq!(
            bare.header("www-authenticate"),
            Some("Bearer"),
            "{method} {path}"
        );
        bare.refused(401, "unauthenticated", &[]);
        let in_url = format!("{path}?access_token={good}&token={good}");
        app.answer(app.request(method, &in_url)).await.expect(401);
        app.answer(app.request(method, &path).bearer_auth("x"))
            .await
            .expect(401);
        let basic = app.request(method, &path).basic_auth("ann", Some(&good));
        app.answer(basic).await.expect(401);
    }
}

#[actix_web::test]
async fn a_key_opens_only_its_own_doors() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    for (method, path) in guarded() {
        let key = if path.starts_with("/api/server") {
            ann.token.as_str()
        } else {
            SERVER_KEY
        };
        app.answer(app.request(method, &path).bearer_auth(key))
            .await
            .expect(401);
    }
}

#[actix_web::test]
async fn an_address_that_is_none_is_not_found() {
    let app = TestApp::start().await;
    for path in [
        "/nope",
        "/api",
        "/api/messages/nope",
        "/api/auth/me/",
        "//",
        "/../etc/passwd",
        "/%00",
    ] {
        app.answer(app.request("GET", path))
            .await
            .refused(404, "not_found", &[]);
    }
}

#[actix_web::test]
async fn a_method_that_is_not_known_is_answered_with_those_that_are() {
    let app = TestApp::start().await;
    for (method, path, allow) in [
        ("GET", "/api/messages/send", "POST"),
        ("POST", "/api/messages/ws", "GET"),
        ("PUT", "/api/messages/conversations", "GET, HEAD, POST"),
        ("POST", "/healthz", "GET, HEAD"),
        ("TRACE", "/api/auth/login", "POST"),
        ("OPTIONS", "/api/auth/login", "POST"),
    ] {
        let response = app.request(method, path).send().await.unwrap();
        let named = response
            .headers()
            .get("allow")
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let answer: Value = response.json().await.unwrap();
        assert_eq!(
            (answer["status"].as_u64(), answer["code"].as_str()),
            (Some(405), Some("invalid")),
            "{path}"
        );
        assert_eq!(named, allow);
    }
}

#[actix_web::test]
async fn a_body_that_is_no_json_object_is_malformed() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    for body in [
        "",
        "x",
        "[]",
        "null",
        "{\"a\":",
        "{}}",
        "{\"clientId\":\"a\",\"clientId\":\"b\"}",
        "{\"clientId\":1e999}",
    ] {
        let request = app
            .request("POST", "/api/messages/send")
            .bearer_auth(&ann.token);
        let request = request
            .header("content-type", "application/json")
            .body(body);
        app.answer(request).await.refused(400, "invalid", &[]);
    }
}

#[actix_web::test]
async fn a_body_is_plain_json() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    let send = || {
        app.request("POST", "/api/messages/send")
            .bearer_auth(&ann.token)
            .body("{}")
    };
    app.answer(send()).await.refused(415, "invalid", &[]);
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin1",
    ] {
        app.answer(send().header("content-type", kind))
            .await
            .refused(415, "invalid", &[]);
    }
    let compressed = send()
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    app.answer(compressed).await.refused(415, "invalid", &[]);
    let plain = send().header("content-type", "application/json; charset=UTF-8");
    app.answer(plain).await.expect(422);
}

#[actix_web::test]
async fn a_body_has_65_536_bytes_at_most_however_it_is_sent() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    let of = |length: usize| format!("{{\"x\":\"{}\"}}", "x".repeat(length - 8));
    let send = |body: reqwest::Body| {
        let request = app
            .request("POST", "/api/messages/send")
            .bearer_auth(&ann.token);
        request
            .header("content-type", "application/json")
            .body(body)
    };
    app.answer(send(of(65_536).into())).await.expect(422);
    app.answer(send(of(65_537).into()))
        .await
        .refused(413, "too_long", &[]);
    let chunked = raw(&app, &ann.token, &of(65_537)).await;
    assert!(chunked.starts_with("HTTP/1.1 413"), "{chunked}");
    assert!(
        raw(&app, &ann.token, &of(60_000))
            .await
            .starts_with("HTTP/1.1 422")
    );
}

#[actix_web::test]
async fn a_body_that_does_not_end_is_given_up() {
    let app = TestApp::start().await;
    let (address, token) = (app.address(), app.person("ann").await.token);
    let slow = |length: &'static str, sent: &'static str| {
        let head = format!(
            "POST /api/messages/send HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\n{length}\r\n\r\n{sent}"
        );
        async move {
            let deadline = Duration::from_secs(15);
            let answer = tokio::time::timeout(deadline, until_closed(address, &head)).await;
            let answer = answer.unwrap();
            assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
            assert!(answer.contains("connection: close"), "{answer}");
            assert!(answer.contains("within 10 seconds"), "{answer}");
        }
    };
    futures_util::future::join(
        slow("content-length: 60000", "{"),
        slow("transfer-encoding: chunked", "1\r\n{\r\n"),
    )
    .await;
}

#[actix_web::test]
async fn what_is_no_request_is_answered_without_a_problem() {
    let app = TestApp::start().await;
    for bad in [
        "GARBAGE\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 1\r\n\r\n",
    ] {
        let deadline = Duration::from_secs(15);
        let answer = tokio::time::timeout(deadline, until_closed(app.address(), bad)).await;
        let answer = answer.unwrap();
        assert!(answer.starts_with("HTTP/1.1 400"), "{bad:?}: {answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{bad:?}: {answer}");
    }
}

/// Sends this, and gives all that is answered until the service closes the connection.
pub(crate) async fn until_closed(address: SocketAddr, request: &str) -> String {
    let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a body in chunks, without saying beforehand how long it is, and gives the answer's beginning.
async fn raw(app: &TestApp, token: &str, body: &str) -> String {
    let address = app.url("").replace("http://", "");
    let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
    let head = format!(
        "POST /api/messages/send HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    for chunk in body.as_bytes().chunks(8_000) {
        // The service may answer, and close, before it has seen the end.
        let _ = socket
            .write_all(format!("{:x}\r\n", chunk.len()).as_bytes())
            .await;
        let _ = socket.write_all(chunk).await;
        let _ = socket.write_all(b"\r\n").await;
    }
    let _ = socket.write_all(b"0\r\n\r\n").await;
    let mut answer = vec![0; 1_024];
    let length = socket.read(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[actix_web::test]
async fn what_is_not_yours_looks_like_what_is_not_there() {
    for app in TestApp::on_each_database().await {
        let (ann, bob, eve) = (
            app.person("ann").await,
            app.person("bob").await,
            app.person("eve").await,
        );
        let foreign = app.conversation(&ann, &bob).await;
        app.send(&ann, &foreign, "hello").await;
        let absent = Uuid::now_v7().to_string();
        let mut seen = Vec::new();
        for id in [
            foreign.as_str(),
            &absent,
            "x",
            "0190163d8694739baea5966c26f8ad91",
            "%00",
            "%F0%9F%92%A5",
            "%FF%FE",
        ] {
            let conversation = format!("/api/messages/conversations/{id}");
            let edit = json!({ "revision": 1, "content": text("new") });
            seen.push(vec![
                app.get(&eve, &conversation).await,
                app.get(&eve, &format!("{conversation}?beforeSeq=5")).await,
                app.patch(&eve, &conversation, &json!({ "muted": true }))
                    .await,
                app.post(&eve, &format!("{conversation}/read"), &json!({ "seq": 1 }))
                    .await,
                app.patch(&eve, &format!("{conversation}/messages/1"), &edit)
                    .await,
                app.delete(&eve, &format!("{conversation}/messages/1"))
                    .await,
                app.delete(&eve, &format!("{conversation}/messages/x"))
                    .await,
                app.delete(&eve, &format!("{conversation}/messages/0"))
                    .await,
                app.post(&eve, "/api/messages/send", &message(id, "hello"))
                    .await,
                app.get(
                    &eve,
                    &format!("/api/messages/search?q=hello&conversationId={id}"),
                )
                .await,
            ]);
        }
        let first = &seen[0][0];
        assert_eq!(
            (first.status, first.body["code"].as_str()),
            (404, Some("not_found"))
        );
        for answer in seen.iter().flatten() {
            assert_eq!((answer.status, &answer.text), (404, &first.text));
        }
    }
}

#[actix_web::test]
async fn every_answer_has_the_headers_that_keep_browsers_safe() {
    let app = TestApp::start().await;
    for path in [
        "/api/messages/unread",
        "/nope",
        "/healthz",
        "/openapi.json",
        "/docs",
        "/",
        "/docs.css",
    ] {
        let answer = app.answer(app.request("GET", path)).await;
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(
            answer.header("referrer-policy"),
            Some("no-referrer"),
            "{path}"
        );
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        assert!(answer.header("x-request-id").is_some(), "{path}");
        assert!(answer.header("server").is_none(), "{path}");
    }
    let answer = app.answer(app.request("GET", "/api/messages/unread")).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[actix_web::test]
async fn only_pages_of_allowed_origins_may_read_answers() {
    let app =
        TestApp::start_with(|words| words.allowed_origins = Some("https://shop.example".into()))
            .await;
    let ask = |origin: &str| {
        app.request("OPTIONS", "/api/messages/send")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            )
    };
    let asked = app.answer(ask("https://shop.example")).await;
    assert_eq!(asked.status, 204);
    assert_eq!(
        asked.header("access-control-allow-origin"),
        Some("https://shop.example")
    );
    assert!(
        asked
            .header("access-control-allow-methods")
            .unwrap()
            .contains("PATCH")
    );
    assert!(
        asked
            .header("access-control-allow-headers")
            .unwrap()
            .contains("Authorization")
    );
    let answer = app
        .answer(
            app.request("GET", "/api/messages/unread")
                .header("origin", "https://shop.example"),
        )
        .await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        Some("https://shop.example")
    );
    assert_eq!(answer.header("vary"), Some("Origin"));
    for foreign in [
        "https://evil.example",
        "null",
        "https://shop.example.evil.example",
        "http://shop.example",
    ] {
        let asked = app.answer(ask(foreign)).await;
        let get = app
            .request("GET", "/api/messages/unread")
            .header("origin", foreign);
        for answer in [asked, app.answer(get).await] {
            assert_eq!(
                answer.header("access-control-allow-origin"),
                None,
                "{foreign}"
            );
        }
    }
}

#[actix_web::test]
async fn whoever_asks_too_often_is_told_when_to_come_back() {
    let app = TestApp::start_with(|words| words.rate_limits = Some("on".into())).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let mut refused = None;
    for number in 0..200 {
        let answer = app
            .post(
                &ann,
                "/api/messages/send",
                &message(&conversation, &number.to_string()),
            )
            .await;
        if answer.status != 201 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(
        refused.body["retryAfterMs"]
            .as_u64()
            .is_some_and(|ms| (1..=250).contains(&ms))
    );
    refused.refused(429, "rate_limited", &[]);
    app.send(&bob, &conversation, "you talk a lot").await;
}

#[actix_web::test]
async fn a_service_that_goes_down_answers_no_more() {
    let app = TestApp::start().await;
    let url = app.url("/readyz");
    assert_eq!(reqwest::get(&url).await.unwrap().status(), 200);
    app.stop().await;
    assert!(reqwest::get(&url).await.is_err());
}

#[actix_web::test]
async fn whoever_was_at_the_door_when_the_service_began_to_go_down_is_answered() {
    let late = Duration::from_secs(2);
    let app = TestApp::start_tuned(|_, timing| timing.last_knocks = late).await;
    let (url, address) = (app.url("/readyz"), app.address());
    let mut knocked = tokio::net::TcpStream::connect(address).await.unwrap();
    let asking = async {
        while reqwest::get(&url)
            .await
            .is_ok_and(|answer| answer.status() == 200)
        {}
        let request = b"GET /healthz HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
        knocked.write_all(request).await.unwrap();
        let mut answer = String::new();
        knocked.read_to_string(&mut answer).await.unwrap();
        answer
    };
    let (answer, ()) = futures_util::future::join(asking, app.stop()).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}
