//! Texts to send: about a hundred characters of words that recur as those of people do, more or less.

/// Words in one text.
const WORDS: usize = 14;

/// Different words that there are.
const VOCABULARY: usize = 4_096;

/// The text with this number; the same each time.
pub(crate) fn numbered(number: usize) -> String {
    let syllables = [
        "ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "xu",
        "za",
    ];
    let syllable = |index: usize| {
        syllables
            .get(index % syllables.len())
            .copied()
            .unwrap_or("a")
    };
    // A step that shares no factor with the vocabulary, so that texts do not repeat soon.
    let words =
        (0..WORDS).map(|place| (number * 769 + place * place * 97 + place * 31) % VOCABULARY);
    words
        .map(|word| [syllable(word), syllable(word / 16), syllable(word / 256)].concat())
        .collect::<Vec<_>>()
        .join(" ")
}
