//! What a client says: the ops, and how each becomes domain values.

mod fields;

use messaging_domain::{ClientId, Content, ConversationId, Error, Fault, Revision, Seq};
use serde::Deserialize;
use serde_json::Value;

pub use fields::{
    Greeting, Hello, MessageDelete, MessageEdit, Room, SetTyping, Since, Standing, TokenRefresh,
};

use super::{FrameId, MAX_ID};
use crate::{
    problem::{Problem, Refusal},
    wire::{conversation::MoveCursor, json, message::SendMessage},
};

macro_rules! ops {
    ($($(#[$doc:meta])* $op:ident = $name:literal,)*) => {
        /// What a client can ask for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Op {
            $($(#[$doc])* $op,)*
        }

        impl Op {
            /// All of them, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$op,)*];

            /// The name on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$op => $name,)*
                }
            }
        }
    };
}

ops! {
    /// Opens the session.
    Hello = "hello",
    /// Sends a message.
    MessageSend = "message.send",
    /// Changes one's own message.
    MessageEdit = "message.edit",
    /// Takes one's own message back.
    MessageDelete = "message.delete",
    /// Has read up to a place.
    ConversationRead = "conversation.read",
    /// Has received up to a place.
    ConversationDelivered = "conversation.delivered",
    /// Looks at a conversation.
    RoomJoin = "room.join",
    /// Looks away.
    RoomLeave = "room.leave",
    /// Writes, or stopped.
    Typing = "typing",
    /// Goes on with another token.
    TokenRefresh = "token.refresh",
    /// Is anybody there?
    Ping = "ping",
}

impl Op {
    /// Whether it may come without an `id`, and then gets no answer.
    pub const fn is_ephemeral(self) -> bool {
        matches!(self, Self::ConversationDelivered | Self::Typing)
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|op| op.as_str() == name)
    }
}

/// What every frame of a client has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What it asks for; `None` for an op that is not in the contract.
    pub op: Option<Op>,
    /// By which the client finds the reply.
    pub id: Option<FrameId>,
    /// The `id` is none that a frame may have.
    pub bad_id: bool,
}

/// The text is no JSON object with an `op` that is a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoFrame;

impl Head {
    /// Takes what every frame has, before anything else is looked at.
    ///
    /// # Errors
    /// [`NoFrame`].
    pub fn read(text: &str) -> Result<Self, NoFrame> {
        #[derive(Deserialize)]
        struct Shape {
            op: Option<String>,
            id: Option<Value>,
        }

        let shape: Shape = json::read(text.as_bytes()).or(Err(NoFrame))?;
        let op = shape.op.ok_or(NoFrame)?;
        let (id, bad_id) = match shape.id {
            None => (None, false),
            Some(Value::String(id)) if id.len() <= MAX_ID => (Some(FrameId::Text(id)), false),
            Some(Value::Number(id)) => {
                let id = id.as_i64().map(FrameId::Number);
                let bad = id.is_none();
                (id, bad)
            }
            Some(_) => (None, true),
        };
        Ok(Self {
            op: Op::named(&op),
            id,
            bad_id,
        })
    }

    /// Whether it gets an answer.
    pub fn wants_reply(&self) -> bool {
        self.id.is_some() || self.bad_id || self.op.is_none_or(|op| !op.is_ephemeral())
    }

    /// Reads the rest of the frame.
    ///
    /// # Errors
    /// `unknown_op`, or `invalid` and the like with every field that is not acceptable.
    pub fn command(&self, text: &str) -> Result<Command, Problem> {
        let op = self.op.ok_or(Refusal::UnknownOp)?;
        if self.bad_id {
            let fault = Fault::invalid("an id is a whole number, or a text of 64 bytes at most");
            return Err(Error::field("id", fault).into());
        }
        Ok(match op {
            Op::Hello => read::<Hello>(text)?.parse().map(Command::Hello),
            Op::MessageSend => {
                let (conversation, client_id, content) = read::<SendMessage>(text)?.parse()?;
                Ok(Command::Send {
                    conversation,
                    client_id,
                    content,
                })
            }
            Op::MessageEdit => read::<MessageEdit>(text)?.parse(),
            Op::MessageDelete => read::<MessageDelete>(text)?.parse(),
            Op::ConversationRead => {
                let (conversation, seq) = read::<MoveCursor>(text)?.parse()?;
                Ok(Command::Read { conversation, seq })
            }
            Op::ConversationDelivered => {
                let (conversation, seq) = read::<MoveCursor>(text)?.parse()?;
                Ok(Command::Delivered { conversation, seq })
            }
            Op::RoomJoin => read::<Room>(text)?.parse().map(Command::Join),
            Op::RoomLeave => read::<Room>(text)?.parse().map(Command::Leave),
            Op::Typing => read::<SetTyping>(text)?.parse(),
            Op::TokenRefresh => read::<TokenRefresh>(text)?.parse().map(Command::Refresh),
            Op::Ping => Ok(Command::Ping),
        }?)
    }
}

fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Problem> {
    json::read(text.as_bytes())
}

/// An op with its fields, as domain values. It shows no token, so that none comes into a log.
#[expect(missing_docs, reason = "the fields are those of the contract")]
pub enum Command {
    /// Opens the session.
    Hello(Greeting),
    /// Sends a message.
    Send {
        conversation: ConversationId,
        client_id: ClientId,
        content: Content,
    },
    /// Changes one's own message.
    Edit {
        conversation: ConversationId,
        seq: Seq,
        revision: Revision,
        content: Content,
    },
    /// Takes one's own message back.
    Delete {
        conversation: ConversationId,
        seq: Seq,
    },
    /// Has read up to a place.
    Read {
        conversation: ConversationId,
        seq: Seq,
    },
    /// Has received up to a place.
    Delivered {
        conversation: ConversationId,
        seq: Seq,
    },
    /// Looks at a conversation.
    Join(ConversationId),
    /// Looks away.
    Leave(ConversationId),
    /// Writes, or stopped.
    Typing {
        conversation: ConversationId,
        active: bool,
    },
    /// Goes on with another token.
    Refresh(String),
    /// Is anybody there?
    Ping,
}

