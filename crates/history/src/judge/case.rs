//! The case: what a history holds, sorted by kind, before anything is concluded.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use super::{
    names::{Name, Names},
    shape::{Event, Message, Unread, View},
};
use crate::{
    call::Call,
    event::{Class, ConversationRow, MessageRow, Party, Phase, Transport},
    header::Header,
};

/// A line, and when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Point {
    /// Its index.
    pub(super) i: u64,
    /// Nanoseconds.
    pub(super) t: u64,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Ok {
        status: Option<u16>,
    },
    Fail {
        status: Option<u16>,
        code: Option<String>,
    },
    Unknown,
}

/// An attempt.
#[derive(Debug)]
pub(super) struct Op {
    pub(super) begin: Point,
    pub(super) end: Option<(Point, End)>,
    pub(super) user: Name,
    pub(super) session: Option<Name>,
    pub(super) node: Name,
    pub(super) transport: Transport,
    /// The place of the socket it went through.
    pub(super) connection: Option<usize>,
    pub(super) call: Call,
    pub(super) reply: Reply,
}

impl Op {
    /// Where the answer stands, if it was done.
    pub(super) fn done(&self) -> Option<Point> {
        match &self.end {
            Some((point, End::Ok { .. })) => Some(*point),
            _ => None,
        }
    }

    /// Whether it certainly had no effect.
    pub(super) fn refused(&self) -> bool {
        matches!(self.end, Some((_, End::Fail { .. })))
    }

    /// Whether it was refused because the service could not take it at that moment.
    pub(super) fn turned_away(&self) -> bool {
        match &self.end {
            Some((_, End::Fail { status, code })) => {
                *status == Some(503) || code.as_deref() == Some("overloaded")
            }
            _ => false,
        }
    }

    /// Whether nobody knows its effect.
    pub(super) fn in_doubt(&self) -> bool {
        matches!(self.end, None | Some((_, End::Unknown)))
    }

    /// The last line at which it can have had its effect, if that is known.
    pub(super) fn last(&self) -> u64 {
        match &self.end {
            Some((point, End::Ok { .. })) => point.i,
            Some((_, End::Fail { .. })) => self.begin.i,
            Some((_, End::Unknown)) | None => u64::MAX,
        }
    }

    /// The place of the message that it made or changed, as it was acknowledged.
    pub(super) fn made(&self) -> Option<usize> {
        match self.reply {
            Reply::Message(at)
            | Reply::Started {
                message: Some(at), ..
            } => Some(at),
            _ => None,
        }
    }

    /// The conversation it names.
    pub(super) fn conversation(&self, names: &Names) -> Option<Name> {
        let (Call::Send {
            conversation: id, ..
        }
        | Call::Edit {
            conversation: id, ..
        }
        | Call::Delete {
            conversation: id, ..
        }
        | Call::Read {
            conversation: id, ..
        }
        | Call::Delivered {
            conversation: id, ..
        }
        | Call::Configure {
            conversation: id, ..
        }
        | Call::Page {
            conversation: id, ..
        }
        | Call::Join { conversation: id }
        | Call::Leave { conversation: id }
        | Call::Typing {
            conversation: id, ..
        }) = &self.call
        else {
            return None;
        };
        names.find(id)
    }
}

/// What an answer brought; numbers are places in the tables of [`Case`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    None,
    Message(usize),
    Started {
        view: usize,
        message: Option<usize>,
    },
    Page {
        view: usize,
        items: Range<usize>,
        has_before: bool,
        has_after: bool,
    },
    Inbox {
        items: Range<usize>,
        total: i64,
        position: u64,
        more: bool,
    },
    Badge {
        total: i64,
        conversations: i64,
    },
    Sync {
        frames: Vec<Told>,
        position: u64,
        more: bool,
    },
    Search(Range<usize>),
    Cursor {
        read: u64,
        unread: i64,
    },
    View(usize),
}

/// The way on which somebody saw something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Ack,
    Page,
    List,
    Search,
    Event,
}

/// When something can have been read from the store, and by whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// The line after which it was read.
    pub(super) since: u64,
    /// The line that shows it.
    pub(super) i: u64,
    pub(super) user: Name,
    pub(super) session: Option<Name>,
    pub(super) source: Source,
}

