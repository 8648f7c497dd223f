//! Words, as a search sees them: accents and case ignored, the same on every database.
//!
//! Stores index exactly the words that [`index_terms`] gives and are asked for exactly those of a
//! [`SearchQuery`], so what is found does not depend on a database's own idea of a word.

use std::collections::BTreeSet;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::{error::Fault, id::UserId};

/// The longest query, in code points.
pub const MAX_QUERY: usize = 200;

/// Longer words are found by their first so many characters.
const MAX_WORD: usize = 64;

/// Folds a text for comparison: compatibility forms, case, accents and ligatures go.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            folded.push(c.to_ascii_lowercase());
        } else {
            // Character by character: what an order of marks would change goes anyway.
            decompose_compatible(c, |part| {
                for lower in part.to_lowercase() {
                    decompose_compatible(lower, |plain| push_plain(&mut folded, plain));
                }
            });
        }
    }
    folded
}

fn push_plain(folded: &mut String, c: char) {
    match c {
        'œ' => folded.push_str("oe"),
        'æ' => folded.push_str("ae"),
        'ß' => folded.push_str("ss"),
        'ø' => folded.push('o'),
        'đ' => folded.push('d'),
        'ł' => folded.push('l'),
        'ı' => folded.push('i'),
        mark if is_combining_mark(mark) => {}
        other => folded.push(other),
    }
}

/// A word of a text, with where it stands.
struct Word {
    folded: String,
    /// In code points of the text; the end is exclusive.
    span: (usize, usize),
}

/// Scripts that put no space between words: there each character is a word.
const fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut start = 0;
    let finish = |word: &mut String, start: usize, end: usize, words: &mut Vec<Word>| {
        let folded: String = fold(word)
            .chars()
            .filter(|c| c.is_alphanumeric())
            .take(MAX_WORD)
            .collect();
        if !folded.is_empty() {
            words.push(Word {
                folded,
                span: (start, end),
            });
        }
        word.clear();
    };
    let mut at = 0;
    for c in text.chars() {
        if stands_alone(c) {
            finish(&mut word, start, at, &mut words);
            word.push(c);
            finish(&mut word, at, at + 1, &mut words);
        } else if c.is_alphanumeric() || (is_combining_mark(c) && !word.is_empty()) {
            if word.is_empty() {
                start = at;
            }
            word.push(c);
        } else {
            finish(&mut word, start, at, &mut words);
        }
        at += 1;
    }
    finish(&mut word, start, at, &mut words);
    words
}

/// The distinct words of a text, for an index.
pub fn index_terms(text: &str) -> BTreeSet<String> {
    words(text).into_iter().map(|word| word.folded).collect()
}

/// A word that stands for a person in an index, so that a search touches only that person's
/// messages. No text can hold it and no search find it, not even by its beginning: words have no
/// underscore, and this begins with one.
pub fn person_term(user: &UserId) -> String {
    let mut term = String::with_capacity(1 + 2 * user.as_str().len());
    term.push('_');
    for byte in user.as_str().bytes() {
        let digits = [byte >> 4, byte & 0xF];
        term.extend(digits.map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
    }
    term
}

/// What somebody searches for: all words must occur, the last one also as the beginning of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    phrase: String,
    terms: Vec<String>,
}

impl SearchQuery {
    /// Takes 1 to 200 code points.
    ///
    /// # Errors
    /// A [`Fault`] when nothing is left after trimming, when it is longer, or when it holds a NUL.
    pub fn parse(query: &str) -> Result<Self, Fault> {
        if query.chars().nth(MAX_QUERY).is_some() {
            return Err(Fault::too_long("a query has 200 characters at most"));
        }
        let query = query.trim();
        if query.is_empty() || query.contains('\0') {
            return Err(Fault::invalid("a query is 1 to 200 characters"));
        }
        Ok(Self {
            phrase: fold(query),
            terms: words(query).into_iter().map(|word| word.folded).collect(),
        })
    }

    /// The whole query, folded: for titles and names, in which it may occur anywhere.
    pub fn phrase(&self) -> &str {
        &self.phrase
    }

    /// The folded words. None when the query has only punctuation: then no message matches.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// Which words of a text match: start and exclusive end, in code points of the text.
    pub fn highlights(&self, text: &str) -> Vec<(usize, usize)> {
        let Some((last, firsts)) = self.terms.split_last() else {
            return Vec::new();
        };
        words(text)
            .into_iter()
            .filter(|word| word.folded.starts_with(last) || firsts.contains(&word.folded))
            .map(|word| word.span)
            .collect()
    }

