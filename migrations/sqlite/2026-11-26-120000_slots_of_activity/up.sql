-- The inbox is read by slots of ten minutes, and what it reads is sorted by the time itself. So a message changes
-- no indexed column of its conversation but for the first one in a slot.
ALTER TABLE conversations ADD COLUMN activity_slot INTEGER NOT NULL DEFAULT 0;
-- Rounded down, also before 1970.
UPDATE conversations SET activity_slot = last_activity_at / 600000000 - (last_activity_at % 600000000 < 0);
DROP INDEX conversations_buyer_inbox;
DROP INDEX conversations_seller_inbox;
CREATE INDEX conversations_buyer_inbox ON conversations (buyer_id, buyer_archived, activity_slot);
CREATE INDEX conversations_seller_inbox ON conversations (seller_id, seller_archived, activity_slot);

-- The database keeps the slot, so that whoever knows nothing of it, as older binaries do, cannot leave it behind;
-- by triggers, since the indexes of a generated column are written at every change of what it is made from.
CREATE TRIGGER conversations_begin_in_a_slot AFTER INSERT ON conversations
  WHEN NEW.last_activity_at / 600000000 - (NEW.last_activity_at % 600000000 < 0) <> NEW.activity_slot
BEGIN
  UPDATE conversations SET activity_slot = NEW.last_activity_at / 600000000 - (NEW.last_activity_at % 600000000 < 0)
    WHERE id = NEW.id;
END;
CREATE TRIGGER conversations_move_to_a_slot AFTER UPDATE OF last_activity_at ON conversations
  WHEN NEW.last_activity_at / 600000000 - (NEW.last_activity_at % 600000000 < 0) <> NEW.activity_slot
BEGIN
  UPDATE conversations SET activity_slot = NEW.last_activity_at / 600000000 - (NEW.last_activity_at % 600000000 < 0)
    WHERE id = NEW.id;
END;
