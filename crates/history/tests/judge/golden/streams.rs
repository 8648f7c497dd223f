//! What sockets tell: I10 to I12 and I21.

use messaging_history::{Call, Invariant, event::Phase};
use serde_json::{Value, json};

use super::{Golden, broken, legal, rest};
use crate::story::{Story, created, inbox, list, message, send, view};

pub(super) fn histories() -> Vec<Golden> {
    let mut all = exactness();
    all.extend(pictures());
    all.extend(arrivals());
    all.extend(ephemerals());
    all
}

/// Ann sent so many messages of which nobody knows; as they would be.
fn words(story: &mut Story, many: u64) -> Vec<Value> {
    (1..=many)
        .map(|seq| {
            let (client_id, text) = (format!("k{seq}"), format!("hello {seq}"));
            let op = story.invoke("ann", send(&client_id, &text));
            story.unknown(op);
            message(seq, &client_id, "ann", &text)
        })
        .collect()
}

/// Ben resumes from 3 of 5 and is told these.
fn resumes(story: &mut Story, told: &[usize], live: u64) {
    let words = words(story, 6);
    story.connect(1, "ben", Some(3), 5);
    for place in told {
        let position = u64::try_from(*place).unwrap();
        story.frame(1, created(position, &words[place - 1]));
    }
    story.live(1, live);
    rest(story);
}

fn exactness() -> Vec<Golden> {
    vec![
        broken("i10-a-hole", Invariant::I10, |story| {
            resumes(story, &[4, 6], 6);
        }),
        broken("i10-a-repeat", Invariant::I10, |story| {
            resumes(story, &[4, 5, 5], 5);
        }),
        broken("i10-one-behind", Invariant::I10, |story| {
            resumes(story, &[4], 4);
        }),
        broken("i10-one-too-early", Invariant::I10, |story| {
            resumes(story, &[3, 4, 5], 5);
        }),
        legal("i10-resumed", |story| resumes(story, &[4, 5], 5)),
        broken("i10-one-position-two-events", Invariant::I10, |story| {
            let words = words(story, 2);
            for (connection, word) in (1..).zip(&words) {
                story.connect(connection, "ben", Some(0), 1);
                story.frame(connection, created(1, word));
                story.live(connection, 1);
            }
            rest(story);
        }),
        broken(
            "i10-not-resumed-without-a-reason",
            Invariant::I10,
            |story| {
                story.connect_not_resumed(1, "ben", 3, 5);
                story.live(1, 5);
                rest(story);
            },
        ),
    ]
}

/// Ben was told that his conversation began, and perhaps that he archived it; it is in his archive.
fn archives(story: &mut Story, is_told: bool) {
    story.connect(1, "ben", None, 0);
    story.live(1, 0);
    let event = |name: &str, position: u64, view: &Value| {
        json!({
            "event": name, "position": position, "data": {"conversation": view},
            "unread": {"count": 0, "total": 0},
        })
    };
    let began = view("ben", 0, 0);
    let mut archived = began.clone();
    archived["archived"] = json!(true);
    story.frame(1, event("conversation.created", 1, &began));
    let second = if is_told { &archived } else { &began };
    story.frame(1, event("conversation.updated", 2, second));
    rest(story);
    story.done("ben", list(true), inbox(&archived, 0, 2));
}

/// Ben is told of a message while his archive is being read, and the answer is from before. A fresh fetch has
/// the message and nothing else, or more that nobody was told of.
fn lists_late(story: &mut Story, is_told: bool) {
    story.connect(1, "ben", None, 1);
    let of_socket =
        |story: &mut Story, archived| story.invoke_as("ben", Some("ben.1"), None, list(archived));
    let op = of_socket(story, false);
    let nothing = json!({"items": [], "unreadTotal": 0, "epoch": "e", "position": 1});
    story.ok(op, nothing);
    story.live(1, 1);
    let word = words(story, 1).remove(0);
    let mut before = view("ben", 0, 0);
    before["archived"] = json!(true);
    let mut after = before.clone();
    after["lastSeq"] = json!(1);
    after["lastMessage"] = word.clone();
    after["muted"] = json!(!is_told);
    after["unreadCount"] = json!(1);
    let op = of_socket(story, true);
    story.frame(1, created(2, &word));
    story.ok(op, inbox(&before, 0, 1));
    rest(story);
    story.done("ben", list(true), inbox(&after, 1, 2));
}

