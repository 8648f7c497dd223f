//! Words, as a search sees them: accents and case ignored, the same on every database.
//!
//! Stores index exactly the words that [`index_terms`] gives and are asked for exactly those of a
//! [`SearchQuery`], so what is found does not depend on a database's own idea of a word.

use std::ops::Range;

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

use crate::{error::Fault, id::UserId};

/// The longest query, in code points.
pub const MAX_QUERY: usize = 200;

/// Longer words are found by their first so many characters.
const MAX_WORD: usize = 64;

/// How many bytes of a text there are for each of its words, as a rule.
const USUAL_WORD: usize = 6;

/// Folds a text for comparison: compatibility forms, case, accents and ligatures go.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        fold_into(c, &mut |plain| folded.push(plain));
    }
    folded
}

/// Character by character: what an order of marks would change goes anyway.
fn fold_into(c: char, push: &mut impl FnMut(char)) {
    if c.is_ascii() {
        push(c.to_ascii_lowercase());
    } else {
        decompose_compatible(c, |part| {
            for lower in part.to_lowercase() {
                decompose_compatible(lower, |plain| push_plain(plain, push));
            }
        });
    }
}

fn push_plain(c: char, push: &mut impl FnMut(char)) {
    let plain = match c {
        'œ' => "oe",
        'æ' => "ae",
        'ß' => "ss",
        'ø' => "o",
        'đ' => "d",
        'ł' => "l",
        'ı' => "i",
        mark if is_combining_mark(mark) => "",
        other => return push(other),
    };
    plain.chars().for_each(push);
}

/// Scripts that put no space between words: there each character is a word.
const fn stands_alone(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// The words of a text, folded, in the order in which they stand there.
struct Words {
    /// All of them, one after the other: every message is taken apart, and nothing is allocated for each word.
    folded: String,
    words: Vec<Word>,
}

struct Word {
    /// Where it is among the folded ones, in bytes.
    folded: Range<usize>,
    /// Where it stands in the text, in code points.
    span: Range<usize>,
}

impl Words {
    fn of(text: &str) -> Self {
        let mut words = Self {
            folded: String::with_capacity(text.len()),
            words: Vec::with_capacity(text.len() / USUAL_WORD),
        };
        let mut begun = None;
        let mut end = 0;
        for (at, c) in text.chars().enumerate() {
            // Most are ASCII, of which nothing has to be looked up.
            let rare = !c.is_ascii();
            let alone = rare && stands_alone(c);
            let belongs = c.is_alphanumeric() || rare && begun.is_some() && is_combining_mark(c);
            if alone || !belongs {
                words.finish(&mut begun, at);
            }
            if belongs {
                let word = begun.get_or_insert(Begun {
                    folded: words.folded.len(),
                    start: at,
                    length: 0,
                });
                word.push(c, &mut words.folded);
            }
            end = at + 1;
            if alone {
                words.finish(&mut begun, end);
            }
        }
        words.finish(&mut begun, end);
        words
    }

    fn finish(&mut self, begun: &mut Option<Begun>, end: usize) {
        if let Some(Begun { folded, start, .. }) = begun.take()
            && folded < self.folded.len()
        {
            self.words.push(Word {
                folded: folded..self.folded.len(),
                span: start..end,
            });
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &Range<usize>)> {
        let words = self.words.iter();
        words.filter_map(|word| Some((self.folded.get(word.folded.clone())?, &word.span)))
    }
}

/// A word whose end has not come.
struct Begun {
    /// Where it begins among the folded ones, in bytes.
    folded: usize,
    /// Where it begins in the text, in code points.
    start: usize,
    /// How many characters it has, folded.
    length: usize,
}

impl Begun {
    fn push(&mut self, c: char, folded: &mut String) {
        fold_into(c, &mut |plain| {
            if self.length < MAX_WORD && plain.is_alphanumeric() {
                folded.push(plain);
                self.length += 1;
            }
        });
    }
}

/// The distinct words of a text, for an index; separated by spaces, which none of them has.
pub fn index_terms(text: &str) -> String {
    let words = Words::of(text);
    let mut terms: Vec<_> = words.iter().map(|(word, _)| word).collect();
    terms.sort_unstable();
    terms.dedup();
    terms.join(" ")
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
            terms: Words::of(query)
                .iter()
                .map(|(word, _)| word.to_owned())
                .collect(),
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
        Words::of(text)
            .iter()
            .filter(|(word, _)| word.starts_with(last) || firsts.iter().any(|first| first == word))
            .map(|(_, span)| (span.start, span.end))
            .collect()
    }

    /// Whether a text matches: what every store must agree with.
    pub fn matches(&self, text: &str) -> bool {
        let Some((last, firsts)) = self.terms.split_last() else {
            return false;
        };
        let words = Words::of(text);
        firsts
            .iter()
            .all(|first| words.iter().any(|(word, _)| word == first))
            && words.iter().any(|(word, _)| word.starts_with(last))
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
    fn an_index_gets_each_word_once_and_of_long_ones_the_beginning() {
        for (text, terms) in [
            ("Vélo, vélo ! Un VELO.", "un velo"),
            ("我在北京, 3 ans", "3 ans 京 北 在 我"),
            ("e\u{301}t \u{301} ²", "2 et"),
            ("?! …", ""),
        ] {
            assert_eq!(index_terms(text), terms, "{text}");
        }
        for (letter, folded) in [("x", "x"), ("É", "e"), ("œ", "oe")] {
            let longest = folded.repeat(MAX_WORD / folded.len());
            assert_eq!(index_terms(&letter.repeat(MAX_WORD + 1)), longest);
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
            push_plain(c, &mut |plain| folded.push(plain));
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
            prop_assert!(index_terms(&text).chars().all(|c| c == ' ' || c.is_alphanumeric()));
        }
    }
}
