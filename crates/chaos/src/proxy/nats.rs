//! The frames of the NATS client protocol (its documentation, "Client Protocol"): which are messages.

use super::frames::{Kind, Piece};

/// Cuts one direction into frames.
#[derive(Default)]
pub(super) struct Frames {
    rest: Vec<u8>,
}

impl Frames {
    /// The frames that are whole by now.
    pub(super) fn split(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.rest.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        while let Some((size, kind)) = self.first() {
            pieces.push(Piece {
                bytes: self.rest.drain(..size).collect(),
                kind,
            });
        }
        pieces
    }

    /// How long the first frame is, and what, once it is whole.
    fn first(&self) -> Option<(usize, Kind)> {
        let end = self.rest.windows(2).position(|two| two == b"\r\n")?;
        let line = std::str::from_utf8(self.rest.get(..end)?).unwrap_or_default();
        let mut words = line.split_ascii_whitespace();
        let verb = words.next().unwrap_or_default().to_ascii_uppercase();
        let head = end + 2;
        if !matches!(verb.as_str(), "MSG" | "HMSG" | "PUB" | "HPUB") {
            return Some((head, Kind::Other));
        }
        // The last word is the size of all that follows, headers included.
        let body: usize = words.last()?.parse().ok()?;
        let size = head.checked_add(body)?.checked_add(2)?;
        (self.rest.len() >= size).then_some((size, Kind::Message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_the_bytes_arrive() {
        let sent: &[u8] = b"INFO {}\r\nMSG a.b 1 5\r\nPING\r\r\nHMSG a 1 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nPING\r\n";
        for size in 1..sent.len() {
            let mut frames = Frames::default();
            let pieces: Vec<Piece> = sent
                .chunks(size)
                .flat_map(|bytes| frames.split(bytes))
                .collect();
            let kinds: Vec<Kind> = pieces.iter().map(|piece| piece.kind).collect();
            assert_eq!(
                kinds,
                [Kind::Other, Kind::Message, Kind::Message, Kind::Other],
                "in pieces of {size}"
            );
            assert_eq!(pieces[1].bytes, b"MSG a.b 1 5\r\nPING\r\r\n");
        }
    }
}
