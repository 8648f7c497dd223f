//! What a client says: the ops, and how each becomes domain values.

use messaging_domain::{
    ClientId, Content, ConversationId, Epoch, Error, Fault, Position, Revision, Seq,
};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{FrameId, MAX_ID};
use crate::{
    problem::{Problem, Refusal},
    wire::{
        conversation::{MoveCursor, parse_place},
        faults::Faults,
        json,
        message::{
            ContentFields, NewContent, SendMessage, parse_content, parse_conversation,
            parse_revision,
        },
    },
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

/// The first frame of a session.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    /// An access token.
    #[schema(value_type = String)]
    token: Option<String>,
    /// Where the client stands, to get the events that it missed.
    #[serde(default, deserialize_with = "json::object")]
    #[schema(value_type = Option<Since>, nullable = false)]
    since: Option<Since>,
    /// What the client says of itself; nothing depends on it.
    #[expect(dead_code, reason = "a part of the contract that nothing reads")]
    client: Option<Value>,
}

/// Where a client stands.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Since {
    /// The numbering that the position belongs to.
    #[schema(value_type = String)]
    epoch: Option<String>,
    /// The last position that it applied.
    #[schema(value_type = i64, minimum = 0)]
    position: Option<i64>,
}

/// A hello in domain values.
#[derive(Clone)]
pub struct Greeting {
    /// The token, still to be checked.
    pub token: String,
    /// Where the client stands, if it says so.
    pub since: Option<Standing>,
}

/// Where a client stands, in domain values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Of which numbering; `None` for one that never was.
    pub epoch: Option<Epoch>,
    /// The last position that it applied.
    pub position: Position,
}

impl Hello {
    fn parse(self) -> Result<Greeting, Error> {
        let mut faults = Faults::new();
        let token = faults.required("token", self.token, Ok);
        let since = match self.since {
            Some(since) => since.parse(&mut faults).map(Some),
            None => Some(None),
        };
        let (token, since) = faults.finish(token.zip(since))?;
        Ok(Greeting { token, since })
    }
}

impl Since {
    fn parse(self, faults: &mut Faults) -> Option<Standing> {
        let epoch = faults.required("since.epoch", self.epoch, |epoch| {
            Ok(Epoch::parse(&epoch).ok())
        });
        let position = faults.required("since.position", self.position, |position| {
            if position >= 0 {
                Ok(Position::new(position))
            } else {
                Err(Fault::invalid("a position is 0 or more"))
            }
        });
        epoch
            .zip(position)
            .map(|(epoch, position)| Standing { epoch, position })
    }
}

/// A new text for one's own message.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageEdit {
    /// Where.
    #[schema(value_type = String, format = Uuid)]
    conversation_id: Option<String>,
    /// The message's place.
    #[schema(value_type = i64, minimum = 0)]
    seq: Option<i64>,
    /// The revision that the client last saw.
    #[schema(value_type = i64, minimum = 0)]
    revision: Option<i64>,
    /// The new text.
    #[serde(default, deserialize_with = "json::object")]
    #[schema(value_type = NewContent, required = true)]
    content: Option<ContentFields>,
}

impl MessageEdit {
    fn parse(self) -> Result<Command, Error> {
        let mut faults = Faults::new();
        let conversation = parse_conversation(&mut faults, self.conversation_id);
        let seq = faults.required("seq", self.seq, parse_place);
        let revision = faults.required("revision", self.revision, parse_revision);
        let content = parse_content(&mut faults, self.content);
        let parsed = conversation.zip(seq).zip(revision.zip(content));
        let ((conversation, seq), (revision, content)) = faults.finish(parsed)?;
        Ok(Command::Edit {
            conversation: conversation?,
            seq,
            revision,
            content,
        })
    }
}

/// One's own message, to be deleted.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageDelete {
    /// Where.
    #[schema(value_type = String, format = Uuid)]
    conversation_id: Option<String>,
    /// The message's place.
    #[schema(value_type = i64, minimum = 0)]
    seq: Option<i64>,
}

impl MessageDelete {
    fn parse(self) -> Result<Command, Error> {
        let mut faults = Faults::new();
        let conversation = parse_conversation(&mut faults, self.conversation_id);
        let seq = faults.required("seq", self.seq, parse_place);
        let (conversation, seq) = faults.finish(conversation.zip(seq))?;
        Ok(Command::Delete {
            conversation: conversation?,
            seq,
        })
    }
}

/// The room of a conversation, to be joined or left.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Room {
    /// Of which conversation.
    #[schema(value_type = String, format = Uuid)]
    conversation_id: Option<String>,
}

impl Room {
    fn parse(self) -> Result<ConversationId, Error> {
        let mut faults = Faults::new();
        let conversation = parse_conversation(&mut faults, self.conversation_id);
        faults.finish(conversation)?
    }
}

/// Whether the client's user writes.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SetTyping {
    /// Where.
    #[schema(value_type = String, format = Uuid)]
    conversation_id: Option<String>,
    /// Writes, or stopped. Say it again every few seconds while it lasts.
    #[schema(value_type = bool)]
    active: Option<bool>,
}

impl SetTyping {
    fn parse(self) -> Result<Command, Error> {
        let mut faults = Faults::new();
        let conversation = parse_conversation(&mut faults, self.conversation_id);
        let active = faults.required("active", self.active, Ok);
        let (conversation, active) = faults.finish(conversation.zip(active))?;
        Ok(Command::Typing {
            conversation: conversation?,
            active,
        })
    }
}

/// A token to go on with.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenRefresh {
    /// An access token of the same user.
    #[schema(value_type = String)]
    token: Option<String>,
}

impl TokenRefresh {
    fn parse(self) -> Result<String, Error> {
        let mut faults = Faults::new();
        let token = faults.required("token", self.token, Ok);
        faults.finish(token)
    }
}

#[cfg(test)]
mod tests {
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
