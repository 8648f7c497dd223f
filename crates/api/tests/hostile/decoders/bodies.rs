//! Frames of the socket, bodies and queries of HTTP.

use messaging_api::{
    problem::Problem,
    wire::{
        account::{LogIn, Refresh, Register},
        conversation::{ChangeSettings, MarkRead, MoveCursor, StartConversation},
        frame::client::{Command, Head},
        json,
        message::{EditMessage, SendMessage},
        product::PutProduct,
        query::{self, InboxParams, SearchParams, SyncParams, WindowParams},
        user::{EraseQuery, PutUser},
    },
};
use messaging_domain::{Content, Error, Settings, Text};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};

use super::{hunt, hunt_text};

/// Whether it is an object by the grammar (RFC 8259): what is passed over may hold what no text can.
fn is_object(input: &[u8]) -> bool {
    let begins = input.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    begins && serde_json::from_slice::<IgnoredAny>(input).is_ok()
}

/// A refusal is one of those that the contract has for a request that is not acceptable.
#[track_caller]
fn assert_refusal(problem: &Problem) {
    assert!(
        [400, 404, 422].contains(&problem.status),
        "{}: {}",
        problem.status,
        problem.detail
    );
    assert!(problem.status != 422 || !problem.errors.is_empty());
}

fn assert_text(content: &Content) {
    let Content::Text(text) = content else {
        panic!("nobody may send {content:?}")
    };
    assert_eq!(Text::parse(text.as_str()).as_ref(), Ok(text));
}

#[test]
fn a_frame_is_an_object_with_an_op_or_it_is_none() {
    hunt_text(include_str!("../corpus/frames"), |text| {
        let read = Head::read(text);
        assert!(read.is_err() || is_object(text.as_bytes()));
        if let Ok(fields) = serde_json::from_str::<Map<String, Value>>(text) {
            assert!(read.is_err() || fields["op"].is_string());
        }
        match read.map(|head| head.command(text)) {
            Ok(Err(problem)) => assert!(
                problem.code == "unknown_op" || {
                    assert_refusal(&problem);
                    true
                }
            ),
            Ok(Ok(Command::Send { content, .. } | Command::Edit { content, .. })) => {
                assert_text(&content);
            }
            // At 0 there never is a message: that is then not found, as it is by its path.
            Ok(Ok(
                Command::Read { seq, .. }
                | Command::Delivered { seq, .. }
                | Command::Delete { seq, .. },
            )) => assert!(seq.get() >= 0),
            Ok(Ok(_)) | Err(_) => {}
        }
    });
}

/// Reads a body as one shape and parses it; only objects are taken.
#[track_caller]
fn body<T: DeserializeOwned, U>(input: &[u8], parse: impl Fn(T) -> Result<U, Error>) -> Option<U> {
    match json::read::<T>(input) {
        Ok(read) => {
            assert!(is_object(input), "what is no object was read");
            match parse(read) {
                Ok(parsed) => Some(parsed),
                Err(error) => {
                    assert_refusal(&error.into());
                    None
                }
            }
        }
        Err(problem) => {
            assert_refusal(&problem);
            None
        }
    }
}

#[test]
fn a_body_is_what_its_type_says_or_is_refused_with_the_field() {
    hunt(include_str!("../corpus/bodies"), |input| {
        if let Some((_, _, content)) = body(input, SendMessage::parse) {
            assert_text(&content);
        }
        if let Some((revision, content)) = body(input, EditMessage::parse) {
            assert!(revision.get() >= 0);
            assert_text(&content);
        }
        if let Some((email, password, name)) = body(input, Register::parse) {
            assert!(email.as_str().len() <= 254 && email.as_str().contains('@'));
            assert!((8..=1_024).contains(&password.expose().len()));
            assert!(name.as_str().chars().count() <= 200);
        }
        if let Some(start) = body(input, StartConversation::parse)
            && let Some((_, content)) = start.first
        {
            assert_text(&content);
        }
        if let Some(seq) = body(input, MarkRead::parse) {
            assert!(seq.get() >= 0);
        }
        if let Some(product) = body(input, |product: PutProduct| product.parse("bike")) {
            assert!(product.price_minor.is_none_or(|price| price >= 0));
        }
        body(input, LogIn::parse);
        body(input, MoveCursor::parse);
        body(input, |user: PutUser| user.parse("ann"));
        body(input, |settings: ChangeSettings| {
            Ok(Settings::from(settings))
        });
        body(input, |refresh: Refresh| Ok(refresh.refresh_token));
    });
}

#[test]
fn a_query_is_within_its_bounds_or_is_refused() {
    hunt_text(include_str!("../corpus/queries"), |text| {
        if let Ok(inbox) = query::read::<InboxParams>(text).and_then(InboxParams::parse) {
            assert!((1..=100).contains(&inbox.limit));
        }
        if let Ok((_, limit)) = query::read::<WindowParams>(text).and_then(WindowParams::parse) {
            assert!((1..=200).contains(&limit));
        }
        if let Ok(search) = query::read::<SearchParams>(text).and_then(SearchParams::parse) {
            assert!((1..=100).contains(&search.limit));
        }
        if let Ok((since, _, limit)) = query::read::<SyncParams>(text).and_then(SyncParams::parse) {
            assert!(since.get() >= 0 && (1..=1_000).contains(&limit));
        }
        let _ = query::read::<EraseQuery>(text).and_then(EraseQuery::parse);
    });
}
