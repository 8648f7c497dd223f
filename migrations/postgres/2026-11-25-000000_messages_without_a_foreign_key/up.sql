-- A message is written with its conversation's row locked, and conversations are never deleted: the key cost
-- a look-up for each message, and found nothing that could be.
ALTER TABLE messages DROP CONSTRAINT messages_conversation_id_fkey;
