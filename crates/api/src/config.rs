//! The settings: the one reader of the environment and of a settings file.
//!
//! Each has a name in the environment; in a TOML file (`--config FILE` or `MESSAGING_CONFIG`) the
//! same name in lower case without `messaging_`. The environment comes first. An empty value is none.
//! Switches are `on` or `off` (`true` and `false` serve too).
//!
//! | name | meaning | unit | default |
//! | --- | --- | --- | --- |
//! | `MESSAGING_ENV` | `development`, or `production`, which refuses to start without a secret and a database URL of its own | | `development` |
//! | `MESSAGING_LISTEN` | where to listen | address and port | `127.0.0.1:8080` |
//! | `MESSAGING_DATA_DIR` | the embedded database and made secrets | path | `./data` |
//! | `MESSAGING_DATABASE_URL`, `DATABASE_URL` | `sqlite://PATH` or `postgres://…` | URL | a SQLite file in the data directory |
//! | `MESSAGING_DATABASE_READERS` | reading connections | 1 to 1,000 | one more than cores; 3 to 32 |
//! | `MESSAGING_DATABASE_WRITERS` | writing connections to PostgreSQL; SQLite has one | 1 to 64 | `1` |
//! | `MESSAGING_WRITER_CORES` | cores for those who write, who then have them alone: where PostgreSQL is on the same machine, the ones that it is bound to (`docs/operations.md`) | numbers, from 0, comma-separated; Linux | unset: wherever the kernel puts them |
//! | `MESSAGING_WRITE_QUEUE` | acts that may wait for the writer; one more is `overloaded` | 1 to 1,000,000 | `1024` |
//! | `MESSAGING_EVENT_RETENTION_DAYS` | how long events can be resumed from | days, 1 to 3,650 | `30` |
//! | `MESSAGING_JWT_SECRET` | signs access tokens (HS256) | 32 bytes or more; in development a shorter one is only warned of | made at first start and kept in the data directory |
//! | `MESSAGING_JWT_ISSUER`, `MESSAGING_JWT_AUDIENCE` | `iss` and `aud` of access tokens | | `messaging` |
//! | `MESSAGING_JWKS_URL` | keys of an outside issuer, who then makes all tokens; local accounts are closed | `https` URL | none |
//! | `MESSAGING_JWT_ALGORITHM` | the one algorithm of access tokens: `HS256`, or with a JWKS URL `RS256`, `ES256`, `EdDSA` | | `HS256`; with a JWKS URL none |
//! | `MESSAGING_ACCESS_TOKEN_SECONDS` | how long an access token is good for | seconds, 10 to 86,400 | `900` |
//! | `MESSAGING_REFRESH_TOKEN_SECONDS` | how long a refresh token is good for | seconds, 60 to 31,536,000 | `2592000` (30 days) |
//! | `MESSAGING_SERVER_KEY` | key of the server-side calls | 16 bytes or more; in development a shorter one is only warned of | none: they are closed |
//! | `MESSAGING_ALLOWED_ORIGINS` | origins, for CORS and the WebSocket alike | comma-separated | the service's own |
//! | `MESSAGING_TRUSTED_PROXIES` | how many proxies of one's own stand in front and add to `X-Forwarded-For` | 0 to 10 | `0` |
//! | `MESSAGING_MAX_CONNECTIONS` | connections of any kind; one more is told to come back (503), and the probes still answer it. Never more than open files allow; 0: no limit at all | 0 to 10,000,000 | `50000` |
//! | `MESSAGING_MAX_GREETINGS` | sockets of one address that have not said `hello` yet; one more is refused (429). 0, and without rate limits: no limit | 0 to 1,000,000 | `1000` |
//! | `MESSAGING_RATE_LIMITS` | whether limits are enforced | switch | `on` |
//! | `MESSAGING_WEBSOCKET` | whether the WebSocket is open; if not, clients poll `/sync` | switch | `on` |
//! | `MESSAGING_STRICT_PRODUCTS` | whether only products that the marketplace has described may be talked about | switch | `off` |
//! | `MESSAGING_DEMO` | seeds the demo marketplace into an empty database and shows it at `/` | switch | `on` outside production |
//! | `MESSAGING_LOG` | what is logged, as a filter such as `info,messaging_api=debug` | | `info` |
//! | `MESSAGING_LOG_FORMAT` | `pretty`, `json`, or `auto`: pretty on a terminal | | `auto` |
//! | `MESSAGING_METRICS_LISTEN` | where `GET /metrics` is served, for Prometheus; keep it private | address and port, or a port alone, which is this machine's own | unset: nowhere |
//! | `MESSAGING_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_ENDPOINT` | where traces are sent, by OTLP over HTTP (`/v1/traces` is added) | `http` or `https` URL | unset: nowhere |
//! | `MESSAGING_NATS_URL` | joins nodes on one PostgreSQL through NATS: `nats://HOST:4222`, or `tls://USER:PASSWORD@HOST:4222` | URLs, comma-separated | unset: one node |
//! | `MESSAGING_NATS_CREDENTIALS_FILE` | a NATS user's JWT and seed, instead of a user in the URL | path | none |
//! | `MESSAGING_NATS_CA_FILE` | who may vouch for the NATS servers, besides the system's authorities | path of a PEM file | none |
//! | `MESSAGING_NATS_UNPROTECTED` | whether NATS may be reached without TLS or credentials when it is not on this machine | switch | `off` |

