//! Conversations as rows, and as their participants see them.

use std::collections::HashMap;

use diesel::prelude::*;
use messaging_domain::{
    Conversation, ConversationId, ConversationView, Message, Participants, Product, ProductId,
    Role, Seq, Side, User, UserId, Window,
};

use crate::{
    columns::{DbTime, DbUuid},
    connection::Conn,
    directory::ProductRow,
    messages::MessageRow,
    schema::{conversations, messages, products},
};

/// A row of `conversations`.
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row has the columns that its table has"
)]
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = conversations, treat_none_as_default_value = false)]
pub(crate) struct ConversationRow {
    id: DbUuid,
    product_id: Option<String>,
    buyer_id: String,
    seller_id: String,
    created_at: DbTime,
    last_activity_at: DbTime,
    last_seq: i64,
    closed: bool,
    buyer_read_seq: i64,
    buyer_delivered_seq: i64,
    buyer_unread: i64,
    buyer_archived: bool,
    buyer_muted: bool,
    buyer_blocking: bool,
    seller_read_seq: i64,
    seller_delivered_seq: i64,
    seller_unread: i64,
    seller_archived: bool,
    seller_muted: bool,
    seller_blocking: bool,
}

impl From<ConversationRow> for Conversation {
    fn from(row: ConversationRow) -> Self {
        Self {
            id: row.id.into(),
            product: row.product_id.as_deref().map(ProductId::restore),
            buyer: Side {
                user: UserId::restore(&row.buyer_id),
                read_seq: Seq::new(row.buyer_read_seq),
                delivered_seq: Seq::new(row.buyer_delivered_seq),
                unread: row.buyer_unread,
                archived: row.buyer_archived,
                muted: row.buyer_muted,
                blocking: row.buyer_blocking,
            },
            seller: Side {
                user: UserId::restore(&row.seller_id),
                read_seq: Seq::new(row.seller_read_seq),
                delivered_seq: Seq::new(row.seller_delivered_seq),
                unread: row.seller_unread,
                archived: row.seller_archived,
                muted: row.seller_muted,
                blocking: row.seller_blocking,
            },
            last_seq: Seq::new(row.last_seq),
            last_activity_at: row.last_activity_at.0,
            created_at: row.created_at.0,
            closed: row.closed,
        }
    }
}

impl From<&Conversation> for ConversationRow {
    fn from(conversation: &Conversation) -> Self {
        let (buyer, seller) = (&conversation.buyer, &conversation.seller);
        Self {
            id: conversation.id.into(),
            product_id: conversation
                .product
                .as_ref()
                .map(|id| id.as_str().to_owned()),
            buyer_id: buyer.user.as_str().to_owned(),
            seller_id: seller.user.as_str().to_owned(),
            created_at: DbTime(conversation.created_at),
            last_activity_at: DbTime(conversation.last_activity_at),
            last_seq: conversation.last_seq.get(),
            closed: conversation.closed,
            buyer_read_seq: buyer.read_seq.get(),
            buyer_delivered_seq: buyer.delivered_seq.get(),
            buyer_unread: buyer.unread,
            buyer_archived: buyer.archived,
            buyer_muted: buyer.muted,
            buyer_blocking: buyer.blocking,
            seller_read_seq: seller.read_seq.get(),
            seller_delivered_seq: seller.delivered_seq.get(),
            seller_unread: seller.unread,
            seller_archived: seller.archived,
            seller_muted: seller.muted,
            seller_blocking: seller.blocking,
        }
    }
}

/// A conversation with its newest message and its product, read in one statement so that they agree.
#[derive(Debug, Clone)]
pub(crate) struct Latest {
    pub(crate) conversation: Conversation,
    pub(crate) message: Option<Message>,
    /// As far as it is described.
    pub(crate) product: Option<Product>,
}

pub(crate) type LatestRow = (ConversationRow, Option<MessageRow>, Option<ProductRow>);

impl From<LatestRow> for Latest {
    fn from((row, message, product): LatestRow) -> Self {
        let conversation = Conversation::from(row);
        let message = message.map(|message| message.into_message(&conversation));
        Self {
            conversation,
            message,
            product: product.map(Product::from),
        }
    }
}

