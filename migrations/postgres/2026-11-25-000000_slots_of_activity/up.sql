-- The inbox is ordered by slots of ten minutes, and within one by the time itself. So a message changes no
-- indexed column of its conversation, but for the first one in ten minutes: the row stays on its page (HOT).
ALTER TABLE conversations ADD COLUMN activity_slot BIGINT NOT NULL DEFAULT 0;
UPDATE conversations SET activity_slot = floor(extract(epoch FROM last_activity_at) / 600)::bigint;
ALTER TABLE conversations ALTER COLUMN activity_slot DROP DEFAULT;
DROP INDEX conversations_buyer_inbox;
DROP INDEX conversations_seller_inbox;
CREATE INDEX conversations_buyer_inbox ON conversations (buyer_id, buyer_archived, activity_slot DESC);
CREATE INDEX conversations_seller_inbox ON conversations (seller_id, seller_archived, activity_slot DESC);

-- A message is written with its conversation's row locked, and conversations are never deleted: the key only
-- cost a look-up for each message.
ALTER TABLE messages DROP CONSTRAINT messages_conversation_id_fkey;
