//! Tokens that other services have let in (RFC 8725 and the reports behind it).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use jsonwebtoken::{Algorithm, EncodingKey};
use messaging_domain::Timestamp;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    guest::say,
    node::{Node, SECRET, person},
};

fn encode(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

/// Signed with the service's own secret, whatever header and payload say.
fn signed(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{signed}.{signature}")
}

fn claims() -> Value {
    let now = Timestamp::now().as_seconds();
    json!({ "sub": "ann", "iss": "messaging", "aud": "messaging", "iat": now, "exp": now + 600 })
}

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// A good token's claims, but for one; null takes it out.
fn but(name: &str, value: Value) -> String {
    let mut claims = claims();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    signed(HEADER, &claims.to_string())
}

/// Headers that a payload with a good signature must not get in by.
const HEADERS: &[&str] = &[
    r#"{"alg":"none"}"#,
    r#"{"alg":"None"}"#,
    r#"{"alg":"NONE"}"#,
    r#"{"alg":"nOnE","typ":"JWT"}"#,
    r#"{"alg":""}"#,
    r#"{"alg":null}"#,
    r#"{"alg":5}"#,
    r#"{"alg":["HS256"]}"#,
    r#"{"alg":"hs256"}"#,
    r#"{"alg":"HS256 "}"#,
    r#"{"alg":"HS384"}"#,
    r#"{"alg":"HS512"}"#,
    r#"{"alg":"RS256"}"#,
    r#"{"alg":"PS256"}"#,
    r#"{"alg":"ES256"}"#,
    r#"{"alg":"EdDSA"}"#,
    r#"{"alg":"RS256","jwk":{"kty":"oct","k":"AAAA"}}"#,
    r#"{"alg":"none","alg":"HS256"}"#,
    r#"{"typ":"JWT"}"#,
    r#"{"alg":"HS256","typ":"secret+jwt"}"#,
    r#"{"alg":"HS256","typ":"JWE"}"#,
    r#"{"alg":"HS256","typ":5}"#,
    r#"{"alg":"HS256","crit":["exp"]}"#,
    r#"{"alg":"HS256","crit":["b64"],"b64":false}"#,
    r#"{"alg":"HS256","crit":[]}"#,
    r#"{"alg":"dir","enc":"A256GCM"}"#,
    r"{}",
    r"[]",
    r"null",
    r#""HS256""#,
    "",
    "not json",
];

fn bad() -> Vec<String> {
    let now = Timestamp::now().as_seconds();
    let payload = claims().to_string();
    let good = signed(HEADER, &payload);
    let parts: Vec<_> = good.split('.').collect();
    let [header, body, signature] = parts[..] else {
        panic!("{good}")
    };
    let other = EncodingKey::from_secret(b"another secret that is long enough to sign");
    let foreign = |key: &EncodingKey| {
        jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims(), key).unwrap()
    };
    let twice = payload.replacen('{', r#"{"sub":"eve","#, 1);
    let mut bad: Vec<_> = HEADERS
        .iter()
        .map(|header| signed(header, &payload))
        .collect();
    bad.extend([
        but("sub", Value::Null),
        but("exp", Value::Null),
        but("iat", Value::Null),
        but("iss", Value::Null),
        but("aud", Value::Null),
        but("sub", json!("")),
        but("sub", json!(" ann")),
        but("sub", json!("an\u{200b}n")),
        but("sub", json!("an\u{0}n")),
        but("sub", json!("x".repeat(129))),
        but("sub", json!(5)),
        but("sub", json!(["ann"])),
        but("iss", json!("Messaging")),
        but("iss", json!("messaging.evil.example")),
        but("iss", json!([])),
        but("aud", json!("MESSAGING")),
        but("aud", json!("messaging ")),
        but("aud", json!([])),
        but("aud", json!(["other"])),
        but("aud", json!({ "messaging": true })),
        but("exp", json!(now - 1)),
        but("exp", json!(0)),
        but("exp", json!(-1)),
        but("exp", json!((now + 600).to_string())),
        but("exp", json!(1e300)),
        but("exp", json!(4_102_444_800.5)),
        but("exp", json!(u64::MAX)),
        but("exp", json!(true)),
        but("iat", json!(now + 600)),
        but("iat", json!("now")),
        but("nbf", json!(now + 600)),
        but("nbf", json!("now")),
        but("name", json!("x".repeat(20_000))),
        but("name", json!({ "first": "Ann" })),
        signed(HEADER, &twice),
        signed(HEADER, "{}"),
        signed(HEADER, "[]"),
        signed(HEADER, "null"),
        signed(HEADER, "not json"),
        signed(HEADER, ""),
        foreign(&other),
        foreign(&EncodingKey::from_secret(b"")),
        foreign(&EncodingKey::from_secret(b"secret")),
        foreign(&EncodingKey::from_secret(SECRET.to_uppercase().as_bytes())),
        format!("{header}.{body}."),
        format!("{header}.{body}"),
        format!("{header}..{signature}"),
        format!(".{body}.{signature}"),
        format!("{header}.{body}.{signature}."),
        format!("{header}.{body}.{signature}.{signature}"),
        format!("{header}.{body}.{signature}="),
        format!("{header}.{body}.{}", "A".repeat(43)),
        format!(
            "{header}.{}.{signature}",
            encode(&payload.replace("ann", "eve"))
        ),
        format!("{header}=.{body}.{signature}"),
        format!("{header}.{body}.{signature}x"),
        format!("{body}.{header}.{signature}"),
        good.to_uppercase(),
        good.replace('.', ","),
        "..".to_owned(),
        "...".to_owned(),
        "a.b.c".to_owned(),
        "null".to_owned(),
        "undefined".to_owned(),
        "Bearer".to_owned(),
        "x".repeat(60_000),
        json!({ "protected": header, "payload": body, "signature": signature }).to_string(),
    ]);
    bad
}

#[actix_web::test]
async fn a_token_that_others_have_let_in_opens_neither_door() {
    let node = Node::start(&[]);
    let me = async |token: &str| node.ask(token, "GET", "/api/auth/me", None).await.0;
    assert_eq!(me(&signed(HEADER, &claims().to_string())).await, 200);
    let bad = bad();
    assert!(bad.len() >= 90);
    join_all(bad.iter().map(async |token| {
        let refused = me(token).await;
        // A header of 60,000 bytes is none that is looked at.
        assert!(
            refused == 401 || refused == 431 && token.len() > 30_000,
            "{token}"
        );
        let mut socket = node.socket().await;
        say(
            &mut socket,
            &json!({ "op": "hello", "token": token }).to_string(),
        )
        .await;
        let code = close(&mut socket).await;
        assert!([4_010, 4_110].contains(&code), "{code}: {token}");
    }))
    .await;
    // Nor does one in the wrong place, however good it is.
    let (_, good) = person();
    for path in ["/api/auth/me?access_token=", "/api/auth/me?token="] {
        let answer = node.request("GET", &format!("{path}{good}")).send().await;
        assert_eq!(answer.unwrap().status(), 401);
    }
    for (name, value) in [
        ("cookie", format!("access_token={good}; token={good}")),
        ("x-access-token", good.clone()),
        ("authorization", good.clone()),
        ("authorization", format!("Basic {good}")),
        ("authorization", format!("Token {good}")),
        ("proxy-authorization", format!("Bearer {good}")),
    ] {
        let request = node.request("GET", "/api/auth/me").header(name, value);
        assert_eq!(request.send().await.unwrap().status(), 401, "{name}");
    }
    node.assert_well(250 * 1_024 * 1_024).await;
}

/// The code with which the service closes.
async fn close(socket: &mut crate::guest::Socket) -> u16 {
    use futures_util::StreamExt as _;

    while let Some(Ok(message)) = socket.next().await {
        if let Message::Close(frame) = message {
            return frame.unwrap().code.into();
        }
    }
    panic!("closed without a word")
}
