//! The close codes, one table: what each means and whether to come back.
//!
//! 40xx: do not reconnect unchanged. 41xx: reconnect with back-off. 42xx: reconnect at once and resume.

use std::time::Duration;

use actix_ws::CloseReason;

/// Why the service ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Close {
    /// A frame that RFC 6455 does not allow.
    BadFrame,
    /// A binary message.
    Binary,
    /// Text that is not UTF-8.
    NotUtf8,
    /// A frame or message over 64 KiB.
    TooBig,
    /// The service goes down or moves.
    Restart,
    /// A frame that the contract does not allow: no object with an `op`, an op out of turn.
    ProtocolError,
    /// `hello` with a token that is not good.
    BadToken,
    /// The login was revoked, or the person erased.
    Revoked,
    /// The person opened more sessions than may be; this is the oldest.
    TooManySessions,
    /// The service failed.
    Internal,
    /// The service cannot serve this session now.
    Overloaded,
    /// The client went on and on over its rate limit, or opened sessions over it.
    RateAbuse,
    /// No `hello` in time.
    NoHello,
    /// The token has expired.
    TokenExpired,
    /// The client does not read.
    SlowConsumer,
    /// Nothing was heard of the client for too long.
    HeartbeatLost,
    /// The events that the client missed could not be read.
    ReplayFailed,
    /// Positions have started afresh.
    EpochChanged,
}

impl Close {
    /// All of them.
    pub(crate) const ALL: [Self; 18] = [
        Self::BadFrame,
        Self::Binary,
        Self::NotUtf8,
        Self::TooBig,
        Self::Restart,
        Self::ProtocolError,
        Self::BadToken,
        Self::Revoked,
        Self::TooManySessions,
        Self::Internal,
        Self::Overloaded,
        Self::RateAbuse,
        Self::NoHello,
        Self::TokenExpired,
        Self::SlowConsumer,
        Self::HeartbeatLost,
        Self::ReplayFailed,
        Self::EpochChanged,
    ];

    const fn row(self) -> (u16, bool, &'static str) {
        match self {
            Self::BadFrame => (1002, false, "protocol error"),
            Self::Binary => (1003, false, "text frames only"),
            Self::NotUtf8 => (1007, false, "not UTF-8"),
            Self::TooBig => (1009, false, "over 64 KiB"),
            Self::Restart => (1012, true, "restart"),
            Self::ProtocolError => (4000, false, "protocol error"),
            Self::BadToken => (4010, false, "bad token"),
            Self::Revoked => (4011, false, "revoked"),
            Self::TooManySessions => (4014, false, "too many sessions"),
            Self::Internal => (4100, true, "internal"),
            Self::Overloaded => (4101, true, "overloaded"),
            Self::RateAbuse => (4102, true, "rate abuse"),
            Self::NoHello => (4103, true, "no hello in time"),
            Self::TokenExpired => (4110, true, "token expired"),
            Self::SlowConsumer => (4201, true, "slow consumer"),
            Self::HeartbeatLost => (4202, true, "heartbeat lost"),
            Self::ReplayFailed => (4203, true, "replay failed"),
            Self::EpochChanged => (4204, true, "epoch changed"),
        }
    }

    /// The code in the close frame.
    pub(crate) const fn code(self) -> u16 {
        self.row().0
    }

    /// Whether the same client may come back without a person's doing.
    pub(crate) const fn reconnect(self) -> bool {
        self.row().1
    }

    /// The same in words, for people who read logs.
    pub(crate) const fn reason(self) -> &'static str {
        self.row().2
    }
}

impl From<Close> for CloseReason {
    fn from(close: Close) -> Self {
        Self {
            code: close.code().into(),
            description: Some(close.reason().to_owned()),
        }
    }
}

/// A decided end of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Farewell {
    /// Why.
    pub(crate) close: Close,
    /// How long the client should wait before it comes back; says nothing when absent.
    pub(crate) after: Option<Duration>,
}

impl From<Close> for Farewell {
    fn from(close: Close) -> Self {
        Self { close, after: None }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_close_has_a_code_of_its_own_and_a_reason_that_fits() {
        let codes: BTreeSet<_> = Close::ALL.into_iter().map(Close::code).collect();
        assert_eq!(codes.len(), Close::ALL.len());
        for close in Close::ALL {
            assert!(close.reason().len() <= 123, "{close:?}");
        }
    }

    #[test]
    fn the_hundreds_say_whether_to_come_back() {
        for close in Close::ALL {
            match close.code() {
                4000..=4099 => assert!(!close.reconnect(), "{close:?}"),
                4100..=4299 => assert!(close.reconnect(), "{close:?}"),
                _ => assert_eq!(close.reconnect(), close == Close::Restart, "{close:?}"),
            }
        }
    }

    #[test]
    fn codes_pass_through_the_library_unchanged() {
        for close in Close::ALL {
            assert_eq!(u16::from(CloseReason::from(close).code), close.code());
        }
    }
}
