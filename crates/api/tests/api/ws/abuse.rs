//! What a client must not say, in frames that are broken, too large or too many.

use std::time::Duration;

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message;

use super::socket::{SOON, Socket};
use crate::app::TestApp;

/// A frame as it is on the wire, whatever the protocol says of it.
fn raw(opcode: u8, last: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![if last { 0x80 } else { 0 } | opcode];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | u8::try_from(length).unwrap()),
        length @ 126..65_536 => {
            frame.push(0x80 | 0x7E);
            frame.extend(u16::try_from(length).unwrap().to_be_bytes());
        }
        length => {
            frame.push(0x80 | 0x7F);
            frame.extend(u64::try_from(length).unwrap().to_be_bytes());
        }
    }
    // A mask of zeros leaves the payload as it is.
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

async fn live(app: &TestApp) -> Socket {
    let ann = app.person("ann").await;
    Socket::of(app, &ann).await
}

async fn write(socket: &mut Socket, frames: &[Vec<u8>]) {
    for frame in frames {
        // The service may have closed in the middle of it.
        if socket.connection().write_all(frame).await.is_err() {
            return;
        }
    }
}

#[actix_web::test]
async fn what_is_no_frame_of_the_contract_closes_with_4000() {
    let app = TestApp::start().await;
    for text in [
        "",
        "x",
        "5",
        "[]",
        "{}",
        "{\"op\":5}",
        "{\"op\":\"ping\"",
        "{\"op\":\"ping\",\"op\":\"ping\"}",
    ] {
        let mut socket = live(&app).await;
        socket.say(text).await;
        let closed = socket.closed().await;
        assert_eq!(closed.code, 4_000, "{text}");
        assert_eq!(closed.bye.unwrap()["reconnect"], false);
    }
}

#[actix_web::test]
async fn what_the_protocol_does_not_allow_closes_with_its_code() {
    let app = TestApp::start().await;
    let big = vec![b' '; 65_537];
    let most = vec![b' '; 65_536];
    for (what, frames, code) in [
        ("binary", vec![raw(2, true, b"x")], 1_003),
        (
            "binary in parts",
            vec![raw(2, false, b"x"), raw(0, true, b"x")],
            1_003,
        ),
        ("no UTF-8", vec![raw(1, true, b"\xff")], 1_007),
        (
            "no UTF-8 in parts",
            vec![raw(1, false, b"\xff"), raw(0, true, b"")],
            1_007,
        ),
        ("one byte too many", vec![raw(1, true, &big)], 1_009),
        (
            "one byte too many in parts",
            vec![raw(1, false, &most), raw(0, true, b" ")],
            1_009,
        ),
        ("an opcode that is none", vec![raw(3, true, b"")], 1_002),
        ("a ping in parts", vec![raw(9, false, b"")], 1_002),
        (
            "a ping that is too long",
            vec![raw(9, true, &[0; 126])],
            1_002,
        ),
        ("a part of nothing", vec![raw(0, true, b"")], 1_002),
        (
            "a reserved bit",
            vec![{
                let mut frame = raw(1, true, b"{}");
                frame[0] |= 0x40;
                frame
            }],
            1_002,
        ),
    ] {
        let mut socket = live(&app).await;
        write(&mut socket, &frames).await;
        let closed = socket.closed().await;
        assert_eq!((closed.code, closed.bye), (code, None), "{what}");
    }
}

#[actix_web::test]
async fn a_frame_that_announces_a_terabyte_is_refused_before_it_comes() {
    let app = TestApp::start().await;
    let mut socket = live(&app).await;
    let mut header = vec![0x81, 0x80 | 0x7F];
    header.extend((1_u64 << 40).to_be_bytes());
    header.extend([0; 4]);
    write(&mut socket, &[header]).await;
    assert_eq!(socket.closed().await.code, 1_009);
}

#[actix_web::test]
async fn a_message_may_come_in_parts_with_pings_between_them() {
    let app = TestApp::start().await;
    let mut socket = live(&app).await;
    // The longest message that there may be, cut in the middle of a character.
    let text = format!(
        "{{\"op\":\"ping\",\"id\":77,\"x\":\"é{}\"}}",
        "y".repeat(65_536 - 30)
    );
    assert_eq!(text.len(), 65_536);
    let (start, rest) = text.as_bytes().split_at(text.find('é').unwrap() + 1);
    let frames = [
        raw(1, false, start),
        raw(9, true, b"are you there?"),
        raw(0, false, b""),
        raw(0, true, rest),
    ];
    write(&mut socket, &frames).await;
    assert_eq!(
        socket.message().await,
        Some(Message::Pong("are you there?".into()))
    );
    assert_eq!(socket.receive().await["reply"], 77);
}

#[actix_web::test]
async fn a_close_is_answered_although_another_one_follows_it() {
    let app = TestApp::start().await;
    let mut socket = live(&app).await;
    let twice = [raw(8, true, &1_000_u16.to_be_bytes()), raw(8, true, b"")].concat();
    write(&mut socket, &[twice]).await;
    assert_eq!(socket.closed().await.code, 1_000);
}

