//! Reads lines into the case: pairs invocations with answers, sockets with frames, faults with their ends.

mod answers;
mod exposure;

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::{
    case::{Case, Connection, End, Fault, Look, Op, Point, Reply, Source, Welcome},
    names::Name,
    shape,
};
use crate::{
    call::Call,
    event::{self, Edge, Entry, Phase, Record, Row},
};

/// Collects a case line by line.
#[derive(Default)]
pub(super) struct Collector {
    case: Case,
    /// Places of operations, by their name.
    ops: HashMap<u64, usize>,
    /// Places of sockets, by their name.
    connections: HashMap<u64, usize>,
    /// Processes with an operation outstanding.
    busy: HashSet<Name>,
    /// The process of each operation.
    processes: Vec<Name>,
    /// Sessions with a socket.
    connected: HashSet<Name>,
    canary: String,
}

impl Collector {
    /// Takes the next line.
    pub(super) fn take(&mut self, entry: Entry) {
        let at = Point {
            i: entry.i,
            t: entry.t,
        };
        match self.case.last {
            None if !matches!(entry.what, Record::Header(_)) => {
                self.flaw(at, "the first line is no header");
            }
            Some(last) if last.i + 1 != at.i || last.t > at.t => {
                self.flaw(at, "lines are missing or out of order");
            }
            _ => {}
        }
        self.case.last = Some(at);
        match entry.what {
            Record::Header(header) => {
                self.canary.clone_from(&header.canary);
                self.case.header = Some(header);
            }
            Record::Invoke(invoke) => self.invoke(at, invoke),
            Record::Ok(done) => self.ok(at, &done),
            Record::Fail(refusal) => {
                let (status, code) = (refusal.status, refusal.code);
                if let Some(op) = self.complete(at, refusal.op, End::Fail { status, code }) {
                    self.scan(at, op, &refusal.reply);
                }
            }
            Record::Unknown(doubt) => {
                if let Some(op) = self.complete(at, doubt.op, End::Unknown) {
                    self.scan(at, op, &doubt.reply);
                }
            }
            Record::Open(open) => self.open(at, &open),
            Record::Hello(hello) => self.hello(at, &hello),
            Record::Frame(frame) => self.frame(at, &frame),
            Record::Close(close) => {
                if let Some(place) = self.connections.remove(&close.connection)
                    && let Some(connection) = self.case.connections.get_mut(place)
                {
                    connection.close = Some((at, close.by, close.code));
                    self.connected.remove(&connection.session);
                } else {
                    self.flaw(at, "a socket ends that was not open");
                }
            }
            Record::Fault(fault) => self.fault(at, fault),
            Record::Phase(mark) => self.case.phases.push((mark.phase, at)),
            Record::Ready(ready) => {
                let node = self.case.names.of(&ready.node);
                self.case.ready.push((at, node, ready.after_ms));
            }
            Record::Exit(exit) => {
                let node = self.case.names.of(&exit.node);
                self.case.exits.push((at, node, exit.code, exit.signal));
            }
            Record::Sample(sample) => {
                let node = self.case.names.of(&sample.node);
                self.case.samples.push((at, node, sample.rss, sample.fds));
            }
            Record::Dump(row) => self.row(at, row),
            Record::Leak(leak) => {
                let found = format!("{} in {}: {}", leak.secret, leak.place, leak.excerpt);
                self.case.leaks.push((at.i, found));
            }
            Record::Note(_) => {}
        }
    }

    /// The whole case.
    pub(super) fn finish(mut self) -> Case {
        let end = self.case.last.unwrap_or(Point { i: 0, t: 0 });
        if self.case.header.is_none() {
            self.flaw(end, "there is no header");
        }
        if self.case.began(Phase::Final).is_none() {
            self.flaw(end, "there is no final phase");
        }
        self.case.learn_participants();
        self.case.learn_deletions();
        self.case
    }

    fn flaw(&mut self, at: Point, what: &str) {
        self.case.flaws.push((at.i, what.to_owned()));
    }

    fn malformed(&mut self, at: Point, what: &str) {
        self.case.malformed.push((at.i, what.to_owned()));
    }

    fn invoke(&mut self, at: Point, invoke: event::Invoke) {
        let names = &mut self.case.names;
        let process = names.of(&invoke.process);
        let user = names.of(&invoke.user);
        let session = invoke.session.as_deref().map(|session| names.of(session));
        let node = names.of(&invoke.node);
        if !self.busy.insert(process) {
            self.flaw(at, "a process tries two things at once");
        }
        if self.case.began(Phase::Final).is_some() && invoke.call.changes() {
            self.flaw(at, "something is changed in the final phase");
        }
        self.register_canaries(user, &invoke.call);
        if self.ops.insert(invoke.op, self.case.ops.len()).is_some() {
            self.flaw(at, "the name of an operation is used twice");
        }
        if let Call::Send { client_id, .. }
        | Call::Start {
            client_id: Some(client_id),
            ..
        } = &invoke.call
        {
            self.case.names.of(&client_id.to_ascii_lowercase());
        }
        let through = |name: u64| self.connections.get(&name).copied();
        let connection = invoke.connection.and_then(through);
        self.case.ops.push(Op {
            begin: at,
            end: None,
            user,
            session,
            node,
            transport: invoke.transport,
            connection,
            call: invoke.call,
            reply: Reply::None,
        });
        self.processes.push(process);
    }

