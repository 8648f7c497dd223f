//! How far a person's stream has been passed on to their sessions here.

use messaging_domain::{Epoch, Position, StreamHead};

/// What was passed on and what is known to be there. Events are passed on in the order of their
/// positions, whichever node they come from: one that comes too soon is read from the log, together
/// with those before it.
#[derive(Debug, Default)]
pub(super) struct Watermark {
    /// Up to here events were passed on, and of which numbering; `None` until a session has read
    /// where the stream stands.
    passed: Option<(Epoch, Position)>,
    /// Up to here there are events, as far as was heard.
    heard: Position,
}

impl Watermark {
    /// A session of the person begins here; the first of them says where passing on begins.
    pub(super) fn begin(&mut self, head: StreamHead) {
        match self.passed {
            Some((epoch, _)) if epoch == head.epoch => {}
            _ => self.passed = Some((head.epoch, head.position)),
        }
    }

    /// An event is here: whether it is the next to be passed on, and then it counts as such.
    pub(super) fn takes(&mut self, position: Position) -> bool {
        self.hears(position);
        match &mut self.passed {
            Some((_, passed)) if position == passed.next() => {
                *passed = position;
                true
            }
            _ => false,
        }
    }

    /// Somebody says that there is an event.
    pub(super) fn hears(&mut self, position: Position) {
        self.heard = self.heard.max(position);
    }

    /// After which position the log is to be read, if there is more than was passed on.
    pub(super) fn behind(&self) -> Option<Position> {
        let (_, passed) = self.passed?;
        (passed < self.heard).then_some(passed)
    }

    /// The log was read, and holds no more: what was heard of is not there.
    pub(super) fn nothing_more(&mut self) {
        self.heard = self.passed.map_or(Position::ZERO, |(_, passed)| passed);
    }

    /// The log does not reach back so far; gives back from where it goes on without it.
    pub(super) fn skip(&mut self) -> Position {
        if let Some((_, passed)) = &mut self.passed {
            *passed = self.heard.max(*passed);
        }
        self.heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: Epoch, position: i64) -> StreamHead {
        StreamHead {
            epoch,
            position: Position::new(position),
        }
    }

    fn begun(position: i64) -> (Watermark, Epoch) {
        let (mut watermark, epoch) = (Watermark::default(), Epoch::new());
        watermark.begin(at(epoch, position));
        (watermark, epoch)
    }

    #[test]
    fn events_are_taken_one_after_the_other_and_once() {
        let (mut watermark, _) = begun(4);
        let taken: Vec<bool> = [5, 5, 7, 6, 4, 7]
            .map(|position| watermark.takes(Position::new(position)))
            .into();
        assert_eq!(taken, [true, false, false, true, false, true]);
        assert_eq!(watermark.behind(), None);
    }

    #[test]
    fn one_that_comes_too_soon_says_from_where_to_read() {
        let (mut watermark, _) = begun(4);
        assert!(!watermark.takes(Position::new(7)));
        assert_eq!(watermark.behind(), Some(Position::new(4)));
        watermark.hears(Position::new(2));
        assert_eq!(watermark.behind(), Some(Position::new(4)));
    }

    #[test]
    fn nothing_is_taken_before_it_is_known_where_the_stream_stands() {
        let mut watermark = Watermark::default();
        assert!(!watermark.takes(Position::new(1)));
        assert_eq!(watermark.behind(), None);
        watermark.begin(at(Epoch::new(), 0));
        assert_eq!(watermark.behind(), Some(Position::ZERO));
    }

    #[test]
    fn a_later_session_changes_nothing_unless_positions_have_started_afresh() {
        let (mut watermark, epoch) = begun(4);
        watermark.begin(at(epoch, 9));
        assert!(watermark.takes(Position::new(5)));
        watermark.begin(at(Epoch::new(), 2));
        watermark.nothing_more();
        assert!(watermark.takes(Position::new(3)));
    }

    #[test]
    fn a_word_that_was_not_true_is_forgotten() {
        let (mut watermark, _) = begun(4);
        watermark.hears(Position::new(1_000_000));
        watermark.nothing_more();
        assert_eq!(watermark.behind(), None);
        assert!(watermark.takes(Position::new(5)));
    }

    #[test]
    fn what_the_log_has_forgotten_is_left_out() {
        let (mut watermark, _) = begun(4);
        watermark.hears(Position::new(9));
        assert_eq!(watermark.skip(), Position::new(9));
        assert_eq!(watermark.behind(), None);
        assert!(watermark.takes(Position::new(10)));
    }
}
