//! Local accounts and their logins.

use std::collections::HashSet;

use diesel::prelude::*;
use messaging_domain::{
    Account, Email, Error, LoginId, LoginSession, NewAccount, NewRefreshToken, Rotation, Timestamp,
    TokenDigest, User, UserId,
};

use crate::{
    acts::Act,
    batch::{Batch, Scope},
    columns::{DbTime, DbUuid},
    connection::Conn,
    directory,
    failure::Halt,
    log::MAX_PARAMETERS,
    schema::{accounts, logins, refresh_tokens},
};

/// The account of an address.
pub(crate) fn account(conn: &mut Conn, email: &Email) -> QueryResult<Option<Account>> {
    let row = accounts::table
        .filter(accounts::email.eq(email.as_str().to_owned()))
        .select((accounts::user_id, accounts::password_hash))
        .get_result::<(String, String)>(conn)
        .optional()?;
    Ok(row.map(|(user, password_hash)| Account {
        user: UserId::restore(&user),
        password_hash,
    }))
}

/// Whether a login is there and not revoked.
pub(crate) fn is_live(conn: &mut Conn, login: LoginId) -> QueryResult<bool> {
    let row = logins::table
        .find(DbUuid::from(login))
        .select(logins::revoked_at)
        .get_result::<Option<DbTime>>(conn)
        .optional()?;
    Ok(matches!(row, Some(None)))
}

/// Those of these logins that are not there, or revoked.
pub(crate) fn revoked_among(conn: &mut Conn, asked: &[LoginId]) -> QueryResult<Vec<LoginId>> {
    let mut revoked = Vec::new();
    for some in asked.chunks(MAX_PARAMETERS) {
        let live = logins::table
            .filter(logins::id.eq_any(some.iter().copied().map(DbUuid::from)))
            .filter(logins::revoked_at.is_null())
            .select(logins::id)
            .load::<DbUuid>(conn)?;
        let live: HashSet<LoginId> = live.into_iter().map(LoginId::from).collect();
        revoked.extend(some.iter().filter(|login| !live.contains(login)));
    }
    Ok(revoked)
}

impl Act for NewAccount {
    type Answer = User;

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<User, Halt> {
        if account(batch.conn, &self.email)?.is_some() {
            return Err(Error::EmailTaken.into());
        }
        directory::insert_user(
            batch.conn,
            &self.user,
            self.display_name.as_str(),
            None,
            batch.now,
        )?;
        diesel::insert_into(accounts::table)
            .values((
                accounts::user_id.eq(self.user.as_str().to_owned()),
                accounts::email.eq(self.email.as_str().to_owned()),
                accounts::password_hash.eq(self.password_hash.clone()),
                accounts::created_at.eq(DbTime(batch.now)),
            ))
            .execute(batch.conn)?;
        if let Some((id, token)) = &self.first_login {
            insert_login(batch, *id, &self.user, token)?;
        }
        let known = directory::known(batch.conn, &self.user)?;
        Ok(known.ok_or(diesel::result::Error::NotFound)?.user)
    }
}

/// Replaces a password's hash.
#[derive(Debug)]
pub(crate) struct Rehash(pub(crate) UserId, pub(crate) String);

impl Act for Rehash {
    type Answer = ();

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<(), Halt> {
        diesel::update(accounts::table.find(self.0.as_str().to_owned()))
            .set(accounts::password_hash.eq(self.1.clone()))
            .execute(batch.conn)?;
        Ok(())
    }
}

/// Begins a login with its first refresh token.
#[derive(Debug)]
pub(crate) struct BeginLogin(pub(crate) LoginSession, pub(crate) NewRefreshToken);

impl Act for BeginLogin {
    type Answer = ();

