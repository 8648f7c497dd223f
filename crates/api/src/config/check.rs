//! From words to settings: everything that is wrong is named at once, with its remedy.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    num::NonZero,
    path::{Path, PathBuf},
    thread,
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
                one_more_than_cores(),
                1..=1_000,
            ),
            database_writers: faults.number("DATABASE_WRITERS", words.database_writers, 1, 1..=64),
            writer_cores: faults.read("WRITER_CORES", words.writer_cores, None, |list| {
                writer_cores(list).map(Some)
            }),
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

/// Which of them there are is seen where they are used.
fn writer_cores(list: &str) -> Result<BTreeSet<usize>, String> {
    let numbers = list.split(',').map(|number| number.trim().parse());
    numbers
        .collect::<Result<_, _>>()
        .map_err(|error| format!("give the numbers of cores, such as `0` or `0,1`: {error}"))
}

/// Reading connections, where nobody names a number: with many more of them than cores the slowest pages take longer
/// (`docs/performance.md`).
fn one_more_than_cores() -> u32 {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    u32::try_from(cores).map_or(32, |cores| cores.saturating_add(1).clamp(3, 32))
}

#[cfg(test)]
mod tests;
