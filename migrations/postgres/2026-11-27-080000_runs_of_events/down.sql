CREATE TABLE events_alone (
    user_id TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL CHECK (position > 0),
    kind SMALLINT NOT NULL,
    conversation_id UUID NOT NULL,
    seq BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);
INSERT INTO events_alone SELECT user_id, position, kind, conversation_id, seq, least(created_at, now()) FROM events;
DROP VIEW events;
DROP FUNCTION add_event();
DROP FUNCTION keep_event();
DROP TABLE event_runs;
ALTER TABLE streams DROP COLUMN recent;
ALTER TABLE events_alone RENAME TO events;
ALTER TABLE events ADD CONSTRAINT events_pkey PRIMARY KEY (user_id, position);
