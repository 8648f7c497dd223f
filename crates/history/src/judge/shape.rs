//! The contract's objects as far as they are judged, read leniently: unknown fields mean nothing.

use serde_json::Value;

use super::names::{Name, Names};

/// What a message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Content {
    Text(Name),
    Deleted,
    Other,
}

/// A message as somebody saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) conversation: Name,
    pub(crate) seq: u64,
    pub(crate) revision: u64,
    pub(crate) client_id: Name,
    pub(crate) sender: Name,
    pub(crate) content: Content,
    pub(crate) created_at: Name,
}

/// Who blocks, for the one who looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blocked {
    None,
    ByMe,
    ByCounterpart,
}

/// A conversation as one of its participants saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) id: Name,
    pub(crate) product: Option<Name>,
    pub(crate) is_buyer: bool,
    pub(crate) counterpart: Name,
    pub(crate) last_seq: u64,
    pub(crate) last_message: Option<Message>,
    pub(crate) last_activity_at: Name,
    pub(crate) read: u64,
    pub(crate) delivered: u64,
    pub(crate) counterpart_read: u64,
    pub(crate) counterpart_delivered: u64,
    pub(crate) unread: i64,
    pub(crate) archived: bool,
    pub(crate) muted: bool,
    pub(crate) blocked: Blocked,
}

/// What the receiver has unread, as an event or an answer says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unread {
    pub(crate) count: i64,
    pub(crate) total: i64,
}

/// An event of a person's stream, or an ephemeral one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Message {
        created: bool,
        message: Message,
    },
    Conversation {
        created: bool,
        view: View,
    },
    Cursor {
        conversation: Name,
        user: Name,
        read: u64,
        delivered: u64,
    },
    Live {
        position: u64,
    },
    Heartbeat {
        position: u64,
    },
    Typing {
        conversation: Name,
        user: Name,
        active: bool,
    },
    Presence {
        conversation: Name,
        user: Name,
    },
    Bye {
        code: u64,
    },
    /// An event that this judge does not know.
    Other,
    /// What the contract cannot have meant.
    Malformed,
}

pub(crate) fn number(value: &Value, field: &str) -> Option<u64> {
    value.get(field)?.as_u64()
}

pub(crate) fn signed(value: &Value, field: &str) -> Option<i64> {
    value.get(field)?.as_i64()
}

pub(crate) fn flag(value: &Value, field: &str) -> Option<bool> {
    value.get(field)?.as_bool()
}

pub(crate) fn word(value: &Value, field: &str, names: &mut Names) -> Option<Name> {
    Some(names.of(value.get(field)?.as_str()?))
}

/// A text as the service stores it: trimmed, with plain line ends.
pub(crate) fn normalised(text: &str) -> String {
    text.replace("\r\n", "\n").trim().to_owned()
}

/// A time without the zeros at the end of its fraction, so that one moment has one spelling.
pub(crate) fn moment(time: &str) -> String {
    let (whole, zone) = match time.strip_suffix('Z') {
        Some(whole) => (whole, "Z"),
        None => (time.strip_suffix("+00:00").unwrap_or(time), "Z"),
    };
    match whole.split_once('.') {
        Some((seconds, fraction)) => match fraction.trim_end_matches('0') {
            "" => format!("{seconds}{zone}"),
            fraction => format!("{seconds}.{fraction}{zone}"),
        },
        None => format!("{whole}{zone}"),
    }
}

/// Reads a message; `None` when something is missing that a message always has.
pub(crate) fn message(value: &Value, names: &mut Names) -> Option<Message> {
    let content = value.get("content")?;
    let content = match content.get("kind")?.as_str()? {
        "text" => Content::Text(word(content, "text", names)?),
        "deleted" => Content::Deleted,
        _ => Content::Other,
    };
    let client_id = value.get("clientId")?.as_str()?.to_ascii_lowercase();
    Some(Message {
        conversation: word(value, "conversationId", names)?,
        seq: number(value, "seq")?,
        revision: number(value, "revision")?,
        client_id: names.of(&client_id),
        sender: word(value, "senderId", names)?,
        content,
        created_at: names.of(&moment(value.get("createdAt")?.as_str()?)),
    })
}

/// Reads a conversation; `None` when something is missing that a conversation always has.
pub(crate) fn view(value: &Value, names: &mut Names) -> Option<View> {
    let last_message = match value.get("lastMessage") {
        None | Some(Value::Null) => None,
        Some(last) => Some(message(last, names)?),
    };
    let product = value.get("product").filter(|product| !product.is_null());
    Some(View {
        id: word(value, "id", names)?,
        product: product.and_then(|product| word(product, "id", names)),
        is_buyer: value.get("role")?.as_str()? == "buyer",
        counterpart: word(value.get("counterpart")?, "id", names)?,
        last_seq: number(value, "lastSeq")?,
        last_message,
        last_activity_at: names.of(&moment(value.get("lastActivityAt")?.as_str()?)),
        read: number(value, "readSeq")?,
        delivered: number(value, "deliveredSeq")?,
        counterpart_read: number(value, "counterpartReadSeq")?,
        counterpart_delivered: number(value, "counterpartDeliveredSeq")?,
        unread: signed(value, "unreadCount")?,
        archived: flag(value, "archived")?,
        muted: flag(value, "muted")?,
        blocked: match value.get("blocked")?.as_str()? {
            "none" => Blocked::None,
            "byMe" => Blocked::ByMe,
            "byCounterpart" => Blocked::ByCounterpart,
            _ => return None,
        },
    })
}

/// Reads an event's name and data.
pub(crate) fn event(value: &Value, names: &mut Names) -> Event {
    known_event(value, names).unwrap_or(Event::Malformed)
}

fn known_event(value: &Value, names: &mut Names) -> Option<Event> {
    // The answer to a `hello` that was refused, which is no operation of its own.
    if value.get("reply").is_some() {
        return Some(Event::Other);
    }
    let name = value.get("event")?.as_str()?;
    let data = value.get("data").unwrap_or(&Value::Null);
    Some(match name {
        "message.created" | "message.updated" => Event::Message {
            created: name == "message.created",
            message: message(data.get("message")?, names)?,
        },
        "conversation.created" | "conversation.updated" => Event::Conversation {
            created: name == "conversation.created",
            view: view(data.get("conversation")?, names)?,
        },
        "cursor.moved" => Event::Cursor {
            conversation: word(data, "conversationId", names)?,
            user: word(data, "userId", names)?,
            read: number(data, "readSeq")?,
            delivered: number(data, "deliveredSeq")?,
        },
        "live" => Event::Live {
            position: number(data, "position")?,
        },
        "heartbeat" => Event::Heartbeat {
            position: number(data, "position")?,
        },
        "typing" => Event::Typing {
            conversation: word(data, "conversationId", names)?,
            user: word(data, "userId", names)?,
            active: flag(data, "active")?,
        },
        "presence" => Event::Presence {
            conversation: word(data, "conversationId", names)?,
            user: word(data, "userId", names)?,
        },
        "bye" => Event::Bye {
            code: number(data, "code")?,
        },
        _ => Event::Other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_has_one_spelling() {
        for time in [
            "2026-01-01T00:00:00.120Z",
            "2026-01-01T00:00:00.12Z",
            "2026-01-01T00:00:00.120000+00:00",
        ] {
            assert_eq!(moment(time), "2026-01-01T00:00:00.12Z");
        }
        assert_eq!(moment("2026-01-01T00:00:00.000Z"), "2026-01-01T00:00:00Z");
    }
}
