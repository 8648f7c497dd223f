//! Runs of events beside the single ones that were before: moved from one to the other, and written by both.

use diesel::connection::SimpleConnection as _;
use messaging_domain::{ClientId, Position};

use super::{alone, open, prepared_on_both, recalling, user, words};
use crate::{
    batch::LastSeen,
    connection::Conn,
    fresh::{Fresh, Kind},
    log, migrations,
};

/// Each event by itself, as whoever knows nothing of runs sees it.
fn singly(fresh: &Fresh) -> Vec<String> {
    let id = match fresh.kind {
        Kind::Postgres => "conversation_id",
        Kind::Sqlite => "hex(conversation_id)",
    };
    fresh.raw().texts(&format!(
        "SELECT user_id || ' ' || position || ' ' || kind || ' ' || {id} || ' ' || seq AS value
         FROM events ORDER BY user_id, position"
    ))
}

fn has_runs(fresh: &Fresh) -> bool {
    let tables = match fresh.kind {
        Kind::Postgres => "SELECT relname AS value FROM pg_class",
        Kind::Sqlite => "SELECT name AS value FROM sqlite_master",
    };
    let named = format!("SELECT value FROM ({tables}) tables WHERE value = 'event_runs'");
    !fresh.raw().texts(&named).is_empty()
}

/// How many events somebody has, each in its place wherever one begins to read.
fn read(conn: &mut Conn, person: &str) -> i64 {
    let mut after = |since: i64| {
        let run = log::read(conn, &user(person), Position::new(since), 1_000);
        let told = run.ok().unwrap().deliveries(&user(person), &[].into());
        for (told, expected) in told.iter().zip(since + 1..) {
            assert_eq!(told.position.get(), expected);
        }
        i64::try_from(told.len()).unwrap()
    };
    let all = after(0);
    for since in 1..=all {
        assert_eq!(after(since), all - since);
    }
    all
}

#[test]
fn events_become_runs_and_single_ones_again() {
    for (fresh, mut conn) in prepared_on_both() {
        let ann = open(&mut conn);
        for _ in 0..40 {
            alone(
                &mut conn,
                &ann.write(ClientId::new(), words("hello")).unwrap(),
            );
        }
        let before = singly(&fresh);
        // Both have been told of the conversation, too.
        assert_eq!(before.len(), 82);
        for _ in 0..2 {
            while has_runs(&fresh) {
                migrations::revert_latest(&mut conn).unwrap();
            }
            assert_eq!(singly(&fresh), before);
            migrations::run(&mut conn).unwrap();
            assert_eq!(singly(&fresh), before);
            for person in ["ann", "bob"] {
                assert_eq!(read(&mut conn, person), 41);
            }
        }
        alone(
            &mut conn,
            &ann.write(ClientId::new(), words("hello")).unwrap(),
        );
        assert_eq!(read(&mut conn, "bob"), 42);
    }
}

#[test]
fn whoever_knows_nothing_of_runs_adds_events_to_them() {
    for (fresh, mut conn) in prepared_on_both() {
        let ann = open(&mut conn);
        let mut last_seen = LastSeen::new(false);
        let mut expected = 1;
        for round in 0..40 {
            let draft = ann.write(ClientId::new(), words("hello")).unwrap();
            recalling(&mut conn, &mut last_seen, &draft);
            let number = 1 + round % 3;
            // As it was said before there were runs.
            conn.batch_execute(&match fresh.kind {
                Kind::Postgres => format!(
                    "WITH grown AS (UPDATE streams SET head = head + {number} WHERE user_id = 'bob' RETURNING *)
                     INSERT INTO events (user_id, position, kind, conversation_id, seq, created_at)
                     SELECT user_id, head - {number} + n, 4, (SELECT id FROM conversations), 0, now()
                     FROM grown CROSS JOIN generate_series(1, {number}) n"
                ),
                Kind::Sqlite => "UPDATE streams SET head = head + 1 WHERE user_id = 'bob';
                     INSERT INTO events (user_id, position, kind, conversation_id, seq, created_at)
                     SELECT user_id, head, 4, (SELECT id FROM conversations), 0, 1 FROM streams WHERE user_id = 'bob';"
                    .repeat(usize::try_from(number).unwrap()),
            })
            .unwrap();
            expected += 1 + number;
            assert_eq!(read(&mut conn, "bob"), expected);
            // They forget nothing, either.
            conn.batch_execute("DELETE FROM events WHERE user_id = 'bob'")
                .unwrap();
            let bob = singly(&fresh)
                .iter()
                .filter(|event| event.starts_with("bob"))
                .count();
            assert_eq!(i64::try_from(bob), Ok(expected));
        }
        assert_eq!(read(&mut conn, "ann"), 41);
    }
}
