//! Tokens that are good, and the many that are not.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use messaging_domain::{LoginId, Timestamp, UserId};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Claims, Tokens};
use crate::auth::Denied;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn tokens() -> Tokens {
    Tokens::with_secret(
        &SecretString::from(SECRET),
        "messaging",
        "messaging",
        Duration::from_mins(15),
    )
}

fn claims() -> Value {
    let now = Timestamp::now().as_seconds();
    json!({ "sub": "ann", "iss": "messaging", "aud": "messaging", "iat": now, "exp": now + 60 })
}

/// The claims with some changed; null takes one out.
fn with(changes: &[(&str, Value)]) -> Value {
    let mut claims = claims();
    for (name, value) in changes {
        claims[*name] = value.clone();
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(*name);
        }
    }
    claims
}

fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::default(), claims, &key).unwrap()
}

fn encode(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// A token whose parts are written by hand, with a good signature.
fn by_hand(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

async fn verify(token: &str) -> Result<Claims, &'static str> {
    tokens().verify(token).await.map_err(|denied| match denied {
        Denied::Bad => "bad",
        Denied::Expired => "expired",
        Denied::Unavailable(_) => "unavailable",
    })
}

#[actix_web::test]
async fn a_token_made_here_reads_back() {
    let (user, login) = (UserId::parse("ann").unwrap(), LoginId::new());
    let token = tokens()
        .issue(&user, Some("Ann"), Some(login), Duration::from_mins(1))
        .unwrap();
    let claims = verify(&token).await.unwrap();
    assert_eq!((claims.user, claims.login), (user, Some(login)));
    assert_eq!(claims.name.as_deref(), Some("Ann"));
    assert_eq!(
        claims.expires_at.since(claims.issued_at),
        Duration::from_mins(1)
    );
}

#[actix_web::test]
async fn claims_of_others_are_taken_as_the_standard_has_them() {
    let now = Timestamp::now().as_seconds();
    for good in [
        claims(),
        with(&[("aud", json!(["other", "messaging"]))]),
        with(&[("iat", json!(now + 4))]),
        with(&[("nbf", json!(now))]),
        with(&[("sid", json!("not one of ours"))]),
        with(&[("jti", json!("x")), ("roles", json!(["admin"]))]),
    ] {
        assert!(verify(&signed(&good)).await.is_ok(), "{good}");
    }
}

#[actix_web::test]
async fn a_session_of_somebody_elses_is_no_login_of_ours() {
    for sid in [json!(LoginId::new().to_string()), json!(5)] {
        let claims = verify(&signed(&with(&[("sid", sid)]))).await.unwrap();
        assert_eq!(claims.login, None);
    }
}

#[actix_web::test]
async fn a_token_that_was_good_once_is_called_expired() {
    let now = Timestamp::now().as_seconds();
    let old = with(&[("iat", json!(now - 100)), ("exp", json!(now - 6))]);
    assert_eq!(verify(&signed(&old)).await, Err("expired"));
    let foreign = with(&[("exp", json!(now - 6)), ("aud", json!("other"))]);
    assert_eq!(verify(&signed(&foreign)).await, Err("bad"));
}

#[actix_web::test]
async fn claims_that_do_not_hold_are_bad() {
    let now = Timestamp::now().as_seconds();
    for bad in [
        with(&[("sub", Value::Null)]),
        with(&[("exp", Value::Null)]),
        with(&[("iat", Value::Null)]),
        with(&[("iss", Value::Null)]),
        with(&[("aud", Value::Null)]),
        with(&[("iss", json!("other"))]),
        with(&[("aud", json!("other"))]),
        with(&[("aud", json!([]))]),
        with(&[("sub", json!(""))]),
        with(&[("sub", json!("a b"))]),
        with(&[("sub", json!("x".repeat(129)))]),
        with(&[("sub", json!(5))]),
        with(&[("exp", json!((now + 60).to_string()))]),
        with(&[("exp", json!(4_000_000_000.5))]),
        with(&[("exp", json!(-1e300))]),
        with(&[("iat", json!(now + 30))]),
        with(&[("nbf", json!(now + 30))]),
        with(&[("nbf", json!("soon"))]),
        with(&[("name", json!("x".repeat(8_192)))]),
    ] {
        assert_eq!(verify(&signed(&bad)).await, Err("bad"), "{bad}");
    }
}

#[actix_web::test]
async fn headers_decide_nothing() {
    let payload = claims().to_string();
    assert!(
        verify(&by_hand(r#"{"alg":"HS256"}"#, &payload))
            .await
            .is_ok()
    );
    assert!(
        verify(&by_hand(
            r#"{"alg":"HS256","kid":"../../etc/passwd"}"#,
            &payload
        ))
        .await
        .is_ok(),
        "a key id means nothing where there is one key"
    );
    for bad in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"None"}"#,
        r#"{"alg":"HS384"}"#,
        r#"{"alg":"HS512"}"#,
        r#"{"alg":"RS256"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"EdDSA"}"#,
        r#"{"alg":"HS256","typ":"secret+jwt"}"#,
        r#"{"alg":"HS256","crit":["exp"]}"#,
        r#"{"typ":"JWT"}"#,
        "{}",
        "",
        "not json",
    ] {
        assert_eq!(verify(&by_hand(bad, &payload)).await, Err("bad"), "{bad}");
    }
}

#[actix_web::test]
async fn a_claim_that_is_said_twice_is_bad() {
    let payload = claims().to_string().replacen('{', "{\"sub\":\"eve\",", 1);
    assert_eq!(
        verify(&by_hand(r#"{"alg":"HS256"}"#, &payload)).await,
        Err("bad")
    );
}

#[actix_web::test]
async fn what_was_tampered_with_is_bad() {
    let token = signed(&claims());
    let (signed_part, signature) = token.rsplit_once('.').unwrap();
    let other_key = EncodingKey::from_secret(b"another secret that is long enough");
    let forged = jsonwebtoken::encode(&Header::default(), &claims(), &other_key).unwrap();
    let none = format!(
        "{}.{}.",
        encode(r#"{"alg":"none"}"#),
        encode(&claims().to_string())
    );
    let swapped = format!(
        "{}.{}.{signature}",
        encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        encode(&with(&[("sub", json!("eve"))]).to_string())
    );
    for bad in [
        String::new(),
        "x".to_owned(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        forged,
        none,
        swapped,
        signed_part.to_owned(),
        format!("{signed_part}."),
        format!("{token}x"),
        format!("{token}.x"),
        format!(" {token}"),
        token.to_uppercase(),
        "x".repeat(100_000),
    ] {
        let shown: String = bad.chars().take(60).collect();
        assert_eq!(verify(&bad).await, Err("bad"), "{shown}");
    }
}
