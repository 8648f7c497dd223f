//! The tables as the databases describe them: what `schema.rs` says, and what the code relies on.

use std::collections::BTreeSet;

use crate::stage::Stage;

on_both![
    the_tables_are_those_of_the_schema,
    every_foreign_key_says_what_a_deletion_does_and_has_an_index,
    what_must_be_one_is_kept_one_by_a_key,
];

/// `table.column type null?` of each column that Diesel knows.
fn schema(is_postgres: bool) -> BTreeSet<String> {
    let mut columns = BTreeSet::new();
    let mut table = "";
    for line in include_str!("../../src/schema.rs").lines().map(str::trim) {
        if let Some(name) = line
            .strip_suffix(") {")
            .and_then(|line| line.split_once(" ("))
        {
            table = name.0;
        } else if let Some((column, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            if line.starts_with("diesel::joinable!") {
                continue;
            }
            let inner = kind
                .strip_prefix("Nullable<")
                .map(|kind| kind.trim_end_matches('>'));
            let null = if inner.is_some() { "YES" } else { "NO" };
            let [postgres, sqlite] = match inner.unwrap_or(kind) {
                "Text" => ["text", "TEXT"],
                "Uuid" => ["uuid", "BLOB"],
                "Timestamptz" => ["timestamp with time zone", "INTEGER"],
                "BigInt" => ["bigint", "INTEGER"],
                "SmallInt" => ["smallint", "INTEGER"],
                "Bool" => ["boolean", "INTEGER"],
                "Binary" => ["bytea", "BLOB"],
                other => panic!("a type that this test does not know: {other}"),
            };
            let kind = if is_postgres { postgres } else { sqlite };
            columns.insert(format!("{table}.{column} {kind} {null}"));
        }
    }
    assert!(columns.len() > 60, "{columns:?}");
    columns
}

async fn the_tables_are_those_of_the_schema(stage: &Stage) {
    let sql = if stage.is_postgres() {
        "SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable AS value
         FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
         WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
    } else {
        "SELECT m.name || '.' || c.name || ' ' || c.type || CASE WHEN c.\"notnull\" OR c.pk THEN ' NO' ELSE ' YES' END AS value
         FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'message_terms%'"
    };
    let mut found: BTreeSet<String> = stage.raw().texts(sql).into_iter().collect();
    found.retain(|column| !column.starts_with("__diesel_schema_migrations"));
    // What each database needs for its full-text search, and Diesel is not told of.
    let own = if stage.is_postgres() {
        "messages.terms tsvector NO"
    } else {
        "messages.pk INTEGER NO"
    };
    assert!(found.remove(own));
    assert_eq!(found, schema(stage.is_postgres()));
}

async fn every_foreign_key_says_what_a_deletion_does_and_has_an_index(stage: &Stage) {
    let (all, mute, slow) = if stage.is_postgres() {
        let key = "SELECT c.conrelid::regclass || '.' || a.attname AS value FROM pg_constraint c
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
             WHERE c.contype = 'f'";
        (
            key.to_owned(),
            format!("{key} AND c.confdeltype = 'a'"),
            format!(
                "{key} AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])"
            ),
        )
    } else {
        let key = "SELECT m.name || '.' || f.\"from\" AS value
             FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
        (
            key.to_owned(),
            format!("{key} AND f.on_delete = 'NO ACTION'"),
            format!(
                "{key} AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name) l, pragma_index_info(l.name) i
                 WHERE i.seqno = 0 AND i.name = f.\"from\")"
            ),
        )
    };
    let mut raw = stage.raw();
    let all: BTreeSet<String> = raw.texts(&all).into_iter().collect();
    let mut expected = BTreeSet::from([
        "accounts.user_id",
        "blocks.blocked_id",
        "blocks.blocker_id",
        "conversations.buyer_id",
        "conversations.seller_id",
        "logins.user_id",
        "refresh_tokens.login_id",
        "streams.user_id",
    ]);
    if !stage.is_postgres() {
        // There a look-up costs a round trip inside the server for each message.
        expected.insert("messages.conversation_id");
    }
    assert!(all.iter().eq(expected), "{all:?}");
    assert_eq!(raw.texts(&mute), Vec::<String>::new(), "say ON DELETE");
    assert_eq!(raw.texts(&slow), Vec::<String>::new(), "give it an index");
}

async fn what_must_be_one_is_kept_one_by_a_key(stage: &Stage) {
    let sql = if stage.is_postgres() {
        "SELECT i.indrelid::regclass || '(' || (SELECT string_agg(COALESCE(a.attname, 'expression'), ', ' ORDER BY k.n)
            FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
            LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0) || ')' AS value
         FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
         WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace"
    } else {
        "SELECT m.name || '(' || (SELECT group_concat(COALESCE(i.name, 'expression'), ', ') FROM pragma_index_info(l.name) i) || ')' AS value
         FROM sqlite_master m, pragma_index_list(m.name) l
         WHERE m.type = 'table' AND l.\"unique\" = 1
         UNION SELECT m.name || '(' || c.name || ')' FROM sqlite_master m, pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name NOT LIKE 'message_terms%' AND c.type = 'INTEGER' AND c.pk = 1
            AND NOT EXISTS (SELECT 1 FROM pragma_index_list(m.name) l WHERE l.origin = 'pk')"
    };
    let mut found: BTreeSet<String> = stage.raw().texts(sql).into_iter().collect();
    found.retain(|key| !key.starts_with("__diesel_") && !key.starts_with("message_terms"));
    found.remove("messages(pk)");
    let expected = [
        "accounts(email)",
        "accounts(user_id)",
        "blocks(blocker_id, blocked_id)",
        "conversations(buyer_id, seller_id, expression)",
        "conversations(id)",
        "event_runs(user_id, last_position)",
        "instance(id)",
        "logins(id)",
        "messages(conversation_id, seq)",
        "messages(sender_id, client_id)",
        "products(id)",
        "refresh_tokens(digest)",
        "streams(user_id)",
        "users(id)",
    ];
    assert!(found.iter().eq(expected), "{found:?}");
}

#[test]
fn postgres_compares_people_by_bytes() {
    crate::run(crate::fresh::Kind::Postgres, people_are_compared_by_bytes);
}

async fn people_are_compared_by_bytes(stage: &Stage) {
    let sql = "SELECT a.attrelid::regclass || '.' || a.attname || ' ' || l.collname AS value
         FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid JOIN pg_collation l ON l.oid = a.attcollation
         WHERE t.relnamespace = 'public'::regnamespace AND t.relkind = 'r'
         AND (a.attname IN ('user_id', 'buyer_id', 'sender_id', 'blocker_id', 'blocked_id')
              OR a.attname = 'seller_id' AND t.relname = 'conversations' OR a.attname = 'id' AND t.relname = 'users')";
    let found = stage.raw().texts(sql);
    assert_eq!(found.len(), 10, "{found:?}");
    for column in found {
        assert!(column.ends_with(" C"), "{column}");
    }
}
