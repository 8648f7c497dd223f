//! Catching up over HTTP.

use serde_json::{Value, json};

use crate::app::{Person, TestApp, uuid};

const SYNC: &str = "/api/messages/sync";

async fn epoch(app: &TestApp, person: &Person) -> String {
    let inbox = app
        .get(person, "/api/messages/conversations")
        .await
        .expect(200);
    inbox["epoch"].as_str().unwrap().to_owned()
}

fn names(page: &Value) -> Vec<&str> {
    page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["event"].as_str().unwrap())
        .collect()
}

#[actix_web::test]
async fn whoever_was_away_gets_what_happened_in_order() {
    for app in TestApp::on_each_database().await {
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let id = app.conversation(&ann, &bob).await;
        let sent = app.send(&ann, &id, "hello").await;
        app.post(
            &bob,
            &format!("/api/messages/conversations/{id}/read"),
            &json!({ "seq": 1 }),
        )
        .await
        .expect(200);
        let epoch = epoch(&app, &ann).await;
        let page = app
            .get(&ann, &format!("{SYNC}?since=0&epoch={epoch}"))
            .await
            .expect(200);
        assert_eq!(
            names(&page),
            ["conversation.created", "message.created", "cursor.moved"]
        );
        assert_eq!(
            (&page["position"], &page["more"], &page["epoch"]),
            (&json!(3), &json!(false), &json!(epoch))
        );
        let positions: Vec<_> = page["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| &event["position"])
            .collect();
        assert_eq!(positions, [&json!(1), &json!(2), &json!(3)]);
        let mut read = sent;
        read["status"] = json!("read");
        assert_eq!(page["events"][1]["data"]["message"], read);
        let rest = app
            .get(&ann, &format!("{SYNC}?since=3&epoch={epoch}"))
            .await
            .expect(200);
        assert_eq!(
            (&rest["events"], &rest["position"]),
            (&json!([]), &json!(3))
        );
        let part = app
            .get(&ann, &format!("{SYNC}?since=1&epoch={epoch}&limit=1"))
            .await
            .expect(200);
        assert_eq!(
            (names(&part), &part["position"], &part["more"]),
            (vec!["message.created"], &json!(2), &json!(true))
        );
    }
}

#[actix_web::test]
async fn what_the_log_does_not_hold_asks_for_a_snapshot() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    let epoch = epoch(&app, &ann).await;
    for query in [
        format!("since=1&epoch={epoch}"),
        "since=0&epoch=x".to_owned(),
        format!("since=0&epoch={}", uuid()),
    ] {
        app.get(&ann, &format!("{SYNC}?{query}"))
            .await
            .refused(410, "resync", &[]);
    }
}

#[actix_web::test]
async fn whoever_catches_up_says_from_where() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    app.get(&ann, SYNC)
        .await
        .refused(422, "invalid", &["since", "epoch"]);
    app.get(&ann, &format!("{SYNC}?since=-1&epoch=x&limit=1001"))
        .await
        .refused(422, "invalid", &["since", "limit"]);
}
