//! Conversations: starting them, reading them, and the caller's own view of them.

use base64::Engine as _;
use serde_json::{Value, json};

use crate::app::{Person, TestApp, text, uuid};

const CONVERSATIONS: &str = "/api/messages/conversations";

async fn start(app: &TestApp, buyer: &Person, body: Value) -> crate::app::Answer {
    app.post(buyer, CONVERSATIONS, &body).await
}

/// A cursor that no page gave, of a moment that PostgreSQL does not know.
fn far_cursor() -> String {
    let text = format!("i{} {}", i64::MAX, uuid());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

fn seqs(page: &Value) -> Vec<i64> {
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["seq"].as_i64().unwrap())
        .collect()
}

#[actix_web::test]
async fn buyer_seller_and_product_name_one_conversation() {
    for app in TestApp::on_each_database().await {
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let product = uuid();
        let body = json!({ "sellerId": bob.id, "productId": product });
        let first = start(&app, &ann, body.clone()).await.expect(201);
        let again = start(&app, &ann, body).await.expect(200);
        assert_eq!(first, again);
        let conversation = &first["conversation"];
        assert_eq!(conversation["role"], "buyer");
        assert_eq!(conversation["counterpart"]["id"], bob.id);
        assert_eq!(conversation["product"]["status"], "unknown");
        assert_eq!(conversation["product"]["sellerId"], bob.id);
        assert_eq!(conversation["lastMessage"], Value::Null);
        let other = start(&app, &ann, json!({ "sellerId": bob.id }))
            .await
            .expect(201);
        assert_eq!(other["conversation"]["product"], Value::Null);
    }
}

#[actix_web::test]
async fn a_conversation_starts_with_its_first_message_or_not_at_all() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let body = json!({ "sellerId": bob.id, "productId": "bike", "clientId": uuid(), "content": text("Still there?") });
    let started = start(&app, &ann, body.clone()).await.expect(201);
    assert_eq!(started["message"]["seq"], 1);
    assert_eq!(started["conversation"]["lastMessage"], started["message"]);
    let again = start(&app, &ann, body).await.expect(200);
    assert_eq!(again["message"], started["message"]);
    let half = json!({ "sellerId": bob.id, "content": text("no clientId") });
    start(&app, &ann, half)
        .await
        .refused(422, "invalid", &["clientId"]);
    let bad =
        json!({ "sellerId": bob.id, "productId": "car", "clientId": uuid(), "content": text(" ") });
    start(&app, &ann, bad)
        .await
        .refused(422, "invalid", &["content.text"]);
    let inbox = app.get(&ann, CONVERSATIONS).await.expect(200);
    assert_eq!(inbox["items"].as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn not_everybody_can_be_written_to() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    start(&app, &ann, json!({ "sellerId": ann.id }))
        .await
        .refused(422, "self_conversation", &["sellerId"]);
    start(&app, &ann, json!({ "sellerId": "nobody" }))
        .await
        .refused(404, "not_found", &["sellerId"]);
    start(&app, &ann, json!({ "sellerId": "white space" }))
        .await
        .refused(422, "invalid", &["sellerId"]);
    start(&app, &ann, json!({}))
        .await
        .refused(422, "invalid", &["sellerId"]);
    app.put(
        "/api/server/products/bike",
        &json!({ "sellerId": bob.id, "title": "A bike" }),
    )
    .await
    .expect(200);
    let eve = app.person("eve").await;
    let wrong = json!({ "sellerId": eve.id, "productId": "bike" });
    start(&app, &ann, wrong)
        .await
        .refused(422, "invalid", &["productId"]);
}

#[actix_web::test]
async fn with_strict_products_only_described_ones_may_be_talked_about() {
    let app = TestApp::start_with(|words| words.strict_products = Some("on".into())).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let body = json!({ "sellerId": bob.id, "productId": "bike" });
    start(&app, &ann, body.clone())
        .await
        .refused(422, "invalid", &["productId"]);
    app.put(
        "/api/server/products/bike",
        &json!({ "sellerId": bob.id, "title": "A bike" }),
    )
    .await
    .expect(200);
    let started = start(&app, &ann, body).await.expect(201);
    assert_eq!(started["conversation"]["product"]["title"], "A bike");
}

