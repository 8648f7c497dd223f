//! The settings as somebody wrote them, in the environment or in a file.

use std::{fmt, path::PathBuf};

use confique::Config;
use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use super::BadSettings;

/// A setting's value as it was written: everything is a word, which [`Words::check`] understands.
#[derive(Clone, PartialEq, Eq)]
pub struct Word(pub(super) String);

impl Word {
    fn trimmed(self) -> Option<Self> {
        let word = self.0.trim();
        (!word.is_empty()).then(|| Self(word.to_owned()))
    }
}

impl From<&str> for Word {
    fn from(word: &str) -> Self {
        Self(word.to_owned())
    }
}

impl From<String> for Word {
    fn from(word: String) -> Self {
        Self(word)
    }
}

impl fmt::Debug for Word {
    /// Says nothing: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl<'de> Deserialize<'de> for Word {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyWord;

        impl Visitor<'_> for AnyWord {
            type Value = Word;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number or a boolean")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Word, E> {
                Ok(word.into())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Word, E> {
                Ok(number.to_string().into())
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Word, E> {
                Ok(number.to_string().into())
            }

            fn visit_bool<E: Error>(self, switch: bool) -> Result<Word, E> {
                Ok(switch.to_string().into())
            }
        }

        deserializer.deserialize_any(AnyWord)
    }
}

macro_rules! words {
    ($($name:literal $field:ident,)*) => {
        /// The settings as somebody wrote them. [`super::Settings`] says what each means.
        #[derive(Debug, Clone, Default, Config)]
        #[config(layer_attr(serde(deny_unknown_fields)))]
        pub struct Words {
            $(
                #[doc = concat!("`", $name, "`")]
                #[config(env = $name)]
                pub $field: Option<Word>,
            )*
        }

        impl Words {
            /// The same words without white space around them; an empty one is none.
            pub(super) fn without_empty_ones(self) -> Self {
                Self { $($field: self.$field.and_then(Word::trimmed),)* }
            }
        }
    };
}

words! {
    "MESSAGING_ENV" env,
    "MESSAGING_LISTEN" listen,
    "MESSAGING_DATA_DIR" data_dir,
    "MESSAGING_DATABASE_URL" database_url,
    "DATABASE_URL" database_url_of_all,
    "MESSAGING_DATABASE_READERS" database_readers,
    "MESSAGING_DATABASE_WRITERS" database_writers,
    "MESSAGING_WRITER_CORES" writer_cores,
    "MESSAGING_WRITE_QUEUE" write_queue,
    "MESSAGING_EVENT_RETENTION_DAYS" event_retention_days,
    "MESSAGING_JWT_SECRET" jwt_secret,
    "MESSAGING_JWT_ISSUER" jwt_issuer,
    "MESSAGING_JWT_AUDIENCE" jwt_audience,
    "MESSAGING_JWKS_URL" jwks_url,
    "MESSAGING_JWT_ALGORITHM" jwt_algorithm,
    "MESSAGING_ACCESS_TOKEN_SECONDS" access_token_seconds,
    "MESSAGING_REFRESH_TOKEN_SECONDS" refresh_token_seconds,
    "MESSAGING_SERVER_KEY" server_key,
    "MESSAGING_ALLOWED_ORIGINS" allowed_origins,
    "MESSAGING_TRUSTED_PROXIES" trusted_proxies,
    "MESSAGING_MAX_CONNECTIONS" max_connections,
    "MESSAGING_MAX_GREETINGS" max_greetings,
    "MESSAGING_RATE_LIMITS" rate_limits,
    "MESSAGING_WEBSOCKET" websocket,
    "MESSAGING_STRICT_PRODUCTS" strict_products,
    "MESSAGING_DEMO" demo,
    "MESSAGING_LOG" log,
    "MESSAGING_LOG_FORMAT" log_format,
    "MESSAGING_METRICS_LISTEN" metrics_listen,
    "MESSAGING_OTLP_ENDPOINT" otlp_endpoint,
    "OTEL_EXPORTER_OTLP_ENDPOINT" otlp_endpoint_of_all,
    "MESSAGING_NATS_URL" nats_url,
    "MESSAGING_NATS_CREDENTIALS_FILE" nats_credentials_file,
    "MESSAGING_NATS_CA_FILE" nats_ca_file,
    "MESSAGING_NATS_UNPROTECTED" nats_unprotected,
}

impl Words {
    /// Reads the environment and then a file: the given one, or that of `MESSAGING_CONFIG`.
    pub(super) fn load(file: Option<PathBuf>) -> Result<Self, BadSettings> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where the environment is read"
        )]
        let named = std::env::var_os("MESSAGING_CONFIG").filter(|name| !name.is_empty());
        let Some(file) = file.or_else(|| named.map(PathBuf::from)) else {
            return Self::builder()
                .env()
                .load()
                .map_err(|error| unreadable(&error));
        };
        // A file that was named and is not there would otherwise be passed over in silence.
        if !file.is_file() {
            return Err(BadSettings(vec![format!(
                "there is no settings file {}",
                file.display()
            )]));
        }
        Self::builder()
            .env()
            .file(file)
            .load()
            .map_err(|error| unreadable(&error))
    }

    /// Every name in the environment.
    #[cfg(test)]
    pub(super) fn names() -> Vec<&'static str> {
        use confique::meta::FieldKind;

        let env = |kind: &FieldKind| match kind {
            FieldKind::Leaf { env, .. } => *env,
            FieldKind::Nested { .. } => None,
        };
        Self::META
            .fields
            .iter()
            .filter_map(|field| env(&field.kind))
            .collect()
    }
}

fn unreadable(error: &confique::Error) -> BadSettings {
    BadSettings(vec![error.to_string()])
}
