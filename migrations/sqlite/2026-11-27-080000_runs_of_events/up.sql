-- Events are kept in runs: a row for each costs more than the messages that they are about. The newest of each person
-- stand in the stream's own row, which grows anyway; when they are sixteen or more they are written down as a run, and
-- the next one begins afresh.
ALTER TABLE streams ADD COLUMN recent BLOB NOT NULL DEFAULT x'';

CREATE TABLE event_runs (
    user_id TEXT NOT NULL,
    -- Of the newest of its events. They are numbered without a gap.
    last_position INTEGER NOT NULL CHECK (last_position > 0),
    -- When the newest of its events was.
    created_at INTEGER NOT NULL,
    -- Newest first, 25 bytes each: kind, conversation, and the message's place or zero.
    entries BLOB NOT NULL,
    PRIMARY KEY (user_id, last_position)
) STRICT, WITHOUT ROWID;

INSERT INTO event_runs (user_id, last_position, created_at, entries)
  SELECT user_id, max(position), max(created_at),
         unhex(group_concat(printf('%02x', kind) || hex(conversation_id) || printf('%016x', seq), '' ORDER BY position DESC))
  FROM events
  GROUP BY user_id, (position - 1) / 16;
DROP TABLE events;

-- Event by event, for whoever knows nothing of runs, as older binaries do: they read and add events as before, and
-- leave it to others to forget them.
CREATE VIEW events AS
  SELECT user_id, last_position - n.key AS position, ('0x' || hex(substr(entries, 25 * n.key + 1, 1))) ->> '$' AS kind,
         substr(entries, 25 * n.key + 2, 16) AS conversation_id,
         ('0x' || hex(substr(entries, 25 * n.key + 18, 8))) ->> '$' AS seq, created_at
  FROM (SELECT user_id, last_position, created_at, entries FROM event_runs
        UNION ALL
        -- Sixteen are a run already.
        SELECT user_id, head, 9223372036854775807, recent FROM streams WHERE length(recent) < 400) runs,
       -- A list with an element for each event.
       json_each('[' || rtrim(replace(hex(zeroblob(length(entries) / 25)), '00', '0,'), ',') || ']') AS n;

CREATE TRIGGER events_add INSTEAD OF INSERT ON events
BEGIN
  UPDATE streams
    SET recent = CAST(unhex(printf('%02x', NEW.kind) || hex(NEW.conversation_id) || printf('%016x', NEW.seq))
                      || CASE WHEN length(recent) < 400 THEN recent ELSE x'' END AS BLOB)
    WHERE user_id = NEW.user_id;
  INSERT INTO event_runs (user_id, last_position, created_at, entries)
    SELECT user_id, NEW.position, NEW.created_at, recent FROM streams
    WHERE user_id = NEW.user_id AND length(recent) >= 400;
END;
CREATE TRIGGER events_keep INSTEAD OF DELETE ON events
BEGIN
  SELECT 1;
END;
