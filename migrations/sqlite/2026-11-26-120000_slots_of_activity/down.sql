DROP TRIGGER conversations_begin_in_a_slot;
DROP TRIGGER conversations_move_to_a_slot;
DROP INDEX conversations_buyer_inbox;
DROP INDEX conversations_seller_inbox;
ALTER TABLE conversations DROP COLUMN activity_slot;
CREATE INDEX conversations_buyer_inbox ON conversations (buyer_id, buyer_archived, last_activity_at DESC, id DESC);
CREATE INDEX conversations_seller_inbox ON conversations (seller_id, seller_archived, last_activity_at DESC, id DESC);