/// Somebody's cursors in a conversation, as far as they were shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursors {
    pub(super) look: Look,
    pub(super) conversation: Name,
    /// Whose they are.
    pub(super) user: Name,
    pub(super) read: Option<u64>,
    pub(super) delivered: Option<u64>,
}

/// An event as it came, on a socket or from `/sync`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) at: Point,
    pub(super) position: Option<u64>,
    pub(super) event: Event,
    pub(super) unread: Option<Unread>,
}

/// The answer to `hello`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Welcome {
    pub(super) at: Point,
    pub(super) epoch: Name,
    pub(super) position: u64,
    pub(super) resumed: bool,
    pub(super) reason: Option<Name>,
}

/// A socket.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) open: Point,
    pub(super) session: Name,
    pub(super) user: Name,
    pub(super) node: Name,
    pub(super) login: Option<Name>,
    pub(super) since: Option<(Name, u64)>,
    pub(super) hello: Option<Welcome>,
    pub(super) frames: Vec<Told>,
    pub(super) close: Option<(Point, Party, Option<u16>)>,
}

impl Connection {
    /// Whether it was ended by its client, or by the service for a reason that lies with the client: a
    /// token that ended, a logout, too much of something, a reader that does not read.
    pub(super) fn ended_for_cause(&self) -> bool {
        const CAUSES: [u16; 9] = [4000, 4010, 4011, 4014, 4102, 4103, 4110, 4201, 4202];
        match self.close {
            Some((_, Party::Client, _)) => true,
            Some((_, Party::Server, Some(code))) => CAUSES.contains(&code),
            _ => false,
        }
    }

    /// The line of `live`, once the session is caught up.
    pub(super) fn live(&self) -> Option<Point> {
        self.frames
            .iter()
            .find(|told| matches!(told.event, Event::Live { .. }))
            .map(|told| told.at)
    }
}

/// A fault with both its ends.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: String,
    pub(super) class: Class,
    pub(super) target: Name,
    pub(super) start: Point,
    pub(super) stop: Option<Point>,
    pub(super) effective: bool,
}

impl Fault {
    /// When it was over.
    pub(super) fn over(&self) -> u64 {
        self.stop.map_or(u64::MAX, |point| point.t)
    }
}

/// What the database held at the end.
#[derive(Debug, Default)]
pub(super) struct Dump {
    pub(super) complete: Option<u64>,
    pub(super) conversations: Vec<(u64, ConversationRow)>,
    pub(super) messages: Vec<(u64, MessageRow)>,
    /// Line, user, head, unread messages, unread conversations.
    pub(super) streams: Vec<(u64, Name, u64, i64, i64)>,
    /// Line, user, position, conversation, seq.
    pub(super) events: Vec<(u64, Name, u64, Name, u64)>,
    pub(super) epoch: Option<Name>,
}

/// Whose words a canary stands in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Owner {
    Conversation(Name),
    Pair(Name, Name),
}

/// What somebody was shown, of which it has to be asked whether they might.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Exposed {
    Conversation(Name),
    Canary(Name),
}

/// Everything, in tables.
#[derive(Debug, Default)]
pub(super) struct Case {
    pub(super) names: Names,
    pub(super) header: Option<Header>,
    pub(super) ops: Vec<Op>,
    pub(super) connections: Vec<Connection>,
    pub(super) messages: Vec<(Look, Message)>,
    pub(super) views: Vec<(Look, View)>,
    pub(super) cursors: Vec<Cursors>,
    pub(super) exposed: HashMap<(Name, Exposed), u64>,
    pub(super) canaries: HashMap<Name, Owner>,
    pub(super) faults: BTreeMap<u64, Fault>,
    pub(super) phases: Vec<(Phase, Point)>,
    pub(super) ready: Vec<(Point, Name, u64)>,
    pub(super) exits: Vec<(Point, Name, Option<i32>, Option<i32>)>,
    /// Line, node, bytes, descriptors.
    pub(super) samples: Vec<(Point, Name, u64, u64)>,
    pub(super) leaks: Vec<(u64, String)>,
    pub(super) dump: Dump,
    /// Answers that are not what the contract says.
    pub(super) malformed: Vec<(u64, String)>,
    /// What is wrong with the history itself.
    pub(super) flaws: Vec<(u64, String)>,
    pub(super) last: Option<Point>,
    participants: HashMap<Name, (Name, Name)>,
    deletions: HashMap<(Name, u64), u64>,
}

