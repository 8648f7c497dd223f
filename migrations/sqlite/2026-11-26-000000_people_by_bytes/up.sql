-- Only PostgreSQL compares by the rules of a language: here ids are compared by bytes as it is.
SELECT 1;
