//! Histories as files: one JSON object a line, written by one writer in one order.

use std::{
    io::{self, BufRead, Write},
    time::Instant,
};

use crate::event::{Entry, Record};

/// Appends lines, numbering and timing them. Whoever records from several threads puts it behind one
/// lock, or one channel: the order of its lines is the order of the history.
pub struct Writer<W> {
    sink: W,
    begun: Instant,
    next: u64,
}

impl<W: Write> Writer<W> {
    /// Begins a history; its time starts now. The sink should be buffered.
    pub fn new(sink: W) -> Self {
        Self {
            sink,
            begun: Instant::now(),
            next: 0,
        }
    }

    /// Appends a line with the present time; gives back its place.
    ///
    /// # Errors
    /// When the sink cannot be written to; the history is then torn and must not be judged.
    pub fn append(&mut self, what: Record) -> io::Result<u64> {
        let t = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let entry = Entry {
            i: self.next,
            t,
            what,
        };
        serde_json::to_writer(&mut self.sink, &entry)?;
        self.sink.write_all(b"\n")?;
        self.next += 1;
        Ok(entry.i)
    }

    /// Nanoseconds since the history began.
    pub fn elapsed(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Hands everything to the sink's owner.
    ///
    /// # Errors
    /// When the sink cannot be written to.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }

    /// Ends the history and gives the sink back, flushed.
    ///
    /// # Errors
    /// When the sink cannot be written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.sink.flush()?;
        Ok(self.sink)
    }
}

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file could not be read.
    #[error("line {line}: {source}")]
    Io {
        /// Counted from 1.
        line: u64,
        /// The cause.
        source: io::Error,
    },
    /// A line is not of the format.
    #[error("line {line}: {source}")]
    Format {
        /// Counted from 1.
        line: u64,
        /// The cause.
        source: serde_json::Error,
    },
}

/// Reads a history line by line; empty lines are skipped. Whether the lines are in order is for the
/// judge to say.
pub fn read(source: impl BufRead) -> impl Iterator<Item = Result<Entry, ReadError>> {
    (1..).zip(source.lines()).filter_map(|(line, text)| {
        let text = match text {
            Ok(text) if text.trim().is_empty() => return None,
            Ok(text) => text,
            Err(source) => return Some(Err(ReadError::Io { line, source })),
        };
        Some(serde_json::from_str(&text).map_err(|source| ReadError::Format { line, source }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        call::Call,
        event::{Invoke, Note, Transport},
    };

    #[test]
    fn what_was_written_is_read_again_in_the_same_order() {
        let invoke = Record::Invoke(Invoke {
            op: u64::MAX,
            process: "p1".to_owned(),
            user: "ann".to_owned(),
            session: None,
            node: "n1".to_owned(),
            transport: Transport::Http,
            connection: None,
            call: Call::Send {
                conversation: "c".to_owned(),
                client_id: "k".to_owned(),
                text: "canary:1 \u{2028}é\n".to_owned(),
            },
        });
        let note = Record::Note(Note {
            text: "done".to_owned(),
        });
        let mut writer = Writer::new(Vec::new());
        assert_eq!(writer.append(invoke.clone()).unwrap(), 0);
        assert_eq!(writer.append(note.clone()).unwrap(), 1);
        let bytes = writer.finish().unwrap();
        let entries: Vec<_> = read(&*bytes).map(Result::unwrap).collect();
        assert_eq!(entries.len(), 2);
        assert_eq!((entries[0].i, entries[1].i), (0, 1));
        assert!(entries[0].t <= entries[1].t);
        assert_eq!(entries[0].what, invoke);
        assert_eq!(entries[1].what, note);
    }

    #[test]
    fn a_torn_last_line_is_an_error_and_not_the_end() {
        let torn = "{\"i\":0,\"t\":0,\"k\":\"note\",\"text\":\"a\"}\n{\"i\":1,\"t\":";
        let results: Vec<_> = read(torn.as_bytes()).collect();
        assert!(results[0].is_ok());
        assert!(matches!(results[1], Err(ReadError::Format { line: 2, .. })));
    }
}