#[cfg(test)]
mod tests {
    use messaging_domain::{Epoch, Position};

    use super::*;

    fn refusal(text: &str) -> (&'static str, Vec<String>) {
        let Err(problem) = Head::read(text).unwrap().command(text) else {
            panic!("{text} is acceptable")
        };
        let fields = problem.errors.into_iter().map(|error| error.field);
        (problem.code, fields.collect())
    }

    #[test]
    fn what_has_no_op_is_no_frame() {
        for text in [
            "",
            "x",
            "5",
            "null",
            "[]",
            "{}",
            "{\"id\":1}",
            "{\"op\":1}",
            "{\"op\":null}",
            "{\"op\":[\"ping\"]}",
            "{\"op\":\"ping\"",
            "{\"op\":\"ping\"}{}",
            "{\"op\":\"ping\",\"op\":\"ping\"}",
            "[{\"op\":\"ping\"}]",
            "{\"op\":\"\\ud800\"}",
            &format!("{{\"op\":\"ping\",\"x\":{}", "[".repeat(30_000)),
        ] {
            assert_eq!(Head::read(text), Err(NoFrame), "{text:.40}");
        }
    }

    #[test]
    fn an_id_is_a_whole_number_or_a_short_text() {
        let id = |json: &str| Head::read(&format!("{{\"op\":\"ping\",\"id\":{json}}}")).unwrap();
        assert_eq!(id("7").id, Some(FrameId::Number(7)));
        assert_eq!(id("-1").id, Some(FrameId::Number(-1)));
        assert_eq!(id("\"a\"").id, Some(FrameId::Text("a".to_owned())));
        assert_eq!(id("null").id, None);
        let long = format!("\"{}\"", "x".repeat(65));
        for bad in ["1.5", "18446744073709551615", "{}", "[]", "true", &long] {
            let head = id(bad);
            assert!(head.bad_id && head.id.is_none(), "{bad}");
            assert!(head.wants_reply(), "{bad}");
        }
        let text = "{\"op\":\"ping\",\"id\":{}}";
        assert_eq!(refusal(text), ("invalid", vec!["id".to_owned()]));
    }

    #[test]
    fn every_op_says_which_fields_are_missing() {
        let fields = |op: &str| refusal(&format!("{{\"op\":\"{op}\"}}")).1.join(" ");
        assert_eq!(fields("hello"), "token");
        assert_eq!(fields("message.send"), "conversationId clientId content");
        assert_eq!(
            fields("message.edit"),
            "conversationId seq revision content"
        );
        assert_eq!(fields("message.delete"), "conversationId seq");
        assert_eq!(fields("conversation.read"), "conversationId seq");
        assert_eq!(fields("conversation.delivered"), "conversationId seq");
        assert_eq!(fields("room.join"), "conversationId");
        assert_eq!(fields("room.leave"), "conversationId");
        assert_eq!(fields("typing"), "conversationId active");
        assert_eq!(fields("token.refresh"), "token");
        assert_eq!(refusal("{\"op\":\"message.sned\"}").0, "unknown_op");
        assert_eq!(
            refusal("{\"op\":\"room.join\",\"conversationId\":\"x\"}").0,
            "not_found"
        );
    }

    #[test]
    fn a_hello_may_say_where_the_client_stands() {
        let hello = |since: &str| {
            let text = format!("{{\"op\":\"hello\",\"token\":\"t\",\"since\":{since}}}");
            match Head::read(&text).unwrap().command(&text) {
                Ok(Command::Hello(greeting)) => Ok(greeting.since),
                Ok(_) => panic!("no hello"),
                Err(problem) => Err(problem.errors[0].field.clone()),
            }
        };
        let epoch = Epoch::new();
        let position = Position::new(4);
        let since = format!("{{\"epoch\":\"{epoch}\",\"position\":4}}");
        let standing = Standing {
            epoch: Some(epoch),
            position,
        };
        assert_eq!(hello(&since), Ok(Some(standing)));
        assert_eq!(hello("null"), Ok(None));
        let other = Standing {
            epoch: None,
            position,
        };
        assert_eq!(
            hello("{\"epoch\":\"older\",\"position\":4}"),
            Ok(Some(other))
        );
        assert_eq!(
            hello("{\"epoch\":\"x\",\"position\":-1}"),
            Err("since.position".to_owned())
        );
        assert_eq!(hello("{\"epoch\":\"x\"}"), Err("since.position".to_owned()));
        assert_eq!(hello("7"), Err("since".to_owned()));
    }

    /// No text makes reading a frame panic, whatever is cut off or put in.
    #[test]
    fn no_text_is_too_strange_to_be_refused() {
        let text = "{\"op\":\"message.edit\",\"id\":1,\"conversationId\":\"é\",\"seq\":-9e9,\"revision\":1,\"content\":{\"kind\":\"text\"}}";
        for (at, _) in text.char_indices() {
            let (before, after) = text.split_at(at);
            for insert in ["", "\0", "\"", "\\", "{", "}", "\u{feff}", "\u{2028}"] {
                for text in [before.to_owned(), format!("{before}{insert}{after}")] {
                    if let Ok(head) = Head::read(&text) {
                        let _ = head.command(&text).is_ok();
                    }
                }
            }
        }
    }
}
