//! The tables, as `diesel print-schema` reads them from PostgreSQL.
// @generated automatically by Diesel CLI.

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    accounts (user_id) {
        user_id -> Text,
        email -> Text,
        password_hash -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    blocks (blocker_id, blocked_id) {
        blocker_id -> Text,
        blocked_id -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    conversations (id) {
        id -> Uuid,
        product_id -> Nullable<Text>,
        buyer_id -> Text,
        seller_id -> Text,
        created_at -> Timestamptz,
        last_activity_at -> Timestamptz,
        last_seq -> BigInt,
        closed -> Bool,
        buyer_read_seq -> BigInt,
        buyer_delivered_seq -> BigInt,
        buyer_unread -> BigInt,
        buyer_archived -> Bool,
        buyer_muted -> Bool,
        buyer_blocking -> Bool,
        seller_read_seq -> BigInt,
        seller_delivered_seq -> BigInt,
        seller_unread -> BigInt,
        seller_archived -> Bool,
        seller_muted -> Bool,
        seller_blocking -> Bool,
        activity_slot -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    event_runs (user_id, last_position) {
        user_id -> Text,
        last_position -> BigInt,
        created_at -> Timestamptz,
        entries -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    instance (id) {
        id -> SmallInt,
        epoch -> Uuid,
        digest_key -> Binary,
        created_at -> Timestamptz,
        seeded -> Nullable<Bool>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    logins (id) {
        id -> Uuid,
        user_id -> Text,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    messages (conversation_id, seq) {
        conversation_id -> Uuid,
        seq -> BigInt,
        revision -> BigInt,
        client_id -> Uuid,
        sender_id -> Text,
        kind -> Text,
        body -> Text,
        first_digest -> Nullable<Binary>,
        created_at -> Timestamptz,
        edited_at -> Nullable<Timestamptz>,
        deleted_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    products (id) {
        id -> Text,
        seller_id -> Text,
        title -> Nullable<Text>,
        search_title -> Text,
        image_url -> Nullable<Text>,
        url -> Nullable<Text>,
        price_minor -> Nullable<BigInt>,
        currency -> Nullable<Text>,
        status -> Text,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    refresh_tokens (digest) {
        digest -> Binary,
        login_id -> Uuid,
        expires_at -> Timestamptz,
        spent_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    streams (user_id) {
        user_id -> Text,
        head -> BigInt,
        unread_messages -> BigInt,
        unread_conversations -> BigInt,
        recent -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::columns::{Timestamptz, Uuid};

    users (id) {
        id -> Text,
        display_name -> Text,
        search_name -> Text,
        avatar_url -> Nullable<Text>,
        locale -> Nullable<Text>,
        created_at -> Timestamptz,
        last_seen_at -> Nullable<Timestamptz>,
        erased_at -> Nullable<Timestamptz>,
        tokens_after -> Nullable<Timestamptz>,
    }
}

diesel::joinable!(accounts -> users (user_id));
diesel::joinable!(logins -> users (user_id));
diesel::joinable!(messages -> conversations (conversation_id));
diesel::joinable!(refresh_tokens -> logins (login_id));
diesel::joinable!(streams -> users (user_id));

diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    blocks,
    conversations,
    event_runs,
    instance,
    logins,
    messages,
    products,
    refresh_tokens,
    streams,
    users,
);
