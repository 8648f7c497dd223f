//! How many frames a session may send in a while, and when it has gone too far.

use std::time::{Duration, Instant};

/// Ops a second that a session may keep up.
pub(crate) const OPS_PER_SECOND: u32 = 40;

/// Ops that a session may send at once after a pause.
pub(crate) const OPS_BURST: u32 = 200;

/// Refused ops within [`ABUSE_WINDOW`] after which the session ends.
const ABUSE: u32 = 200;

const ABUSE_WINDOW: Duration = Duration::from_secs(10);

/// One op's share of a second.
const COST: Duration = Duration::from_millis(25);

/// What becomes of an op.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Do it.
    Go,
    /// Refuse it, and say when to come back.
    Wait(Duration),
    /// The client takes no no for an answer.
    Abuse,
}

/// One session's pace, by the generic cell rate algorithm (ITU-T I.371): a single moment, at which
/// all that was done is paid for.
#[derive(Debug)]
pub(crate) struct Pace {
    paid_at: Instant,
    refused: u32,
    refused_since: Instant,
}

impl Pace {
    /// A fresh session's pace.
    pub(crate) const fn new(now: Instant) -> Self {
        Self {
            paid_at: now,
            refused: 0,
            refused_since: now,
        }
    }

    /// Whether one more op may be done now.
    pub(crate) fn check(&mut self, now: Instant) -> Verdict {
        let paid_at = self.paid_at.max(now) + COST;
        let debt = paid_at.saturating_duration_since(now);
        let credit = COST * OPS_BURST;
        if debt <= credit {
            self.paid_at = paid_at;
            return Verdict::Go;
        }
        if now.saturating_duration_since(self.refused_since) > ABUSE_WINDOW {
            self.refused = 0;
            self.refused_since = now;
        }
        self.refused += 1;
        if self.refused > ABUSE {
            Verdict::Abuse
        } else {
            Verdict::Wait(debt.saturating_sub(credit))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_an_op_is_its_share_of_a_second() {
        assert_eq!(COST * OPS_PER_SECOND, Duration::from_secs(1));
    }

    #[test]
    fn a_burst_passes_and_then_one_op_for_each_share_of_a_second() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        for _ in 0..OPS_BURST {
            assert_eq!(pace.check(now), Verdict::Go);
        }
        assert_eq!(pace.check(now), Verdict::Wait(COST));
        assert_eq!(pace.check(now + COST), Verdict::Go);
        assert!(matches!(pace.check(now + COST), Verdict::Wait(_)));
    }

    #[test]
    fn only_who_goes_on_and_on_is_sent_away() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let mut verdicts = (0..=OPS_BURST + ABUSE).map(|_| pace.check(start));
        assert_eq!(
            verdicts.by_ref().take(400).last(),
            Some(Verdict::Wait(COST))
        );
        assert_eq!(verdicts.next(), Some(Verdict::Abuse));

        // The same number of refusals over a minute is a clumsy client, not an attack.
        let mut pace = Pace::new(start);
        for second in 0..60 {
            for _ in 0..OPS_PER_SECOND + 4 {
                let verdict = pace.check(start + Duration::from_secs(second));
                assert_ne!(verdict, Verdict::Abuse);
            }
        }
    }
}