fn pictures() -> Vec<Golden> {
    vec![
        broken("i11-listed-late-and-not-told", Invariant::I11, |story| {
            lists_late(story, false);
        }),
        legal("i11-listed-late", |story| lists_late(story, true)),
        broken("i11-folded-into-something-else", Invariant::I11, |story| {
            archives(story, false);
        }),
        legal("i11-folded-into-the-same", |story| archives(story, true)),
    ]
}

/// Ben is connected twice; both sockets are told in time, or one is not.
fn arrives(story: &mut Story, both: bool) {
    for connection in [1, 2] {
        story.connect(connection, "ben", None, 0);
        story.live(connection, 0);
    }
    let words = words(story, 1);
    story.frame(1, created(1, &words[0]));
    if both {
        story.frame(2, created(1, &words[0]));
    }
    story.phase(Phase::Settle);
    story.wait(10_000);
    rest(story);
}

/// Ann's message is accepted and comes to ben so much later.
fn delays(story: &mut Story, milliseconds: u64) {
    story.phase(Phase::Calm);
    story.connect(1, "ben", None, 0);
    story.live(1, 0);
    // That it is his conversation is known from his list.
    story.done("ben", list(false), inbox(&view("ben", 0, 0), 0, 0));
    let word = message(1, "k1", "ann", "hello");
    story.done("ann", send("k1", "hello"), word.clone());
    story.wait(milliseconds);
    story.frame(1, created(1, &word));
    story.wait(5_000);
    rest(story);
}

/// Ann's message is stored by an attempt that nobody answers; ben connects before she tries again, or
/// before all that, and is not told.
fn retries(story: &mut Story, is_late: bool) {
    let connect = |story: &mut Story, head| {
        story.connect(1, "ben", None, head);
        story.live(1, head);
        let unread = i64::try_from(head).unwrap();
        let view = view("ben", head, unread);
        story.done("ben", list(false), inbox(&view, unread, head));
    };
    if !is_late {
        connect(story, 0);
    }
    let doubtful = story.invoke("ann", send("k1", "hello"));
    story.unknown(doubtful);
    if is_late {
        connect(story, 1);
    }
    story.phase(Phase::Calm);
    story.done("ann", send("k1", "hello"), message(1, "k1", "ann", "hello"));
    story.wait(5_000);
    rest(story);
}

fn arrivals() -> Vec<Golden> {
    vec![
        broken("i12-a-socket-was-never-told", Invariant::I12, |story| {
            arrives(story, false);
        }),
        legal("i12-all-sockets-were-told", |story| arrives(story, true)),
        broken("i12-late-while-all-was-calm", Invariant::I12, |story| {
            delays(story, 3_000);
        }),
        legal("i12-in-time", |story| delays(story, 1_000)),
        broken("i12-retried-and-never-told", Invariant::I12, |story| {
            retries(story, false);
        }),
        legal("i12-connected-before-the-retry", |story| {
            retries(story, true);
        }),
    ]
}

/// Ann writes, so long after ben joined, or without that, and he is told.
fn types(story: &mut Story, joins: bool, milliseconds: u64) {
    story.done("ben", list(false), inbox(&view("ben", 0, 0), 0, 0));
    story.connect(1, "ben", None, 0);
    story.live(1, 0);
    let conversation = || "c1".to_owned();
    if joins {
        let join = Call::Join {
            conversation: conversation(),
        };
        let op = story.invoke_as("ben", Some("ben.1"), Some(1), join);
        story.ok(op, json!({"presence": {"userId": "ann", "online": true}}));
    }
    let writes = Call::Typing {
        conversation: conversation(),
        active: true,
    };
    story.done("ann", writes, Value::Null);
    story.wait(milliseconds);
    story.frame(
        1,
        json!({"event": "typing", "data": {
            "conversationId": "c1", "userId": "ann", "active": true, "expiresInMs": 7000,
        }}),
    );
    rest(story);
}

fn ephemerals() -> Vec<Golden> {
    vec![
        broken("i21-told-without-joining", Invariant::I21, |story| {
            types(story, false, 10);
        }),
        broken("i21-told-of-the-past", Invariant::I21, |story| {
            types(story, true, 60_000);
        }),
        legal("i21-told-after-joining", |story| types(story, true, 10)),
    ]
}
