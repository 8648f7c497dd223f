//! How the service bears up: I18 to I20.

use messaging_history::{
    Call, Invariant, Limits, Record,
    event::{Class, Edge, Exit, Party, Phase, Sample},
};
use serde_json::{Value, json};

use super::{Golden, broken, legal, rest};
use crate::story::{Story, message, row, send};

pub(super) fn histories() -> Vec<Golden> {
    let mut all = bounds();
    all.extend(drains());
    all.extend(service());
    all
}

fn bounds() -> Vec<Golden> {
    let uses = |story: &mut Story, more: u64| {
        story.add(Record::Sample(Sample {
            node: "n1".to_owned(),
            rss: Limits::default().rss_bytes + more,
            fds: 30,
        }));
        rest(story);
    };
    vec![
        broken("i18-a-byte-too-much", Invariant::I18, move |story| {
            uses(story, 1);
        }),
        legal("i18-the-last-byte", move |story| uses(story, 0)),
    ]
}

/// How a node goes that was asked to.
struct Drain {
    answers: bool,
    says_goodbye: bool,
    after_ms: u64,
    code: i32,
}

const GOOD: Drain = Drain {
    answers: true,
    says_goodbye: true,
    after_ms: 9_000,
    code: 0,
};

fn drain(story: &mut Story, how: &Drain) {
    story.connect(1, "ben", None, 0);
    story.live(1, 0);
    let op = story.invoke("ann", send("k1", "hello"));
    story.wait(200);
    story.fault("sigterm", Class::Drain, "n1", Edge::Start);
    if how.answers {
        story.ok(op, message(1, "k1", "ann", "hello"));
    } else {
        story.unknown(op);
    }
    if how.says_goodbye {
        let bye = json!({"code": 1012, "reconnect": true, "reason": "restart"});
        story.frame(1, json!({"event": "bye", "data": bye}));
        story.close(1, Party::Server, Some(1012));
    } else {
        story.close(1, Party::Network, None);
    }
    story.wait(how.after_ms);
    story.add(Record::Exit(Exit {
        node: "n1".to_owned(),
        code: Some(how.code),
        signal: None,
    }));
    story.fault("sigterm", Class::Drain, "n1", Edge::Stop);
    rest(story);
    if how.answers {
        story.dump(vec![row(1, "k1", "ann", "hello")]);
    }
}

fn drains() -> Vec<Golden> {
    vec![
        broken("i19-left-unknown", Invariant::I19, |story| {
            drain(
                story,
                &Drain {
                    answers: false,
                    ..GOOD
                },
            );
        }),
        broken("i19-no-goodbye", Invariant::I19, |story| {
            drain(
                story,
                &Drain {
                    says_goodbye: false,
                    ..GOOD
                },
            );
        }),
        broken("i19-too-slow", Invariant::I19, |story| {
            drain(
                story,
                &Drain {
                    after_ms: 11_000,
                    ..GOOD
                },
            );
        }),
        broken("i19-not-of-its-own-will", Invariant::I19, |story| {
            drain(story, &Drain { code: 101, ..GOOD });
        }),
        legal("i19-a-token-ended-while-draining", |story| {
            story.connect(1, "ben", None, 0);
            story.live(1, 0);
            story.fault("sigterm", Class::Drain, "n1", Edge::Start);
            story.close(1, Party::Server, Some(4110));
            story.add(Record::Exit(Exit {
                node: "n1".to_owned(),
                code: Some(0),
                signal: None,
            }));
            story.fault("sigterm", Class::Drain, "n1", Edge::Stop);
            rest(story);
        }),
        legal("i19-drained", |story| drain(story, &GOOD)),
    ]
}

/// The database goes away for ten seconds; in the middle of it somebody sends.
fn without_database(story: &mut Story, refused_after_ms: u64, drops: bool) {
    story.connect(1, "ben", None, 0);
    story.live(1, 0);
    story.fault(
        "postgres_stop",
        Class::DatabaseAway,
        "database",
        Edge::Start,
    );
    story.wait(4_000);
    let op = story.invoke("ann", send("k1", "hello"));
    story.wait(refused_after_ms);
    story.fail(op, 503, "overloaded");
    if drops {
        story.close(1, Party::Server, Some(4100));
    }
    story.wait(4_000);
    story.fault("postgres_stop", Class::DatabaseAway, "database", Edge::Stop);
    story.wait(20_000);
    rest(story);
}

