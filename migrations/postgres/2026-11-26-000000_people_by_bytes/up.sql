-- People's ids are only compared and looked up, never read in an order of words. By bytes that takes no look
-- into a language's rules, and rows are locked in one order whatever the database's locale is.
ALTER TABLE users ALTER COLUMN id TYPE TEXT COLLATE "C";
ALTER TABLE streams ALTER COLUMN user_id TYPE TEXT COLLATE "C";
ALTER TABLE conversations
    ALTER COLUMN buyer_id TYPE TEXT COLLATE "C",
    ALTER COLUMN seller_id TYPE TEXT COLLATE "C";
ALTER TABLE messages ALTER COLUMN sender_id TYPE TEXT COLLATE "C";
ALTER TABLE events ALTER COLUMN user_id TYPE TEXT COLLATE "C";
ALTER TABLE blocks
    ALTER COLUMN blocker_id TYPE TEXT COLLATE "C",
    ALTER COLUMN blocked_id TYPE TEXT COLLATE "C";
ALTER TABLE accounts ALTER COLUMN user_id TYPE TEXT COLLATE "C";
ALTER TABLE logins ALTER COLUMN user_id TYPE TEXT COLLATE "C";
