//! Ids and texts as small numbers, so that a million sightings fit into memory.

use std::collections::HashMap;

/// An interned string.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Name(u32);

/// All strings of a history, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: HashMap<Box<str>, Name>,
    texts: Vec<Box<str>>,
}

impl Names {
    /// The name of a string.
    pub(crate) fn of(&mut self, text: &str) -> Name {
        if let Some(name) = self.known.get(text) {
            return *name;
        }
        let name = Name(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        self.texts.push(text.into());
        self.known.insert(text.into(), name);
        name
    }

    /// The name of a string, if it was ever met.
    pub(crate) fn find(&self, text: &str) -> Option<Name> {
        self.known.get(text).copied()
    }

    /// The string of a name.
    pub(crate) fn text(&self, name: Name) -> &str {
        let at = usize::try_from(name.0).unwrap_or(usize::MAX);
        self.texts.get(at).map_or("", |text| text)
    }
}
