//! What can be wrong with the model.

/// A mistake of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bug {
    /// A message is acknowledged and never stored.
    AckedAndLost,
    /// A retry is stored again.
    NoDedupe,
    /// A place is left out now and then.
    SeqHole,
    /// A position is left out now and then.
    PositionHole,
    /// A replay begins one event too late.
    ReplayOffByOne,
    /// The head is read before the session is registered: the first event is missed.
    RegisteredLate,
    /// An event is lost on its way, and nobody catches up.
    FrameLost,
    /// The last mark counts, not the highest.
    CursorLastWriteWins,
    /// One's own messages count as unread.
    UnreadCountsOwn,
    /// Deleted messages count as unread.
    UnreadCountsDeleted,
    /// An event goes to somebody else too.
    WrongReceiver,
    /// Whoever asks gets a page.
    OutsiderPages,
    /// A send is stored and refused.
    RefusedAndStored,
    /// A page comes from a cache.
    StalePage,
    /// A retry is told another place.
    SecondAckDiffers,
    /// A search finds what was deleted.
    DeletedFound,
    /// An event is sent twice.
    FrameTwice,
    /// Who writes is told to whoever is connected.
    TypingLeaks,
    /// A block stops nothing.
    BlockIgnored,
    /// Starting again makes another conversation.
    TwoConversations,
    /// An edit keeps the old words.
    EditKeepsText,
    /// A message is stored with another's words.
    BodyMixedUp,
    /// A restart takes the last event back.
    PositionReused,
    /// A message comes in before the last one.
    LateInsert,
}

impl Bug {
    pub(super) const ALL: [Self; 24] = [
        Self::AckedAndLost,
        Self::NoDedupe,
        Self::SeqHole,
        Self::PositionHole,
        Self::ReplayOffByOne,
        Self::RegisteredLate,
        Self::FrameLost,
        Self::CursorLastWriteWins,
        Self::UnreadCountsOwn,
        Self::UnreadCountsDeleted,
        Self::WrongReceiver,
        Self::OutsiderPages,
        Self::RefusedAndStored,
        Self::StalePage,
        Self::SecondAckDiffers,
        Self::DeletedFound,
        Self::FrameTwice,
        Self::TypingLeaks,
        Self::BlockIgnored,
        Self::TwoConversations,
        Self::EditKeepsText,
        Self::BodyMixedUp,
        Self::PositionReused,
        Self::LateInsert,
    ];
}
