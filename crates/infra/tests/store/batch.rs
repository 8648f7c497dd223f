//! What is done together in one transaction must be what is done one by one: random acts, once each
//! way, between people who differ in nothing but their names.

use std::collections::BTreeSet;

use messaging_domain::{
    ClientId, Conversations, Cursor, Draft, Error, Event, Message, Revision, Role, Seat, Seq,
    Settings, UserId,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::stage::{Begun, Stage, begin, text};

on_both![
    what_is_done_in_one_batch_is_what_is_done_one_by_one,
    what_a_batch_deletes_is_not_unread_for_its_other_acts,
];

#[derive(Debug, Clone)]
enum Act {
    Send,
    /// The same message again, perhaps of this very batch.
    Retry(usize),
    Edit(i64, i64),
    Delete(i64),
    Advance(Cursor, i64),
    Configure(Settings),
}

/// Who acts in which of the two conversations.
type Step = (usize, Role, Act);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let setting = || proptest::option::weighted(0.4, any::<bool>());
    let cursor = prop_oneof![4 => Just(Cursor::Read), 1 => Just(Cursor::Delivered)];
    let act = prop_oneof![
        8 => Just(Act::Send),
        2 => (0..12_usize).prop_map(Act::Retry),
        4 => (1..8_i64, 1..3_i64).prop_map(|(seq, revision)| Act::Edit(seq, revision)),
        8 => (1..8_i64).prop_map(Act::Delete),
        8 => (cursor, 0..8_i64).prop_map(|(cursor, seq)| Act::Advance(cursor, seq)),
        2 => (setting(), setting(), proptest::option::weighted(0.1, any::<bool>()))
            .prop_map(|(archived, muted, blocked)| Act::Configure(Settings { archived, muted, blocked })),
    ];
    let role = prop_oneof![Just(Role::Buyer), Just(Role::Seller)];
    proptest::collection::vec((0..2_usize, role, act), 20..60)
}

/// One of the two worlds: its people, and their seats in two conversations.
struct World<'a> {
    stage: &'a Stage,
    people: [UserId; 2],
    seats: Vec<[Seat; 2]>,
    sent: Vec<Draft>,
    words: u32,
}

impl<'a> World<'a> {
    async fn new(stage: &'a Stage, name: &str) -> Self {
        let people = [
            stage.person(&format!("ann-{name}")).await,
            stage.person(&format!("bob-{name}")).await,
        ];
        let mut seats = Vec::new();
        for [buyer, seller] in [[0, 1], [1, 0]] {
            let id = stage.open(&people[buyer], &people[seller], None).await;
            seats.push([
                stage.seat(id, &people[buyer]).await,
                stage.seat(id, &people[seller]).await,
            ]);
        }
        Self {
            stage,
            people,
            seats,
            sent: Vec::new(),
            words: 0,
        }
    }

    /// Which of the conversations an act is about.
    fn talk(&self, (talk, _, act): &Step) -> usize {
        let Act::Retry(n) = act else { return *talk };
        let seat = self.sent.get(*n).map(Draft::seat);
        seat.map_or(*talk, |seat| {
            usize::from(self.seats[0][0].conversation() != seat.conversation())
        })
    }

    /// An act that is not begun yet. Its answer is words in which the two worlds do not differ.
    fn act(&mut self, (talk, role, act): &Step) -> Begun<String> {
        let seat = &self.seats[*talk][usize::from(*role == Role::Seller)];
        let (store, people) = (self.stage.store.clone(), self.people.clone());
        self.words += 1;
        let words = text(&format!("words {}", self.words));
        let answer = move |message: Message| outline(&people, &message);
        match act {
            Act::Retry(n) if self.sent.get(*n).is_some() => {
                let draft = self.sent[*n].clone();
                Box::pin(async move {
                    let appended = store.append(draft).await?;
                    let message = answer(appended.message);
                    Ok(format!("{} {message}", appended.duplicate))
                })
            }
            Act::Send | Act::Retry(_) => {
                let draft = seat.write(ClientId::new(), words).unwrap();
                self.sent.push(draft.clone());
                Box::pin(async move {
                    let appended = store.append(draft).await?;
                    let message = answer(appended.message);
                    Ok(format!("{} {message}", appended.duplicate))
                })
            }
            Act::Edit(seq, revision) => {
                let edit = seat
                    .edit(Seq::new(*seq), Revision::new(*revision), words)
                    .unwrap();
                Box::pin(async move { store.edit(edit).await.map(answer) })
            }
            Act::Delete(seq) => {
                let deletion = seat.delete(Seq::new(*seq));
                Box::pin(async move { store.delete(deletion).await.map(answer) })
            }
            Act::Advance(cursor, seq) => {
                let advance = seat.advance(*cursor, Seq::new(*seq));
                Box::pin(async move { store.advance(advance).await.map(|s| format!("{s:?}")) })
            }
            Act::Configure(settings) => {
                let change = seat.set(*settings);
                Box::pin(async move {
                    let view = store.configure(change).await?;
                    Ok(format!(
                        "{} {} {} {:?} {:?}",
                        view.archived, view.muted, view.unread_count, view.blocked, view.last_seq
                    ))
                })
            }
        }
    }

