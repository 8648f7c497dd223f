//! What is there to read, and whom the demo lets in.

use serde_json::{Value, json};

use crate::app::{Person, TestApp};

#[actix_web::test]
async fn the_contracts_and_their_reference_are_served() {
    let app = TestApp::start().await;
    for (path, kind, holds) in [
        (
            "/openapi.json",
            "application/json",
            "\"openapi\": \"3.1.0\"",
        ),
        (
            "/asyncapi.json",
            "application/json",
            "\"asyncapi\": \"3.0.0\"",
        ),
        (
            "/docs",
            "text/html; charset=utf-8",
            "id=\"problem-stale_revision\"",
        ),
        (
            "/docs.css",
            "text/css; charset=utf-8",
            "prefers-color-scheme",
        ),
        ("/", "text/html; charset=utf-8", "<h1>Messaging</h1>"),
        (
            "/front.css",
            "text/css; charset=utf-8",
            "prefers-color-scheme",
        ),
        ("/healthz", "text/plain; charset=utf-8", "ok"),
        ("/readyz", "text/plain; charset=utf-8", "ready"),
    ] {
        let answer = app.answer(app.request("GET", path)).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some(kind)),
            "{path}"
        );
        assert!(answer.text.contains(holds), "{path}");
        let head = app.answer(app.request("HEAD", path)).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
    }
}

#[actix_web::test]
async fn the_demo_can_be_entered_and_there_is_something_to_read() {
    let app = TestApp::start_with(|words| words.demo = Some("on".into())).await;
    let body = json!({ "email": "camille@demo.example", "password": "demo-marketplace" });
    let session = app
        .answer(app.request("POST", "/api/auth/login").json(&body))
        .await
        .expect(200);
    let camille = Person {
        id: session["user"]["id"].as_str().unwrap().to_owned(),
        token: session["accessToken"].as_str().unwrap().to_owned(),
    };
    let inbox: Value = app
        .get(&camille, "/api/messages/conversations?limit=100")
        .await
        .expect(200);
    let items = inbox["items"].as_array().unwrap();
    assert!(!items.is_empty());
    for item in items {
        let (product, id) = (&item["product"], item["product"]["id"].as_str().unwrap());
        assert_eq!(product["url"], format!("/#/products/{id}"));
        assert_eq!(product["imageUrl"], format!("/pictures/{id}.svg"));
    }
    let unread: i64 = items
        .iter()
        .map(|item| item["unreadCount"].as_i64().unwrap())
        .sum();
    assert_eq!(inbox["unreadTotal"], json!(unread));
}
