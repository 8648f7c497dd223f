//! Finding messages.

use serde_json::json;

use crate::app::TestApp;

#[actix_web::test]
async fn words_are_found_without_accents_and_shown_where_they_stand() {
    for app in TestApp::on_each_database().await {
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let id = app.conversation(&ann, &bob).await;
        app.send(&bob, &id, "😀 Le Vélo est prêt").await;
        app.send(&ann, &id, "Parfait").await;
        let found = app
            .get(&ann, "/api/messages/search?q=pret%20velo")
            .await
            .expect(200);
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
        let hit = &found["items"][0];
        assert_eq!(
            (&hit["message"]["seq"], &hit["conversation"]["id"]),
            (&json!(1), &json!(id))
        );
        assert_eq!(hit["highlights"], json!([[5, 9], [14, 18]]));
        let within = format!("/api/messages/search?q=vel&conversationId={id}");
        assert_eq!(app.get(&bob, &within).await.expect(200)["items"][0], {
            let mut theirs = hit.clone();
            theirs["conversation"] =
                app.get(&bob, &within).await.body["items"][0]["conversation"].clone();
            theirs["highlights"] = json!([[5, 9]]);
            theirs
        });
    }
}

#[actix_web::test]
async fn nobody_finds_what_others_say() {
    let app = TestApp::start().await;
    let (ann, bob, eve) = (
        app.person("ann").await,
        app.person("bob").await,
        app.person("eve").await,
    );
    let id = app.conversation(&ann, &bob).await;
    app.send(&ann, &id, "between us").await;
    let found = app
        .get(&eve, "/api/messages/search?q=between")
        .await
        .expect(200);
    assert_eq!(found["items"], json!([]));
}

#[actix_web::test]
async fn what_was_found_comes_in_pages_latest_first() {
    let app = TestApp::start().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let id = app.conversation(&ann, &bob).await;
    for number in 1..=5 {
        app.send(&ann, &id, &format!("bike {number}")).await;
    }
    let first = app
        .get(&ann, "/api/messages/search?q=bike&limit=3")
        .await
        .expect(200);
    let next = format!(
        "/api/messages/search?q=bike&limit=3&cursor={}",
        first["nextCursor"].as_str().unwrap()
    );
    let second = app.get(&ann, &next).await.expect(200);
    let found = [&first, &second]
        .into_iter()
        .flat_map(|page| page["items"].as_array().unwrap());
    let seqs: Vec<_> = found
        .map(|hit| hit["message"]["seq"].as_i64().unwrap())
        .collect();
    assert_eq!(seqs, [5, 4, 3, 2, 1]);
    assert!(second.get("nextCursor").is_none());
}

#[actix_web::test]
async fn a_search_without_words_is_refused() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    for query in ["", "q=", "q=%20", "q=a%00b"] {
        app.get(&ann, &format!("/api/messages/search?{query}"))
            .await
            .refused(422, "invalid", &["q"]);
    }
    let long = "x".repeat(201);
    app.get(&ann, &format!("/api/messages/search?q={long}"))
        .await
        .refused(422, "too_long", &["q"]);
    app.get(&ann, "/api/messages/search?q=a&cursor=x&limit=0")
        .await
        .refused(422, "invalid", &["cursor", "limit"]);
    for odd in ["%25", "a%3A*", "%22%20OR%201", "..."] {
        app.get(&ann, &format!("/api/messages/search?q={odd}"))
            .await
            .expect(200);
    }
}
