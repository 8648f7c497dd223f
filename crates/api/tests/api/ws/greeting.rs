//! How a session begins: the upgrade, hello, and the events that were missed.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};

use super::socket::{Socket, request, try_open};
use crate::app::{TestApp, short_token};

#[actix_web::test]
async fn only_pages_of_allowed_origins_get_a_socket() {
    let app = TestApp::start().await;
    let own = format!("http://{}", app.address());
    for (origin, allowed) in [
        (own.as_str(), true),
        ("null", false),
        ("https://evil.example", false),
        (&format!("{own}.evil.example"), false),
    ] {
        let mut request = request(app.address());
        let value = HeaderValue::from_str(origin).unwrap();
        request.headers_mut().insert("origin", value);
        match try_open(request).await {
            Ok(_) => assert!(allowed, "{origin}"),
            Err((status, problem)) => {
                assert!(!allowed, "{origin}");
                assert_eq!(status, StatusCode::FORBIDDEN);
                assert_eq!(problem["code"], "forbidden");
            }
        }
    }
    let mut request = request(app.address());
    let own = HeaderValue::from_str(&own).unwrap();
    request.headers_mut().insert("origin", own);
    request
        .headers_mut()
        .append("origin", HeaderValue::from_static("https://evil.example"));
    assert_eq!(
        try_open(request).await.err().unwrap().0,
        StatusCode::FORBIDDEN
    );
}

#[actix_web::test]
async fn a_client_may_offer_no_subprotocol_or_ours_among_others() {
    let app = TestApp::start().await;
    for (offer, accepted) in [
        (None, true),
        (Some("messaging.v1"), true),
        (Some("messaging.v2, messaging.v1"), true),
        (Some("messaging.v2"), false),
    ] {
        let mut request = request(app.address());
        request.headers_mut().remove("sec-websocket-protocol");
        if let Some(offer) = offer {
            let offer = HeaderValue::from_static(offer);
            request
                .headers_mut()
                .insert("sec-websocket-protocol", offer);
        }
        match try_open(request).await {
            Ok(_) => assert!(accepted, "{offer:?}"),
            Err((status, _)) => {
                assert!(!accepted, "{offer:?}");
                assert_eq!(status, StatusCode::BAD_REQUEST);
            }
        }
    }
}

#[actix_web::test]
async fn a_socket_that_is_switched_off_is_not_there() {
    let app = TestApp::start_tuned(|words, _| words.websocket = Some("off".into())).await;
    let (status, problem) = try_open(request(app.address())).await.err().unwrap();
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(problem["code"], "not_found");
}

#[actix_web::test]
async fn what_is_no_handshake_is_told_so() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    app.get(&ann, "/api/messages/ws")
        .await
        .refused(400, "invalid", &[]);
    // A token in an address would be written to logs; it is not even looked at.
    let mut request = request(app.address());
    *request.uri_mut() = format!("ws://{}/api/messages/ws?token={}", app.address(), ann.token)
        .parse()
        .unwrap();
    let mut socket = try_open(request).await.ok().unwrap();
    socket.say("{\"op\":\"ping\",\"id\":1}").await;
    assert_eq!(socket.closed().await.code, 4_000);
}

#[actix_web::test]
async fn hello_opens_a_session_and_says_what_a_client_has_to_know() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    let (mut socket, welcome) = Socket::with_welcome(&app, &ann).await;
    assert_eq!(welcome["user"]["id"], ann.id);
    assert_eq!(
        (&welcome["resumed"], &welcome["reason"]),
        (&json!(false), &json!("new"))
    );
    assert_eq!(welcome["position"], 0);
    assert_eq!(welcome["heartbeatMs"], 25_000);
    assert_eq!(welcome["limits"]["sessions"], 8);
    assert!(socket.ok("ping", json!({})).await["now"].is_string());
    socket
        .say("{\"op\":\"hello\",\"token\":\"x\",\"id\":9}")
        .await;
    assert_eq!(socket.closed().await.code, 4_000);
}

#[actix_web::test]
async fn whoever_has_no_good_token_is_sent_away() {
    let app =
        TestApp::start_tuned(|_, timing| timing.hello_within = Duration::from_millis(300)).await;
    let ann = app.person("ann").await;
    let expired = short_token(&ann.id, "Ann", Duration::ZERO);
    let forged = format!("{}x", ann.token);
    for (token, code, reconnect) in [
        ("", 4_010, false),
        ("x", 4_010, false),
        (forged.as_str(), 4_010, false),
        (expired.as_str(), 4_110, true),
    ] {
        let mut socket = Socket::open(&app).await;
        socket.tell("hello", json!({ "token": token })).await;
        let closed = socket.closed().await;
        assert_eq!(closed.code, code, "{token}");
        assert_eq!(closed.bye.unwrap()["reconnect"], reconnect);
    }
    let mut silent = Socket::open(&app).await;
    assert_eq!(silent.closed().await.code, 4_103);
}

#[actix_web::test]
async fn before_hello_nothing_else_is_heard() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    for frame in [
        "{\"op\":\"ping\"}",
        "{\"op\":\"nothing.known\"}",
        "{}",
        "[]",
        "hello",
        "",
    ] {
        let mut socket = Socket::open(&app).await;
        socket.say(frame).await;
        assert_eq!(socket.closed().await.code, 4_000, "{frame}");
    }
    // A hello with a field that is not acceptable may be said again.
    let mut socket = Socket::open(&app).await;
    let since = json!({ "epoch": "x", "position": -1 });
    let problem = socket
        .refusal("hello", json!({ "token": ann.token, "since": since }))
        .await;
    assert_eq!(problem["errors"][0]["field"], "since.position");
    socket.hello(&ann.token, &Value::Null).await;
}

