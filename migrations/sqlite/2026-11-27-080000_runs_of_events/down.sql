CREATE TABLE events_alone (
    user_id TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position > 0),
    kind INTEGER NOT NULL,
    conversation_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, position)
) STRICT, WITHOUT ROWID;
INSERT INTO events_alone
  SELECT user_id, position, kind, conversation_id, seq, min(created_at, unixepoch() * 1000000) FROM events;
DROP VIEW events;
DROP TABLE event_runs;
ALTER TABLE streams DROP COLUMN recent;
ALTER TABLE events_alone RENAME TO events;
