//! What those who watch the service are told: every number moves with what it counts, and none tells
//! of anybody.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::json;

use crate::{
    app::{SERVER_KEY, TestApp, message, uuid},
    ws::socket::{SOON, Socket},
};

/// The numbers of one moment, by series: `name{label="value"}`.
#[derive(Debug)]
pub(crate) struct Metrics {
    pub(crate) text: String,
    series: BTreeMap<String, f64>,
}

impl Metrics {
    pub(crate) fn parse(text: String) -> Self {
        let series = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').unwrap();
                (series.to_owned(), value.parse().unwrap())
            })
            .collect();
        Self { text, series }
    }

    /// The value of a series; zero when there is none yet.
    pub(crate) fn value(&self, series: &str) -> f64 {
        self.series.get(series).copied().unwrap_or(0.0)
    }
}

/// The numbers, once this one has this value.
pub(crate) async fn until(app: &TestApp, series: &str, value: f64) -> Metrics {
    let deadline = Instant::now() + SOON;
    loop {
        let metrics = app.metrics().await;
        if (metrics.value(series) - value).abs() < 0.5 {
            return metrics;
        }
        assert!(Instant::now() < deadline, "{series}: {}", metrics.text);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn watched() -> TestApp {
    TestApp::start_with(|words| words.metrics_listen = Some("0".into())).await
}

#[actix_web::test]
async fn every_number_moves_with_what_it_counts() {
    let app = watched().await;
    let before = app.metrics().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    app.send(&bob, &conversation, "hello").await;
    let (mut socket, welcome) = Socket::with_welcome(&app, &ann).await;
    socket.send(&conversation, "hello yourself").await;
    socket
        .refusal(
            "conversation.read",
            json!({ "conversationId": uuid(), "seq": 1 }),
        )
        .await;
    let since = json!({ "epoch": welcome["epoch"], "position": 1 });
    let (resumed, ..) = Socket::resume(&app, &ann, &since).await;
    let elsewhere = json!({ "epoch": uuid(), "position": 1 });
    let (afresh, ..) = Socket::resume(&app, &ann, &elsewhere).await;
    let mut stranger = Socket::open(&app).await;
    stranger
        .tell("hello", json!({ "token": "not one", "id": 1 }))
        .await;
    assert_eq!(stranger.closed().await.code, 4_010);
    app.get(&ann, "/api/messages/unread").await.expect(200);
    app.get(&ann, "/api/messages/unread").await.expect(200);
    app.get(&ann, &format!("/api/messages/conversations/{}", uuid()))
        .await
        .expect(404);
    // The stranger's end takes a moment.
    let after = until(&app, "messaging_ws_sessions", 3.0).await;
    for (series, rise) in [
        ("messaging_ws_sessions", 3.0),
        ("messaging_ws_users_online", 1.0),
        ("messaging_ws_sessions_opened_total", 4.0),
        ("messaging_ws_hellos_total{outcome=\"new\"}", 1.0),
        ("messaging_ws_hellos_total{outcome=\"resumed\"}", 1.0),
        ("messaging_ws_hellos_total{outcome=\"epoch\"}", 1.0),
        ("messaging_ws_hellos_total{outcome=\"bad_token\"}", 1.0),
        ("messaging_ws_events_replayed_total", 2.0),
        ("messaging_ws_closes_total{code=\"4010\"}", 1.0),
        (
            "messaging_ws_op_duration_seconds_count{op=\"message.send\",status=\"2xx\"}",
            1.0,
        ),
        (
            "messaging_ws_op_duration_seconds_count{op=\"conversation.read\",status=\"4xx\"}",
            1.0,
        ),
        (
            "messaging_http_request_duration_seconds_count{method=\"GET\",route=\"/api/messages/unread\",status=\"2xx\"}",
            2.0,
        ),
        (
            "messaging_http_request_duration_seconds_count{method=\"GET\",route=\"/api/messages/conversations/{id}\",status=\"4xx\"}",
            1.0,
        ),
        (
            "messaging_http_request_duration_seconds_count{method=\"GET\",route=\"/api/messages/ws\",status=\"1xx\"}",
            4.0,
        ),
    ] {
        let risen = after.value(series) - before.value(series);
        assert!(
            (risen - rise).abs() < 0.5,
            "{series}: {risen}, not {rise}\n{}",
            after.text
        );
    }
    for series in [
        "messaging_ws_frames_sent_total",
        "messaging_writer_batch_acts_count",
        "messaging_writer_commit_seconds_count",
        "messaging_writer_transactions_total{outcome=\"committed\"}",
        "messaging_readers_wait_seconds_count",
        "messaging_cache_lookups_total{cache=\"users\",outcome=\"hit\"}",
        "messaging_cache_lookups_total{cache=\"users\",outcome=\"miss\"}",
        "messaging_cache_lookups_total{cache=\"participants\",outcome=\"hit\"}",
        "messaging_cache_lookups_total{cache=\"participants\",outcome=\"miss\"}",
    ] {
        assert!(
            after.value(series) > before.value(series),
            "{series}\n{}",
            after.text
        );
    }
    for series in [
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
        "messaging_build_info{version=\"0.1.0\"}",
        "messaging_writer_queue_limit_acts",
        "messaging_readers_open",
    ] {
        assert!(after.value(series) >= 1.0, "{series}\n{}", after.text);
    }
    drop((socket, resumed, afresh));
}

#[actix_web::test]
async fn what_is_refused_is_counted_by_its_reason() {
    let app = TestApp::start_with(|words| {
        words.metrics_listen = Some("0".into());
        words.rate_limits = Some("on".into());
        words.write_queue = Some("4".into());
    })
    .await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    // More at once than a person may send, and more than may wait for the writer.
    let statuses = join_all((0..400).map(async |number: u32| {
        let body = message(&conversation, &number.to_string());
        app.post(&ann, "/api/messages/send", &body).await.status
    }))
    .await;
    let count = |wanted| statuses.iter().filter(|status| **status == wanted).count();
    let (overloaded, limited) = (count(503), count(429));
    assert!(
        overloaded > 0 && limited > 0,
        "{overloaded} and {limited} of {statuses:?}"
    );
    let metrics = app.metrics().await;
    for (series, value) in [
        (
            "messaging_writer_refused_total{reason=\"full\"}",
            overloaded,
        ),
        (
            "messaging_rate_limit_refusals_total{limit=\"sends\"}",
            limited,
        ),
        ("messaging_writer_queue_limit_acts", 4),
    ] {
        let value = f64::from(u32::try_from(value).unwrap());
        assert!(
            (metrics.value(series) - value).abs() < 0.5,
            "{series}: not {value}\n{}",
            metrics.text
        );
    }
}

#[actix_web::test]
async fn accounts_are_counted_and_nobody_is_named() {
    let app = watched().await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let secret_words = format!("canary {}", uuid());
    app.send(&ann, &conversation, &secret_words).await;
    let account = json!({
        "email": "canary@example.org",
        "password": "a canary sings in the pit",
        "displayName": "Canary Bird",
    });
    let register = app.request("POST", "/api/auth/register").json(&account);
    let session = app.answer(register).await.expect(201);
    let login = session["accessToken"].as_str().unwrap();
    for _ in 0..2 {
        app.answer(app.request("GET", "/api/auth/me").bearer_auth(login))
            .await
            .expect(200);
    }
    let mut socket = Socket::of(&app, &ann).await;
    socket
        .refusal("canary.op", json!({ "canary": "canary" }))
        .await;
    app.answer(
        app.request("GET", "/canary?token=canary")
            .header("x-canary", "canary"),
    )
    .await
    .expect(404);
    app.answer(app.request("CANARY", "/api/auth/me"))
        .await
        .expect(405);
    let metrics = app.metrics().await;
    assert!(
        metrics.value("messaging_cache_lookups_total{cache=\"logins\",outcome=\"hit\"}") >= 1.0
    );
    assert!(
        metrics.value("messaging_ws_op_duration_seconds_count{op=\"(unknown)\",status=\"4xx\"}")
            >= 1.0
    );
    let lower = metrics.text.to_lowercase();
    for told in [
        "canary",
        &ann.id,
        &bob.id,
        &ann.token,
        &conversation,
        login,
        SERVER_KEY,
        session["user"]["id"].as_str().unwrap(),
    ] {
        assert!(!lower.contains(&told.to_lowercase()), "{told}");
    }
}

#[actix_web::test]
async fn metrics_are_told_on_their_own_listener_alone() {
    let app = watched().await;
    app.answer(app.request("GET", "/metrics"))
        .await
        .refused(404, "not_found", &[]);
    let metrics = app.metrics().await;
    assert!(metrics.text.ends_with("# EOF\n"));
    // Each name is described once, and nothing is told that is not described.
    let described: Vec<_> = metrics
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .collect();
    let mut once = described.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), described.len());
    assert!(
        described
            .iter()
            .all(|name| name.starts_with("messaging_") || name.starts_with("process_")),
        "{described:?}"
    );
}

