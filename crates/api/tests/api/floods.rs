//! Whoever sends too slowly, too much, or one bad word after the other: bounded, and at nobody else's cost.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use uuid::Uuid;

use crate::{
    app::TestApp,
    doors::until_closed,
    ws::socket::{Socket, request, try_open},
};

#[actix_web::test]
async fn a_body_that_nobody_reads_is_not_read_for_ever() {
    let app = TestApp::start().await;
    let address = app.address();
    for (path, status) in [
        ("/nope", 404),
        ("/api/messages/send", 401),
        ("/healthz", 405),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             transfer-encoding: chunked\r\n\r\n"
        );
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        let (mut from, mut to) = socket.split();
        let begun = Instant::now();
        let writing = async {
            // For as long as the service takes it.
            while to.write_all(b"1\r\nx\r\n").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let mut answer = [0; 64];
        let ((), read) = tokio::time::timeout(
            Duration::from_secs(15),
            futures_util::future::join(writing, from.read(&mut answer)),
        )
        .await
        .expect("an end");
        let answer = String::from_utf8_lossy(&answer[..read.unwrap()]).into_owned();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(begun.elapsed() < Duration::from_secs(10));
    }
    // What is not read but is all there keeps nobody from asking again.
    let request = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
        )
    };
    let last = format!("GET /healthz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    let answers = until_closed(address, &format!("{}{last}", request("/nope"))).await;
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 2, "{answers}");
}

#[actix_web::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let app = TestApp::start().await;
    let address = app.address();
    let deadline = Duration::from_secs(9);
    let silent = async {
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer).await
    };
    let dripping = async {
        let mut socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut from, mut to) = socket.split();
        let mut answer = Vec::new();
        let drip = async {
            let _ = to.write_all(b"GET / HTTP/1.1\r\nx-slow: ").await;
            while to.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        let read = from.read_to_end(&mut answer);
        futures_util::pin_mut!(drip, read);
        let _ = futures_util::future::select(drip, read).await;
    };
    let ends = futures_util::future::join(
        tokio::time::timeout(deadline, silent),
        tokio::time::timeout(deadline, dripping),
    );
    let (silent, dripping) = ends.await;
    assert!(silent.is_ok() && dripping.is_ok());
}

#[actix_web::test]
async fn a_later_head_that_does_not_come_to_its_end_is_not_waited_for() {
    let keep_alive = Duration::from_millis(500);
    let app = TestApp::start_tuned(|_, timing| timing.keep_alive = keep_alive).await;
    let ann = app.person("ann").await;
    let mut session = Socket::of(&app, &ann).await;
    let mut socket = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    let (mut from, mut to) = socket.split();
    let whole = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    to.write_all(whole).await.unwrap();
    let mut answer = [0; 12];
    from.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    let drip = async {
        let _ = to.write_all(b"GET / HTTP/1.1\r\nx-slow: ").await;
        while to.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let mut rest = Vec::new();
    let read = from.read_to_end(&mut rest);
    futures_util::pin_mut!(drip, read);
    let ended = futures_util::future::select(drip, read);
    let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
    assert!(ended.is_ok(), "it is still open");
    // A connection that became a session is none of this.
    session.ok("ping", json!({})).await;
}

#[actix_web::test]
async fn whoever_tries_one_bad_token_after_the_other_is_told_to_wait_and_nobody_else() {
    let app = TestApp::start_with(|words| words.rate_limits = Some("on".into())).await;
    let ann = app.person("ann").await;
    let stranger = || app.request("GET", "/api/auth/me").bearer_auth("x");
    let mut limited = None;
    for _ in 0..1_500 {
        let answer = app.answer(stranger()).await;
        if answer.status != 401 {
            limited = Some(answer);
            break;
        }
    }
    let limited = limited.unwrap();
    assert!(limited.header("retry-after").is_some());
    limited.refused(429, "rate_limited", &[]);
    app.get(&ann, "/api/auth/me").await.expect(200);
    // Where all of this takes long, a try or two more are allowed meanwhile.
    let mut code = 4_010;
    for _ in 0..100 {
        let mut socket = Socket::open(&app).await;
        socket.tell("hello", json!({ "token": "x", "id": 1 })).await;
        code = socket.closed().await.code;
        if code != 4_010 {
            break;
        }
    }
    assert_eq!(code, 4_102);
    let mut socket = Socket::open(&app).await;
    socket.hello(&ann.token, &Value::Null).await;
}

#[actix_web::test]
async fn refresh_tokens_are_not_guessed_for_ever() {
    let app = TestApp::start_with(|words| words.rate_limits = Some("on".into())).await;
    let guess = || {
        let body = json!({ "refreshToken": Uuid::new_v4().to_string() });
        app.request("POST", "/api/auth/refresh").json(&body)
    };
    let mut limited = None;
    // Many at once: one after the other, a slow machine would not ask faster than it is let.
    for _ in 0..30 {
        let answers = join_all((0..50).map(|_| app.answer(guess()))).await;
        limited = answers.into_iter().find(|answer| answer.status != 401);
        if limited.is_some() {
            break;
        }
    }
    limited.unwrap().refused(429, "rate_limited", &[]);
}

#[actix_web::test]
async fn sockets_that_say_nothing_leave_room_for_those_of_other_addresses() {
    let app = TestApp::start_with(|words| {
        words.rate_limits = Some("on".into());
        words.max_greetings = Some("3".into());
        words.trusted_proxies = Some("1".into());
    })
    .await;
    let ann = app.person("ann").await;
    let from = |address: &'static str| {
        let mut request = request(app.address());
        let told = HeaderValue::from_static(address);
        request.headers_mut().insert("x-forwarded-for", told);
        request
    };
    let mut silent = Vec::new();
    for _ in 0..3 {
        silent.push(
            try_open(from("192.0.2.1"))
                .await
                .unwrap_or_else(|_| panic!()),
        );
    }
    let Err((status, problem)) = try_open(from("192.0.2.1")).await else {
        panic!("let in")
    };
    assert_eq!(
        (status.as_u16(), &problem["code"]),
        (429, &json!("rate_limited"))
    );
    assert!(try_open(from("192.0.2.2")).await.is_ok());
    // Whoever says hello makes room.
    silent[0].hello(&ann.token, &Value::Null).await;
    assert!(try_open(from("192.0.2.1")).await.is_ok());
}
