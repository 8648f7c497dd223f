//! From words to settings: everything that is wrong is named at once, with its remedy.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};

use super::{
    BadSettings, Environment, LogFormat, Nats, SERVER_KEY_BYTES, Settings,
    faults::Faults,
    issuance::{issuance, long_enough},
    words::{Word, Words},
};
use crate::auth::Origins;

impl Words {
    /// Understands all words.
    ///
    /// # Errors
    /// [`BadSettings`], with everything that is wrong.
    #[expect(
        clippy::too_many_lines,
        reason = "one entry for each setting, in the order of the table"
    )]
    pub fn check(self) -> Result<Settings, BadSettings> {
        let (words, mut faults) = (self.without_empty_ones(), Faults::default());
        let environment = faults.read(
            "ENV",
            words.env,
            Environment::Development,
            |word| match word {
                "development" => Ok(Environment::Development),
                "production" => Ok(Environment::Production),
                _ => Err("give `development` or `production`".to_owned()),
            },
        );
        let production = environment == Environment::Production;
        let data_dir = words
            .data_dir
            .map_or_else(|| PathBuf::from("./data"), |word| PathBuf::from(word.0));
        let url = words.database_url.or(words.database_url_of_all);
        let (issuance, closed) = issuance(
            &mut faults,
            words.jwks_url,
            words.jwt_algorithm,
            words.jwt_secret,
            production,
        );
        let day = 24 * 60 * 60;
        let database_url = database_url(&mut faults, url, &data_dir, production);
        let unprotected = faults.switch("NATS_UNPROTECTED", words.nats_unprotected, false);
        let nats = words.nats_url.map(|word| Nats {
            urls: nats_urls(&mut faults, word, &database_url),
            credentials_file: words.nats_credentials_file.map(|word| word.0.into()),
            ca_file: words.nats_ca_file.map(|word| word.0.into()),
            unprotected,
        });
        let settings = Settings {
            nats,
            listen: faults.read(
                "LISTEN",
                words.listen,
                SocketAddr::from(([127, 0, 0, 1], 8080)),
                listen,
            ),
            metrics_listen: faults.read(
                "METRICS_LISTEN",
                words.metrics_listen,
                None,
                metrics_listen,
            ),
            database_url,
            database_readers: faults.number(
                "DATABASE_READERS",
                words.database_readers,
                8,
                1..=1_000,
            ),
            database_writers: faults.number("DATABASE_WRITERS", words.database_writers, 2, 1..=64),
            write_queue: faults.number("WRITE_QUEUE", words.write_queue, 1_024, 1..=1_000_000),
            event_retention: Duration::from_hours(
                24 * faults.number(
                    "EVENT_RETENTION_DAYS",
                    words.event_retention_days,
                    30,
                    1..=3_650,
                ),
            ),
            issuance,
            jwt_issuer: words
                .jwt_issuer
                .map_or_else(|| "messaging".to_owned(), |word| word.0),
            jwt_audience: words
                .jwt_audience
                .map_or_else(|| "messaging".to_owned(), |word| word.0),
            access_token_lifetime: Duration::from_secs(faults.number(
                "ACCESS_TOKEN_SECONDS",
                words.access_token_seconds,
                900,
                10..=day,
            )),
            refresh_token_lifetime: Duration::from_secs(faults.number(
                "REFRESH_TOKEN_SECONDS",
                words.refresh_token_seconds,
                30 * day,
                60..=365 * day,
            )),
            server_key: faults.read("SERVER_KEY", words.server_key, None, |key| {
                long_enough(key, if production { SERVER_KEY_BYTES } else { 1 }).map(Some)
            }),
            allowed_origins: faults.read("ALLOWED_ORIGINS", words.allowed_origins, None, |list| {
                Origins::parse(list).map(Some)
            }),
            trusted_proxies: faults.number("TRUSTED_PROXIES", words.trusted_proxies, 0, 0..=10),
            max_connections: faults.limit(
                "MAX_CONNECTIONS",
                words.max_connections,
                50_000,
                10_000_000,
            ),
            max_greetings: faults.limit("MAX_GREETINGS", words.max_greetings, 1_000, 1_000_000),
            rate_limits: faults.switch("RATE_LIMITS", words.rate_limits, true),
            websocket: faults.switch("WEBSOCKET", words.websocket, true),
            strict_products: faults.switch("STRICT_PRODUCTS", words.strict_products, false),
            demo: faults.switch("DEMO", words.demo, !production && !closed),
            log: faults.read("LOG", words.log, "info".to_owned(), filter),
            log_format: faults.read("LOG_FORMAT", words.log_format, LogFormat::Auto, log_format),
            otlp_endpoint: faults.read(
                "OTLP_ENDPOINT",
                words.otlp_endpoint.or(words.otlp_endpoint_of_all),
                None,
                otlp_endpoint,
            ),
            environment,
            data_dir,
        };
        if settings.demo && closed {
            faults.add(
                "DEMO",
                "switch it off: with a JWKS URL there are no local accounts to show it with",
            );
        }
        if faults.0.is_empty() {
            Ok(settings)
        } else {
            Err(BadSettings(faults.0))
        }
    }
}

