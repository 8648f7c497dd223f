//! Access tokens: JWTs, made here or by an outside issuer.
//!
//! RFC 7519, with the advice of RFC 8725: one key has one algorithm, which the configuration pins.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use messaging_domain::{Error, Failure, LoginId, Timestamp, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{Denied, jwks::Jwks};

/// The longest token that is looked at, in bytes.
const MAX_TOKEN: usize = 8 * 1_024;

/// How far another machine's clock may be ahead of ours, in seconds. An expired token has no leeway.
const LEEWAY: i64 = 5;

/// What a good token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Who shows it.
    pub user: UserId,
    /// What to call them, as the issuer says.
    pub name: Option<String>,
    /// Where a picture is, as the issuer says.
    pub picture: Option<String>,
    /// The login it belongs to; only in tokens that were made here.
    pub login: Option<LoginId>,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// The claims as they stand in a token. Numbers are whole: a fraction is refused.
#[derive(Serialize, Deserialize)]
struct Payload {
    sub: String,
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<String>,
    /// A name of our own (RFC 7519, section 4.3): others put what they like into `sid`.
    #[serde(rename = "messaging_login", skip_serializing_if = "Option::is_none")]
    login: Option<String>,
}

#[derive(Serialize)]
struct Issued<'a> {
    iss: &'a str,
    aud: &'a str,
    #[serde(flatten)]
    payload: Payload,
}

/// With which keys tokens are checked.
#[derive(Debug)]
enum Keys {
    /// With the secret that they are also made with.
    Own {
        signing: Box<EncodingKey>,
        verifying: Box<DecodingKey>,
    },
    /// With those that an outside issuer publishes.
    Outside(Arc<Jwks>),
}

/// Makes and checks access tokens.
#[derive(Debug)]
pub struct Tokens {
    keys: Keys,
    issuer: String,
    audience: String,
    validation: Validation,
    lifetime: Duration,
}

impl Tokens {
    /// Tokens signed with a secret (HS256), good for `lifetime`.
    pub fn with_secret(
        secret: &SecretString,
        issuer: &str,
        audience: &str,
        lifetime: Duration,
    ) -> Self {
        let secret = secret.expose_secret().as_bytes();
        let keys = Keys::Own {
            signing: Box::new(EncodingKey::from_secret(secret)),
            verifying: Box::new(DecodingKey::from_secret(secret)),
        };
        Self::new(keys, Algorithm::HS256, issuer, audience, lifetime)
    }

    /// Tokens of an outside issuer, who publishes its keys.
    pub fn of_issuer(jwks: Jwks, issuer: &str, audience: &str) -> Self {
        let algorithm = jwks.algorithm();
        Self::new(
            Keys::Outside(Arc::new(jwks)),
            algorithm,
            issuer,
            audience,
            Duration::ZERO,
        )
    }

    fn new(
        keys: Keys,
        algorithm: Algorithm,
        issuer: &str,
        audience: &str,
        lifetime: Duration,
    ) -> Self {
        let mut validation = Validation::new(algorithm);
        validation.set_required_spec_claims(&["sub", "exp", "iss", "aud"]);
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        // Times are judged last, so that only a token that is good in all else is called expired.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            keys,
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            validation,
            lifetime,
        }
    }

    /// Whether tokens can be made here: then there can be local accounts.
    pub const fn can_issue(&self) -> bool {
        matches!(self.keys, Keys::Own { .. })
    }

    /// How long a token that is made here is good for.
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// Makes a token.
    ///
    /// # Errors
    /// [`Error::Failed`] when only an outside issuer can make them.
    pub fn issue(
        &self,
        user: &UserId,
        name: Option<&str>,
        login: Option<LoginId>,
        lifetime: Duration,
    ) -> Result<String, Error> {
        let Keys::Own { signing, .. } = &self.keys else {
            return Err(Error::Failed(Failure::new(
                "make a token",
                "an outside issuer makes them",
            )));
        };
        let now = Timestamp::now();
        let payload = Payload {
            sub: user.as_str().to_owned(),
            exp: now.plus(lifetime).as_seconds(),
            iat: now.as_seconds(),
            nbf: None,
            name: name.map(str::to_owned),
            picture: None,
            login: login.map(|login| login.to_string()),
        };
        let claims = Issued {
            iss: &self.issuer,
            aud: &self.audience,
            payload,
        };
        jsonwebtoken::encode(&Header::default(), &claims, signing)
            .map_err(|error| Error::Failed(Failure::new("make a token", error)))
    }

    /// Checks a token.
    ///
    /// # Errors
    /// [`Denied`], with the reason.
    pub async fn verify(&self, token: &str) -> Result<Claims, Denied> {
        if token.len() > MAX_TOKEN {
            return Err(Denied::Bad);
        }
        let Ok(header) = jsonwebtoken::decode_header(token) else {
            return Err(Denied::Bad);
        };
        let typ = header.typ.as_deref().map(str::to_ascii_lowercase);
        let of_known_type = matches!(typ.as_deref(), None | Some("jwt" | "at+jwt"));
        if !of_known_type
            || header.crit.is_some()
            || !self.validation.algorithms.contains(&header.alg)
        {
            return Err(Denied::Bad);
        }
        match &self.keys {
            Keys::Own { verifying, .. } => self.decode(token, verifying, true),
            Keys::Outside(jwks) => {
                let kid = header.kid.as_deref().ok_or(Denied::Bad)?;
                self.decode(token, &jwks.key(kid).await?, false)
            }
        }
    }

    fn decode(&self, token: &str, key: &DecodingKey, own: bool) -> Result<Claims, Denied> {
        let Ok(token) = jsonwebtoken::decode::<Payload>(token, key, &self.validation) else {
            return Err(Denied::Bad);
        };
        let payload = token.claims;
        let now = Timestamp::now().as_seconds();
        let ahead = now.saturating_add(LEEWAY);
        let Ok(user) = UserId::parse(&payload.sub) else {
            return Err(Denied::Bad);
        };
        if payload.iat > ahead || payload.nbf.is_some_and(|nbf| nbf > ahead) {
            return Err(Denied::Bad);
        }
        if payload.exp <= now {
            return Err(Denied::Expired);
        }
        Ok(Claims {
            user,
            name: payload.name,
            picture: payload.picture,
            login: payload
                .login
                .filter(|_| own)
                .and_then(|login| LoginId::parse(&login).ok()),
            issued_at: moment(payload.iat),
            expires_at: moment(payload.exp),
        })
    }
}

fn moment(seconds: i64) -> Timestamp {
    Timestamp::from_microseconds(seconds.saturating_mul(1_000_000))
}

#[cfg(test)]
mod tests;
