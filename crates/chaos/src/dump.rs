//! The final look into the database, past the service: every row the judge compares with what was seen.

use std::path::Path;

use anyhow::Context as _;
use messaging_history::{Record, event::Row};
use rusqlite::{Connection, OpenFlags};

use crate::{postgres::Postgres, recorder::Recorder};

/// How a database writes what the rows need.
struct Dialect {
    object: &'static str,
    uuid: fn(&str) -> String,
    time: fn(&str) -> String,
    flag: fn(&str) -> String,
}

const SQLITE: Dialect = Dialect {
    object: "json_object",
    uuid: |column| {
        let part = |from, size| format!("substr(lower(hex({column})), {from}, {size})");
        [
            part(1, 8),
            part(9, 4),
            part(13, 4),
            part(17, 4),
            part(21, 12),
        ]
        .join(" || '-' || ")
    },
    time: |column| {
        format!(
            "strftime('%Y-%m-%dT%H:%M:%S', {column} / 1000000, 'unixepoch') || \
             printf('.%06dZ', {column} % 1000000)"
        )
    },
    flag: |column| format!("json(iif({column}, 'true', 'false'))"),
};

const POSTGRES: Dialect = Dialect {
    object: "json_build_object",
    uuid: |column| format!("{column}::text"),
    time: |column| {
        format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
    },
    flag: |column| format!("({column})"),
};

impl Dialect {
    /// A query for each table; each gives rows of JSON in the history's shape.
    fn queries(&self) -> [String; 5] {
        let Self {
            object,
            uuid,
            time,
            flag,
        } = self;
        let side = |side: &str| {
            format!(
                "'{side}', {object}('user', {side}_id, 'read_seq', {side}_read_seq, \
                 'delivered_seq', {side}_delivered_seq, 'unread', {side}_unread, \
                 'archived', {}, 'muted', {})",
                flag(&format!("{side}_archived")),
                flag(&format!("{side}_muted"))
            )
        };
        [
            format!(
                "SELECT {object}('table', 'instance', 'epoch', {}) FROM instance",
                uuid("epoch")
            ),
            format!(
                "SELECT {object}('table', 'conversations', 'id', {}, 'product', product_id, {}, {}, \
                 'last_seq', last_seq) FROM conversations ORDER BY id",
                uuid("id"),
                side("buyer"),
                side("seller")
            ),
            format!(
                "SELECT {object}('table', 'messages', 'conversation', {}, 'seq', seq, \
                 'revision', revision, 'client_id', {}, 'sender', sender_id, 'text', body, \
                 'created_at', {}, 'deleted', {}) FROM messages ORDER BY conversation_id, seq",
                uuid("conversation_id"),
                uuid("client_id"),
                time("created_at"),
                flag("deleted_at IS NOT NULL")
            ),
            format!(
                "SELECT {object}('table', 'streams', 'user', user_id, 'head', head, \
                 'unread_messages', unread_messages, 'unread_conversations', unread_conversations) \
                 FROM streams ORDER BY user_id"
            ),
            format!(
                "SELECT {object}('table', 'events', 'user', user_id, 'position', position, \
                 'conversation', {}, 'seq', seq) FROM events ORDER BY user_id, position",
                uuid("conversation_id")
            ),
        ]
    }
}

/// Dumps a SQLite file that nobody writes to.
pub(crate) fn sqlite(file: &Path, recorder: &Recorder) -> anyhow::Result<()> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)
        .with_context(|| format!("open {}", file.display()))?;
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    anyhow::ensure!(sound == "ok", "the file is damaged: {sound}");
    for query in SQLITE.queries() {
        let mut statement = connection.prepare(&query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            keep(&row.get::<_, String>(0)?, recorder)?;
        }
    }
    recorder.record(Record::Dump(Row::End));
    Ok(())
}

/// Dumps a database of the cluster.
pub(crate) async fn postgres(
    cluster: &Postgres,
    database: &str,
    recorder: &Recorder,
) -> anyhow::Result<()> {
    for query in POSTGRES.queries() {
        for row in cluster.query(database, &query).await?.lines() {
            keep(row, recorder)?;
        }
    }
    recorder.record(Record::Dump(Row::End));
    Ok(())
}

fn keep(row: &str, recorder: &Recorder) -> anyhow::Result<()> {
    let row: Row =
        serde_json::from_str(row).with_context(|| format!("a row of the dump: {row}"))?;
    recorder.record(Record::Dump(row));
    Ok(())
}
