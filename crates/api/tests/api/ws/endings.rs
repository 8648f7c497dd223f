//! How a session ends, whoever ends it and however the peer behaves.

use std::time::Duration;

use futures_util::future::join_all;
use messaging_api::ws::Timing;
use serde_json::json;
use tokio::{io::AsyncReadExt as _, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    client_async,
    tungstenite::{
        Message,
        protocol::{CloseFrame, frame::coding::CloseCode},
    },
};

use super::socket::{SOON, Socket, request};
use crate::app::TestApp;

#[actix_web::test]
async fn a_clients_close_is_answered_with_its_code() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    for code in [1_000, 1_001, 3_000, 4_999] {
        let mut socket = Socket::of(&app, &ann).await;
        let reason = CloseFrame {
            code: CloseCode::from(code),
            reason: "enough".into(),
        };
        socket.put(Message::Close(Some(reason))).await;
        let closed = socket.closed().await;
        assert_eq!((closed.code, closed.bye), (code, None));
    }
}

#[actix_web::test]
async fn the_ninth_session_ends_the_first() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    let mut sockets = Vec::new();
    for _ in 0..9 {
        sockets.push(Socket::of(&app, &ann).await);
    }
    let closed = sockets[0].closed().await;
    assert_eq!(closed.code, 4_014);
    assert_eq!(closed.bye.unwrap()["reconnect"], false);
    for socket in &mut sockets[1..] {
        socket.hears_nothing().await;
    }
}

#[actix_web::test]
async fn a_silent_session_hears_heartbeats_and_one_that_stays_silent_ends() {
    let app = TestApp::start_tuned(|_, timing| {
        timing.heartbeat_after = Duration::from_millis(100);
        timing.idle_limit = Duration::from_secs(1);
    })
    .await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let mut silent = Socket::of(&app, &ann).await;
    let mut lively = Socket::of(&app, &ann).await;
    assert_eq!(silent.event("heartbeat").await["position"], 1);
    app.send(&bob, &conversation, "hello").await;
    silent.event("message.created").await;
    assert_eq!(silent.event("heartbeat").await["position"], 2);
    // Any frame keeps a session, those of the protocol too.
    let keep = async {
        for _ in 0..20 {
            lively.put(Message::Ping("x".into())).await;
            while !matches!(lively.message().await, Some(Message::Pong(_))) {}
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let (closed, ()) = futures_util::future::join(silent.closed(), keep).await;
    assert_eq!(closed.code, 4_202);
    lively.ok("ping", json!({})).await;
}

#[actix_web::test]
async fn a_client_that_pings_hears_heartbeats_all_the_same() {
    let app = TestApp::start_tuned(|_, timing| {
        timing.heartbeat_after = Duration::from_millis(300);
    })
    .await;
    let ann = app.person("ann").await;
    let mut socket = Socket::of(&app, &ann).await;
    let hears = async {
        loop {
            socket.put(Message::Ping("x".into())).await;
            match socket.message().await {
                Some(Message::Text(text)) if text.contains("heartbeat") => break,
                Some(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                None => panic!("ended"),
            }
        }
    };
    timeout(SOON, hears).await.unwrap();
}

#[actix_web::test]
async fn a_service_that_goes_down_tells_its_sessions_to_come_back() {
    let app = TestApp::start().await;
    let mut sockets = vec![Socket::open(&app).await];
    for number in 0..5 {
        let person = app.person(&format!("person-{number}")).await;
        sockets.push(Socket::of(&app, &person).await);
    }
    let address = app.address();
    let late = async {
        // Until the drain has begun; then the door is shut.
        while let Ok(stream) = TcpStream::connect(address).await
            && let Ok(opened) = client_async(request(address), stream).await
        {
            drop(opened);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let ends = join_all(sockets.iter_mut().map(Socket::closed));
    let stopped = timeout(SOON, app.stop());
    let (ends, stopped, ()) = futures_util::future::join3(ends, stopped, late).await;
    stopped.expect("within 10 s");
    for closed in ends {
        assert_eq!(closed.code, 1_012);
        let bye = closed.bye.unwrap();
        assert_eq!(bye["reconnect"], true);
        assert!(bye["afterMs"].as_u64().unwrap() <= 6_000, "{bye}");
    }
}

#[actix_web::test]
async fn a_peer_that_never_reads_is_cut_off_and_costs_nobody_else_anything() {
    never_reads(|timing| timing.write_within = Duration::from_millis(500)).await;
}

#[actix_web::test]
async fn a_peer_for_whom_too_much_waits_is_cut_off_before_the_deadline_of_a_write() {
    never_reads(|timing| {
        timing.write_within = Duration::from_mins(10);
        timing.overflown_write_within = Duration::from_millis(500);
    })
    .await;
}

async fn never_reads(tune: impl FnOnce(&mut Timing)) {
    let app = TestApp::start_tuned(|_, timing| tune(timing)).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let mut stalled = Socket::of(&app, &ann).await;
    let mut reading = Socket::of(&app, &ann).await;
    let mut writers = Vec::new();
    for _ in 0..4 {
        writers.push(Socket::of(&app, &bob).await);
    }
    // More than the kernel, the library and the outbox hold for one connection.
    let text = "😀".repeat(4_000);
    let (each, text) = (150, text.as_str());
    let conversation = conversation.as_str();
    let writing = join_all(writers.iter_mut().map(async |writer| {
        for _ in 0..each {
            writer.send(conversation, text).await;
        }
    }));
    let all = 4 * each;
    let mut expected = 2;
    let listening = async {
        while expected < all + 2 {
            assert_eq!(reading.next().await["position"], expected);
            expected += 1;
        }
    };
    futures_util::future::join(writing, listening).await;
    // What the kernel had taken can be read; then the connection is at its end.
    let connection = stalled.connection();
    let (mut read, mut buffer) = (0, vec![0; 65_536]);
    while let Ok(count @ 1..) = timeout(SOON, connection.read(&mut buffer))
        .await
        .expect("an end")
    {
        read += count;
    }
    // Of 9.6 MB. Without a limit, what waits for one peer is up to 4 MB of the kernel's memory.
    assert!(read < 1_500_000, "{read} bytes");
}