#[actix_web::test]
async fn a_page_of_messages_is_anchored_at_any_place() {
    for app in TestApp::on_each_database().await {
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let id = app.conversation(&ann, &bob).await;
        for number in 1..=9 {
            app.send(&ann, &id, &number.to_string()).await;
        }
        let page = |query: &str| {
            let path = format!("{CONVERSATIONS}/{id}?{query}");
            let (app, ann) = (&app, &ann);
            async move {
                let page = app.get(ann, &path).await.expect(200);
                (
                    seqs(&page),
                    page["hasBefore"] == true,
                    page["hasAfter"] == true,
                )
            }
        };
        assert_eq!(page("limit=3").await, (vec![7, 8, 9], true, false));
        assert_eq!(page("").await, ((1..=9).collect(), false, false));
        assert_eq!(page("beforeSeq=4&limit=2").await, (vec![2, 3], true, true));
        assert_eq!(page("afterSeq=7&limit=5").await, (vec![8, 9], true, false));
        assert_eq!(
            page("aroundSeq=5&limit=3").await,
            (vec![4, 5, 6], true, true)
        );
        assert_eq!(page("afterSeq=9").await.0, Vec::<i64>::new());
        for (query, fields) in [
            ("beforeSeq=1&afterSeq=2", &["beforeSeq", "afterSeq"][..]),
            ("limit=0", &["limit"]),
            ("limit=201", &["limit"]),
            ("limit=abc", &["limit"]),
            ("beforeSeq=-1", &["beforeSeq"]),
        ] {
            app.get(&ann, &format!("{CONVERSATIONS}/{id}?{query}"))
                .await
                .refused(422, "invalid", fields);
        }
    }
}

#[actix_web::test]
async fn reading_moves_the_cursor_forward_and_never_past_the_end() {
    for app in TestApp::on_each_database().await {
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let id = app.conversation(&ann, &bob).await;
        for words in ["one", "two", "three"] {
            app.send(&ann, &id, words).await;
        }
        let read = |seq: i64| {
            let (app, bob, path) = (&app, &bob, format!("{CONVERSATIONS}/{id}/read"));
            async move {
                app.post(bob, &path, &json!({ "seq": seq }))
                    .await
                    .expect(200)
            }
        };
        let state = |read: i64, unread: i64| json!({ "readSeq": read, "unreadCount": unread, "unreadTotal": unread });
        assert_eq!(read(0).await, state(0, 3));
        assert_eq!(read(2).await, state(2, 1));
        assert_eq!(read(1).await, state(2, 1));
        assert_eq!(
            app.get(&bob, "/api/messages/unread").await.expect(200),
            json!({ "unreadTotal": 1, "conversations": 1 })
        );
        assert_eq!(read(i64::MAX).await, state(3, 0));
        let path = format!("{CONVERSATIONS}/{id}/read");
        app.post(&bob, &path, &json!({ "seq": -1 }))
            .await
            .refused(422, "invalid", &["seq"]);
        app.post(&bob, &path, &json!({}))
            .await
            .refused(422, "invalid", &["seq"]);
        app.post(&bob, &path, &json!({ "seq": 1.5 }))
            .await
            .refused(422, "invalid", &["seq"]);
        let seen = app
            .get(&ann, &format!("{CONVERSATIONS}/{id}"))
            .await
            .expect(200);
        assert_eq!(seen["conversation"]["counterpartReadSeq"], 3);
        assert_eq!(seen["items"][0]["status"], "read");
    }
}

