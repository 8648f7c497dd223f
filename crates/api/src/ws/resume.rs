//! Whether a session goes on where the last one ended, or the client has to take a snapshot.

use messaging_domain::{Position, StreamHead};

use crate::wire::frame::{client::Standing, reply::NotResumed};

/// How many events may have been missed.
pub(crate) const MAX_MISSED: i64 = 1_000;

/// How a session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resume {
    /// With the events after this position.
    After(Position),
    /// With nothing; the client takes a snapshot.
    Afresh(NotResumed),
}

/// Decides by what the client says and where the stream stands.
pub(crate) fn decide(head: StreamHead, since: Option<Standing>) -> Resume {
    let Some(since) = since else {
        return Resume::Afresh(NotResumed::New);
    };
    if since.epoch != Some(head.epoch) {
        return Resume::Afresh(NotResumed::Epoch);
    }
    let missed = head.position.get() - since.position.get();
    if missed < 0 {
        Resume::Afresh(NotResumed::Ahead)
    } else if missed > MAX_MISSED {
        Resume::Afresh(NotResumed::TooFar)
    } else {
        Resume::After(since.position)
    }
}

#[cfg(test)]
mod tests {
    use messaging_domain::Epoch;

    use super::*;

    #[test]
    fn a_session_is_resumed_when_the_epoch_is_the_same_and_not_too_much_was_missed() {
        let epoch = Epoch::new();
        let head = StreamHead {
            epoch,
            position: Position::new(5_000),
        };
        let after = |epoch, position| {
            let position = Position::new(position);
            decide(head, Some(Standing { epoch, position }))
        };
        assert_eq!(decide(head, None), Resume::Afresh(NotResumed::New));
        for (position, expected) in [
            (5_000, Resume::After(Position::new(5_000))),
            (4_999, Resume::After(Position::new(4_999))),
            (4_000, Resume::After(Position::new(4_000))),
            (3_999, Resume::Afresh(NotResumed::TooFar)),
            (0, Resume::Afresh(NotResumed::TooFar)),
            (5_001, Resume::Afresh(NotResumed::Ahead)),
            (i64::MAX, Resume::Afresh(NotResumed::Ahead)),
        ] {
            assert_eq!(after(Some(epoch), position), expected, "{position}");
            for other in [None, Some(Epoch::new())] {
                let afresh = Resume::Afresh(NotResumed::Epoch);
                assert_eq!(after(other, position), afresh, "{position}");
            }
        }
    }
}
