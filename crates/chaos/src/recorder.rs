//! The one writer of a run's history, and the numbers that name things in it.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use anyhow::{Context as _, bail};
use messaging_history::{
    Record, Writer,
    event::{Class, Edge, Fault, Mark, Note, Phase},
};
use serde_json::Value;

/// Shared by everybody who has something to record.
#[derive(Clone)]
pub(crate) struct Recorder {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    writer: Mutex<Writer<BufWriter<File>>>,
    torn: AtomicBool,
    ops: AtomicU64,
    connections: AtomicU64,
    faults: AtomicU64,
}

impl Recorder {
    /// Begins a history in that file.
    pub(crate) fn create(path: &Path) -> anyhow::Result<Self> {
        let file = File::create(path).with_context(|| format!("create {}", path.display()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_path_buf(),
                writer: Mutex::new(Writer::new(BufWriter::with_capacity(1 << 20, file))),
                torn: AtomicBool::new(false),
                ops: AtomicU64::new(1),
                connections: AtomicU64::new(1),
                faults: AtomicU64::new(1),
            }),
        })
    }

    /// Where it is written to.
    pub(crate) fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Appends a line.
    pub(crate) fn record(&self, what: Record) {
        let mut writer = self
            .inner
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if writer.append(what).is_err() {
            self.inner.torn.store(true, Ordering::Release);
        }
    }

    /// Says something to people.
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.record(Record::Note(Note { text: text.into() }));
    }

    /// A part of the run begins.
    pub(crate) fn phase(&self, phase: Phase) {
        self.record(Record::Phase(Mark { phase }));
    }

    /// The number of a new operation.
    pub(crate) fn op(&self) -> u64 {
        self.inner.ops.fetch_add(1, Ordering::Relaxed)
    }

    /// The number of a new socket.
    pub(crate) fn connection(&self) -> u64 {
        self.inner.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// Records that a fault begins; what ends it.
    pub(crate) fn fault(&self, kind: &str, class: Class, target: &str) -> FaultLine {
        let line = Fault {
            fault: self.inner.faults.fetch_add(1, Ordering::Relaxed),
            kind: kind.to_owned(),
            class,
            target: target.to_owned(),
            phase: Edge::Start,
            effective: Value::Null,
        };
        self.record(Record::Fault(line.clone()));
        FaultLine(line)
    }

    /// Hands everything to the file.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        self.inner
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .flush()?;
        if self.inner.torn.load(Ordering::Acquire) {
            bail!("the history {} is torn", self.inner.path.display());
        }
        Ok(())
    }
}

/// A fault that has begun and whose end is still to be recorded.
#[must_use]
pub(crate) struct FaultLine(Fault);

impl FaultLine {
    /// Records its end, with the proof that it was effective, or `null`.
    pub(crate) fn stop(self, recorder: &Recorder, effective: Value) {
        recorder.record(Record::Fault(Fault {
            phase: Edge::Stop,
            effective,
            ..self.0
        }));
    }
}
