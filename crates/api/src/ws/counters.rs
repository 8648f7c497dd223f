//! What the sockets count, for the metrics listener.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::close::Close;
use crate::wire::frame::reply::NotResumed;

/// Counts of all sessions of this node since it started.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) opened: AtomicU64,
    pub(crate) resumed: AtomicU64,
    pub(crate) replayed: AtomicU64,
    pub(crate) gaps_filled: AtomicU64,
    pub(crate) frames_sent: AtomicU64,
    pub(crate) ephemeral_dropped: AtomicU64,
    pub(crate) overflows: AtomicU64,
    pub(crate) ops: AtomicU64,
    pub(crate) ops_refused: AtomicU64,
    /// Rare, so a lock costs nothing.
    by_name: Mutex<BTreeMap<(&'static str, Label), u64>>,
}

/// A name or a close code that tells samples of one metric apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Code(u16),
    Reason(&'static str),
}

/// One number of the metrics listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The metric's name, without the service's prefix.
    pub name: &'static str,
    /// What it counts.
    pub help: &'static str,
    /// Whether it only grows.
    pub counter: bool,
    /// What tells it apart from others of the same name.
    pub label: Option<(&'static str, String)>,
    /// How many.
    pub value: u64,
}

impl Counters {
    /// One more, or many.
    pub(crate) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Ordering::Relaxed);
    }

    /// A session ended by the service.
    pub(crate) fn closed(&self, close: Close) {
        self.count(("closes", Label::Code(close.code())));
    }

    /// A hello after which the client has to take a snapshot.
    pub(crate) fn not_resumed(&self, reason: NotResumed) {
        self.count(("hellos", Label::Reason(reason.as_str())));
    }

    fn count(&self, key: (&'static str, Label)) {
        let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        *by_name.entry(key).or_insert(0) += 1;
    }

    /// All numbers, in a fixed order.
    pub(crate) fn samples(&self) -> Vec<Sample> {
        let counter = |name, help, counter: &AtomicU64| Sample {
            name,
            help,
            counter: true,
            label: None,
            value: counter.load(Ordering::Relaxed),
        };
        let mut samples = vec![
            counter(
                "ws_sessions_opened_total",
                "Sockets that were opened.",
                &self.opened,
            ),
            counter("ws_ops_total", "Ops of clients.", &self.ops),
            counter(
                "ws_ops_refused_total",
                "Ops over the session's rate limit.",
                &self.ops_refused,
            ),
            counter(
                "ws_frames_sent_total",
                "Frames that were sent.",
                &self.frames_sent,
            ),
            counter(
                "ws_ephemeral_dropped_total",
                "Ephemeral frames that gave way.",
                &self.ephemeral_dropped,
            ),
            counter(
                "ws_overflows_total",
                "Times that a session's queue was full and events had to be read from the store.",
                &self.overflows,
            ),
            counter(
                "ws_events_replayed_total",
                "Missed events that were sent at hello.",
                &self.replayed,
            ),
            counter(
                "ws_gaps_filled_total",
                "Gaps in a live session that were filled from the store.",
                &self.gaps_filled,
            ),
        ];
        samples.push(Sample {
            name: "ws_hellos_total",
            help: "Sessions that came alive, by what became of their resume.",
            counter: true,
            label: Some(("outcome", "resumed".to_owned())),
            value: self.resumed.load(Ordering::Relaxed),
        });
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        // "hellos" first, so that samples of one metric stand together.
        samples.extend(by_name.iter().rev().map(|((_, label), value)| {
            let (name, help, label) = match label {
                Label::Reason(reason) => (
                    "ws_hellos_total",
                    "Sessions that came alive, by what became of their resume.",
                    ("outcome", (*reason).to_owned()),
                ),
                Label::Code(code) => (
                    "ws_closes_total",
                    "Sessions that the service ended, by close code.",
                    ("code", code.to_string()),
                ),
            };
            Sample {
                name,
                help,
                counter: true,
                label: Some(label),
                value: *value,
            }
        }));
        samples
    }
}
