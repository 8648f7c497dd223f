//! The lines of a history, in one total order: what was tried, what came back, what broke.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{call::Call, header::Header};

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place in the history: 0, 1, 2 … without a gap.
    pub i: u64,
    /// When, in nanoseconds of the runner's monotonic clock since the history began; never goes back.
    pub t: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: Record,
}

/// What happened. The tag `k` names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Record {
    /// The first line: what this is a history of.
    Header(Header),
    /// An operation begins; written before its first byte leaves.
    Invoke(Invoke),
    /// It was answered 2xx, or with an `ok` reply; written after the last byte was read.
    Ok(Success),
    /// It was refused, and certainly had no effect (see [`crate::outcome`]).
    Fail(Refusal),
    /// Nobody can say whether it had an effect.
    Unknown(Doubt),
    /// A socket is about to be opened and to say `hello`.
    Open(Open),
    /// The answer to `hello`.
    Hello(Hello),
    /// An event that came on a socket, durable or ephemeral (`live`, `heartbeat`, `bye` too), as it came.
    Frame(Frame),
    /// A socket ended.
    Close(Close),
    /// Something was broken on purpose, or mended.
    Fault(Fault),
    /// A part of the run begins.
    Phase(Mark),
    /// A node accepts connections and says it is ready.
    Ready(Ready),
    /// A node's process is gone.
    Exit(Exit),
    /// What a node uses.
    Sample(Sample),
    /// A row of the database, read by SQL after everything has come to rest.
    Dump(Row),
    /// Something secret was found where it must not be.
    Leak(Leak),
    /// A word for people; means nothing to the judge.
    Note(Note),
}

/// The way an operation is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// A request.
    Http,
    /// A frame on a socket.
    Ws,
}

/// An operation begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invoke {
    /// Names this attempt in its completion; never used twice.
    pub op: u64,
    /// Who tries: has at most one operation outstanding.
    pub process: String,
    /// The person whose token is shown.
    pub user: String,
    /// The client whose picture of the world the answer becomes part of, where it does. Its sockets
    /// carry the same name in [`Open`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The node that is asked.
    pub node: String,
    /// How.
    pub transport: Transport,
    /// The socket, for [`Transport::Ws`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<u64>,
    /// What is tried.
    #[serde(flatten)]
    pub call: Call,
}

/// An operation was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Success {
    /// Of [`Invoke`].
    pub op: u64,
    /// Of the HTTP answer; none on a socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The body, or what stands under `ok`, as it came; `null` where nothing is answered.
    #[serde(default)]
    pub reply: Value,
}

/// An operation was refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refusal {
    /// Of [`Invoke`].
    pub op: u64,
    /// Of the HTTP answer, or of the problem on a socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The problem's code, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The whole answer, so that it can be searched for what it must not say.
    #[serde(default)]
    pub reply: Value,
}

/// An operation ended without a word that could be relied on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Doubt {
    /// Of [`Invoke`].
    pub op: u64,
    /// `timeout`, `reset`, `closed`, `status 500` …
    pub why: String,
    /// What came of an answer, if anything did.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub reply: Value,
}

/// Where a session wants to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Since {
    /// The epoch it was told.
    pub epoch: String,
    /// The last position it applied.
    pub position: u64,
}

/// A socket is about to be opened. A session has at most one socket at a time: the next one opens only
/// after the `close` of the one before was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Open {
    /// Names the socket; never used twice.
    pub connection: u64,
    /// The client that lives on through its sockets.
    pub session: String,
    /// The person whose token is shown.
    pub user: String,
    /// Which node.
    pub node: String,
    /// The login the token names, if it is of a local login; see [`Call::Logout`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// What `hello` asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Since>,
}

/// The answer to `hello`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// Of [`Open`].
    pub connection: u64,
    /// What stands under `ok`, as it came.
    pub reply: Value,
}

/// An event on a socket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// Of [`Open`].
    pub connection: u64,
    /// As it came; a string where it was no JSON.
    pub frame: Value,
}

/// Who ended a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// The client, on purpose, or the runner on its behalf.
    Client,
    /// The service, by a close frame.
    Server,
    /// It broke: reset, end of stream without a close frame, refused, timed out.
    Network,
}

/// A socket ended. After it nothing of that socket is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Close {
    /// Of [`Open`].
    pub connection: u64,
    /// Who ended it.
    pub by: Party,
    /// Of the close frame, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
}

