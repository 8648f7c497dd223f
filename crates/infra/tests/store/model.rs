//! The store against a naive model: random acts of three people in several conversations, and after
//! every few of them all that anybody sees must follow from the plain lists of what was said.

use std::collections::{BTreeMap, BTreeSet};

use messaging_domain::{
    Blocked, ClientId, Content, ConversationId, ConversationView, Conversations, Cursor, Delivery,
    Directory, Event, Message, MessagesFate, Revision, Role, Seq, Settings, Status, UserId,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::{
    snapshot::Snapshot,
    stage::{Stage, opening, text},
};

on_both![what_anybody_sees_follows_from_what_was_said,];

/// Who talks about what: buyer, seller, product.
const TALKS: [(usize, usize, Option<&str>); 5] = [
    (0, 1, None),
    (0, 1, Some("bike")),
    (1, 0, Some("lamp")),
    (2, 1, None),
    (0, 2, Some("bike")),
];

#[derive(Debug, Clone)]
enum Act {
    Open(usize, bool),
    Send(usize, Role),
    Retry(usize),
    Edit(usize, Role, i64),
    Delete(usize, Role, i64),
    Advance(usize, Role, Cursor, i64),
    Configure(usize, Role, Settings),
    Erase(usize, MessagesFate),
    Return(usize),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let talk = || 0..TALKS.len();
    let role = || prop_oneof![Just(Role::Buyer), Just(Role::Seller)];
    let cursor = prop_oneof![Just(Cursor::Read), Just(Cursor::Delivered)];
    let setting = || proptest::option::weighted(0.4, any::<bool>());
    let fate = prop_oneof![Just(MessagesFate::Keep), Just(MessagesFate::Delete)];
    let act = prop_oneof![
        20 => (talk(), any::<bool>()).prop_map(|(talk, first)| Act::Open(talk, first)),
        60 => (talk(), role()).prop_map(|(talk, role)| Act::Send(talk, role)),
        5 => (0..40_usize).prop_map(Act::Retry),
        10 => (talk(), role(), 1..8_i64).prop_map(|(talk, role, seq)| Act::Edit(talk, role, seq)),
        10 => (talk(), role(), 1..8_i64).prop_map(|(talk, role, seq)| Act::Delete(talk, role, seq)),
        25 => (talk(), role(), cursor, 0..10_i64)
            .prop_map(|(talk, role, cursor, seq)| Act::Advance(talk, role, cursor, seq)),
        15 => (talk(), role(), setting(), setting(), proptest::option::weighted(0.15, any::<bool>()))
            .prop_map(|(talk, role, archived, muted, blocked)| {
                Act::Configure(talk, role, Settings { archived, muted, blocked })
            }),
        1 => (0..3_usize, fate).prop_map(|(person, fate)| Act::Erase(person, fate)),
        2 => (0..3_usize).prop_map(Act::Return),
    ];
    proptest::collection::vec(act, 1..60)
}

#[derive(Debug, Clone)]
struct Talk {
    id: ConversationId,
    people: [usize; 2],
    messages: Vec<Message>,
    read: [i64; 2],
    delivered: [i64; 2],
    archived: [bool; 2],
    muted: [bool; 2],
    closed: bool,
}

const fn index(role: Role) -> usize {
    match role {
        Role::Buyer => 0,
        Role::Seller => 1,
    }
}

impl Talk {
    fn unread(&self, side: usize, people: &[UserId]) -> i64 {
        let count = self
            .messages
            .iter()
            .filter(|message| message.sender != people[self.people[side]])
            .filter(|message| message.seq.get() > self.read[side] && !message.is_deleted())
            .count();
        i64::try_from(count).unwrap()
    }

    /// The messages, with the status that the cursors give them.
    fn messages(&self, people: &[UserId]) -> Vec<Message> {
        self.messages
            .iter()
            .map(|message| {
                let receiver = usize::from(message.sender == people[self.people[0]]);
                let status = if self.read[receiver] >= message.seq.get() {
                    Status::Read
                } else if self.delivered[receiver] >= message.seq.get() {
                    Status::Delivered
                } else {
                    Status::Sent
                };
                Message {
                    status,
                    ..message.clone()
                }
            })
            .collect()
    }
}

struct World<'a> {
    stage: &'a Stage,
    people: Vec<UserId>,
    erased: [bool; 3],
    talks: BTreeMap<usize, Talk>,
    blocks: BTreeSet<(usize, usize)>,
    sent: Vec<messaging_domain::Draft>,
    words: u32,
}

