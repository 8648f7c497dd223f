//! Histories written by hand: one line after the other, with a clock of their own.

use std::io::Cursor;

use messaging_history::{
    Call, Entry, Header, Limits, Record, Thresholds, Verdict,
    event::{
        Class, Close, ConversationRow, Doubt, Edge, Fault, Frame, Hello, Invoke, Mark, MessageRow,
        Open, Party, Phase, Ready, Refusal, Row, SideRow, Since, Success, Transport,
    },
    judge,
};
use serde_json::{Value, json};

/// Nanoseconds.
const MILLISECOND: u64 = 1_000_000;

/// A history that grows.
pub(crate) struct Story {
    entries: Vec<Entry>,
    t: u64,
    ops: u64,
    /// Kinds of faults so far.
    faults: Vec<String>,
    /// The node that is asked next.
    pub(crate) node: String,
}

impl Story {
    /// Begins where something may go unanswered.
    pub(crate) fn new() -> Self {
        let mut story = Self {
            entries: Vec::new(),
            t: 0,
            ops: 0,
            faults: Vec::new(),
            node: "n1".to_owned(),
        };
        story.add(Record::Header(Header {
            seed: 1,
            commit: "golden".to_owned(),
            database: "sqlite".to_owned(),
            nodes: vec!["n1".to_owned(), "n2".to_owned()],
            schedule: Value::Null,
            bug: None,
            canary: "canary:".to_owned(),
            limits: Limits::default(),
        }));
        story.phase(Phase::Window);
        story
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Adds a line a millisecond later.
    pub(crate) fn add(&mut self, what: Record) -> u64 {
        self.t += MILLISECOND;
        let i = u64::try_from(self.entries.len()).unwrap();
        self.entries.push(Entry { i, t: self.t, what });
        i
    }

    /// Lets time pass.
    pub(crate) fn wait(&mut self, milliseconds: u64) {
        self.t += milliseconds * MILLISECOND;
    }

    pub(crate) fn phase(&mut self, phase: Phase) {
        self.add(Record::Phase(Mark { phase }));
    }

    /// Somebody tries something over HTTP on the first node; each with a process of its own.
    pub(crate) fn invoke(&mut self, user: &str, call: Call) -> u64 {
        self.invoke_as(user, None, None, call)
    }

    /// The same for a client, and perhaps through its socket.
    pub(crate) fn invoke_as(
        &mut self,
        user: &str,
        session: Option<&str>,
        connection: Option<u64>,
        call: Call,
    ) -> u64 {
        self.ops += 1;
        let op = self.ops;
        self.add(Record::Invoke(Invoke {
            op,
            process: format!("p{op}"),
            user: user.to_owned(),
            session: session.map(str::to_owned),
            node: self.node.clone(),
            transport: if connection.is_some() {
                Transport::Ws
            } else {
                Transport::Http
            },
            connection,
            call,
        }));
        op
    }

    pub(crate) fn ok(&mut self, op: u64, reply: Value) {
        self.ok_as(op, 200, reply);
    }

    pub(crate) fn ok_as(&mut self, op: u64, status: u16, reply: Value) {
        let status = Some(status);
        self.add(Record::Ok(Success { op, status, reply }));
    }

    pub(crate) fn fail(&mut self, op: u64, status: u16, code: &str) {
        self.add(Record::Fail(Refusal {
            op,
            status: Some(status),
            code: Some(code.to_owned()),
            reply: json!({"code": code, "status": status}),
        }));
    }

    pub(crate) fn unknown(&mut self, op: u64) {
        self.add(Record::Unknown(Doubt {
            op,
            why: "reset".to_owned(),
            reply: Value::Null,
        }));
    }

    /// Tries and does something at once.
    pub(crate) fn done(&mut self, user: &str, call: Call, reply: Value) {
        let op = self.invoke(user, call);
        self.ok(op, reply);
    }

    /// Opens a socket and is welcomed, at a position, with the epoch `e`.
    pub(crate) fn connect(&mut self, connection: u64, user: &str, since: Option<u64>, head: u64) {
        self.connect_with(connection, user, None, since, head);
    }

    /// The same with a login.
    pub(crate) fn connect_with(
        &mut self,
        connection: u64,
        user: &str,
        login: Option<&str>,
        since: Option<u64>,
        head: u64,
    ) {
        let resumed = since.is_some();
        let mut reply = json!({"epoch": "e", "position": head, "resumed": resumed});
        if !resumed {
            reply["reason"] = json!("new");
        }
        self.add(Record::Open(Open {
            connection,
            session: format!("{user}.{connection}"),
            user: user.to_owned(),
            node: "n1".to_owned(),
            login: login.map(str::to_owned),
            since: since.map(|position| Since {
                epoch: "e".to_owned(),
                position,
            }),
        }));
        self.add(Record::Hello(Hello { connection, reply }));
    }

    /// Opens a socket, asks for what came after a position, and is told that it is too far.
    pub(crate) fn connect_not_resumed(
        &mut self,
        connection: u64,
        user: &str,
        since: u64,
        head: u64,
    ) {
        self.connect(connection, user, Some(since), head);
        if let Some(Entry {
            what: Record::Hello(hello),
            ..
        }) = self.entries.last_mut()
        {
            hello.reply["resumed"] = json!(false);
            hello.reply["reason"] = json!("too_far");
        }
    }

    pub(crate) fn frame(&mut self, connection: u64, frame: Value) {
        self.add(Record::Frame(Frame { connection, frame }));
    }

    pub(crate) fn live(&mut self, connection: u64, position: u64) {
        self.frame(
            connection,
            json!({"event": "live", "data": {"position": position}}),
        );
    }

    pub(crate) fn close(&mut self, connection: u64, by: Party, code: Option<u16>) {
        self.add(Record::Close(Close {
            connection,
            by,
            code,
        }));
    }

    /// One end of the first fault.
    pub(crate) fn fault(&mut self, kind: &str, class: Class, target: &str, phase: Edge) {
        let effective = match phase {
            Edge::Start => Value::Null,
            Edge::Stop => json!("seen"),
        };
        let known = self.faults.iter().position(|known| known == kind);
        let place = known.unwrap_or_else(|| {
            self.faults.push(kind.to_owned());
            self.faults.len() - 1
        });
        self.add(Record::Fault(Fault {
            fault: u64::try_from(place).unwrap() + 1,
            kind: kind.to_owned(),
            class,
            target: target.to_owned(),
            phase,
            effective,
        }));
    }

    /// Node `n1` serves, so many milliseconds after it was started.
    pub(crate) fn ready(&mut self, after_ms: u64) {
        self.add(Record::Ready(Ready {
            node: "n1".to_owned(),
            after_ms,
        }));
    }

    /// Rows of an otherwise empty conversation `c1` of ann and ben, with these messages.
    pub(crate) fn dump(&mut self, messages: Vec<MessageRow>) {
        let side = |user: &str, unread| SideRow {
            user: user.to_owned(),
            read_seq: 0,
            delivered_seq: 0,
            unread,
            archived: false,
            muted: false,
        };
        let of = |sender: &str| {
            let count = messages
                .iter()
                .filter(|row| row.sender == sender && !row.deleted);
            i64::try_from(count.count()).unwrap()
        };
        let (ann, ben) = (of("ben"), of("ann"));
        self.add(Record::Dump(Row::Conversations(ConversationRow {
            id: "c1".to_owned(),
            product: None,
            buyer: side("ann", ann),
            seller: side("ben", ben),
            last_seq: u64::try_from(messages.len()).unwrap(),
        })));
        for row in messages {
            self.add(Record::Dump(Row::Messages(row)));
        }
        self.add(Record::Dump(Row::End));
    }

    /// As a file.
    pub(crate) fn text(&self) -> String {
        let lines = self.entries.iter().map(|entry| {
            let mut line = serde_json::to_string(entry).unwrap();
            line.push('\n');
            line
        });
        lines.collect()
    }

    pub(crate) fn judge(&self, thresholds: &Thresholds) -> Verdict {
        judge(Cursor::new(self.text()), thresholds).unwrap()
    }
}

/// When every message was made that is written by hand.
const NOON: &str = "2026-01-01T12:00:00.1Z";

/// A message of conversation `c1`, at its first revision.
pub(crate) fn message(seq: u64, client_id: &str, sender: &str, text: &str) -> Value {
    json!({
        "conversationId": "c1", "seq": seq, "revision": 1, "clientId": client_id,
        "senderId": sender, "content": {"kind": "text", "text": text},
        "createdAt": NOON, "status": "sent",
    })
}

/// The same once it was deleted.
pub(crate) fn deleted(seq: u64, client_id: &str, sender: &str) -> Value {
    let mut message = message(seq, client_id, sender, "");
    message["revision"] = json!(2);
    message["content"] = json!({"kind": "deleted"});
    message["deletedAt"] = json!(NOON);
    message
}

/// Conversation `c1` as ann, its buyer, or ben sees it.
pub(crate) fn view(me: &str, last_seq: u64, unread: i64) -> Value {
    let (role, other) = if me == "ann" {
        ("buyer", "ben")
    } else {
        ("seller", "ann")
    };
    json!({
        "id": "c1", "product": null, "role": role, "counterpart": {"id": other},
        "lastSeq": last_seq, "lastMessage": null, "lastActivityAt": NOON, "createdAt": NOON,
        "readSeq": 0, "deliveredSeq": 0, "counterpartReadSeq": 0, "counterpartDeliveredSeq": 0,
        "unreadCount": unread, "archived": false, "muted": false, "blocked": "none",
    })
}

/// The latest page of `c1` as somebody sees it, in which the counterpart's messages are unread.
pub(crate) fn page(me: &str, items: &[Value]) -> Value {
    let last = items.last().map_or(0, |item| item["seq"].as_u64().unwrap());
    let unread = items
        .iter()
        .filter(|item| item["senderId"] != me && item["content"]["kind"] == "text");
    let unread = i64::try_from(unread.count()).unwrap();
    json!({
        "conversation": view(me, last, unread), "items": items,
        "hasBefore": false, "hasAfter": false,
    })
}

/// A list with `c1` alone.
pub(crate) fn inbox(view: &Value, total: i64, position: u64) -> Value {
    json!({"items": [view], "unreadTotal": total, "epoch": "e", "position": position})
}

/// A durable event that tells of a new message.
pub(crate) fn created(position: u64, message: &Value) -> Value {
    json!({
        "event": "message.created", "position": position, "data": {"message": message},
        "unread": {"count": 1, "total": 1},
    })
}

/// A row of the dump that agrees with [`message`].
pub(crate) fn row(seq: u64, client_id: &str, sender: &str, text: &str) -> MessageRow {
    MessageRow {
        conversation: "c1".to_owned(),
        seq,
        revision: 1,
        client_id: client_id.to_owned(),
        sender: sender.to_owned(),
        text: text.to_owned(),
        created_at: NOON.to_owned(),
        deleted: false,
    }
}

/// Sending to `c1`.
pub(crate) fn send(client_id: &str, text: &str) -> Call {
    Call::Send {
        conversation: "c1".to_owned(),
        client_id: client_id.to_owned(),
        text: text.to_owned(),
    }
}

/// Fetching the latest page of `c1`.
pub(crate) fn latest() -> Call {
    Call::Page {
        conversation: "c1".to_owned(),
        before_seq: None,
        after_seq: None,
        around_seq: None,
        limit: None,
    }
}

/// Fetching the inbox, or the archive, from its beginning.
pub(crate) fn list(archived: bool) -> Call {
    Call::Inbox {
        archived,
        continued: false,
        q: None,
        limit: None,
    }
}
