//! Local accounts.

use serde_json::{Value, json};

use crate::app::{Answer, Person, TestApp, uuid};

const PASSWORD: &str = "correct horse battery staple";

fn address() -> String {
    format!("{}@example.org", uuid())
}

async fn call(app: &TestApp, what: &str, body: &Value) -> Answer {
    app.answer(app.request("POST", &format!("/api/auth/{what}")).json(body))
        .await
}

async fn register(app: &TestApp, email: &str) -> Value {
    let body = json!({ "email": email, "password": PASSWORD, "displayName": "Zoë" });
    call(app, "register", &body).await.expect(201)
}

fn person(session: &Value) -> Person {
    Person {
        id: session["user"]["id"].as_str().unwrap().to_owned(),
        token: session["accessToken"].as_str().unwrap().to_owned(),
    }
}

fn refresh(session: &Value) -> Value {
    json!({ "refreshToken": session["refreshToken"] })
}

#[actix_web::test]
async fn whoever_registers_is_logged_in() {
    for app in TestApp::on_each_database().await {
        let session = register(&app, &address()).await;
        assert_eq!(session["user"]["displayName"], "Zoë");
        assert_eq!(session["expiresIn"], 900);
        let me = app.get(&person(&session), "/api/auth/me").await.expect(200);
        assert_eq!(me, session["user"]);
    }
}

#[actix_web::test]
async fn an_address_has_one_account_however_it_is_written() {
    let app = TestApp::start().await;
    let email = address();
    register(&app, &email).await;
    let again = json!({ "email": format!(" {} ", email.to_uppercase()), "password": PASSWORD, "displayName": "Eve" });
    call(&app, "register", &again)
        .await
        .refused(409, "invalid", &["email"]);
}

#[actix_web::test]
async fn a_registration_is_refused_with_every_fault_it_has() {
    let app = TestApp::start().await;
    let fields = ["email", "password", "displayName"];
    call(&app, "register", &json!({}))
        .await
        .refused(422, "invalid", &fields);
    let bad = json!({ "email": "x", "password": "password", "displayName": "\u{202e}" });
    call(&app, "register", &bad)
        .await
        .refused(422, "invalid", &fields);
    let long = json!({ "email": address(), "password": "x".repeat(1_025), "displayName": "Zoë" });
    call(&app, "register", &long)
        .await
        .refused(422, "too_long", &["password"]);
}

#[actix_web::test]
async fn a_failed_login_does_not_say_what_was_wrong() {
    let app = TestApp::start().await;
    let email = address();
    register(&app, &email).await;
    call(
        &app,
        "login",
        &json!({ "email": email.to_uppercase(), "password": PASSWORD }),
    )
    .await
    .expect(200);
    let mut answers = Vec::new();
    for (email, password) in [
        (email.as_str(), "wrong password".to_owned()),
        (email.as_str(), "x".repeat(1_025)),
        ("nobody@example.org", PASSWORD.to_owned()),
        ("no address", PASSWORD.to_owned()),
    ] {
        let answer = call(
            &app,
            "login",
            &json!({ "email": email, "password": password }),
        )
        .await;
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        answers.push((answer.status, answer.text));
    }
    assert_eq!(answers[0].0, 401);
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}

#[actix_web::test]
async fn a_refresh_token_is_good_once_and_a_second_use_ends_the_login() {
    for app in TestApp::on_each_database().await {
        let first = register(&app, &address()).await;
        let second = call(&app, "refresh", &refresh(&first)).await.expect(200);
        assert_eq!(second["user"], first["user"]);
        app.get(&person(&second), "/api/auth/me").await.expect(200);
        call(&app, "refresh", &refresh(&first))
            .await
            .refused(401, "unauthenticated", &[]);
        call(&app, "refresh", &refresh(&second))
            .await
            .refused(401, "unauthenticated", &[]);
        for session in [&first, &second] {
            app.get(&person(session), "/api/auth/me")
                .await
                .refused(401, "unauthenticated", &[]);
        }
    }
}

#[actix_web::test]
async fn of_two_refreshes_at_the_same_time_at_most_one_wins() {
    let app = TestApp::start().await;
    let session = register(&app, &address()).await;
    let body = refresh(&session);
    let (a, b) = tokio::join!(call(&app, "refresh", &body), call(&app, "refresh", &body));
    let mut statuses = [a.status, b.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401]);
}

