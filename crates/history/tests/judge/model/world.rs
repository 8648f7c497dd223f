//! The model: a server in memory, right but for one planted bug.

mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use messaging_history::Call;
use serde_json::{Value, json};

use super::{bug::Bug, rng::Rng};

/// What a call brings: a status with a body, or a refusal.
pub(super) type Answer = Result<(u16, Value), (u16, &'static str)>;

#[derive(Clone)]
struct Message {
    seq: u64,
    revision: u64,
    client_id: String,
    sender: usize,
    text: String,
    deleted: bool,
    created: u64,
}

#[derive(Clone, Copy, Default)]
struct Side {
    read: u64,
    delivered: u64,
    archived: bool,
    muted: bool,
}

struct Talk {
    product: String,
    people: [usize; 2],
    sides: [Side; 2],
    messages: Vec<Message>,
    last_activity: u64,
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Created(u64),
    Updated(u64),
    Started,
    Settings,
    Cursor(usize),
}

#[derive(Clone, Copy)]
pub(super) struct Event {
    pub(super) position: u64,
    pub(super) kind: Kind,
    pub(super) talk: usize,
}

pub(super) const PEOPLE: [&str; 5] = ["ann", "ben", "cas", "dot", "eve"];

pub(super) struct World {
    pub(super) bug: Option<Bug>,
    /// Times that the bug showed for certain.
    pub(super) shown: u64,
    pub(super) rng: Rng,
    pub(super) streams: Vec<Vec<Event>>,
    talks: Vec<Talk>,
    ids: BTreeMap<(usize, String), (usize, u64)>,
    blocks: BTreeSet<(usize, usize)>,
    clock: u64,
    /// Where the last message came in late, if it did.
    pub(super) late: Option<(usize, u64)>,
}

impl World {
    pub(super) fn new(seed: u64, bug: Option<Bug>) -> Self {
        Self {
            bug,
            shown: 0,
            rng: Rng::new(seed),
            streams: PEOPLE.iter().map(|_| Vec::new()).collect(),
            talks: Vec::new(),
            ids: BTreeMap::new(),
            blocks: BTreeSet::new(),
            clock: 0,
            late: None,
        }
    }

    /// Whether the bug is this one, and strikes now.
    pub(super) fn strikes(&mut self, bug: Bug, percent: usize) -> bool {
        self.bug == Some(bug) && self.rng.chance(percent)
    }

    pub(super) fn talks(&self) -> usize {
        self.talks.len()
    }

    pub(super) fn people(&self, talk: usize) -> [usize; 2] {
        self.talks[talk].people
    }

    pub(super) fn name(talk: usize) -> String {
        format!("c{talk}")
    }

    pub(super) fn talk(name: &str) -> usize {
        name[1..].parse().unwrap()
    }

    /// Whether it was ever stored.
    pub(super) fn stored(&self, person: usize, client_id: &str) -> Option<u64> {
        let place = self.ids.get(&(person, client_id.to_owned()));
        place.map(|(_, seq)| *seq)
    }

    /// A message that somebody sent and that is still there, with its revision.
    pub(super) fn own(&mut self, person: usize, talk: usize) -> Option<(u64, u64)> {
        let messages = &self.talks[talk].messages;
        let own: Vec<_> = messages
            .iter()
            .filter(|message| message.sender == person && !message.deleted)
            .map(|message| (message.seq, message.revision))
            .collect();
        (!own.is_empty()).then(|| own[self.rng.below(own.len())])
    }

    pub(super) fn last(&self, talk: usize) -> u64 {
        self.talks[talk].messages.last().map_or(0, |last| last.seq)
    }

    pub(super) fn head(&self, person: usize) -> u64 {
        self.streams[person]
            .last()
            .map_or(0, |event| event.position)
    }

    fn side(&self, talk: usize, person: usize) -> usize {
        usize::from(self.talks[talk].people[1] == person)
    }

    fn tell(&mut self, talk: usize, person: usize, kind: Kind) {
        let mut position = self.head(person) + 1;
        if self.strikes(Bug::PositionHole, 10) {
            position += 1;
            self.shown += 1;
        }
        self.streams[person].push(Event {
            position,
            kind,
            talk,
        });
    }

    fn tell_both(&mut self, talk: usize, kind: Kind) {
        for person in self.talks[talk].people {
            self.tell(talk, person, kind);
        }
        if self.strikes(Bug::WrongReceiver, 10) {
            let others = (0..PEOPLE.len()).find(|one| !self.talks[talk].people.contains(one));
            self.tell(talk, others.unwrap(), kind);
        }
    }

    /// Does what was asked, in one step.
    pub(super) fn apply(&mut self, person: usize, call: &Call) -> Answer {
        self.clock += 1;
        match call {
            Call::Start {
                product, seller, ..
            } => Ok(self.start(person, product.as_deref().unwrap(), seller)),
            Call::Send {
                conversation,
                client_id,
                text,
            } => self.send(person, Self::talk(conversation), client_id, text),
            Call::Edit {
                conversation,
                seq,
                revision,
                text,
            } => self.edit(person, Self::talk(conversation), *seq, *revision, text),
            Call::Delete { conversation, seq } => {
                let talk = Self::talk(conversation);
                let message = self.message(talk, *seq);
                if !message.deleted {
                    message.deleted = true;
                    message.revision += 1;
                    self.tell_both(talk, Kind::Updated(*seq));
                }
                Ok((200, self.shape(talk, *seq)))
            }
            Call::Read { conversation, seq } => {
                let talk = Self::talk(conversation);
                self.advance(talk, person, *seq, true);
                let unread = self.unread(talk, person);
                let read = self.talks[talk].sides[self.side(talk, person)].read;
                let total = self.badge(person).0;
                let reply = json!({"readSeq": read, "unreadCount": unread, "unreadTotal": total});
                Ok((200, reply))
            }
            Call::Delivered { conversation, seq } => {
                self.advance(Self::talk(conversation), person, *seq, false);
                Ok((200, Value::Null))
            }
            Call::Configure { conversation, .. } => {
                let talk = Self::talk(conversation);
                self.configure(person, talk, call);
                Ok((200, self.view(talk, person)))
            }
            Call::Page { conversation, .. } => {
                Ok((200, self.page(Self::talk(conversation), person)))
            }
            Call::Inbox { archived, .. } => Ok((200, self.inbox(person, *archived))),
            Call::Unread => {
                let (total, conversations) = self.badge(person);
                let reply = json!({"unreadTotal": total, "conversations": conversations});
                Ok((200, reply))
            }
            Call::Sync { since, .. } => {
                let events: Vec<_> = self.streams[person].clone();
                let events = events.iter().filter(|event| event.position > *since);
                let events: Vec<_> = events.map(|event| self.frame(person, event)).collect();
                let position = self.head(person).max(*since);
                let reply = json!({
                    "events": events, "position": position, "epoch": "e", "more": false,
                });
                Ok((200, reply))
            }
            Call::Search { q, .. } => Ok((200, self.search(person, q))),
            Call::Probe { conversation, .. } => {
                let talk = Self::talk(conversation.as_deref().unwrap());
                if self.strikes(Bug::OutsiderPages, 50) {
                    return Ok((200, self.page(talk, self.talks[talk].people[0])));
                }
                Err((404, "not_found"))
            }
            other => panic!("{other:?}"),
        }
    }

    fn start(&mut self, buyer: usize, product: &str, seller: &str) -> (u16, Value) {
        let seller = PEOPLE.iter().position(|name| *name == seller).unwrap();
        let known = self
            .talks
            .iter()
            .position(|talk| talk.people == [buyer, seller] && talk.product == product);
        let again = known.is_some() && self.strikes(Bug::TwoConversations, 50);
        self.shown += u64::from(again);
        let (status, talk) = match known {
            Some(talk) if !again => (200, talk),
            _ => {
                self.talks.push(Talk {
                    product: product.to_owned(),
                    people: [buyer, seller],
                    sides: [Side::default(); 2],
                    messages: Vec::new(),
                    last_activity: self.clock,
                });
                let talk = self.talks.len() - 1;
                self.tell_both(talk, Kind::Started);
                (201, talk)
            }
        };
        (status, json!({"conversation": self.view(talk, buyer)}))
    }

    fn send(&mut self, person: usize, talk: usize, client_id: &str, text: &str) -> Answer {
        let id = (person, client_id.to_owned());
        if let Some((_, seq)) = self.ids.get(&id).copied()
            && self.bug != Some(Bug::NoDedupe)
        {
            let mut reply = self.shape(talk, seq);
            if self.bug == Some(Bug::SecondAckDiffers) {
                reply["seq"] = json!(seq + 1);
            }
            return Ok((200, reply));
        }
        let [one, two] = self.talks[talk].people;
        let blocked = self.blocks.contains(&(one, two)) || self.blocks.contains(&(two, one));
        if blocked && self.bug != Some(Bug::BlockIgnored) {
            return Err((403, "blocked"));
        }
        let mut seq = self.last(talk) + 1;
        if self.strikes(Bug::SeqHole, 10) {
            seq += 1;
            self.shown += 1;
        }
        let mut text = text.to_owned();
        if self.strikes(Bug::BodyMixedUp, 10)
            && let Some(last) = self.talks[talk].messages.last()
        {
            text.clone_from(&last.text);
        }
        let message = Message {
            seq,
            revision: 1,
            client_id: client_id.to_owned(),
            sender: person,
            text,
            deleted: false,
            created: self.clock,
        };
        if self.strikes(Bug::AckedAndLost, 10) {
            return Ok((201, Self::shape_of(talk, &message)));
        }
        self.shown += u64::from(self.ids.insert(id, (talk, seq)).is_some());
        self.talks[talk].messages.push(message);
        self.talks[talk].last_activity = self.clock;
        if self.strikes(Bug::LateInsert, 10)
            && let Some(earlier) = self.insert_late(talk)
        {
            self.late = Some((talk, earlier));
            seq = earlier;
        }
        self.tell_both(talk, Kind::Created(seq));
        let other = usize::from(one == person);
        if self.talks[talk].sides[other].archived {
            self.talks[talk].sides[other].archived = false;
            self.tell(talk, self.talks[talk].people[other], Kind::Settings);
        }
        if self.strikes(Bug::RefusedAndStored, 10) {
            return Err((503, "overloaded"));
        }
        Ok((201, self.shape(talk, seq)))
    }

    /// Puts the last message of a conversation before the one before it.
    fn insert_late(&mut self, talk: usize) -> Option<u64> {
        let messages = &mut self.talks[talk].messages;
        let many = messages.len();
        let [.., one, two] = messages.as_mut_slice() else {
            return None;
        };
        let seq = one.seq;
        (one.seq, two.seq) = (two.seq, one.seq);
        for moved in [&*one, &*two] {
            let id = (moved.sender, moved.client_id.clone());
            self.ids.insert(id, (talk, moved.seq));
        }
        messages.swap(many - 2, many - 1);
        Some(seq)
    }

    fn edit(&mut self, person: usize, talk: usize, seq: u64, revision: u64, text: &str) -> Answer {
        let keeps = self.strikes(Bug::EditKeepsText, 50);
        let message = self.message(talk, seq);
        if message.sender != person {
            return Err((403, "forbidden"));
        }
        if message.deleted || message.revision != revision {
            return Err((409, "stale_revision"));
        }
        message.revision += 1;
        if !keeps {
            text.clone_into(&mut message.text);
        }
        self.tell_both(talk, Kind::Updated(seq));
        Ok((200, self.shape(talk, seq)))
    }

    fn advance(&mut self, talk: usize, person: usize, seq: u64, reads: bool) {
        let last = self.last(talk);
        let back = self.bug == Some(Bug::CursorLastWriteWins);
        let at = self.side(talk, person);
        let side = &mut self.talks[talk].sides[at];
        let target = seq.min(last);
        let present = if reads { side.read } else { side.delivered };
        if target == present || (target < present && !(back && reads)) {
            return;
        }
        if reads {
            side.read = target;
        }
        side.delivered = side.delivered.max(target);
        self.tell_both(talk, Kind::Cursor(person));
    }

    fn configure(&mut self, person: usize, talk: usize, call: &Call) {
        let Call::Configure {
            archived,
            muted,
            blocked,
            ..
        } = call
        else {
            return;
        };
        let at = self.side(talk, person);
        let side = &mut self.talks[talk].sides[at];
        let before = (side.archived, side.muted);
        side.archived = archived.unwrap_or(side.archived);
        side.muted = muted.unwrap_or(side.muted);
        if before != (side.archived, side.muted) {
            self.tell(talk, person, Kind::Settings);
        }
        let other = self.talks[talk].people[1 - at];
        let changed = match blocked {
            Some(true) => self.blocks.insert((person, other)),
            Some(false) => self.blocks.remove(&(person, other)),
            None => false,
        };
        if changed {
            for talk in 0..self.talks.len() {
                let people = self.talks[talk].people;
                if people.contains(&person) && people.contains(&other) {
                    self.tell_both(talk, Kind::Settings);
                }
            }
        }
    }

    fn message(&mut self, talk: usize, seq: u64) -> &mut Message {
        let messages = &mut self.talks[talk].messages;
        messages
            .iter_mut()
            .find(|message| message.seq == seq)
            .unwrap()
    }

    fn unread(&self, talk: usize, person: usize) -> i64 {
        let read = self.talks[talk].sides[self.side(talk, person)].read;
        let messages = self.talks[talk].messages.iter();
        let unread = messages.filter(|message| {
            message.seq > read
                && (message.sender != person || self.bug == Some(Bug::UnreadCountsOwn))
                && (!message.deleted || self.bug == Some(Bug::UnreadCountsDeleted))
        });
        i64::try_from(unread.count()).unwrap()
    }

    /// Whether the counts are wrong now.
    pub(super) fn miscounts(&mut self) -> bool {
        let count = |world: &Self| -> Vec<_> {
            (0..world.talks.len())
                .flat_map(|talk| world.talks[talk].people.map(|person| (talk, person)))
                .map(|(talk, person)| world.unread(talk, person))
                .collect()
        };
        let (bug, counted) = (self.bug, count(self));
        self.bug = None;
        let right = count(self);
        self.bug = bug;
        counted != right
    }

    fn badge(&self, person: usize) -> (i64, usize) {
        let counts: Vec<_> = (0..self.talks.len())
            .filter(|talk| self.talks[*talk].people.contains(&person))
            .filter(|talk| {
                let side = self.talks[*talk].sides[self.side(*talk, person)];
                !side.archived && !side.muted
            })
            .map(|talk| self.unread(talk, person))
            .collect();
        let many = counts.iter().filter(|count| **count > 0).count();
        (counts.iter().sum(), many)
    }
}
