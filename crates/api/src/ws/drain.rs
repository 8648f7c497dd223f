//! Going down without a stampede: sessions end one after the other over a window of time.

use std::{sync::Arc, time::Duration};

use messaging_domain::{Signal, To};

use super::{
    close::{Close, Farewell},
    hub::Hub,
    outbox::Outbox,
};

#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};

/// How much longer than the window the last sessions may take to say goodbye.
const PATIENCE: Duration = Duration::from_secs(4);

impl Hub {
    /// Whether new connections are turned away.
    pub fn is_draining(&self) -> bool {
        self.state().draining
    }

    /// Turns new connections away and ends all sessions with 1012, spread over `window`; each is
    /// told to come back when the window is over, at a moment of its own. Returns once all are gone,
    /// at the latest a few seconds after the window.
    pub async fn drain(&self, window: Duration) {
        let sessions: Vec<Arc<Outbox>> = {
            let mut state = self.state();
            state.draining = true;
            // A hash map's order is as good as a shuffle: it has nothing to do with who came when.
            state.connections.values().map(Arc::clone).collect()
        };
        let step = window / u32::try_from(sessions.len()).unwrap_or(u32::MAX).max(1);
        let begin = tokio::time::Instant::now();
        for (session, number) in sessions.iter().zip(0..) {
            let offset = step * number;
            tokio::time::sleep_until(begin + offset).await;
            #[cfg(feature = "planted-bugs")]
            if planted::is(Bug::NoGoodbye) {
                session.close(Close::Internal);
                continue;
            }
            session.close(Farewell {
                close: Close::Restart,
                after: Some(window.saturating_sub(offset) + jitter(window)),
            });
        }
        let all_gone = async {
            while !self.state().connections.is_empty() {
                self.emptied().notified().await;
            }
        };
        if tokio::time::timeout(PATIENCE, all_gone).await.is_err() {
            let left = self.state().connections.len();
            tracing::warn!(left, "sessions did not end in time");
        }
        self.tell_nodes(To::Nodes, Signal::Leaving);
    }
}

/// A random part of a duration.
fn jitter(of: Duration) -> Duration {
    let random = getrandom::u32().unwrap_or(0);
    of.mul_f64(f64::from(random) / f64::from(u32::MAX))
}
