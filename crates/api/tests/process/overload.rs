//! More than a node can do: refused politely, in bounded memory, and over when it is over.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::node::{Answer, Node, message};

/// What became of sends: how many by status, and how long accepted ones took.
#[derive(Default)]
struct Outcome {
    statuses: BTreeMap<u16, usize>,
    accepted: Vec<Duration>,
}

impl Outcome {
    fn count(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }
}

/// So many people who send one message after the other, for a while.
fn crowd(node: &Node, people: usize, lasts: Duration, conversation: &str, token: &str) -> Outcome {
    let until = Instant::now() + lasts;
    let send = || {
        let mut outcome = Outcome::default();
        while Instant::now() < until {
            let begun = Instant::now();
            let body = message(conversation, "hello");
            let answer = node.call("POST", "/api/messages/send", token, &body);
            check(&answer);
            *outcome.statuses.entry(answer.status).or_default() += 1;
            if answer.status == 201 {
                outcome.accepted.push(begun.elapsed());
            }
        }
        outcome
    };
    thread::scope(|scope| {
        let people: Vec<_> = (0..people).map(|_| scope.spawn(send)).collect();
        people
            .into_iter()
            .map(|person| person.join().unwrap())
            .fold(Outcome::default(), |mut all, one| {
                for (status, count) in one.statuses {
                    *all.statuses.entry(status).or_default() += count;
                }
                all.accepted.extend(one.accepted);
                all
            })
    })
}

/// Accepted, or refused in the contract's words.
fn check(answer: &Answer) {
    match answer.status {
        201 => {}
        503 => {
            assert_eq!(answer.body["code"], "overloaded");
            assert!(answer.body["retryAfterMs"].as_u64() > Some(0));
            assert!(answer.head.contains("\r\nretry-after: "), "{}", answer.head);
        }
        other => panic!("{other}: {}", answer.body),
    }
}

#[test]
fn overload_is_refused_politely_costs_little_memory_and_is_over_when_it_is_over() {
    let settings = [
        ("MESSAGING_RATE_LIMITS", "off"),
        ("MESSAGING_WRITE_QUEUE", "4"),
    ];
    let node = Node::start(1_024, &settings);
    let (conversation, token) = node.conversation();
    let second = Duration::from_secs(1);
    let calm = crowd(&node, 4, second, &conversation, &token);
    let before = node.resident_kib();
    // At any moment many times as many as may wait.
    let rush = crowd(&node, 64, 4 * second, &conversation, &token);
    let after = node.resident_kib();
    assert!(
        rush.count(201) > 0 && rush.count(503) > 0,
        "{:?}",
        rush.statuses
    );
    let mut took = rush.accepted.clone();
    took.sort();
    let p99 = took[took.len() * 99 / 100];
    assert!(p99 < 2 * second, "{p99:?}");
    // Half as much again, and what the allocator of each thread keeps for itself.
    assert!(
        after < before * 3 / 2 + 32 * 1_024,
        "{before} KiB, then {after} KiB"
    );
    // It is over at once, and nothing that was refused was stored.
    let calm_again = crowd(&node, 1, second, &conversation, &token);
    assert_eq!(calm_again.count(503), 0);
    let page = format!("/api/messages/conversations/{conversation}");
    let page = node.call("GET", &page, &token, &Value::Null);
    let stored = page.body["conversation"]["lastSeq"].as_u64().unwrap();
    let accepted = calm.count(201) + rush.count(201) + calm_again.count(201);
    assert_eq!(usize::try_from(stored).unwrap(), accepted);
}
