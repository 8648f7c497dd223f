//! What is said, prepared once: a message differs from the next by its numbers and its words alone.

use anyhow::{Context as _, Result};
use memchr::memmem;
use serde_json::json;
use uuid::Uuid;

use crate::{text, wire};

/// How many different texts are sent.
const TEXTS: u64 = 1_024;

/// The first id of an op that sends: they all have ten digits.
const FIRST_ID: u64 = 1_000_000_000;

/// Digits at the end of a client id, which count the messages.
const CLIENT_DIGITS: usize = 12;

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The service's protocol, over its socket.
    Socket,
    /// The service's protocol, over HTTP.
    Http,
    /// That of the peer of socket.io and pg.
    SocketIo,
}

/// What client ids begin with in one run of the program, and the texts.
pub(crate) struct Phrases {
    prefix: String,
    texts: Vec<String>,
}

impl Phrases {
    pub(crate) fn new() -> Self {
        let random = Uuid::new_v4().to_string();
        let prefix = random.get(..24).unwrap_or_default().to_owned();
        let texts = (0..TEXTS).map(text::numbered).collect();
        Self { prefix, texts }
    }

    fn text(&self, number: u64) -> &str {
        let index = usize::try_from(number % TEXTS).unwrap_or(0);
        self.texts.get(index).map_or("", String::as_str)
    }

    /// Which message has this client id; none of this run's if there is none.
    pub(crate) fn number(&self, client_id: &[u8]) -> Option<u64> {
        let digits = client_id.strip_prefix(self.prefix.as_bytes())?;
        (digits.len() == CLIENT_DIGITS)
            .then(|| decimal(digits))
            .flatten()
    }
}

/// Which message was acknowledged under this id.
pub(crate) fn number_of_id(id: u64) -> Option<u64> {
    id.checked_sub(FIRST_ID)
}

/// The number that these digits are.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u64::from(digit - b'0'))
    })
}

/// A send in one conversation.
pub(crate) struct Send {
    bytes: Vec<u8>,
    id: Option<usize>,
    client_id: usize,
    text: usize,
}

impl Send {
    /// In this conversation; over HTTP with this token.
    pub(crate) fn new(
        dialect: Dialect,
        phrases: &Phrases,
        conversation: &str,
        token: &str,
    ) -> Result<Self> {
        let id = FIRST_ID.to_string();
        let client_id = format!("{}{:0CLIENT_DIGITS$}", phrases.prefix, 0);
        let text = "x".repeat(phrases.text(0).len());
        let content = json!({"kind": "text", "text": text});
        let bytes = match dialect {
            Dialect::Socket => wire::text(
                json!({"id": FIRST_ID, "op": "message.send", "conversationId": conversation,
                    "clientId": client_id, "content": content})
                .to_string()
                .as_bytes(),
            )?,
            Dialect::SocketIo => {
                let said = json!(["message.send", {"conversationId": conversation,
                    "clientId": client_id, "content": content}]);
                wire::text(format!("42{id}{said}").as_bytes())?
            }
            Dialect::Http => wire::request(
                "POST",
                "/api/messages/send",
                token,
                json!({"conversationId": conversation, "clientId": client_id, "content": content})
                    .to_string()
                    .as_bytes(),
            ),
        };
        let place = |what: &str| memmem::find(&bytes, what.as_bytes());
        let id = match dialect {
            Dialect::Http => None,
            _ => Some(place(&id).context("a send without an id")?),
        };
        Ok(Self {
            id,
            client_id: place(&client_id).context("a send without a client id")?
                + phrases.prefix.len(),
            text: place(&text).context("a send without a text")?,
            bytes,
        })
    }

    /// Says it with this number.
    pub(crate) fn say(&self, phrases: &Phrases, number: u64, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&self.bytes);
        let Some(said) = out.get_mut(begin..) else {
            return;
        };
        if let Some(id) = self.id {
            put_digits(said, id, 10, FIRST_ID + number);
        }
        put_digits(said, self.client_id, CLIENT_DIGITS, number);
        let text = phrases.text(number).as_bytes();
        if let Some(place) = said.get_mut(self.text..self.text + text.len()) {
            place.copy_from_slice(text);
        }
    }
}

