//! How a refusal is worded: RFC 9457 problems, from the one table of codes and statuses.

mod code;
mod sparse;

use std::{fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use messaging_domain::{Error, FieldError};
use serde::Serialize;
use utoipa::ToSchema;

pub use code::Code;
use sparse::Sparse;

/// The media type of a problem.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// After how long to try again when the service is overloaded.
const BACK_OFF: Duration = Duration::from_secs(1);

/// Refusals for overload, as the log has them.
static OVERLOADS: Sparse = Sparse::new();

/// Why the service itself, rather than a rule of messaging, refuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The body, or the frame, is not what it should be at all; says what was expected.
    Malformed(String),
    /// No token, or one that is bad or expired.
    Unauthenticated,
    /// A page of another origin.
    ForeignOrigin,
    /// The body takes too long to come.
    SlowBody,
    /// The path is known, but not with this method.
    MethodNotAllowed,
    /// The body is longer than may be.
    BodyTooLarge,
    /// The body is not plain JSON.
    MediaType,
    /// Too many in too short a time; says when to try again.
    RateLimited(Duration),
    /// Too much is waiting already, or something needed is away; certainly nothing was stored.
    Overloaded,
    /// An op that is not in the contract.
    UnknownOp,
    /// The WebSocket, or something else, is switched off.
    SwitchedOff,
    /// The service failed; nothing is known about what was stored.
    Internal,
}

/// A refusal as clients see it, on both transports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Where the reference explains this code, as a relative reference.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "/docs#problem-not_found")]
    pub kind: &'static str,
    /// The code in words; the same for each problem of this code.
    pub title: &'static str,
    /// The HTTP status, also when it comes over the WebSocket.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What a client can act on.
    #[schema(value_type = Code)]
    pub code: &'static str,
    /// What is the matter this time, for people.
    pub detail: String,
    /// After how many milliseconds to try again; with `rate_limited` and `overloaded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub retry_after_ms: Option<u64>,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldProblem {
    /// The field as the client wrote it, a dot between levels.
    #[schema(example = "content.text")]
    pub field: String,
    /// What a client can act on.
    #[schema(value_type = Code)]
    pub code: &'static str,
    /// What is expected instead, for people.
    pub message: String,
}

impl Problem {
    fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: code.words().2,
            title: code.title(),
            status: status.as_u16(),
            code: code.as_str(),
            detail: detail.into(),
            retry_after_ms: None,
            errors: Vec::new(),
        }
    }

    fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1));
        self
    }

    fn on(mut self, field: &str, message: impl Into<String>) -> Self {
        self.errors.push(FieldProblem {
            field: field.to_owned(),
            code: self.code,
            message: message.into(),
        });
        self
    }

    /// The problem's answer over HTTP, with the headers that belong to its status.
    pub fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = HttpResponse::build(status);
        response.content_type(MEDIA_TYPE);
        if status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(ms) = self.retry_after_ms {
            response.insert_header((header::RETRY_AFTER, ms.div_ceil(1_000).to_string()));
        }
        response.json(self)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed(expected) => {
                Self::new(StatusCode::BAD_REQUEST, Code::Invalid, expected)
            }
            Refusal::Unauthenticated => Self::new(
                StatusCode::UNAUTHORIZED,
                Code::Unauthenticated,
                "this needs an access token that is valid: `Authorization: Bearer …`",
            ),
            Refusal::ForeignOrigin => Self::new(
                StatusCode::FORBIDDEN,
                Code::Forbidden,
                "pages of this origin may not talk to the service (MESSAGING_ALLOWED_ORIGINS)",
            ),
            Refusal::SlowBody => Self::new(
                StatusCode::BAD_REQUEST,
                Code::Invalid,
                "the body took too long: all of it has to come within 10 seconds",
            ),
            Refusal::MethodNotAllowed => Self::new(
                StatusCode::METHOD_NOT_ALLOWED,
                Code::Invalid,
                "this address does not know the method; `Allow` names those that it knows",
            ),
            Refusal::BodyTooLarge => Self::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                Code::TooLong,
                "a body has 65,536 bytes at most",
            ),
            Refusal::MediaType => Self::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Code::Invalid,
                "a body is `application/json` without a content encoding",
            ),
            Refusal::RateLimited(wait) => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                Code::RateLimited,
                "too many in too short a time",
            )
            .retry_after(wait),
            Refusal::Overloaded => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                Code::Overloaded,
                "the service cannot do this right now; nothing was stored",
            )
            .retry_after(BACK_OFF),
            Refusal::UnknownOp => Self::new(
                StatusCode::BAD_REQUEST,
                Code::UnknownOp,
                "there is no such op",
            ),
            Refusal::SwitchedOff => Self::new(
                StatusCode::NOT_FOUND,
                Code::NotFound,
                Error::NotFound.to_string(),
            ),
            Refusal::Internal => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                Code::Internal,
                "the service failed; retry with the same clientId",
            ),
        }
    }
}

