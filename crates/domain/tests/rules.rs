//! The rules of a conversation against a naive model: random acts, and after each one everything
//! that a participant sees must follow from the plain list of what was said.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::{collections::BTreeMap, time::Duration};

use messaging_domain::{
    Advance, Audience, ClientId, Content, Conversation, ConversationId, Cursor, EDIT_WINDOW, Error,
    Fact, Message, Opening, Revision, Role, Seat, Seq, Settings, Status, Text, Timestamp, UserId,
};
use proptest::prelude::*;

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn text(words: &str) -> Content {
    Content::Text(Text::parse(words).unwrap())
}

fn start() -> Conversation {
    let opening = Opening::new(user("ann"), user("bob"), None, None).unwrap();
    let (conversation, told) = Conversation::open(
        &opening,
        ConversationId::new(),
        (false, false),
        Timestamp::from_microseconds(0),
    )
    .unwrap();
    assert_eq!(told.len(), 1);
    conversation
}

fn seat(conversation: &Conversation, role: Role) -> Seat {
    conversation
        .participants()
        .seat_of(&conversation.side(role).user)
        .unwrap()
}

fn send(conversation: &mut Conversation, role: Role, now: Timestamp) -> Result<Message, Error> {
    let draft = seat(conversation, role)
        .write(ClientId::new(), text("hello"))
        .unwrap();
    conversation.append(&draft, now).map(|(message, _)| message)
}

#[derive(Debug, Clone)]
enum Act {
    Send(Role),
    Edit(Role, i64, i64),
    Delete(Role, i64),
    Advance(Role, Cursor, i64),
    Configure(Role, Settings),
    Block(Role, bool),
    Wait(u64),
}

fn roles() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Buyer), Just(Role::Seller)]
}

fn acts() -> impl Strategy<Value = Act> {
    let setting = || proptest::option::of(any::<bool>());
    prop_oneof![
        6 => roles().prop_map(Act::Send),
        2 => (roles(), 0..12_i64, 1..3_i64).prop_map(|(role, seq, revision)| Act::Edit(role, seq, revision)),
        2 => (roles(), 0..12_i64).prop_map(|(role, seq)| Act::Delete(role, seq)),
        4 => (roles(), prop_oneof![Just(Cursor::Read), Just(Cursor::Delivered)], 0..15_i64)
            .prop_map(|(role, cursor, seq)| Act::Advance(role, cursor, seq)),
        1 => (roles(), setting(), setting())
            .prop_map(|(role, archived, muted)| Act::Configure(role, Settings { archived, muted, blocked: None })),
        1 => (roles(), any::<bool>()).prop_map(|(role, blocking)| Act::Block(role, blocking)),
        1 => (1..1_200_u64).prop_map(Act::Wait),
    ]
}

/// What was said, and nothing derived from it.
struct Model {
    messages: Vec<Message>,
    read: [i64; 2],
    delivered: [i64; 2],
    blocking: [bool; 2],
    now: Timestamp,
}

const fn index(role: Role) -> usize {
    match role {
        Role::Buyer => 0,
        Role::Seller => 1,
    }
}

impl Model {
    fn message(&self, seq: i64) -> Option<&Message> {
        self.messages
            .iter()
            .find(|message| message.seq.get() == seq)
    }

    fn unread(&self, role: Role, conversation: &Conversation) -> i64 {
        let reader = &conversation.side(role).user;
        let count = self
            .messages
            .iter()
            .filter(|m| {
                m.sender != *reader && !m.is_deleted() && m.seq.get() > self.read[index(role)]
            })
            .count();
        i64::try_from(count).unwrap()
    }

