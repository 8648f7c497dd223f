//! People at the model: they try things, lose answers, try again, come and go, and all is written down.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use messaging_history::{
    Call, Record,
    event::{Close, Hello, Open, Party, Phase, Since},
};
use serde_json::{Value, json};

use super::{
    bug::Bug,
    world::{Answer, PEOPLE, World},
};
use crate::story::{Story, latest, list};

struct Socket {
    name: u64,
    sent: u64,
    /// The next event is lost.
    deaf: bool,
    /// An event was lost.
    torn: bool,
}

struct Pending {
    op: u64,
    call: Call,
    answer: Option<Answer>,
    /// What was known as it began.
    known: u64,
    deleted: BTreeSet<(usize, u64)>,
}

struct Client {
    person: usize,
    session: String,
    socket: Option<Socket>,
    position: Option<u64>,
    pending: Option<Pending>,
    script: VecDeque<Call>,
}

/// A run, and what everybody knows in it.
pub(super) struct Run {
    pub(super) world: World,
    pub(super) story: Story,
    clients: Vec<Client>,
    sockets: u64,
    texts: usize,
    tops: HashMap<usize, u64>,
    reads: HashMap<(usize, usize), u64>,
    told: HashMap<usize, u64>,
    deleted: BTreeSet<(usize, u64)>,
    blocks: BTreeSet<(usize, usize)>,
    attempts: BTreeMap<(usize, String), (u64, bool)>,
}

/// The two people of a conversation, either way round.
fn pairs([one, two]: [usize; 2]) -> [(usize, usize); 2] {
    [(one, two), (two, one)]
}

impl Run {
    /// Plays so many steps and comes to rest.
    pub(super) fn play(seed: u64, bug: Option<Bug>, steps: usize) -> Self {
        let clients = (0..2 * PEOPLE.len()).map(|at| Client {
            person: at / 2,
            session: format!("{}.{}", PEOPLE[at / 2], at % 2),
            socket: None,
            position: None,
            pending: None,
            script: VecDeque::new(),
        });
        let mut run = Self {
            world: World::new(seed, bug),
            story: Story::new(),
            clients: clients.collect(),
            sockets: 0,
            texts: 0,
            tops: HashMap::new(),
            reads: HashMap::new(),
            told: HashMap::new(),
            deleted: BTreeSet::new(),
            blocks: BTreeSet::new(),
            attempts: BTreeMap::new(),
        };
        for at in 0..run.clients.len() {
            if run.world.rng.chance(70) {
                run.connect(at);
            }
        }
        for _ in 0..steps {
            let at = run.world.rng.below(run.clients.len());
            run.step(at, true);
        }
        run.rest();
        run
    }

    fn step(&mut self, at: usize, begins: bool) {
        self.restart();
        if self.world.rng.chance(40) {
            self.listen(at);
        } else if self.clients[at].pending.is_some() {
            self.go_on(at);
        } else if begins {
            let call = self.clients[at].script.pop_front();
            if let Some(call) = call.or_else(|| self.invent(at)) {
                self.begin(at, call);
            }
        }
    }

    /// A restart that forgets the last event of somebody who was told of it.
    fn restart(&mut self) {
        if !self.world.strikes(Bug::PositionReused, 2) {
            return;
        }
        let person = self.world.rng.below(PEOPLE.len());
        let told = self.told.get(&person).copied().unwrap_or(0);
        if self.world.head(person) > 0 && told >= self.world.head(person) {
            self.world.streams[person].pop();
            self.world.shown += 1;
        }
    }

