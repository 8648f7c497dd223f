//! Access tokens, signed as the contract's page documents it: HS256 with the shared secret.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;

/// How long ago tokens say they were issued, in seconds.
const AGE: i64 = 40_000;

/// Makes tokens for anybody.
#[derive(Debug, Clone)]
pub(crate) struct Signer {
    secret: String,
}

impl Signer {
    /// With the value of `MESSAGING_JWT_SECRET`.
    pub(crate) fn new(secret: impl Into<String>) -> Self {
        Self {
            secret: secret.into(),
        }
    }

    /// A token of that person, from `now` (seconds since 1970) for so many seconds.
    pub(crate) fn sign(&self, user: &str, now: i64, seconds: i64) -> anyhow::Result<String> {
        let header = json!({"alg": "HS256", "typ": "JWT"});
        let claims = json!({
            "sub": user,
            "name": user,
            "iss": "messaging",
            "aud": "messaging",
            // Long ago, so that a clock that jumps back does not make it a token of the future.
            "iat": now.saturating_sub(AGE),
            "exp": now.saturating_add(seconds),
        });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes())
            .context("the secret is no key")?;
        mac.update(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        Ok(format!("{signed}.{signature}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_rfc_7515_makes_of_its_parts() {
        let token = Signer::new("secret").sign("ann", 1, 2).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let claims = URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
        assert_eq!(claims["sub"], "ann");
        assert_eq!(claims["exp"], 3);
        let mut mac = Hmac::<Sha256>::new_from_slice(b"secret").unwrap();
        mac.update(format!("{}.{}", parts[0], parts[1]).as_bytes());
        let signature = URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
        assert!(mac.verify_slice(&signature).is_ok());
    }
}
