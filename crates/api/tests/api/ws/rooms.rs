//! Typing and presence go to the counterpart's sessions in the room, and nowhere else.

use std::time::Duration;

use serde_json::{Value, json};

use super::socket::Socket;
use crate::app::{Person, TestApp};

fn room(conversation: &str) -> Value {
    json!({ "conversationId": conversation })
}

fn typing(conversation: &str, active: bool) -> Value {
    json!({ "conversationId": conversation, "active": active })
}

async fn two_people(app: &TestApp) -> (Person, Person, String) {
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    (ann, bob, conversation)
}

async fn block(app: &TestApp, person: &Person, conversation: &str, blocked: bool) {
    let path = format!("/api/messages/conversations/{conversation}");
    let change = json!({ "blocked": blocked });
    app.patch(person, &path, &change).await.expect(200);
}

#[actix_web::test]
async fn typing_is_heard_in_the_room_only_and_one_start_in_a_while() {
    let app = TestApp::start().await;
    let (ann, bob, conversation) = two_people(&app).await;
    let mut writer = Socket::of(&app, &ann).await;
    let (mut in_room, mut elsewhere) = (Socket::of(&app, &bob).await, Socket::of(&app, &bob).await);
    writer.ok("room.join", room(&conversation)).await;
    in_room.ok("room.join", room(&conversation)).await;
    // What waits to be told is replaced by what is true since, so each is heard before the next is said.
    for (active, times) in [(true, 3), (false, 2)] {
        for _ in 0..times {
            writer.ok("typing", typing(&conversation, active)).await;
        }
        let event = in_room.event("typing").await;
        assert_eq!(
            (&event["userId"], &event["active"]),
            (&json!(ann.id), &json!(active))
        );
        assert_eq!(event["conversationId"], conversation);
        assert_eq!(event["expiresInMs"], 7_000);
    }
    for socket in [&mut in_room, &mut elsewhere, &mut writer] {
        socket.hears_nothing().await;
    }
    in_room.ok("room.leave", room(&conversation)).await;
    writer.ok("typing", typing(&conversation, true)).await;
    in_room.hears_nothing().await;
}

#[actix_web::test]
async fn presence_is_told_when_the_counterpart_comes_and_a_while_after_they_went() {
    let app =
        TestApp::start_tuned(|_, timing| timing.offline_after = Duration::from_millis(200)).await;
    let (ann, bob, conversation) = two_people(&app).await;
    let mut watcher = Socket::of(&app, &ann).await;
    let joined = watcher.ok("room.join", room(&conversation)).await;
    assert_eq!(
        joined["presence"],
        json!({ "userId": bob.id, "online": false })
    );

    let first = Socket::of(&app, &bob).await;
    let event = watcher.event("presence").await;
    let came = json!({ "conversationId": conversation, "userId": bob.id, "online": true });
    assert_eq!(event, came);
    let second = Socket::of(&app, &bob).await;
    drop(first);
    watcher.hears_nothing().await;
    assert_eq!(
        watcher.ok("room.join", room(&conversation)).await["presence"]["online"],
        true
    );

    drop(second);
    let event = watcher.event("presence").await;
    assert_eq!(event["online"], false);
    assert!(event["lastSeenAt"].is_string());
    // It is noted in the directory at the same time.
    let presence = loop {
        let joined = watcher.ok("room.join", room(&conversation)).await;
        if joined["presence"].get("lastSeenAt").is_some() {
            break joined["presence"].clone();
        }
    };
    assert_eq!(presence["lastSeenAt"], event["lastSeenAt"]);
}

#[actix_web::test]
async fn whoever_is_back_at_once_was_never_gone() {
    let app = TestApp::start_tuned(|_, timing| timing.offline_after = Duration::from_secs(1)).await;
    let (ann, bob, conversation) = two_people(&app).await;
    let mut watcher = Socket::of(&app, &ann).await;
    watcher.ok("room.join", room(&conversation)).await;
    let mut session = Socket::of(&app, &bob).await;
    watcher.event("presence").await;
    for _ in 0..5 {
        drop(session);
        session = Socket::of(&app, &bob).await;
    }
    watcher.hears_nothing().await;
}

#[actix_web::test]
async fn blocked_people_see_nothing_of_each_other() {
    let app = TestApp::start().await;
    let (ann, bob, conversation) = two_people(&app).await;
    let (mut anns, mut bobs) = (Socket::of(&app, &ann).await, Socket::of(&app, &bob).await);
    for socket in [&mut anns, &mut bobs] {
        let joined = socket.ok("room.join", room(&conversation)).await;
        assert_eq!(joined["presence"]["online"], true);
    }
    block(&app, &ann, &conversation, true).await;
    for (socket, whom) in [(&mut anns, &bob), (&mut bobs, &ann)] {
        socket.event("conversation.updated").await;
        let gone = json!({ "conversationId": conversation, "userId": whom.id, "online": false });
        assert_eq!(socket.event("presence").await, gone);
    }
    anns.ok("typing", typing(&conversation, true)).await;
    bobs.ok("typing", typing(&conversation, true)).await;
    for socket in [&mut anns, &mut bobs] {
        let joined = socket.ok("room.join", room(&conversation)).await;
        assert_eq!(joined["presence"].get("lastSeenAt"), None);
        assert_eq!(joined["presence"]["online"], false);
        socket.hears_nothing().await;
    }
    block(&app, &ann, &conversation, false).await;
    for socket in [&mut anns, &mut bobs] {
        socket.event("conversation.updated").await;
        assert_eq!(socket.event("presence").await["online"], true);
    }
}

#[actix_web::test]
async fn a_session_is_in_twenty_rooms_at_most() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let mut socket = Socket::of(&app, &ann).await;
    let mut conversations = Vec::new();
    for _ in 0..21 {
        conversations.push(app.conversation(&ann, &bob).await);
        socket.event("conversation.created").await;
    }
    for conversation in &conversations[..20] {
        socket.ok("room.join", room(conversation)).await;
    }
    let problem = socket.refusal("room.join", room(&conversations[20])).await;
    assert_eq!(problem["code"], "invalid");
    assert_eq!(
        socket.ok("room.leave", room(&conversations[0])).await,
        json!({})
    );
    socket.ok("room.join", room(&conversations[20])).await;
}
