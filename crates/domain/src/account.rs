//! Local accounts: for marketplaces that have none of their own, and for the demo.

use std::fmt;

use crate::{
    directory::User,
    error::Fault,
    id::{LoginId, UserId},
    timestamp::Timestamp,
};

/// The longest display name, in code points.
pub const MAX_DISPLAY_NAME: usize = 200;

/// The shortest and the longest password, in bytes of UTF-8.
pub const PASSWORD_BYTES: std::ops::RangeInclusive<usize> = 8..=1_024;

/// Lower-case passwords that everybody tries first, one a line, sorted.
const COMMON_PASSWORDS: &str = include_str!("../data/common_passwords.txt");

/// An e-mail address, trimmed and in lower case, so that one person has one account.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Takes an address: something, an `@`, a domain with a dot, 254 bytes at most (RFC 5321).
    /// Whether it reaches anybody only a mail can tell.
    ///
    /// # Errors
    /// A [`Fault`] when it cannot be an address.
    pub fn parse(email: &str) -> Result<Self, Fault> {
        let email = email.trim().to_lowercase();
        if email.len() > 254 {
            return Err(Fault::too_long("an e-mail address has 254 bytes at most"));
        }
        let well_formed = email.rsplit_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len())
                && domain.split('.').count() > 1
                && domain.split('.').all(|label| !label.is_empty())
                && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        });
        if well_formed {
            Ok(Self(email))
        } else {
            Err(Fault::invalid("this is not an e-mail address"))
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    /// Says nothing: an address belongs in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// A password that is acceptable for a new account. It does not show itself in logs.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    /// Takes 8 to 1,024 bytes of any Unicode; no rules of composition, but none that everybody tries first.
    ///
    /// # Errors
    /// A [`Fault`] when it is too short, too long or a common one.
    pub fn parse(password: &str) -> Result<Self, Fault> {
        if password.len() > *PASSWORD_BYTES.end() {
            return Err(Fault::too_long("a password has 1,024 bytes at most"));
        }
        if password.len() < *PASSWORD_BYTES.start() {
            return Err(Fault::invalid("a password has 8 bytes at least"));
        }
        if password.contains('\0') {
            return Err(Fault::invalid("a password holds no NUL character"));
        }
        if is_common(password) {
            return Err(Fault::invalid(
                "this password is one of those that everybody tries first; choose another",
            ));
        }
        Ok(Self(password.to_owned()))
    }

    /// The password, for hashing.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

fn is_common(password: &str) -> bool {
    let password = password.to_lowercase();
    COMMON_PASSWORDS.lines().any(|common| common == password)
}

/// What to call a person: 1 to 200 code points on one line, trimmed, without characters that would
/// disturb the text around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisplayName(String);

impl DisplayName {
    /// Takes a name.
    ///
    /// # Errors
    /// A [`Fault`] when it is empty, too long, or holds control characters or bidirectional overrides.
    pub fn parse(name: &str) -> Result<Self, Fault> {
        let name = name.trim();
        if name.chars().nth(MAX_DISPLAY_NAME).is_some() {
            return Err(Fault::too_long("a display name has 200 characters at most"));
        }
        let disturbs = |c: char| {
            c.is_control()
                || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
        };
        let visible = |c: char| {
            !c.is_whitespace() && !matches!(c, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
        };
        if !name.chars().any(visible) || name.chars().any(disturbs) {
            return Err(Fault::invalid(
                "a display name is 1 to 200 visible characters on one line",
            ));
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name, to keep.
    pub fn into_string(self) -> String {
        self.0
    }
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The id that the person will have.
    pub user: UserId,
    /// By which they log in.
    pub email: Email,
    /// The password's hash (PHC string).
    pub password_hash: String,
    /// What to call them.
    pub display_name: DisplayName,
    /// The login that it begins with, all or nothing.
    pub first_login: Option<(LoginId, NewRefreshToken)>,
}

/// An account, for checking a password.
#[derive(Debug, Clone)]
pub struct Account {
    /// Whose it is.
    pub user: UserId,
    /// The password's hash (PHC string).
    pub password_hash: String,
}

/// SHA-256 of a refresh token: what a store keeps instead of the token.
pub type TokenDigest = [u8; 32];

/// A login and all the refresh tokens that descend from it: its family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSession {
    /// The family's id.
    pub id: LoginId,
    /// Who is logged in.
    pub user: UserId,
}

/// A refresh token about to be handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRefreshToken {
    /// SHA-256 of the token.
    pub digest: TokenDigest,
    /// Until when it may be used.
    pub expires_at: Timestamp,
}

/// What came of trading a refresh token for a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// Traded, by this person.
    Rotated {
        /// Of which login.
        login: LoginSession,
        /// Who is logged in. It comes along so that nothing can fail once the old token is spent.
        user: User,
    },
    /// It had been traded before, so one of the two holders is a thief: the family is revoked.
    Reused(LoginSession),
    /// Unknown, expired or of a revoked family.
    Refused,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_address() {
        assert_eq!(
            Email::parse(" Ann@Example.ORG ").unwrap().as_str(),
            "ann@example.org"
        );
        for bad in [
            "", "a", "a@", "@b.c", "a@b", "a@b.", "a@.b", "a b@c.d", "a@b..c",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_password_is_8_to_1024_bytes_of_anything_but_a_common_one() {
        for good in [
            "ééééé ok",
            "correct horse battery staple",
            "日本語パスワード",
            &"ab".repeat(512),
        ] {
            assert!(Password::parse(good).is_ok(), "{good:?}");
        }
        for bad in [
            "",
            "short",
            "7 bytes",
            "password",
            "PASSWORD1",
            "12345678",
            &"ab".repeat(513),
            "nul\0nul\0nul",
        ] {
            assert!(Password::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn secrets_do_not_show_themselves() {
        let shown = format!(
            "{:?}{:?}",
            Email::parse("ann@example.org").unwrap(),
            Password::parse("correct horse").unwrap()
        );
        assert!(!shown.contains("ann") && !shown.contains("horse"));
    }

    #[test]
    fn a_name_cannot_disturb_the_text_around_it() {
        assert_eq!(
            DisplayName::parse("  Zoë d'Île  ").unwrap().as_str(),
            "Zoë d'Île"
        );
        for bad in [
            "",
            "   ",
            "\u{200B}",
            "a\nb",
            "a\u{202E}b",
            "\0",
            &"x".repeat(201),
        ] {
            assert!(DisplayName::parse(bad).is_err(), "{bad:?}");
        }
    }
}
