-- The inbox is ordered by slots of ten minutes, and within one by the time itself. So a message changes no
-- indexed column of its conversation, but for the first one in ten minutes.
ALTER TABLE conversations ADD COLUMN activity_slot INTEGER NOT NULL DEFAULT 0;
UPDATE conversations SET activity_slot = last_activity_at / 600000000;
DROP INDEX conversations_buyer_inbox;
DROP INDEX conversations_seller_inbox;
CREATE INDEX conversations_buyer_inbox ON conversations (buyer_id, buyer_archived, activity_slot DESC);
CREATE INDEX conversations_seller_inbox ON conversations (seller_id, seller_archived, activity_slot DESC);