    /// Whether a text matches: what every store must agree with.
    pub fn matches(&self, text: &str) -> bool {
        let Some((last, firsts)) = self.terms.split_last() else {
            return false;
        };
        let terms = index_terms(text);
        firsts.iter().all(|word| terms.contains(word))
            && terms.iter().any(|term| term.starts_with(last))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use unicode_normalization::UnicodeNormalization as _;

    use super::*;

    fn query(text: &str) -> SearchQuery {
        SearchQuery::parse(text).unwrap()
    }

    #[test]
    fn accents_case_and_ligatures_are_ignored() {
        for (text, sought) in [
            ("Le Vélo est là", "velo"),
            ("le velo", "VÉLO"),
            ("un cœur", "coeur"),
            ("un coeur", "cœur"),
            ("e\u{301}cran", "ecran"),
            ("Straße", "strasse"),
            ("l'écran", "ecran"),
            ("FULL Ｗｉｄｔｈ", "width"),
        ] {
            assert!(query(sought).matches(text), "{sought} in {text}");
        }
    }

    #[test]
    fn a_person_is_a_word_of_their_id_s_bytes() {
        assert_eq!(
            person_term(&UserId::restore("ann\u{e9}.7")),
            "_616e6ec3a92e37"
        );
    }

    /// As Unicode has it: the whole text in its compatibility form, in lower case, and once more.
    fn by_the_book(text: &str) -> String {
        let lower: String = text.nfkd().flat_map(char::to_lowercase).collect();
        let mut folded = String::new();
        for c in lower.nfkd() {
            push_plain(&mut folded, c);
        }
        folded
    }

    #[test]
    fn each_character_is_folded_as_unicode_has_it() {
        for c in ('\0'..=char::MAX).map(String::from) {
            assert_eq!(fold(&c), by_the_book(&c), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_is_folded_as_unicode_has_it(text in "\\PC{0,40}", marked in "[a-zA-Zéß\u{300}-\u{330}\u{1100}-\u{11ff}]{0,20}") {
            for text in [text, marked] {
                prop_assert_eq!(fold(&text), by_the_book(&text));
            }
        }
    }

    #[test]
    fn all_words_must_occur_and_the_last_may_be_a_beginning() {
        assert!(query("bleu vél").matches("un vélo bleu"));
        assert!(!query("vél bleu").matches("un vélo bleu"));
        assert!(!query("rouge vélo").matches("un vélo bleu"));
        assert!(query("北京").matches("我在北京"));
        assert!(!query("...").matches("un vélo bleu ..."));
    }

    #[test]
    fn highlights_are_whole_words_in_code_points() {
        assert_eq!(query("vel").highlights("😀 vélo, Vélos"), [(2, 6), (8, 13)]);
        assert_eq!(
            query("un bleu").highlights("un vélo bleu"),
            [(0, 2), (8, 12)]
        );
        assert_eq!(query("e").highlights("e\u{301}t"), [(0, 3)]);
    }

    #[test]
    fn operators_of_databases_are_plain_text() {
        for odd in [
            "a & b | !c",
            "\"x\" OR NEAR(y)",
            "100% _",
            "'; DROP TABLE messages",
            "a:*",
            "*",
        ] {
            let _ = query(odd).matches(odd);
        }
        assert!(SearchQuery::parse("  ").is_err());
        assert!(SearchQuery::parse("a\0b").is_err());
        assert!(SearchQuery::parse(&"x".repeat(201)).is_err());
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,40}") {
            prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }

        #[test]
        fn what_matches_is_highlighted_within_the_text(text in "\\PC{0,60}", sought in "\\PC{1,8}") {
            if let Ok(query) = SearchQuery::parse(&sought) {
                let length = text.chars().count();
                let highlights = query.highlights(&text);
                prop_assert!(highlights.iter().all(|(start, end)| start < end && *end <= length));
                prop_assert!(!query.matches(&text) || !highlights.is_empty());
            }
        }

        #[test]
        fn index_terms_hold_nothing_that_a_database_would_split(text in "\\PC{0,60}") {
            prop_assert!(index_terms(&text).iter().all(|term| term.chars().all(char::is_alphanumeric)));
        }
    }
}
