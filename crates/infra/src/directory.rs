//! People and products: rows, the cache of people, and the directory port's queries.

use std::{collections::HashMap, time::Duration};

use diesel::prelude::*;
use messaging_domain::{
    Error, Introduction, LoginId, Product, ProductId, ProductStatus, Profile, Timestamp, User,
    UserId, fold,
};
use moka::sync::Cache;

use crate::{
    acts::Act,
    batch::{Batch, Scope},
    columns::{DbTime, DbUuid},
    connection::Conn,
    failure::Halt,
    log::MAX_PARAMETERS,
    schema::{accounts, logins, products, streams, users},
};

/// What an erased person is called.
const ERASED_NAME: &str = "Deleted account";

/// A row of `users`, as others see the person.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    id: String,
    display_name: String,
    avatar_url: Option<String>,
    erased_at: Option<DbTime>,
    tokens_after: Option<DbTime>,
}

impl UserRow {
    fn into_known(self) -> Known {
        Known {
            tokens_after: self.tokens_after.map(|time| time.0),
            user: User {
                id: UserId::restore(&self.id),
                display_name: self.display_name,
                avatar_url: self.avatar_url,
                erased_at: self.erased_at.map(|time| time.0),
            },
        }
    }
}

/// A person as the cache keeps them.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) user: User,
    tokens_after: Option<Timestamp>,
}

impl Known {
    /// Whether a token from this moment may still speak for the person. A token's time has whole
    /// seconds, so one of the very second of the erasure is refused.
    pub(crate) fn admits_token_of(&self, issued_at: Timestamp) -> bool {
        self.tokens_after
            .is_none_or(|after| issued_at.as_seconds() > after.as_seconds())
    }
}

/// People who were asked for lately: bounded, and a minute old at most; 5 seconds when other nodes
/// change them too.
pub(crate) type UserCache = Cache<UserId, Known>;

pub(crate) fn cache(shared: bool) -> UserCache {
    Cache::builder()
        .max_capacity(50_000)
        .time_to_live(Duration::from_secs(if shared { 5 } else { 60 }))
        .build()
}

/// Those of these people who were erased.
pub(crate) fn erased_among(conn: &mut Conn, asked: &[UserId]) -> QueryResult<Vec<UserId>> {
    let mut erased = Vec::new();
    for some in asked.chunks(MAX_PARAMETERS) {
        let ids = users::table
            .filter(users::id.eq_any(some.iter().map(|user| user.as_str().to_owned())))
            .filter(users::erased_at.is_not_null())
            .select(users::id)
            .load::<String>(conn)?;
        erased.extend(ids.iter().map(|id| UserId::restore(id)));
    }
    Ok(erased)
}

/// One person.
pub(crate) fn known(conn: &mut Conn, id: &UserId) -> QueryResult<Option<Known>> {
    let row = users::table
        .find(id.as_str().to_owned())
        .select(UserRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row.map(UserRow::into_known))
}

/// Several people.
pub(crate) fn known_of(conn: &mut Conn, ids: &[UserId]) -> QueryResult<Vec<Known>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
    let rows = users::table
        .filter(users::id.eq_any(ids))
        .select(UserRow::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(UserRow::into_known).collect())
}

/// Several people by their ids, without the cache: inside a transaction.
pub(crate) fn users(
    conn: &mut Conn,
    ids: impl IntoIterator<Item = UserId>,
) -> QueryResult<HashMap<UserId, User>> {
    let known = known_of(conn, &ids.into_iter().collect::<Vec<_>>())?;
    Ok(known
        .into_iter()
        .map(|known| (known.user.id.clone(), known.user))
        .collect())
}

/// A row of `products`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = products)]
pub(crate) struct ProductRow {
    id: String,
    seller_id: String,
    title: Option<String>,
    image_url: Option<String>,
    url: Option<String>,
    price_minor: Option<i64>,
    currency: Option<String>,
    status: String,
}

impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        Self {
            id: ProductId::restore(&row.id),
            seller: UserId::restore(&row.seller_id),
            title: row.title,
            image_url: row.image_url,
            url: row.url,
            price_minor: row.price_minor,
            currency: row.currency,
            status: ProductStatus::parse(&row.status).unwrap_or(ProductStatus::Unknown),
        }
    }
}

/// A product, if it is described.
pub(crate) fn product(conn: &mut Conn, id: &ProductId) -> QueryResult<Option<Product>> {
    let row = products::table
        .find(id.as_str().to_owned())
        .select(ProductRow::as_select())
        .get_result(conn)
        .optional()?;
    Ok(row.map(Product::from))
}

/// Makes a person, with an empty stream.
pub(crate) fn insert_user(
    conn: &mut Conn,
    id: &UserId,
    name: &str,
    avatar_url: Option<&str>,
    now: Timestamp,
) -> QueryResult<()> {
    diesel::insert_into(users::table)
        .values((
            users::id.eq(id.as_str().to_owned()),
            users::display_name.eq(name.to_owned()),
            users::search_name.eq(fold(name)),
            users::avatar_url.eq(avatar_url.map(str::to_owned)),
            users::created_at.eq(DbTime(now)),
        ))
        .execute(conn)?;
    diesel::insert_into(streams::table)
        .values((
            streams::user_id.eq(id.as_str().to_owned()),
            streams::head.eq(0),
            streams::unread_messages.eq(0),
            streams::unread_conversations.eq(0),
        ))
        .execute(conn)?;
    Ok(())
}

impl Act for Introduction {
    type Answer = Known;

