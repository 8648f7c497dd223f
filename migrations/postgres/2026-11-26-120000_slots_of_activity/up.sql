-- The inbox is read by slots of ten minutes, and what it reads is sorted by the time itself. So a message changes
-- no indexed column of its conversation but for the first one in a slot: the row stays on its page (HOT).
ALTER TABLE conversations ADD COLUMN activity_slot BIGINT NOT NULL DEFAULT 0;
UPDATE conversations SET activity_slot = floor(date_part('epoch', last_activity_at) / 600)::BIGINT;
DROP INDEX conversations_buyer_inbox;
DROP INDEX conversations_seller_inbox;
CREATE INDEX conversations_buyer_inbox ON conversations (buyer_id, buyer_archived, activity_slot);
CREATE INDEX conversations_seller_inbox ON conversations (seller_id, seller_archived, activity_slot);

-- The database keeps the slot, so that whoever knows nothing of it, as older binaries do, cannot leave it behind;
-- and who names it, may. By a trigger behind the change, which is asked only whether the slot is another: one
-- before it would lock each row once more, and the indexes of a generated column are written at every change of
-- what it is made from.
CREATE FUNCTION move_conversation_to_its_slot() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  UPDATE conversations SET activity_slot = floor(date_part('epoch', NEW.last_activity_at) / 600)::BIGINT
    WHERE id = NEW.id;
  RETURN NULL;
END $$;
CREATE TRIGGER conversations_move_to_a_slot AFTER INSERT OR UPDATE OF last_activity_at ON conversations
  FOR EACH ROW WHEN (NEW.activity_slot <> floor(date_part('epoch', NEW.last_activity_at) / 600)::BIGINT)
  EXECUTE FUNCTION move_conversation_to_its_slot();
