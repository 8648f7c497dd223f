//! The port of accounts, with the cache of live logins in front.

use messaging_domain::{
    Account, Accounts, Email, Error, LoginId, LoginSession, NewAccount, NewRefreshToken, Rotation,
    Timestamp, TokenDigest, User, UserId,
};

use super::Database;
use crate::accounts::{self, BeginLogin, EndLogin, Rehash, Rotate};

impl Accounts for Database {
    async fn register(&self, account: NewAccount) -> Result<User, Error> {
        self.writer.act(account).await
    }

    async fn account(&self, email: &Email) -> Result<Option<Account>, Error> {
        let email = email.clone();
        self.read("read an account", move |conn| {
            Ok(accounts::account(conn, &email)?)
        })
        .await
    }

    async fn rehash(&self, user: &UserId, password_hash: String) -> Result<(), Error> {
        self.writer.act(Rehash(user.clone(), password_hash)).await
    }

    async fn begin_login(&self, login: LoginSession, token: NewRefreshToken) -> Result<(), Error> {
        self.writer.act(BeginLogin(login, token)).await
    }

    async fn rotate(
        &self,
        old: TokenDigest,
        new: NewRefreshToken,
        now: Timestamp,
    ) -> Result<Rotation, Error> {
        let rotation = self.writer.act(Rotate { old, new, now }).await?;
        if let Rotation::Reused(login) = &rotation {
            self.logins.insert(login.id, false);
        }
        Ok(rotation)
    }

    async fn end_login(&self, token: TokenDigest) -> Result<Option<LoginSession>, Error> {
        let ended = self.writer.act(EndLogin(token)).await?;
        if let Some(login) = &ended {
            self.logins.insert(login.id, false);
        }
        Ok(ended)
    }

    async fn revoked_among(&self, logins: Vec<LoginId>) -> Result<Vec<LoginId>, Error> {
        self.read("look for revoked logins", move |conn| {
            Ok(accounts::revoked_among(conn, &logins)?)
        })
        .await
    }

    async fn is_live(&self, login: LoginId) -> Result<bool, Error> {
        if let Some(live) = self.measurements.logins.count(self.logins.get(&login)) {
            return Ok(live);
        }
        let live = self
            .read("read a login", move |conn| {
                Ok(accounts::is_live(conn, login)?)
            })
            .await?;
        // What a revocation has put there meanwhile is newer than what was read.
        Ok(self.logins.entry(login).or_insert(live).into_value())
    }
}
