//! Tests that need a transaction in their hands: acts that meet in one batch, which indexes the
//! databases use, and that PostgreSQL prepares each statement of the write path once.

use std::sync::{Arc, Mutex};

use diesel::{
    connection::{Instrumentation, InstrumentationEvent, SimpleConnection},
    prelude::*,
    sql_query,
    sql_types::Text,
};
use messaging_domain::{
    ClientId, Content, ConversationId, Cursor, InboxCursor, InboxQuery, Opening, Position,
    Revision, SearchQuery, SearchRequest, Seat, Seq, Text as Words, Timestamp, UserId, Window,
};

use crate::{
    acts::{Act, Farewell},
    batch::{Batch, Scope},
    bulk,
    connection::{self, Conn, DatabaseUrl, Purpose},
    conversations, directory,
    failure::Halt,
    fresh::{Fresh, Kind, Raw},
    log, migrations, search,
};

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn words(words: &str) -> Content {
    Content::Text(Words::parse(words).unwrap())
}

/// A database with its tables, Ann and Bob.
fn prepared(kind: Kind) -> Option<(Fresh, Conn)> {
    let fresh = Fresh::new(kind)?;
    let url = DatabaseUrl::parse(&fresh.url).unwrap();
    let mut conn = connection::connect(&url, Purpose::Write).unwrap();
    migrations::run(&mut conn).unwrap();
    migrations::epoch(&mut conn).unwrap();
    for id in ["ann", "bob"] {
        directory::insert_user(&mut conn, &user(id), id, None, Timestamp::now()).unwrap();
    }
    Some((fresh, conn))
}

/// Does acts in one transaction, as the writer does.
fn together<T>(
    conn: &mut Conn,
    scopes: &[&dyn Fn(&mut Scope)],
    decide: impl FnOnce(&mut Batch<'_>) -> Result<T, Halt>,
) -> T {
    conn.batch_execute("BEGIN").unwrap();
    let mut scope = Scope::default();
    for name in scopes {
        name(&mut scope);
    }
    let mut batch = Batch::load(
        conn,
        &scope,
        Timestamp::now(),
        &crate::messages::Digests::new(&[]),
    )
    .unwrap();
    let answer = decide(&mut batch).unwrap();
    batch.store().unwrap();
    conn.batch_execute("COMMIT").unwrap();
    answer
}

fn alone<A: Act>(conn: &mut Conn, act: &A) -> A::Answer {
    together(conn, &[&|scope| act.scope(scope)], |batch| {
        act.decide(batch)
    })
}

fn open(conn: &mut Conn) -> Seat {
    let opening = Opening::new(user("ann"), user("bob"), None, None).unwrap();
    let id = alone(conn, &opening).conversation.id;
    seat(conn, id, "ann")
}

fn seat(conn: &mut Conn, id: ConversationId, person: &str) -> Seat {
    let participants = conversations::participants(conn, id).unwrap().unwrap();
    participants.seat_of(&user(person)).unwrap()
}

#[test]
fn a_message_sent_in_the_same_batch_as_its_authors_erasure_is_deleted_too() {
    for (fresh, mut conn) in [Kind::Sqlite, Kind::Postgres]
        .into_iter()
        .filter_map(prepared)
    {
        let ann = open(&mut conn);
        let first = ann.write(ClientId::new(), words("first")).unwrap();
        alone(&mut conn, &first);
        let second = ann.write(ClientId::new(), words("second")).unwrap();
        let farewell = Farewell {
            conversation: ann.conversation(),
            user: user("ann"),
            fate: messaging_domain::MessagesFate::Delete,
        };
        let more = together(
            &mut conn,
            &[&|scope| second.scope(scope), &|scope| farewell.scope(scope)],
            |batch| {
                second.decide(batch)?;
                farewell.decide(batch)
            },
        );
        assert!(!more);
        let bodies = fresh.raw().texts("SELECT body AS value FROM messages");
        assert_eq!(bodies, ["", ""]);
    }
}

/// The statements that something runs, without their values.
fn statements(conn: &mut Conn, run: impl FnOnce(&mut Conn)) -> Vec<String> {
    #[derive(Clone, Default)]
    struct Listener(Arc<Mutex<Vec<String>>>);
    impl Instrumentation for Listener {
        fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                let text = query.to_string();
                let sql = text.split(" -- binds").next().unwrap_or_default();
                self.0.lock().unwrap().push(sql.to_owned());
            }
        }
    }
    let listener = Listener::default();
    conn.set_instrumentation(listener.clone());
    run(conn);
    conn.set_instrumentation(None::<Box<dyn Instrumentation>>);
    let heard = listener.0.lock().unwrap();
    heard.clone()
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// How the database would go about a statement, whatever its values are.
fn plan(conn: &mut Conn, sql: &str, types: &str) -> String {
    let lines: Vec<String> = match conn {
        Conn::Postgres(conn) => {
            #[derive(QueryableByName)]
            struct Plan {
                #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
                line: String,
            }
            let count = (1..100)
                .take_while(|n| sql.contains(&format!("${n}")))
                .count();
            let nulls = vec!["NULL"; count].join(", ");
            let call = if count == 0 {
                String::new()
            } else {
                format!("({nulls})")
            };
            conn.batch_execute(&format!(
                "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; PREPARE asked {types} AS {sql}"
            ))
            .unwrap();
            let plan: Vec<Plan> = sql_query(format!("EXPLAIN EXECUTE asked{call}"))
                .load(conn)
                .unwrap();
            conn.batch_execute("DEALLOCATE asked").unwrap();
            plan.into_iter().map(|plan| plan.line).collect()
        }
        Conn::Sqlite(conn) => {
            #[derive(QueryableByName)]
            struct Plan {
                #[diesel(sql_type = Text)]
                detail: String,
            }
            let plan: Vec<Plan> = sql_query(format!("EXPLAIN QUERY PLAN {sql}"))
                .load(conn)
                .unwrap();
            plan.into_iter().map(|plan| plan.detail).collect()
        }
    };
    lines.join("\n")
}

