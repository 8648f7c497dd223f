//! That statements are prepared once.

use std::sync::{Arc, Mutex};

use diesel::{
    connection::{Instrumentation, InstrumentationEvent},
    prelude::*,
    sql_query,
    sql_types::Text,
};
use messaging_domain::{ClientId, Cursor, InboxCursor, Position, Revision, Seq, Timestamp, Window};

use super::{Run, alone, asking, open, prepared, recalling, seat, user, words};
use crate::{batch::LastSeen, connection::Conn, conversations, directory, fresh::Kind, inbox, log};

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

fn prepared_statements(conn: &mut Conn) -> Vec<String> {
    let Conn::Postgres(conn) = conn else {
        return Vec::new();
    };
    let lines: Vec<Line> =
        sql_query("SELECT statement AS line FROM pg_prepared_statements ORDER BY 1")
            .load(conn)
            .unwrap();
    lines.into_iter().map(|line| line.line).collect()
}

#[test]
fn postgres_prepares_each_statement_of_the_write_path_once() {
    let Some((_fresh, mut conn)) = prepared(Kind::Postgres) else {
        return;
    };
    let ann = open(&mut conn);
    let id = ann.conversation();
    let bob = seat(&mut conn, id, "bob");
    let round = |conn: &mut Conn, n: i64| {
        let draft = ann.write(ClientId::new(), words("hello")).unwrap();
        let seq = alone(conn, &draft).message.seq;
        alone(conn, &draft);
        alone(conn, &bob.advance(Cursor::Read, seq));
        let edit = ann.edit(seq, Revision::new(1), words("there"));
        alone(conn, &edit.unwrap());
        alone(conn, &ann.delete(seq));
        let muted = messaging_domain::Settings {
            muted: Some(n % 2 == 0),
            ..messaging_domain::Settings::default()
        };
        alone(conn, &bob.set(muted));
        let mut last_seen = LastSeen::new(false);
        for cursor in [Cursor::Delivered, Cursor::Read] {
            let draft = ann.write(ClientId::new(), words("hello")).unwrap();
            let seq = recalling(conn, &mut last_seen, &draft).message.seq;
            recalling(conn, &mut last_seen, &bob.advance(cursor, seq));
        }
    };
    round(&mut conn, 1);
    let once = prepared_statements(&mut conn);
    let named = once.join("\n");
    for statement in [
        "FOR UPDATE",
        "INSERT INTO messages",
        "INSERT INTO event_runs",
        "UPDATE conversations",
        "UPDATE streams",
        "m.client_id = s.client_id",
    ] {
        assert!(
            named.contains(statement),
            "{statement} is prepared anew each time:\n{named}"
        );
    }
    for n in 2..=30 {
        round(&mut conn, n);
    }
    assert_eq!(prepared_statements(&mut conn), once);
}

/// SQLite parses a statement with a bound LIMIT anew whenever it is used, cached or not.
#[test]
fn sqlite_parses_each_statement_of_a_message_once() {
    #[derive(Clone, Default)]
    struct Listener {
        kept: Arc<Mutex<Vec<String>>>,
        run: Arc<Mutex<Vec<String>>>,
    }
    impl Instrumentation for Listener {
        fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
            match event {
                InstrumentationEvent::CacheQuery { sql, .. } => {
                    self.kept.lock().unwrap().push(sql.to_owned());
                }
                InstrumentationEvent::StartQuery { query, .. } => {
                    self.run.lock().unwrap().push(query.to_string());
                }
                _ => {}
            }
        }
    }
    let (_fresh, mut conn) = prepared(Kind::Sqlite).unwrap();
    let listener = Listener::default();
    conn.set_instrumentation(listener.clone());
    let ann = open(&mut conn);
    let bob = seat(&mut conn, ann.conversation(), "bob");
    let round = |conn: &mut Conn, n: i64| {
        let draft = ann.write(ClientId::new(), words("hello")).unwrap();
        alone(conn, &draft);
        alone(conn, &draft);
        alone(conn, &bob.advance(Cursor::Delivered, Seq::new(n)));
        let mut last_seen = LastSeen::new(false);
        recalling(
            conn,
            &mut last_seen,
            &bob.advance(Cursor::Read, Seq::new(n)),
        );
        // Once read, once recalled.
        for _ in 0..2 {
            let draft = ann.write(ClientId::new(), words("hello")).unwrap();
            recalling(conn, &mut last_seen, &draft);
        }
    };
    round(&mut conn, 1);
    listener.run.lock().unwrap().clear();
    round(&mut conn, 2);
    let kept = listener.kept.lock().unwrap().join("\n");
    let run = listener.run.lock().unwrap();
    assert!(run.iter().any(|sql| sql.contains("UPDATE streams")));
    assert!(run.iter().any(|sql| sql.contains("UPDATE conversations")));
    for query in run.iter() {
        let sql = query.split(" -- binds").next().unwrap_or_default();
        if matches!(sql, "BEGIN" | "COMMIT") {
            continue;
        }
        assert!(kept.contains(sql), "{sql} is parsed anew each time");
        assert!(!sql.contains("LIMIT ?"), "{sql} is parsed anew each time");
    }
}

#[test]
fn postgres_prepares_what_is_read_often_once() {
    let Some((_fresh, mut conn)) = prepared(Kind::Postgres) else {
        return;
    };
    let seat = open(&mut conn);
    alone(
        &mut conn,
        &seat.write(ClientId::new(), words("hello")).unwrap(),
    );
    let (ann, id) = (user("ann"), seat.conversation());
    let later = InboxCursor {
        last_activity_at: Timestamp::now(),
        id,
    };
    let reads: [(usize, Run<'_>); 7] = [
        (1, &|conn| {
            log::stream(conn, &ann).map(drop).unwrap();
        }),
        (2, &|conn| {
            log::read(conn, &ann, Position::ZERO, 10).map(drop).unwrap();
        }),
        (1, &|conn| {
            drop(conversations::latest_one(conn, id).unwrap());
        }),
        (1, &|conn| {
            drop(conversations::window(conn, id, Window::Latest, 50).unwrap());
        }),
        (1, &|conn| {
            drop(inbox::page(conn, &ann, &asking(None, None)).unwrap());
        }),
        (1, &|conn| {
            drop(inbox::page(conn, &ann, &asking(Some(later), None)).unwrap());
        }),
        // Opening a conversation has prepared it already.
        (0, &|conn| {
            drop(directory::known_of(conn, &[user("ann"), user("bob")]).unwrap());
        }),
    ];
    for (expected, read) in reads {
        let before = prepared_statements(&mut conn);
        for _ in 0..5 {
            read(&mut conn);
        }
        let mut new = prepared_statements(&mut conn);
        new.retain(|statement| !before.contains(statement));
        assert_eq!(new.len(), expected, "{new:?}");
    }
    let all = prepared_statements(&mut conn).join("\n");
    assert!(all.contains(r#""users"."id" = ANY($1)"#), "{all}");
}