    fn scope(&self, scope: &mut Scope) {
        scope.people.insert(self.id.clone());
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Known, Halt> {
        let name = self
            .display_name
            .as_ref()
            .map_or(self.id.as_str(), |name| name.as_str());
        let avatar_url = self.avatar_url.as_deref();
        match known(batch.conn, &self.id)? {
            None => insert_user(batch.conn, &self.id, name, avatar_url, batch.now)?,
            // Somebody who was erased and has come back with a new token.
            Some(known)
                if known.user.erased_at.is_some() && known.admits_token_of(self.issued_at) =>
            {
                write_profile(batch.conn, &self.id, name, avatar_url)?;
                batch.erased.remove(&self.id);
            }
            Some(_) => {}
        }
        Ok(known(batch.conn, &self.id)?.ok_or(diesel::result::Error::NotFound)?)
    }
}

fn write_profile(
    conn: &mut Conn,
    id: &UserId,
    name: &str,
    avatar_url: Option<&str>,
) -> QueryResult<usize> {
    diesel::update(users::table.find(id.as_str().to_owned()))
        .set((
            users::display_name.eq(name.to_owned()),
            users::search_name.eq(fold(name)),
            users::avatar_url.eq(avatar_url.map(str::to_owned)),
            users::erased_at.eq(None::<DbTime>),
        ))
        .execute(conn)
}

impl Act for Profile {
    type Answer = Known;

    fn scope(&self, scope: &mut Scope) {
        scope.people.insert(self.id.clone());
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Known, Halt> {
        let (name, avatar_url) = (self.display_name.as_str(), self.avatar_url.as_deref());
        if write_profile(batch.conn, &self.id, name, avatar_url)? == 0 {
            insert_user(batch.conn, &self.id, name, avatar_url, batch.now)?;
        }
        batch.erased.remove(&self.id);
        diesel::update(users::table.find(self.id.as_str().to_owned()))
            .set(users::locale.eq(self.locale.clone()))
            .execute(batch.conn)?;
        Ok(known(batch.conn, &self.id)?.ok_or(diesel::result::Error::NotFound)?)
    }
}

impl Act for Product {
    type Answer = Self;

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Self, Halt> {
        let columns = (
            products::seller_id.eq(self.seller.as_str().to_owned()),
            products::title.eq(self.title.clone()),
            products::search_title.eq(fold(self.title.as_deref().unwrap_or_default())),
            products::image_url.eq(self.image_url.clone()),
            products::url.eq(self.url.clone()),
            products::price_minor.eq(self.price_minor),
            products::currency.eq(self.currency.clone()),
            products::status.eq(self.status.as_str().to_owned()),
            products::updated_at.eq(DbTime(batch.now)),
        );
        let row = products::table.find(self.id.as_str().to_owned());
        if diesel::update(row)
            .set(columns.clone())
            .execute(batch.conn)?
            == 0
        {
            let (seller, title, search_title, image_url, url, price, currency, status, updated_at) =
                columns;
            diesel::insert_into(products::table)
                .values((
                    products::id.eq(self.id.as_str().to_owned()),
                    seller,
                    title,
                    search_title,
                    image_url,
                    url,
                    price,
                    currency,
                    status,
                    updated_at,
                ))
                .execute(batch.conn)?;
        }
        Ok(self.clone())
    }
}

/// Takes a person's profile, account and logins away. The row stays, as the author of what they wrote.
#[derive(Debug)]
pub(crate) struct Erasure(pub(crate) UserId);

/// What is left of an erased person.
#[derive(Debug)]
pub(crate) struct Erased {
    /// The erased author.
    pub(crate) known: Known,
    /// The logins that are gone.
    pub(crate) logins: Vec<LoginId>,
}

impl Act for Erasure {
    type Answer = Erased;

    fn scope(&self, scope: &mut Scope) {
        scope.people.insert(self.0.clone());
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Erased, Halt> {
        let id = self.0.as_str().to_owned();
        diesel::update(users::table.find(id.clone()))
            .set((
                users::display_name.eq(ERASED_NAME.to_owned()),
                users::search_name.eq(String::new()),
                users::avatar_url.eq(None::<String>),
                users::locale.eq(None::<String>),
                users::last_seen_at.eq(None::<DbTime>),
                users::erased_at.eq(Some(DbTime(batch.now))),
                users::tokens_after.eq(Some(DbTime(batch.now))),
            ))
            .execute(batch.conn)?;
        let known = known(batch.conn, &self.0)?.ok_or(Error::NotFound)?;
        batch.erased.insert(self.0.clone());
        diesel::delete(accounts::table.find(id.clone())).execute(batch.conn)?;
        let of_person = logins::table.filter(logins::user_id.eq(id));
        let gone: Vec<DbUuid> = of_person.clone().select(logins::id).load(batch.conn)?;
        diesel::delete(of_person).execute(batch.conn)?;
        Ok(Erased {
            known,
            logins: gone.into_iter().map(LoginId::from).collect(),
        })
    }
}

/// When somebody was last connected.
#[derive(Debug)]
pub(crate) struct Seen(pub(crate) UserId, pub(crate) Timestamp);

impl Act for Seen {
    type Answer = ();

    fn scope(&self, scope: &mut Scope) {
        scope.people.insert(self.0.clone());
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<(), Halt> {
        diesel::update(
            users::table
                .find(self.0.as_str().to_owned())
                .filter(users::erased_at.is_null()),
        )
        .set(users::last_seen_at.eq(Some(DbTime(self.1))))
        .execute(batch.conn)?;
        Ok(())
    }
}

/// When somebody was last connected, if ever noted.
pub(crate) fn last_seen(conn: &mut Conn, id: &UserId) -> QueryResult<Option<Timestamp>> {
    let row = users::table
        .find(id.as_str().to_owned())
        .select(users::last_seen_at)
        .get_result::<Option<DbTime>>(conn)
        .optional()?;
    Ok(row.flatten().map(|time| time.0))
}
