//! Local accounts: registering, logging in, and what comes of it.

use std::time::Duration;

use messaging_domain::{DisplayName, Email, Error, Fault, Password, account::PASSWORD_BYTES};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{faults::Faults, user::User};

/// A person who wants an account.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Register {
    /// By which they log in.
    #[schema(value_type = String, format = "email", max_length = 254)]
    pub email: Option<String>,
    /// 8 to 1,024 bytes of anything but what everybody tries first.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 1_024)]
    pub password: Option<String>,
    /// What to call them: 1 to 200 characters on one line.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub display_name: Option<String>,
    /// Whether the refresh token comes as a cookie only.
    pub cookie: Option<bool>,
}

impl Register {
    /// Takes the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub fn parse(self) -> Result<(Email, Password, DisplayName), Error> {
        let mut faults = Faults::new();
        let email = faults.required("email", self.email, |email| Email::parse(&email));
        let password = faults.required("password", self.password, |password| {
            Password::parse(&password)
        });
        let name = faults.required("displayName", self.display_name, |name| {
            DisplayName::parse(&name)
        });
        let ((email, password), name) = faults.finish(email.zip(password).zip(name))?;
        Ok((email, password, name))
    }
}

/// A person who logs in.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LogIn {
    /// Whose account.
    #[schema(value_type = String, format = "email")]
    pub email: Option<String>,
    /// Its password.
    #[schema(value_type = String, format = Password)]
    pub password: Option<String>,
    /// Whether the refresh token comes as a cookie only.
    pub cookie: Option<bool>,
}

/// An e-mail address and a password as somebody typed them: no account need have them.
#[derive(Debug)]
pub struct Credentials {
    /// None when it cannot be anybody's.
    pub email: Option<Email>,
    /// None when it cannot be anybody's.
    pub password: Option<SecretString>,
}

impl LogIn {
    /// Takes the request. What cannot be right is wrong like any other: the answer tells nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a field is missing.
    pub fn parse(self) -> Result<Credentials, Error> {
        let mut faults = Faults::new();
        let email = faults.required("email", self.email, Ok);
        let password = faults.required("password", self.password, Ok);
        let (email, password) = faults.finish(email.zip(password))?;
        Ok(Credentials {
            email: Email::parse(&email).ok(),
            password: (password.len() <= *PASSWORD_BYTES.end())
                .then(|| SecretString::from(password)),
        })
    }
}

/// A refresh token; left out when it comes as a cookie.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refresh {
    /// The token.
    pub refresh_token: Option<String>,
}

/// The error for a request that has a refresh token nowhere.
pub(crate) fn no_refresh_token() -> Error {
    Error::field(
        "refreshToken",
        Fault::invalid("a refresh token is required, here or as a cookie"),
    )
}

/// A person who is logged in.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Who.
    pub user: User,
    /// For `Authorization: Bearer`, and for the `hello` of the WebSocket.
    pub access_token: String,
    /// How many seconds the access token is good for.
    #[schema(minimum = 1)]
    pub expires_in: u64,
    /// For `POST /api/auth/refresh`, once; left out when it came as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub refresh_token: Option<String>,
}

impl Session {
    /// The answer to somebody who logged in, with the refresh token still in it.
    pub fn new(
        user: &messaging_domain::User,
        access_token: String,
        lifetime: Duration,
        refresh_token: String,
    ) -> Self {
        Self {
            user: User::from(user),
            access_token,
            expires_in: lifetime.as_secs(),
            refresh_token: Some(refresh_token),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registering_names_every_fault_at_once() {
        let request = Register {
            email: Some("x".into()),
            password: Some("short".into()),
            ..Register::default()
        };
        let Err(Error::Invalid(errors)) = request.parse() else {
            panic!("not refused")
        };
        let fields: Vec<_> = errors.iter().map(|error| &*error.field).collect();
        assert_eq!(fields, ["email", "password", "displayName"]);
    }

    #[test]
    fn credentials_that_nobody_can_have_are_not_refused_here() {
        let request = LogIn {
            email: Some("x".into()),
            password: Some("x".repeat(1_025)),
            cookie: None,
        };
        let credentials = request.parse().unwrap();
        assert!(credentials.email.is_none() && credentials.password.is_none());
    }
}
