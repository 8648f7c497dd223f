-- Events are kept in runs: a row and an entry of an index for each cost more than the messages that they are about.
-- The newest of each person stand in the stream's own row, which grows anyway; when they are sixteen or more they are
-- written down as a run, and the next one begins afresh. Newest first, so that what a row keeps is its end, which
-- is not logged again.
ALTER TABLE streams ADD COLUMN recent BYTEA NOT NULL DEFAULT '';
-- Ids are not compressed by anything.
ALTER TABLE streams ALTER COLUMN recent SET STORAGE EXTERNAL;

CREATE TABLE event_runs (
    user_id TEXT COLLATE "C" NOT NULL,
    -- Of the newest of its events. They are numbered without a gap.
    last_position BIGINT NOT NULL CHECK (last_position > 0),
    -- When the newest of its events was.
    created_at TIMESTAMPTZ NOT NULL,
    -- Newest first, 25 bytes each: kind, conversation, and the message's place or zero.
    entries BYTEA NOT NULL,
    PRIMARY KEY (user_id, last_position)
);

INSERT INTO event_runs (user_id, last_position, created_at, entries)
  SELECT user_id, max(position), max(created_at),
         string_agg(set_byte('\x00', 0, kind) || uuid_send(conversation_id) || int8send(seq), '' ORDER BY position DESC)
  FROM events
  GROUP BY user_id, (position - 1) / 16;
DROP TABLE events;

-- Event by event, for whoever knows nothing of runs, as older binaries do: they read and add events as before, and
-- leave it to others to forget them.
CREATE VIEW events AS
  SELECT user_id, last_position - n AS position, get_byte(entries, 25 * n)::SMALLINT AS kind,
         encode(substr(entries, 25 * n + 2, 16), 'hex')::UUID AS conversation_id,
         ('x' || encode(substr(entries, 25 * n + 18, 8), 'hex'))::BIT(64)::BIGINT AS seq, created_at
  FROM (SELECT user_id, last_position, created_at, entries FROM event_runs
        UNION ALL
        -- Sixteen are a run already.
        SELECT user_id, head, 'infinity', recent FROM streams WHERE octet_length(recent) < 400) runs
  CROSS JOIN LATERAL generate_series(0, octet_length(entries) / 25 - 1) AS n;

CREATE FUNCTION add_event() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
  gathered BYTEA;
BEGIN
  UPDATE streams
    SET recent = set_byte('\x00', 0, NEW.kind) || uuid_send(NEW.conversation_id) || int8send(NEW.seq)
                 || CASE WHEN octet_length(recent) < 400 THEN recent ELSE '' END
    WHERE user_id = NEW.user_id
    RETURNING recent INTO gathered;
  IF octet_length(gathered) >= 400 THEN
    INSERT INTO event_runs (user_id, last_position, created_at, entries)
      VALUES (NEW.user_id, NEW.position, NEW.created_at, gathered);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER events_add INSTEAD OF INSERT ON events FOR EACH ROW EXECUTE FUNCTION add_event();

CREATE FUNCTION keep_event() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  RETURN NULL;
END $$;
CREATE TRIGGER events_keep INSTEAD OF DELETE ON events FOR EACH ROW EXECUTE FUNCTION keep_event();
