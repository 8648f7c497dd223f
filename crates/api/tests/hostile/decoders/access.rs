//! Tokens, origins, and from where a request comes.

use std::{net::IpAddr, time::Duration};

use futures_util::FutureExt as _;
use jsonwebtoken::{EncodingKey, Header};
use messaging_api::{
    auth::{Origins, token::Tokens},
    limits::Address,
};
use messaging_domain::{Timestamp, UserId};
use serde_json::{Map, Value, json};

use super::hunt_text;

const SECRET: &str = "a secret for tests that is long enough to sign with";

fn tokens() -> Tokens {
    Tokens::with_secret(
        &SECRET.to_owned().into(),
        "messaging",
        "messaging",
        Duration::from_mins(15),
    )
}

/// Whom a token lets in. With a secret nobody has to be asked, so it is known at once.
fn admitted(tokens: &Tokens, token: &str) -> Option<UserId> {
    let verified = tokens.verify(token).now_or_never().unwrap();
    verified.ok().map(|claims| claims.user)
}

#[test]
fn a_token_is_good_as_it_was_signed_and_in_no_other_spelling() {
    let tokens = tokens();
    let user = UserId::parse("ann").unwrap();
    let good = tokens.issue(&user, Some("Ann"), None, Duration::from_hours(1));
    let good = good.unwrap();
    assert_eq!(admitted(&tokens, &good), Some(user));
    // The corpus is of tokens with other signatures; here each is also tried with parts of a good one.
    hunt_text(include_str!("../corpus/tokens"), |text| {
        assert_eq!(admitted(&tokens, text), None, "{text}");
        let parts: Vec<_> = good.split('.').collect();
        for (at, part) in text.split('.').take(3).enumerate() {
            let mut mixed = parts.clone();
            mixed[at] = part;
            let mixed = mixed.join(".");
            assert!(
                mixed == good || admitted(&tokens, &mixed).is_none(),
                "{mixed}"
            );
        }
    });
    for at in 0..good.len() {
        for bit in 0..7 {
            let mut bytes = good.clone().into_bytes();
            bytes[at] ^= 1 << bit;
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(admitted(&tokens, &text), None, "{text}");
        }
    }
}

#[test]
fn signed_claims_let_in_only_as_documented() {
    let (tokens, now) = (tokens(), Timestamp::now().as_seconds());
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    hunt_text(include_str!("../corpus/claims"), |text| {
        let text = text.replace("NOW", &now.to_string());
        let Ok(claims) = serde_json::from_str::<Map<String, Value>>(&text) else {
            return;
        };
        let token = jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap();
        let Some(user) = admitted(&tokens, &token) else {
            return;
        };
        assert_eq!(claims["sub"], user.as_str());
        assert!(claims["exp"].as_i64() > Some(now - 1), "{text}");
        assert!(claims["iat"].as_i64() <= Some(now + 60), "{text}");
        assert!(
            claims
                .get("nbf")
                .is_none_or(|nbf| nbf.is_null() || nbf.as_i64() <= Some(now + 60))
        );
        for name in ["iss", "aud"] {
            let ours = json!("messaging");
            let among = claims[name]
                .as_array()
                .is_some_and(|all| all.contains(&ours));
            assert!(claims[name] == ours || among, "{text}");
        }
    });
}

#[test]
fn an_origin_is_allowed_when_it_is_on_the_list_and_not_otherwise() {
    let list = [
        "https://shop.example",
        "http://localhost:3000",
        "https://xn--bcher-kva.example",
    ];
    let origins = Origins::parse(&list.join(",")).unwrap();
    hunt_text(include_str!("../corpus/origins"), |text| {
        let listed = list.contains(&text.to_ascii_lowercase().as_str());
        assert_eq!(origins.allows(text), listed, "{text:?}");
        if let Ok(parsed) = Origins::parse(text) {
            for origin in parsed.iter() {
                let host = origin
                    .strip_prefix("https://")
                    .or_else(|| origin.strip_prefix("http://"))
                    .unwrap();
                assert!(!host.is_empty() && !host.contains(['/', '*', '@', '?', '#', ' ']));
                assert!(parsed.allows(origin));
            }
            let again: Vec<_> = parsed.iter().collect();
            assert_eq!(Origins::parse(&again.join(",")), Ok(parsed.clone()));
        }
    });
}

#[test]
fn only_what_the_outermost_own_proxy_wrote_counts_as_an_address() {
    let peer: IpAddr = "192.0.2.1".parse().unwrap();
    let of = |header: &str, proxies| Address::of(Some(peer), std::iter::once(header), proxies);
    let nobody = Address::of(Some(peer), std::iter::empty(), 0);
    let client = of("198.51.100.7", 1);
    hunt_text(include_str!("../corpus/forwarded"), |text| {
        assert_eq!(of(text, 0), nobody, "{text:?}");
        // Whatever a client writes, the proxy's word comes last.
        let told = format!("{text}, 198.51.100.7");
        assert_eq!(of(&told, 1), client, "{text:?}");
        let two = format!("{text},198.51.100.7,10.0.0.1");
        assert_eq!(of(&two, 2), client, "{text:?}");
        for proxies in [1, 2, 10] {
            of(text, proxies);
        }
    });
}
