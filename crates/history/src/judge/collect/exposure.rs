//! Who is shown what: every conversation and every canary in every answer and every frame.

use serde_json::Value;

use super::{
    super::{
        case::{Exposed, Owner, Point},
        names::Name,
    },
    Collector,
};
use crate::call::Call;

impl Collector {
    /// Each canary belongs to the people of the conversation in which it was first tried to be said.
    pub(super) fn register_canaries(&mut self, user: Name, call: &Call) {
        let (text, owner) = match call {
            Call::Send {
                conversation, text, ..
            }
            | Call::Edit {
                conversation, text, ..
            } => {
                let conversation = self.case.names.of(conversation);
                (text, Owner::Conversation(conversation))
            }
            Call::Start {
                seller,
                text: Some(text),
                ..
            } => (text, Owner::Pair(user, self.case.names.of(seller))),
            _ => return,
        };
        for word in canaries(&self.canary, text) {
            let word = self.case.names.of(word);
            self.case.canaries.entry(word).or_insert(owner);
        }
    }

    pub(super) fn scan(&mut self, at: Point, op: usize, reply: &Value) {
        if let Some(op) = self.case.ops.get(op) {
            let user = op.user;
            self.expose(at, user, reply);
        }
    }

    /// Notes every conversation and every canary that an answer or a frame shows, however deep.
    pub(super) fn expose(&mut self, at: Point, user: Name, value: &Value) {
        match value {
            Value::String(text) => {
                for word in canaries(&self.canary, text) {
                    let word = Exposed::Canary(self.case.names.of(word));
                    self.case.exposed.entry((user, word)).or_insert(at.i);
                }
            }
            Value::Array(items) => {
                for item in items {
                    self.expose(at, user, item);
                }
            }
            Value::Object(fields) => {
                let of_view = fields.get("counterpart").and_then(|_| fields.get("id"));
                for id in [fields.get("conversationId"), of_view]
                    .into_iter()
                    .flatten()
                {
                    if let Some(id) = id.as_str() {
                        let id = Exposed::Conversation(self.case.names.of(id));
                        self.case.exposed.entry((user, id)).or_insert(at.i);
                    }
                }
                for field in fields.values() {
                    self.expose(at, user, field);
                }
            }
            _ => {}
        }
    }
}

/// The canaries in a text: each from its beginning up to the next white space.
fn canaries<'a>(prefix: &'a str, text: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(prefix)
        .filter(|(_, found)| !found.is_empty())
        .filter_map(|(at, _)| text.get(at..)?.split_whitespace().next())
}
