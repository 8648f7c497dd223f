//! The fields that each op brings, and the domain values that they become.

use messaging_domain::{ConversationId, Epoch, Error, Fault, Position};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Command;
use crate::wire::{
    conversation::parse_place,
    faults::Faults,
    json,
    message::{ContentFields, NewContent, parse_content, parse_conversation, parse_revision},
};

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
    pub(super) fn parse(self) -> Result<Greeting, Error> {
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
    pub(super) fn parse(self) -> Result<Command, Error> {
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
    pub(super) fn parse(self) -> Result<Command, Error> {
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
    pub(super) fn parse(self) -> Result<ConversationId, Error> {
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
    pub(super) fn parse(self) -> Result<Command, Error> {
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
    pub(super) fn parse(self) -> Result<String, Error> {
        let mut faults = Faults::new();
        let token = faults.required("token", self.token, Ok);
        faults.finish(token)
    }
}
