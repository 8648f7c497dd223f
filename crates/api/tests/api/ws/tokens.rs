//! A session is as good as its token.

use std::time::Duration;

use serde_json::{Value, json};

use super::socket::Socket;
use crate::app::{Person, TestApp, short_token};

fn short_lived(person: &Person, seconds: u64) -> String {
    short_token(&person.id, "Ann", Duration::from_secs(seconds))
}

/// Somebody whose token expires so soon.
async fn in_a_hurry(app: &TestApp, seconds: u64) -> Person {
    let mut ann = app.person("ann").await;
    ann.token = short_lived(&ann, seconds);
    ann
}

#[actix_web::test]
async fn a_session_is_warned_and_ends_when_its_token_expires() {
    let app = TestApp::start().await;
    let ann = in_a_hurry(&app, 2).await;
    let mut socket = Socket::of(&app, &ann).await;
    let left = socket.event("token.expiring").await["inMs"]
        .as_u64()
        .unwrap();
    assert!(left <= 2_000, "{left}");
    let closed = socket.closed().await;
    assert_eq!(closed.code, 4_110);
    assert_eq!(closed.bye.unwrap()["reconnect"], true);
}

#[actix_web::test]
async fn a_refreshed_session_goes_on_and_another_persons_token_refreshes_nothing() {
    let app = TestApp::start_tuned(|_, timing| timing.expiry_notice = Duration::from_secs(5)).await;
    let ann = in_a_hurry(&app, 2).await;
    let bob = app.person("bob").await;
    let mut socket = Socket::of(&app, &ann).await;
    socket.event("token.expiring").await;
    for token in [bob.token.as_str(), "x", &short_lived(&ann, 0)] {
        let problem = socket
            .refusal("token.refresh", json!({ "token": token }))
            .await;
        assert_eq!(problem["code"], "unauthenticated");
    }
    let refreshed = socket
        .ok("token.refresh", json!({ "token": short_lived(&ann, 8) }))
        .await;
    assert!(refreshed["tokenExpiresAt"].is_string());
    // The next word about a token is of the new one, and comes after the old one's end.
    let left = socket.event("token.expiring").await["inMs"]
        .as_u64()
        .unwrap();
    assert!((4_000..=5_000).contains(&left), "{left}");
    socket.hears_nothing().await;
}

#[actix_web::test]
async fn logging_out_ends_the_sessions_of_that_login() {
    let app = TestApp::start().await;
    let nobody = Person {
        id: String::new(),
        token: String::new(),
    };
    let account = json!({
        "email": "ann@example.org", "password": "a quiet green horse", "displayName": "Ann",
    });
    let registered = app
        .post(&nobody, "/api/auth/register", &account)
        .await
        .expect(201);
    let logged_in = app
        .post(&nobody, "/api/auth/login", &account)
        .await
        .expect(200);
    let of = |answer: &Value| Person {
        id: answer["user"]["id"].as_str().unwrap().to_owned(),
        token: answer["accessToken"].as_str().unwrap().to_owned(),
    };
    let mut first = Socket::of(&app, &of(&registered)).await;
    let mut second = Socket::of(&app, &of(&logged_in)).await;
    let token = json!({ "refreshToken": registered["refreshToken"] });
    app.post(&of(&registered), "/api/auth/logout", &token)
        .await
        .expect(204);
    let closed = first.closed().await;
    assert_eq!(closed.code, 4_011);
    assert_eq!(closed.bye.unwrap()["reconnect"], false);
    second.hears_nothing().await;
}