fn nats_urls(faults: &mut Faults, Word(urls): Word, database: &SecretString) -> SecretString {
    let schemes = ["nats://", "tls://"];
    let known = |url: &str| schemes.iter().any(|scheme| url.trim().starts_with(scheme));
    if !urls.split(',').all(known) {
        faults.add(
            "NATS_URL",
            "give `nats://HOST:4222` or `tls://USER:PASSWORD@HOST:4222`",
        );
    }
    if database.expose_secret().starts_with("sqlite://") {
        faults.add(
            "NATS_URL",
            "several nodes need PostgreSQL: set MESSAGING_DATABASE_URL to `postgres://…`, or leave this unset",
        );
    }
    urls.into()
}

fn database_url(
    faults: &mut Faults,
    url: Option<Word>,
    data_dir: &Path,
    production: bool,
) -> SecretString {
    let Some(Word(url)) = url else {
        if production {
            faults.add(
                "DATABASE_URL",
                "production needs one, as in `postgres://messaging:…@db/messaging`",
            );
        }
        return format!("sqlite://{}", data_dir.join("messaging.sqlite3").display()).into();
    };
    if !["sqlite://", "postgres://", "postgresql://"]
        .iter()
        .any(|scheme| url.starts_with(scheme))
    {
        faults.add("DATABASE_URL", "give `sqlite://PATH` or `postgres://…`");
    }
    url.into()
}

fn listen(word: &str) -> Result<SocketAddr, String> {
    let word = word
        .strip_prefix("localhost:")
        .map_or_else(|| word.to_owned(), |port| format!("127.0.0.1:{port}"));
    word.parse().map_err(|_error| {
        "give an address and a port, as in `127.0.0.1:8080` or `[::]:8080`".to_owned()
    })
}

/// A port alone is one of the loopback's: who wants others to see the numbers has to say where.
fn metrics_listen(word: &str) -> Result<Option<SocketAddr>, String> {
    match word.parse() {
        Ok(port) => Ok(Some(SocketAddr::from(([127, 0, 0, 1], port)))),
        Err(_) => listen(word).map(Some),
    }
}

fn otlp_endpoint(word: &str) -> Result<Option<String>, String> {
    let is_url = ["http://", "https://"].iter().any(|scheme| {
        word.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty())
    });
    if is_url && !word.contains('@') {
        Ok(Some(word.trim_end_matches('/').to_owned()))
    } else {
        Err(
            "give a URL without a password, as in `http://127.0.0.1:4318`; what has to be shown \
             there goes into OTEL_EXPORTER_OTLP_HEADERS"
                .to_owned(),
        )
    }
}

fn filter(word: &str) -> Result<String, String> {
    match word.parse::<tracing_subscriber::EnvFilter>() {
        Ok(_) => Ok(word.to_owned()),
        Err(error) => Err(format!(
            "give a filter such as `info` or `info,messaging_api=debug` ({error})"
        )),
    }
}

