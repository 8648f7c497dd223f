//! Ids and counters as types of their own, so that no two of them can be mixed up.

use std::{fmt, sync::Arc};

use uuid::Uuid;

use crate::error::Fault;

/// The longest id that a marketplace may give a user or a product, in Unicode code points.
pub const MAX_TEXT_ID: usize = 128;

fn is_visible(c: char) -> bool {
    // The replacement character stands for bytes that were no text: two such ids would fall together.
    // Format characters (zero-width, bidirectional controls, byte order mark) would make two
    // different ids look the same.
    !c.is_control()
        && !c.is_whitespace()
        && !matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFD}')
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes an id as the marketplace writes it: 1 to 128 visible characters, no white space.
            ///
            /// # Errors
            /// A [`Fault`] when it is empty, too long, or holds white space or invisible characters.
            pub fn parse(id: &str) -> Result<Self, Fault> {
                if id.chars().nth(MAX_TEXT_ID).is_some() {
                    return Err(Fault::too_long("an id has 128 characters at most"));
                }
                if id.is_empty() || !id.chars().all(is_visible) {
                    return Err(Fault::invalid("an id is 1 to 128 visible characters without white space"));
                }
                Ok(Self(id.into()))
            }

            /// Takes an id back from a store, which had it from [`Self::parse`].
            pub fn restore(id: &str) -> Self {
                Self(id.into())
            }

            /// The id as the marketplace wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// A person, by the marketplace's own opaque id.
    UserId
}
text_id! {
    /// A product, by the marketplace's own opaque id.
    ProductId
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $make:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one, unlike all others.
            #[expect(clippy::new_without_default, reason = "each call gives another id; a default would suggest one that is always the same")]
            pub fn new() -> Self {
                Self($make)
            }

            /// Takes the hyphenated form, in any case.
            ///
            /// # Errors
            /// A [`Fault`] when it is not a UUID in that form.
            pub fn parse(id: &str) -> Result<Self, Fault> {
                // `Uuid` also reads braced, URN and bare forms: one id would have several names.
                match Uuid::try_parse(id) {
                    Ok(uuid) if id.len() == 36 => Ok(Self(uuid)),
                    _ => Err(Fault::invalid("this is a UUID, as in 0190163d-8694-739b-aea5-966c26f8ad91")),
                }
            }

            /// Takes an id back from a store.
            pub const fn restore(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID, for a store.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

uuid_id! {
    /// A conversation. Version 7, so that new ones sort after old ones.
    ConversationId, Uuid::now_v7()
}
uuid_id! {
    /// The id that a client makes for a message, so that a retry is known for one.
    /// Its scope is the sender's account, its life that of the message.
    ClientId, Uuid::new_v4()
}
uuid_id! {
    /// A value that changes only when all positions start afresh: after a reset, or a restore from a backup.
    Epoch, Uuid::new_v4()
}

uuid_id! {
    /// A login, and with it the family of refresh tokens that descend from it.
    LoginId, Uuid::new_v4()
}

uuid_id! {
    /// One connection of a person to a node.
    SessionId, Uuid::new_v4()
}
uuid_id! {
    /// A node of the service, from its start to its end.
    NodeId, Uuid::new_v4()
}

macro_rules! counter {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(i64);

        impl $name {
            /// Before the first.
            pub const ZERO: Self = Self(0);

            /// A value from outside or from a store; negative ones become [`Self::ZERO`].
            pub const fn new(value: i64) -> Self {
                Self(if value < 0 { 0 } else { value })
            }

            /// The plain number.
            pub const fn get(self) -> i64 {
                self.0
            }

            /// The one after this.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

counter! {
    /// A message's place in its conversation: 1, 2, 3 … without a gap. It is the order.
    Seq
}
counter! {
    /// A durable event's place in one user's stream: 1, 2, 3 … without a gap.
    Position
}
counter! {
    /// How often a message was changed, counted from 1 for the message as sent.
    Revision
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_id_has_1_to_128_visible_characters() {
        for good in ["a", "user:42", "é", &"x".repeat(128), "a/b?c#d%20"] {
            assert_eq!(UserId::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            " ",
            "a b",
            "a\n",
            "a\0b",
            "a\u{200B}b",
            "\u{202E}abc",
            &"x".repeat(129),
        ] {
            assert!(UserId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_uuid_has_one_written_form() {
        let id = ConversationId::new();
        assert_eq!(ConversationId::parse(&id.to_string()).unwrap(), id);
        assert_eq!(
            ConversationId::parse(&id.to_string().to_uppercase()).unwrap(),
            id
        );
        for bad in [
            "",
            "1",
            &id.as_uuid().simple().to_string(),
            &format!("{{{id}}}"),
            &format!("urn:uuid:{id}"),
        ] {
            assert!(ConversationId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
