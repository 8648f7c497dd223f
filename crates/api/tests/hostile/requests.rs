//! Bytes that are nearly requests, nearly handshakes, or two requests in one.
//!
//! `HOSTILE_REQUESTS=100000 cargo test -p messaging-api --test hostile requests` sends so many.

use std::sync::Mutex;

use futures_util::{StreamExt as _, stream};

use crate::{
    count,
    mutation::{Chance, input},
    node::{Node, person},
};

/// Requests of each kind, with the words that stand for what only a run knows.
fn seeds(node: &Node, token: &str) -> Vec<String> {
    include_str!("corpus/requests")
        .split("\n---\n")
        .map(|request| {
            let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
            let head = head.replace('\n', "\r\n");
            let length = format!("content-length: {}", body.trim_end().len());
            format!("{head}\r\n\r\n{}", body.trim_end())
                .replace("LENGTH", &length)
                .replace("TOKEN", token)
                .replace("HOST", &node.address.to_string())
        })
        .collect()
}

/// The statuses of all answers in these bytes.
fn statuses(answer: &[u8]) -> Vec<u16> {
    String::from_utf8_lossy(answer)
        .split("HTTP/1.1 ")
        .skip(1)
        .filter_map(|rest| rest.get(..3)?.parse().ok())
        .collect()
}

/// A server may be busy, and says so; it may not fail.
#[track_caller]
fn assert_no_failure(answer: &[u8], bytes: &[u8]) {
    let answered = statuses(answer);
    assert!(
        answered
            .iter()
            .all(|status| *status < 500 || *status == 503),
        "{answered:?} for {}",
        bytes.escape_ascii()
    );
}

#[actix_web::test]
async fn no_bytes_break_the_service() {
    let node = Node::start(&[("MESSAGING_LOG", "warn")]);
    let (_, token) = person();
    let seeds = seeds(&node, &token);
    let lines: Vec<_> = seeds.iter().map(String::as_str).collect();
    for seed in &seeds {
        let answered = statuses(&node.raw(seed.as_bytes()).await);
        assert!(
            !answered.is_empty() && answered.iter().all(|s| *s < 500),
            "{seed}"
        );
    }
    let mut chance = Chance::new(u64::try_from(count("HOSTILE_SEED", 1)).unwrap());
    let inputs = (0..count("HOSTILE_REQUESTS", 5_000)).map(|_| input(&mut chance, &lines));
    let late = Mutex::new(Vec::new());
    stream::iter(inputs)
        .for_each_concurrent(32, |bytes| async {
            match node.raw_promptly(&bytes).await {
                Some(answer) => assert_no_failure(&answer, &bytes),
                None => late.lock().unwrap().push(bytes),
            }
        })
        .await;
    // Logging in costs much by design; so whoever was late among many is asked once more alone.
    for bytes in late.into_inner().unwrap() {
        let answer = node.raw_promptly(&bytes).await;
        let answer = answer.unwrap_or_else(|| panic!("it hangs after: {}", bytes.escape_ascii()));
        assert_no_failure(&answer, &bytes);
    }
    node.assert_well(250 * 1_024 * 1_024).await;
}

/// What the service answers, by the line of each answer; nothing when it closes without one.
async fn answers(node: &Node, request: &str) -> Vec<u16> {
    let request = request.replace("HOST", &node.address.to_string());
    statuses(&node.raw(request.as_bytes()).await)
}

