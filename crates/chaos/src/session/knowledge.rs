//! What a client remembers, to make sensible operations of: not what the judge relies on.

use std::collections::{HashMap, VecDeque};

use serde_json::Value;

use crate::world::Talk;

/// How many of one's own messages are remembered.
const OWN: usize = 40;

/// A message of one's own.
#[derive(Debug, Clone)]
pub(crate) struct Own {
    pub(crate) conversation: String,
    pub(crate) seq: u64,
    pub(crate) revision: u64,
    pub(crate) client_id: String,
    pub(crate) text: String,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    heads: HashMap<String, u64>,
    own: VecDeque<Own>,
    /// The rooms it has joined on this socket.
    pub(crate) rooms: Vec<String>,
}

impl Knowledge {
    /// The last message seen in a conversation.
    pub(crate) fn head(&self, conversation: &str) -> u64 {
        self.heads.get(conversation).copied().unwrap_or(0)
    }

    /// One's own messages.
    pub(crate) fn own(&self, at: usize) -> Option<&Own> {
        self.own.get(at % self.own.len().max(1))
    }

    /// The word of one's own message that is in no other.
    pub(crate) fn canary(&self, conversation: &str, seq: u64) -> Option<String> {
        let mut own = self.own.iter();
        let own = own.find(|own| own.conversation == conversation && own.seq == seq)?;
        let word = own
            .text
            .strip_prefix("canary:")?
            .split_whitespace()
            .next()?;
        Some(word.to_owned())
    }

    /// Keeps a message, with the text that was sent.
    pub(crate) fn sent(&mut self, message: &Value, text: &str) {
        let word = |name: &str| message.get(name).and_then(Value::as_str);
        let number = |name: &str| message.get(name).and_then(Value::as_u64);
        let (Some(conversation), Some(client_id)) = (word("conversationId"), word("clientId"))
        else {
            return;
        };
        let (Some(seq), Some(revision)) = (number("seq"), number("revision")) else {
            return;
        };
        self.saw(conversation, seq);
        if self.own.len() == OWN {
            self.own.pop_front();
        }
        self.own.push_back(Own {
            conversation: conversation.to_owned(),
            seq,
            revision,
            client_id: client_id.to_owned(),
            text: text.to_owned(),
        });
    }

    fn saw(&mut self, conversation: &str, seq: u64) {
        let head = self.heads.entry(conversation.to_owned()).or_default();
        *head = seq.max(*head);
    }

    /// Learns from a durable event; a conversation, if it tells of one.
    pub(crate) fn learn(&mut self, user: &str, event: &str, data: &Value) -> Option<Talk> {
        if let Some(message) = data.get("message") {
            let conversation = message.get("conversationId")?.as_str()?;
            let seq = message.get("seq")?.as_u64()?;
            self.saw(conversation, seq);
            let revision = message.get("revision")?.as_u64()?;
            for own in &mut self.own {
                if own.conversation == conversation && own.seq == seq {
                    own.revision = own.revision.max(revision);
                }
            }
            return None;
        }
        let conversation = data.get("conversation")?;
        let id = conversation.get("id")?.as_str()?;
        self.saw(id, conversation.get("lastSeq")?.as_u64()?);
        if event != "conversation.created" {
            return None;
        }
        talk_of(user, conversation)
    }
}

/// A conversation as one of the two sees it.
pub(crate) fn talk_of(user: &str, conversation: &Value) -> Option<Talk> {
    let other = conversation.get("counterpart")?.get("id")?.as_str()?;
    let (buyer, seller) = match conversation.get("role")?.as_str()? {
        "buyer" => (user, other),
        _ => (other, user),
    };
    let product = conversation.get("product").and_then(|it| it.get("id"));
    Some(Talk {
        id: conversation.get("id")?.as_str()?.to_owned(),
        buyer: buyer.to_owned(),
        seller: seller.to_owned(),
        product: product.and_then(Value::as_str).map(str::to_owned),
    })
}