#[actix_web::test]
async fn bad_fields_are_named_and_the_session_goes_on() {
    let app = TestApp::start().await;
    let mut socket = live(&app).await;
    assert_eq!(
        socket.refusal("message.sned", json!({})).await["code"],
        "unknown_op"
    );
    let problem = socket
        .refusal("message.send", json!({ "clientId": 5 }))
        .await;
    assert_eq!(
        (&problem["code"], &problem["errors"][0]["field"]),
        (&json!("invalid"), &json!("clientId"))
    );
    let problem = socket.refusal("typing", json!({})).await;
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
    // Without an id: no answer to an ephemeral op, and null to others.
    socket.tell("typing", json!({})).await;
    socket
        .tell(
            "conversation.delivered",
            json!({ "conversationId": "x", "seq": 1 }),
        )
        .await;
    socket.tell("message.send", json!({})).await;
    let reply = socket.receive().await;
    assert!(
        reply["reply"].is_null() && reply["error"]["code"] == "invalid",
        "{reply}"
    );
    socket.say("{\"op\":\"ping\",\"id\":{}}").await;
    assert_eq!(socket.receive().await["error"]["errors"][0]["field"], "id");
    socket.say("{\"op\":\"ping\",\"id\":\"seven\"}").await;
    assert_eq!(socket.receive().await["reply"], "seven");
}

#[actix_web::test]
async fn too_many_ops_are_refused_and_far_too_many_end_the_session() {
    let app = TestApp::start_tuned(|words, _| words.rate_limits = Some("on".into())).await;
    let mut socket = live(&app).await;
    for id in 0..1_000 {
        let frame = format!("{{\"op\":\"ping\",\"id\":{id}}}");
        write(&mut socket, &[raw(1, true, frame.as_bytes())]).await;
    }
    let mut refused = 0;
    let code = loop {
        match socket.message().await.expect("a close frame") {
            Message::Text(text) => {
                let frame: serde_json::Value = serde_json::from_str(&text).unwrap();
                if frame["error"]["code"] == "rate_limited" {
                    assert!(frame["error"]["retryAfterMs"].as_u64().unwrap() > 0);
                    refused += 1;
                }
            }
            Message::Close(frame) => break u16::from(frame.unwrap().code),
            _ => {}
        }
    };
    assert_eq!((code, refused), (4_102, 200));
}

#[actix_web::test]
async fn a_flood_of_empty_parts_is_no_burden() {
    let app = TestApp::start().await;
    let mut socket = live(&app).await;
    write(&mut socket, &[raw(1, false, b"{\"op\":\"ping\",\"id\":1}")]).await;
    let many = raw(0, false, b"").repeat(10_000);
    for _ in 0..20 {
        write(&mut socket, std::slice::from_ref(&many)).await;
    }
    write(&mut socket, &[raw(0, true, b"")]).await;
    assert_eq!(socket.receive().await["reply"], 1);
}

#[actix_web::test]
async fn a_connection_that_is_cut_in_the_middle_leaves_nobody_behind() {
    let app =
        TestApp::start_tuned(|_, timing| timing.offline_after = Duration::from_millis(50)).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let mut watcher = Socket::of(&app, &bob).await;
    watcher
        .ok("room.join", json!({ "conversationId": conversation }))
        .await;
    let mut cut = Socket::of(&app, &ann).await;
    watcher.event("presence").await;
    write(&mut cut, &[raw(1, true, &[b' '; 1_000])[..100].to_vec()]).await;
    cut.connection().shutdown().await.unwrap();
    assert_eq!(watcher.event("presence").await["online"], false);
    let mut buffer = [0; 1_024];
    let end = timeout(SOON, cut.connection().read(&mut buffer)).await;
    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
}

#[actix_web::test]
async fn who_comes_back_at_a_sane_rate_is_let_in_and_who_asks_far_too_much_is_not() {
    let app = TestApp::start_tuned(|words, timing| {
        words.rate_limits = Some("on".into());
        timing.hello_within = Duration::from_mins(1);
    })
    .await;
    let ann = app.person("ann").await;
    for _ in 0..50 {
        Socket::of(&app, &ann).await;
    }
    // The same person's requests count as well, and are made faster here than sockets.
    let mut sockets = Vec::new();
    for _ in 0..20 {
        sockets.push(Socket::open(&app).await);
    }
    let hello = json!({ "op": "hello", "id": 1, "token": ann.token }).to_string();
    let refused = async {
        for socket in &mut sockets {
            while app.get(&ann, "/api/auth/me").await.status != 429 {}
            socket.say(hello.clone()).await;
            if let Some(Message::Text(text)) = socket.message().await
                && text.contains("bye")
            {
                return Some(socket.closed().await.code);
            }
        }
        None
    };
    let flood = async {
        loop {
            let requests = (0..8).map(|_| app.get(&ann, "/api/auth/me"));
            futures_util::future::join_all(requests).await;
        }
    };
    tokio::select! {
        code = refused => assert_eq!(code, Some(4_102)),
        () = flood => {}
    }
    // It was a pause that was missing: sooner or later a request is let in again, and then a hello.
    let let_in = async { while app.get(&ann, "/api/auth/me").await.status == 429 {} };
    timeout(SOON, let_in).await.unwrap();
    let hello_again = async {
        loop {
            let mut socket = Socket::open(&app).await;
            socket.say(hello.clone()).await;
            if let Some(Message::Text(text)) = socket.message().await
                && text.contains("sessionId")
            {
                return;
            }
        }
    };
    timeout(SOON, hello_again).await.unwrap();
}
