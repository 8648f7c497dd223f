//! Who is there: tokens, passwords, logins, and which pages may ask.

pub mod jwks;
pub mod login;
pub mod origins;
pub mod password;
pub mod token;

use std::sync::Arc;

use messaging_domain::{
    Accounts as _, Directory as _, DisplayName, Error, Introduction, LoginId, LoginSession,
    Timestamp, User,
};

use crate::{
    Store,
    problem::{Problem, Refusal},
};
pub use origins::Origins;
use token::{Claims, Tokens};

/// Somebody whose token is good.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// The person.
    pub user: User,
    /// The login that the token belongs to; `None` for tokens of the marketplace itself.
    pub login: Option<LoginId>,
    /// Until when the token is good.
    pub expires_at: Timestamp,
}

/// Why a token does not let anybody in.
#[derive(Debug, Clone)]
pub enum Denied {
    /// It is forged, malformed, for another service, revoked, or its person was erased.
    Bad,
    /// It was good once.
    Expired,
    /// It could not be checked now.
    Unavailable(Error),
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Bad | Denied::Expired => Refusal::Unauthenticated.into(),
            Denied::Unavailable(error) => error.into(),
        }
    }
}

/// Told of logins that are no more, so that their open connections end.
pub trait Revocations: Send + Sync + 'static {
    /// A login was revoked: its sessions end with 4011.
    fn login_revoked(&self, login: &LoginSession);
}

/// Checks the tokens of all who come in, by either door.
#[derive(Debug)]
pub struct Gatekeeper {
    store: Arc<Store>,
    tokens: Arc<Tokens>,
}

impl Gatekeeper {
    /// A gatekeeper who knows these tokens and asks this store.
    pub const fn new(store: Arc<Store>, tokens: Arc<Tokens>) -> Self {
        Self { store, tokens }
    }

    /// Lets in whoever shows a good token.
    ///
    /// # Errors
    /// [`Denied`], with the reason.
    pub async fn admit(&self, token: &str) -> Result<Visitor, Denied> {
        let claims = self.tokens.verify(token).await?;
        if let Some(login) = claims.login
            && !self
                .store
                .is_live(login)
                .await
                .map_err(Denied::Unavailable)?
        {
            return Err(Denied::Bad);
        }
        let (login, expires_at) = (claims.login, claims.expires_at);
        match self.store.meet(introduction(claims)).await {
            Ok(Some(user)) => Ok(Visitor {
                user,
                login,
                expires_at,
            }),
            Ok(None) => Err(Denied::Bad),
            Err(error) => Err(Denied::Unavailable(error)),
        }
    }
}

/// What a token says about its person. A name that cannot be shown is as good as none.
fn introduction(claims: Claims) -> Introduction {
    Introduction {
        display_name: claims
            .name
            .as_deref()
            .and_then(|name| DisplayName::parse(name).ok()),
        avatar_url: claims
            .picture
            .as_deref()
            .and_then(|url| messaging_domain::directory::parse_url(url).ok()),
        id: claims.user,
        issued_at: claims.issued_at,
    }
}
