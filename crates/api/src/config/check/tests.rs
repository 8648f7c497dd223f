//! Settings that are good, and what is said of those that are not.

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
    assert!((3..=32).contains(&settings.database_readers));
    assert!(
        settings.rate_limits && settings.websocket && settings.demo && !settings.strict_products
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
        writer_cores: Some("one".into()),
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
        "MESSAGING_WRITER_CORES",
    ];
    assert_eq!(found, expected);
}

#[test]
fn cores_are_numbers_and_are_printed_as_they_are_read() {
    let words = Words {
        writer_cores: Some(" 2, 0,2".into()),
        ..Words::default()
    };
    let shown = words.check().unwrap().describe();
    assert!(shown.contains("MESSAGING_WRITER_CORES=0,2\n"), "{shown}");
    for wrong in ["a", "0,", "-1", "0-3"] {
        assert!(writer_cores(wrong).is_err(), "{wrong}");
    }
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