    fn invent(&mut self, at: usize) -> Option<Call> {
        let person = self.clients[at].person;
        let talks = self.world.talks();
        let rng = &mut self.world.rng;
        let dice = rng.below(100);
        if talks == 0 || dice < 4 {
            let seller = (person + 1 + rng.below(2)) % PEOPLE.len();
            return Some(Call::Start {
                product: Some(["bike", "book"][rng.below(2)].to_owned()),
                seller: PEOPLE[seller].to_owned(),
                client_id: None,
                text: None,
            });
        }
        let talk = rng.below(talks);
        let name = World::name(talk);
        if !self.world.people(talk).contains(&person) {
            return (dice < 20).then(|| Call::Probe {
                verb: "page".to_owned(),
                conversation: Some(name),
                expect: Some("not_found".to_owned()),
            });
        }
        let last = self.world.last(talk);
        let seq = u64::try_from(self.world.rng.below(usize::try_from(last + 3).unwrap())).unwrap();
        self.texts += 1;
        let text = format!("canary:{} word{}", self.texts, self.texts % 3);
        let on = |percent: usize, rng: &mut super::rng::Rng| rng.chance(percent);
        Some(match dice {
            ..44 => Call::Send {
                conversation: name,
                client_id: format!("k{}", self.texts),
                text,
            },
            44..50 => {
                let (seq, revision) = self.world.own(person, talk)?;
                Call::Edit {
                    conversation: name,
                    seq,
                    revision,
                    text,
                }
            }
            50..54 => Call::Delete {
                conversation: name,
                seq: self.world.own(person, talk)?.0,
            },
            54..64 => Call::Read {
                conversation: name,
                seq,
            },
            64..68 => Call::Delivered {
                conversation: name,
                seq,
            },
            68..73 => Call::Configure {
                conversation: name,
                archived: Some(on(50, &mut self.world.rng)),
                muted: on(30, &mut self.world.rng).then_some(true),
                blocked: None,
            },
            73..75 => Call::Configure {
                conversation: name,
                archived: None,
                muted: None,
                // A block that nobody lifts shows that it does not hold.
                blocked: Some(
                    on(30, &mut self.world.rng) || self.world.bug == Some(Bug::BlockIgnored),
                ),
            },
            75..88 => Call::Page {
                conversation: name,
                before_seq: None,
                after_seq: None,
                around_seq: None,
                limit: None,
            },
            88..92 => list(on(30, &mut self.world.rng)),
            92..95 => Call::Unread,
            95..98 => Call::Search {
                q: "word1".to_owned(),
                conversation: None,
            },
            _ => Call::Sync {
                since: self.clients[at].position?,
                epoch: "e".to_owned(),
                limit: None,
            },
        })
    }

    fn begin(&mut self, at: usize, call: Call) {
        let person = self.clients[at].person;
        let talk = match &call {
            Call::Page { conversation, .. }
            | Call::Read { conversation, .. }
            | Call::Send { conversation, .. } => Some(World::talk(conversation)),
            _ => None,
        };
        let known = match (&call, talk) {
            (Call::Page { .. }, Some(talk)) => self.tops.get(&talk).copied(),
            (Call::Read { .. }, Some(talk)) => self.reads.get(&(talk, person)).copied(),
            _ => None,
        };
        if let (Call::Send { client_id, .. }, Some(talk)) = (&call, talk) {
            let people = pairs(self.world.people(talk));
            let blocked = people.iter().any(|pair| self.blocks.contains(pair));
            let id = (person, client_id.clone());
            self.attempts.entry(id).or_insert((0, blocked)).0 += 1;
        }
        let node = self.world.rng.below(2);
        ["n1", "n2"][node].clone_into(&mut self.story.node);
        let session = self.clients[at].session.clone();
        let op = self
            .story
            .invoke_as(PEOPLE[person], Some(&session), None, call.clone());
        self.clients[at].pending = Some(Pending {
            op,
            call,
            answer: None,
            known: known.unwrap_or(0),
            deleted: self.deleted.clone(),
        });
    }

    /// The call has its effect, or its answer comes; or either is lost.
    fn go_on(&mut self, at: usize) {
        let person = self.clients[at].person;
        let mut pending = self.clients[at].pending.take().unwrap();
        let lost = self.world.rng.chance(4);
        if lost {
            self.story.unknown(pending.op);
            if let Call::Send { .. } = pending.call
                && self.world.rng.chance(80)
            {
                self.clients[at].script.push_back(pending.call);
            }
            return;
        }
        let Some(answer) = pending.answer.take() else {
            pending.answer = Some(self.world.apply(person, &pending.call));
            if let Some((talk, earlier)) = self.world.late.take() {
                let seen = self.tops.get(&talk).copied().unwrap_or(0) >= earlier;
                self.world.shown += u64::from(seen);
            }
            self.clients[at].pending = Some(pending);
            return;
        };
        match answer {
            Ok((status, reply)) => {
                self.learn(person, &pending, status, &reply);
                self.story.ok_as(pending.op, status, reply);
            }
            Err((status, code)) => {
                self.story.fail(pending.op, status, code);
                if let Call::Send { client_id, .. } = &pending.call
                    && status == 503
                    && self.attempts[&(person, client_id.clone())].0 == 1
                {
                    self.world.shown += 1;
                }
            }
        }
    }

