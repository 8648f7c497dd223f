//! What happens is told to every session of both people, in order and once.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use uuid::Uuid;

use super::socket::Socket;
use crate::app::{Person, SERVER_KEY, TestApp};

#[actix_web::test]
async fn a_message_is_told_to_every_session_of_both_people_and_to_nobody_else() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let eve = app.person("eve").await;
    let conversation = app.conversation(&ann, &bob).await;
    let mut anns = [Socket::of(&app, &ann).await, Socket::of(&app, &ann).await];
    let mut bobs = [Socket::of(&app, &bob).await, Socket::of(&app, &bob).await];
    let mut stranger = Socket::of(&app, &eve).await;
    let message = anns[0].send(&conversation, "Is it still there?").await;
    assert_eq!(
        (&message["seq"], &message["status"]),
        (&json!(1), &json!("sent"))
    );
    for (sockets, unread) in [(&mut anns, 0), (&mut bobs, 1)] {
        for socket in sockets {
            let event = socket.next().await;
            assert_eq!(
                (&event["event"], &event["position"]),
                (&json!("message.created"), &json!(2))
            );
            assert_eq!(event["data"]["message"], message);
            assert_eq!(event["unread"]["count"], unread);
            assert_eq!(event["unread"]["total"], unread);
            socket.hears_nothing().await;
        }
    }
    stranger.hears_nothing().await;
}

#[actix_web::test]
async fn the_same_message_again_is_answered_and_not_told() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let (mut sender, mut receiver) = (Socket::of(&app, &ann).await, Socket::of(&app, &bob).await);
    let fields = json!({
        "conversationId": conversation,
        "clientId": Uuid::new_v4().to_string(),
        "content": { "kind": "text", "text": "once" },
    });
    let first = sender.ok("message.send", fields.clone()).await;
    let again = sender.ok("message.send", fields.clone()).await;
    assert_eq!(
        (&first["duplicate"], &again["duplicate"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(first["message"], again["message"]);
    let over_http = app
        .post(&ann, "/api/messages/send", &fields)
        .await
        .expect(200);
    assert_eq!(over_http, first["message"]);
    let mut other = fields;
    other["content"]["text"] = "twice".into();
    assert_eq!(
        sender.refusal("message.send", other).await["code"],
        "idempotency_mismatch"
    );
    receiver.event("message.created").await;
    receiver.hears_nothing().await;
}

#[actix_web::test]
async fn an_edit_a_deletion_and_a_cursor_are_told_with_what_is_unread() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let (mut sender, mut receiver) = (Socket::of(&app, &ann).await, Socket::of(&app, &bob).await);
    for text in ["one", "two"] {
        sender.send(&conversation, text).await;
        receiver.event("message.created").await;
    }
    let edit = json!({
        "conversationId": conversation, "seq": 1, "revision": 1,
        "content": { "kind": "text", "text": "uno" },
    });
    let changed = sender.ok("message.edit", edit.clone()).await;
    assert_eq!(changed["message"]["revision"], 2);
    let event = receiver.next().await;
    assert_eq!(event["event"], "message.updated");
    assert_eq!(event["data"]["message"], changed["message"]);
    assert_eq!(event["unread"], json!({ "count": 2, "total": 2 }));
    assert_eq!(
        sender.refusal("message.edit", edit).await["code"],
        "stale_revision"
    );

    let second = json!({ "conversationId": conversation, "seq": 2 });
    assert_eq!(
        receiver.refusal("message.delete", second.clone()).await["code"],
        "forbidden"
    );
    sender.ok("message.delete", second).await;
    assert_eq!(receiver.next().await["unread"]["count"], 1);

    let place = json!({ "conversationId": conversation, "seq": 2 });
    receiver.tell("conversation.delivered", place.clone()).await;
    let event = receiver.event("cursor.moved").await;
    assert_eq!(
        (&event["readSeq"], &event["deliveredSeq"]),
        (&json!(0), &json!(2))
    );
    let state = receiver.ok("conversation.read", place.clone()).await;
    assert_eq!(
        state,
        json!({ "readSeq": 2, "unreadCount": 0, "unreadTotal": 0 })
    );
    let event = receiver.next().await;
    assert_eq!(event["data"]["readSeq"], 2);
    assert_eq!(event["unread"], json!({ "count": 0, "total": 0 }));
    // Again: nothing moves, and nobody is told.
    receiver.ok("conversation.read", place.clone()).await;
    assert_eq!(
        receiver.ok("conversation.delivered", place).await,
        json!({})
    );
    receiver.hears_nothing().await;
}

#[actix_web::test]
async fn a_new_conversation_and_a_block_are_told_to_both_and_settings_only_to_their_owner() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let (mut anns, mut bobs) = (Socket::of(&app, &ann).await, Socket::of(&app, &bob).await);
    let conversation = app.conversation(&ann, &bob).await;
    for (socket, role, counterpart) in [(&mut anns, "buyer", &bob), (&mut bobs, "seller", &ann)] {
        let event = socket.event("conversation.created").await;
        assert_eq!(event["conversation"]["id"], conversation);
        assert_eq!(event["conversation"]["role"], role);
        assert_eq!(event["conversation"]["counterpart"]["id"], counterpart.id);
    }
    let path = format!("/api/messages/conversations/{conversation}");
    app.patch(&ann, &path, &json!({ "muted": true }))
        .await
        .expect(200);
    assert_eq!(
        anns.event("conversation.updated").await["conversation"]["muted"],
        true
    );
    bobs.hears_nothing().await;
    app.patch(&ann, &path, &json!({ "blocked": true }))
        .await
        .expect(200);
    assert_eq!(
        anns.event("conversation.updated").await["conversation"]["blocked"],
        "byMe"
    );
    assert_eq!(
        bobs.event("conversation.updated").await["conversation"]["blocked"],
        "byCounterpart"
    );
}

