//! Conversations: how they are shown, started, read and set.

use messaging_domain::{
    self as domain, ClientId, ConversationId, ConversationView, Error, Fault, ProductId, Seq,
    Settings, UserId,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    faults::Faults,
    json,
    message::{ContentFields, Message, NewContent, parse_content, parse_conversation},
    product::Product,
    user::User,
};

/// A conversation as the caller sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Its id.
    #[schema(format = Uuid)]
    pub id: String,
    /// What it is about; null when it is about no product.
    #[schema(required = true)]
    pub product: Option<Product>,
    /// The caller's side.
    pub role: Role,
    /// The other person.
    pub counterpart: User,
    /// The newest message's place; 0 when there is none.
    #[schema(minimum = 0)]
    pub last_seq: i64,
    /// The newest message; null when there is none.
    #[schema(required = true)]
    pub last_message: Option<Message>,
    /// When it was started or last written in: what the inbox is sorted by.
    #[schema(format = DateTime)]
    pub last_activity_at: String,
    /// When it was started.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Up to where the caller has read.
    #[schema(minimum = 0)]
    pub read_seq: i64,
    /// Up to where a device of the caller has the messages.
    #[schema(minimum = 0)]
    pub delivered_seq: i64,
    /// Up to where the counterpart has read.
    #[schema(minimum = 0)]
    pub counterpart_read_seq: i64,
    /// Up to where a device of the counterpart has the messages.
    #[schema(minimum = 0)]
    pub counterpart_delivered_seq: i64,
    /// The counterpart's messages after `readSeq` that are not deleted.
    #[schema(minimum = 0)]
    pub unread_count: i64,
    /// Out of the caller's inbox, until the counterpart writes.
    pub archived: bool,
    /// Not counted in `unreadTotal`.
    pub muted: bool,
    /// Who blocks; the caller's own block is told first.
    pub blocked: Blocked,
    /// True when the other person is gone for good, and else left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub closed: bool,
}

/// A side of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Who asks about the product.
    Buyer,
    /// Who offers it.
    Seller,
}

/// Who blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum Blocked {
    /// Nobody.
    None,
    /// The caller.
    ByMe,
    /// The other person.
    ByCounterpart,
}

impl From<&ConversationView> for Conversation {
    fn from(view: &ConversationView) -> Self {
        Self {
            id: view.id.to_string(),
            product: view.product.as_ref().map(Product::from),
            role: match view.role {
                domain::Role::Buyer => Role::Buyer,
                domain::Role::Seller => Role::Seller,
            },
            counterpart: User::from(&view.counterpart),
            last_seq: view.last_seq.get(),
            last_message: view.last_message.as_ref().map(Message::from),
            last_activity_at: view.last_activity_at.to_string(),
            created_at: view.created_at.to_string(),
            read_seq: view.read_seq.get(),
            delivered_seq: view.delivered_seq.get(),
            counterpart_read_seq: view.counterpart_read_seq.get(),
            counterpart_delivered_seq: view.counterpart_delivered_seq.get(),
            unread_count: view.unread_count,
            archived: view.archived,
            muted: view.muted,
            blocked: match view.blocked {
                domain::Blocked::No => Blocked::None,
                domain::Blocked::ByMe => Blocked::ByMe,
                domain::Blocked::ByCounterpart => Blocked::ByCounterpart,
            },
            closed: view.closed,
        }
    }
}

/// A conversation to be started or found, perhaps with its first message.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StartConversation {
    /// What it is about.
    #[schema(min_length = 1, max_length = 128)]
    pub product_id: Option<String>,
    /// With whom.
    #[schema(value_type = String, min_length = 1, max_length = 128)]
    pub seller_id: Option<String>,
    /// The first message; together with `clientId`.
    #[serde(default, deserialize_with = "json::object")]
    #[schema(value_type = Option<NewContent>)]
    pub content: Option<ContentFields>,
    /// A UUID that the client makes for the message; together with `content`.
    #[schema(format = Uuid)]
    pub client_id: Option<String>,
}

/// A conversation to be started, in domain values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// With whom.
    pub seller: UserId,
    /// About what.
    pub product: Option<ProductId>,
    /// The first message.
    pub first: Option<(ClientId, domain::Content)>,
}

impl StartConversation {
    /// Takes the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault.
    pub fn parse(self) -> Result<Start, Error> {
        let mut faults = Faults::new();
        let seller = faults.required("sellerId", self.seller_id, |id| UserId::parse(&id));
        let product = faults.optional("productId", self.product_id, |id| ProductId::parse(&id));
        let first = if self.content.is_some() || self.client_id.is_some() {
            let client_id = faults.required("clientId", self.client_id, |id| ClientId::parse(&id));
            let content = parse_content(&mut faults, self.content);
            client_id.zip(content)
        } else {
            None
        };
        faults.finish(seller.map(|seller| Start {
            seller,
            product,
            first,
        }))
    }
}

