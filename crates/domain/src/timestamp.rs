//! A moment in whole microseconds, so that what is pushed equals what is fetched.

use std::{fmt, time::Duration};

/// A moment in UTC, in whole microseconds: the precision that both databases keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Now, by the wall clock. Nothing is ordered by it: messages have their `seq`, events their position.
    #[expect(clippy::disallowed_methods, reason = "this is the one way in")]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now().as_microsecond())
    }

    /// From microseconds since 1970, for stores.
    pub const fn from_microseconds(microseconds: i64) -> Self {
        Self(microseconds)
    }

    /// Microseconds since 1970.
    pub const fn as_microseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down: the precision of a token's times.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// This moment plus `duration`.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }

    /// This moment less `duration`.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)),
        )
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with 6 digits of a second, as in `2026-11-24T02:07:08.123456Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        });
        write!(f, "{moment:.6}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_prints_six_digits_and_utc() {
        assert_eq!(
            Timestamp::from_microseconds(0).to_string(),
            "1970-01-01T00:00:00.000000Z"
        );
        assert_eq!(
            Timestamp::from_microseconds(1_500_000).to_string(),
            "1970-01-01T00:00:01.500000Z"
        );
        assert_eq!(
            Timestamp::from_microseconds(-1).to_string(),
            "1969-12-31T23:59:59.999999Z"
        );
        assert!(
            !Timestamp::from_microseconds(i64::MAX)
                .to_string()
                .is_empty()
        );
    }

    #[test]
    fn a_clock_that_went_back_gives_no_time_at_all() {
        let (early, late) = (
            Timestamp::from_microseconds(1),
            Timestamp::from_microseconds(2_000_001),
        );
        assert_eq!(late.since(early), Duration::from_secs(2));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
