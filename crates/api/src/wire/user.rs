//! People: how they are shown, described by their marketplace, and erased.

use messaging_domain::{
    self as domain, DisplayName, Error, Fault, MessagesFate, Profile, UserId,
    directory::{parse_locale, parse_url},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::faults::Faults;

/// A person as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The marketplace's id.
    #[schema(min_length = 1, max_length = 128)]
    pub id: String,
    /// What to call them.
    pub display_name: String,
    /// Where a picture is: `http`, `https`, or a path of the page's own site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub avatar_url: Option<String>,
    /// True for a person who was erased, and else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub erased: bool,
}

impl From<&domain::User> for User {
    fn from(user: &domain::User) -> Self {
        Self {
            id: user.id.as_str().to_owned(),
            display_name: user.display_name.clone(),
            avatar_url: user.avatar_url.clone(),
            erased: user.erased_at.is_some(),
        }
    }
}

/// What a marketplace says about a person.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PutUser {
    /// What to call them: 1 to 200 characters on one line.
    #[schema(value_type = String, min_length = 1, max_length = 200)]
    pub display_name: Option<String>,
    /// Where a picture is: `https://`, `http://` or `/…`.
    #[schema(
        max_length = 2_048,
        pattern = "^([Hh][Tt][Tt][Pp][Ss]?://[^\\s\\x00-\\x1f\\x7f-\\x9f]+|/([^/\\\\\\s\\x00-\\x1f\\x7f-\\x9f][^\\s\\x00-\\x1f\\x7f-\\x9f]*)?)$"
    )]
    pub avatar_url: Option<String>,
    /// Their language, as in `fr` or `en-GB` (BCP 47).
    #[schema(max_length = 35)]
    pub locale: Option<String>,
}

impl PutUser {
    /// Takes the request, for the id in the path.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub fn parse(self, id: &str) -> Result<Profile, Error> {
        let mut faults = Faults::new();
        let id = faults.required("id", Some(id), UserId::parse);
        let name = faults.required("displayName", self.display_name, |name| {
            DisplayName::parse(&name)
        });
        let avatar_url = faults.optional("avatarUrl", self.avatar_url, |url| parse_url(&url));
        let locale = faults.optional("locale", self.locale, |locale| parse_locale(&locale));
        let profile = id.zip(name).map(|(id, display_name)| Profile {
            id,
            display_name,
            avatar_url,
            locale,
        });
        faults.finish(profile)
    }
}

/// How a person is erased.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct EraseQuery {
    /// What becomes of their messages: they stay under an erased author (`keep`, if left out), or go.
    #[param(value_type = Option<Fate>)]
    pub messages: Option<String>,
}

/// What becomes of an erased person's messages.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Fate {
    /// They stay, under an erased author.
    Keep,
    /// They are deleted.
    Delete,
}

impl EraseQuery {
    /// Takes the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `messages`.
    pub fn parse(self) -> Result<MessagesFate, Error> {
        match self.messages.as_deref() {
            None | Some("keep") => Ok(MessagesFate::Keep),
            Some("delete") => Ok(MessagesFate::Delete),
            Some(_) => Err(Error::field(
                "messages",
                Fault::invalid("this is `keep` or `delete`"),
            )),
        }
    }
}
