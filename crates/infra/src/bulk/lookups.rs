//! PostgreSQL's statements that look many rows up at once, of a fixed text as those that write are.

use diesel::{
    dsl::SqlTypeOf,
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, BigInt, Integer, Nullable, Text},
};
use messaging_domain::{Position, UserId};

use crate::{
    columns::{DbUuid, Uuid},
    conversations::ConversationRow,
    messages::MessageRow,
};

/// Looks many client ids up at once.
#[derive(QueryId)]
pub(crate) struct FindSent {
    pub(crate) senders: Vec<String>,
    pub(crate) client_ids: Vec<DbUuid>,
}

impl diesel::query_builder::Query for FindSent {
    type SqlType = (Text, Uuid, Uuid, BigInt);
}

impl RunQueryDsl<PgConnection> for FindSent {}

impl QueryFragment<Pg> for FindSent {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT m.sender_id, m.client_id, m.conversation_id, m.seq FROM messages m \
             JOIN unnest(",
        );
        out.push_bind_param::<Array<Text>, _>(&self.senders)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Uuid>, _>(&self.client_ids)?;
        out.push_sql(") AS s (sender_id, client_id) ON m.sender_id = s.sender_id AND m.client_id = s.client_id");
        Ok(())
    }
}

/// Looks conversations and messages up at once by the messages' places; at none there is only the conversation.
#[derive(QueryId)]
pub(crate) struct FindPlaces {
    columns: (Columns<ConversationRow>, Columns<MessageRow>),
    conversations: Vec<DbUuid>,
    seqs: Vec<i64>,
}

type Columns<Row> = <Row as Selectable<Pg>>::SelectExpression;

fn columns() -> (Columns<ConversationRow>, Columns<MessageRow>) {
    (
        <ConversationRow as Selectable<Pg>>::construct_selection(),
        <MessageRow as Selectable<Pg>>::construct_selection(),
    )
}

impl FindPlaces {
    pub(crate) fn at((conversations, seqs): (Vec<DbUuid>, Vec<i64>)) -> Self {
        Self {
            columns: columns(),
            conversations,
            seqs,
        }
    }
}

impl diesel::query_builder::Query for FindPlaces {
    type SqlType = (
        SqlTypeOf<Columns<ConversationRow>>,
        Nullable<SqlTypeOf<Columns<MessageRow>>>,
    );
}

impl RunQueryDsl<PgConnection> for FindPlaces {}

impl QueryFragment<Pg> for FindPlaces {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT ");
        self.columns.0.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.columns.1.walk_ast(out.reborrow())?;
        out.push_sql(" FROM unnest(");
        out.push_bind_param::<Array<Uuid>, _>(&self.conversations)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<BigInt>, _>(&self.seqs)?;
        out.push_sql(
            ") AS places (conversation_id, seq) JOIN conversations ON conversations.id = places.conversation_id \
             LEFT JOIN messages ON messages.conversation_id = places.conversation_id AND messages.seq = places.seq",
        );
        Ok(())
    }
}

/// Looks up where a stream stands and what was added to it since, with conversations and messages. If that is more than
/// the newest events, it finds none.
#[derive(QueryId)]
pub(super) struct FindRecent {
    columns: (Columns<ConversationRow>, Columns<MessageRow>),
    user: String,
    since: i64,
}

impl FindRecent {
    pub(super) fn of(user: &UserId, since: Position) -> Self {
        Self {
            columns: columns(),
            user: user.as_str().to_owned(),
            since: since.get(),
        }
    }
}

/// How far before the head an event is, its kind, conversation and place, and the message there.
pub(super) type RecentRow = (i64, i32, ConversationRow, i64, Option<MessageRow>);

impl diesel::query_builder::Query for FindRecent {
    type SqlType = (
        BigInt,
        BigInt,
        Nullable<(
            BigInt,
            Integer,
            SqlTypeOf<Columns<ConversationRow>>,
            BigInt,
            Nullable<SqlTypeOf<Columns<MessageRow>>>,
        )>,
    );
}

impl RunQueryDsl<PgConnection> for FindRecent {}

impl QueryFragment<Pg> for FindRecent {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT s.head, s.unread_messages, e.after, e.kind, ");
        self.columns.0.walk_ast(out.reborrow())?;
        out.push_sql(", e.seq, ");
        self.columns.1.walk_ast(out.reborrow())?;
        out.push_sql(
            " FROM streams s LEFT JOIN (LATERAL (SELECT n AS after, get_byte(s.recent, 25 * n::INT) AS kind, \
             encode(substr(s.recent, 25 * n::INT + 2, 16), 'hex')::UUID AS conversation_id, \
             ('x' || encode(substr(s.recent, 25 * n::INT + 18, 8), 'hex'))::BIT(64)::BIGINT AS seq \
             FROM generate_series(0::BIGINT, CASE WHEN s.head - ",
        );
        out.push_bind_param::<BigInt, _>(&self.since)?;
        out.push_sql(" <= least(octet_length(s.recent) / 25, 16) THEN s.head - 1 - ");
        out.push_bind_param::<BigInt, _>(&self.since)?;
        out.push_sql(
            // With the limit the planner knows how few they are.
            " ELSE -1 END) n LIMIT 16) e JOIN conversations ON conversations.id = e.conversation_id \
             LEFT JOIN messages ON messages.conversation_id = e.conversation_id AND messages.seq = e.seq) ON TRUE \
             WHERE s.user_id = ",
        );
        out.push_bind_param::<Text, _>(&self.user)
    }
}
