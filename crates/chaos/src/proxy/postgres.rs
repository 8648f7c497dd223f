//! The messages of PostgreSQL's protocol 3 (its manual, "Message Formats"), as far as to know what commits: a COMMIT,
//! or a prepared statement that writes while no transaction is open.

use std::collections::HashSet;

use super::{
    frames::{Kind, Piece},
    link::Direction,
};

/// Cuts one direction into its messages.
pub(super) struct Messages {
    direction: Direction,
    /// The first message of a client has no type.
    started: bool,
    rest: Vec<u8>,
    /// A BEGIN was sent.
    in_transaction: bool,
    /// The names of prepared statements that write.
    writing: HashSet<Vec<u8>>,
    /// The last answer was none of an error.
    is_done: bool,
}

impl Messages {
    pub(super) fn new(direction: Direction) -> Self {
        Self {
            direction,
            started: matches!(direction, Direction::Down),
            rest: Vec::new(),
            in_transaction: false,
            writing: HashSet::new(),
            is_done: false,
        }
    }

    /// The messages that are whole by now; those between two that matter go on as one piece.
    pub(super) fn split(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.rest.extend_from_slice(bytes);
        let mut pieces: Vec<Piece> = Vec::new();
        while let Some(size) = self.size() {
            let message: Vec<u8> = self.rest.drain(..size).collect();
            let kind = if self.started {
                self.kind(&message)
            } else {
                self.started = true;
                Kind::Other
            };
            match pieces.last_mut() {
                // Of the answer to a commit nothing goes on before the rest.
                Some(last) if last.kind == Kind::Other && kind != Kind::Commit => {
                    last.bytes.extend(message);
                    last.kind = kind;
                }
                _ => pieces.push(Piece {
                    bytes: message,
                    kind,
                }),
            }
        }
        pieces
    }

    /// How long the first message is, once it is whole.
    fn size(&self) -> Option<usize> {
        let kind = usize::from(self.started);
        let length: [u8; 4] = self.rest.get(kind..kind + 4)?.try_into().ok()?;
        let size = kind.checked_add(usize::try_from(u32::from_be_bytes(length)).ok()?)?;
        (self.rest.len() >= size).then_some(size.max(kind + 4))
    }

    fn kind(&mut self, message: &[u8]) -> Kind {
        let (Some(kind), Some(body)) = (message.first(), message.get(5..)) else {
            return Kind::Other;
        };
        let mut words = body.split(|byte| *byte == 0);
        let (first, second) = (words.next().unwrap_or_default(), words.next());
        match (self.direction, kind) {
            (Direction::Up, b'Q') => {
                let is = |word: &[u8]| first.trim_ascii().eq_ignore_ascii_case(word);
                self.in_transaction = is(b"begin") || self.in_transaction && !is(b"rollback");
                if is(b"commit") {
                    self.in_transaction = false;
                    return Kind::Commit;
                }
            }
            (Direction::Up, b'P') => {
                if second.is_some_and(writes) {
                    self.writing.insert(first.to_owned());
                } else {
                    self.writing.remove(first);
                }
            }
            (Direction::Up, b'B')
                if !self.in_transaction
                    && second.is_some_and(|name| self.writing.contains(name)) =>
            {
                return Kind::Commit;
            }
            (Direction::Down, b'C') => self.is_done = true,
            (Direction::Down, b'E') => self.is_done = false,
            // Ready for another query, with no transaction open any more.
            (Direction::Down, b'Z') if body == b"I" && self.is_done => return Kind::Committed,
            _ => {}
        }
        Kind::Other
    }
}

/// Whether a statement is no mere query, which may say `FOR UPDATE`, too.
fn writes(statement: &[u8]) -> bool {
    let says = |words: &[u8]| {
        let mut places = statement.windows(words.len());
        places.any(|place| place.eq_ignore_ascii_case(words))
    };
    let verb = statement.trim_ascii_start().get(..6).unwrap_or_default();
    let verbs: [&[u8]; 3] = [b"INSERT INTO ", b"UPDATE ", b"DELETE FROM "];
    !verb.eq_ignore_ascii_case(b"select") && verbs.iter().any(|verb| says(verb))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[kind][..], &length, body].concat()
    }

    fn startup() -> Vec<u8> {
        let body = b"\0\x03\0\0user\0ann\0\0";
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&length[..], body].concat()
    }

    #[test]
    fn a_commit_is_found_however_the_bytes_arrive() {
        let sent = [
            startup(),
            message(b'Q', b"BEGIN\0"),
            message(b'P', b"\0select commit\0\0\0"),
            message(b'Q', b"COMMIT\0"),
            message(b'Q', b"SELECT 1\0"),
        ]
        .concat();
        for size in 1..sent.len() {
            let mut messages = Messages::new(Direction::Up);
            let pieces: Vec<Piece> = sent
                .chunks(size)
                .flat_map(|bytes| messages.split(bytes))
                .collect();
            let whole: Vec<u8> = pieces
                .iter()
                .flat_map(|piece| piece.bytes.clone())
                .collect();
            assert_eq!(whole, sent, "in pieces of {size}");
            let commits: Vec<&Piece> = pieces
                .iter()
                .filter(|piece| piece.kind == Kind::Commit)
                .collect();
            assert_eq!(commits.len(), 1, "in pieces of {size}");
            assert_eq!(commits[0].bytes, message(b'Q', b"COMMIT\0"));
        }
    }

    #[test]
    fn a_statement_that_writes_by_itself_commits_and_one_within_a_transaction_does_not() {
        let mut messages = Messages::new(Direction::Up);
        let bind = |name: &str| message(b'B', format!("\0{name}\0").as_bytes());
        let sent = [
            startup(),
            message(
                b'P',
                b"one\0WITH updated AS (UPDATE a SET b = 1) SELECT 1\0\0\0",
            ),
            message(b'P', b"two\0SELECT 1 FROM a FOR UPDATE \0\0\0"),
            bind("one"),
            bind("two"),
            message(b'Q', b"BEGIN\0"),
            bind("one"),
            message(b'Q', b"COMMIT\0"),
            message(b'Q', b"BEGIN\0"),
            message(b'Q', b"ROLLBACK\0"),
            bind("one"),
        ];
        let pieces = messages.split(&sent.concat()).into_iter();
        let commits: Vec<_> = pieces.filter(|piece| piece.kind == Kind::Commit).collect();
        let bytes: Vec<_> = commits.into_iter().map(|piece| piece.bytes).collect();
        assert_eq!(
            bytes,
            [bind("one"), message(b'Q', b"COMMIT\0"), bind("one")]
        );
    }

    #[test]
    fn the_answer_to_a_commit_is_no_other_answer() {
        let mut messages = Messages::new(Direction::Down);
        let answers = [
            message(b'C', b"BEGIN\0"),
            message(b'Z', b"T"),
            message(b'C', b"COMMIT\0"),
            message(b'Z', b"I"),
            message(b'E', b"SERROR\0\0"),
            message(b'Z', b"I"),
        ];
        let pieces = messages.split(&answers.concat());
        let kinds: Vec<Kind> = pieces.iter().map(|piece| piece.kind).collect();
        assert_eq!(kinds, [Kind::Committed, Kind::Other]);
    }

    #[test]
    fn what_is_not_whole_waits() {
        let mut messages = Messages::new(Direction::Down);
        let answer = message(b'C', b"COMMIT\0");
        let (first, second) = answer.split_at(7);
        assert!(messages.split(first).is_empty());
        assert_eq!(messages.split(second).len(), 1);
    }
}
