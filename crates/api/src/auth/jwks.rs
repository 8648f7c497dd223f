//! The keys that an outside issuer publishes (RFC 7517), fetched rarely and kept as long as they serve.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use jsonwebtoken::{
    Algorithm, AlgorithmFamily, DecodingKey,
    jwk::{Jwk, JwkSet, PublicKeyUse},
};
use messaging_domain::{Error, Failure};
use reqwest::header::CACHE_CONTROL;

use super::Denied;

/// How long a fetch may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often, at most, keys are fetched because a token names one that is not known.
const COOL_DOWN: Duration = Duration::from_secs(30);

/// How long keys are kept, at least and at most, whatever the issuer says.
const SHORTEST: Duration = Duration::from_mins(5);
const LONGEST: Duration = Duration::from_hours(24);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 256 * 1_024;

/// An outside issuer's keys, all for one algorithm.
pub struct Jwks {
    url: String,
    algorithm: Algorithm,
    client: reqwest::Client,
    known: RwLock<Known>,
    /// Whoever holds it fetches; the others make do with what is known, or wait and then look again.
    fetching: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Known {
    keys: HashMap<String, DecodingKey>,
    fresh_until: Option<Instant>,
    tried_at: Option<Instant>,
    last_try_failed: bool,
}

impl Known {
    fn is_fresh(&self) -> bool {
        self.fresh_until.is_some_and(|until| Instant::now() < until)
    }

    fn tried_lately(&self) -> bool {
        self.tried_at.is_some_and(|at| at.elapsed() < COOL_DOWN)
    }
}

/// What is known of a key without asking.
enum Found {
    /// The answer, which needs no fetch.
    Answer(Result<DecodingKey, Denied>),
    /// A key for which it is time to ask again.
    Stale(DecodingKey),
    /// Nothing: the issuer has to be asked.
    Nothing,
}

impl Jwks {
    /// Keys at an address, for one algorithm. Nothing is fetched yet.
    ///
    /// # Errors
    /// When there can be no HTTP client on this machine.
    pub fn new(url: String, algorithm: Algorithm) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            url,
            algorithm,
            client,
            known: RwLock::default(),
            fetching: Arc::default(),
        })
    }

    /// The one algorithm of these keys.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The key of this id. One that is known serves at once, also when it is time to ask for it again:
    /// that happens aside.
    ///
    /// # Errors
    /// [`Denied::Bad`] when the issuer has no such key, [`Denied::Unavailable`] when it cannot be asked.
    pub async fn key(self: &Arc<Self>, kid: &str) -> Result<DecodingKey, Denied> {
        match self.look_up(kid) {
            Found::Answer(answer) => return answer,
            Found::Stale(key) => {
                self.refresh_aside();
                return Ok(key);
            }
            Found::Nothing => {}
        }
        let _turn = self.fetching.lock().await;
        match self.look_up(kid) {
            Found::Answer(answer) => return answer,
            Found::Stale(_) | Found::Nothing => self.refresh().await,
        }
        match self.look_up(kid) {
            Found::Answer(answer) => answer,
            Found::Stale(key) => Ok(key),
            Found::Nothing => Err(Denied::Bad),
        }
    }

    /// Fetches the keys unless somebody does already.
    fn refresh_aside(self: &Arc<Self>) {
        let Ok(turn) = Arc::clone(&self.fetching).try_lock_owned() else {
            return;
        };
        let keys = Arc::clone(self);
        tokio::spawn(async move {
            let _turn = turn;
            // Somebody may have been just done.
            if !keys.serves() {
                keys.refresh().await;
            }
        });
    }

    async fn refresh(&self) {
        let fetched = self.fetch().await;
        if let Err(failure) = &fetched {
            tracing::warn!(%failure, "the issuer's keys could not be fetched; the last ones stay");
        }
        self.keep(fetched);
    }

    /// Whether it is too early to fetch again.
    fn serves(&self) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.is_fresh() || known.tried_lately()
    }

    fn look_up(&self, kid: &str) -> Found {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.keys.get(kid) {
            Some(key) if known.is_fresh() || known.tried_lately() => Found::Answer(Ok(key.clone())),
            Some(key) => Found::Stale(key.clone()),
            None if known.tried_lately() && known.last_try_failed => {
                let failure =
                    Failure::new("check a token", "the issuer's keys could not be fetched");
                Found::Answer(Err(Denied::Unavailable(Error::Overloaded(failure))))
            }
            None if known.tried_lately() => Found::Answer(Err(Denied::Bad)),
            None => Found::Nothing,
        }
    }

    fn keep(&self, fetched: Result<(HashMap<String, DecodingKey>, Duration), Failure>) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.tried_at = Some(Instant::now());
        known.last_try_failed = fetched.is_err();
        if let Ok((keys, lifetime)) = fetched {
            known.keys = keys;
            known.fresh_until = Instant::now().checked_add(lifetime);
        }
    }

    async fn fetch(&self) -> Result<(HashMap<String, DecodingKey>, Duration), Failure> {
        let failure =
            |error: reqwest::Error| Failure::new("fetch the issuer's keys", error.without_url());
        let response = self.client.get(&self.url).send().await.map_err(failure)?;
        let mut response = response.error_for_status().map_err(failure)?;
        let lifetime = lifetime(
            response
                .headers()
                .get(CACHE_CONTROL)
                .and_then(|value| value.to_str().ok()),
        );
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_ANSWER {
                return Err(Failure::new(
                    "fetch the issuer's keys",
                    "the answer is too long",
                ));
            }
        }
        let set: JwkSet = serde_json::from_slice(&body)
            .map_err(|error| Failure::new("read the issuer's keys", error))?;
        Ok((usable(&set, self.algorithm), lifetime))
    }
}