#[actix_web::test]
async fn a_request_that_two_would_read_differently_is_none() {
    let node = Node::start(&[]);
    let hidden = "GET /healthz HTTP/1.1\r\nhost: HOST\r\n\r\n";
    let post = "POST /api/auth/login HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\n";
    for (what, head, body) in [
        (
            "length and chunks",
            "content-length: 6\r\ntransfer-encoding: chunked\r\n\r\n",
            "0\r\n\r\n",
        ),
        (
            "chunks and length",
            "transfer-encoding: chunked\r\ncontent-length: 6\r\n\r\n",
            "0\r\n\r\n",
        ),
        (
            "two lengths",
            "content-length: 2\r\ncontent-length: 3\r\n\r\n",
            "{}",
        ),
        ("two lengths in one", "content-length: 2, 2\r\n\r\n", "{}"),
        ("a length with a sign", "content-length: +2\r\n\r\n", "{}"),
        ("a length below nothing", "content-length: -1\r\n\r\n", ""),
        (
            "a length in hexadecimal",
            "content-length: 0x2\r\n\r\n",
            "{}",
        ),
        (
            "a length beyond counting",
            "content-length: 99999999999999999999\r\n\r\n",
            "{}",
        ),
        (
            "an unknown coding",
            "transfer-encoding: cow\r\n\r\n",
            "0\r\n\r\n",
        ),
        (
            "chunks that are none",
            "transfer-encoding: xchunked\r\n\r\n",
            "0\r\n\r\n",
        ),
        (
            "chunks inside of something",
            "transfer-encoding: chunked, gzip\r\n\r\n",
            "0\r\n\r\n",
        ),
        (
            "two codings",
            "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n",
            "0\r\n\r\n",
        ),
        (
            "a folded header",
            "x-a: b\r\n content-length: 2\r\n\r\n",
            "",
        ),
        (
            "white space before the colon",
            "content-length : 2\r\n\r\n",
            "{}",
        ),
        (
            "white space before a name",
            " content-length: 2\r\n\r\n",
            "{}",
        ),
        ("no name", ": x\r\n\r\n", ""),
        ("no colon", "content-length\r\n\r\n", ""),
        ("a NUL in a value", "x-a: \0\r\n\r\n", ""),
        (
            "a bare CR in a value",
            "x-a: a\rcontent-length: 2\r\n\r\n",
            "",
        ),
    ] {
        let request = format!("{post}{head}{body}{hidden}");
        let answered = answers(&node, &request).await;
        assert!(
            answered.iter().all(|status| (400..500).contains(status)),
            "{what}: {answered:?}"
        );
        assert!(
            answered.len() <= 1,
            "{what}: it was read as two: {answered:?}"
        );
    }
    // Lines may end in a bare LF (RFC 9112, section 2.2), as long as both ends agree where.
    for (what, request) in [
        ("no host", "GET /healthz HTTP/1.1\r\n\r\n"),
        (
            "an old protocol's version",
            "GET /healthz HTTP/0.9\r\nhost: HOST\r\n\r\n",
        ),
        (
            "a protocol to come",
            "GET /healthz HTTP/3.0\r\nhost: HOST\r\n\r\n",
        ),
        (
            "a request line of four words",
            "GET /healthz x HTTP/1.1\r\nhost: HOST\r\n\r\n",
        ),
        (
            "an address with a NUL",
            "GET /\0 HTTP/1.1\r\nhost: HOST\r\n\r\n",
        ),
        ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("TLS", "\x16\x03\x01\x02\0\x01\0\x01\u{7f}\x03\x03"),
        (
            "a chunk of no size",
            "POST /api/auth/login HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "a chunk of a negative size",
            "POST /api/auth/login HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        ),
        (
            "a chunk that is too big to be",
            "POST /api/auth/login HTTP/1.1\r\nhost: HOST\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        ),
    ] {
        let answered = answers(&node, request).await;
        assert!(
            answered.iter().all(|status| (400..500).contains(status)),
            "{what}: {answered:?}"
        );
    }
    node.assert_well(250 * 1_024 * 1_024).await;
}

#[actix_web::test]
async fn a_handshake_is_one_by_the_book_or_none() {
    let node = Node::start(&[("MESSAGING_ALLOWED_ORIGINS", "https://shop.example")]);
    let good = [
        ("host", "HOST"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "messaging.v1"),
    ];
    let handshake = |changed: &[(&str, &str)]| {
        let mut headers: Vec<_> = good
            .iter()
            .filter(|(name, _)| !changed.iter().any(|(other, _)| other == name))
            .copied()
            .collect();
        headers.extend(changed.iter().filter(|(_, value)| !value.is_empty()));
        let lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        format!("GET /api/messages/ws HTTP/1.1\r\n{}\r\n", lines.concat())
    };
    let big = "x".repeat(200_000);
    for (what, changed, status) in [
        ("as it should be", &[][..], 101),
        (
            "an allowed origin",
            &[("origin", "https://shop.example")],
            101,
        ),
        (
            "words in any case",
            &[
                ("upgrade", "WebSocket"),
                ("connection", "keep-alive, upgrade"),
            ],
            101,
        ),
        (
            "one of several protocols",
            &[("sec-websocket-protocol", "x, messaging.v1")],
            101,
        ),
        ("no protocol", &[("sec-websocket-protocol", "")], 101),
        (
            "extensions that are not known",
            &[("sec-websocket-extensions", "permessage-deflate; x=\"y\", z")],
            101,
        ),
        (
            "another protocol",
            &[("sec-websocket-protocol", "chat")],
            400,
        ),
        (
            "a protocol that is no ASCII",
            &[("sec-websocket-protocol", "mess\u{e4}ging")],
            400,
        ),
        ("version 12", &[("sec-websocket-version", "12")], 426),
        ("no version", &[("sec-websocket-version", "")], 400),
        (
            "a version that is no number",
            &[("sec-websocket-version", "x")],
            426,
        ),
        ("no key", &[("sec-websocket-key", "")], 400),
        ("a short key", &[("sec-websocket-key", "x")], 400),
        (
            "a long key",
            &[(
                "sec-websocket-key",
                "dGhlIHNhbXBsZSBub25jZSB0aGF0IGlzIHRvbyBsb25n",
            )],
            400,
        ),
        ("no upgrade", &[("upgrade", "")], 400),
        ("another upgrade", &[("upgrade", "h2c")], 400),
        ("no connection", &[("connection", "")], 400),
        (
            "a connection that stays",
            &[("connection", "keep-alive")],
            400,
        ),
        (
            "a foreign origin",
            &[("origin", "https://evil.example")],
            403,
        ),
        ("no origin at all", &[("origin", "null")], 403),
        (
            "two origins",
            &[
                ("origin", "https://shop.example"),
                ("origin", "https://evil.example"),
            ],
            403,
        ),
        ("a huge header", &[("x-a", &big)], 431),
    ] {
        let answered = answers(&node, &handshake(changed)).await;
        assert_eq!(answered.first(), Some(&status), "{what}: {answered:?}");
    }
    let many: Vec<_> = (0..200).map(|n| (format!("x-{n}"), "x")).collect();
    let many: Vec<_> = many
        .iter()
        .map(|(name, value)| (name.as_str(), *value))
        .collect();
    let answered = answers(&node, &handshake(&many)).await;
    assert_eq!(answered.first(), Some(&431), "{answered:?}");
    let post = handshake(&[]).replacen("GET", "POST", 1);
    assert_eq!(answers(&node, &post).await.first(), Some(&405));
    let old = handshake(&[]).replacen("HTTP/1.1", "HTTP/1.0", 1);
    assert_ne!(answers(&node, &old).await.first(), Some(&500));
    node.assert_well(250 * 1_024 * 1_024).await;
}
