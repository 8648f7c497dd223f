ALTER TABLE users ALTER COLUMN id TYPE TEXT COLLATE "default";
ALTER TABLE streams ALTER COLUMN user_id TYPE TEXT COLLATE "default";
ALTER TABLE conversations
    ALTER COLUMN buyer_id TYPE TEXT COLLATE "default",
    ALTER COLUMN seller_id TYPE TEXT COLLATE "default";
ALTER TABLE messages ALTER COLUMN sender_id TYPE TEXT COLLATE "default";
ALTER TABLE events ALTER COLUMN user_id TYPE TEXT COLLATE "default";
ALTER TABLE blocks
    ALTER COLUMN blocker_id TYPE TEXT COLLATE "default",
    ALTER COLUMN blocked_id TYPE TEXT COLLATE "default";
ALTER TABLE accounts ALTER COLUMN user_id TYPE TEXT COLLATE "default";
ALTER TABLE logins ALTER COLUMN user_id TYPE TEXT COLLATE "default";