/// Those keys of a set that are named and meant for signatures of this algorithm.
fn usable(set: &JwkSet, algorithm: Algorithm) -> HashMap<String, DecodingKey> {
    set.keys
        .iter()
        .filter_map(|jwk| Some((jwk.common.key_id.clone()?, key_for(jwk, algorithm)?)))
        .collect()
}

fn key_for(jwk: &Jwk, algorithm: Algorithm) -> Option<DecodingKey> {
    let named = jwk.common.key_algorithm.map(|named| named.to_string());
    let meant = named.is_none_or(|named| named == format!("{algorithm:?}"))
        && jwk
            .common
            .public_key_use
            .as_ref()
            .is_none_or(|usage| *usage == PublicKeyUse::Signature);
    let key = DecodingKey::from_jwk(jwk).ok().filter(|_| meant)?;
    (key.family() == algorithm.family() && key.family() != AlgorithmFamily::Hmac).then_some(key)
}

/// How long an answer may be kept, by its `Cache-Control`.
fn lifetime(cache_control: Option<&str>) -> Duration {
    let max_age = cache_control.and_then(|directives| {
        directives
            .split(',')
            .find_map(|directive| directive.trim().strip_prefix("max-age=")?.parse().ok())
    });
    max_age
        .map_or(SHORTEST, Duration::from_secs)
        .clamp(SHORTEST, LONGEST)
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jwks({}, {:?})", self.url, self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn an_old_key_serves_while_a_slow_issuer_is_asked_once() {
        let issuer = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", issuer.local_addr().unwrap());
        let jwks = Arc::new(Jwks::new(url, Algorithm::EdDSA).unwrap());
        let key = DecodingKey::from_ed_der(&[7; 32]);
        let old = HashMap::from([("old".to_owned(), key)]);
        jwks.known.write().unwrap().keys = old;
        for _ in 0..20 {
            let soon = tokio::time::timeout(Duration::from_secs(2), jwks.key("old"));
            assert!(soon.await.unwrap().is_ok());
        }
        // It was asked, once, and has not answered.
        let wait = Duration::from_secs(2);
        let asked = tokio::time::timeout(wait, issuer.accept()).await.unwrap();
        let again = Duration::from_millis(100);
        assert!(tokio::time::timeout(again, issuer.accept()).await.is_err());
        // It hangs up: that is a failed try, and the key still serves.
        drop((asked, issuer));
        let _turn = tokio::time::timeout(wait, jwks.fetching.lock())
            .await
            .unwrap();
        assert!(jwks.serves() && jwks.key("old").await.is_ok());
    }

    #[test]
    fn keys_are_kept_for_five_minutes_to_a_day() {
        assert_eq!(lifetime(None), SHORTEST);
        assert_eq!(lifetime(Some("no-store")), SHORTEST);
        assert_eq!(
            lifetime(Some("public, max-age=3600")),
            Duration::from_hours(1)
        );
        assert_eq!(lifetime(Some("max-age=99999999")), LONGEST);
    }

    #[test]
    fn only_keys_for_signatures_of_the_pinned_algorithm_are_used() {
        let set: JwkSet = serde_json::from_str(
            r#"{"keys":[
                {"kid":"ed","kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
                {"kid":"enc","kty":"OKP","crv":"Ed25519","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
                {"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
                {"kid":"oct","kty":"oct","alg":"HS256","k":"c2VjcmV0"}
            ]}"#,
        )
        .unwrap();
        let names: Vec<_> = usable(&set, Algorithm::EdDSA).into_keys().collect();
        assert_eq!(names, ["ed"]);
        assert!(usable(&set, Algorithm::RS256).is_empty());
    }
}