/// The names of metrics in a text, without what is added to those of counters and histograms.
fn named(text: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.split(|c: char| !is_name(c))
        .filter(|word| word.starts_with("messaging_") || word.starts_with("process_"))
        .map(|word| {
            ["_total", "_bucket", "_count", "_sum"]
                .iter()
                .find_map(|end| word.strip_suffix(end))
                .unwrap_or(word)
                .to_owned()
        })
        .collect()
}

#[actix_web::test]
async fn what_dashboard_and_alerts_ask_for_is_told() {
    let app = watched().await;
    let ann = app.person("ann").await;
    let mut socket = Socket::of(&app, &ann).await;
    socket.ok("ping", json!({})).await;
    let metrics = app.metrics().await;
    let told: BTreeSet<_> = metrics
        .text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect();
    let mut asked = BTreeSet::new();
    for (file, at_least) in [
        (
            include_str!("../../../../deploy/grafana/messaging.json"),
            30,
        ),
        (include_str!("../../../../deploy/prometheus/alerts.yml"), 10),
    ] {
        let names = named(file);
        assert!(names.len() >= at_least, "{names:?}");
        let unknown: Vec<_> = names.difference(&told).collect();
        assert!(unknown.is_empty(), "{unknown:?} is not told");
        asked.extend(names);
    }
    // And nothing is told that nobody looks at.
    let unseen: Vec<_> = told.difference(&asked).collect();
    let by_hand = ["process_start_time_seconds", "process_threads"];
    assert!(
        unseen.iter().all(|name| by_hand.contains(&name.as_str())),
        "{unseen:?}"
    );
}

#[test]
fn the_manual_says_what_to_do_about_every_alert() {
    let manual = include_str!("../../../../docs/operations.md");
    let alerts = include_str!("../../../../deploy/prometheus/alerts.yml");
    let names: Vec<_> = alerts
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    assert!(names.len() > 10);
    for name in names {
        assert!(manual.contains(&format!("| `{name}` |")), "{name}");
    }
}
