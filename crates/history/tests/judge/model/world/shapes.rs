//! What the model shows: the contract's objects, events, and the rows of its database.

use messaging_history::event::{ConversationRow, MessageRow, Row, SideRow};
use serde_json::{Value, json};

use super::{Bug, Event, Kind, Message, PEOPLE, World};

impl World {
    pub(super) fn time(ticks: u64) -> String {
        format!("2026-01-01T12:{:02}:{:02}.5Z", ticks / 60 % 60, ticks % 60)
    }

    pub(super) fn shape(&self, talk: usize, seq: u64) -> Value {
        let messages = &self.talks[talk].messages;
        let message = messages.iter().find(|message| message.seq == seq).unwrap();
        Self::shape_of(talk, message)
    }

    pub(super) fn shape_of(talk: usize, message: &Message) -> Value {
        let content = if message.deleted {
            json!({"kind": "deleted"})
        } else {
            json!({"kind": "text", "text": message.text})
        };
        json!({
            "conversationId": Self::name(talk), "seq": message.seq, "revision": message.revision,
            "clientId": message.client_id, "senderId": PEOPLE[message.sender], "content": content,
            "createdAt": Self::time(message.created), "status": "sent",
        })
    }

    pub(super) fn view(&self, talk: usize, person: usize) -> Value {
        let at = self.side(talk, person);
        let it = &self.talks[talk];
        let (mine, theirs) = (it.sides[at], it.sides[1 - at]);
        let other = it.people[1 - at];
        let blocked = if self.blocks.contains(&(person, other)) {
            "byMe"
        } else if self.blocks.contains(&(other, person)) {
            "byCounterpart"
        } else {
            "none"
        };
        let last = it.messages.last();
        json!({
            "id": Self::name(talk), "product": {"id": it.product},
            "role": if at == 0 { "buyer" } else { "seller" },
            "counterpart": {"id": PEOPLE[other]}, "lastSeq": self.last(talk),
            "lastMessage": last.map(|last| Self::shape_of(talk, last)),
            "lastActivityAt": Self::time(it.last_activity), "createdAt": Self::time(0),
            "readSeq": mine.read, "deliveredSeq": mine.delivered,
            "counterpartReadSeq": theirs.read, "counterpartDeliveredSeq": theirs.delivered,
            "unreadCount": self.unread(talk, person), "archived": mine.archived,
            "muted": mine.muted, "blocked": blocked,
        })
    }

    pub(super) fn page(&mut self, talk: usize, person: usize) -> Value {
        let stale = self.strikes(Bug::StalePage, 20);
        let messages = self.talks[talk].messages.clone();
        let kept = messages.len() - usize::from(stale && !messages.is_empty());
        let items: Vec<_> = messages[..kept]
            .iter()
            .map(|message| Self::shape_of(talk, message))
            .collect();
        json!({
            "conversation": self.view(talk, person), "items": items,
            "hasBefore": false, "hasAfter": false,
        })
    }

    pub(super) fn inbox(&self, person: usize, archived: bool) -> Value {
        let items: Vec<_> = (0..self.talks.len())
            .filter(|talk| self.talks[*talk].people.contains(&person))
            .filter(|talk| self.talks[*talk].sides[self.side(*talk, person)].archived == archived)
            .map(|talk| self.view(talk, person))
            .collect();
        json!({
            "items": items, "unreadTotal": self.badge(person).0, "epoch": "e",
            "position": self.head(person),
        })
    }

    pub(super) fn search(&self, person: usize, q: &str) -> Value {
        let finds_deleted = self.bug == Some(Bug::DeletedFound);
        let mut items = Vec::new();
        for talk in 0..self.talks.len() {
            let it = &self.talks[talk];
            for message in it.messages.iter().filter(|_| it.people.contains(&person)) {
                if message.text.contains(q) && (!message.deleted || finds_deleted) {
                    let mut found = message.clone();
                    found.deleted = false;
                    items.push(json!({"message": Self::shape_of(talk, &found)}));
                }
            }
        }
        json!({ "items": items })
    }

    /// An event as it is told now.
    pub(in super::super) fn frame(&self, person: usize, event: &Event) -> Value {
        let talk = event.talk;
        // Whoever is told by mistake is told what the buyer is.
        let person = if self.talks[talk].people.contains(&person) {
            person
        } else {
            self.talks[talk].people[0]
        };
        let (name, data) = match event.kind {
            Kind::Created(seq) => ("message.created", json!({"message": self.shape(talk, seq)})),
            Kind::Updated(seq) => ("message.updated", json!({"message": self.shape(talk, seq)})),
            Kind::Started => (
                "conversation.created",
                json!({"conversation": self.view(talk, person)}),
            ),
            Kind::Settings => (
                "conversation.updated",
                json!({"conversation": self.view(talk, person)}),
            ),
            Kind::Cursor(of) => {
                let side = self.talks[talk].sides[self.side(talk, of)];
                let data = json!({
                    "conversationId": Self::name(talk), "userId": PEOPLE[of],
                    "readSeq": side.read, "deliveredSeq": side.delivered,
                });
                ("cursor.moved", data)
            }
        };
        json!({
            "event": name, "position": event.position, "data": data,
            "unread": {"count": self.unread(talk, person), "total": self.badge(person).0},
        })
    }

    /// All rows.
    pub(in super::super) fn rows(&self) -> Vec<Row> {
        let mut rows = vec![Row::Instance {
            epoch: "e".to_owned(),
        }];
        for (at, talk) in self.talks.iter().enumerate() {
            let side = |which: usize| SideRow {
                user: PEOPLE[talk.people[which]].to_owned(),
                read_seq: talk.sides[which].read,
                delivered_seq: talk.sides[which].delivered,
                unread: self.unread(at, talk.people[which]),
                archived: talk.sides[which].archived,
                muted: talk.sides[which].muted,
            };
            rows.push(Row::Conversations(ConversationRow {
                id: Self::name(at),
                product: Some(talk.product.clone()),
                buyer: side(0),
                seller: side(1),
                last_seq: self.last(at),
            }));
            rows.extend(talk.messages.iter().map(|message| {
                Row::Messages(MessageRow {
                    conversation: Self::name(at),
                    seq: message.seq,
                    revision: message.revision,
                    client_id: message.client_id.clone(),
                    sender: PEOPLE[message.sender].to_owned(),
                    text: if message.deleted {
                        String::new()
                    } else {
                        message.text.clone()
                    },
                    created_at: Self::time(message.created),
                    deleted: message.deleted,
                })
            }));
        }
        for (person, stream) in self.streams.iter().enumerate() {
            let (messages, conversations) = self.badge(person);
            rows.push(Row::Streams {
                user: PEOPLE[person].to_owned(),
                head: self.head(person),
                unread_messages: messages,
                unread_conversations: i64::try_from(conversations).unwrap(),
            });
            rows.extend(stream.iter().map(|event| Row::Events {
                user: PEOPLE[person].to_owned(),
                position: event.position,
                conversation: Self::name(event.talk),
                seq: match event.kind {
                    Kind::Created(seq) | Kind::Updated(seq) => seq,
                    _ => 0,
                },
            }));
        }
        rows.push(Row::End);
        rows
    }
}
