//! What people see of it: I8, I9, I13 to I15, I22 and I23.

use messaging_history::{
    Call, Invariant, Record,
    event::{Class, Edge, Leak, Party, Phase},
};
use serde_json::{Value, json};

use super::{Golden, broken, legal, rest};
use crate::story::{Story, inbox, latest, list, message, page, row, send, view};

pub(super) fn histories() -> Vec<Golden> {
    let mut all = recency();
    all.extend(secrecy());
    all.extend(counts());
    all.extend(acts());
    all
}

/// What ann says, twice.
fn words() -> [Value; 2] {
    [
        message(1, "k1", "ann", "hello"),
        message(2, "k2", "ann", "goodbye"),
    ]
}

fn recency() -> Vec<Golden> {
    vec![
        broken("i08-accepted-and-not-shown", Invariant::I8, |story| {
            let [hello, _] = words();
            story.done("ann", send("k1", "hello"), hello.clone());
            story.done("ben", latest(), page("ben", &[]));
            rest(story);
            story.done("ben", latest(), page("ben", &[hello]));
        }),
        legal("i08-accepted-while-looking", |story| {
            let [hello, _] = words();
            let look = story.invoke("ben", latest());
            story.done("ann", send("k1", "hello"), hello.clone());
            story.ok(look, page("ben", &[]));
            rest(story);
            story.done("ben", latest(), page("ben", &[hello]));
        }),
        broken("i08-an-old-revision", Invariant::I8, |story| {
            let [hello, _] = words();
            story.done("ann", send("k1", "hello"), hello.clone());
            let mut edited = message(1, "k1", "ann", "good day");
            edited["revision"] = json!(2);
            let edit = Call::Edit {
                conversation: "c1".to_owned(),
                seq: 1,
                revision: 1,
                text: "good day".to_owned(),
            };
            story.done("ann", edit, edited.clone());
            story.done("ben", latest(), page("ben", &[hello]));
            rest(story);
            story.done("ben", latest(), page("ben", &[edited]));
        }),
        broken("i09-less-than-it-saw-before", Invariant::I9, |story| {
            sends_in_doubt(story);
            let [hello, goodbye] = words();
            looks(story, &[hello.clone(), goodbye.clone()]);
            looks(story, std::slice::from_ref(&hello));
            rest(story);
            looks(story, &[hello, goodbye]);
        }),
        legal("i09-less-in-a-look-begun-before", |story| {
            sends_in_doubt(story);
            let [hello, goodbye] = words();
            let early = story.invoke_as("ben", Some("ben.1"), None, latest());
            looks(story, &[hello.clone(), goodbye.clone()]);
            story.ok(early, page("ben", std::slice::from_ref(&hello)));
            rest(story);
            looks(story, &[hello, goodbye]);
        }),
    ]
}

fn sends_in_doubt(story: &mut Story) {
    for (client_id, text) in [("k1", "hello"), ("k2", "goodbye")] {
        let op = story.invoke("ann", send(client_id, text));
        story.unknown(op);
    }
}

fn looks(story: &mut Story, items: &[Value]) {
    let look = story.invoke_as("ben", Some("ben.1"), None, latest());
    story.ok(look, page("ben", items));
}

fn secrecy() -> Vec<Golden> {
    let probe = || Call::Probe {
        verb: "page".to_owned(),
        conversation: Some("c1".to_owned()),
        expect: Some("not_found".to_owned()),
    };
    vec![
        broken("i13-an-outsider-is-let-in", Invariant::I13, move |story| {
            story.done("eve", probe(), json!({"items": []}));
            rest(story);
        }),
        legal("i13-an-outsider-is-refused", move |story| {
            let op = story.invoke("eve", probe());
            story.fail(op, 404, "not_found");
            rest(story);
        }),
        broken(
            "i13-an-outsider-learns-that-it-exists",
            Invariant::I13,
            move |story| {
                let op = story.invoke("eve", probe());
                story.fail(op, 403, "forbidden");
                rest(story);
            },
        ),
        broken("i13-words-in-another-answer", Invariant::I13, |story| {
            let op = story.invoke("ann", send("k1", "canary:1 hello"));
            story.ok(op, message(1, "k1", "ann", "canary:1 hello"));
            let op = story.invoke("eve", Call::Ping);
            story.ok(op, json!({"now": "…canary:1 hello"}));
            rest(story);
            story.dump(vec![row(1, "k1", "ann", "canary:1 hello")]);
        }),
        broken("i13-words-in-a-log", Invariant::I13, |story| {
            rest(story);
            story.add(Record::Leak(Leak {
                secret: "message text".to_owned(),
                place: "log of n1".to_owned(),
                excerpt: "sending canary:1".to_owned(),
            }));
        }),
    ]
}

