//! What a person sees, folded from events in the plainest way: the rule that clients may rely on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// A person's conversations and their messages.
pub(crate) struct Picture {
    me: String,
    position: i64,
    unread_total: Value,
    conversations: BTreeMap<String, Value>,
    /// By conversation and `seq`.
    threads: BTreeMap<String, BTreeMap<i64, Value>>,
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}

fn name(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Picture {
    /// What a snapshot shows.
    pub(crate) fn of(me: &str, snapshot: &Value) -> Self {
        let (inbox, archive) = (&snapshot["inbox"], &snapshot["archive"]);
        let listed = |list: &Value| list["items"].as_array().unwrap().clone();
        let conversations = listed(inbox).into_iter().chain(listed(archive));
        let threads = snapshot["threads"].as_object().unwrap();
        Self {
            me: me.to_owned(),
            position: number(&inbox["position"]),
            unread_total: inbox["unreadTotal"].clone(),
            conversations: conversations.map(|one| (name(&one["id"]), one)).collect(),
            threads: threads
                .iter()
                .map(|(id, thread)| {
                    let messages = listed(thread).into_iter();
                    let messages = messages.map(|message| (number(&message["seq"]), message));
                    (id.clone(), messages.collect())
                })
                .collect(),
        }
    }

    /// Applies an event; what was applied already changes nothing.
    pub(crate) fn apply(&mut self, frame: &Value) {
        let position = number(&frame["position"]);
        if position <= self.position {
            return;
        }
        assert_eq!(position, self.position + 1, "a gap before {frame}");
        self.position = position;
        self.unread_total = frame["unread"]["total"].clone();
        let data = &frame["data"];
        let id = match frame["event"].as_str().unwrap() {
            "conversation.created" | "conversation.updated" => {
                let id = name(&data["conversation"]["id"]);
                self.conversations
                    .insert(id.clone(), data["conversation"].clone());
                self.threads.entry(id.clone()).or_default();
                id
            }
            "message.created" | "message.updated" => self.place(&data["message"]),
            "cursor.moved" => self.advance(data),
            other => panic!("{other}"),
        };
        self.conversations.get_mut(&id).unwrap()["unreadCount"] = frame["unread"]["count"].clone();
    }

    fn place(&mut self, message: &Value) -> String {
        let (id, seq) = (name(&message["conversationId"]), number(&message["seq"]));
        let revision = |message: &Value| number(&message["revision"]);
        let thread = self.threads.get_mut(&id).unwrap();
        let placed = thread.entry(seq).or_insert_with(|| message.clone());
        if revision(message) > revision(placed) {
            *placed = message.clone();
        }
        let placed = placed.clone();
        let conversation = self.conversations.get_mut(&id).unwrap();
        if seq > number(&conversation["lastSeq"]) {
            conversation["lastSeq"] = json!(seq);
            conversation["lastActivityAt"] = placed["createdAt"].clone();
        }
        let last = &conversation["lastMessage"];
        if seq == number(&conversation["lastSeq"])
            && (last["seq"] != seq || revision(&placed) > revision(last))
        {
            conversation["lastMessage"] = placed;
        }
        id
    }

    fn advance(&mut self, data: &Value) -> String {
        let id = name(&data["conversationId"]);
        let conversation = self.conversations.get_mut(&id).unwrap();
        let (read, delivered) = if data["userId"] == *self.me {
            ("readSeq", "deliveredSeq")
        } else {
            ("counterpartReadSeq", "counterpartDeliveredSeq")
        };
        conversation[read] = data["readSeq"].clone();
        conversation[delivered] = data["deliveredSeq"].clone();
        id
    }

    /// A message with the status that the cursors of its receiver give it.
    fn with_status(&self, message: &Value) -> Value {
        if message.is_null() {
            return Value::Null;
        }
        let conversation = &self.conversations[message["conversationId"].as_str().unwrap()];
        let (read, delivered) = if message["senderId"] == *self.me {
            ("counterpartReadSeq", "counterpartDeliveredSeq")
        } else {
            ("readSeq", "deliveredSeq")
        };
        let has_come_to = |cursor: &str| number(&conversation[cursor]) >= number(&message["seq"]);
        let status = if has_come_to(read) {
            "read"
        } else if has_come_to(delivered) {
            "delivered"
        } else {
            "sent"
        };
        let mut message = message.clone();
        message["status"] = json!(status);
        message
    }

    /// The inbox or the archive: latest activity first.
    fn list(&self, archived: bool) -> Vec<Value> {
        let mut list: Vec<_> = self
            .conversations
            .values()
            .filter(|conversation| conversation["archived"] == archived)
            .map(|conversation| {
                let mut conversation = conversation.clone();
                conversation["lastMessage"] = self.with_status(&conversation["lastMessage"]);
                conversation
            })
            .collect();
        let place = |one: &Value| (name(&one["lastActivityAt"]), name(&one["id"]));
        list.sort_by_key(|conversation| std::cmp::Reverse(place(conversation)));
        list
    }

    /// Fails unless this is just what a snapshot shows.
    pub(crate) fn assert_is(&self, snapshot: &Value, when: &str) {
        for (list, archived) in [("inbox", false), ("archive", true)] {
            let fresh = &snapshot[list];
            assert_eq!(json!(self.list(archived)), fresh["items"], "{when}: {list}");
            assert_eq!(self.unread_total, fresh["unreadTotal"], "{when}: {list}");
            assert_eq!(self.position, number(&fresh["position"]), "{when}: {list}");
        }
        let threads = snapshot["threads"].as_object().unwrap();
        assert!(self.threads.keys().eq(threads.keys()), "{when}");
        for (id, thread) in threads {
            let messages = self.threads[id].values();
            let messages: Vec<_> = messages.map(|message| self.with_status(message)).collect();
            assert_eq!(json!(messages), thread["items"], "{when}: {id}");
        }
    }
}