    /// What everybody knows after an answer, and whether it shows the bug.
    fn learn(&mut self, person: usize, pending: &Pending, status: u16, reply: &Value) {
        let said = |reply: &Value| reply["content"]["text"].as_str().map(str::to_owned);
        let seq = reply["seq"].as_u64().unwrap_or(0);
        let shows = match &pending.call {
            Call::Send {
                conversation,
                client_id,
                text,
            } => {
                let top = self.tops.entry(World::talk(conversation)).or_default();
                *top = (*top).max(seq);
                let mixed = reply["revision"] == 1 && said(reply).is_some_and(|said| said != *text);
                let blocked = self.attempts[&(person, client_id.clone())].1;
                let stored = self.world.stored(person, client_id);
                match self.world.bug {
                    Some(Bug::BodyMixedUp) => mixed,
                    Some(Bug::BlockIgnored) => blocked,
                    Some(Bug::AckedAndLost) => stored.is_none(),
                    Some(Bug::SecondAckDiffers) => status == 200 && stored != Some(seq),
                    _ => false,
                }
            }
            Call::Edit { text, .. } => said(reply).is_some_and(|said| said != *text),
            Call::Delete { conversation, seq } => {
                self.deleted.insert((World::talk(conversation), *seq));
                false
            }
            Call::Read { conversation, .. } => {
                let read = reply["readSeq"].as_u64().unwrap();
                let known = self.reads.entry((World::talk(conversation), person));
                let known = known.or_default();
                *known = (*known).max(read);
                self.world.bug == Some(Bug::CursorLastWriteWins) && read < pending.known
            }
            Call::Configure {
                conversation,
                blocked: Some(true),
                ..
            } => {
                let people = self.world.people(World::talk(conversation));
                let other = people.into_iter().find(|one| *one != person).unwrap();
                self.blocks.insert((person, other));
                false
            }
            Call::Page { conversation, .. } => {
                let items = reply["items"].as_array().unwrap();
                let last = items.last().map_or(0, |item| item["seq"].as_u64().unwrap());
                let top = self.tops.entry(World::talk(conversation)).or_default();
                *top = (*top).max(last);
                self.world.bug == Some(Bug::StalePage) && last < pending.known
            }
            Call::Search { .. } => {
                let items = reply["items"].as_array().unwrap();
                items.iter().any(|item| {
                    let message = &item["message"];
                    let talk = World::talk(message["conversationId"].as_str().unwrap());
                    let place = (talk, message["seq"].as_u64().unwrap());
                    pending.deleted.contains(&place)
                })
            }
            Call::Probe { .. } => true,
            _ => false,
        };
        self.world.shown += u64::from(shows);
    }

    fn connect(&mut self, at: usize) {
        self.sockets += 1;
        let (name, client) = (self.sockets, &self.clients[at]);
        let (person, session) = (client.person, client.session.clone());
        // Now and then somebody comes who remembers nothing.
        let since = client.position.filter(|_| !self.world.rng.chance(10));
        let node = ["n1", "n2"][self.world.rng.below(2)];
        self.story.add(Record::Open(Open {
            connection: name,
            session,
            user: PEOPLE[person].to_owned(),
            node: node.to_owned(),
            login: None,
            since: since.map(|position| Since {
                epoch: "e".to_owned(),
                position,
            }),
        }));
        let head = self.world.head(person);
        let resumed = since.filter(|since| *since <= head);
        let mut reply = json!({"epoch": "e", "position": head, "resumed": resumed.is_some()});
        if resumed.is_none() {
            reply["reason"] = json!(since.map_or("new", |_| "ahead"));
            self.clients[at].position = Some(head);
            if head > 0 {
                self.clients[at].script.extend([list(false), list(true)]);
            }
        }
        self.story.add(Record::Hello(Hello {
            connection: name,
            reply,
        }));
        let mut sent = resumed.unwrap_or(head);
        if resumed.is_some_and(|since| since < head) && self.world.bug == Some(Bug::ReplayOffByOne)
        {
            sent += 1;
            self.world.shown += 1;
        }
        let deaf = self.world.strikes(Bug::RegisteredLate, 50);
        self.clients[at].socket = Some(Socket {
            name,
            sent,
            deaf: false,
            torn: false,
        });
        while self.deliver(at) {}
        self.story.live(name, head);
        if let Some(socket) = &mut self.clients[at].socket {
            socket.deaf = deaf;
        }
    }