impl Case {
    /// The buyer and the seller of a conversation.
    pub(super) fn participants(&self, conversation: Name) -> Option<(Name, Name)> {
        self.participants.get(&conversation).copied()
    }

    /// Whether a person takes part; `None` when nobody knows who does.
    pub(super) fn takes_part(&self, user: Name, conversation: Name) -> Option<bool> {
        let (buyer, seller) = self.participants(conversation)?;
        Some(user == buyer || user == seller)
    }

    /// The other person of a conversation.
    pub(super) fn counterpart(&self, user: Name, conversation: Name) -> Option<Name> {
        let (buyer, seller) = self.participants(conversation)?;
        Some(if user == buyer { seller } else { buyer })
    }

    /// When a phase began first.
    pub(super) fn began(&self, phase: Phase) -> Option<Point> {
        self.phases
            .iter()
            .find(|(began, _)| *began == phase)
            .map(|(_, point)| *point)
    }

    /// The phase a moment lies in.
    pub(super) fn phase_at(&self, t: u64) -> Option<Phase> {
        self.phases
            .iter()
            .take_while(|(_, point)| point.t <= t)
            .last()
            .map(|(phase, _)| *phase)
    }

    /// Since when nothing was broken, at a moment, that a node needs to become ready.
    pub(super) fn had_all_it_needs(&self, moment: u64) -> u64 {
        let needed = |class| !matches!(class, Class::Client | Class::Process | Class::Drain);
        let faults = self.faults.values();
        let broken = faults.filter(|fault| needed(fault.class) && fault.start.t < moment);
        let mended = broken.map(|fault| fault.over().min(moment));
        mended.max().unwrap_or(0)
    }

    /// Whether nothing else was broken from the beginning of a fault until a moment after it.
    pub(super) fn is_alone(&self, fault: &Fault, until: u64) -> bool {
        self.faults.values().all(|other| {
            other.start == fault.start || other.over() < fault.start.t || other.start.t > until
        })
    }

    /// Whether a fault hits a node. What it targets is one, or something that all nodes share.
    pub(super) fn hits(&self, fault: &Fault, node: Name) -> bool {
        let of_one = self
            .ready
            .iter()
            .any(|(_, ready, _)| *ready == fault.target);
        !of_one || fault.target == node
    }

    /// Whether an operation ran in the final phase.
    pub(super) fn at_rest(&self, op: &Op) -> bool {
        self.began(Phase::Final)
            .is_some_and(|point| op.begin.i > point.i)
    }

    /// The line that acknowledged the deletion of a message, if that was before another line.
    pub(super) fn deleted(&self, conversation: Name, seq: u64, before: u64) -> Option<u64> {
        let line = self.deletions.get(&(conversation, seq)).copied()?;
        (line < before).then_some(line)
    }

    /// Learns when what was deleted.
    pub(super) fn learn_deletions(&mut self) {
        for op in &self.ops {
            if let (Call::Delete { seq, .. }, Some(done)) = (&op.call, op.done())
                && let Some(conversation) = op.conversation(&self.names)
            {
                let line = self.deletions.entry((conversation, *seq)).or_insert(done.i);
                *line = done.i.min(*line);
            }
        }
    }

    /// Learns who takes part in what: from the dump; from who started it; and only for want of both
    /// from what somebody was shown, since that may be what should not have been.
    pub(super) fn learn_participants(&mut self) {
        let mut known = HashMap::new();
        for (_, row) in &self.dump.conversations {
            let id = self.names.of(&row.id);
            let (buyer, seller) = (&row.buyer.user, &row.seller.user);
            let pair = (self.names.of(buyer), self.names.of(seller));
            known.entry(id).or_insert(pair);
        }
        for op in &self.ops {
            if let (Call::Start { seller, .. }, Reply::Started { view, .. }) = (&op.call, &op.reply)
                && let Some((_, view)) = self.views.get(*view)
            {
                let seller = self.names.of(seller);
                known.entry(view.id).or_insert((op.user, seller));
            }
        }
        for (look, view) in &self.views {
            let pair = if view.is_buyer {
                (look.user, view.counterpart)
            } else {
                (view.counterpart, look.user)
            };
            known.entry(view.id).or_insert(pair);
        }
        self.participants = known;
    }
}