#[actix_web::test]
async fn settings_are_the_callers_own_and_a_block_is_for_both() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.conversation(&ann, &bob).await;
    let path = format!("{CONVERSATIONS}/{id}");
    let view = app
        .patch(&ann, &path, &json!({ "muted": true, "archived": true }))
        .await
        .expect(200);
    assert_eq!(
        (&view["muted"], &view["archived"]),
        (&json!(true), &json!(true))
    );
    let view = app
        .patch(&ann, &path, &json!({ "archived": false, "unknown": 1 }))
        .await
        .expect(200);
    assert_eq!(
        (&view["muted"], &view["archived"]),
        (&json!(true), &json!(false))
    );
    let view = app
        .patch(&ann, &path, &json!({ "blocked": true }))
        .await
        .expect(200);
    assert_eq!(view["blocked"], "byMe");
    let theirs = app.get(&bob, &path).await.expect(200);
    assert_eq!(
        (
            &theirs["conversation"]["blocked"],
            &theirs["conversation"]["muted"]
        ),
        (&json!("byCounterpart"), &json!(false))
    );
    for person in [&ann, &bob] {
        let body = crate::app::message(&id, "hello");
        app.post(person, "/api/messages/send", &body)
            .await
            .refused(403, "blocked", &[]);
    }
    let other = json!({ "sellerId": ann.id, "productId": "evasion" });
    start(&app, &bob, other).await.refused(403, "blocked", &[]);
    app.patch(&ann, &path, &json!({ "muted": "yes" }))
        .await
        .refused(422, "invalid", &["muted"]);
}

#[actix_web::test]
async fn the_inbox_is_read_in_pages_latest_activity_first() {
    for app in TestApp::on_each_database().await {
        let ann = app.person("ann").await;
        let mut ids = Vec::new();
        for _ in 0..5 {
            let bob = app.person("bob").await;
            let id = app.conversation(&ann, &bob).await;
            app.send(&bob, &id, "hello").await;
            ids.insert(0, id);
        }
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app
                .get(&ann, &format!("{CONVERSATIONS}?limit=2{cursor}"))
                .await
                .expect(200);
            assert_eq!(page["unreadTotal"], 5);
            assert!(page["position"].as_i64().unwrap() >= 10);
            let items = page["items"].as_array().unwrap();
            seen.extend(
                items
                    .iter()
                    .map(|item| item["id"].as_str().unwrap().to_owned()),
            );
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, ids);
        for bad in [
            "cursor=x",
            &format!("cursor={}", far_cursor()),
            "limit=101",
            "archived=1",
        ] {
            let field = bad.split('=').next().unwrap();
            app.get(&ann, &format!("{CONVERSATIONS}?{bad}"))
                .await
                .refused(422, "invalid", &[field]);
        }
    }
}

#[actix_web::test]
async fn the_inbox_can_be_narrowed() {
    let app = TestApp::start().await;
    let (ann, zoe) = (app.person("ann").await, app.person("Zoë").await);
    let id = app.conversation(&ann, &zoe).await;
    app.send(&zoe, &id, "Le vélo est là").await;
    let other = app.person("bob").await;
    app.conversation(&ann, &other).await;
    let found = |query: &str| {
        let (app, ann, path) = (&app, &ann, format!("{CONVERSATIONS}?{query}"));
        async move {
            let page = app.get(ann, &path).await.expect(200);
            page["items"].as_array().unwrap().len()
        }
    };
    assert_eq!(found("").await, 2);
    assert_eq!(found("q=").await, 2);
    assert_eq!(found("q=zoe").await, 1);
    assert_eq!(found("q=velo").await, 1);
    assert_eq!(found("q=auto").await, 0);
    app.patch(
        &ann,
        &format!("{CONVERSATIONS}/{id}"),
        &json!({ "archived": true }),
    )
    .await
    .expect(200);
    assert_eq!((found("").await, found("archived=true").await), (1, 1));
}

#[actix_web::test]
async fn whoever_blocks_and_unblocks_without_end_has_to_wait() {
    let app = TestApp::start_with(|words| words.rate_limits = Some("on".into())).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let path = format!("{CONVERSATIONS}/{}", app.conversation(&ann, &bob).await);
    let mut refused = None;
    for number in 0..60 {
        let body = json!({ "blocked": number % 2 == 0 });
        let answer = app.patch(&ann, &path, &body).await;
        if answer.status != 200 {
            refused = Some((number, answer));
            break;
        }
    }
    let (number, refused) = refused.unwrap();
    assert!(number >= 30, "{number}");
    refused.refused(429, "rate_limited", &[]);
    app.patch(&bob, &path, &json!({ "muted": true }))
        .await
        .expect(200);
}
