-- One row for the whole database: what makes its numbering of events this one and no other.
CREATE TABLE instance (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch BLOB NOT NULL,
    -- With which first_digest is made: without it, nobody can try out what a deleted text said.
    digest_key BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    -- Whether the demo is all there; false while it is being seeded, null where there is none.
    seeded INTEGER
) STRICT;

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    -- The name folded for search: case and accents gone.
    search_name TEXT NOT NULL,
    avatar_url TEXT,
    locale TEXT,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER,
    erased_at INTEGER,
    -- Tokens issued at or before this moment are refused.
    tokens_after INTEGER
) STRICT;

-- Where each person's stream of events stands, and what their badge shows.
-- Changed by every message, so it has no index but its key.
CREATE TABLE streams (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    head INTEGER NOT NULL,
    unread_messages INTEGER NOT NULL,
    unread_conversations INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    id TEXT PRIMARY KEY,
    -- No foreign key: a marketplace may describe a product before its seller.
    seller_id TEXT NOT NULL,
    title TEXT,
    -- The title folded for search.
    search_title TEXT NOT NULL,
    image_url TEXT,
    url TEXT,
    price_minor INTEGER,
    currency TEXT,
    status TEXT NOT NULL CHECK (status IN ('available', 'reserved', 'sold', 'unknown')),
    updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE conversations (
    id BLOB PRIMARY KEY,
    product_id TEXT,
    buyer_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    seller_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    created_at INTEGER NOT NULL,
    last_activity_at INTEGER NOT NULL,
    last_seq INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    buyer_read_seq INTEGER NOT NULL,
    buyer_delivered_seq INTEGER NOT NULL,
    buyer_unread INTEGER NOT NULL,
    buyer_archived INTEGER NOT NULL,
    buyer_muted INTEGER NOT NULL,
    buyer_blocking INTEGER NOT NULL,
    seller_read_seq INTEGER NOT NULL,
    seller_delivered_seq INTEGER NOT NULL,
    seller_unread INTEGER NOT NULL,
    seller_archived INTEGER NOT NULL,
    seller_muted INTEGER NOT NULL,
    seller_blocking INTEGER NOT NULL,
    CHECK (buyer_id <> seller_id)
) STRICT;

-- One conversation of a buyer with a seller about a product, or about none.
CREATE UNIQUE INDEX conversations_pair ON conversations (buyer_id, seller_id, COALESCE(product_id, ''));
-- The inbox of each side, latest activity first.
CREATE INDEX conversations_buyer_inbox ON conversations (buyer_id, buyer_archived, last_activity_at DESC, id DESC);
CREATE INDEX conversations_seller_inbox ON conversations (seller_id, seller_archived, last_activity_at DESC, id DESC);

CREATE TABLE messages (
    -- What the full-text index refers to.
    pk INTEGER PRIMARY KEY,
    conversation_id BLOB NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL CHECK (seq > 0),
    revision INTEGER NOT NULL,
    client_id BLOB NOT NULL,
    -- One of the two participants, whom the conversation's keys hold.
    sender_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    -- Keyed, of the content first sent, once that is no longer there to compare a retry with.
    first_digest BLOB,
    created_at INTEGER NOT NULL,
    edited_at INTEGER,
    deleted_at INTEGER,
    UNIQUE (conversation_id, seq),
    UNIQUE (sender_id, client_id)
) STRICT;

-- For each message, by its pk: the folded words of the text and one word for each participant.
-- The words come from us, separated by spaces, so the tokenizer only has to leave them whole.
CREATE VIRTUAL TABLE message_terms USING fts5 (
    terms,
    content = '',
    contentless_delete = 1,
    detail = none,
    tokenize = "ascii tokenchars '_'"
);

-- Each person's stream of durable events, numbered without a gap. It refers to what happened and
-- holds no copy of it.
CREATE TABLE events (
    user_id TEXT NOT NULL,
    position INTEGER NOT NULL CHECK (position > 0),
    kind INTEGER NOT NULL,
    conversation_id BLOB NOT NULL,
    -- The message's place; zero when the event is about the conversation.
    seq INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (user_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
    blocker_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    blocked_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX blocks_blocked ON blocks (blocked_id);

CREATE TABLE accounts (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- A login and, with it, the family of refresh tokens that descend from it.
CREATE TABLE logins (
    id BLOB PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER
) STRICT;

CREATE INDEX logins_user ON logins (user_id);

CREATE TABLE refresh_tokens (
    -- SHA-256 of the token; the token itself is kept nowhere.
    digest BLOB PRIMARY KEY,
    login_id BLOB NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    spent_at INTEGER
) STRICT;

CREATE INDEX refresh_tokens_login ON refresh_tokens (login_id);
