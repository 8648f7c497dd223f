-- Fills a database as the service would have over two years. `:conversations`, `:messages` and `:seed` say how
-- much and which. One seller has a twentieth of all conversations; one person has up to 100,000 messages in a
-- hundred conversations; up to twenty conversations have 10,000 messages. Events are older than anybody keeps
-- them, so there are none, but the heads of streams count them.
SET synchronous_commit = off;
SET work_mem = '1GB';
SET maintenance_work_mem = '1GB';
SET max_parallel_workers_per_gather = 2;

-- Indexes and constraints are made after the rows, as they are now: by what the database says of them.
CREATE TEMP TABLE later AS
  SELECT 1 AS turn, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS made,
         format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS gone
  FROM pg_constraint
  WHERE conrelid = 'messages'::regclass AND contype IN ('p', 'u')
  UNION ALL
  SELECT 3, format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)),
         format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname)
  FROM pg_constraint
  WHERE conrelid IN ('messages'::regclass, 'conversations'::regclass) AND contype = 'f'
  UNION ALL
  SELECT 2, pg_get_indexdef(indexrelid), format('DROP INDEX %s', indexrelid::regclass)
  FROM pg_index
  WHERE indrelid IN ('messages'::regclass, 'conversations'::regclass)
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid);
DO $$ DECLARE step record; BEGIN
  FOR step IN SELECT gone FROM later ORDER BY turn DESC LOOP EXECUTE step.gone; END LOOP;
END $$;

-- The words that the generator sends too, in texts that recur.
CREATE TEMP TABLE words (n INT PRIMARY KEY, word TEXT NOT NULL);
\copy words FROM 'words.tsv'
CREATE TEMP TABLE texts AS
  SELECT chosen.n, string_agg(word, ' ' ORDER BY place) AS body, array_to_tsvector(array_agg(DISTINCT word)) AS terms
  FROM (SELECT n, place, (hashint4extended(n * 16 + place, :seed) & 4095)::INT AS which
        FROM generate_series(0, 65535) n, generate_series(0, 13) place) chosen
  JOIN words ON words.n = which
  GROUP BY chosen.n;
ALTER TABLE texts ADD PRIMARY KEY (n);

-- Who talks with whom.
CREATE TEMP TABLE planned AS
  SELECT n, CASE WHEN searched THEN 'searcher' ELSE 'buyer-' || n % (:conversations / 10) END AS buyer,
         CASE WHEN n < :conversations / 20 THEN 'shop'
              ELSE 'seller-' || (n - :conversations / 20) % (:conversations * 19 / 1000) END AS seller,
         created_at,
         overlay(overlay(lpad(to_hex((extract(epoch FROM created_at) * 1000)::BIGINT), 12, '0') || digest
                 PLACING '7' FROM 13) PLACING '8' FROM 17)::UUID AS id,
         CASE WHEN searched THEN :messages / 10000 WHEN deep THEN 10000 ELSE 0 END AS wanted
  FROM (SELECT n,
          n >= :conversations / 20 AND n < :conversations / 20 + 100 AS searched,
          n % 5000 = 4321 AND n < 100000 AND :messages >= 1000000 AS deep,
          TIMESTAMPTZ '2024-01-01Z' + n * (INTERVAL '500 days' / :conversations) AS created_at,
          substr(md5(:'seed' || 'c' || n), 1, 20) AS digest
        FROM generate_series(0, :conversations - 1) n) numbered;
-- The rest of the messages is the same for all others, as near as can be.
ALTER TABLE planned ADD COLUMN count BIGINT;
WITH ordinary AS (
  SELECT n, row_number() OVER (ORDER BY n) AS place,
         :messages - (SELECT sum(wanted)::BIGINT FROM planned) AS left_over, count(*) OVER () AS others
  FROM planned WHERE wanted = 0)
UPDATE planned SET count = left_over / others + (place <= left_over % others)::INT
  FROM ordinary WHERE ordinary.n = planned.n;
UPDATE planned SET count = wanted WHERE wanted > 0;
ANALYZE planned;

INSERT INTO users (id, display_name, search_name, created_at)
  SELECT person, person, person, min(created_at)
  FROM (SELECT buyer AS person, created_at FROM planned UNION ALL SELECT seller, created_at FROM planned) people
  GROUP BY person;

-- In the order in which they were written, so that a conversation's messages lie far apart. The two take turns.
INSERT INTO messages (conversation_id, seq, revision, client_id, sender_id, kind, body, created_at, terms)
  SELECT id, seq, 1, md5(:'seed' || 'm' || written.n || '.' || seq)::UUID, CASE WHEN seq % 2 = 1 THEN buyer ELSE seller END,
         'text', body, at,
         terms || array_to_tsvector(ARRAY['_' || encode(buyer::BYTEA, 'hex'), '_' || encode(seller::BYTEA, 'hex')])
  FROM (SELECT planned.n, id, seq, buyer, seller, created_at + seq * (INTERVAL '30 days' / (count + 1)) AS at,
               (hashint8extended(planned.n::BIGINT * 100003 + seq, :seed) & 65535)::INT AS text
        FROM planned, generate_series(1, count) seq
        ORDER BY at
        OFFSET 0) written
  JOIN texts ON texts.n = text;

-- The last two messages are new to whom they were written, in every third conversation.
INSERT INTO conversations
  (id, buyer_id, seller_id, created_at, last_activity_at, last_seq, closed,
   buyer_read_seq, buyer_delivered_seq, buyer_unread, buyer_archived, buyer_muted, buyer_blocking,
   seller_read_seq, seller_delivered_seq, seller_unread, seller_archived, seller_muted, seller_blocking, activity_slot)
  SELECT id, buyer, seller, created_at, latest, count, FALSE,
         read, count, count / 2 - read / 2, FALSE, FALSE, FALSE,
         read, count, (count + 1) / 2 - (read + 1) / 2, FALSE, FALSE, FALSE,
         floor(extract(epoch FROM latest) / 600)::BIGINT
  FROM (SELECT *, created_at + count * (INTERVAL '30 days' / (count + 1)) AS latest,
               CASE WHEN n % 3 = 0 THEN greatest(count - 2, 0) ELSE count END AS read FROM planned) people
  ORDER BY n;

INSERT INTO streams (user_id, head, unread_messages, unread_conversations)
  SELECT person, sum(1 + last_seq), sum(unread), count(*) FILTER (WHERE unread > 0)
  FROM (SELECT buyer_id AS person, last_seq, buyer_unread AS unread FROM conversations
        UNION ALL SELECT seller_id, last_seq, seller_unread FROM conversations) sides
  GROUP BY person;

DO $$ DECLARE step record; BEGIN
  FOR step IN SELECT made FROM later ORDER BY turn LOOP EXECUTE step.made; END LOOP;
END $$;