fn inbox(after: Option<InboxCursor>, filter: Option<SearchQuery>) -> InboxQuery {
    InboxQuery {
        archived: false,
        filter,
        after,
        limit: 20,
    }
}

/// Something that reads.
type Run<'a> = &'a dyn Fn(&mut Conn);

/// Enough rows that an index is worth its while.
fn fill(fresh: &Fresh, seat: &Seat) {
    let id = seat.conversation();
    let mut raw = fresh.raw();
    match raw {
        Raw::Postgres(_) => raw.run(&format!(
            "INSERT INTO users (id, display_name, search_name, created_at) SELECT 'u' || n, '', '', now() FROM generate_series(1, 3000) n;
             INSERT INTO streams SELECT 'u' || n, 0, 0, 0 FROM generate_series(1, 3000) n;
             INSERT INTO conversations SELECT gen_random_uuid(), NULL, CASE WHEN n % 2 = 0 THEN 'ann' ELSE 'u' || n END,
                 CASE WHEN n % 2 = 0 THEN 'u' || n ELSE 'ann' END, now(), now() + n * interval '1 s', 0, false,
                 0, 0, 0, false, false, false, 0, 0, 0, false, false, false FROM generate_series(1, 3000) n;
             INSERT INTO messages SELECT '{id}', n, 1, gen_random_uuid(), 'ann', 'text', 'x', NULL, now(), NULL, NULL,
                 array_to_tsvector(ARRAY['w' || n, '_616e6e', '_626f62']) FROM generate_series(1, 5000) n;
             INSERT INTO events SELECT 'ann', n, 1, '{id}', n, now() FROM generate_series(2, 5000) n;
             ANALYZE"
        )),
        // Without statistics its planner takes the index that fits best.
        Raw::Sqlite(_) => {}
    }
}

