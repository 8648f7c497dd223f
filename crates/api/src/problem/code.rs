//! The codes that clients act on.

use messaging_domain::FaultCode;
use serde::Serialize;
use utoipa::ToSchema;

/// Every code that a problem can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No token, or one that is bad or expired.
    Unauthenticated,
    /// The caller may see it but not do this.
    Forbidden,
    /// It does not exist, or it is not the caller's to know.
    NotFound,
    /// Something is not as the contract says; `errors` names the fields.
    Invalid,
    /// Longer than may be.
    TooLong,
    /// A kind of content that nobody may send, or that is not known.
    UnsupportedContent,
    /// Buyer and seller are one person.
    SelfConversation,
    /// One of the two has blocked the other.
    Blocked,
    /// The other person is gone.
    ConversationClosed,
    /// This `clientId` was used before, for something else.
    IdempotencyMismatch,
    /// The message was changed or deleted since the caller last saw it.
    StaleRevision,
    /// A message can be edited for 15 minutes only.
    EditWindowOver,
    /// Too many requests; wait for `retryAfterMs`.
    RateLimited,
    /// Too much is waiting, or the database is away; certainly not stored.
    Overloaded,
    /// The event log does not reach back: take a snapshot.
    Resync,
    /// An op that is not in the contract.
    UnknownOp,
    /// The service failed: whether it was stored is not known; retry with the same `clientId`.
    Internal,
}

impl Code {
    /// All of them, in the order of the contract.
    pub const ALL: [Self; 17] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::Invalid,
        Self::TooLong,
        Self::UnsupportedContent,
        Self::SelfConversation,
        Self::Blocked,
        Self::ConversationClosed,
        Self::IdempotencyMismatch,
        Self::StaleRevision,
        Self::EditWindowOver,
        Self::RateLimited,
        Self::Overloaded,
        Self::Resync,
        Self::UnknownOp,
        Self::Internal,
    ];

    /// The code as clients see it.
    pub const fn as_str(self) -> &'static str {
        self.words().0
    }

    /// The code in words.
    pub const fn title(self) -> &'static str {
        self.words().1
    }

    /// The code, its title, and where the reference explains it.
    pub(super) const fn words(self) -> (&'static str, &'static str, &'static str) {
        macro_rules! say {
            ($code:literal, $title:literal) => {
                ($code, $title, concat!("/docs#problem-", $code))
            };
        }
        match self {
            Self::Unauthenticated => say!("unauthenticated", "Not logged in"),
            Self::Forbidden => say!("forbidden", "Not allowed"),
            Self::NotFound => say!("not_found", "Not found"),
            Self::Invalid => say!("invalid", "Not acceptable as it is"),
            Self::TooLong => say!("too_long", "Too long"),
            Self::UnsupportedContent => {
                say!("unsupported_content", "This kind of content cannot be sent")
            }
            Self::SelfConversation => say!("self_conversation", "Buyer and seller are one person"),
            Self::Blocked => say!("blocked", "Blocked"),
            Self::ConversationClosed => say!("conversation_closed", "The conversation is closed"),
            Self::IdempotencyMismatch => {
                say!("idempotency_mismatch", "The clientId was used before")
            }
            Self::StaleRevision => say!("stale_revision", "Changed in the meantime"),
            Self::EditWindowOver => say!("edit_window_over", "Too late to edit"),
            Self::RateLimited => say!("rate_limited", "Too many requests"),
            Self::Overloaded => say!("overloaded", "Overloaded"),
            Self::Resync => say!("resync", "Take a new snapshot"),
            Self::UnknownOp => say!("unknown_op", "Unknown op"),
            Self::Internal => say!("internal", "Something went wrong"),
        }
    }
}

impl Code {
    /// The code of a field's fault.
    pub(super) const fn of_fault(code: FaultCode) -> Self {
        match code {
            FaultCode::Invalid => Self::Invalid,
            FaultCode::TooLong => Self::TooLong,
            FaultCode::UnsupportedContent => Self::UnsupportedContent,
        }
    }
}
