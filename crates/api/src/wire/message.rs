//! Messages: how they are shown, sent and edited.

use std::collections::BTreeMap;

use messaging_domain::{self as domain, ClientId, ConversationId, Error, Fault, Revision, Text};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{faults::Faults, json};

/// A message, as it was when this object was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// The conversation it belongs to.
    #[schema(format = Uuid)]
    pub conversation_id: String,
    /// Its place there: 1, 2, 3 … without a gap. It is the order.
    #[schema(minimum = 1)]
    pub seq: i64,
    /// 1 as sent, one more with each change.
    #[schema(minimum = 1)]
    pub revision: i64,
    /// The id that the sender's client made.
    #[schema(format = Uuid)]
    pub client_id: String,
    /// Who wrote it.
    pub sender_id: String,
    /// What it says.
    pub content: Content,
    /// When it was stored.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When its text was last edited.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub edited_at: Option<String>,
    /// When it was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub deleted_at: Option<String>,
    /// How far it has come.
    pub status: Status,
}

/// What a message says. More kinds may come: show one that is not known as such.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Content {
    /// Words of a person.
    Text {
        /// 1 to 4,000 code points, trimmed, with `\n` line ends.
        #[schema(min_length = 1, max_length = 4_000)]
        text: String,
    },
    /// Words of the service: a code, to be put into the reader's language.
    System {
        /// What happened, in snake case.
        code: String,
        /// What the sentence needs.
        params: BTreeMap<String, String>,
    },
    /// What was here is gone.
    Deleted {},
}

/// How far a message has come, by the counterpart's cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Stored.
    Sent,
    /// A device of the counterpart has it.
    Delivered,
    /// The counterpart has read it.
    Read,
}

impl From<&domain::Message> for Message {
    fn from(message: &domain::Message) -> Self {
        Self {
            conversation_id: message.conversation.to_string(),
            seq: message.seq.get(),
            revision: message.revision.get(),
            client_id: message.client_id.to_string(),
            sender_id: message.sender.as_str().to_owned(),
            content: Content::from(&message.content),
            created_at: message.created_at.to_string(),
            edited_at: message.edited_at.map(|at| at.to_string()),
            deleted_at: message.deleted_at.map(|at| at.to_string()),
            status: Status::from(message.status),
        }
    }
}

impl From<&domain::Content> for Content {
    fn from(content: &domain::Content) -> Self {
        match content {
            domain::Content::Text(text) => Self::Text {
                text: text.as_str().to_owned(),
            },
            domain::Content::System { code, params } => Self::System {
                code: code.clone(),
                params: params.clone(),
            },
            domain::Content::Deleted => Self::Deleted {},
        }
    }
}

impl From<domain::Status> for Status {
    fn from(status: domain::Status) -> Self {
        match status {
            domain::Status::Sent => Self::Sent,
            domain::Status::Delivered => Self::Delivered,
            domain::Status::Read => Self::Read,
        }
    }
}

/// What a person wants to say.
// For the contract alone: what comes in is read as `ContentFields`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum NewContent {
    /// Plain text.
    Text {
        /// 1 to 4,000 code points after trimming; no control characters but newline and tab.
        #[schema(min_length = 1, max_length = 4_000)]
        text: String,
    },
}

/// The fields of all kinds, each of which may be missing, so that every fault can be named at once.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContentFields {
    kind: Option<String>,
    text: Option<String>,
}

impl ContentFields {
    /// Takes what a person wants to say, noting what is wrong with it.
    #[expect(clippy::single_match_else, reason = "each kind is an arm")]
    fn parse(self, faults: &mut Faults) -> Option<domain::Content> {
        let kind = faults.required("content.kind", self.kind, Ok)?;
        match kind.as_str() {
            "text" => faults
                .required("content.text", self.text, |text| Text::parse(&text))
                .map(domain::Content::Text),
            _ => {
                let fault = "a message of this kind cannot be sent; v1 knows `text`";
                faults.add("content.kind", Fault::unsupported(fault));
                None
            }
        }
    }
}

/// Takes the field `content`, which has to be there.
pub(crate) fn parse_content(
    faults: &mut Faults,
    content: Option<ContentFields>,
) -> Option<domain::Content> {
    faults.required("content", content, Ok)?.parse(faults)
}