#[test]
fn an_inbox_is_read_by_index_in_its_order() {
    for (fresh, mut conn) in [Kind::Sqlite, Kind::Postgres]
        .into_iter()
        .filter_map(prepared)
    {
        let seat = open(&mut conn);
        fill(&fresh, &seat);
        let ann = user("ann");
        let cursor = InboxCursor {
            last_activity_at: Timestamp::now(),
            id: seat.conversation(),
        };
        for after in [None, Some(cursor)] {
            let asked = statements(&mut conn, |conn| {
                conversations::inbox(conn, &ann, &inbox(after, None))
                    .map(drop)
                    .unwrap();
            });
            for (sql, index) in asked
                .iter()
                .zip(["conversations_buyer_inbox", "conversations_seller_inbox"])
            {
                let plan = plan(&mut conn, sql, "");
                assert!(plan.contains(index), "{sql}\n{plan}");
                // In the index's order, with nothing to be sorted but those of one moment.
                assert!(!plan.contains("TEMP B-TREE"), "{sql}\n{plan}");
                assert!(!plan.contains("Sort Key"), "{sql}\n{plan}");
            }
        }
    }
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one line for each index, as rustfmt sees it"
)]
fn what_is_read_often_is_read_by_index() {
    for (fresh, mut conn) in [Kind::Sqlite, Kind::Postgres]
        .into_iter()
        .filter_map(prepared)
    {
        let seat = open(&mut conn);
        fill(&fresh, &seat);
        let (ann, id) = (user("ann"), seat.conversation());
        let is_sqlite = fresh.kind == Kind::Sqlite;
        let find = SearchRequest {
            query: SearchQuery::parse("two words").unwrap(),
            conversation: None,
            after: None,
            limit: 20,
        };
        let runs: [(&str, &str, Run<'_>); 8] = [
            ("messages_pkey", "sqlite_autoindex_messages_1", &|conn| {
                conversations::window(conn, id, Window::Latest, 50)
                    .map(drop)
                    .unwrap();
            }),
            (
                "events_pkey",
                "SEARCH events USING PRIMARY KEY (user_id=? AND position>?)",
                &|conn| {
                    log::read(conn, &ann, Position::ZERO, 100)
                        .map(drop)
                        .unwrap();
                },
            ),
            (
                "streams_pkey",
                "SEARCH streams USING PRIMARY KEY (user_id=?)",
                &|conn| {
                    log::stream(conn, &ann).map(drop).unwrap();
                },
            ),
            (
                "messages_sender_id_client_id_key",
                "sqlite_autoindex_messages_2",
                &|conn| {
                    let asked = [(ann.clone(), ClientId::new())].into_iter().collect();
                    bulk::find_sent(conn, &asked).map(drop).unwrap();
                },
            ),
            (
                "messages_terms",
                "SCAN message_terms VIRTUAL TABLE INDEX",
                &|conn| {
                    search::find(conn, &ann, &find).map(drop).unwrap();
                },
            ),
            (
                "conversations_pkey",
                "sqlite_autoindex_conversations_1",
                &|conn| {
                    conversations::latest_one(conn, id).map(drop).unwrap();
                },
            ),
            ("conversations_pair", "conversations_pair", &|conn| {
                let opening = Opening::new(user("ann"), user("bob"), None, None).unwrap();
                let mut scope = Scope::default();
                opening.scope(&mut scope);
                Batch::load(
                    conn,
                    &scope,
                    Timestamp::now(),
                    &crate::messages::Digests::new(&[]),
                )
                .map(drop)
                .unwrap();
            }),
            (
                "messages_terms",
                "message_terms VIRTUAL TABLE INDEX",
                &|conn| {
                    let filter = SearchQuery::parse("velo").unwrap();
                    conversations::inbox(conn, &ann, &inbox(None, Some(filter)))
                        .map(drop)
                        .unwrap();
                },
            ),
        ];
        for (postgres, sqlite, run) in runs {
            let asked = statements(&mut conn, run);
            let index = if is_sqlite { sqlite } else { postgres };
            let types = if asked.iter().any(|sql| sql.contains("unnest")) {
                "(text[], uuid[])"
            } else {
                ""
            };
            let plans: Vec<String> = asked
                .iter()
                .filter(|sql| sql.starts_with("SELECT") && !sql.contains("pg_advisory"))
                .map(|sql| plan(&mut conn, sql, types))
                .collect();
            assert!(
                plans.iter().any(|plan| plan.contains(index)),
                "{index}\n{asked:?}\n{plans:?}"
            );
            for plan in &plans {
                // `instance` has one row.
                let scans = plan.lines().any(|line| {
                    let of_sqlite = line.starts_with("SCAN ")
                        && !line.contains("VIRTUAL")
                        && !line.contains("USING");
                    (of_sqlite || line.contains("Seq Scan")) && !line.contains("instance")
                });
                assert!(!scans, "{asked:?}\n{plan}");
            }
        }
    }
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
        let message = alone(conn, &draft).message;
        alone(conn, &draft);
        assert_eq!(message.seq, Seq::new(n));
        alone(conn, &bob.advance(Cursor::Read, Seq::new(n)));
        let edit = ann.edit(Seq::new(n), Revision::new(1), words("there"));
        alone(conn, &edit.unwrap());
        alone(conn, &ann.delete(Seq::new(n)));
        let muted = messaging_domain::Settings {
            muted: Some(n % 2 == 0),
            ..messaging_domain::Settings::default()
        };
        alone(conn, &bob.set(muted));
    };
    round(&mut conn, 1);
    let once = prepared_statements(&mut conn);
    let named = once.join("\n");
    for statement in [
        "FOR UPDATE",
        "INSERT INTO messages",
        "INSERT INTO events",
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
    let reads: [(usize, Run<'_>); 6] = [
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
        (2, &|conn| {
            drop(conversations::inbox(conn, &ann, &inbox(None, None)).unwrap());
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