#[actix_web::test]
async fn an_outsider_learns_nothing_not_even_that_a_conversation_exists() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let eve = app.person("eve").await;
    let conversation = app.conversation(&ann, &bob).await;
    let mut stranger = Socket::of(&app, &eve).await;
    let nowhere = Uuid::now_v7().to_string();
    let over_http = {
        let path = format!("/api/messages/conversations/{conversation}");
        app.get(&eve, &path).await.expect(404)
    };
    for op in [
        "message.send",
        "message.edit",
        "message.delete",
        "conversation.read",
        "conversation.delivered",
        "room.join",
        "room.leave",
        "typing",
    ] {
        for id in [conversation.as_str(), &nowhere, "none"] {
            let fields = json!({
                "conversationId": id, "clientId": Uuid::new_v4().to_string(), "seq": 1, "revision": 1,
                "active": true, "content": { "kind": "text", "text": "hello" },
            });
            assert_eq!(stranger.refusal(op, fields).await, over_http, "{op} {id}");
        }
    }
}

#[actix_web::test]
async fn messages_of_one_socket_are_stored_in_the_order_in_which_they_were_sent() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let (mut sender, mut receiver) = (Socket::of(&app, &ann).await, Socket::of(&app, &bob).await);
    for number in 0..50 {
        let fields = json!({
            "conversationId": conversation,
            "clientId": Uuid::new_v4().to_string(),
            "content": { "kind": "text", "text": number.to_string() },
        });
        sender.tell("message.send", fields).await;
    }
    for number in 0..50 {
        let event = receiver.event("message.created").await;
        assert_eq!(event["message"]["content"]["text"], number.to_string());
        assert_eq!(event["message"]["seq"], number + 1);
    }
}

/// Lets Bob send Ann many messages, four at a time.
async fn flood(app: &TestApp, bob: &Person, conversation: &str, each: i64, text: &str) {
    let mut writers = Vec::new();
    for _ in 0..4 {
        writers.push(Socket::of(app, bob).await);
    }
    join_all(writers.iter_mut().map(async |writer| {
        for _ in 0..each {
            writer.send(conversation, text).await;
        }
    }))
    .await;
}

#[actix_web::test]
async fn a_session_that_falls_far_behind_and_reads_on_hears_everything_once() {
    let app = TestApp::start_tuned(|_, timing| {
        timing.write_within = Duration::from_mins(1);
        timing.overflown_write_within = Duration::from_mins(1);
    })
    .await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let mut behind = Socket::of(&app, &ann).await;
    // More than the kernel, the library and the outbox hold for one connection; and nothing comes
    // after it that would show the gap.
    flood(&app, &bob, &conversation, 75, &"😀".repeat(4_000)).await;
    for position in 2..302 {
        assert_eq!(behind.next().await["position"], position);
    }
    behind.hears_nothing().await;
    // From here on, all is as before.
    app.send(&bob, &conversation, "one more").await;
    assert_eq!(behind.next().await["position"], 302);
    behind.hears_nothing().await;
}

#[actix_web::test]
async fn six_hundred_events_at_once_are_no_reason_to_end_a_session() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    flood(&app, &bob, &conversation, 150, "soon gone").await;
    let (mut socket, welcome) = Socket::with_welcome(&app, &ann).await;
    let mut position = welcome["position"].as_i64().unwrap();
    let erase = app
        .request(
            "DELETE",
            &format!("/api/server/users/{}?messages=delete", bob.id),
        )
        .bearer_auth(SERVER_KEY);
    app.answer(erase).await.expect(204);
    let mut updated = 0;
    while updated < 600 {
        let event = socket.next().await;
        position += 1;
        assert_eq!(event["position"], position);
        updated += i32::from(event["event"] == "message.updated");
    }
    socket.ok("ping", json!({})).await;
}