mod check;
mod faults;
mod issuance;
mod secret;
pub mod words;

use std::{
    collections::BTreeSet, fmt, fmt::Write as _, net::SocketAddr, path::PathBuf, time::Duration,
};

use jsonwebtoken::Algorithm;
use secrecy::{ExposeSecret as _, SecretString};

pub use secret::kept_secret;
pub use words::Words;

use crate::auth::Origins;

/// The shortest secret for signing that cannot be guessed: as long as the hash (RFC 7518 §3.2).
const SECRET_BYTES: usize = 32;

/// The shortest server key that cannot be guessed.
const SERVER_KEY_BYTES: usize = 16;

/// All settings, checked.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own in the table above"
)]
pub struct Settings {
    /// Whether people depend on this.
    pub environment: Environment,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where metrics are served, if anywhere.
    pub metrics_listen: Option<SocketAddr>,
    /// How to reach the other nodes, if there are any.
    pub nats: Option<Nats>,
    /// The embedded database and made secrets.
    pub data_dir: PathBuf,
    /// Which database; it may hold a password.
    pub database_url: SecretString,
    /// Reading connections.
    pub database_readers: u32,
    /// Writing connections to PostgreSQL.
    pub database_writers: u32,
    /// Where those who write run, if not wherever the kernel puts them.
    pub writer_cores: Option<BTreeSet<usize>>,
    /// Acts that may wait for the writer.
    pub write_queue: usize,
    /// How long events can be resumed from.
    pub event_retention: Duration,
    /// Who makes access tokens.
    pub issuance: Issuance,
    /// `iss` of access tokens.
    pub jwt_issuer: String,
    /// `aud` of access tokens.
    pub jwt_audience: String,
    /// How long an access token is good for.
    pub access_token_lifetime: Duration,
    /// How long a refresh token is good for.
    pub refresh_token_lifetime: Duration,
    /// Key of the server-side calls.
    pub server_key: Option<SecretString>,
    /// Origins, if others than the service's own.
    pub allowed_origins: Option<Origins>,
    /// How many proxies in front are one's own.
    pub trusted_proxies: usize,
    /// Connections that there may be, if not any number.
    pub max_connections: Option<usize>,
    /// Sockets of one address that have not said hello, if not any number.
    pub max_greetings: Option<usize>,
    /// Whether limits are enforced.
    pub rate_limits: bool,
    /// Whether the WebSocket is open.
    pub websocket: bool,
    /// Whether only described products may be talked about.
    pub strict_products: bool,
    /// Whether the demo marketplace is seeded and shown.
    pub demo: bool,
    /// What is logged.
    pub log: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// Where traces are sent, if anywhere.
    pub otlp_endpoint: Option<String>,
}

/// Whether people depend on this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// For trying things: missing secrets are made.
    Development,
    /// For people: nothing is made up.
    Production,
}

/// Who makes access tokens.
#[derive(Debug, Clone)]
pub enum Issuance {
    /// The service, with this secret.
    Secret(SecretString),
    /// The service, with the secret kept in the data directory.
    KeptSecret,
    /// An outside issuer.
    Outside {
        /// Where its keys are.
        jwks_url: String,
        /// Their one algorithm.
        algorithm: Algorithm,
    },
}

/// How to reach other nodes.
#[derive(Debug, Clone)]
pub struct Nats {
    /// The servers' URLs, comma-separated; they may hold a password.
    pub urls: SecretString,
    /// A user's JWT and seed.
    pub credentials_file: Option<PathBuf>,
    /// Who may vouch for the servers.
    pub ca_file: Option<PathBuf>,
    /// Whether TLS and credentials may be missing although others could listen in.
    pub unprotected: bool,
}