impl World<'_> {
    fn says(&mut self) -> Content {
        self.words += 1;
        text(&format!("words {}", self.words))
    }

    fn blocked(&self, people: [usize; 2]) -> bool {
        let [a, b] = people;
        self.blocks.contains(&(a, b)) || self.blocks.contains(&(b, a))
    }

    async fn seat(&self, talk: &Talk, role: Role) -> messaging_domain::Seat {
        let person = &self.people[talk.people[index(role)]];
        self.stage.seat(talk.id, person).await
    }

    fn note_sent(&mut self, talk: usize, role: Role, message: Message) {
        let talk = self.talks.get_mut(&talk).unwrap();
        assert_eq!(
            message.seq.get(),
            i64::try_from(talk.messages.len()).unwrap() + 1
        );
        talk.messages.push(message);
        talk.archived[1 - index(role)] = false;
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each act: what the store answers, and what the model makes of it"
    )]
    async fn act(&mut self, act: Act) {
        let store = &self.stage.store;
        match act {
            Act::Open(n, with_words) => {
                let (buyer, seller, product) = TALKS[n];
                let first = with_words.then(|| {
                    self.words += 1;
                    (ClientId::new(), format!("words {}", self.words))
                });
                let first = first.as_ref().map(|(id, words)| (*id, words.as_str()));
                let wanted = opening(&self.people[buyer], &self.people[seller], product, first);
                let opened = store.open(wanted).await;
                let known = self.talks.get(&n);
                let refused = match known {
                    Some(talk) => with_words && (talk.closed || self.blocked(talk.people)),
                    None => {
                        self.erased[buyer] || self.erased[seller] || self.blocked([buyer, seller])
                    }
                };
                assert_eq!(opened.is_err(), refused, "{opened:?}");
                let Ok(opened) = opened else { return };
                assert_eq!(opened.created, known.is_none());
                self.talks.entry(n).or_insert(Talk {
                    id: opened.conversation.id,
                    people: [buyer, seller],
                    messages: Vec::new(),
                    read: [0; 2],
                    delivered: [0; 2],
                    archived: [false; 2],
                    muted: [false; 2],
                    closed: false,
                });
                if let Some(message) = opened.message {
                    self.note_sent(n, Role::Buyer, message);
                }
            }
            Act::Send(n, role) => {
                let Some(talk) = self.talks.get(&n).cloned() else {
                    return;
                };
                let words = self.says();
                let draft = self
                    .seat(&talk, role)
                    .await
                    .write(ClientId::new(), words)
                    .unwrap();
                let sent = store.append(draft.clone()).await;
                assert_eq!(sent.is_err(), talk.closed || self.blocked(talk.people));
                if let Ok(sent) = sent {
                    assert!(!sent.duplicate);
                    self.note_sent(n, role, sent.message);
                    self.sent.push(draft);
                }
            }
            Act::Retry(n) => {
                let Some(draft) = self.sent.get(n) else {
                    return;
                };
                let again = store.append(draft.clone()).await.unwrap();
                assert!(again.duplicate);
                let talk = self
                    .talks
                    .values()
                    .find(|talk| talk.id == draft.seat().conversation())
                    .unwrap();
                let messages = talk.messages(&self.people);
                assert!(messages.contains(&again.message), "{again:?}");
            }
            Act::Edit(n, role, seq) => {
                let Some(talk) = self.talks.get(&n).cloned() else {
                    return;
                };
                let at = usize::try_from(seq - 1).unwrap();
                let words = self.says();
                let revision = talk
                    .messages
                    .get(at)
                    .map_or(Revision::new(1), |m| m.revision);
                let seat = self.seat(&talk, role).await;
                let edited = store
                    .edit(seat.edit(Seq::new(seq), revision, words.clone()).unwrap())
                    .await;
                let may =
                    talk.messages.get(at).is_some_and(|message| {
                        message.sender == *seat.user() && !message.is_deleted()
                    }) && !talk.closed
                        && !self.blocked(talk.people);
                assert_eq!(edited.is_ok(), may, "{edited:?}");
                if let Ok(message) = edited {
                    assert_eq!(message.revision, revision.next());
                    assert_eq!(message.content, words);
                    self.talks.get_mut(&n).unwrap().messages[at] = message;
                }
            }
            Act::Delete(n, role, seq) => {
                let Some(talk) = self.talks.get(&n).cloned() else {
                    return;
                };
                let at = usize::try_from(seq - 1).unwrap();
                let seat = self.seat(&talk, role).await;
                let deleted = store.delete(seat.delete(Seq::new(seq))).await;
                let message = talk.messages.get(at);
                let may = message.is_some_and(|message| message.sender == *seat.user());
                assert_eq!(deleted.is_ok(), may, "{deleted:?}");
                if let Ok(deleted) = deleted {
                    assert_eq!(deleted.content, Content::Deleted);
                    self.talks.get_mut(&n).unwrap().messages[at] = deleted;
                }
            }
            Act::Advance(n, role, cursor, seq) => {
                let Some(talk) = self.talks.get(&n).cloned() else {
                    return;
                };
                let seat = self.seat(&talk, role).await;
                let state = store
                    .advance(seat.advance(cursor, Seq::new(seq)))
                    .await
                    .unwrap();
                let side = index(role);
                let target = seq.min(i64::try_from(talk.messages.len()).unwrap());
                let talk = self.talks.get_mut(&n).unwrap();
                talk.delivered[side] = talk.delivered[side].max(target);
                if cursor == Cursor::Read {
                    talk.read[side] = talk.read[side].max(target);
                }
                assert_eq!(state.read_seq.get(), talk.read[side]);
                assert_eq!(state.unread_count, talk.unread(side, &self.people));
                let person = talk.people[side];
                assert_eq!(state.unread_total, self.badge(person).0);
            }
            Act::Configure(n, role, settings) => {
                let Some(talk) = self.talks.get(&n).cloned() else {
                    return;
                };
                let seat = self.seat(&talk, role).await;
                let view = store.configure(seat.set(settings)).await.unwrap();
                let side = index(role);
                let pair = (talk.people[side], talk.people[1 - side]);
                match settings.blocked {
                    Some(true) => drop(self.blocks.insert(pair)),
                    Some(false) => drop(self.blocks.remove(&pair)),
                    None => {}
                }
                let talk = self.talks.get_mut(&n).unwrap();
                talk.archived[side] = settings.archived.unwrap_or(talk.archived[side]);
                talk.muted[side] = settings.muted.unwrap_or(talk.muted[side]);
                let talk = self.talks[&n].clone();
                self.assert_view(&view, &talk, side);
            }
            Act::Erase(person, fate) => {
                let id = self.people[person].clone();
                store.erase(&id, fate).await.unwrap();
                self.erased[person] = true;
                for talk in self.talks.values_mut() {
                    if !talk.people.contains(&person) {
                        continue;
                    }
                    talk.closed = true;
                    if fate == MessagesFate::Delete {
                        let now = self.stage.history(talk.id, &id).await;
                        for (message, now) in talk.messages.iter_mut().zip(now) {
                            if message.sender == id && !message.is_deleted() {
                                assert_eq!(now.content, Content::Deleted);
                                assert_eq!(now.revision, message.revision.next());
                                *message = now;
                            }
                        }
                    }
                }
            }
            Act::Return(person) => {
                self.stage.person(self.people[person].as_str()).await;
                self.erased[person] = false;
            }
        }
    }

    /// What a person has unread, and in how many conversations: recounted.
    fn badge(&self, person: usize) -> (i64, i64) {
        self.talks.values().fold((0, 0), |(messages, talks), talk| {
            let Some(side) = talk.people.iter().position(|p| *p == person) else {
                return (messages, talks);
            };
            let unread = talk.unread(side, &self.people);
            if talk.archived[side] || talk.muted[side] || unread == 0 {
                (messages, talks)
            } else {
                (messages + unread, talks + 1)
            }
        })
    }

    fn assert_view(&self, view: &ConversationView, talk: &Talk, side: usize) {
        let other = 1 - side;
        assert_eq!(view.id, talk.id);
        assert_eq!(index(view.role), side);
        assert_eq!(view.counterpart.id, self.people[talk.people[other]]);
        assert_eq!(
            view.counterpart.erased_at.is_some(),
            self.erased[talk.people[other]]
        );
        let messages = talk.messages(&self.people);
        assert_eq!(view.last_message.as_ref(), messages.last());
        assert_eq!(view.last_seq.get(), i64::try_from(messages.len()).unwrap());
        let active = messages
            .last()
            .map_or(view.created_at, |last| last.created_at);
        assert_eq!(view.last_activity_at, active);
        assert_eq!(
            (view.read_seq.get(), view.delivered_seq.get()),
            (talk.read[side], talk.delivered[side])
        );
        assert_eq!(
            (
                view.counterpart_read_seq.get(),
                view.counterpart_delivered_seq.get()
            ),
            (talk.read[other], talk.delivered[other])
        );
        assert_eq!(view.unread_count, talk.unread(side, &self.people));
        assert_eq!(
            (view.archived, view.muted, view.closed),
            (talk.archived[side], talk.muted[side], talk.closed)
        );
        let (me, them) = (talk.people[side], talk.people[other]);
        let blocked = if self.blocks.contains(&(me, them)) {
            Blocked::ByMe
        } else if self.blocks.contains(&(them, me)) {
            Blocked::ByCounterpart
        } else {
            Blocked::No
        };
        assert_eq!(view.blocked, blocked);
    }

    /// Everything that everybody sees.
    async fn check(&self, snapshots: &mut [Snapshot]) {
        for (person, id) in self.people.iter().enumerate() {
            let fresh = Snapshot::take(self.stage, id).await;
            let (messages, conversations) = self.badge(person);
            let unread = self.stage.store.unread(id).await.unwrap();
            assert_eq!(
                (unread.messages, unread.conversations),
                (messages, conversations)
            );
            assert_eq!(fresh.unread_total, messages);
            let mine: Vec<_> = self
                .talks
                .values()
                .filter_map(|talk| Some((talk, talk.people.iter().position(|p| *p == person)?)))
                .collect();
            assert_eq!(fresh.views.len(), mine.len());
            for (talk, side) in mine {
                self.assert_view(&fresh.views[&talk.id], talk, side);
                assert_eq!(
                    self.stage.history(talk.id, id).await,
                    talk.messages(&self.people)
                );
            }
            // What was announced is what the log holds, with the objects as they are now.
            let (heard, logged) = (self.heard_by(id), self.stage.events(id).await);
            assert_eq!(heard.len(), logged.len());
            for (heard, logged) in heard.iter().zip(&logged) {
                assert_eq!(heard.position, logged.position);
                self.assert_as_now(heard, logged, &fresh);
            }
            // Either of them makes the fresh snapshot of an old one.
            let old = &mut snapshots[person];
            for events in [&heard, &logged] {
                let mut folded = old.clone();
                for event in events {
                    folded.fold(event);
                }
                assert_eq!(
                    folded.without_words(),
                    fresh.clone().without_words(),
                    "of {id}"
                );
            }
            *old = fresh;
        }
    }

    fn heard_by(&self, id: &UserId) -> Vec<Delivery> {
        self.stage.witness.heard_by(id)
    }

    fn assert_as_now(&self, heard: &Delivery, logged: &Delivery, now: &Snapshot) {
        assert_eq!(logged.unread.total, now.unread_total);
        let talk = |id: ConversationId| self.talks.values().find(|talk| talk.id == id).unwrap();
        match (&heard.event, &logged.event) {
            (Event::MessageCreated(then), Event::MessageCreated(told))
            | (Event::MessageUpdated(then), Event::MessageUpdated(told)) => {
                assert_eq!((then.conversation, then.seq), (told.conversation, told.seq));
                let messages = talk(told.conversation).messages(&self.people);
                let at = usize::try_from(told.seq.get() - 1).unwrap();
                assert_eq!(**told, messages[at]);
            }
            (Event::ConversationCreated(then), Event::ConversationCreated(told))
            | (Event::ConversationUpdated(then), Event::ConversationUpdated(told)) => {
                assert_eq!(then.id, told.id);
                assert_eq!(**told, now.views[&told.id]);
            }
            (
                Event::CursorMoved {
                    conversation, user, ..
                },
                Event::CursorMoved {
                    conversation: told,
                    user: whose,
                    read_seq,
                    delivered_seq,
                },
            ) => {
                assert_eq!((conversation, user), (told, whose));
                let talk = talk(*told);
                let side = usize::from(self.people[talk.people[0]] != *whose);
                assert_eq!(
                    (read_seq.get(), delivered_seq.get()),
                    (talk.read[side], talk.delivered[side])
                );
            }
            (heard, logged) => panic!("{heard:?} was logged as {logged:?}"),
        }
    }
}

const CASES: usize = 24;

async fn what_anybody_sees_follows_from_what_was_said(stage: &Stage) {
    let mut runner = TestRunner::deterministic();
    for case in 0..CASES {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        let mut people = Vec::new();
        for name in ["ann", "bob", "cid"] {
            people.push(stage.person(&format!("{name}-{case}")).await);
        }
        let mut snapshots = Vec::new();
        for id in &people {
            snapshots.push(Snapshot::take(stage, id).await);
        }
        let mut world = World {
            stage,
            people,
            erased: [false; 3],
            talks: BTreeMap::new(),
            blocks: BTreeSet::new(),
            sent: Vec::new(),
            words: 0,
        };
        for n in 0..TALKS.len() - 1 {
            world.act(Act::Open(n, n % 2 == 0)).await;
        }
        for few in acts.chunks(5) {
            for act in few {
                world.act(act.clone()).await;
            }
            world.check(&mut snapshots).await;
        }
    }
}
