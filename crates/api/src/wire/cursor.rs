//! Cursors: where the next page begins, as one opaque word.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use messaging_domain::{ConversationId, Fault, InboxCursor, SearchCursor, Seq, Timestamp};

/// The last microsecond of the year 9999.
const LAST_MOMENT: i64 = 253_402_300_799_999_999;

/// Writes where the next page of an inbox begins.
pub fn inbox(cursor: InboxCursor) -> String {
    write(&[
        &format!("i{}", cursor.last_activity_at.as_microseconds()),
        &cursor.id.to_string(),
    ])
}

/// Reads it back.
///
/// # Errors
/// A [`Fault`] for anything that [`inbox`] did not write.
pub fn parse_inbox(word: &str) -> Result<InboxCursor, Fault> {
    let text = read(word)?;
    let parsed = text.split_once(' ').and_then(|(at, id)| {
        Some(InboxCursor {
            last_activity_at: moment(at.strip_prefix('i')?)?,
            id: conversation(id)?,
        })
    });
    parsed
        .filter(|cursor| inbox(*cursor) == word)
        .ok_or_else(unknown)
}

/// Writes where the next page of a search begins.
pub fn search(cursor: SearchCursor) -> String {
    let at = format!("s{}", cursor.created_at.as_microseconds());
    write(&[
        &at,
        &cursor.conversation.to_string(),
        &cursor.seq.to_string(),
    ])
}

/// Reads it back.
///
/// # Errors
/// A [`Fault`] for anything that [`search`] did not write.
pub fn parse_search(word: &str) -> Result<SearchCursor, Fault> {
    let text = read(word)?;
    let parsed = text.split_once(' ').and_then(|(at, rest)| {
        let (id, seq) = rest.split_once(' ')?;
        Some(SearchCursor {
            created_at: moment(at.strip_prefix('s')?)?,
            conversation: conversation(id)?,
            seq: Seq::new(seq.parse().ok().filter(|seq| *seq >= 1)?),
        })
    });
    parsed
        .filter(|cursor| search(*cursor) == word)
        .ok_or_else(unknown)
}

fn write(parts: &[&str]) -> String {
    URL_SAFE_NO_PAD.encode(parts.join(" "))
}

fn read(word: &str) -> Result<String, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(word).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(unknown)
}

/// A moment that a page can have given: one that every database knows.
fn moment(text: &str) -> Option<Timestamp> {
    let microseconds = text.parse().ok()?;
    (0..=LAST_MOMENT)
        .contains(&microseconds)
        .then(|| Timestamp::from_microseconds(microseconds))
}

fn conversation(text: &str) -> Option<ConversationId> {
    ConversationId::parse(text).ok()
}

fn unknown() -> Fault {
    Fault::invalid("this cursor is none that a page of this list gave")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_as_it_was_written() {
        let id = ConversationId::new();
        let at = Timestamp::from_microseconds(42);
        let page = InboxCursor {
            last_activity_at: at,
            id,
        };
        assert_eq!(parse_inbox(&inbox(page)).unwrap(), page);
        let hit = SearchCursor {
            created_at: at,
            conversation: id,
            seq: Seq::new(7),
        };
        assert_eq!(parse_search(&search(hit)).unwrap(), hit);
    }

    #[test]
    fn only_what_was_written_is_read() {
        let id = ConversationId::new();
        let page = InboxCursor {
            last_activity_at: Timestamp::now(),
            id,
        };
        let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
        for bad in [
            String::new(),
            "x".to_owned(),
            format!("{}=", inbox(page)),
            format!(" {}", inbox(page)),
            search(SearchCursor {
                created_at: Timestamp::now(),
                conversation: id,
                seq: Seq::new(1),
            }),
            encode(format!("i+5 {id}")),
            encode(format!("i5 {}", id.to_string().to_uppercase())),
            encode(format!("i5 {id} ")),
            encode("i5".to_owned()),
            encode("i99999999999999999999 x".to_owned()),
        ] {
            assert!(parse_inbox(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_cursor_names_a_moment_and_a_message_that_can_have_been() {
        let id = ConversationId::new();
        let encode = |text: String| URL_SAFE_NO_PAD.encode(text);
        for at in [0, 1, LAST_MOMENT] {
            assert!(parse_inbox(&encode(format!("i{at} {id}"))).is_ok(), "{at}");
            assert!(
                parse_search(&encode(format!("s{at} {id} 1"))).is_ok(),
                "{at}"
            );
        }
        for at in [i64::MIN, -1, LAST_MOMENT + 1, i64::MAX] {
            assert!(parse_inbox(&encode(format!("i{at} {id}"))).is_err(), "{at}");
            assert!(
                parse_search(&encode(format!("s{at} {id} 1"))).is_err(),
                "{at}"
            );
        }
        for seq in [i64::MIN, -1, 0] {
            assert!(
                parse_search(&encode(format!("s5 {id} {seq}"))).is_err(),
                "{seq}"
            );
        }
    }
}