#[actix_web::test]
async fn a_session_goes_on_where_the_last_one_ended() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    for text in ["one", "two", "three"] {
        app.send(&bob, &conversation, text).await;
    }
    let (_, welcome) = Socket::with_welcome(&app, &ann).await;
    let epoch = &welcome["epoch"];
    assert_eq!(welcome["position"], 4);
    for (position, texts) in [
        (4, vec![]),
        (3, vec!["three"]),
        (1, vec!["one", "two", "three"]),
    ] {
        let since = json!({ "epoch": epoch, "position": position });
        let (mut socket, welcome, mut events) = Socket::resume(&app, &ann, &since).await;
        assert_eq!(welcome["resumed"], true, "{position}");
        assert_eq!(welcome.get("reason"), None);
        assert_eq!(events.pop().unwrap()["data"]["position"], 4);
        let positions: Vec<_> = events
            .iter()
            .map(|event| event["position"].clone())
            .collect();
        assert_eq!(
            json!(positions),
            json!((position + 1..=4).collect::<Vec<_>>())
        );
        let said: Vec<_> = events
            .iter()
            .map(|event| {
                event["data"]["message"]["content"]["text"]
                    .as_str()
                    .unwrap()
            })
            .collect();
        assert_eq!(said, texts);
        socket.hears_nothing().await;
    }
    for (since, reason) in [
        (json!({ "epoch": epoch, "position": 5 }), "ahead"),
        (
            json!({ "epoch": uuid::Uuid::new_v4().to_string(), "position": 4 }),
            "epoch",
        ),
        (json!({ "epoch": "older", "position": 4 }), "epoch"),
        (Value::Null, "new"),
    ] {
        let (_, welcome, events) = Socket::resume(&app, &ann, &since).await;
        assert_eq!(
            (&welcome["resumed"], &welcome["reason"]),
            (&json!(false), &json!(reason))
        );
        assert_eq!(events.len(), 1, "nothing but `live`");
        assert_eq!(events[0]["data"]["position"], 4);
    }
}

#[actix_web::test]
async fn a_replayed_event_carries_its_message_as_it_is_now() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let (mut socket, welcome) = Socket::with_welcome(&app, &bob).await;
    socket.send(&conversation, "a slip").await;
    let of = json!({ "conversationId": conversation, "seq": 1 });
    socket.ok("message.delete", of).await;
    let since = json!({ "epoch": welcome["epoch"], "position": welcome["position"] });
    let (_, _, events) = Socket::resume(&app, &ann, &since).await;
    assert_eq!(events.len(), 3);
    for event in &events[..2] {
        assert_eq!(
            event["data"]["message"]["content"],
            json!({ "kind": "deleted" })
        );
        assert_eq!(event["data"]["message"]["revision"], 2);
    }
}

#[actix_web::test]
async fn a_thousand_missed_events_are_sent_and_one_more_is_too_many() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let (_, welcome) = Socket::with_welcome(&app, &ann).await;
    let mut sockets = Vec::new();
    for _ in 0..8 {
        sockets.push(Socket::of(&app, &bob).await);
    }
    // Several at a time, so that they are written together.
    let conversation = conversation.as_str();
    futures_util::future::join_all(sockets.iter_mut().map(async |socket| {
        for number in 0..125 {
            socket.send(conversation, &number.to_string()).await;
        }
    }))
    .await;
    let since = json!({ "epoch": welcome["epoch"], "position": welcome["position"] });
    let (_, welcome, events) = Socket::resume(&app, &ann, &since).await;
    assert_eq!((&welcome["resumed"], events.len()), (&json!(true), 1_001));
    let first = since["position"].as_i64().unwrap() + 1;
    let positions = events[..1_000]
        .iter()
        .map(|event| event["position"].as_i64().unwrap());
    assert!(positions.eq(first..first + 1_000));

    app.send(&bob, conversation, "one more").await;
    let (_, welcome, events) = Socket::resume(&app, &ann, &since).await;
    assert_eq!((&welcome["reason"], events.len()), (&json!("too_far"), 1));
}

#[actix_web::test]
async fn nothing_is_lost_or_told_twice_when_messages_come_while_a_session_begins() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let (_, welcome) = Socket::with_welcome(&app, &ann).await;
    let (epoch, mut position) = (&welcome["epoch"], welcome["position"].as_i64().unwrap());
    let mut writer = Socket::of(&app, &bob).await;
    let writing = async {
        for number in 0..200 {
            writer.send(&conversation, &number.to_string()).await;
        }
    };
    let reading = async {
        let last = position + 200;
        while position < last {
            let since = json!({ "epoch": epoch, "position": position });
            let (mut socket, welcome, events) = Socket::resume(&app, &ann, &since).await;
            assert_eq!(welcome["resumed"], true);
            for event in events {
                if event["event"] == "live" {
                    assert_eq!(event["data"]["position"], position);
                } else {
                    assert_eq!(event["position"], position + 1);
                    position += 1;
                }
            }
            for _ in 0..7 {
                if position < last {
                    assert_eq!(socket.next().await["position"], position + 1);
                    position += 1;
                }
            }
        }
    };
    futures_util::future::join(writing, reading).await;
}