/// A conversation that was started or found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// The conversation.
    pub conversation: Conversation,
    /// The first message, when there was to be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message: Option<Message>,
}

impl From<&domain::Opened> for Started {
    fn from(opened: &domain::Opened) -> Self {
        Self {
            conversation: Conversation::from(&opened.conversation),
            message: opened.message.as_ref().map(Message::from),
        }
    }
}

/// Up to where the caller has read.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MarkRead {
    /// The place of the last message read. Never moves the cursor back or past the newest message.
    #[schema(value_type = i64, minimum = 0)]
    pub seq: Option<i64>,
}

impl MarkRead {
    /// Takes the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] on `seq`.
    pub fn parse(self) -> Result<Seq, Error> {
        let mut faults = Faults::new();
        let seq = faults.required("seq", self.seq, parse_place);
        faults.finish(seq)
    }
}

/// The word of a frame that a cursor of the caller is at a place: `conversation.read` and `.delivered`.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MoveCursor {
    /// Where.
    #[schema(value_type = String, format = Uuid)]
    pub conversation_id: Option<String>,
    /// The place.
    #[schema(value_type = i64, minimum = 0)]
    pub seq: Option<i64>,
}

impl MoveCursor {
    /// Takes the request.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every fault; [`Error::NotFound`] when the conversation's id is none.
    pub fn parse(self) -> Result<(ConversationId, Seq), Error> {
        let mut faults = Faults::new();
        let conversation = parse_conversation(&mut faults, self.conversation_id);
        let seq = faults.required("seq", self.seq, parse_place);
        let (conversation, seq) = faults.finish(conversation.zip(seq))?;
        Ok((conversation?, seq))
    }
}

/// Takes the place of a message, or 0 for the place before the first.
pub(crate) fn parse_place(seq: i64) -> Result<Seq, Fault> {
    if seq >= 0 {
        Ok(Seq::new(seq))
    } else {
        Err(Fault::invalid("a place is 0 or more"))
    }
}

/// How the caller's cursor and badge stand now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadState {
    /// Where the caller's read cursor stands.
    #[schema(minimum = 0)]
    pub read_seq: i64,
    /// What is left unread in the conversation.
    #[schema(minimum = 0)]
    pub unread_count: i64,
    /// What is left unread in all conversations that are neither archived nor muted.
    #[schema(minimum = 0)]
    pub unread_total: i64,
}

impl From<domain::ReadState> for ReadState {
    fn from(state: domain::ReadState) -> Self {
        Self {
            read_seq: state.read_seq.get(),
            unread_count: state.unread_count,
            unread_total: state.unread_total,
        }
    }
}

/// The caller's own settings; what is left out stays as it is.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSettings {
    /// Out of the inbox, until the next message of the counterpart.
    pub archived: Option<bool>,
    /// Not counted in `unreadTotal`.
    pub muted: Option<bool>,
    /// No messages between the two people, in any conversation.
    pub blocked: Option<bool>,
}

impl From<ChangeSettings> for Settings {
    fn from(change: ChangeSettings) -> Self {
        Self {
            archived: change.archived,
            muted: change.muted,
            blocked: change.blocked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(body: &str) -> Result<Start, Vec<String>> {
        let request: StartConversation = json::read(body.as_bytes()).unwrap();
        request.parse().map_err(|error| match error {
            Error::Invalid(errors) => errors
                .into_iter()
                .map(|error| error.field.into_owned())
                .collect(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_first_message_needs_its_content_and_its_client_id() {
        assert!(start("{\"sellerId\":\"bob\"}").unwrap().first.is_none());
        assert_eq!(
            start("{\"sellerId\":\"bob\",\"content\":{\"kind\":\"text\",\"text\":\"hi\"}}")
                .unwrap_err(),
            ["clientId"]
        );
        assert_eq!(
            start("{\"sellerId\":\"b b\",\"clientId\":\"0190163d-8694-739b-aea5-966c26f8ad91\"}")
                .unwrap_err(),
            ["sellerId", "content"]
        );
    }

    #[test]
    fn a_place_is_zero_or_more() {
        for (seq, good) in [
            (Some(0), true),
            (Some(i64::MAX), true),
            (Some(-1), false),
            (None, false),
        ] {
            assert_eq!(MarkRead { seq }.parse().is_ok(), good, "{seq:?}");
        }
    }
}