    fn blocked(&self) -> bool {
        self.blocking.contains(&true)
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each act reads best in one place"
    )]
    fn apply(&mut self, conversation: &mut Conversation, act: &Act) {
        let last = i64::try_from(self.messages.len()).unwrap();
        match *act {
            Act::Wait(seconds) => self.now = self.now.plus(Duration::from_secs(seconds)),
            Act::Send(role) => {
                let was_archived = conversation.side(role.other()).archived;
                let draft = seat(conversation, role)
                    .write(ClientId::new(), text("hello"))
                    .unwrap();
                match conversation.append(&draft, self.now) {
                    Ok((message, told)) => {
                        assert!(!self.blocked(), "a blocked pair cannot write");
                        assert_eq!(message.seq.get(), last + 1, "places have no gaps");
                        assert_eq!(told[0].fact, Fact::MessageCreated(message.seq));
                        assert_eq!(told[0].audience, Audience::Both);
                        assert_eq!(
                            told.len(),
                            1 + usize::from(was_archived),
                            "coming out of the archive is told"
                        );
                        assert!(!conversation.side(role.other()).archived);
                        self.messages.push(message);
                    }
                    Err(error) => assert!(self.blocked(), "{error}"),
                }
            }
            Act::Edit(role, seq, revision) => {
                let Some(current) = self.message(seq).cloned() else {
                    return;
                };
                let seat = seat(conversation, role);
                let edit = seat
                    .edit(current.seq, Revision::new(revision), text("other words"))
                    .unwrap();
                let expected = if current.sender != *seat.user() {
                    Some("forbidden")
                } else if current.is_deleted() || current.revision.get() != revision {
                    Some("stale_revision")
                } else if self.now.since(current.created_at) > EDIT_WINDOW {
                    Some("edit_window_over")
                } else {
                    self.blocked().then_some("blocked")
                };
                match conversation.edit(&edit, &current, self.now) {
                    Ok((message, _)) => {
                        assert_eq!(expected, None);
                        assert_eq!(message.revision, current.revision.next());
                        self.replace(message);
                    }
                    Err(error) => assert_eq!(Some(error.code()), expected),
                }
            }
            Act::Delete(role, seq) => {
                let Some(current) = self.message(seq).cloned() else {
                    return;
                };
                let seat = seat(conversation, role);
                match conversation.delete(&seat.delete(current.seq), &current, self.now) {
                    Ok((message, told)) => {
                        assert!(message.is_deleted());
                        assert_eq!(
                            told.is_empty(),
                            current.is_deleted(),
                            "a deletion is told once"
                        );
                        self.replace(message);
                    }
                    Err(error) => assert_eq!(
                        (error.code(), current.sender == *seat.user()),
                        ("forbidden", false)
                    ),
                }
            }
            Act::Advance(role, cursor, seq) => {
                let advance: Advance = seat(conversation, role).advance(cursor, Seq::new(seq));
                let to = seq.min(last);
                let moved = match cursor {
                    Cursor::Read => to > self.read[index(role)],
                    Cursor::Delivered => to > self.delivered[index(role)],
                };
                if moved {
                    self.delivered[index(role)] = self.delivered[index(role)].max(to);
                    if cursor == Cursor::Read {
                        self.read[index(role)] = to;
                    }
                }
                let told = conversation.advance(&advance, self.unread(role, conversation));
                assert_eq!(!told.is_empty(), moved, "only a cursor that moved is told");
            }
            Act::Configure(role, settings) => {
                conversation.configure(&seat(conversation, role).set(settings));
                let side = conversation.side(role);
                assert!(
                    settings
                        .archived
                        .is_none_or(|archived| side.archived == archived)
                );
                assert!(settings.muted.is_none_or(|muted| side.muted == muted));
            }
            Act::Block(role, blocking) => {
                let told = conversation.block(role, blocking);
                assert_eq!(told.is_empty(), self.blocking[index(role)] == blocking);
                self.blocking[index(role)] = blocking;
            }
        }
    }

    fn replace(&mut self, message: Message) {
        let at = usize::try_from(message.seq.get() - 1).unwrap();
        self.messages[at] = message;
    }

    fn compare(&self, conversation: &Conversation) {
        for role in [Role::Buyer, Role::Seller] {
            let side = conversation.side(role);
            assert_eq!(
                side.unread,
                self.unread(role, conversation),
                "unread equals a recount for {role:?}"
            );
            assert_eq!(side.read_seq.get(), self.read[index(role)]);
            assert_eq!(side.delivered_seq.get(), self.delivered[index(role)]);
            assert!(
                side.delivered_seq >= side.read_seq && side.delivered_seq <= conversation.last_seq
            );
            assert_eq!(
                side.badge(),
                if side.archived || side.muted {
                    0
                } else {
                    side.unread
                }
            );
        }
        for message in &self.messages {
            let receiver = usize::from(message.sender == conversation.buyer.user);
            let expected = if self.read[receiver] >= message.seq.get() {
                Status::Read
            } else if self.delivered[receiver] >= message.seq.get() {
                Status::Delivered
            } else {
                Status::Sent
            };
            assert_eq!(
                conversation.status_of(&message.sender, message.seq),
                expected
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_a_participant_sees_follows_from_what_was_said(acts in proptest::collection::vec(acts(), 1..60)) {
        let mut conversation = start();
        let mut model = Model {
            messages: Vec::new(),
            read: [0; 2],
            delivered: [0; 2],
            blocking: [false; 2],
            now: Timestamp::from_microseconds(1),
        };
        for act in &acts {
            model.apply(&mut conversation, act);
            model.compare(&conversation);
        }
    }
}

#[test]
fn an_outsider_has_no_seat() {
    let participants = start().participants();
    assert_eq!(
        participants.seat_of(&user("eve")).unwrap_err().code(),
        "not_found"
    );
}

#[test]
fn nobody_starts_a_conversation_with_themselves() {
    assert_eq!(
        Opening::new(user("ann"), user("ann"), None, None)
            .unwrap_err()
            .code(),
        "self_conversation"
    );
}

#[test]
fn a_block_is_not_evaded_by_a_new_conversation() {
    let opening = Opening::new(user("ann"), user("bob"), None, None).unwrap();
    for blocks in [(true, false), (false, true), (true, true)] {
        let refused = Conversation::open(&opening, ConversationId::new(), blocks, Timestamp::now());
        assert_eq!(refused.unwrap_err().code(), "blocked");
    }
}

#[test]
fn only_the_service_writes_its_own_kinds_of_content() {
    let seat = seat(&start(), Role::Buyer);
    for content in [
        Content::Deleted,
        Content::System {
            code: "sold".to_owned(),
            params: BTreeMap::default(),
        },
    ] {
        assert_eq!(
            seat.write(ClientId::new(), content.clone())
                .unwrap_err()
                .code(),
            "unsupported_content"
        );
        assert_eq!(
            seat.edit(Seq::new(1), Revision::new(1), content)
                .unwrap_err()
                .code(),
            "unsupported_content"
        );
    }
}

#[test]
fn a_text_can_be_edited_for_fifteen_minutes_to_the_microsecond() {
    let mut conversation = start();
    let sent_at = Timestamp::from_microseconds(1_000);
    let message = send(&mut conversation, Role::Buyer, sent_at).unwrap();
    let edit = seat(&conversation, Role::Buyer)
        .edit(message.seq, message.revision, text("better"))
        .unwrap();
    let last_moment = sent_at.plus(EDIT_WINDOW);
    assert!(conversation.edit(&edit, &message, last_moment).is_ok());
    let too_late = last_moment.plus(Duration::from_micros(1));
    assert_eq!(
        conversation
            .edit(&edit, &message, too_late)
            .unwrap_err()
            .code(),
        "edit_window_over"
    );
}

#[test]
fn an_edit_does_not_change_the_kind() {
    let mut conversation = start();
    let now = Timestamp::from_microseconds(1);
    let mut message = send(&mut conversation, Role::Buyer, now).unwrap();
    message.content = Content::System {
        code: "of_a_newer_version".to_owned(),
        params: BTreeMap::default(),
    };
    let edit = seat(&conversation, Role::Buyer)
        .edit(message.seq, message.revision, text("a text instead"))
        .unwrap();
    let refused = conversation.edit(&edit, &message, now).unwrap_err();
    assert_eq!(refused.code(), "unsupported_content");
}

#[test]
fn a_closed_conversation_takes_no_more_words_but_can_be_read_and_tidied() {
    let mut conversation = start();
    let message = send(
        &mut conversation,
        Role::Buyer,
        Timestamp::from_microseconds(1),
    )
    .unwrap();
    assert_eq!(conversation.close().len(), 1);
    assert!(conversation.close().is_empty());
    let refused = send(
        &mut conversation,
        Role::Seller,
        Timestamp::from_microseconds(2),
    );
    assert_eq!(refused.unwrap_err().code(), "conversation_closed");
    let read = seat(&conversation, Role::Seller).advance(Cursor::Read, message.seq);
    assert_eq!(conversation.advance(&read, 0).len(), 1);
    let deletion = seat(&conversation, Role::Buyer).delete(message.seq);
    assert!(
        conversation
            .delete(&deletion, &message, Timestamp::from_microseconds(3))
            .is_ok()
    );
}
