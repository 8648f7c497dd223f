//! Words that have to be understood, and those that could not be.

use std::{fmt::Display, ops::RangeInclusive, str::FromStr};

use super::words::Word;

/// What is wrong so far.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Vec<String>);

impl Faults {
    /// A setting, named without `MESSAGING_`, is not acceptable; says what to do.
    pub(super) fn add(&mut self, name: &str, remedy: impl Display) {
        self.0.push(format!("MESSAGING_{name}: {remedy}"));
    }

    /// A word that has to be understood; the default stands in for one that is not there.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        word: Option<Word>,
        default: T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        match word.map(|Word(word)| read(&word)) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(remedy)) => {
                self.add(name, remedy);
                default
            }
        }
    }

    /// A whole number within a range.
    pub(super) fn number<T>(
        &mut self,
        name: &str,
        word: Option<Word>,
        default: T,
        range: RangeInclusive<T>,
    ) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        self.read(name, word, default, |word| match word.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(format!(
                "give a whole number from {} to {}",
                range.start(),
                range.end()
            )),
        })
    }

    /// A number that there may be at most; 0 is any number.
    pub(super) fn limit(
        &mut self,
        name: &str,
        word: Option<Word>,
        default: usize,
        highest: usize,
    ) -> Option<usize> {
        let most = self.number(name, word, default, 0..=highest);
        (most > 0).then_some(most)
    }

    /// `on` or `off`.
    pub(super) fn switch(&mut self, name: &str, word: Option<Word>, default: bool) -> bool {
        self.read(name, word, default, |word| {
            match word.to_ascii_lowercase().as_str() {
                "on" | "true" => Ok(true),
                "off" | "false" => Ok(false),
                _ => Err("give `on` or `off`".to_owned()),
            }
        })
    }
}
