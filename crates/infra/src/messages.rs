//! Messages as rows.

use std::collections::BTreeMap;

use diesel::prelude::*;
use hmac::{Hmac, Mac as _};
use messaging_domain::{Content, Conversation, Message, Revision, Seq, Text, UserId, search};
use sha2::Sha256;

use crate::{
    columns::{DbTime, DbUuid},
    mac,
    schema::messages,
};

/// A row of `messages`.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = messages)]
pub(crate) struct MessageRow {
    conversation_id: DbUuid,
    seq: i64,
    revision: i64,
    client_id: DbUuid,
    sender_id: String,
    kind: String,
    body: String,
    pub(crate) first_digest: Option<Vec<u8>>,
    created_at: DbTime,
    edited_at: Option<DbTime>,
    deleted_at: Option<DbTime>,
}

impl MessageRow {
    /// The message, with its status by the cursors that its conversation has now.
    pub(crate) fn into_message(self, conversation: &Conversation) -> Message {
        let sender = UserId::restore(&self.sender_id);
        let seq = Seq::new(self.seq);
        Message {
            conversation: self.conversation_id.into(),
            seq,
            revision: Revision::new(self.revision),
            client_id: self.client_id.into(),
            status: conversation.status_of(&sender, seq),
            sender,
            content: decode(&self.kind, self.body),
            created_at: self.created_at.0,
            edited_at: self.edited_at.map(|time| time.0),
            deleted_at: self.deleted_at.map(|time| time.0),
        }
    }

    pub(crate) fn seq(&self) -> Seq {
        Seq::new(self.seq)
    }

    pub(crate) fn key(&self) -> (DbUuid, i64) {
        (self.conversation_id, self.seq)
    }
}

/// What a content is kept as, besides its kind.
pub(crate) fn encode(content: &Content) -> String {
    match content {
        Content::Text(text) => text.as_str().to_owned(),
        Content::System { code, params } => {
            serde_json::json!({ "code": code, "params": params }).to_string()
        }
        Content::Deleted => String::new(),
    }
}

fn decode(kind: &str, body: String) -> Content {
    match kind {
        "text" => Content::Text(Text::restore(body)),
        "deleted" => Content::Deleted,
        // Also for a kind that a newer version has written: it is shown as something that this
        // version has no words for.
        _ => {
            let body: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
            let code = body
                .get("code")
                .and_then(|code| code.as_str())
                .unwrap_or(kind);
            let params: BTreeMap<String, String> = body
                .get("params")
                .and_then(|params| serde_json::from_value(params.clone()).ok())
                .unwrap_or_default();
            Content::System {
                code: code.to_owned(),
                params,
            }
        }
    }
}

/// By which a retry is compared with the content first sent, once that is gone. Keyed: the few words
/// of a deleted message could be found by trying otherwise.
#[derive(Debug, Clone)]
pub(crate) struct Digests(Hmac<Sha256>);

impl Digests {
    pub(crate) fn new(key: &[u8]) -> Self {
        Self(mac::hmac(key))
    }

    fn of(&self, content: &Content) -> Hmac<Sha256> {
        self.0
            .clone()
            .chain_update(content.kind())
            .chain_update([0])
            .chain_update(encode(content))
    }

    pub(crate) fn make(&self, content: &Content) -> Vec<u8> {
        self.of(content).finalize().into_bytes().to_vec()
    }

    pub(crate) fn matches(&self, digest: &[u8], content: &Content) -> bool {
        self.of(content).verify_slice(digest).is_ok()
    }
}

/// The words that a message is found by, separated by spaces: its own, and one for each participant.
pub(crate) fn terms(content: &Content, conversation: &Conversation) -> String {
    let text = content.searchable();
    if text.is_empty() {
        return String::new();
    }
    let words = search::index_terms(text);
    let [buyer, seller] =
        [&conversation.buyer, &conversation.seller].map(|side| search::person_term(&side.user));
    let mut terms = [buyer, seller].join(" ");
    if !words.is_empty() {
        terms.push(' ');
        terms.push_str(&words);
    }
    terms
}

#[cfg(test)]
mod tests {
    use messaging_domain::{ConversationId, Opening, Timestamp};

    use super::*;

    /// One content of each kind, one after the other: the compiler asks for an example of a new one.
    fn after(content: Option<&Content>) -> Option<Content> {
        Some(match content {
            None => Content::Text(Text::parse("a \"word\"\nor two").unwrap()),
            Some(Content::Text(_)) => Content::System {
                code: "sold".to_owned(),
                params: [("price".to_owned(), "5 €".to_owned())].into(),
            },
            Some(Content::System { .. }) => Content::Deleted,
            Some(Content::Deleted) => return None,
        })
    }

    #[test]
    fn a_message_is_found_by_its_words_and_its_people_and_a_deleted_one_by_nothing() {
        let [ann, bob] = ["ann", "bob"].map(|id| UserId::parse(id).unwrap());
        let opening = Opening::new(ann, bob, None, None).unwrap();
        let id = ConversationId::new();
        let (conversation, _) =
            Conversation::open(&opening, id, (false, false), Timestamp::now()).unwrap();
        let text = |text| Content::Text(Text::parse(text).unwrap());
        for (content, expected) in [
            (text("Un vélo, UN!"), "_616e6e _626f62 un velo"),
            (text("?!"), "_616e6e _626f62"),
            (Content::Deleted, ""),
        ] {
            assert_eq!(terms(&content, &conversation), expected);
        }
    }

    #[test]
    fn a_content_of_each_kind_comes_back_as_it_was_stored() {
        let mut next = after(None);
        while let Some(content) = next {
            assert_eq!(decode(content.kind(), encode(&content)), content);
            next = after(Some(&content));
        }
    }
}
