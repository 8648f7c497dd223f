//! Ids, cursors, texts, names, addresses and what is searched for.

use messaging_api::wire::cursor;
use messaging_domain::{
    ClientId, ConversationId, DisplayName, Email, Epoch, ProductId, ProductStatus, SearchQuery,
    Text, Timestamp, UserId, directory, search,
};
use proptest::prelude::*;

use super::hunt_text;

#[test]
fn an_id_reads_back_as_it_was_written() {
    hunt_text(include_str!("../corpus/ids"), |text| {
        if let Ok(id) = UserId::parse(text) {
            assert_eq!(id.as_str(), text);
            assert!((1..=128).contains(&text.chars().count()));
            assert!(!text.chars().any(|c| c.is_whitespace() || c.is_control()));
        }
        assert_eq!(UserId::parse(text).is_ok(), ProductId::parse(text).is_ok());
        for written in [
            ConversationId::parse(text).map(|id| id.to_string()),
            ClientId::parse(text).map(|id| id.to_string()),
        ]
        .into_iter()
        .flatten()
        {
            assert_eq!(written, text.to_lowercase());
        }
        if let Ok(epoch) = Epoch::parse(text) {
            assert_eq!(epoch.to_string(), text.to_lowercase());
        }
        if let Ok(status) = ProductStatus::parse(text) {
            assert_eq!(status.as_str(), text);
        }
    });
}

#[test]
fn a_cursor_is_one_that_was_written_here() {
    hunt_text(include_str!("../corpus/cursors"), |text| {
        let inbox = cursor::parse_inbox(text);
        let search = cursor::parse_search(text);
        assert!(inbox.is_err() || search.is_err(), "it is of one list only");
        if let Ok(read) = inbox {
            assert_eq!(cursor::inbox(read), text);
        }
        if let Ok(read) = search {
            assert_eq!(cursor::search(read), text);
            assert!(read.seq.get() >= 1);
        }
    });
}

/// What the contract says of a text, in its own words.
fn is_a_text(text: &str) -> bool {
    let text = text.replace("\r\n", "\n");
    let length = text.trim().chars().count();
    let control = |c: char| c.is_control() && c != '\n' && c != '\t';
    (1..=4_000).contains(&length) && !text.chars().any(control)
}

#[test]
fn a_text_is_taken_exactly_when_the_contract_says_so_and_only_once_changed() {
    hunt_text(include_str!("../corpus/texts"), |text| {
        let parsed = Text::parse(text);
        assert_eq!(parsed.is_ok(), is_a_text(text), "{text:?}");
        if let Ok(parsed) = parsed {
            assert_eq!(parsed.as_str(), text.replace("\r\n", "\n").trim());
            assert_eq!(Text::parse(parsed.as_str()), Ok(parsed));
        }
    });
}

#[test]
fn a_search_marks_words_of_the_text_and_agrees_with_itself() {
    hunt_text(include_str!("../corpus/searches"), |input| {
        let (query, text) = input.split_once('|').unwrap_or((input, input));
        let folded = search::fold(text);
        assert_eq!(search::fold(&folded), folded, "folding is done at once");
        let Ok(query) = SearchQuery::parse(query) else {
            return;
        };
        assert!(!query.terms().iter().any(String::is_empty));
        let length = text.chars().count();
        let mut last = 0;
        let highlights = query.highlights(text);
        for (start, end) in &highlights {
            assert!(last <= *start && start < end && *end <= length, "{text:?}");
            last = *end;
        }
        assert!(!query.matches(text) || !highlights.is_empty(), "{text:?}");
    });
}

#[test]
fn what_a_directory_takes_is_safe_to_show() {
    hunt_text(include_str!("../corpus/directory"), |text| {
        if let Ok(url) = directory::parse_url(text) {
            let lower = url.to_ascii_lowercase();
            let to_a_host = lower.starts_with("http://") || lower.starts_with("https://");
            let in_the_site = url.starts_with('/') && !url[1..].starts_with(['/', '\\']);
            assert!(to_a_host || in_the_site, "{url:?}");
            assert!(
                url.len() <= 2_048 && !url.chars().any(|c| c.is_whitespace() || c.is_control())
            );
        }
        if let Ok(title) = directory::parse_title(text) {
            assert_eq!(directory::parse_title(&title).as_ref(), Ok(&title));
            assert!((1..=300).contains(&title.chars().count()) && !title.contains(['\n', '\0']));
        }
        if let Ok(name) = DisplayName::parse(text) {
            assert_eq!(DisplayName::parse(name.as_str()).as_ref(), Ok(&name));
            assert!(!name.as_str().contains(['\u{202E}', '\u{2066}', '\n', '\0']));
        }
        if let Ok(email) = Email::parse(text) {
            assert_eq!(Email::parse(email.as_str()).ok().as_ref(), Some(&email));
        }
        if let Ok(currency) = directory::parse_currency(text) {
            assert!(currency.len() == 3 && currency.bytes().all(|b| b.is_ascii_uppercase()));
        }
        if let Ok(locale) = directory::parse_locale(text) {
            assert!((2..=35).contains(&locale.len()) && locale.is_ascii());
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Nothing reads a moment from outside but the cursors, as a number; and it is written as RFC 3339.
    #[test]
    fn a_moment_is_written_so_that_its_text_orders_as_it_does(
        a in 0..253_402_300_800_000_000_i64, b in 0..253_402_300_800_000_000_i64, any in any::<i64>(),
    ) {
        let written = |microseconds| Timestamp::from_microseconds(microseconds).to_string();
        prop_assert_eq!(written(a).len(), "2026-11-24T02:07:08.123456Z".len());
        prop_assert_eq!(written(a).cmp(&written(b)), a.cmp(&b));
        prop_assert!(written(any).ends_with('Z'));
    }
}