    fn complete(&mut self, at: Point, name: u64, end: End) -> Option<usize> {
        let Some(place) = self.ops.get(&name).copied() else {
            self.flaw(at, "an answer without a question");
            return None;
        };
        let op = self.case.ops.get_mut(place)?;
        if op.end.is_some() {
            self.flaw(at, "an operation ends twice");
            return None;
        }
        op.end = Some((at, end));
        if let Some(process) = self.processes.get(place) {
            self.busy.remove(process);
        }
        Some(place)
    }

    fn ok(&mut self, at: Point, done: &event::Success) {
        let status = done.status;
        let Some(place) = self.complete(at, done.op, End::Ok { status }) else {
            return;
        };
        self.scan(at, place, &done.reply);
        let Some(op) = self.case.ops.get(place) else {
            return;
        };
        let look = Look {
            since: op.begin.i,
            i: at.i,
            user: op.user,
            session: op.session,
            source: Source::Ack,
        };
        let call = op.call.clone();
        match self.reply(at, look, &call, &done.reply) {
            Some(reply) => {
                if let Some(op) = self.case.ops.get_mut(place) {
                    op.reply = reply;
                }
            }
            None => self.malformed(at, "the answer is not what the contract says"),
        }
    }

    fn open(&mut self, at: Point, open: &event::Open) {
        let names = &mut self.case.names;
        let session = names.of(&open.session);
        let connection = Connection {
            open: at,
            session,
            user: names.of(&open.user),
            node: names.of(&open.node),
            login: open.login.as_deref().map(|login| names.of(login)),
            since: open
                .since
                .as_ref()
                .map(|since| (names.of(&since.epoch), since.position)),
            hello: None,
            frames: Vec::new(),
            close: None,
        };
        if !self.connected.insert(session) {
            self.flaw(at, "a session has two sockets at once");
        }
        self.connections
            .insert(open.connection, self.case.connections.len());
        self.case.connections.push(connection);
    }

    fn hello(&mut self, at: Point, hello: &event::Hello) {
        let reply = &hello.reply;
        let names = &mut self.case.names;
        let welcome = shape::word(reply, "epoch", names).and_then(|epoch| {
            Some(Welcome {
                at,
                epoch,
                position: shape::number(reply, "position")?,
                resumed: shape::flag(reply, "resumed")?,
                reason: shape::word(reply, "reason", names),
            })
        });
        if welcome.is_none() {
            self.malformed(at, "the welcome is not what the contract says");
        }
        let place = self.connections.get(&hello.connection).copied();
        match place.and_then(|place| self.case.connections.get_mut(place)) {
            Some(connection) => connection.hello = welcome,
            None => self.flaw(at, "a welcome on a socket that is not open"),
        }
    }

    fn frame(&mut self, at: Point, frame: &event::Frame) {
        let Some(place) = self.connections.get(&frame.connection).copied() else {
            self.flaw(at, "a frame on a socket that is not open");
            return;
        };
        let Some(connection) = self.case.connections.get(place) else {
            return;
        };
        let look = Look {
            since: connection.open.i,
            i: at.i,
            user: connection.user,
            session: Some(connection.session),
            source: Source::Event,
        };
        self.expose(at, look.user, &frame.frame);
        let told = self.told(at, look, &frame.frame);
        if let Some(connection) = self.case.connections.get_mut(place) {
            connection.frames.push(told);
        }
    }

    fn fault(&mut self, at: Point, fault: event::Fault) {
        let proof = !fault.effective.is_null() && fault.effective != Value::Bool(false);
        match fault.phase {
            Edge::Start => {
                let begun = Fault {
                    kind: fault.kind,
                    class: fault.class,
                    target: self.case.names.of(&fault.target),
                    start: at,
                    stop: None,
                    effective: false,
                };
                if self.case.faults.insert(fault.fault, begun).is_some() {
                    self.flaw(at, "the name of a fault is used twice");
                }
            }
            Edge::Stop => match self.case.faults.get_mut(&fault.fault) {
                Some(begun) if begun.stop.is_none() => {
                    begun.stop = Some(at);
                    begun.effective = proof;
                }
                _ => self.flaw(at, "a fault ends that was not begun"),
            },
        }
    }

    fn row(&mut self, at: Point, row: Row) {
        let (names, dump) = (&mut self.case.names, &mut self.case.dump);
        match row {
            Row::Instance { epoch } => dump.epoch = Some(names.of(&epoch)),
            Row::Conversations(row) => {
                names.of(&row.id);
                dump.conversations.push((at.i, row));
            }
            Row::Messages(row) => dump.messages.push((at.i, row)),
            Row::Streams {
                user,
                head,
                unread_messages,
                unread_conversations,
            } => {
                let user = names.of(&user);
                dump.streams
                    .push((at.i, user, head, unread_messages, unread_conversations));
            }
            Row::Events {
                user,
                position,
                conversation,
                seq,
            } => {
                let (user, conversation) = (names.of(&user), names.of(&conversation));
                dump.events.push((at.i, user, position, conversation, seq));
            }
            Row::End => dump.complete = Some(at.i),
        }
    }
}
