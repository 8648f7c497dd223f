//! Bugs on purpose, so that the checker of the whole service can show that it finds them.
//!
//! Compiled with the feature `planted-bugs` only, and never into a release build. One of them is chosen
//! by the environment variable of [`VARIABLE`]; without it nothing is wrong. Each spot in the code
//! is one question to [`is`] or [`strikes`].

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

#[cfg(not(debug_assertions))]
compile_error!(
    "planted bugs have no place in a release build; leave the feature `planted-bugs` out"
);

/// The environment variable that names the bug. Whoever looks for this feature in a binary finds it.
pub const VARIABLE: &str = "MESSAGING_PLANTED_BUG";

/// Defines the bugs with their names.
macro_rules! bugs {
    ($($(#[$doc:meta])* $bug:ident = $name:literal),* $(,)?) => {
        /// A mistake.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Bug {
            $($(#[$doc])* $bug),*
        }

        impl Bug {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug),*];

            /// What the variable says.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$bug => $name),*
                }
            }
        }
    };
}

bugs! {
    /// What is acknowledged and announced is now and then not committed.
    AckWithoutCommit = "ack-without-commit",
    /// A retry is stored again.
    NoDedupe = "no-dedupe",
    /// A retry is told another place than the message has.
    SecondAckDiffers = "second-ack-differs",
    /// Something is committed and refused as overloaded.
    RefusedAfterCommit = "refused-after-commit",
    /// A place in a conversation is left out.
    SeqHole = "seq-hole",
    /// A position of a stream is left out.
    PositionHole = "position-hole",
    /// A resumed session misses the first event.
    ReplayOffByOne = "replay-off-by-one",
    /// A session is registered after its head was read, and does not catch up.
    HeadBeforeRegister = "head-before-register",
    /// An announcement is lost, and nobody catches up.
    EventLost = "event-lost",
    /// An event is sent twice.
    FrameTwice = "frame-twice",
    /// An event goes to everybody.
    EventToEverybody = "event-to-everybody",
    /// The last mark counts, not the highest.
    CursorLastWriteWins = "cursor-last-write-wins",
    /// One's own messages count as unread.
    UnreadCountsOwn = "unread-counts-own",
    /// A deletion leaves the count of what is unread alone.
    UnreadCountsDeleted = "unread-counts-deleted",
    /// A person's settings change without an event.
    SettingsUntold = "settings-untold",
    /// The seats of one conversation are taken for those of another.
    SeatsMixedUp = "seats-mixed-up",
    /// A search looks at everybody's messages.
    SearchFindsOthers = "search-finds-others",
    /// A search finds what was deleted.
    DeletedInSearch = "deleted-in-search",
    /// A deleted message keeps its text in the database.
    DeletedTextKept = "deleted-text-kept",
    /// An edit raises the revision and keeps the text.
    EditKeepsText = "edit-keeps-text",
    /// What another node did to a conversation since it was read is written over.
    OverwritesOthers = "overwrites-others",
    /// A page leaves the latest message out now and then.
    StalePage = "stale-page",
    /// A block stops nothing.
    BlockIgnored = "block-ignored",
    /// A conversation that was found is said to be new.
    SaysNew = "says-new",
    /// A logout leaves the login's sockets open.
    RevokedStays = "revoked-stays",
    /// That somebody writes is told to everybody.
    TypingToEverybody = "typing-to-everybody",
    /// A node that goes down says no goodbye.
    NoGoodbye = "no-goodbye",
    /// The texts of messages are logged.
    TextLogged = "text-logged",
}

/// The variable names no bug.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{VARIABLE}: there is no bug `{0}`")]
pub struct NoSuchBug(String);

impl fmt::Display for Bug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The bug that was chosen, if one was.
///
/// # Errors
/// [`NoSuchBug`], so that nobody hunts for one that is not there.
pub fn chosen() -> Result<Option<Bug>, NoSuchBug> {
    static CHOSEN: OnceLock<Result<Option<Bug>, NoSuchBug>> = OnceLock::new();
    let chosen = CHOSEN.get_or_init(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "no setting of the service: it is not there without the feature"
        )]
        let name = std::env::var(VARIABLE).unwrap_or_default();
        if name.is_empty() {
            return Ok(None);
        }
        let named = Bug::ALL.iter().find(|bug| bug.name() == name);
        named.copied().map(Some).ok_or(NoSuchBug(name))
    });
    chosen.clone()
}

/// Whether this bug was chosen.
pub fn is(bug: Bug) -> bool {
    matches!(chosen(), Ok(Some(chosen)) if chosen == bug)
}

/// Whether this bug was chosen and shows this time: once in so many.
pub fn strikes(bug: Bug, one_in: u64) -> bool {
    static ASKED: AtomicU64 = AtomicU64::new(1);
    is(bug)
        && ASKED
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(one_in.max(1))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_bug_has_a_name_of_its_own() {
        let names: BTreeSet<_> = Bug::ALL.iter().map(|bug| bug.name()).collect();
        assert_eq!(names.len(), Bug::ALL.len());
    }

    #[test]
    fn nothing_is_wrong_unless_it_was_chosen() {
        assert!(Bug::ALL.iter().all(|bug| !is(*bug) && !strikes(*bug, 1)));
    }
}
