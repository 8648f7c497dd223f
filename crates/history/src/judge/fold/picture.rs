//! What a client knows: lists it fetched, and events folded over them.

use std::collections::{BTreeMap, BTreeSet};

use crate::judge::{
    case::{Look, Told},
    names::Name,
    shape::{Content, Event, Message, View},
};

/// What a client knows.
#[derive(Debug, Default)]
pub(super) struct Picture<'a> {
    user: Option<Name>,
    pub(super) position: u64,
    /// Unread in all, once it was told.
    pub(super) total: Option<i64>,
    pub(super) conversations: BTreeMap<Name, View>,
    pub(super) messages: BTreeMap<(Name, u64), (u64, Content)>,
    /// Whether it knows all conversations there are.
    pub(super) whole: bool,
    /// The lists that were seen up to their ends.
    lists: BTreeSet<bool>,
    /// What was applied since it was begun, while lists are still to come: their answers may be older.
    applied: Vec<&'a Told>,
}

impl<'a> Picture<'a> {
    /// Of somebody who has had nothing yet.
    pub(super) fn of_nothing(user: Name) -> Self {
        Self {
            user: Some(user),
            whole: true,
            ..Self::default()
        }
    }

    /// Of somebody whose lists come now, the first read at this position.
    pub(super) fn begun(user: Name, position: u64, total: i64) -> Self {
        Self {
            user: Some(user),
            position,
            total: Some(total),
            ..Self::default()
        }
    }

    /// Applies an event. What was applied already changes nothing; a gap says `false`.
    pub(super) fn apply(&mut self, told: &'a Told) -> bool {
        let Some(position) = told.position else {
            return true;
        };
        if position <= self.position {
            return true;
        }
        if position != self.position + 1 {
            return false;
        }
        self.position = position;
        if !self.whole {
            self.applied.push(told);
        }
        if let Event::Message { message, .. } = told.event {
            self.keep(message);
        }
        if let Event::Conversation { view, .. } = told.event {
            self.conversations.insert(view.id, view);
        }
        if let Some(unread) = told.unread {
            self.total = Some(unread.total);
        }
        self.fold(told);
        true
    }

    /// Brings the view of the conversation up to an event, if there is one.
    fn fold(&mut self, told: &Told) {
        let conversation = match told.event {
            Event::Message { message, .. } => {
                self.show(message);
                message.conversation
            }
            Event::Conversation { view, .. } => {
                if let Some(known) = self.conversations.get_mut(&view.id) {
                    *known = view;
                }
                view.id
            }
            Event::Cursor {
                conversation,
                user,
                read,
                delivered,
            } => {
                if let Some(view) = self.conversations.get_mut(&conversation) {
                    if Some(user) == self.user {
                        (view.read, view.delivered) = (read, delivered);
                    } else {
                        (view.counterpart_read, view.counterpart_delivered) = (read, delivered);
                    }
                }
                conversation
            }
            _ => return,
        };
        if let Some(unread) = told.unread
            && let Some(view) = self.conversations.get_mut(&conversation)
        {
            view.unread = unread.count;
        }
    }

    fn keep(&mut self, message: Message) {
        let known = self
            .messages
            .entry((message.conversation, message.seq))
            .or_insert((message.revision, message.content));
        if message.revision > known.0 {
            *known = (message.revision, message.content);
        }
    }

    /// Shows a message as the last one of its conversation, if it is that.
    fn show(&mut self, message: Message) {
        let Some(view) = self.conversations.get_mut(&message.conversation) else {
            return;
        };
        if message.seq > view.last_seq {
            view.last_seq = message.seq;
            view.last_activity_at = message.created_at;
        }
        let newer = view
            .last_message
            .is_none_or(|last| last.seq != message.seq || message.revision > last.revision);
        if message.seq == view.last_seq && newer {
            view.last_message = Some(message);
        }
    }

    /// Takes a page of a list, with what was told since it was read.
    pub(super) fn list(
        &mut self,
        views: &[(Look, View)],
        position: u64,
        archived: bool,
        more: bool,
    ) {
        let mut unknown = BTreeSet::new();
        for (_, view) in views {
            self.conversations.entry(view.id).or_insert_with(|| {
                unknown.insert(view.id);
                *view
            });
        }
        let later = self
            .applied
            .iter()
            .copied()
            .filter(|told| told.position > Some(position))
            .filter(|told| conversation(told).is_some_and(|name| unknown.contains(&name)));
        for told in later.collect::<Vec<_>>() {
            self.fold(told);
        }
        if !more {
            self.lists.insert(archived);
            self.whole |= self.lists.len() == 2;
        }
        if self.whole {
            self.applied = Vec::new();
        }
    }
}

/// The conversation that an event is about.
fn conversation(told: &Told) -> Option<Name> {
    match told.event {
        Event::Message { message, .. } => Some(message.conversation),
        Event::Conversation { view, .. } => Some(view.id),
        Event::Cursor { conversation, .. } => Some(conversation),
        _ => None,
    }
}
