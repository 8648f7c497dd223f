//! Logins to local accounts: an access token that lives for minutes, and a refresh token that is
//! traded for the next one each time (RFC 9700), so that a stolen one is noticed.

use std::{fmt, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use messaging_domain::{
    Accounts as _, Directory as _, DisplayName, Email, Error, Failure, LoginId, LoginSession,
    NewAccount, NewRefreshToken, Password, Rotation, Timestamp, TokenDigest, User, UserId,
};
use prometheus_client::registry::Registry;
use secrecy::SecretString;
use sha2::{Digest as _, Sha256};

use super::{
    Revocations,
    password::{Passwords, Verdict},
    token::Tokens,
};
use crate::{Store, wire::account::Credentials};

/// A person who has just logged in, or stayed so.
pub struct LoggedIn {
    /// Who.
    pub user: User,
    /// What lets them in, for a while.
    pub access_token: String,
    /// What they trade for the next two tokens.
    pub refresh_token: String,
}

/// Begins, prolongs and ends logins.
pub struct Logins {
    store: Arc<Store>,
    passwords: Passwords,
    tokens: Arc<Tokens>,
    revocations: Arc<dyn Revocations>,
    refresh_lifetime: Duration,
}

impl Logins {
    /// Logins to the accounts of this store.
    pub fn new(
        store: Arc<Store>,
        passwords: Passwords,
        tokens: Arc<Tokens>,
        revocations: Arc<dyn Revocations>,
        refresh_lifetime: Duration,
    ) -> Self {
        Self {
            store,
            passwords,
            tokens,
            revocations,
            refresh_lifetime,
        }
    }

    /// Names what logging in counts.
    pub fn expose(&self, registry: &mut Registry) {
        self.passwords.expose(registry);
    }

    /// Whether there are local accounts: with an outside issuer there are none.
    pub fn are_open(&self) -> bool {
        self.tokens.can_issue()
    }

    /// How long an access token is good for.
    pub fn access_lifetime(&self) -> Duration {
        self.tokens.lifetime()
    }

    /// How long a refresh token is good for.
    pub const fn refresh_lifetime(&self) -> Duration {
        self.refresh_lifetime
    }

    /// Makes an account and logs its person in.
    ///
    /// # Errors
    /// [`Error::EmailTaken`].
    pub async fn register(
        &self,
        email: Email,
        password: Password,
        name: DisplayName,
    ) -> Result<LoggedIn, Error> {
        let password_hash = self
            .passwords
            .hash(SecretString::from(password.expose()))
            .await?;
        let user = UserId::restore(&uuid::Uuid::now_v7().to_string());
        let (refresh_token, new) = self.new_refresh_token()?;
        let login = LoginId::new();
        let account = NewAccount {
            user,
            email,
            password_hash,
            display_name: name,
            first_login: Some((login, new)),
        };
        let user = self.store.register(account).await?;
        let access_token = self.access_token(&user, login)?;
        Ok(LoggedIn {
            user,
            access_token,
            refresh_token,
        })
    }

    /// Logs a person in; `None` when e-mail and password are not those of an account.
    ///
    /// # Errors
    /// Those of the store, and [`Error::Overloaded`].
    pub async fn log_in(&self, credentials: Credentials) -> Result<Option<LoggedIn>, Error> {
        let Some(password) = credentials.password else {
            return Ok(None);
        };
        let account = match &credentials.email {
            Some(email) => self.store.account(email).await?,
            None => None,
        };
        let (user, hash) = account
            .map(|account| (account.user, account.password_hash))
            .unzip();
        let verdict = self.passwords.verify(password, hash).await?;
        let Some(user) = user.filter(|_| verdict != Verdict::Wrong) else {
            return Ok(None);
        };
        if let Verdict::Rehashed(hash) = verdict {
            self.store.rehash(&user, hash).await?;
        }
        match self.store.user(&user).await? {
            Some(user) => match self.begin(user).await {
                // Erased since the password was checked.
                Err(Error::NotFound) => Ok(None),
                begun => begun.map(Some),
            },
            None => Ok(None),
        }
    }

    async fn begin(&self, user: User) -> Result<LoggedIn, Error> {
        let login = LoginSession {
            id: LoginId::new(),
            user: user.id.clone(),
        };
        let (refresh_token, new) = self.new_refresh_token()?;
        let access_token = self.access_token(&user, login.id)?;
        self.store.begin_login(login, new).await?;
        Ok(LoggedIn {
            user,
            access_token,
            refresh_token,
        })
    }

    /// Trades a refresh token for the next one; `None` when it is not good. One that was traded
    /// before is in two hands: its login is revoked.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn refresh(&self, token: &str) -> Result<Option<LoggedIn>, Error> {
        let (refresh_token, new) = self.new_refresh_token()?;
        match self
            .store
            .rotate(digest(token), new, Timestamp::now())
            .await?
        {
            Rotation::Rotated { login, user } => {
                let access_token = self.access_token(&user, login.id)?;
                Ok(Some(LoggedIn {
                    user,
                    access_token,
                    refresh_token,
                }))
            }
            Rotation::Reused(login) => {
                tracing::warn!(login = %login.id, "a refresh token was used twice: its login is revoked");
                self.revocations.login_revoked(&login);
                Ok(None)
            }
            Rotation::Refused => Ok(None),
        }
    }

    /// Ends the login of a refresh token, and its open connections. One that is not known is no matter.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn log_out(&self, token: &str) -> Result<(), Error> {
        if let Some(login) = self.store.end_login(digest(token)).await? {
            self.revocations.login_revoked(&login);
        }
        Ok(())
    }

    fn access_token(&self, user: &User, login: LoginId) -> Result<String, Error> {
        self.tokens
            .issue(&user.id, None, Some(login), self.tokens.lifetime())
    }

    fn new_refresh_token(&self) -> Result<(String, NewRefreshToken), Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|error| Error::Failed(Failure::new("make a refresh token", error)))?;
        let token = URL_SAFE_NO_PAD.encode(random);
        let expires_at = Timestamp::now().plus(self.refresh_lifetime);
        let new = NewRefreshToken {
            digest: digest(&token),
            expires_at,
        };
        Ok((token, new))
    }
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Logins")
            .field("refresh_lifetime", &self.refresh_lifetime)
            .finish_non_exhaustive()
    }
}

/// What a store keeps of a token. It has 256 random bits, so one round of a fast hash is enough.
fn digest(token: &str) -> TokenDigest {
    Sha256::digest(token.as_bytes()).into()
}