impl Latest {
    /// What one side sees, with what the directory says about the other.
    pub(crate) fn view(self, role: Role, users: &HashMap<UserId, User>) -> ConversationView {
        let counterpart = &self.conversation.side(role.other()).user;
        // Every participant has a row; this is only for one that was removed by hand.
        let counterpart = users.get(counterpart).cloned().unwrap_or_else(|| User {
            id: counterpart.clone(),
            display_name: counterpart.as_str().to_owned(),
            avatar_url: None,
            erased_at: None,
        });
        let (described, seller) = (self.product, &self.conversation.seller.user);
        let product =
            self.conversation.product.as_ref().map(|id| {
                described.unwrap_or_else(|| Product::unknown(id.clone(), seller.clone()))
            });
        ConversationView::of(&self.conversation, role, product, counterpart, self.message)
    }
}

/// The two people of a conversation.
pub(crate) fn participants(
    conn: &mut Conn,
    id: ConversationId,
) -> QueryResult<Option<Participants>> {
    let row = conversations::table
        .find(DbUuid::from(id))
        .select((conversations::buyer_id, conversations::seller_id))
        .get_result::<(String, String)>(conn)
        .optional()?;
    Ok(row.map(|(buyer, seller)| Participants {
        conversation: id,
        buyer: UserId::restore(&buyer),
        seller: UserId::restore(&seller),
    }))
}

#[diesel::dsl::auto_type]
pub(crate) fn with_latest() -> _ {
    let newest = messages::conversation_id
        .eq(conversations::id)
        .and(messages::seq.eq(conversations::last_seq));
    let its_product = products::id.nullable().eq(conversations::product_id);
    conversations::table
        .left_join(messages::table.on(newest))
        .left_join(products::table.on(its_product))
}

/// Conversations with their newest messages and products, in no order.
pub(crate) fn latest(conn: &mut Conn, ids: &[ConversationId]) -> QueryResult<Vec<Latest>> {
    let ids: Vec<DbUuid> = ids.iter().copied().map(DbUuid::from).collect();
    let rows = with_latest()
        .filter(conversations::id.eq_any(ids))
        .select((
            ConversationRow::as_select(),
            Option::<MessageRow>::as_select(),
            Option::<ProductRow>::as_select(),
        ))
        .load::<LatestRow>(conn)?;
    Ok(rows.into_iter().map(Latest::from).collect())
}

/// One conversation with its newest message and its product.
pub(crate) fn latest_one(conn: &mut Conn, id: ConversationId) -> QueryResult<Option<Latest>> {
    let row = with_latest()
        .filter(conversations::id.eq(DbUuid::from(id)))
        .select((
            ConversationRow::as_select(),
            Option::<MessageRow>::as_select(),
            Option::<ProductRow>::as_select(),
        ))
        .get_result::<LatestRow>(conn)
        .optional()?;
    Ok(row.map(Latest::from))
}

/// All conversations that a person takes part in, oldest first.
pub(crate) fn all_of(conn: &mut Conn, user: &UserId) -> QueryResult<Vec<ConversationId>> {
    let rows = conversations::table
        .filter(
            conversations::buyer_id
                .eq(user.as_str().to_owned())
                .or(conversations::seller_id.eq(user.as_str().to_owned())),
        )
        .select(conversations::id)
        .load::<DbUuid>(conn)?;
    let mut ids: Vec<_> = rows.into_iter().map(ConversationId::from).collect();
    // Not by the database: a reader would take the ids' index for the order, with everybody's conversations.
    ids.sort_unstable();
    Ok(ids)
}

/// The messages of a window, in rising order, with their conversation.
pub(crate) fn window(
    conn: &mut Conn,
    id: ConversationId,
    window: Window,
    limit: usize,
) -> QueryResult<Option<(Latest, Vec<Message>)>> {
    let Some(latest) = latest_one(conn, id)? else {
        return Ok(None);
    };
    let (from, to) = window.range(limit, latest.conversation.last_seq);
    if from > to {
        return Ok(Some((latest, Vec::new())));
    }
    let rows = messages::table
        .filter(messages::conversation_id.eq(DbUuid::from(id)))
        .filter(messages::seq.between(from.get(), to.get()))
        .order(messages::seq.asc())
        .select(MessageRow::as_select())
        .load(conn)?;
    let items = rows
        .into_iter()
        .map(|row| row.into_message(&latest.conversation))
        .collect();
    Ok(Some((latest, items)))
}
