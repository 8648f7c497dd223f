DROP FUNCTION refuse_stale_batch();
