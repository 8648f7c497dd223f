//! Tokens of an outside issuer, who publishes its keys.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use actix_web::{App, HttpResponse, HttpServer, web};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use messaging_domain::Timestamp;
use serde_json::json;

use crate::app::{TestApp, token, uuid};

/// The private key of RFC 8410's example; its public half is in [`KEYS`].
const KEY: &[u8] = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

const KEYS: &str = r#"{"keys":[{"kid":"one","kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","x":"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE"}]}"#;

/// An issuer, with the number of times that it was asked for its keys.
fn issuer() -> (String, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let server = HttpServer::new(move || {
        let counter = Arc::clone(&counter);
        App::new().default_service(web::to(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            async {
                HttpResponse::Ok()
                    .content_type("application/json")
                    .body(KEYS)
            }
        }))
    });
    let server = server
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
    let url = format!("http://{}/jwks.json", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    (url, asked)
}

fn signed(kid: Option<&str>) -> String {
    let now = Timestamp::now().as_seconds();
    let claims = json!({ "sub": uuid(), "name": "Ann", "iss": "messaging", "aud": "messaging", "iat": now, "exp": now + 60, "sid": uuid() });
    let header = Header {
        kid: kid.map(str::to_owned),
        ..Header::new(Algorithm::EdDSA)
    };
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_pem(KEY).unwrap()).unwrap()
}

async fn trusting(url: String) -> TestApp {
    TestApp::start_with(|words| {
        words.jwt_secret = None;
        words.jwks_url = Some(url.into());
        words.jwt_algorithm = Some("EdDSA".into());
    })
    .await
}

#[actix_web::test]
async fn an_issuers_tokens_are_good_and_its_keys_are_fetched_once() {
    let (url, asked) = issuer();
    let app = trusting(url).await;
    let me = |token: String| app.answer(app.request("GET", "/api/auth/me").bearer_auth(token));
    for _ in 0..5 {
        assert_eq!(
            me(signed(Some("one"))).await.expect(200)["displayName"],
            "Ann"
        );
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn keys_that_nobody_published_open_nothing_and_cost_the_issuer_little() {
    let (url, asked) = issuer();
    let app = trusting(url).await;
    let me = |token: String| app.answer(app.request("GET", "/api/auth/me").bearer_auth(token));
    me(signed(None)).await.expect(401);
    me(token("ann", "Ann")).await.expect(401);
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    let tries = (0..20).map(|number| me(signed(Some(&format!("unknown-{number}")))));
    for answer in futures_util::future::join_all(tries).await {
        answer.expect(401);
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[actix_web::test]
async fn while_the_issuer_cannot_be_asked_nobody_is_called_a_liar() {
    let app = trusting("http://127.0.0.1:1/jwks.json".to_owned()).await;
    let request = app
        .request("GET", "/api/auth/me")
        .bearer_auth(signed(Some("one")));
    app.answer(request).await.refused(503, "overloaded", &[]);
}