/// A node is killed under a send.
fn dies(story: &mut Story) {
    story.fault("kill", Class::Process, "n1", Edge::Start);
    story.fault("kill", Class::Process, "n1", Edge::Stop);
    let op = story.invoke("ann", send("k1", "hello"));
    story.unknown(op);
}

/// A node was dead; so much later it accepts something again.
fn comes_back(story: &mut Story, after_ms: u64) {
    dies(story);
    story.wait(after_ms);
    accepted_at_last(story);
}

fn accepted_at_last(story: &mut Story) {
    let reply = message(1, "k1", "ann", "hello");
    story.done("ann", send("k1", "hello"), reply);
    story.wait(10_000);
    rest(story);
    story.dump(vec![row(1, "k1", "ann", "hello")]);
}

/// A node was dead; so much later the next node is, for a second; six seconds after the first something is
/// accepted again.
fn comes_back_late(story: &mut Story, next_after_ms: u64) {
    dies(story);
    story.wait(next_after_ms);
    story.fault("pause", Class::Process, "n2", Edge::Start);
    story.wait(6_000 - next_after_ms);
    story.fault("pause", Class::Process, "n2", Edge::Stop);
    accepted_at_last(story);
}

/// A node is started while the database is away, and ready so long after it is back.
fn starts(story: &mut Story, milliseconds: u64) {
    story.fault("postgres_pause", Class::Database, "database", Edge::Start);
    story.wait(10_000);
    story.fault("postgres_pause", Class::Database, "database", Edge::Stop);
    story.wait(milliseconds);
    story.ready(10_000 + milliseconds);
    rest(story);
}

fn service() -> Vec<Golden> {
    let pings = |story: &mut Story, milliseconds: u64| {
        let op = story.invoke("ann", Call::Ping);
        story.wait(milliseconds);
        story.ok(op, Value::Null);
        rest(story);
    };
    vec![
        broken("i20-hangs", Invariant::I20, move |story| {
            pings(story, 9_000);
        }),
        legal("i20-given-up-while-the-node-stood-still", |story| {
            story.fault("pause", Class::Process, "n1", Edge::Start);
            let op = story.invoke("ann", Call::Ping);
            story.wait(6_000);
            story.unknown(op);
            story.fault("pause", Class::Process, "n1", Edge::Stop);
            rest(story);
        }),
        broken(
            "i20-given-up-while-the-database-was-slow",
            Invariant::I20,
            |story| {
                story.fault("table_lock", Class::Database, "database", Edge::Start);
                let op = story.invoke("ann", Call::Ping);
                story.wait(6_000);
                story.unknown(op);
                story.fault("table_lock", Class::Database, "database", Edge::Stop);
                rest(story);
            },
        ),
        legal("i20-slow", move |story| pings(story, 5_000)),
        broken(
            "i20-unanswered-while-all-was-calm",
            Invariant::I20,
            |story| {
                story.phase(Phase::Calm);
                let op = story.invoke("ann", Call::Ping);
                story.unknown(op);
                rest(story);
            },
        ),
        broken("i20-refused-late", Invariant::I20, |story| {
            without_database(story, 3_000, false);
        }),
        broken(
            "i20-drops-sockets-with-the-database",
            Invariant::I20,
            |story| {
                without_database(story, 1_000, true);
            },
        ),
        legal("i20-refused-in-time", |story| {
            without_database(story, 1_000, false);
        }),
        broken("i20-comes-back-late", Invariant::I20, |story| {
            comes_back(story, 6_000);
        }),
        legal("i20-comes-back", |story| comes_back(story, 4_000)),
        // The time to come back was over before the next fault.
        broken(
            "i20-comes-back-late-before-the-next-fault",
            Invariant::I20,
            |story| comes_back_late(story, 5_500),
        ),
        legal("i20-comes-back-late-in-the-next-fault", |story| {
            comes_back_late(story, 4_000);
        }),
        broken("i20-starts-late", Invariant::I20, |story| {
            starts(story, 6_000);
        }),
        legal("i20-starts-once-the-database-is-back", |story| {
            starts(story, 4_000);
        }),
    ]
}