    /// The next event comes, if there is one.
    fn deliver(&mut self, at: usize) -> bool {
        let person = self.clients[at].person;
        let Some(socket) = &self.clients[at].socket else {
            return false;
        };
        let (name, sent) = (socket.name, socket.sent);
        let stream = &self.world.streams[person];
        let Some(event) = stream.iter().find(|event| event.position > sent).copied() else {
            return false;
        };
        let lost = self.world.strikes(Bug::FrameLost, 5);
        let twice = self.world.strikes(Bug::FrameTwice, 5);
        let outsider = !self.world.people(event.talk).contains(&person);
        let frame = self.world.frame(person, &event);
        let client = &mut self.clients[at];
        let socket = client.socket.as_mut().unwrap();
        socket.sent = event.position;
        if lost || std::mem::take(&mut socket.deaf) {
            socket.torn = true;
            return true;
        }
        client.position = Some(event.position);
        // Whoever is told the next event can see that one is missing.
        self.world.shown += u64::from(std::mem::take(&mut socket.torn));
        self.world.shown += u64::from(twice) + u64::from(outsider);
        if let Some(seq) = frame["data"]["message"]["seq"].as_u64() {
            let top = self.tops.entry(event.talk).or_default();
            *top = (*top).max(seq);
        }
        let told = self.told.entry(person).or_default();
        *told = (*told).max(event.position);
        if twice {
            self.story.frame(name, frame.clone());
        }
        self.story.frame(name, frame);
        true
    }

    fn listen(&mut self, at: usize) {
        let Some(socket) = &self.clients[at].socket else {
            return self.connect(at);
        };
        let name = socket.name;
        if self.world.talks() > 0 && self.world.strikes(Bug::TypingLeaks, 2) {
            let talk = World::name(0);
            let data = json!({
                "conversationId": talk, "userId": PEOPLE[self.world.people(0)[0]],
                "active": true, "expiresInMs": 7_000,
            });
            self.story
                .frame(name, json!({"event": "typing", "data": data}));
            self.world.shown += 1;
        }
        if self.world.rng.chance(5) {
            self.close(at);
        } else {
            self.deliver(at);
        }
    }

    fn close(&mut self, at: usize) {
        if let Some(socket) = self.clients[at].socket.take() {
            self.story.add(Record::Close(Close {
                connection: socket.name,
                by: Party::Network,
                code: None,
            }));
        }
    }

    /// Everything that is under way ends; everybody comes back and fetches everything.
    fn rest(&mut self) {
        let bug = self.world.bug;
        for at in 0..self.clients.len() {
            while self.clients[at].pending.is_some() || !self.clients[at].script.is_empty() {
                if self.clients[at].pending.is_some() {
                    self.go_on(at);
                } else if let Some(call) = self.clients[at].script.pop_front() {
                    self.begin(at, call);
                }
            }
            if self.clients[at].socket.is_none() {
                self.connect(at);
            }
        }
        self.story.phase(Phase::Settle);
        for at in 0..self.clients.len() {
            while self.deliver(at) {}
        }
        self.story.wait(10_000);
        self.story.phase(Phase::Final);
        self.world.shown += u64::from(self.world.miscounts());
        self.world.bug = bug.filter(|bug| {
            matches!(
                bug,
                Bug::UnreadCountsOwn | Bug::UnreadCountsDeleted | Bug::WrongReceiver
            )
        });
        for at in 0..self.clients.len() {
            self.close(at);
            self.connect(at);
            let person = self.clients[at].person;
            let mut calls = vec![list(false), list(true), Call::Unread];
            for talk in 0..self.world.talks() {
                if self.world.people(talk).contains(&person) {
                    let mut page = latest();
                    if let Call::Page { conversation, .. } = &mut page {
                        *conversation = World::name(talk);
                    }
                    calls.push(page);
                }
            }
            for call in calls {
                self.begin(at, call);
                let pending = self.clients[at].pending.take().unwrap();
                let (status, reply) = self.world.apply(person, &pending.call).unwrap();
                self.story.ok_as(pending.op, status, reply);
            }
        }
        for row in self.world.rows() {
            self.story.add(Record::Dump(row));
        }
        self.world.bug = bug;
    }
}
