//! The outcome contract: which answers say "done", which say "certainly not", and which say nothing.

/// What an answer says about the effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, durably.
    Ok,
    /// It certainly had no effect.
    Fail,
    /// It may have had its effect, now or later.
    Unknown,
}

/// Of an HTTP status: 2xx is done; 4xx and 503 mean that nothing was stored; all else says nothing.
pub fn of_status(status: u16) -> Outcome {
    match status {
        200..=299 => Outcome::Ok,
        400..=499 | 503 => Outcome::Fail,
        _ => Outcome::Unknown,
    }
}

/// Of the code of an error reply on a socket: `internal` says nothing, and so does a code that the
/// contract does not know.
pub fn of_code(code: &str) -> Outcome {
    const REFUSALS: [&str; 15] = [
        "unauthenticated",
        "forbidden",
        "not_found",
        "invalid",
        "too_long",
        "unsupported_content",
        "self_conversation",
        "blocked",
        "conversation_closed",
        "idempotency_mismatch",
        "stale_revision",
        "edit_window_over",
        "rate_limited",
        "overloaded",
        "resync",
    ];
    if REFUSALS.contains(&code) || code == "unknown_op" {
        Outcome::Fail
    } else {
        Outcome::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_certainly_was_not_stored_counts_as_a_failure() {
        for (status, outcome) in [
            (201, Outcome::Ok),
            (409, Outcome::Fail),
            (503, Outcome::Fail),
            (500, Outcome::Unknown),
            (502, Outcome::Unknown),
            (504, Outcome::Unknown),
            (302, Outcome::Unknown),
        ] {
            assert_eq!(of_status(status), outcome, "{status}");
        }
        assert_eq!(of_code("blocked"), Outcome::Fail);
        assert_eq!(of_code("internal"), Outcome::Unknown);
        assert_eq!(of_code("brand_new"), Outcome::Unknown);
    }
}
