//! What a marketplace's back end says.

use serde_json::{Value, json};

use crate::app::{SERVER_KEY, TestApp, token, uuid};

#[actix_web::test]
async fn without_a_key_the_calls_are_closed() {
    let app = TestApp::start_with(|words| words.server_key = None).await;
    for key in ["", "x", SERVER_KEY] {
        let request = app
            .request("PUT", "/api/server/users/ann")
            .bearer_auth(key)
            .json(&json!({ "displayName": "Ann" }));
        app.answer(request)
            .await
            .refused(401, "unauthenticated", &[]);
    }
}

#[actix_web::test]
async fn the_directory_says_how_people_and_products_look() {
    for app in TestApp::on_each_database().await {
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let product = uuid();
        let user = json!({ "displayName": "Bob's Bikes", "avatarUrl": "https://shop.example/bob.png", "locale": "en-GB" });
        let said = app
            .put(&format!("/api/server/users/{}", bob.id), &user)
            .await
            .expect(200);
        assert_eq!(
            said,
            json!({ "id": bob.id, "displayName": "Bob's Bikes", "avatarUrl": "https://shop.example/bob.png" })
        );
        let bike = json!({ "sellerId": bob.id, "title": "A bike", "priceMinor": 12_900, "currency": "EUR", "status": "reserved" });
        let said = app
            .put(&format!("/api/server/products/{product}"), &bike)
            .await
            .expect(200);
        assert_eq!(
            (&said["priceMinor"], &said["status"]),
            (&json!(12_900), &json!("reserved"))
        );
        let body = json!({ "sellerId": bob.id, "productId": product });
        let started = app
            .post(&ann, "/api/messages/conversations", &body)
            .await
            .expect(201);
        assert_eq!(started["conversation"]["product"], said);
        assert_eq!(
            started["conversation"]["counterpart"]["displayName"],
            "Bob's Bikes"
        );
    }
}

#[actix_web::test]
async fn ids_in_paths_are_any_visible_characters() {
    let app = TestApp::start().await;
    let put = app
        .put(
            "/api/server/users/a%2Fb%3Fc%25d+%C3%A9",
            &json!({ "displayName": "Odd" }),
        )
        .await
        .expect(200);
    assert_eq!(put["id"], "a/b?c%d+é");
    app.put("/api/server/users/a%20b", &json!({ "displayName": "Odd" }))
        .await
        .refused(422, "invalid", &["id"]);
}

#[actix_web::test]
async fn an_id_in_broken_utf_8_names_nobody_and_nothing() {
    let app = TestApp::start().await;
    for id in ["%FF%FE", "a%FF", "%EF%BF%BD"] {
        let user = json!({ "displayName": "Odd" });
        app.put(&format!("/api/server/users/{id}"), &user)
            .await
            .refused(422, "invalid", &["id"]);
        let product = json!({ "sellerId": "ann", "title": "A bike" });
        app.put(&format!("/api/server/products/{id}"), &product)
            .await
            .refused(422, "invalid", &["id"]);
    }
}

#[actix_web::test]
async fn what_the_back_end_says_is_checked_too() {
    let app = TestApp::start().await;
    let bad = json!({ "displayName": "", "avatarUrl": "javascript:alert(1)", "locale": "fr_FR" });
    app.put("/api/server/users/ann", &bad).await.refused(
        422,
        "invalid",
        &["displayName", "avatarUrl", "locale"],
    );
    let bad = json!({ "title": "A bike", "priceMinor": -1, "currency": "eur", "status": "lost", "url": "//evil" });
    let fields = ["sellerId", "url", "priceMinor", "currency", "status"];
    app.put("/api/server/products/bike", &bad)
        .await
        .refused(422, "invalid", &fields);
}

#[actix_web::test]
async fn an_erased_person_is_gone_and_the_words_stay_or_go() {
    for app in TestApp::on_each_database().await {
        for (query, words) in [
            ("", Some("remember me")),
            ("?messages=keep", Some("remember me")),
            ("?messages=delete", None),
        ] {
            let (ann, bob) = (app.person("ann").await, app.person("bob").await);
            let id = app.conversation(&ann, &bob).await;
            app.send(&ann, &id, "remember me").await;
            let path = format!("/api/server/users/{}", ann.id);
            let erase = || {
                app.request("DELETE", &format!("{path}{query}"))
                    .bearer_auth(SERVER_KEY)
            };
            app.answer(erase()).await.expect(204);
            app.answer(erase()).await.expect(204);
            app.get(&ann, "/api/auth/me")
                .await
                .refused(401, "unauthenticated", &[]);
            let page = app
                .get(&bob, &format!("/api/messages/conversations/{id}"))
                .await
                .expect(200);
            assert_eq!(page["items"][0]["content"]["text"].as_str(), words);
            assert_eq!(page["conversation"]["closed"], true);
            assert_eq!(page["conversation"]["counterpart"]["erased"], true);
            let body = crate::app::message(&id, "hello?");
            app.post(&bob, "/api/messages/send", &body).await.refused(
                409,
                "conversation_closed",
                &[],
            );
        }
    }
}

#[actix_web::test]
async fn nobody_can_be_erased_who_never_was() {
    let app = TestApp::start().await;
    for id in ["nobody", "a%20b"] {
        let request = app
            .request("DELETE", &format!("/api/server/users/{id}"))
            .bearer_auth(SERVER_KEY);
        app.answer(request).await.refused(404, "not_found", &[]);
    }
    let request = app
        .request("DELETE", "/api/server/users/nobody?messages=maybe")
        .bearer_auth(SERVER_KEY);
    app.answer(request)
        .await
        .refused(422, "invalid", &["messages"]);
}

#[actix_web::test]
async fn a_token_makes_its_person_at_first_sight() {
    let app = TestApp::start().await;
    let id = uuid();
    for (name, shown) in [("Zoë", "Zoë"), ("Somebody else", "Zoë")] {
        let request = app
            .request("GET", "/api/auth/me")
            .bearer_auth(token(&id, name));
        let me = app.answer(request).await.expect(200);
        assert_eq!(me, json!({ "id": id, "displayName": shown }));
    }
    let nameless = uuid();
    let request = app
        .request("GET", "/api/auth/me")
        .bearer_auth(token(&nameless, "\u{202e}"));
    let me: Value = app.answer(request).await.expect(200);
    assert_eq!(me["displayName"], json!(nameless));
}
