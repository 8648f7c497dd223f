-- Only on PostgreSQL is a batch one statement.
SELECT 1;