#[actix_web::test]
async fn logging_out_ends_the_login_and_no_other() {
    let app = TestApp::start().await;
    let email = address();
    let (phone, laptop) = (
        register(&app, &email).await,
        json!({ "email": email, "password": PASSWORD }),
    );
    let laptop = call(&app, "login", &laptop).await.expect(200);
    let logout = "/api/auth/logout";
    call(&app, "logout", &refresh(&phone)).await.expect(401);
    app.post(&person(&phone), logout, &refresh(&phone))
        .await
        .expect(204);
    call(&app, "refresh", &refresh(&phone)).await.expect(401);
    app.get(&person(&phone), "/api/auth/me").await.expect(401);
    app.get(&person(&laptop), "/api/auth/me").await.expect(200);
    // What is logged out already, or never was logged in, is logged out.
    app.post(&person(&laptop), logout, &refresh(&phone))
        .await
        .expect(204);
    let nobodys = json!({ "refreshToken": "nobody's" });
    app.post(&person(&laptop), logout, &nobodys)
        .await
        .expect(204);
    let empty = app.request("POST", logout);
    app.answer(empty.bearer_auth(&person(&laptop).token))
        .await
        .expect(204);
}

#[actix_web::test]
async fn a_refresh_without_a_token_is_refused() {
    let app = TestApp::start().await;
    app.answer(app.request("POST", "/api/auth/refresh"))
        .await
        .refused(401, "unauthenticated", &[]);
    call(&app, "refresh", &json!({}))
        .await
        .refused(422, "invalid", &["refreshToken"]);
    call(&app, "refresh", &json!({ "refreshToken": 5 }))
        .await
        .refused(422, "invalid", &["refreshToken"]);
    call(&app, "refresh", &json!({ "refreshToken": "x" }))
        .await
        .refused(401, "unauthenticated", &[]);
}

fn cookie(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api/auth", "Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(
        !cookie.contains("Secure"),
        "there is no TLS on loopback: {cookie}"
    );
    cookie.split(';').next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_refresh_token_in_a_cookie_is_in_no_body_and_for_allowed_pages_only() {
    let app = TestApp::start().await;
    let body =
        json!({ "email": address(), "password": PASSWORD, "displayName": "Zoë", "cookie": true });
    let registered = call(&app, "register", &body).await;
    assert_eq!(
        (registered.status, &registered.body["refreshToken"]),
        (201, &Value::Null)
    );
    let with = |cookie: &str| {
        app.request("POST", "/api/auth/refresh")
            .header("cookie", cookie)
    };
    let first = cookie(&registered);
    app.answer(with(&first))
        .await
        .refused(403, "forbidden", &[]);
    let foreign = with(&first).header("origin", "https://evil.example");
    app.answer(foreign).await.refused(403, "forbidden", &[]);
    let refreshed = app
        .answer(with(&first).header("origin", app.origin()))
        .await;
    assert_eq!(
        (refreshed.status, &refreshed.body["refreshToken"]),
        (200, &Value::Null)
    );
    let second = cookie(&refreshed);
    assert_ne!(first, second);
    let log_out = app
        .request("POST", "/api/auth/logout")
        .bearer_auth(refreshed.body["accessToken"].as_str().unwrap())
        .header("cookie", &second);
    let answer = app.answer(log_out.header("origin", app.origin())).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("set-cookie").unwrap().contains("Max-Age=0"));
    app.answer(with(&second).header("origin", app.origin()))
        .await
        .expect(401);
}

#[actix_web::test]
async fn a_cookie_is_secure_unless_the_browser_speaks_to_this_machine() {
    let app = TestApp::start().await;
    let body =
        json!({ "email": address(), "password": PASSWORD, "displayName": "Zoë", "cookie": true });
    let request = app
        .request("POST", "/api/auth/register")
        .header("host", "shop.example")
        .json(&body);
    assert!(
        app.answer(request)
            .await
            .header("set-cookie")
            .unwrap()
            .contains("; Secure")
    );
}

#[actix_web::test]
async fn guessing_passwords_is_slowed_down_and_logging_in_is_not() {
    let app = TestApp::start_with(|words| words.rate_limits = Some("on".into())).await;
    let email = address();
    register(&app, &email).await;
    let (right, wrong) = (
        json!({ "email": email, "password": PASSWORD }),
        json!({ "email": email, "password": "a wrong password" }),
    );
    for _ in 0..30 {
        call(&app, "login", &right).await.expect(200);
    }
    for _ in 0..10 {
        call(&app, "login", &wrong).await.expect(401);
    }
    let answer = call(&app, "login", &right).await;
    let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&seconds) && answer.body["retryAfterMs"].as_u64().is_some());
    answer.refused(429, "rate_limited", &[]);
    register(&app, &address()).await;
}

#[actix_web::test]
async fn with_an_outside_issuer_there_are_no_local_accounts() {
    let app = TestApp::start_with(|words| {
        words.jwt_secret = None;
        words.jwks_url = Some("http://127.0.0.1:1/jwks.json".into());
        words.jwt_algorithm = Some("ES256".into());
    })
    .await;
    for what in ["register", "login", "refresh"] {
        let request = app
            .request("POST", &format!("/api/auth/{what}"))
            .json(&json!({}));
        app.answer(request).await.refused(404, "not_found", &[]);
    }
}