    fn scope(&self, scope: &mut Scope) {
        scope.people.insert(self.0.user.clone());
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<(), Halt> {
        let Self(login, token) = self;
        // The password may have been checked just before the person was erased.
        let account = accounts::table.find(login.user.as_str().to_owned());
        let found = account
            .select(accounts::user_id)
            .get_result::<String>(batch.conn)
            .optional()?;
        if found.is_none() {
            return Err(Error::NotFound.into());
        }
        insert_login(batch, login.id, &login.user, token)?;
        Ok(())
    }
}

fn insert_login(
    batch: &mut Batch<'_>,
    id: LoginId,
    user: &UserId,
    token: &NewRefreshToken,
) -> QueryResult<usize> {
    diesel::insert_into(logins::table)
        .values((
            logins::id.eq(DbUuid::from(id)),
            logins::user_id.eq(user.as_str().to_owned()),
            logins::created_at.eq(DbTime(batch.now)),
            logins::expires_at.eq(DbTime(token.expires_at)),
        ))
        .execute(batch.conn)?;
    insert_token(batch.conn, id, token)
}

fn insert_token(conn: &mut Conn, login: LoginId, token: &NewRefreshToken) -> QueryResult<usize> {
    diesel::insert_into(refresh_tokens::table)
        .values((
            refresh_tokens::digest.eq(token.digest.to_vec()),
            refresh_tokens::login_id.eq(DbUuid::from(login)),
            refresh_tokens::expires_at.eq(DbTime(token.expires_at)),
        ))
        .execute(conn)
}

type TokenRow = (DbUuid, String, DbTime, Option<DbTime>, Option<DbTime>);

/// A token with its login: login, person, the token's end, when it was spent, when the login was revoked.
fn find_token(conn: &mut Conn, digest: &TokenDigest) -> QueryResult<Option<TokenRow>> {
    refresh_tokens::table
        .inner_join(logins::table)
        .filter(refresh_tokens::digest.eq(digest.to_vec()))
        .select((
            logins::id,
            logins::user_id,
            refresh_tokens::expires_at,
            refresh_tokens::spent_at,
            logins::revoked_at,
        ))
        .get_result(conn)
        .optional()
}

fn revoke(conn: &mut Conn, login: DbUuid, now: Timestamp) -> QueryResult<usize> {
    diesel::update(
        logins::table
            .find(login)
            .filter(logins::revoked_at.is_null()),
    )
    .set(logins::revoked_at.eq(Some(DbTime(now))))
    .execute(conn)
}

/// Trades a refresh token for the next one.
#[derive(Debug)]
pub(crate) struct Rotate {
    pub(crate) old: TokenDigest,
    pub(crate) new: NewRefreshToken,
    pub(crate) now: Timestamp,
}

impl Act for Rotate {
    type Answer = Rotation;

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Rotation, Halt> {
        // Write first: of two nodes that trade the same token one waits here and then changes nothing.
        let spent = diesel::update(
            refresh_tokens::table
                .find(self.old.to_vec())
                .filter(refresh_tokens::spent_at.is_null()),
        )
        .set(refresh_tokens::spent_at.eq(Some(DbTime(self.now))))
        .execute(batch.conn)?;
        let Some((login, user, expires_at, _, revoked_at)) = find_token(batch.conn, &self.old)?
        else {
            return Ok(Rotation::Refused);
        };
        let session = LoginSession {
            id: login.into(),
            user: UserId::restore(&user),
        };
        if revoked_at.is_some() {
            return Ok(Rotation::Refused);
        }
        if spent == 0 {
            revoke(batch.conn, login, self.now)?;
            return Ok(Rotation::Reused(session));
        }
        if expires_at.0 <= self.now {
            return Ok(Rotation::Refused);
        }
        insert_token(batch.conn, session.id, &self.new)?;
        diesel::update(logins::table.find(login))
            .set(logins::expires_at.eq(DbTime(self.new.expires_at)))
            .execute(batch.conn)?;
        let known = directory::known(batch.conn, &session.user)?;
        let user = known.ok_or(diesel::result::Error::NotFound)?.user;
        Ok(Rotation::Rotated {
            login: session,
            user,
        })
    }
}

/// Revokes the family of a token.
#[derive(Debug)]
pub(crate) struct EndLogin(pub(crate) TokenDigest);

impl Act for EndLogin {
    type Answer = Option<LoginSession>;

    fn scope(&self, _: &mut Scope) {}

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Option<LoginSession>, Halt> {
        let Some((login, user, ..)) = find_token(batch.conn, &self.0)? else {
            return Ok(None);
        };
        revoke(batch.conn, login, batch.now)?;
        Ok(Some(LoginSession {
            id: login.into(),
            user: UserId::restore(&user),
        }))
    }
}

/// Forgets logins whose last token has expired; their tokens go with them. Returns how many.
pub(crate) fn prune(conn: &mut Conn, now: Timestamp) -> QueryResult<usize> {
    diesel::delete(logins::table.filter(logins::expires_at.lt(DbTime(now)))).execute(conn)
}