/// Takes a conversation's id. Only when all else is acceptable is a malformed one refused, just as
/// one of a conversation that is not there: nobody can tell the two apart.
pub(crate) fn parse_conversation(
    faults: &mut Faults,
    id: Option<String>,
) -> Option<Result<ConversationId, Error>> {
    faults.required("conversationId", id, |id| {
        Ok(match ConversationId::parse(&id) {
            Ok(id) => Ok(id),
            Err(_) => Err(Error::NotFound),
        })
    })
}

/// A message to be sent.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendMessage {
    /// Where.
    #[schema(value_type = String, format = Uuid)]
    pub conversation_id: Option<String>,
    /// A UUID that the client makes for this message, and uses again when it retries.
    #[schema(value_type = String, format = Uuid)]
    pub client_id: Option<String>,
    /// What.
    #[serde(default, deserialize_with = "json::object")]
    #[schema(value_type = NewContent, required = true)]
    pub content: Option<ContentFields>,
}

impl SendMessage {
    /// Takes the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault; [`Error::NotFound`] when the conversation's id is none.
    pub fn parse(self) -> Result<(ConversationId, ClientId, domain::Content), Error> {
        let mut faults = Faults::new();
        let conversation = parse_conversation(&mut faults, self.conversation_id);
        let client_id = faults.required("clientId", self.client_id, |id| ClientId::parse(&id));
        let content = parse_content(&mut faults, self.content);
        let (conversation, (client_id, content)) =
            faults.finish(conversation.zip(client_id.zip(content)))?;
        Ok((conversation?, client_id, content))
    }
}

/// A new text for one's own message.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EditMessage {
    /// The revision that the caller last saw.
    #[schema(value_type = i64, minimum = 0)]
    pub revision: Option<i64>,
    /// The new text.
    #[serde(default, deserialize_with = "json::object")]
    #[schema(value_type = NewContent, required = true)]
    pub content: Option<ContentFields>,
}

impl EditMessage {
    /// Takes the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub fn parse(self) -> Result<(Revision, domain::Content), Error> {
        let mut faults = Faults::new();
        let revision = faults.required("revision", self.revision, parse_revision);
        let content = parse_content(&mut faults, self.content);
        faults.finish(revision.zip(content))
    }
}

/// Any number that is not negative: one that the message never had is merely stale.
pub(crate) fn parse_revision(revision: i64) -> Result<Revision, Fault> {
    if revision >= 0 {
        Ok(Revision::new(revision))
    } else {
        Err(Fault::invalid("a revision is not negative"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    fn refused(body: &str) -> (u16, &'static str, Vec<(String, &'static str)>) {
        let request: SendMessage = json::read(body.as_bytes()).unwrap();
        let problem = Problem::from(request.parse().unwrap_err());
        let errors = problem
            .errors
            .into_iter()
            .map(|error| (error.field, error.code))
            .collect();
        (problem.status, problem.code, errors)
    }

    #[test]
    fn every_field_that_is_missing_is_named() {
        let (status, code, errors) = refused("{}");
        assert_eq!((status, code), (422, "invalid"));
        let fields: Vec<_> = errors.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["conversationId", "clientId", "content"]);
    }

    #[test]
    fn only_text_can_be_sent() {
        for kind in ["system", "deleted", "image", "", "TEXT"] {
            let body = format!(
                "{{\"conversationId\":\"0190163d-8694-739b-aea5-966c26f8ad91\",\"clientId\":\"0190163d-8694-739b-aea5-966c26f8ad91\",\"content\":{{\"kind\":\"{kind}\",\"text\":\"x\"}}}}"
            );
            let expected = ("content.kind".to_owned(), "unsupported_content");
            assert_eq!(
                refused(&body),
                (422, "unsupported_content", vec![expected]),
                "{kind}"
            );
        }
    }

    #[test]
    fn a_conversation_id_that_is_none_is_refused_last_and_as_not_found() {
        let body = "{\"conversationId\":\"x\",\"clientId\":\"0190163d-8694-739b-aea5-966c26f8ad91\",\"content\":{\"kind\":\"text\",\"text\":\"x\"}}";
        assert_eq!(refused(body), (404, "not_found", vec![]));
        assert_eq!(refused(&body.replace("\"x\"}}", "\"\"}}")).0, 422);
    }

    #[test]
    fn a_deleted_message_says_only_that_it_is_gone() {
        let json = serde_json::to_string(&Content::from(&domain::Content::Deleted)).unwrap();
        assert_eq!(json, "{\"kind\":\"deleted\"}");
    }
}
