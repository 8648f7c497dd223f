-- Only PostgreSQL drops the key: here it is looked up in the same process, and tables cannot lose one.
SELECT 1;