impl From<Error> for Problem {
    /// Words a refusal; a failure's cause is logged here, where it is answered, and not shown.
    fn from(error: Error) -> Self {
        use StatusCode as S;
        let detail = error.to_string();
        match error {
            Error::Invalid(errors) => invalid(errors),
            Error::SelfConversation => Self::new(
                S::UNPROCESSABLE_ENTITY,
                Code::SelfConversation,
                detail.clone(),
            )
            .on("sellerId", detail),
            Error::NotFound => Self::new(S::NOT_FOUND, Code::NotFound, detail),
            Error::UnknownSeller => {
                Self::new(S::NOT_FOUND, Code::NotFound, detail.clone()).on("sellerId", detail)
            }
            Error::Forbidden => Self::new(S::FORBIDDEN, Code::Forbidden, detail),
            Error::Blocked => Self::new(S::FORBIDDEN, Code::Blocked, detail),
            Error::ConversationClosed => Self::new(S::CONFLICT, Code::ConversationClosed, detail),
            Error::IdempotencyMismatch => Self::new(S::CONFLICT, Code::IdempotencyMismatch, detail),
            Error::StaleRevision => Self::new(S::CONFLICT, Code::StaleRevision, detail),
            Error::EditWindowOver => Self::new(S::CONFLICT, Code::EditWindowOver, detail),
            Error::EmailTaken => {
                Self::new(S::CONFLICT, Code::Invalid, detail.clone()).on("email", detail)
            }
            Error::Resync => Self::new(S::GONE, Code::Resync, detail),
            Error::Overloaded(failure) => {
                // A load that is refused has a reason that is the same each time.
                if let Some(times) = OVERLOADS.speaks() {
                    tracing::warn!(%failure, times, "overloaded");
                }
                Refusal::Overloaded.into()
            }
            Error::Failed(failure) => {
                tracing::error!(%failure, "failed");
                Refusal::Internal.into()
            }
        }
    }
}

fn invalid(errors: Vec<FieldError>) -> Problem {
    let code = match errors.first().map(|error| error.fault.code) {
        Some(code) => Code::of_fault(code),
        None => Code::Invalid,
    };
    let errors: Vec<_> = errors.into_iter().map(FieldProblem::from).collect();
    let detail = match errors.as_slice() {
        [] => "a field is not acceptable".to_owned(),
        [only] => format!("{}: {}", only.field, only.message),
        [first, rest @ ..] => format!(
            "{}: {} (and {} more)",
            first.field,
            first.message,
            rest.len()
        ),
    };
    Problem {
        errors,
        ..Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }
}

impl From<FieldError> for FieldProblem {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.field.into_owned(),
            code: error.fault.code.as_str(),
            message: error.fault.message.into_owned(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        self.response()
    }
}

#[cfg(test)]
mod tests {
    use messaging_domain::{Failure, Fault};

    use super::*;

    fn failure() -> Failure {
        Failure::new("do it", "the password is hunter2")
    }

    #[test]
    fn every_refusal_has_its_status_and_its_code() {
        let wait = Duration::from_millis(1_500);
        let table: Vec<(Problem, u16, &str)> = vec![
            (
                Error::field("q", Fault::invalid("x")).into(),
                422,
                "invalid",
            ),
            (
                Error::field("q", Fault::too_long("x")).into(),
                422,
                "too_long",
            ),
            (
                Error::field("q", Fault::unsupported("x")).into(),
                422,
                "unsupported_content",
            ),
            (Error::SelfConversation.into(), 422, "self_conversation"),
            (Error::NotFound.into(), 404, "not_found"),
            (Error::UnknownSeller.into(), 404, "not_found"),
            (Error::Forbidden.into(), 403, "forbidden"),
            (Error::Blocked.into(), 403, "blocked"),
            (Error::ConversationClosed.into(), 409, "conversation_closed"),
            (
                Error::IdempotencyMismatch.into(),
                409,
                "idempotency_mismatch",
            ),
            (Error::StaleRevision.into(), 409, "stale_revision"),
            (Error::EditWindowOver.into(), 409, "edit_window_over"),
            (Error::EmailTaken.into(), 409, "invalid"),
            (Error::Resync.into(), 410, "resync"),
            (Error::Overloaded(failure()).into(), 503, "overloaded"),
            (Error::Failed(failure()).into(), 500, "internal"),
            (Refusal::Malformed("x".to_owned()).into(), 400, "invalid"),
            (Refusal::Unauthenticated.into(), 401, "unauthenticated"),
            (Refusal::ForeignOrigin.into(), 403, "forbidden"),
            (Refusal::SwitchedOff.into(), 404, "not_found"),
            (Refusal::MethodNotAllowed.into(), 405, "invalid"),
            (Refusal::BodyTooLarge.into(), 413, "too_long"),
            (Refusal::MediaType.into(), 415, "invalid"),
            (Refusal::RateLimited(wait).into(), 429, "rate_limited"),
            (Refusal::Overloaded.into(), 503, "overloaded"),
            (Refusal::UnknownOp.into(), 400, "unknown_op"),
            (Refusal::Internal.into(), 500, "internal"),
        ];
        for (problem, status, code) in table {
            assert_eq!((problem.status, problem.code), (status, code));
            assert_eq!(problem.kind, format!("/docs#problem-{code}"));
            let retries = matches!(status, 429 | 503);
            assert_eq!(problem.retry_after_ms.is_some(), retries, "{code}");
            assert!(
                !problem.detail.contains("hunter2"),
                "a cause is never shown"
            );
        }
    }

    #[test]
    fn seconds_to_wait_are_rounded_up() {
        let response = Problem::from(Refusal::RateLimited(Duration::from_millis(1_001))).response();
        assert_eq!(response.headers().get(header::RETRY_AFTER).unwrap(), "2");
    }

    #[test]
    fn codes_of_domain_errors_are_codes_of_the_contract() {
        for error in [
            Error::NotFound,
            Error::Blocked,
            Error::Resync,
            Error::EmailTaken,
        ] {
            let code = error.code();
            assert!(
                Code::ALL.iter().any(|known| known.as_str() == code),
                "{code}"
            );
            assert_eq!(Problem::from(error).code, code);
        }
    }

    #[test]
    fn a_code_is_written_as_it_is_named_in_the_schema() {
        for code in Code::ALL {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }
}