    /// What both see and were told, in the same words.
    async fn sees(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (seats, person) in self.seats.iter().flat_map(|s| [(s, 0), (s, 1)]) {
            let view = self.stage.store.view(&seats[person]).await.unwrap();
            let last = view.last_message.as_ref();
            lines.push(format!(
                "{:?} {:?} {:?} {:?} {:?} {} {} {} {:?} {:?}",
                view.last_seq,
                view.read_seq,
                view.delivered_seq,
                view.counterpart_read_seq,
                view.counterpart_delivered_seq,
                view.unread_count,
                view.archived,
                view.muted,
                view.blocked,
                last.map(|message| outline(&self.people, message)),
            ));
            let id = seats[person].conversation();
            for message in self.stage.history(id, &self.people[0]).await {
                lines.push(outline(&self.people, &message));
            }
        }
        for person in &self.people {
            let unread = self.stage.store.unread(person).await.unwrap();
            lines.push(format!("{unread:?}"));
            for heard in self.stage.witness.heard_by(person) {
                let what = match &heard.event {
                    Event::MessageCreated(message) => {
                        format!("created {}", outline(&self.people, message))
                    }
                    Event::MessageUpdated(message) => {
                        format!("updated {}", outline(&self.people, message))
                    }
                    Event::ConversationCreated(view) => format!("opened {:?}", view.last_seq),
                    Event::ConversationUpdated(view) => {
                        format!("set {} {} {:?}", view.archived, view.muted, view.blocked)
                    }
                    Event::CursorMoved {
                        read_seq,
                        delivered_seq,
                        ..
                    } => format!("moved {read_seq} {delivered_seq}"),
                };
                lines.push(format!("{:?} {:?} {what}", heard.position, heard.unread));
            }
            let logged = self.stage.events(person).await.len();
            lines.push(format!("{logged} events"));
        }
        lines
    }
}

/// A message without what differs in the two worlds: ids, names and times.
fn outline(people: &[UserId; 2], message: &Message) -> String {
    format!(
        "{} of {:?}: {:?} {:?} {:?} {} {}",
        message.seq,
        people.iter().position(|id| *id == message.sender),
        message.revision,
        message.content,
        message.status,
        message.edited_at.is_some(),
        message.deleted_at.is_some(),
    )
}

/// Of acts that wait together, those that need locks are done after the others, and with them what came
/// after them about the same conversation.
fn needs_locks(act: &Act) -> bool {
    matches!(act, Act::Edit(..) | Act::Delete(_) | Act::Configure(_))
}

fn in_words(answer: Result<String, Error>) -> String {
    answer.unwrap_or_else(|refused| refused.code().to_owned())
}

async fn what_is_done_in_one_batch_is_what_is_done_one_by_one(stage: &Stage) {
    let bystanders = [stage.person("eve").await, stage.person("dan").await];
    let id = stage.open(&bystanders[0], &bystanders[1], None).await;
    let mut runner = TestRunner::deterministic();
    for case in 0..40 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut alone = World::new(stage, &format!("alone-{case}")).await;
        let mut expected = Vec::new();
        for steps in steps.chunks(8) {
            let mut late = BTreeSet::new();
            let mut acts = Vec::new();
            for (place, step) in steps.iter().enumerate() {
                let talk = alone.talk(step);
                if needs_locks(&step.2) {
                    late.insert(talk);
                }
                acts.push((late.contains(&talk), place, alone.act(step)));
            }
            acts.sort_by_key(|(is_late, place, _)| (*is_late, *place));
            let mut said = vec![String::new(); steps.len()];
            for (_, place, act) in acts {
                said[place] = in_words(act.await);
            }
            expected.extend(said);
        }
        let mut together = World::new(stage, &format!("together-{case}")).await;
        let mut expected = expected.into_iter();
        // Several batches, so that one meets what another has stored.
        for steps in steps.chunks(8) {
            let draft = stage.draft(id, &bystanders[0], "meanwhile").await;
            let store = stage.store.clone();
            stage.witness.hold();
            let meanwhile = begin(async move { store.append(draft).await });
            stage.witness.until_held();
            let begun: Vec<_> = steps.iter().map(|step| begin(together.act(step))).collect();
            stage.witness.release();
            meanwhile.await.unwrap();
            for (answer, step) in begun.into_iter().zip(steps) {
                let answer = in_words(answer.await);
                assert_eq!(Some(answer), expected.next(), "{step:?} of {steps:?}");
            }
        }
        assert_eq!(together.sees().await, alone.sees().await, "{steps:?}");
    }
}

async fn what_a_batch_deletes_is_not_unread_for_its_other_acts(stage: &Stage) {
    let mut world = World::new(stage, "x").await;
    for _ in 0..4 {
        world.act(&(0, Role::Buyer, Act::Send)).await.unwrap();
    }
    stage.witness.hold();
    let held = begin(world.act(&(1, Role::Buyer, Act::Send)));
    stage.witness.until_held();
    let deleted = begin(world.act(&(0, Role::Buyer, Act::Delete(3))));
    let seat = world.seats[0][1].clone();
    let (store, advance) = (stage.store.clone(), seat.advance(Cursor::Read, Seq::new(1)));
    let read = begin(async move { store.advance(advance).await });
    stage.witness.release();
    held.await.unwrap();
    deleted.await.unwrap();
    let reader = read.await.unwrap();
    assert_eq!((reader.read_seq, reader.unread_count), (Seq::new(1), 2));
}