/// What a fault may explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// A node dies or stands still without warning.
    Process,
    /// A node was asked to stop (SIGTERM); nothing may be left unknown.
    Drain,
    /// The database answers nobody: nodes have to refuse with 503 in time.
    DatabaseAway,
    /// The database is slow, locked, read-only, full, or cut in the middle.
    Database,
    /// Between nodes.
    Bus,
    /// Between clients and nodes.
    Client,
    /// Clock, memory, descriptors, disks of logs.
    Host,
}

/// The two ends of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edge {
    /// It begins; written before anything is done.
    Start,
    /// It is over; written once all is mended.
    Stop,
}

/// Something was broken on purpose, or mended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The same in both lines of one fault; never used twice.
    pub fault: u64,
    /// `kill`, `pause`, `postgres_stop` …
    pub kind: String,
    /// What it may explain.
    pub class: Class,
    /// A node's name, or `database`, `bus`, `clients`, `host`.
    pub target: String,
    /// Which end.
    pub phase: Edge,
    /// The proof that it took effect (a pid that is gone, bytes cut, ENOSPC seen); `null` where there is
    /// none. Only that of the stop counts.
    #[serde(default)]
    pub effective: Value,
}

/// The parts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Load without faults.
    Calm,
    /// Load with faults, and the gaps between them.
    Window,
    /// Everything was mended; load goes on.
    Heal,
    /// No more load: what is under way arrives.
    Settle,
    /// At rest: everybody resumes and fetches everything through every node; nothing is changed.
    Final,
}

/// A part of the run begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Which.
    pub phase: Phase,
}

/// A node is ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ready {
    /// Which.
    pub node: String,
    /// From the start of its process, in milliseconds.
    pub after_ms: u64,
}

/// A node's process is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Which.
    pub node: String,
    /// Its exit code, unless a signal ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// The signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
}

/// What a node uses at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Which.
    pub node: String,
    /// Resident memory, in bytes.
    pub rss: u64,
    /// Open file descriptors.
    pub fds: u64,
}

/// A row of the final dump. Ids are as the contract writes them; times are RFC 3339 in UTC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "table", rename_all = "snake_case")]
pub enum Row {
    /// Of `instance`.
    Instance {
        /// The epoch of all positions.
        epoch: String,
    },
    /// Of `conversations`.
    Conversations(ConversationRow),
    /// Of `messages`.
    Messages(MessageRow),
    /// Of `streams`.
    Streams {
        /// Whose.
        user: String,
        /// The position of the last event.
        head: u64,
        /// In all conversations that are neither archived nor muted.
        unread_messages: i64,
        /// How many of those have something unread.
        unread_conversations: i64,
    },
    /// Of `events`.
    Events {
        /// Whose.
        user: String,
        /// Where in that stream.
        position: u64,
        /// Which conversation it tells of.
        conversation: String,
        /// Which message, or 0.
        seq: u64,
    },
    /// The dump is complete; without it nothing is concluded from what is not there.
    End,
}

/// One participant's side of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideRow {
    /// Who.
    pub user: String,
    /// The read cursor.
    pub read_seq: u64,
    /// The delivered cursor.
    pub delivered_seq: u64,
    /// The stored count of what is unread.
    pub unread: i64,
    /// Out of the inbox.
    pub archived: bool,
    /// Not counted in the total.
    pub muted: bool,
}

/// A conversation as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConversationRow {
    /// Its id.
    pub id: String,
    /// What it is about.
    #[serde(default)]
    pub product: Option<String>,
    /// The buyer's side.
    pub buyer: SideRow,
    /// The seller's side.
    pub seller: SideRow,
    /// The last `seq` given.
    pub last_seq: u64,
}

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// In which conversation.
    pub conversation: String,
    /// Where in it.
    pub seq: u64,
    /// Which revision.
    pub revision: u64,
    /// The sender's id for it.
    pub client_id: String,
    /// Whose.
    pub sender: String,
    /// Whatever is stored of its text.
    pub text: String,
    /// When it was made.
    pub created_at: String,
    /// Whether it was deleted.
    pub deleted: bool,
}

/// Something secret was found where it must not be: in logs, metrics, on the bus, in raw bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leak {
    /// What was found: `message text`, `token`, `password`, `e-mail` …
    pub secret: String,
    /// Where: `log of n1`, `metrics of n2`, `bus subject …`.
    pub place: String,
    /// What stood around it.
    pub excerpt: String,
}

/// A word for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// The word.
    pub text: String,
}
