//! What is in a conversation: I1 to I7, I16 and I17.

use messaging_history::{Call, Invariant};
use serde_json::{Value, json};

use super::{Golden, broken, legal, rest};
use crate::story::{Story, deleted, latest, message, page, row, send};

/// Sends and is told where it stands.
fn sent(story: &mut Story, user: &str, seq: u64, client_id: &str, text: &str) {
    let reply = message(seq, client_id, user, text);
    story.done(user, send(client_id, text), reply);
}

/// Sends and is told nothing.
fn doubtful(story: &mut Story, user: &str, client_id: &str, text: &str) {
    let op = story.invoke(user, send(client_id, text));
    story.unknown(op);
}

/// Ben looks at rest, and that is how it ends.
fn ends_with(story: &mut Story, items: &[Value]) {
    rest(story);
    story.done("ben", latest(), page("ben", items));
}

fn made_at(seq: u64, client_id: &str, time: &str) -> Value {
    let mut message = message(seq, client_id, "ann", "hello");
    message["createdAt"] = json!(time);
    message
}

pub(super) fn histories() -> Vec<Golden> {
    let mut all = durability();
    all.extend(identity());
    all.extend(order());
    all.extend(deletion());
    all
}

fn durability() -> Vec<Golden> {
    vec![
        broken("i01-accepted-and-lost", Invariant::I1, |story| {
            sent(story, "ann", 1, "k1", "hello");
            rest(story);
            story.dump(vec![]);
        }),
        legal("i01-in-doubt-and-lost", |story| {
            doubtful(story, "ann", "k1", "hello");
            rest(story);
            story.dump(vec![]);
        }),
        broken("i01-seen-and-lost", Invariant::I1, |story| {
            doubtful(story, "ann", "k1", "hello");
            let seen = [message(1, "k1", "ann", "hello")];
            story.done("ben", latest(), page("ben", &seen));
            rest(story);
            story.dump(vec![]);
        }),
        broken("i02-refused-and-there", Invariant::I2, |story| {
            let op = story.invoke("ann", send("k1", "hello"));
            story.fail(op, 503, "overloaded");
            ends_with(story, &[message(1, "k1", "ann", "hello")]);
        }),
        legal("i02-refused-and-accepted-later", |story| {
            let op = story.invoke("ann", send("k1", "hello"));
            story.fail(op, 503, "overloaded");
            sent(story, "ann", 1, "k1", "hello");
            ends_with(story, &[message(1, "k1", "ann", "hello")]);
        }),
    ]
}

fn identity() -> Vec<Golden> {
    vec![
        broken("i03-other-words", Invariant::I3, |story| {
            doubtful(story, "ann", "k1", "hello");
            ends_with(story, &[message(1, "k1", "ann", "goodbye")]);
        }),
        legal("i03-words-normalised", |story| {
            doubtful(story, "ann", "k1", "  one\r\ntwo ");
            ends_with(story, &[message(1, "k1", "ann", "one\ntwo")]);
        }),
        broken("i03-edited-by-another", Invariant::I3, |story| {
            sent(story, "ann", 1, "k1", "hello");
            let mut edited = message(1, "k1", "ann", "goodbye");
            edited["revision"] = json!(2);
            let edit = Call::Edit {
                conversation: "c1".to_owned(),
                seq: 1,
                revision: 1,
                text: "goodbye".to_owned(),
            };
            story.done("ben", edit, edited.clone());
            ends_with(story, &[edited]);
        }),
        broken("i04-retried-and-doubled", Invariant::I4, |story| {
            sent(story, "ann", 1, "k1", "hello");
            sent(story, "ann", 2, "k1", "hello");
            rest(story);
            story.dump(vec![row(1, "k1", "ann", "hello")]);
        }),
        legal("i04-retried", |story| {
            doubtful(story, "ann", "k1", "hello");
            sent(story, "ann", 1, "k1", "hello");
            sent(story, "ann", 1, "k1", "hello");
            rest(story);
            story.dump(vec![row(1, "k1", "ann", "hello")]);
        }),
        broken("i04-two-contents-accepted", Invariant::I4, |story| {
            sent(story, "ann", 1, "k1", "hello");
            let reply = message(1, "k1", "ann", "hello");
            story.done("ann", send("k1", "goodbye"), reply);
            ends_with(story, &[message(1, "k1", "ann", "hello")]);
        }),
        broken(
            "i16-acknowledged-with-another-time",
            Invariant::I16,
            |story| {
                let acknowledged = made_at(1, "k1", "2026-01-01T12:00:00.2Z");
                story.done("ann", send("k1", "hello"), acknowledged);
                ends_with(story, &[made_at(1, "k1", "2026-01-01T12:00:00.1Z")]);
            },
        ),
        legal("i16-one-moment-spelled-twice", |story| {
            let acknowledged = made_at(1, "k1", "2026-01-01T12:00:00.100Z");
            story.done("ann", send("k1", "hello"), acknowledged);
            ends_with(story, &[made_at(1, "k1", "2026-01-01T12:00:00.100000Z")]);
        }),
    ]
}

