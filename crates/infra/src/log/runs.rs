//! Runs of events as they are kept: one after the other, newest first, each by its kind, its conversation and the
//! message's place. Positions are not kept: a run's last one is, and there are no gaps.

use messaging_domain::{ConversationId, Fact, Position, Role, Seq};

/// How many bytes an event takes: its kind, the conversation's id, and the message's place, or zero.
const EVENT: usize = 1 + 16 + 8;

/// How many events make a run.
pub(super) const EVENTS: usize = 16;

/// As many bytes of events are a run. PostgreSQL's statements and the tables' triggers say so, too.
pub(crate) const FULL: i64 = 400;

/// What happened, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) conversation: ConversationId,
    pub(crate) fact: Fact,
}

impl Entry {
    /// The place of the message that it is about; zero where it is about the conversation.
    pub(super) const fn place(&self) -> (ConversationId, Seq) {
        let seq = match self.fact {
            Fact::MessageCreated(seq) | Fact::MessageUpdated(seq) => seq,
            Fact::ConversationCreated | Fact::ConversationUpdated | Fact::CursorMoved(_) => {
                Seq::ZERO
            }
        };
        (self.conversation, seq)
    }

    /// What is kept as this kind and place, if there is such a kind.
    pub(super) const fn restore(kind: u8, conversation: ConversationId, seq: Seq) -> Option<Self> {
        let fact = match kind {
            1 => Fact::MessageCreated(seq),
            2 => Fact::MessageUpdated(seq),
            3 => Fact::ConversationCreated,
            4 => Fact::ConversationUpdated,
            5 => Fact::CursorMoved(Role::Buyer),
            6 => Fact::CursorMoved(Role::Seller),
            _ => return None,
        };
        Some(Self { conversation, fact })
    }

    const fn kind(&self) -> u8 {
        match self.fact {
            Fact::MessageCreated(_) => 1,
            Fact::MessageUpdated(_) => 2,
            Fact::ConversationCreated => 3,
            Fact::ConversationUpdated => 4,
            Fact::CursorMoved(Role::Buyer) => 5,
            Fact::CursorMoved(Role::Seller) => 6,
        }
    }
}

/// Puts events, in order, into a run.
pub(crate) fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut run = Vec::with_capacity(entries.len().saturating_mul(EVENT));
    for entry in entries.iter().rev() {
        let (conversation, seq) = entry.place();
        run.push(entry.kind());
        run.extend(conversation.as_uuid().as_bytes());
        run.extend(seq.get().to_be_bytes());
    }
    run
}

/// The events of a run whose last one has this position, in order. One that nobody could have written is missing.
pub(super) fn decode(run: &[u8], last: Position) -> Vec<(Position, Entry)> {
    let mut entries: Vec<_> = (0..)
        .zip(run.chunks(EVENT))
        .filter_map(|(after, event)| {
            let position = Position::new(last.get().saturating_sub(after));
            Some((position, decode_one(event)?))
        })
        .collect();
    entries.reverse();
    entries
}

fn decode_one(event: &[u8]) -> Option<Entry> {
    let (kind, rest) = event.split_first()?;
    let (conversation, seq) = rest.split_at_checked(16)?;
    let seq = Seq::new(i64::from_be_bytes(seq.try_into().ok()?));
    let conversation = ConversationId::restore(uuid::Uuid::from_slice(conversation).ok()?);
    Entry::restore(*kind, conversation, seq)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some_of_each() -> Vec<Entry> {
        [
            Fact::ConversationCreated,
            Fact::MessageCreated(Seq::new(1)),
            Fact::MessageUpdated(Seq::new(i64::MAX)),
            Fact::ConversationUpdated,
            Fact::CursorMoved(Role::Buyer),
            Fact::CursorMoved(Role::Seller),
        ]
        .map(|fact| Entry {
            conversation: ConversationId::new(),
            fact,
        })
        .to_vec()
    }

    #[test]
    fn a_run_is_full_when_it_has_its_events() {
        assert_eq!(usize::try_from(FULL), Ok(EVENTS * EVENT));
    }

    #[test]
    fn events_come_back_in_order_and_with_their_positions() {
        let entries = some_of_each();
        let run = encode(&entries);
        assert_eq!(run.len(), entries.len() * EVENT);
        let positions = (5..).map(Position::new);
        let expected: Vec<_> = positions.zip(entries).collect();
        assert_eq!(decode(&run, Position::new(10)), expected);
        assert_eq!(decode(&[], Position::new(10)), []);
    }

    #[test]
    fn what_was_written_later_stands_before_what_was_there() {
        let entries = some_of_each();
        let (earlier, later) = entries.split_at(2);
        let joined = [encode(later), encode(earlier)].concat();
        assert_eq!(joined, encode(&entries));
    }

    #[test]
    fn what_nobody_could_have_written_is_missing() {
        let entries = some_of_each();
        let mut run = encode(&entries);
        run[0] = 7;
        run.truncate(run.len() - 1);
        let whole = decode(&run, Position::new(6));
        let positions: Vec<_> = whole.iter().map(|(position, _)| position.get()).collect();
        assert_eq!(positions, [2, 3, 4, 5]);
    }
}
