//! Which indexes the databases use.

use std::sync::{Arc, Mutex};

use diesel::{
    connection::{Instrumentation, InstrumentationEvent, SimpleConnection},
    prelude::*,
    sql_query,
    sql_types::Text,
};
use messaging_domain::{
    ClientId, InboxCursor, Opening, Position, SearchQuery, SearchRequest, Seat, Seq, Timestamp,
    Window,
};

use super::{Run, asking, open, prepared, prepared_on_both, user};
use crate::{
    acts::Act,
    batch::{Batch, Scope},
    bulk,
    connection::{self, Conn, DatabaseUrl, Purpose},
    conversations,
    fresh::{Fresh, Kind, Raw},
    inbox, log, search,
};

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
                "SET plan_cache_mode = force_generic_plan; PREPARE asked {types} AS {sql}"
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

/// Whether no index is read whole on PostgreSQL, which is no better than a table; that of `instance` has one row.
fn goes_by_keys(plan: &str) -> bool {
    let lines: Vec<&str> = plan.lines().collect();
    lines.windows(2).all(|pair| {
        !pair[0].contains("Index Scan")
            || pair[0].contains("instance")
            || pair[1].contains("Index Cond")
    })
}

/// Enough rows that an index is worth its while.
fn fill(fresh: &Fresh, seat: &Seat) {
    let id = seat.conversation();
    let mut raw = fresh.raw();
    match raw {
        Raw::Postgres(_) => raw.run(&format!(
            "INSERT INTO users (id, display_name, search_name, created_at) SELECT 'u' || n, '', '', now() FROM generate_series(1, 3000) n;
             INSERT INTO streams (user_id, head, unread_messages, unread_conversations) SELECT 'u' || n, 0, 0, 0 FROM generate_series(1, 3000) n;
             INSERT INTO conversations SELECT gen_random_uuid(), NULL, CASE WHEN n % 2 = 0 THEN 'ann' ELSE 'u' || n END,
                 CASE WHEN n % 2 = 0 THEN 'u' || n ELSE 'ann' END, now(), now() + n * interval '1 s', 0, false,
                 0, 0, 0, false, false, false, 0, 0, 0, false, false, false FROM generate_series(1, 3000) n;
             INSERT INTO messages SELECT '{id}', n, 1, gen_random_uuid(), 'ann', 'text', 'x', NULL, now(), NULL, NULL,
                 array_to_tsvector(ARRAY['w' || n, '_616e6e', '_626f62']) FROM generate_series(1, 5000) n;
             INSERT INTO event_runs SELECT 'ann', 16 * n, now(), '' FROM generate_series(1, 5000) n;
             UPDATE streams SET head = 80000 WHERE user_id = 'ann'"
        )),
        // Without statistics its planner takes the index that fits best.
        Raw::Sqlite(_) => raw.run("UPDATE streams SET head = 80000 WHERE user_id = 'ann'"),
    }
}

/// The same, and the planner knows of it.
fn fill_and_analyse(fresh: &Fresh, seat: &Seat) {
    fill(fresh, seat);
    if fresh.kind == Kind::Postgres {
        fresh.raw().run("ANALYZE");
    }
}

/// Each database with many rows, a reading connection to it, and a place that has some of them.
fn filled() -> impl Iterator<Item = (Fresh, Conn, Seat)> {
    prepared_on_both().map(|(fresh, mut conn)| {
        let seat = open(&mut conn);
        fill_and_analyse(&fresh, &seat);
        let url = DatabaseUrl::parse(&fresh.url).unwrap();
        let reader = connection::connect(&url, Purpose::Read).unwrap();
        (fresh, reader, seat)
    })
}

#[test]
fn an_inbox_is_read_by_whole_slots_of_its_index() {
    for (_fresh, mut conn, seat) in filled() {
        let ann = user("ann");
        let cursor = InboxCursor {
            last_activity_at: Timestamp::now(),
            id: seat.conversation(),
        };
        for after in [None, Some(cursor)] {
            let asked = statements(&mut conn, |conn| {
                inbox::page(conn, &ann, &asking(after, None))
                    .map(drop)
                    .unwrap();
            });
            let plans: String = asked.iter().map(|sql| plan(&mut conn, sql, "")).collect();
            // One look for where the page ends, and one for its rows; only those are sorted.
            for index in ["conversations_buyer_inbox", "conversations_seller_inbox"] {
                assert_eq!(plans.matches(index).count(), 2, "{asked:?}\n{plans}");
            }
            let count = |words: [&str; 2]| -> usize {
                words.iter().map(|word| plans.matches(word).count()).sum()
            };
            let bound = count(["activity_slot >= COALESCE", "activity_slot>?"]);
            let sorted = count(["Sort Key", "TEMP B-TREE"]);
            assert_eq!((bound, sorted), (2, 2), "{asked:?}\n{plans}");
        }
    }
}

/// As it is until the database finds the time: there is no order of costs to go by where all plans are dear.
#[test]
fn inboxes_and_events_are_read_by_index_where_nobody_has_analysed_anything() {
    let Some((fresh, mut conn)) = prepared(Kind::Postgres) else {
        return;
    };
    let seat = open(&mut conn);
    fill(&fresh, &seat);
    let url = DatabaseUrl::parse(&fresh.url).unwrap();
    let mut reader = connection::connect(&url, Purpose::Read).unwrap();
    let asked = statements(&mut reader, |conn| {
        drop(inbox::page(conn, &user("ann"), &asking(None, None)).unwrap());
        drop(log::read(conn, &user("ann"), Position::new(79_999), 100));
        let places = [(seat.conversation(), Seq::new(1))].into();
        drop(bulk::find_places(conn, &places).unwrap());
    });
    for sql in asked {
        let types = if sql.contains("unnest") {
            "(uuid[], bigint[])"
        } else {
            ""
        };
        let plan = plan(&mut reader, &sql, types);
        assert!(
            !plan.contains("Seq Scan") && !plan.contains("Join Filter"),
            "{plan}"
        );
        assert!(goes_by_keys(&plan), "{sql}\n{plan}");
    }
}

#[test]
fn all_of_a_person_s_conversations_are_found_without_those_of_others() {
    for (_fresh, mut conn, _seat) in filled() {
        let asked = statements(&mut conn, |conn| {
            conversations::all_of(conn, &user("ann")).map(drop).unwrap();
        });
        for sql in asked {
            let plan = plan(&mut conn, &sql, "");
            assert!(plan.contains("conversations_seller_inbox"), "{plan}");
            for whole in ["conversations_pkey", "autoindex_conversations", "SCAN"] {
                assert!(!plan.contains(whole), "{plan}");
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
    for (fresh, mut conn) in prepared_on_both() {
        let seat = open(&mut conn);
        fill_and_analyse(&fresh, &seat);
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
                "event_runs_pkey",
                "SEARCH event_runs USING PRIMARY KEY (user_id=? AND last_position>?)",
                &|conn| {
                    // There is nothing in these runs.
                    assert!(log::read(conn, &ann, Position::ZERO, 100).is_err());
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
                    inbox::page(conn, &ann, &asking(None, Some(filter)))
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
                assert!(goes_by_keys(plan), "{asked:?}\n{plan}");
            }
        }
    }
}
