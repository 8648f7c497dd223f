-- A batch is stored by one statement, which commits by itself. If it was decided on what is not so any more, it
-- has to undo itself: this is what it asks for its transaction's number then.
CREATE FUNCTION refuse_stale_batch() RETURNS XID LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a conversation is not as it was last seen' USING ERRCODE = 'serialization_failure';
END $$;
