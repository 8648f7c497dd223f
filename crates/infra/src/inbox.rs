//! Inboxes. Their index goes by slots of ten minutes instead of the time itself, so that most messages leave it
//! as it is; a page is read by whole slots, and sorted.

use diesel::{
    dsl::{AsSelect, IntoBoxed, Select, sql},
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Bool, Nullable, Text},
};
use messaging_domain::{InboxCursor, InboxQuery, Role, Timestamp, UserId};

use crate::{
    columns::{DbTime, DbUuid},
    connection::Conn,
    conversations::{ConversationRow, Latest, LatestRow, with_latest},
    directory::ProductRow,
    messages::MessageRow,
    schema::conversations,
    search,
};

/// How long a slot is. What a person's busiest slot holds is sorted for a page.
const SLOT_MICROSECONDS: i64 = 600_000_000;

/// The slot of a moment, as the database reckons it: ten minutes each, counted from 1970.
fn slot_of(moment: Timestamp) -> i64 {
    moment.as_microseconds().div_euclid(SLOT_MICROSECONDS)
}

diesel::define_sql_function! {
    fn coalesce(value: Nullable<BigInt>, otherwise: BigInt) -> BigInt;
}

/// A page of one person's conversations, one more than asked for when there are more.
pub(crate) fn page(
    conn: &mut Conn,
    user: &UserId,
    query: &InboxQuery,
) -> QueryResult<Vec<(Role, Latest)>> {
    let [buyer, seller] =
        [Role::Buyer, Role::Seller].map(|role| page_of_side(conn, user, role, query));
    let is_postgres = matches!(conn, Conn::Postgres(_));
    let rows = match (query.filter.is_none(), query.after.is_none()) {
        (true, true) if is_postgres => BothSides::<FIRST>(buyer, seller).load(conn)?,
        (true, false) if is_postgres => BothSides::<LATER>(buyer, seller).load(conn)?,
        // SQLite has no round trip to spare, and what a filter asks for is planned worse together.
        _ => {
            let mut rows: Vec<LatestRow> = buyer.load(conn)?;
            rows.extend(seller.load::<LatestRow>(conn)?);
            rows
        }
    };
    let mut page: Vec<_> = rows
        .into_iter()
        .map(Latest::from)
        .filter_map(|latest| Some((latest.conversation.role_of(user)?, latest)))
        .collect();
    page.sort_by(|(_, a), (_, b)| {
        let key = |latest: &Latest| (latest.conversation.last_activity_at, latest.conversation.id);
        key(b).cmp(&key(a))
    });
    page.truncate(query.limit.saturating_add(1));
    Ok(page)
}

type Backend = <Conn as Connection>::Backend;

/// Rows of one side's inbox.
type PageOfSide = IntoBoxed<
    'static,
    Select<
        with_latest,
        (
            AsSelect<ConversationRow, Backend>,
            AsSelect<Option<MessageRow>, Backend>,
            AsSelect<Option<ProductRow>, Backend>,
        ),
    >,
    Backend,
>;

/// Pages of both sides without a filter by one statement, each as it would be read alone: what PostgreSQL sorts has to
/// stand above its joins. A first page has one text, a later one another, so that neither is put together anew for each.
struct BothSides<const IS_FIRST: bool>(PageOfSide, PageOfSide);

const FIRST: bool = true;
const LATER: bool = false;

impl<const IS_FIRST: bool> Query for BothSides<IS_FIRST> {
    type SqlType = <PageOfSide as Query>::SqlType;
}

impl<const IS_FIRST: bool> QueryId for BothSides<IS_FIRST> {
    type QueryId = Self;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<const IS_FIRST: bool> RunQueryDsl<Conn> for BothSides<IS_FIRST> {}

impl<const IS_FIRST: bool> QueryFragment<Backend> for BothSides<IS_FIRST> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Backend>) -> QueryResult<()> {
        out.push_sql("(");
        QueryFragment::<Backend>::walk_ast(&self.0, out.reborrow())?;
        out.push_sql(") UNION ALL (");
        QueryFragment::<Backend>::walk_ast(&self.1, out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// What is in one side's inbox, from the cursor on: of rows of conversations, alone or with others.
macro_rules! in_inbox {
    ($rows:expr, $user:expr, $role:expr, $query:expr) => {{
        let mut rows = match $role {
            Role::Buyer => $rows
                .filter(conversations::buyer_id.eq($user.as_str().to_owned()))
                .filter(conversations::buyer_archived.eq($query.archived)),
            Role::Seller => $rows
                .filter(conversations::seller_id.eq($user.as_str().to_owned()))
                .filter(conversations::seller_archived.eq($query.archived)),
        };
        if let Some(InboxCursor {
            last_activity_at,
            id,
        }) = $query.after
        {
            let (at, id) = (DbTime(last_activity_at), DbUuid::from(id));
            rows = rows.filter(
                conversations::activity_slot
                    .le(slot_of(last_activity_at))
                    .and(conversations::last_activity_at.le(at))
                    .and(
                        conversations::last_activity_at
                            .lt(at)
                            .or(conversations::id.lt(id)),
                    ),
            );
        }
        rows
    }};
}

fn page_of_side(conn: &Conn, user: &UserId, role: Role, query: &InboxQuery) -> PageOfSide {
    let last = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let rows = with_latest().select((
        ConversationRow::as_select(),
        Option::<MessageRow>::as_select(),
        Option::<ProductRow>::as_select(),
    ));
    let mut rows = in_inbox!(rows.into_boxed(), user, role, query);
    if let Some(filter) = &query.filter {
        let matching = search::MessageMatch::new(conn, user, filter);
        // The counterpart's name or the product's title holds the phrase, or a message the words.
        let counterpart = match role {
            Role::Buyer => {
                "EXISTS (SELECT 1 FROM users WHERE users.id = conversations.seller_id AND users.search_name LIKE "
            }
            Role::Seller => {
                "EXISTS (SELECT 1 FROM users WHERE users.id = conversations.buyer_id AND users.search_name LIKE "
            }
        };
        let anywhere = search::anywhere(filter.phrase());
        rows = rows.filter(
            sql::<Bool>("(")
                .sql(counterpart)
                .bind::<Text, _>(anywhere.clone())
                .sql(" ESCAPE '!') OR EXISTS (SELECT 1 FROM products WHERE products.id = conversations.product_id AND products.search_title LIKE ")
                .bind::<Text, _>(anywhere)
                .sql(" ESCAPE '!') OR conversations.id IN (SELECT messages.conversation_id FROM messages WHERE ")
                .sql(matching.before)
                .bind::<Text, _>(matching.words)
                .sql(matching.after)
                .sql("))"),
        );
    } else {
        // The last of the page is in this slot or a later one, whatever the order within slots is.
        let edge = in_inbox!(conversations::table.into_boxed(), user, role, query)
            .order(conversations::activity_slot.desc())
            .offset(last)
            .select(conversations::activity_slot)
            .single_value();
        rows = rows.filter(conversations::activity_slot.ge(coalesce(edge, i64::MIN)));
    }
    rows.order((
        conversations::last_activity_at.desc(),
        conversations::id.desc(),
    ))
    .limit(last.saturating_add(1))
}
