//! Inboxes. Their index goes by slots of ten minutes instead of the time itself, so that most messages leave it
//! as it is; a page is read by whole slots, and sorted.

use diesel::{
    dsl::{AsSelect, SqlTypeOf},
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Bool, Text},
};
use messaging_domain::{InboxCursor, InboxQuery, Role, Timestamp, UserId};

use crate::{
    columns::{DbTime, DbUuid, Timestamptz, Uuid},
    connection::{Conn, MultiBackend},
    conversations::{ConversationRow, Latest, LatestRow},
    directory::ProductRow,
    messages::MessageRow,
    search::{self, MessageMatch},
};

/// How long a slot is. What a person's busiest slot holds is sorted for a page.
const SLOT_MICROSECONDS: i64 = 600_000_000;

/// The slot of a moment, as the database reckons it: ten minutes each, counted from 1970.
fn slot_of(moment: Timestamp) -> i64 {
    moment.as_microseconds().div_euclid(SLOT_MICROSECONDS)
}

/// A page of one person's conversations, one more than asked for when there are more.
pub(crate) fn page(
    conn: &mut Conn,
    user: &UserId,
    query: &InboxQuery,
) -> QueryResult<Vec<(Role, Latest)>> {
    let page = Page::new(conn, user, query);
    let rows = page.load::<(bool, LatestRow)>(conn)?;
    let latest = |(buys, row)| {
        let role = if buys { Role::Buyer } else { Role::Seller };
        (role, Latest::from(row))
    };
    Ok(rows.into_iter().map(latest).collect())
}

/// The latest of what somebody buys and of what they sell, and only then what belongs to it.
struct Page {
    user: String,
    archived: bool,
    after: Option<After>,
    filter: Option<Filter>,
    /// The place of the last row, counted from zero; and the number of rows.
    last: i64,
    many: i64,
    /// Before any slot.
    never: i64,
    columns: Columns,
}

type Columns = (
    AsSelect<ConversationRow, MultiBackend>,
    AsSelect<Option<MessageRow>, MultiBackend>,
    AsSelect<Option<ProductRow>, MultiBackend>,
);

/// Behind which conversation a page begins.
struct After {
    slot: i64,
    at: DbTime,
    id: DbUuid,
}

/// What a conversation is found by: the counterpart's name or the product's title holds the phrase, or a message
/// the words.
struct Filter {
    anywhere: String,
    messages: MessageMatch,
}

impl Page {
    fn new(conn: &Conn, user: &UserId, query: &InboxQuery) -> Self {
        let last = i64::try_from(query.limit).unwrap_or(i64::MAX);
        Self {
            user: user.as_str().to_owned(),
            archived: query.archived,
            after: query.after.map(
                |InboxCursor {
                     last_activity_at,
                     id,
                 }| After {
                    slot: slot_of(last_activity_at),
                    at: DbTime(last_activity_at),
                    id: id.into(),
                },
            ),
            filter: query.filter.as_ref().map(|filter| Filter {
                anywhere: search::anywhere(filter.phrase()),
                messages: MessageMatch::new(conn, user, filter),
            }),
            last,
            many: last.saturating_add(1),
            never: i64::MIN,
            columns: (
                ConversationRow::as_select(),
                Option::<MessageRow>::as_select(),
                Option::<ProductRow>::as_select(),
            ),
        }
    }