/// How lines are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Pretty on a terminal, JSON elsewhere.
    Auto,
    /// For people.
    Pretty,
    /// For programs.
    Json,
}

/// Everything that is wrong with the settings, each with its remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadSettings(pub Vec<String>);

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings are not acceptable:")?;
        self.0
            .iter()
            .try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for BadSettings {}

impl Settings {
    /// Reads the environment and, if there is one, a settings file, and checks all of it.
    ///
    /// # Errors
    /// [`BadSettings`], with everything that is wrong.
    pub fn load(file: Option<PathBuf>) -> Result<Self, BadSettings> {
        Words::load(file)?.check()
    }

    /// What should be different although it is acceptable here, each with its remedy.
    pub fn warnings(&self) -> Vec<&'static str> {
        let mut warnings = Vec::new();
        if self.nats.is_some() && matches!(self.issuance, Issuance::KeptSecret) {
            warnings.push(
                "nodes that do not share a data directory make tokens that the others refuse: set one \
                 MESSAGING_JWT_SECRET for all",
            );
        }
        let short = |secret: &SecretString, least| secret.expose_secret().len() < least;
        if let Issuance::Secret(secret) = &self.issuance
            && short(secret, SECRET_BYTES)
        {
            warnings.push("MESSAGING_JWT_SECRET can be guessed: give 32 bytes or more");
        }
        if self
            .server_key
            .as_ref()
            .is_some_and(|key| short(key, SERVER_KEY_BYTES))
        {
            warnings.push("MESSAGING_SERVER_KEY can be guessed: give 16 bytes or more");
        }
        warnings
    }

    /// The effective settings, one a line, with secrets hidden: `messaging config`.
    pub fn describe(&self) -> String {
        let switch = |on: bool| if on { "on" } else { "off" }.to_owned();
        let number = |most: Option<usize>| most.unwrap_or(0).to_string();
        let (secret, jwks_url, algorithm) = match &self.issuance {
            Issuance::Secret(_) => ("(hidden)", "", Algorithm::HS256),
            Issuance::KeptSecret => ("(kept in the data directory)", "", Algorithm::HS256),
            Issuance::Outside {
                jwks_url,
                algorithm,
            } => ("", jwks_url.as_str(), *algorithm),
        };
        let origins = self.allowed_origins.as_ref().map_or_else(
            || "(the service's own)".to_owned(),
            |origins| origins.iter().collect::<Vec<_>>().join(","),
        );
        let nats =
            |word: &dyn Fn(&Nats) -> String| self.nats.as_ref().map_or_else(String::new, word);
        let path = |path: Option<&PathBuf>| {
            path.map_or_else(String::new, |path| path.display().to_string())
        };
        let rows = [
            ("ENV", format!("{:?}", self.environment).to_lowercase()),
            ("LISTEN", self.listen.to_string()),
            (
                "METRICS_LISTEN",
                self.metrics_listen
                    .map_or_else(String::new, |address| address.to_string()),
            ),
            (
                "NATS_URL",
                nats(&|nats| without_passwords(nats.urls.expose_secret())),
            ),
            (
                "NATS_CREDENTIALS_FILE",
                nats(&|nats| path(nats.credentials_file.as_ref())),
            ),
            ("NATS_CA_FILE", nats(&|nats| path(nats.ca_file.as_ref()))),
            ("NATS_UNPROTECTED", nats(&|nats| switch(nats.unprotected))),
            ("DATA_DIR", self.data_dir.display().to_string()),
            (
                "DATABASE_URL",
                without_password(self.database_url.expose_secret()),
            ),
            ("DATABASE_READERS", self.database_readers.to_string()),
            ("DATABASE_WRITERS", self.database_writers.to_string()),
            (
                "WRITER_CORES",
                self.writer_cores
                    .iter()
                    .flatten()
                    .map(usize::to_string)
                    .collect::<Vec<_>>()
                    .join(","),
            ),
            ("WRITE_QUEUE", self.write_queue.to_string()),
            (
                "EVENT_RETENTION_DAYS",
                (self.event_retention.as_secs() / 86_400).to_string(),
            ),
            ("JWT_SECRET", secret.to_owned()),
            ("JWT_ISSUER", self.jwt_issuer.clone()),
            ("JWT_AUDIENCE", self.jwt_audience.clone()),
            ("JWKS_URL", jwks_url.to_owned()),
            ("JWT_ALGORITHM", format!("{algorithm:?}")),
            (
                "ACCESS_TOKEN_SECONDS",
                self.access_token_lifetime.as_secs().to_string(),
            ),
            (
                "REFRESH_TOKEN_SECONDS",
                self.refresh_token_lifetime.as_secs().to_string(),
            ),
            (
                "SERVER_KEY",
                self.server_key
                    .as_ref()
                    .map_or("", |_| "(hidden)")
                    .to_owned(),
            ),
            ("ALLOWED_ORIGINS", origins),
            ("TRUSTED_PROXIES", self.trusted_proxies.to_string()),
            ("MAX_CONNECTIONS", number(self.max_connections)),
            ("MAX_GREETINGS", number(self.max_greetings)),
            ("RATE_LIMITS", switch(self.rate_limits)),
            ("WEBSOCKET", switch(self.websocket)),
            ("STRICT_PRODUCTS", switch(self.strict_products)),
            ("DEMO", switch(self.demo)),
            (
                "OTLP_ENDPOINT",
                self.otlp_endpoint.clone().unwrap_or_default(),
            ),
            ("LOG", self.log.clone()),
            (
                "LOG_FORMAT",
                format!("{:?}", self.log_format).to_lowercase(),
            ),
        ];
        rows.iter().fold(String::new(), |mut lines, (name, value)| {
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "MESSAGING_{name}={value}");
            lines
        })
    }
}

