//! Two people do two things at the same moment: what becomes of it is what would have become of it
//! one after the other, in one of the two orders. Every verb against every verb, itself included.
//!
//! Where there are two databases, each pair is played once on one of them. All pairs on both, each so
//! often: `RACE_REPETITIONS=1000 cargo test -p messaging-api --test api races`.

mod verbs;
mod world;

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value, json};

use self::{verbs::Verb, world::World};
use crate::app::TestApp;

/// Pairs that are played at the same time: as many as keep the service busy and leave room for other tests.
const AT_ONCE: usize = 3;

/// How often each pair is played on each database; `None` for the short form.
fn repetitions() -> Option<usize> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no settings of its own"
    )]
    let wanted = std::env::var("RACE_REPETITIONS").ok();
    wanted.map(|wanted| wanted.parse().unwrap())
}

/// Plays two verbs in a world of their own: what each brought, and the state they left behind.
async fn play(app: &TestApp, first: Verb, second: Verb, order: Order) -> Value {
    let world = World::new(app, [first, second]).await;
    let (a, b) = match order {
        Order::FirstBefore => {
            let a = first.act(&world).await;
            (a, second.act(&world).await)
        }
        Order::SecondBefore => {
            let b = second.act(&world).await;
            (first.act(&world).await, b)
        }
        Order::AtOnce => futures_util::future::join(first.act(&world), second.act(&world)).await,
    };
    for (verb, answer) in [(first, &a), (second, &b)] {
        assert!(
            answer["status"].as_u64() < Some(500),
            "{first:?} and {second:?} {order:?}: {verb:?} gave {answer}"
        );
    }
    let state = world
        .state(&format!("{first:?} and {second:?} {order:?}"))
        .await;
    json!({ "first": a, "second": b, "state": state })
}

#[derive(Debug, Clone, Copy)]
enum Order {
    FirstBefore,
    SecondBefore,
    AtOnce,
}

async fn assert_serial(app: &TestApp, first: Verb, second: Verb) {
    let in_order = play(app, first, second, Order::FirstBefore).await;
    for repetition in 0..repetitions().unwrap_or(1) {
        // Who is polled first sends first; so each has its turn.
        let seen = if repetition % 2 == 0 {
            play(app, first, second, Order::AtOnce).await
        } else {
            let swapped = play(app, second, first, Order::AtOnce).await;
            json!({
                "first": swapped["second"], "second": swapped["first"], "state": swapped["state"],
            })
        };
        let one = differences("", &in_order, &seen);
        if one.is_empty() {
            continue;
        }
        let other = play(app, first, second, Order::SecondBefore).await;
        let other = differences("", &other, &seen);
        assert!(
            other.is_empty(),
            "{first:?} and {second:?} at once are neither in order:\n{}\nnor the other way about:\n{}",
            one.join("\n"),
            other.join("\n")
        );
    }
}

/// Where two outcomes differ, and in what.
fn differences(at: &str, expected: &Value, seen: &Value) -> Vec<String> {
    match (expected, seen) {
        (Value::Object(expected), Value::Object(seen)) => {
            let names: BTreeSet<_> = expected.keys().chain(seen.keys()).collect();
            let of = |fields: &Map<String, Value>, name: &str| {
                fields.get(name).cloned().unwrap_or_default()
            };
            let fields = names.into_iter().flat_map(|name| {
                differences(
                    &format!("{at}.{name}"),
                    &of(expected, name),
                    &of(seen, name),
                )
            });
            fields.collect()
        }
        (Value::Array(expected), Value::Array(seen)) if expected.len() == seen.len() => {
            let pairs = expected.iter().zip(seen).enumerate();
            let items =
                pairs.flat_map(|(number, (a, b))| differences(&format!("{at}[{number}]"), a, b));
            items.collect()
        }
        _ if expected == seen => Vec::new(),
        _ => vec![format!("{at}: {expected} became {seen}")],
    }
}

#[actix_web::test]
async fn what_happens_at_once_has_an_order() {
    let apps = TestApp::on_each_database().await;
    let pairs = Verb::ALL.iter().enumerate().flat_map(|(at, first)| {
        let others = Verb::ALL.iter().skip(at);
        others.map(|second| (*first, *second))
    });
    let pairs: Vec<_> = pairs.enumerate().collect();
    assert_eq!(pairs.len(), Verb::ALL.len() * (Verb::ALL.len() + 1) / 2);
    for (turn, app) in apps.iter().enumerate() {
        let all = repetitions().is_some();
        let here = |(number, _): &&(usize, _)| all || number % apps.len() == turn;
        stream::iter(pairs.iter().filter(here))
            .for_each_concurrent(AT_ONCE, |(_, (first, second))| {
                assert_serial(app, *first, *second)
            })
            .await;
    }
}
