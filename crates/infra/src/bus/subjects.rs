//! What subjects are called. A person's name in them is a keyed digest: whoever reads along learns
//! neither who is meant, nor whom to watch.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use messaging_domain::To;
use sha2::Sha256;

use super::BusKey;
use crate::mac::hmac;

/// The first token of every subject, for the permissions of a NATS account.
const PREFIX: &str = "messaging";

/// The subjects of one service.
pub(super) struct Subjects {
    key: Hmac<Sha256>,
    /// Which service, for several may share a NATS.
    service: String,
}

impl Subjects {
    pub(super) fn new(key: &BusKey) -> Self {
        let key = keyed(key, "subjects");
        let service = hex(&key, "", 6);
        Self { key, service }
    }

    /// The subject of an audience.
    pub(super) fn of(&self, to: &To) -> String {
        let Self { key, service } = self;
        match to {
            To::Sessions(user) => {
                format!(
                    "{PREFIX}.{service}.sessions.{}",
                    hex(key, user.as_str(), 16)
                )
            }
            To::Watchers(user) => {
                format!(
                    "{PREFIX}.{service}.watchers.{}",
                    hex(key, user.as_str(), 16)
                )
            }
            To::Nodes => format!("{PREFIX}.{service}.nodes"),
        }
    }
}

/// A key for one purpose, made from the one that nodes share.
pub(super) fn keyed(key: &BusKey, purpose: &str) -> Hmac<Sha256> {
    let derived = hmac(&key.0)
        .chain_update(b"messaging bus, version 1: ")
        .chain_update(purpose.as_bytes())
        .finalize()
        .into_bytes();
    hmac(&derived)
}

fn hex(key: &Hmac<Sha256>, name: &str, bytes: usize) -> String {
    let digest = key.clone().chain_update(name).finalize().into_bytes();
    let mut hex = String::with_capacity(2 * bytes);
    for byte in digest.iter().take(bytes) {
        // Writing into a string does not fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use messaging_domain::UserId;

    use super::*;

    #[test]
    fn a_subject_names_nobody_and_is_the_same_on_every_node() {
        let key = BusKey(vec![7; 32]);
        let ann = To::Sessions(UserId::restore("ann"));
        let subject = Subjects::new(&key).of(&ann);
        assert_eq!(subject, Subjects::new(&key).of(&ann));
        assert!(!subject.contains("ann"));
        for other in [
            To::Watchers(UserId::restore("ann")),
            To::Sessions(UserId::restore("bob")),
            To::Nodes,
        ] {
            assert_ne!(subject, Subjects::new(&key).of(&other));
        }
        assert_ne!(subject, Subjects::new(&BusKey(vec![8; 32])).of(&ann));
        assert!(
            subject
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
        );
    }
}
