-- One row for the whole database: what makes its numbering of events this one and no other.
CREATE TABLE instance (
    id SMALLINT PRIMARY KEY CHECK (id = 1),
    epoch UUID NOT NULL,
    -- With which first_digest is made: without it, nobody can try out what a deleted text said.
    digest_key BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    -- Whether the demo is all there; false while it is being seeded, null where there is none.
    seeded BOOLEAN
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    display_name TEXT NOT NULL,
    -- The name folded for search: case and accents gone.
    search_name TEXT NOT NULL,
    avatar_url TEXT,
    locale TEXT,
    created_at TIMESTAMPTZ NOT NULL,
    last_seen_at TIMESTAMPTZ,
    erased_at TIMESTAMPTZ,
    -- Tokens issued at or before this moment are refused.
    tokens_after TIMESTAMPTZ
);

-- Where each person's stream of events stands, and what their badge shows.
-- Changed by every message, so it has no index but its key: updates stay on their page (HOT).
CREATE TABLE streams (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    head BIGINT NOT NULL,
    unread_messages BIGINT NOT NULL,
    unread_conversations BIGINT NOT NULL
) WITH (fillfactor = 70);

CREATE TABLE products (
    id TEXT PRIMARY KEY,
    -- No foreign key: a marketplace may describe a product before its seller.
    seller_id TEXT NOT NULL,
    title TEXT,
    -- The title folded for search.
    search_title TEXT NOT NULL,
    image_url TEXT,
    url TEXT,
    price_minor BIGINT,
    currency TEXT,
    status TEXT NOT NULL CHECK (status IN ('available', 'reserved', 'sold', 'unknown')),
    updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE conversations (
    id UUID PRIMARY KEY,
    product_id TEXT,
    buyer_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    seller_id TEXT NOT NULL REFERENCES users (id) ON DELETE RESTRICT,
    created_at TIMESTAMPTZ NOT NULL,
    last_activity_at TIMESTAMPTZ NOT NULL,
    last_seq BIGINT NOT NULL,
    closed BOOLEAN NOT NULL,
    buyer_read_seq BIGINT NOT NULL,
    buyer_delivered_seq BIGINT NOT NULL,
    buyer_unread BIGINT NOT NULL,
    buyer_archived BOOLEAN NOT NULL,
    buyer_muted BOOLEAN NOT NULL,
    buyer_blocking BOOLEAN NOT NULL,
    seller_read_seq BIGINT NOT NULL,
    seller_delivered_seq BIGINT NOT NULL,
    seller_unread BIGINT NOT NULL,
    seller_archived BOOLEAN NOT NULL,
    seller_muted BOOLEAN NOT NULL,
    seller_blocking BOOLEAN NOT NULL,
    CHECK (buyer_id <> seller_id)
) WITH (fillfactor = 70);

-- One conversation of a buyer with a seller about a product, or about none.
CREATE UNIQUE INDEX conversations_pair ON conversations (buyer_id, seller_id, (COALESCE(product_id, '')));
-- The inbox of each side, latest activity first.
CREATE INDEX conversations_buyer_inbox ON conversations (buyer_id, buyer_archived, last_activity_at DESC, id DESC);
CREATE INDEX conversations_seller_inbox ON conversations (seller_id, seller_archived, last_activity_at DESC, id DESC);

CREATE TABLE messages (
    conversation_id UUID NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL CHECK (seq > 0),
    revision BIGINT NOT NULL,
    client_id UUID NOT NULL,
    -- One of the two participants, whom the conversation's keys hold.
    sender_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    -- Keyed, of the content first sent, once that is no longer there to compare a retry with.
    first_digest BYTEA,
    created_at TIMESTAMPTZ NOT NULL,
    edited_at TIMESTAMPTZ,
    deleted_at TIMESTAMPTZ,
    -- The folded words of the text and one word for each participant.
    terms TSVECTOR NOT NULL,
    PRIMARY KEY (conversation_id, seq),
    UNIQUE (sender_id, client_id)
);

CREATE INDEX messages_terms ON messages USING GIN (terms);

-- Each person's stream of durable events, numbered without a gap. It refers to what happened and
-- holds no copy of it.
CREATE TABLE events (
    user_id TEXT NOT NULL,
    position BIGINT NOT NULL CHECK (position > 0),
    kind SMALLINT NOT NULL,
    conversation_id UUID NOT NULL,
    -- The message's place; zero when the event is about the conversation.
    seq BIGINT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (user_id, position)
);

CREATE TABLE blocks (
    blocker_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    blocked_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (blocker_id, blocked_id)
);

CREATE INDEX blocks_blocked ON blocks (blocked_id);

CREATE TABLE accounts (
    user_id TEXT PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    email TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

-- A login and, with it, the family of refresh tokens that descend from it.
CREATE TABLE logins (
    id UUID PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ
);

CREATE INDEX logins_user ON logins (user_id);

CREATE TABLE refresh_tokens (
    -- SHA-256 of the token; the token itself is kept nowhere.
    digest BYTEA PRIMARY KEY,
    login_id UUID NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
    expires_at TIMESTAMPTZ NOT NULL,
    spent_at TIMESTAMPTZ
);

CREATE INDEX refresh_tokens_login ON refresh_tokens (login_id);