    /// The latest rows of one side.
    fn side<'b>(&'b self, role: Role, out: &mut AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql(match role {
            Role::Buyer => "SELECT TRUE AS buys, conversations.*",
            Role::Seller => "SELECT FALSE AS buys, conversations.*",
        });
        self.inbox(role, out)?;
        out.push_sql(" AND ");
        if let Some(filter) = &self.filter {
            filter.walk(role, out)?;
        } else {
            // The last of the page is in this slot or a later one, whatever the order within slots is.
            out.push_sql("activity_slot >= COALESCE((SELECT activity_slot");
            self.inbox(role, out)?;
            out.push_sql(" ORDER BY activity_slot DESC LIMIT 1 OFFSET ");
            out.push_bind_param::<BigInt, _>(&self.last)?;
            out.push_sql("), ");
            out.push_bind_param::<BigInt, _>(&self.never)?;
            out.push_sql(")");
        }
        out.push_sql(" ORDER BY last_activity_at DESC, id DESC LIMIT ");
        out.push_bind_param::<BigInt, _>(&self.many)
    }

    /// What is in one side's inbox, from the cursor on.
    fn inbox<'b>(&'b self, role: Role, out: &mut AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        let (is_theirs, and_archived) = match role {
            Role::Buyer => (
                " FROM conversations WHERE buyer_id = ",
                " AND buyer_archived = ",
            ),
            Role::Seller => (
                " FROM conversations WHERE seller_id = ",
                " AND seller_archived = ",
            ),
        };
        out.push_sql(is_theirs);
        out.push_bind_param::<Text, _>(&self.user)?;
        out.push_sql(and_archived);
        out.push_bind_param::<Bool, _>(&self.archived)?;
        if let Some(After { slot, at, id }) = &self.after {
            out.push_sql(" AND activity_slot <= ");
            out.push_bind_param::<BigInt, _>(slot)?;
            out.push_sql(" AND last_activity_at <= ");
            out.push_bind_param::<Timestamptz, _>(at)?;
            out.push_sql(" AND (last_activity_at < ");
            out.push_bind_param::<Timestamptz, _>(at)?;
            out.push_sql(" OR id < ");
            out.push_bind_param::<Uuid, _>(id)?;
            out.push_sql(")");
        }
        Ok(())
    }
}

impl Filter {
    fn walk<'b>(&'b self, role: Role, out: &mut AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql(match role {
            Role::Buyer => "(EXISTS (SELECT 1 FROM users WHERE users.id = conversations.seller_id",
            Role::Seller => "(EXISTS (SELECT 1 FROM users WHERE users.id = conversations.buyer_id",
        });
        out.push_sql(" AND users.search_name LIKE ");
        out.push_bind_param::<Text, _>(&self.anywhere)?;
        out.push_sql(
            " ESCAPE '!') OR EXISTS (SELECT 1 FROM products WHERE products.id = conversations.product_id \
             AND products.search_title LIKE ",
        );
        out.push_bind_param::<Text, _>(&self.anywhere)?;
        out.push_sql(" ESCAPE '!') OR conversations.id IN (SELECT messages.conversation_id FROM messages WHERE ");
        out.push_sql(self.messages.before);
        out.push_bind_param::<Text, _>(&self.messages.words)?;
        out.push_sql(self.messages.after);
        out.push_sql("))");
        Ok(())
    }
}

impl Query for Page {
    type SqlType = (Bool, SqlTypeOf<Columns>);
}

impl RunQueryDsl<Conn> for Page {}

impl QueryId for Page {
    type QueryId = ();
    // By its text, which has a part for each thing that is asked for.
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<MultiBackend> for Page {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, MultiBackend>) -> QueryResult<()> {
        out.push_sql("SELECT buys, ");
        self.columns.walk_ast(out.reborrow())?;
        out.push_sql(" FROM (SELECT * FROM (");
        self.side(Role::Buyer, &mut out)?;
        out.push_sql(") AS bought UNION ALL SELECT * FROM (");
        self.side(Role::Seller, &mut out)?;
        out.push_sql(
            ") AS sold) AS conversations \
             LEFT JOIN messages ON messages.conversation_id = conversations.id \
             AND messages.seq = conversations.last_seq \
             LEFT JOIN products ON products.id = conversations.product_id \
             ORDER BY conversations.last_activity_at DESC, conversations.id DESC LIMIT ",
        );
        out.push_bind_param::<BigInt, _>(&self.many)
    }
}
