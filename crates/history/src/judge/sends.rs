//! Logical sends: all attempts of one person with one client id.

use std::collections::BTreeMap;

use super::{
    case::{Case, Op},
    names::Name,
    shape::normalised,
};
use crate::call::Call;

/// One attempt of a logical send.
pub(super) struct Attempt<'a> {
    pub(super) op: &'a Op,
    /// As it would be stored.
    pub(super) text: String,
    /// Where to; none for a first message, which goes wherever its conversation is.
    pub(super) conversation: Option<&'a str>,
}

/// All logical sends, by sender and client id.
pub(super) struct Sends<'a>(BTreeMap<(Name, Name), Vec<Attempt<'a>>>);

impl<'a> Sends<'a> {
    pub(super) fn of(case: &'a Case) -> Self {
        let mut sends: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for op in &case.ops {
            let (client_id, text, conversation) = match &op.call {
                Call::Send {
                    conversation,
                    client_id,
                    text,
                } => (client_id, text, Some(conversation.as_str())),
                Call::Start {
                    client_id: Some(client_id),
                    text: Some(text),
                    ..
                } => (client_id, text, None),
                _ => continue,
            };
            if let Some(client_id) = case.names.find(&client_id.to_ascii_lowercase()) {
                let text = normalised(text);
                sends
                    .entry((op.user, client_id))
                    .or_default()
                    .push(Attempt {
                        op,
                        text,
                        conversation,
                    });
            }
        }
        Self(sends)
    }

    /// All of them.
    pub(super) fn all(&self) -> impl Iterator<Item = ((Name, Name), &[Attempt<'a>])> {
        self.0
            .iter()
            .map(|(by, attempts)| (*by, attempts.as_slice()))
    }

    /// The attempts of one.
    pub(super) fn of_message(&self, sender: Name, client_id: Name) -> &[Attempt<'a>] {
        self.0.get(&(sender, client_id)).map_or(&[], Vec::as_slice)
    }
}