fn order() -> Vec<Golden> {
    vec![
        broken("i05-two-messages-in-one-place", Invariant::I5, |story| {
            doubtful(story, "ann", "k1", "hello");
            doubtful(story, "ann", "k2", "goodbye");
            let first = [message(1, "k1", "ann", "hello")];
            story.done("ben", latest(), page("ben", &first));
            ends_with(story, &[message(1, "k2", "ann", "goodbye")]);
        }),
        legal("i05-two-messages-in-turn", |story| {
            doubtful(story, "ann", "k1", "hello");
            doubtful(story, "ann", "k2", "goodbye");
            let second = message(2, "k1", "ann", "hello");
            ends_with(story, &[message(1, "k2", "ann", "goodbye"), second]);
        }),
        broken("i05-a-hole", Invariant::I5, |story| {
            doubtful(story, "ann", "k1", "hello");
            doubtful(story, "ann", "k2", "goodbye");
            let third = message(3, "k2", "ann", "goodbye");
            ends_with(story, &[message(1, "k1", "ann", "hello"), third]);
        }),
        broken("i06-inserted-late", Invariant::I6, |story| {
            doubtful(story, "ann", "k1", "hello");
            doubtful(story, "ann", "k2", "goodbye");
            let second = message(2, "k2", "ann", "goodbye");
            let mut early = page("ben", std::slice::from_ref(&second));
            early["conversation"]["unreadCount"] = json!(2);
            story.done("ben", latest(), early);
            ends_with(story, &[message(1, "k1", "ann", "hello"), second]);
        }),
        legal("i06-appended", |story| {
            doubtful(story, "ann", "k1", "hello");
            doubtful(story, "ann", "k2", "goodbye");
            let first = message(1, "k1", "ann", "hello");
            story.done("ben", latest(), page("ben", std::slice::from_ref(&first)));
            ends_with(story, &[first, message(2, "k2", "ann", "goodbye")]);
        }),
        broken("i07-later-and-before", Invariant::I7, |story| {
            sent(story, "ann", 2, "k1", "first");
            sent(story, "ben", 1, "k2", "second");
            rest(story);
            let rows = vec![row(1, "k2", "ben", "second"), row(2, "k1", "ann", "first")];
            story.dump(rows);
        }),
        legal("i07-tried-first-and-retried", |story| {
            // The attempt that nobody answered may have been the one that was stored.
            doubtful(story, "ben", "k2", "second");
            sent(story, "ann", 2, "k1", "first");
            sent(story, "ben", 1, "k2", "second");
            rest(story);
            let rows = vec![row(1, "k2", "ben", "second"), row(2, "k1", "ann", "first")];
            story.dump(rows);
        }),
    ]
}

fn deletion() -> Vec<Golden> {
    let delete = || Call::Delete {
        conversation: "c1".to_owned(),
        seq: 1,
    };
    vec![
        broken("i17-shown-after-deletion", Invariant::I17, move |story| {
            sent(story, "ann", 1, "k1", "hello");
            story.done("ann", delete(), deleted(1, "k1", "ann"));
            let search = Call::Search {
                q: "hello".to_owned(),
                conversation: None,
            };
            let found = json!({"items": [{"message": message(1, "k1", "ann", "hello")}]});
            story.done("ben", search, found);
            ends_with(story, &[deleted(1, "k1", "ann")]);
        }),
        legal("i17-shown-while-it-is-deleted", move |story| {
            sent(story, "ann", 1, "k1", "hello");
            let look = story.invoke("ben", latest());
            story.done("ann", delete(), deleted(1, "k1", "ann"));
            story.ok(look, page("ben", &[message(1, "k1", "ann", "hello")]));
            ends_with(story, &[deleted(1, "k1", "ann")]);
        }),
        broken("i17-found-after-deletion", Invariant::I17, move |story| {
            sent(story, "ann", 1, "k1", "hello");
            story.done("ann", delete(), deleted(1, "k1", "ann"));
            let search = Call::Search {
                q: "hello".to_owned(),
                conversation: None,
            };
            let found = json!({"items": [{"message": deleted(1, "k1", "ann")}]});
            story.done("ben", search, found);
            ends_with(story, &[deleted(1, "k1", "ann")]);
        }),
        broken("i17-kept-in-the-database", Invariant::I17, move |story| {
            sent(story, "ann", 1, "k1", "hello");
            story.done("ann", delete(), deleted(1, "k1", "ann"));
            rest(story);
            let mut kept = row(1, "k1", "ann", "hello");
            kept.revision = 2;
            kept.deleted = true;
            story.dump(vec![kept]);
        }),
    ]
}
