//! Messages: sending, editing and deleting.

use serde_json::{Value, json};

use crate::app::{Person, TestApp, message, text, uuid};

const SEND: &str = "/api/messages/send";

async fn pair(app: &TestApp) -> (Person, Person, String) {
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    (ann, bob, conversation)
}

fn at(conversation: &str, seq: i64) -> String {
    format!("/api/messages/conversations/{conversation}/messages/{seq}")
}

#[actix_web::test]
async fn a_message_is_stored_as_it_was_meant() {
    for app in TestApp::on_each_database().await {
        let (ann, _, id) = pair(&app).await;
        let body = message(&id, "  Bonjour,\r\n😀 c'est <b>tout</b>\t! ");
        let sent = app.post(&ann, SEND, &body).await.expect(201);
        assert_eq!(sent["content"]["text"], "Bonjour,\n😀 c'est <b>tout</b>\t!");
        assert_eq!((&sent["seq"], &sent["revision"]), (&json!(1), &json!(1)));
        assert_eq!(
            (&sent["senderId"], &sent["clientId"]),
            (&json!(ann.id), &body["clientId"])
        );
        let page = app
            .get(&ann, &format!("/api/messages/conversations/{id}"))
            .await
            .expect(200);
        assert_eq!(page["items"][0], sent);
        assert_eq!(page["conversation"]["lastMessage"], sent);
    }
}

#[actix_web::test]
async fn a_retry_is_answered_with_the_same_message() {
    for app in TestApp::on_each_database().await {
        let (ann, bob, id) = pair(&app).await;
        let body = message(&id, "once");
        let sent = app.post(&ann, SEND, &body).await;
        let again = app.post(&ann, SEND, &body).await;
        assert_eq!((sent.status, again.status), (201, 200));
        assert_eq!(sent.text, again.text);
        let mut other = body.clone();
        other["content"] = text("something else");
        app.post(&ann, SEND, &other)
            .await
            .refused(409, "idempotency_mismatch", &[]);
        let mut elsewhere = body.clone();
        elsewhere["conversationId"] = json!(app.conversation(&ann, &bob).await);
        app.post(&ann, SEND, &elsewhere)
            .await
            .refused(409, "idempotency_mismatch", &[]);
        // Its scope is the sender's account.
        app.post(&bob, SEND, &body).await.expect(201);
    }
}

#[actix_web::test]
async fn of_many_retries_at_the_same_time_one_is_stored() {
    for app in TestApp::on_each_database().await {
        let (ann, _, id) = pair(&app).await;
        let body = message(&id, "once");
        let sends = (0..20).map(|_| app.post(&ann, SEND, &body));
        let answers = futures_util::future::join_all(sends).await;
        assert_eq!(
            answers.iter().filter(|answer| answer.status == 201).count(),
            1
        );
        assert!(answers.iter().all(|answer| answer.text == answers[0].text));
    }
}

#[actix_web::test]
async fn what_cannot_be_sent_is_refused_field_by_field() {
    let app = TestApp::start().await;
    let (ann, _, id) = pair(&app).await;
    let send = |content: Value| {
        let body = json!({ "conversationId": id, "clientId": uuid(), "content": content });
        let (app, ann) = (&app, &ann);
        async move { app.post(ann, SEND, &body).await }
    };
    for words in ["", "  \n ", "a\u{0}b", "a\u{7}b", "a\rb"] {
        send(text(words))
            .await
            .refused(422, "invalid", &["content.text"]);
    }
    send(text(&"é".repeat(4_000))).await.expect(201);
    send(text(&"é".repeat(4_001)))
        .await
        .refused(422, "too_long", &["content.text"]);
    for kind in ["system", "deleted", "image"] {
        let content = json!({ "kind": kind, "text": "x", "code": "x", "params": {} });
        send(content)
            .await
            .refused(422, "unsupported_content", &["content.kind"]);
    }
    send(json!({ "text": "x" }))
        .await
        .refused(422, "invalid", &["content.kind"]);
    send(json!({ "kind": "text" }))
        .await
        .refused(422, "invalid", &["content.text"]);
    send(json!({ "kind": "text", "text": 5 }))
        .await
        .refused(422, "invalid", &["content.text"]);
    send(json!("hello"))
        .await
        .refused(422, "invalid", &["content"]);
    app.post(&ann, SEND, &json!({})).await.refused(
        422,
        "invalid",
        &["conversationId", "clientId", "content"],
    );
    let bad = json!({ "conversationId": id, "clientId": "x", "content": text("x") });
    app.post(&ann, SEND, &bad)
        .await
        .refused(422, "invalid", &["clientId"]);
}

#[actix_web::test]
async fn a_client_cannot_say_who_it_is_or_when() {
    let app = TestApp::start().await;
    let (ann, bob, id) = pair(&app).await;
    let mut body = message(&id, "hello");
    for (field, value) in [
        ("senderId", json!(bob.id)),
        ("seq", json!(99)),
        ("createdAt", json!("2000-01-01T00:00:00Z")),
    ] {
        body[field] = value;
    }
    let sent = app.post(&ann, SEND, &body).await.expect(201);
    assert_eq!(
        (&sent["senderId"], &sent["seq"]),
        (&json!(ann.id), &json!(1))
    );
    assert!(!sent["createdAt"].as_str().unwrap().starts_with("2000"));
}

#[actix_web::test]
async fn ones_own_text_can_be_edited_by_whoever_saw_it_last() {
    for app in TestApp::on_each_database().await {
        let (ann, bob, id) = pair(&app).await;
        app.send(&ann, &id, "helo").await;
        let edit = |revision: i64| json!({ "revision": revision, "content": text("hello") });
        let edited = app.patch(&ann, &at(&id, 1), &edit(1)).await.expect(200);
        assert_eq!(
            (&edited["revision"], &edited["content"]["text"]),
            (&json!(2), &json!("hello"))
        );
        assert!(edited["editedAt"].is_string());
        app.patch(&ann, &at(&id, 1), &edit(1))
            .await
            .refused(409, "stale_revision", &[]);
        app.patch(&bob, &at(&id, 1), &edit(2))
            .await
            .refused(403, "forbidden", &[]);
        app.patch(&ann, &at(&id, 2), &edit(1))
            .await
            .refused(404, "not_found", &[]);
        app.patch(&ann, &at(&id, 1), &json!({})).await.refused(
            422,
            "invalid",
            &["revision", "content"],
        );
        app.patch(&ann, &at(&id, 1), &edit(-1))
            .await
            .refused(422, "invalid", &["revision"]);
    }
}

#[actix_web::test]
async fn a_deleted_message_stays_without_its_text() {
    for app in TestApp::on_each_database().await {
        let (ann, bob, id) = pair(&app).await;
        app.send(&ann, &id, "a secret").await;
        app.delete(&bob, &at(&id, 1))
            .await
            .refused(403, "forbidden", &[]);
        let deleted = app.delete(&ann, &at(&id, 1)).await;
        assert_eq!(deleted.body["content"], json!({ "kind": "deleted" }));
        let again = app.delete(&ann, &at(&id, 1)).await;
        assert_eq!(
            (deleted.status, again.status, &deleted.text),
            (200, 200, &again.text)
        );
        let page = app
            .get(&bob, &format!("/api/messages/conversations/{id}"))
            .await
            .expect(200);
        assert_eq!(page["items"][0], deleted.body);
        assert_eq!(page["conversation"]["unreadCount"], 0);
        let edit = json!({ "revision": 2, "content": text("back again") });
        app.patch(&ann, &at(&id, 1), &edit)
            .await
            .refused(409, "stale_revision", &[]);
    }
}
