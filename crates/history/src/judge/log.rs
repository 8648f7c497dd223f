//! The final log: what is in each conversation once all has come to rest.

use std::collections::HashMap;

use super::{
    case::{Case, Reply},
    names::Name,
    shape::{Content, Message, moment, normalised},
};

/// A message at the end, and the line that says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    pub(super) line: u64,
    pub(super) message: Message,
}

/// What is in each conversation at the end: from the database where it was dumped, else from the pages
/// of the final phase.
#[derive(Debug, Default)]
pub(super) struct Log {
    messages: HashMap<(Name, u64), Last>,
    places: HashMap<(Name, Name), (Name, u64)>,
    tops: HashMap<Name, u64>,
    dumped: bool,
}

impl Log {
    pub(super) fn of(case: &mut Case) -> Self {
        let mut log = Self {
            dumped: case.dump.complete.is_some(),
            ..Self::default()
        };
        if log.dumped {
            let names = &mut case.names;
            for (line, row) in &case.dump.messages {
                let text = names.of(&normalised(&row.text));
                let message = Message {
                    conversation: names.of(&row.conversation),
                    seq: row.seq,
                    revision: row.revision,
                    client_id: names.of(&row.client_id.to_ascii_lowercase()),
                    sender: names.of(&row.sender),
                    content: if row.deleted {
                        Content::Deleted
                    } else {
                        Content::Text(text)
                    },
                    created_at: names.of(&moment(&row.created_at)),
                };
                log.put(*line, message);
            }
        } else {
            for op in case.ops.iter().filter(|op| case.at_rest(op)) {
                if let (Some(_), Reply::Page { items, .. }) = (op.done(), &op.reply) {
                    for (look, message) in case.messages.get(items.clone()).unwrap_or_default() {
                        log.put(look.i, *message);
                    }
                }
            }
        }
        log
    }

    fn put(&mut self, line: u64, message: Message) {
        let place = (message.conversation, message.seq);
        self.messages.insert(place, Last { line, message });
        let by = (message.sender, message.client_id);
        self.places.entry(by).or_insert(place);
        let top = self.tops.entry(message.conversation).or_default();
        *top = (*top).max(message.seq);
    }

    /// Whether it says everything there is about a conversation: then what is not here is not there.
    pub(super) fn knows(&self, conversation: Name) -> bool {
        self.dumped
            || self.tops.get(&conversation).is_some_and(|top| {
                (1..=*top).all(|seq| self.messages.contains_key(&(conversation, seq)))
            })
    }

    /// Whether it comes from the database.
    pub(super) fn is_dumped(&self) -> bool {
        self.dumped
    }

    /// The message at a place.
    pub(super) fn at(&self, conversation: Name, seq: u64) -> Option<Last> {
        self.messages.get(&(conversation, seq)).copied()
    }

    /// The place of what a person sent under a client id.
    pub(super) fn place_of(&self, sender: Name, client_id: Name) -> Option<(Name, u64)> {
        self.places.get(&(sender, client_id)).copied()
    }

    /// The last place of a conversation; 0 when it is empty.
    pub(super) fn top(&self, conversation: Name) -> u64 {
        self.tops.get(&conversation).copied().unwrap_or(0)
    }

    /// All messages at the end.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Last> {
        self.messages.values()
    }
}
