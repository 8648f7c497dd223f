//! What answers and events bring: sightings of messages, conversations and cursors.

use serde_json::Value;

use super::{
    super::{
        case::{Cursors, Look, Point, Reply, Source, Told},
        names::Name,
        shape::{self, Event},
    },
    Collector,
};
use crate::call::Call;

impl Collector {
    pub(super) fn reply(
        &mut self,
        at: Point,
        look: Look,
        call: &Call,
        reply: &Value,
    ) -> Option<Reply> {
        let through = |source| Look { source, ..look };
        Some(match call {
            Call::Send { .. } | Call::Edit { .. } | Call::Delete { .. } => {
                let message = reply.get("message").unwrap_or(reply);
                Reply::Message(self.message(look, message)?)
            }
            Call::Start { .. } => {
                let view = self.view(look, reply.get("conversation")?)?;
                let message = match reply.get("message") {
                    None | Some(Value::Null) => None,
                    Some(message) => Some(self.message(look, message)?),
                };
                Reply::Started { view, message }
            }
            Call::Read { conversation, .. } | Call::Delivered { conversation, .. } => {
                if reply.is_null() && matches!(call, Call::Delivered { .. }) {
                    return Some(Reply::None);
                }
                let conversation = self.case.names.of(conversation);
                let Some(read) = shape::number(reply, "readSeq") else {
                    return matches!(call, Call::Delivered { .. }).then_some(Reply::None);
                };
                self.saw_cursors(look, conversation, look.user, (Some(read), None));
                Reply::Cursor {
                    read,
                    unread: shape::signed(reply, "unreadCount")?,
                }
            }
            Call::Configure { .. } => {
                let view = reply.get("conversation").unwrap_or(reply);
                Reply::View(self.view(look, view)?)
            }
            Call::Page { .. } => {
                let view = self.view(through(Source::List), reply.get("conversation")?)?;
                let first = self.case.messages.len();
                for item in reply.get("items")?.as_array()? {
                    self.message(through(Source::Page), item)?;
                }
                Reply::Page {
                    view,
                    items: first..self.case.messages.len(),
                    has_before: shape::flag(reply, "hasBefore")?,
                    has_after: shape::flag(reply, "hasAfter")?,
                }
            }
            Call::Inbox { .. } => {
                let first = self.case.views.len();
                for item in reply.get("items")?.as_array()? {
                    self.view(through(Source::List), item)?;
                }
                Reply::Inbox {
                    items: first..self.case.views.len(),
                    total: shape::signed(reply, "unreadTotal")?,
                    position: shape::number(reply, "position")?,
                    more: reply.get("nextCursor").is_some_and(Value::is_string),
                }
            }
            Call::Unread => Reply::Badge {
                total: shape::signed(reply, "unreadTotal")?,
                conversations: shape::signed(reply, "conversations")?,
            },
            Call::Sync { .. } => {
                let events = reply.get("events")?.as_array()?;
                let frames = events
                    .iter()
                    .map(|event| self.told(at, through(Source::Event), event))
                    .collect();
                Reply::Sync {
                    frames,
                    position: shape::number(reply, "position")?,
                    more: shape::flag(reply, "more")?,
                }
            }
            Call::Search { .. } => {
                let first = self.case.messages.len();
                for item in reply.get("items")?.as_array()? {
                    self.message(through(Source::Search), item.get("message")?)?;
                }
                Reply::Search(first..self.case.messages.len())
            }
            _ => Reply::None,
        })
    }

    pub(super) fn message(&mut self, look: Look, value: &Value) -> Option<usize> {
        let message = shape::message(value, &mut self.case.names)?;
        self.case.messages.push((look, message));
        Some(self.case.messages.len() - 1)
    }

    pub(super) fn view(&mut self, look: Look, value: &Value) -> Option<usize> {
        let view = shape::view(value, &mut self.case.names)?;
        self.saw_view(look, view);
        Some(self.case.views.len() - 1)
    }

    pub(super) fn saw_view(&mut self, look: Look, view: shape::View) {
        if let Some(last) = view.last_message {
            let source = match look.source {
                Source::Ack => Source::List,
                other => other,
            };
            self.case.messages.push((Look { source, ..look }, last));
        }
        let mine = (Some(view.read), Some(view.delivered));
        self.saw_cursors(look, view.id, look.user, mine);
        let theirs = (
            Some(view.counterpart_read),
            Some(view.counterpart_delivered),
        );
        self.saw_cursors(look, view.id, view.counterpart, theirs);
        self.case.views.push((look, view));
    }

    pub(super) fn saw_cursors(
        &mut self,
        look: Look,
        conversation: Name,
        user: Name,
        (read, delivered): (Option<u64>, Option<u64>),
    ) {
        self.case.cursors.push(Cursors {
            look,
            conversation,
            user,
            read,
            delivered,
        });
    }

    pub(super) fn told(&mut self, at: Point, look: Look, value: &Value) -> Told {
        let event = shape::event(value, &mut self.case.names);
        match event {
            Event::Message { message, .. } => self.case.messages.push((look, message)),
            Event::Conversation { view, .. } => self.saw_view(look, view),
            Event::Cursor {
                conversation,
                user,
                read,
                delivered,
            } => self.saw_cursors(look, conversation, user, (Some(read), Some(delivered))),
            Event::Malformed => self.malformed(at, "the event is not what the contract says"),
            _ => {}
        }
        let unread = value.get("unread");
        Told {
            at,
            position: shape::number(value, "position"),
            event,
            unread: unread.and_then(|unread| {
                Some(shape::Unread {
                    count: shape::signed(unread, "count")?,
                    total: shape::signed(unread, "total")?,
                })
            }),
        }
    }
}
