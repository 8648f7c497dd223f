//! What may be said: one variant for each kind of content.

use std::collections::BTreeMap;

use crate::error::Fault;

/// The longest text of a message, in Unicode code points after trimming.
pub const MAX_TEXT: usize = 4_000;

/// What a message holds. A new kind is a new variant here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Words of a person.
    Text(Text),
    /// Words of the service: a code that the reader's language is chosen for, with its parameters.
    System {
        /// What happened, in snake case.
        code: String,
        /// What the sentence needs: names, amounts.
        params: BTreeMap<String, String>,
    },
    /// What was here is gone.
    Deleted,
}

impl Content {
    /// The tag that tells kinds apart on the wire and in a store.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::System { .. } => "system",
            Self::Deleted => "deleted",
        }
    }

    /// The words that a search should find.
    pub fn searchable(&self) -> &str {
        match self {
            Self::Text(text) => text.as_str(),
            Self::System { .. } | Self::Deleted => "",
        }
    }
}

/// 1 to 4,000 code points of plain text, trimmed, with `\n` line ends and no control characters
/// but newline and tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// Takes what a person wrote: `\r\n` becomes `\n`, white space around it goes.
    ///
    /// # Errors
    /// A [`Fault`] when nothing is left, when it is longer than 4,000 code points, or when it holds
    /// a control character.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let text = text.replace("\r\n", "\n");
        if text
            .chars()
            .any(|c| c.is_control() && c != '\n' && c != '\t')
        {
            return Err(Fault::invalid(
                "a message holds no control characters but newline and tab",
            ));
        }
        let text = text.trim();
        if text.is_empty() {
            return Err(Fault::invalid(
                "a message says something: 1 to 4,000 characters after trimming",
            ));
        }
        if text.chars().nth(MAX_TEXT).is_some() {
            return Err(Fault::too_long("a message has 4,000 characters at most"));
        }
        Ok(Self(text.to_owned()))
    }

    /// Takes a text back from a store.
    pub const fn restore(text: String) -> Self {
        Self(text)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::FaultCode;

    #[test]
    fn a_text_is_trimmed_and_has_unix_line_ends() {
        assert_eq!(Text::parse("  a\r\nb\tc \n").unwrap().as_str(), "a\nb\tc");
    }

    #[test]
    fn length_is_counted_in_code_points_after_trimming() {
        assert!(Text::parse(&format!("  {}  ", "😀".repeat(4_000))).is_ok());
        let fault = Text::parse(&"é".repeat(4_001)).unwrap_err();
        assert_eq!(fault.code, FaultCode::TooLong);
    }

    #[test]
    fn control_characters_and_nothing_at_all_are_refused() {
        for bad in [
            "", " \n\t ", "\u{3000}", "a\0b", "a\rb", "a\u{7}b", "a\u{85}b", "a\u{B}",
        ] {
            assert_eq!(
                Text::parse(bad).unwrap_err().code,
                FaultCode::Invalid,
                "{bad:?}"
            );
        }
    }
}