fn counts() -> Vec<Golden> {
    let read = |seq| Call::Read {
        conversation: "c1".to_owned(),
        seq,
    };
    let at = |seq: u64| json!({"readSeq": seq, "unreadCount": 0, "unreadTotal": 0});
    let ends_unread = |story: &mut Story, unread: i64| {
        let [hello, goodbye] = words();
        sends_in_doubt(story);
        rest(story);
        story.done("ben", latest(), page("ben", &[hello, goodbye]));
        let view = view("ben", 2, unread);
        story.done("ben", list(false), inbox(&view, unread, 2));
    };
    vec![
        broken("i14-a-cursor-goes-back", Invariant::I14, move |story| {
            story.done("ben", read(5), at(5));
            story.done("ben", read(3), at(3));
            rest(story);
        }),
        legal("i14-an-earlier-mark-changes-nothing", move |story| {
            story.done("ben", read(5), at(5));
            story.done("ben", read(3), at(5));
            rest(story);
        }),
        broken("i14-moved-by-nobody", Invariant::I14, move |story| {
            let mut moved = view("ann", 2, 0);
            moved["counterpartReadSeq"] = json!(2);
            moved["counterpartDeliveredSeq"] = json!(2);
            story.done("ann", list(false), inbox(&moved, 0, 2));
            rest(story);
        }),
        broken("i15-one-too-many-unread", Invariant::I15, move |story| {
            ends_unread(story, 3);
        }),
        legal("i15-all-unread", move |story| ends_unread(story, 2)),
    ]
}

fn acts() -> Vec<Golden> {
    let start = || Call::Start {
        product: Some("bike".to_owned()),
        seller: "ben".to_owned(),
        client_id: None,
        text: None,
    };
    let started = |id: &str| {
        let mut view = view("ann", 0, 0);
        view["id"] = json!(id);
        view["product"] = json!({"id": "bike"});
        json!({ "conversation": view })
    };
    let block = || Call::Configure {
        conversation: "c1".to_owned(),
        archived: None,
        muted: None,
        blocked: Some(true),
    };
    let mut blocked = view("ben", 0, 0);
    blocked["blocked"] = json!("byMe");
    let also_blocked = blocked.clone();
    vec![
        broken(
            "i22-two-conversations-of-a-pair",
            Invariant::I22,
            move |story| {
                let (one, two) = (story.invoke("ann", start()), story.invoke("ann", start()));
                story.ok_as(one, 201, started("c1"));
                story.ok_as(two, 201, started("c2"));
                rest(story);
            },
        ),
        legal("i22-one-conversation-started-twice", move |story| {
            let (one, two) = (story.invoke("ann", start()), story.invoke("ann", start()));
            story.ok_as(one, 201, started("c1"));
            story.ok_as(two, 200, started("c1"));
            rest(story);
        }),
        broken("i22-a-refresh-token-used-twice", Invariant::I22, |story| {
            for _ in 0..2 {
                let token = "r1".to_owned();
                story.done("ann", Call::Rotate { token }, json!({}));
            }
            rest(story);
        }),
        broken("i23-sent-after-a-block", Invariant::I23, move |story| {
            story.done("ben", block(), blocked);
            let [hello, _] = words();
            story.done("ann", send("k1", "hello"), hello.clone());
            rest(story);
            story.done("ben", latest(), page("ben", &[hello]));
        }),
        legal("i23-refused-after-a-block", move |story| {
            story.done("ben", block(), view("ben", 0, 0));
            let op = story.invoke("ann", send("k1", "hello"));
            story.fail(op, 403, "blocked");
            rest(story);
        }),
        legal("i23-sent-while-it-is-blocked", move |story| {
            let [hello, _] = words();
            let op = story.invoke("ann", send("k1", "hello"));
            story.done("ben", block(), also_blocked);
            story.ok(op, hello.clone());
            rest(story);
            story.done("ben", latest(), page("ben", &[hello]));
        }),
        broken("i13-a-socket-outlives-its-login", Invariant::I13, |story| {
            login(story);
            story.wait(20_000);
            story.phase(Phase::Final);
        }),
        legal("i13-a-socket-ends-with-its-login", |story| {
            login(story);
            story.wait(4_000);
            story.close(1, Party::Server, Some(4011));
            story.wait(20_000);
            story.phase(Phase::Final);
        }),
        broken(
            "i13-a-login-outlived-without-the-bus",
            Invariant::I13,
            |story| {
                story.fault("bus_cut", Class::Bus, "n2", Edge::Start);
                login(story);
                story.wait(20_000);
                story.fault("bus_cut", Class::Bus, "n2", Edge::Stop);
                story.phase(Phase::Final);
            },
        ),
        legal("i13-a-login-outlived-without-bus-and-database", |story| {
            story.fault("bus_cut", Class::Bus, "n2", Edge::Start);
            login(story);
            story.fault("postgres_pause", Class::Database, "database", Edge::Start);
            story.wait(20_000);
            story.fault("postgres_pause", Class::Database, "database", Edge::Stop);
            story.fault("bus_cut", Class::Bus, "n2", Edge::Stop);
            story.phase(Phase::Final);
        }),
    ]
}

/// Ann logs out with a socket open.
fn login(story: &mut Story) {
    story.connect_with(1, "ann", Some("l1"), None, 0);
    story.live(1, 0);
    let login = "l1".to_owned();
    story.done("ann", Call::Logout { login }, Value::Null);
}
