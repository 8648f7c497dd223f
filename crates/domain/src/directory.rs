//! Who and what the conversations are about: the marketplace's people and products.

use crate::{
    account::DisplayName,
    error::Fault,
    id::{ProductId, UserId},
    timestamp::Timestamp,
};

/// The longest web address that a profile or product may carry, in bytes.
pub const MAX_URL: usize = 2_048;

/// The longest product title, in code points.
pub const MAX_TITLE: usize = 300;

/// A person as others see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The marketplace's id.
    pub id: UserId,
    /// What to call them.
    pub display_name: String,
    /// Where a picture is.
    pub avatar_url: Option<String>,
    /// When the person was erased; their messages may stay.
    pub erased_at: Option<Timestamp>,
}

/// What a marketplace says about a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The marketplace's id.
    pub id: UserId,
    /// What to call them.
    pub display_name: DisplayName,
    /// Where a picture is.
    pub avatar_url: Option<String>,
    /// A language tag (BCP 47).
    pub locale: Option<String>,
}

/// Whether a product can still be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductStatus {
    /// For sale.
    Available,
    /// Promised to somebody.
    Reserved,
    /// Gone.
    Sold,
    /// The marketplace has not said.
    Unknown,
}

impl ProductStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Available, Self::Reserved, Self::Sold, Self::Unknown];

    /// The name on the wire and in a store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::Sold => "sold",
            Self::Unknown => "unknown",
        }
    }

    /// Takes the name.
    ///
    /// # Errors
    /// A [`Fault`] when it is none of the four.
    pub fn parse(name: &str) -> Result<Self, Fault> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == name)
            .ok_or_else(|| Fault::invalid("a product is available, reserved, sold or unknown"))
    }
}

/// A product that conversations are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// The marketplace's id.
    pub id: ProductId,
    /// Who sells it.
    pub seller: UserId,
    /// What it is called; absent while the marketplace has not said.
    pub title: Option<String>,
    /// Where a picture is.
    pub image_url: Option<String>,
    /// Where its page is.
    pub url: Option<String>,
    /// Its price in the currency's minor unit (cents).
    pub price_minor: Option<i64>,
    /// The price's currency, three letters (ISO 4217).
    pub currency: Option<String>,
    /// Whether it can still be had.
    pub status: ProductStatus,
}

impl Product {
    /// A product of which nothing but its id and seller is known.
    pub const fn unknown(id: ProductId, seller: UserId) -> Self {
        Self {
            id,
            seller,
            title: None,
            image_url: None,
            url: None,
            price_minor: None,
            currency: None,
            status: ProductStatus::Unknown,
        }
    }
}

/// What becomes of an erased person's messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessagesFate {
    /// They stay, under an erased author.
    Keep,
    /// They are deleted.
    Delete,
}

/// Takes a web address that a page may link to, 2,048 bytes at most: `http` or `https`, or a path from
/// the root of the page's own site, such as `/products/1`.
///
/// # Errors
/// A [`Fault`] for other schemes (a `javascript:` link would run in a reader's page), for what looks
/// like a path and leaves the site (`//host`), white space and control characters, and for addresses
/// that are too long.
pub fn parse_url(url: &str) -> Result<String, Fault> {
    if url.len() > MAX_URL {
        return Err(Fault::too_long("an address has 2,048 bytes at most"));
    }
    let rest = url
        .get(..8)
        .filter(|start| start.eq_ignore_ascii_case("https://"))
        .and_then(|_| url.get(8..))
        .or_else(|| {
            url.get(..7)
                .filter(|start| start.eq_ignore_ascii_case("http://"))
                .and_then(|_| url.get(7..))
        })
        // Browsers read a backslash as a slash, and `//host` would leave the site.
        .or_else(|| {
            url.strip_prefix('/')
                .filter(|rest| !rest.starts_with(['/', '\\']))
        });
    match rest {
        Some(_) if url.chars().any(|c| c.is_control() || c.is_whitespace()) => {
            Err(Fault::invalid("an address holds no white space"))
        }
        Some(rest) if !rest.is_empty() || url.starts_with('/') => Ok(url.to_owned()),
        _ => Err(Fault::invalid(
            "an address begins with https://, http:// or a single /",
        )),
    }
}

/// Takes a product's title: 1 to 300 code points after trimming, on one line.
///
/// # Errors
/// A [`Fault`] when it is empty, too long or holds control characters.
pub fn parse_title(title: &str) -> Result<String, Fault> {
    let title = title.trim();
    if title.chars().nth(MAX_TITLE).is_some() {
        return Err(Fault::too_long("a title has 300 characters at most"));
    }
    if title.is_empty() || title.chars().any(char::is_control) {
        return Err(Fault::invalid("a title is 1 to 300 characters on one line"));
    }
    Ok(title.to_owned())
}

/// Takes a currency: three capital letters.
///
/// # Errors
/// A [`Fault`] for anything else.
pub fn parse_currency(currency: &str) -> Result<String, Fault> {
    if currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase()) {
        Ok(currency.to_owned())
    } else {
        Err(Fault::invalid(
            "a currency is three capital letters, as in EUR",
        ))
    }
}

/// Takes a language tag (BCP 47) of 35 characters at most.
///
/// # Errors
/// A [`Fault`] when it holds anything but letters, digits and hyphens.
pub fn parse_locale(locale: &str) -> Result<String, Fault> {
    let well_formed = (2..=35).contains(&locale.len())
        && locale.split('-').all(|part| {
            (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
        });
    if well_formed {
        Ok(locale.to_owned())
    } else {
        Err(Fault::invalid(
            "a locale is a language tag, as in fr or en-GB",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_that_are_safe_to_link_to_are_taken() {
        for good in [
            "https://a",
            "HTTP://a.b/c?d#e",
            "/products/1",
            "/#/products/leica-m3",
            "/pictures/leica-m3.svg",
            "/a//b",
            "/",
        ] {
            assert!(parse_url(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "javascript:alert(1)",
            "//evil",
            "///evil",
            "/\\evil",
            "\\/evil",
            "\\\\evil",
            "/\t/evil",
            "\t//evil",
            "/\n/evil",
            " /evil",
            "\u{85}/evil",
            "JavaScript:alert(1)",
            "java\nscript:alert(1)",
            "vbscript:a",
            "blob:https://a",
            "products/1",
            "./a",
            "../a",
            "?a",
            "#a",
            "https://",
            "ftp://a",
            "https://a b",
            "data:x",
            "é",
        ] {
            assert!(parse_url(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_locale_is_a_language_tag() {
        for good in ["fr", "en-GB", "zh-Hant-TW"] {
            assert!(parse_locale(good).is_ok(), "{good}");
        }
        for bad in ["", "f", "fr_FR", "en-", "en--GB", "toolonglanguage"] {
            assert!(parse_locale(bad).is_err(), "{bad}");
        }
    }
}
