//! Texts to send: about a hundred characters of words that recur as those of people do, more or less.

/// Words in one text.
const WORDS: u64 = 14;

/// Different words that there are.
pub(crate) const VOCABULARY: u64 = 4_096;

/// The text with this number; the same each time. All are of the same length.
pub(crate) fn numbered(number: u64) -> String {
    // A step that shares no factor with the vocabulary, so that texts do not repeat soon.
    (0..WORDS)
        .map(|place| word(number * 769 + place * place * 97 + place * 31))
        .collect::<Vec<_>>()
        .join(" ")
}

/// One of the words.
pub(crate) fn word(number: u64) -> String {
    let syllables = [
        "ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "xu",
        "za",
    ];
    let syllable = |index: u64| {
        usize::try_from(index % 16)
            .ok()
            .and_then(|index| syllables.get(index).copied())
            .unwrap_or("ba")
    };
    let number = number % VOCABULARY;
    [
        syllable(number),
        syllable(number / 16),
        syllable(number / 256),
    ]
    .concat()
}