/// The URLs of NATS servers without user and password, or token.
fn without_passwords(urls: &str) -> String {
    let shown = urls.split(',').map(|url| {
        match url
            .trim()
            .split_once("://")
            .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)))
        {
            Some((scheme, (_, place))) => format!("{scheme}://(hidden)@{place}"),
            None => url.trim().to_owned(),
        }
    });
    shown.collect::<Vec<_>>().join(",")
}

/// A database's URL without the password, and without parameters, which may hold one too.
fn without_password(url: &str) -> String {
    let scheme = url.split(':').next().unwrap_or_default();
    let (url, parameters) = url.split_once('?').unwrap_or((url, ""));
    if parameters.contains('@') {
        // Either may be a part of a password: nobody can say where that ends.
        return format!("{scheme}://(hidden)");
    }
    let parts = url
        .split_once("://")
        .and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?)));
    match parts {
        Some((scheme, (person, place))) => {
            let name = person.split(':').next().unwrap_or_default();
            format!("{scheme}://{name}:(hidden)@{place}")
        }
        None => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_holds_no_secret() {
        let settings = Words {
            database_url: Some("postgres://ann:s3cret-1@db/messaging?password=s3cret-2".into()),
            jwt_secret: Some("s3cret-3-s3cret-3-s3cret-3-s3cret-3".into()),
            server_key: Some("s3cret-4-s3cret-4".into()),
            nats_url: Some("tls://s3cret-5@a, tls://ann:s3cret-6@b:4222".into()),
            ..Words::default()
        };
        let settings = settings.check().unwrap();
        let shown = format!("{}{settings:?}", settings.describe());
        assert!(!shown.contains("s3cret"), "{shown}");
        assert!(
            shown.contains("postgres://ann:(hidden)@db/messaging"),
            "{shown}"
        );
        assert!(shown.contains("tls://(hidden)@a,tls://(hidden)@b:4222"));
    }

    #[test]
    fn no_password_shows_its_tail() {
        for (url, shown) in [
            (
                "postgres://ann:s3c@ret@db/m",
                "postgres://ann:(hidden)@db/m",
            ),
            ("postgres://ann:s3c?ret@db/m", "postgres://(hidden)"),
            ("postgres://ann:s3c@r?et@db/m?a=b", "postgres://(hidden)"),
            (
                "postgres://ann:s3c@db/m?password=re@t",
                "postgres://(hidden)",
            ),
            ("postgres://db/m?password=s3cret", "postgres://db/m"),
            ("postgres://[::1]:5432/m", "postgres://[::1]:5432/m"),
            ("sqlite://data/m.db?mode=rw", "sqlite://data/m.db"),
            ("sqlite:m.db", "sqlite:m.db"),
        ] {
            assert_eq!(without_password(url), shown, "{url}");
        }
    }

    #[test]
    fn every_setting_is_in_the_table_and_is_printed() {
        let table = include_str!("config.rs")
            .split("mod check;")
            .next()
            .unwrap_or_default();
        let shown = Words::default().check().unwrap().describe();
        for name in Words::names() {
            assert!(
                table.contains(&format!("`{name}`")),
                "{name} is missing from the table in config.rs"
            );
            assert!(
                !name.starts_with("MESSAGING_") || shown.contains(&format!("{name}=")),
                "{name} is not printed"
            );
        }
    }
}
