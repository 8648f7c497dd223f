//! Every way in which an act can be refused, each with a stable code.

use std::{borrow::Cow, fmt, sync::Arc};

/// Why an act was refused or could not be done.
///
/// All but [`Error::Failed`] mean that nothing was stored.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// One or more fields are not acceptable.
    #[error("a field is not acceptable")]
    Invalid(Vec<FieldError>),
    /// The buyer and the seller are the same person.
    #[error("nobody can hold a conversation with themselves")]
    SelfConversation,
    /// It does not exist, or the caller may not know that it does.
    #[error("there is no such thing, or it is not yours to see")]
    NotFound,
    /// A conversation was to be started with a seller whom nobody knows.
    #[error("there is no such seller")]
    UnknownSeller,
    /// The caller may see it but not do this to it.
    #[error("only the author may change a message")]
    Forbidden,
    /// One of the two has blocked the other.
    #[error("messages between these two people are blocked")]
    Blocked,
    /// The other person is gone.
    #[error("the conversation is closed")]
    ConversationClosed,
    /// The client id was used before, for something else.
    #[error("this clientId was already used for another message")]
    IdempotencyMismatch,
    /// The message was changed since the caller last saw it.
    #[error("the message has changed since this revision")]
    StaleRevision,
    /// The time in which a message may be edited is over.
    #[error("a message can be edited for 15 minutes only")]
    EditWindowOver,
    /// The e-mail address already has an account.
    #[error("there is already an account with this e-mail address")]
    EmailTaken,
    /// The log does not reach back that far, or its epoch is another.
    #[error("the event log does not hold these positions")]
    Resync,
    /// The queue is full or the database is away; certainly not stored.
    #[error("the service is overloaded: {0}")]
    Overloaded(Failure),
    /// Whether it was stored is not known.
    #[error("the service failed: {0}")]
    Failed(Failure),
}

impl Error {
    /// One field that is not acceptable.
    pub fn field(field: impl Into<Cow<'static, str>>, fault: Fault) -> Self {
        Self::Invalid(vec![fault.on(field)])
    }

    /// The stable code that a client can act on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Invalid(errors) => errors
                .first()
                .map_or(FaultCode::Invalid, |error| error.fault.code)
                .as_str(),
            Self::SelfConversation => "self_conversation",
            Self::NotFound | Self::UnknownSeller => "not_found",
            Self::Forbidden => "forbidden",
            Self::Blocked => "blocked",
            Self::ConversationClosed => "conversation_closed",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::StaleRevision => "stale_revision",
            Self::EditWindowOver => "edit_window_over",
            Self::EmailTaken => "invalid",
            Self::Resync => "resync",
            Self::Overloaded(_) => "overloaded",
            Self::Failed(_) => "internal",
        }
    }
}

/// What went wrong outside the rules, for the log only: what was being done, and the cause.
///
/// One failure may be the answer to many acts (a batch that could not be committed), so it is shared.
#[derive(Clone)]
pub struct Failure {
    doing: &'static str,
    cause: Arc<dyn std::error::Error + Send + Sync>,
}

impl Failure {
    /// A failure while `doing` something ("append a message"), with its cause.
    pub fn new(
        doing: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            doing,
            cause: Arc::from(cause.into()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "could not {}: {}", self.doing, self.cause)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}

impl std::error::Error for Failure {
    /// What is behind the cause; the cause itself is told already.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.source()
    }
}

/// What kind of fault a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCode {
    /// Out of range, malformed or missing.
    Invalid,
    /// Longer than allowed.
    TooLong,
    /// A kind of content that nobody may send, or that is not known.
    UnsupportedContent,
}

impl FaultCode {
    /// The stable code.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::TooLong => "too_long",
            Self::UnsupportedContent => "unsupported_content",
        }
    }
}

/// What is wrong with a value, without the name of the field that holds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// The kind of fault.
    pub code: FaultCode,
    /// What is expected instead, for people.
    pub message: Cow<'static, str>,
}

impl Fault {
    /// Out of range, malformed or missing.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: FaultCode::Invalid,
            message: message.into(),
        }
    }

    /// Longer than allowed.
    pub fn too_long(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: FaultCode::TooLong,
            message: message.into(),
        }
    }

    /// A kind of content that nobody may send.
    pub fn unsupported(message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code: FaultCode::UnsupportedContent,
            message: message.into(),
        }
    }

    /// The same fault, with the name of the field.
    pub fn on(self, field: impl Into<Cow<'static, str>>) -> FieldError {
        FieldError {
            field: field.into(),
            fault: self,
        }
    }
}

/// A field that is not acceptable, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field as the client wrote it, a dot between levels: `content.text`.
    pub field: Cow<'static, str>,
    /// What is wrong with it.
    pub fault: Fault,
}

#[cfg(test)]
mod tests {
    use std::{error::Error as _, iter::successors};

    use super::*;

    /// An error with all that is behind it, as an operator is told of it.
    fn told(error: &(dyn std::error::Error + 'static)) -> String {
        let chain = successors(Some(error), |error| (**error).source());
        let words: Vec<_> = chain.map(ToString::to_string).collect();
        words.join(": ")
    }

    #[derive(Debug, thiserror::Error)]
    #[error("the connection broke")]
    struct Broke(#[source] fmt::Error);

    #[test]
    fn each_cause_of_a_failure_is_told_once() {
        let failure = Failure::new("append a message", Broke(fmt::Error));
        assert!(failure.source().is_some());
        let all = told(&failure);
        let cause = fmt::Error.to_string();
        assert_eq!(
            all,
            format!("could not append a message: the connection broke: {cause}")
        );
        for error in [Error::Overloaded(failure.clone()), Error::Failed(failure)] {
            let all = told(&error);
            assert_eq!(all.matches("the connection broke").count(), 1, "{all}");
        }
    }
}
