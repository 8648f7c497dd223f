//! What the sockets count and measure, under the names by which it is told.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};

use super::{close::Close, hub::Hub, session::End};
use crate::{
    metrics::{gauges, status_class},
    wire::frame::{client::Op, reply::NotResumed},
};

/// How a connection may begin.
const HELLOS: [&str; 15] = [
    "resumed",
    "new",
    "epoch",
    "ahead",
    "too_far",
    "left",
    "bad_token",
    "expired_token",
    "revoked",
    "rate_limited",
    "overloaded",
    "none",
    "restart",
    "failed",
    "malformed",
];

/// Counts of all sessions of this node since it started.
#[derive(Debug)]
pub(crate) struct Counters {
    pub(crate) opened: Counter,
    pub(crate) replayed: Counter,
    pub(crate) gaps_filled: Counter,
    pub(crate) frames_sent: Counter,
    pub(crate) ephemeral_dropped: Counter,
    pub(crate) overflows: Counter,
    hellos: Family<HelloLabels, Counter>,
    closes: Family<CloseLabels, Counter>,
    ops: Family<OpLabels, Histogram, fn() -> Histogram>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HelloLabels {
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CloseLabels {
    code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OpLabels {
    op: &'static str,
    status: &'static str,
}

impl Default for Counters {
    fn default() -> Self {
        let closes = Family::<CloseLabels, Counter>::default();
        for close in Close::ALL {
            // There from the start: a series that appears with its first event has no rise.
            drop(closes.get_or_create(&CloseLabels { code: close.code() }));
        }
        let hellos = Family::<HelloLabels, Counter>::default();
        for outcome in HELLOS {
            drop(hellos.get_or_create(&HelloLabels { outcome }));
        }
        Self {
            opened: Counter::default(),
            replayed: Counter::default(),
            gaps_filled: Counter::default(),
            frames_sent: Counter::default(),
            ephemeral_dropped: Counter::default(),
            overflows: Counter::default(),
            hellos,
            closes,
            ops: Family::new_with_constructor(|| {
                Histogram::new(exponential_buckets(0.000_25, 2.0, 15))
            }),
        }
    }
}

impl Counters {
    /// One more, or many.
    pub(crate) fn add(counter: &Counter, count: u64) {
        counter.inc_by(count);
    }

    /// A session ended by the service.
    pub(crate) fn closed(&self, close: Close) {
        let code = close.code();
        self.closes.get_or_create(&CloseLabels { code }).inc();
    }

    /// A hello that was answered with a welcome, resumed or not.
    pub(crate) fn welcomed(&self, not_resumed: Option<NotResumed>) {
        self.hello(not_resumed.map_or("resumed", NotResumed::as_str));
    }

    /// A connection that ended before it was welcome.
    pub(crate) fn not_welcomed(&self, end: &End) {
        self.hello(match end {
            End::Gone | End::Closed(_) => "left",
            End::Farewell(farewell) => match farewell.close {
                Close::BadToken => "bad_token",
                Close::TokenExpired => "expired_token",
                Close::Revoked => "revoked",
                Close::RateAbuse => "rate_limited",
                Close::Overloaded => "overloaded",
                Close::NoHello => "none",
                Close::Restart => "restart",
                Close::Internal
                | Close::ReplayFailed
                | Close::TooManySessions
                | Close::SlowConsumer
                | Close::HeartbeatLost
                | Close::EpochChanged => "failed",
                Close::BadFrame
                | Close::Binary
                | Close::NotUtf8
                | Close::TooBig
                | Close::ProtocolError => "malformed",
            },
        });
    }

    fn hello(&self, outcome: &'static str) {
        self.hellos.get_or_create(&HelloLabels { outcome }).inc();
    }

    /// An op that was answered, or would have been; `None` for one that is not in the contract.
    pub(crate) fn did(&self, op: Option<Op>, status: u16, took: Duration) {
        let labels = OpLabels {
            op: op.map_or("(unknown)", Op::as_str),
            status: status_class(status),
        };
        self.ops.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

impl Hub {
    /// Names what the sockets count and measure.
    pub fn expose(&self, registry: &mut Registry) {
        let counters = self.counters();
        for (name, help, counter) in [
            (
                "ws_sessions_opened",
                "Sockets that were opened",
                &counters.opened,
            ),
            (
                "ws_frames_sent",
                "Frames that were sent",
                &counters.frames_sent,
            ),
            (
                "ws_ephemeral_dropped",
                "Ephemeral frames that gave way to others",
                &counters.ephemeral_dropped,
            ),
            (
                "ws_overflows",
                "Times that a session's queue was full and events had to be read from the store",
                &counters.overflows,
            ),
            (
                "ws_events_replayed",
                "Missed events that were sent at hello",
                &counters.replayed,
            ),
            (
                "ws_gaps_filled",
                "Gaps in a live session that were filled from the store",
                &counters.gaps_filled,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "ws_hellos",
            "Beginnings of sessions by outcome: resumed, or why not, or why there was no session",
            counters.hellos.clone(),
        );
        registry.register(
            "ws_closes",
            "Sessions that the service ended, by close code",
            counters.closes.clone(),
        );
        registry.register(
            "ws_op_duration_seconds",
            "Ops by name and class of status, from the frame to the reply",
            counters.ops.clone(),
        );
        let hub = self.clone();
        gauges(registry, move || {
            let load = hub.load();
            vec![
                ("ws_sessions", "Sockets that are open", load.sessions),
                ("ws_users_online", "Users with an open session", load.users),
                (
                    "ws_outbox_frames",
                    "Frames that wait in all sessions' queues",
                    load.waiting,
                ),
                (
                    "ws_outbox_frames_max",
                    "Frames that wait in the longest of the sessions' queues",
                    load.longest,
                ),
            ]
        });
    }
}