fn put_digits(said: &mut [u8], from: usize, digits: usize, mut number: u64) {
    let Some(place) = said.get_mut(from..from + digits) else {
        return;
    };
    for byte in place.iter_mut().rev() {
        *byte = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

/// Finds things in what comes, without taking it apart.
pub(crate) struct Finders {
    event: memmem::Finder<'static>,
    position: memmem::Finder<'static>,
    client_id: memmem::Finder<'static>,
}

impl Finders {
    pub(crate) fn new() -> Self {
        Self {
            event: memmem::Finder::new("\"event\":\""),
            position: memmem::Finder::new("\"position\":"),
            client_id: memmem::Finder::new("\"clientId\":\""),
        }
    }

    /// The name of an event.
    pub(crate) fn event<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        word_after(&self.event, frame)
    }

    /// The client id of the first message in it.
    pub(crate) fn client_id<'a>(&self, frame: &'a [u8]) -> Option<&'a [u8]> {
        word_after(&self.client_id, frame)
    }

    /// The first position in it.
    pub(crate) fn position(&self, frame: &[u8]) -> Option<u64> {
        let rest = frame.get(self.position.find(frame)? + self.position.needle().len()..)?;
        let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
        decimal(rest.get(..end)?)
    }
}

fn word_after<'a>(finder: &memmem::Finder<'_>, frame: &'a [u8]) -> Option<&'a [u8]> {
    let rest = frame.get(finder.find(frame)? + finder.needle().len()..)?;
    rest.get(..memchr::memchr(b'"', rest)?)
}

/// The id of an acknowledgement and what follows it: `{"reply":7,"ok":…` or `437[…`.
pub(crate) fn acknowledged(dialect: Dialect, frame: &[u8]) -> Option<(u64, &[u8])> {
    let start: &[u8] = match dialect {
        Dialect::SocketIo => b"43",
        Dialect::Socket | Dialect::Http => b"{\"reply\":",
    };
    let rest = frame.strip_prefix(start)?;
    let end = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let (id, rest) = rest.split_at_checked(end)?;
    Some((decimal(id)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Heard, Speech};

    #[test]
    fn a_prepared_send_is_what_would_have_been_written_for_it_alone() {
        let phrases = Phrases::new();
        let send = Send::new(Dialect::Http, &phrases, "a-conversation", "a-token").unwrap();
        let mut out = b"before".to_vec();
        send.say(&phrases, 1_027, &mut out);
        let said = String::from_utf8(out).unwrap();
        let (_, body) = said.split_once("\r\n\r\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["content"]["text"], text::numbered(3));
        let client_id = body["clientId"].as_str().unwrap();
        assert!(Uuid::parse_str(client_id).is_ok());
        assert_eq!(phrases.number(client_id.as_bytes()), Some(1_027));
    }

    #[test]
    fn what_is_sought_is_found_where_it_stands() {
        let finders = Finders::new();
        let frame =
            br#"{"position":17,"event":"message.created","data":{"message":{"clientId":"abc"}}}"#;
        assert_eq!(finders.event(frame), Some(&b"message.created"[..]));
        assert_eq!(finders.position(frame), Some(17));
        assert_eq!(finders.client_id(frame), Some(&b"abc"[..]));
        let reply = br#"{"reply":1000000005,"ok":{}}"#;
        let (id, rest) = acknowledged(Dialect::Socket, reply).unwrap();
        assert_eq!(number_of_id(id), Some(5));
        assert!(rest.starts_with(b",\"ok\":"));
    }

    #[test]
    fn a_send_over_a_socket_is_one_whole_frame() {
        let phrases = Phrases::new();
        let send = Send::new(Dialect::Socket, &phrases, "a-conversation", "").unwrap();
        let mut out = Vec::new();
        send.say(&phrases, 5, &mut out);
        // A server's frame has no mask: it is taken off, with the bit that tells of it.
        out[1] &= 0x7f;
        out.drain(4..8);
        let (Heard::Text(text), taken) = Speech::Socket.first(&out).unwrap().unwrap() else {
            panic!("no text");
        };
        assert_eq!(taken, out.len());
        let said: serde_json::Value = serde_json::from_slice(text).unwrap();
        assert_eq!(said["id"], FIRST_ID + 5);
    }
}