fn log_format(word: &str) -> Result<LogFormat, String> {
    match word {
        "auto" => Ok(LogFormat::Auto),
        "pretty" => Ok(LogFormat::Pretty),
        "json" => Ok(LogFormat::Json),
        _ => Err("give `auto`, `pretty` or `json`".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Issuance;

    fn names(words: Words) -> Vec<String> {
        match words.check() {
            Ok(_) => vec![],
            Err(BadSettings(faults)) => faults
                .iter()
                .filter_map(|fault| fault.split(':').next())
                .map(str::to_owned)
                .collect(),
        }
    }

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn everything_has_a_safe_default() {
        let settings = Words::default().check().unwrap();
        assert_eq!(settings.listen.to_string(), "127.0.0.1:8080");
        assert!(
            settings.rate_limits
                && settings.websocket
                && settings.demo
                && !settings.strict_products
        );
        assert!(matches!(settings.issuance, Issuance::KeptSecret));
    }

    #[test]
    fn production_needs_its_own_secret_and_database() {
        let production = Words {
            env: Some("production".into()),
            ..Words::default()
        };
        assert_eq!(
            names(production.clone()),
            ["MESSAGING_JWT_SECRET", "MESSAGING_DATABASE_URL"]
        );
        let complete = Words {
            jwt_secret: Some(SECRET.into()),
            database_url_of_all: Some("postgres://db/messaging".into()),
            ..production
        };
        assert!(!complete.check().unwrap().demo);
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let words = Words {
            env: Some("staging".into()),
            listen: Some("8080".into()),
            database_url: Some("sqlite:x.db".into()),
            database_readers: Some("0".into()),
            metrics_listen: Some("somewhere".into()),
            allowed_origins: Some("*".into()),
            rate_limits: Some("maybe".into()),
            log: Some("a=b=c".into()),
            log_format: Some("xml".into()),
            nats_url: Some("localhost:4222".into()),
            otlp_endpoint: Some("collector:4317".into()),
            ..Words::default()
        };
        let mut found = names(words);
        found.sort();
        let expected = [
            "MESSAGING_ALLOWED_ORIGINS",
            "MESSAGING_DATABASE_READERS",
            "MESSAGING_DATABASE_URL",
            "MESSAGING_ENV",
            "MESSAGING_LISTEN",
            "MESSAGING_LOG",
            "MESSAGING_LOG_FORMAT",
            "MESSAGING_METRICS_LISTEN",
            "MESSAGING_NATS_URL",
            "MESSAGING_OTLP_ENDPOINT",
            "MESSAGING_RATE_LIMITS",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_secret_that_can_be_guessed_is_refused_in_production_and_warned_of_elsewhere() {
        let guessable = |env: &str| Words {
            env: Some(env.into()),
            database_url: Some("postgres://db/messaging".into()),
            jwt_secret: Some("short".into()),
            server_key: Some("short".into()),
            ..Words::default()
        };
        assert_eq!(
            names(guessable("production")),
            ["MESSAGING_JWT_SECRET", "MESSAGING_SERVER_KEY"]
        );
        let settings = guessable("development").check().unwrap();
        assert_eq!(settings.warnings().len(), 2);
        assert!(Words::default().check().unwrap().warnings().is_empty());
    }

    #[test]
    fn several_nodes_need_postgresql() {
        let nodes = |database: &str| {
            names(Words {
                database_url: Some(database.into()),
                nats_url: Some("nats://127.0.0.1:4222,tls://other:4222".into()),
                ..Words::default()
            })
        };
        assert_eq!(nodes("sqlite://m.db"), ["MESSAGING_NATS_URL"]);
        assert!(nodes("postgres://db/messaging").is_empty());
    }

    #[test]
    fn an_outside_issuer_is_named_with_its_algorithm_and_over_https() {
        let jwks = |url: &str, algorithm: Option<&str>| {
            names(Words {
                jwks_url: Some(url.into()),
                jwt_algorithm: algorithm.map(Word::from),
                ..Words::default()
            })
        };
        assert!(jwks("https://id.example/jwks.json", Some("ES256")).is_empty());
        assert!(jwks("http://127.0.0.1:9/jwks.json", Some("EdDSA")).is_empty());
        assert_eq!(
            jwks("http://id.example/jwks.json", Some("RS256")),
            ["MESSAGING_JWKS_URL"]
        );
        assert_eq!(
            jwks("https://id.example/jwks.json", Some("HS256")),
            ["MESSAGING_JWT_ALGORITHM"]
        );
        assert_eq!(
            jwks("https://id.example/jwks.json", None),
            ["MESSAGING_JWT_ALGORITHM"]
        );
        assert_eq!(
            names(Words {
                jwt_algorithm: Some("RS256".into()),
                ..Words::default()
            }),
            ["MESSAGING_JWT_ALGORITHM"]
        );
    }

    #[test]
    fn metrics_stay_on_the_machine_unless_an_address_is_named() {
        for (word, expected) in [
            ("9090", Some("127.0.0.1:9090")),
            ("0", Some("127.0.0.1:0")),
            ("10.0.0.5:9090", Some("10.0.0.5:9090")),
            ("", None),
        ] {
            let words = Words {
                metrics_listen: Some(word.into()),
                ..Words::default()
            };
            let found = words.check().unwrap().metrics_listen;
            assert_eq!(found.map(|at| at.to_string()).as_deref(), expected);
        }
    }

    #[test]
    fn switches_are_on_and_off_or_true_and_false() {
        for (word, on) in [
            ("on", true),
            ("TRUE", true),
            ("off", false),
            ("false", false),
            ("", true),
            ("  ", true),
        ] {
            let settings = Words {
                websocket: Some(word.into()),
                ..Words::default()
            }
            .check()
            .unwrap();
            assert_eq!(settings.websocket, on, "{word:?}");
        }
    }
}
