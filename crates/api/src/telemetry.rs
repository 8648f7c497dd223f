//! What is logged: one line for each request, with its id, and never a token, a query, an address or
//! a text.

use std::{
    io::{IsTerminal as _, stderr},
    time::Instant,
};

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::Span;
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, Settings};

/// Begins logging to standard error. A second call, in tests, changes nothing.
pub fn start(settings: &Settings) {
    let filter = EnvFilter::new(&settings.log);
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    let json = match settings.log_format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !stderr().is_terminal(),
    };
    // It fails only if logging has begun already.
    let _ = if json {
        lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init()
    } else {
        lines.try_init()
    };
}

/// The span around each request: its method, its route as a pattern, its id and its outcome.
#[derive(Debug)]
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        request.extensions_mut().insert(Begun(Instant::now()));
        let id = request.extensions().get::<RequestId>().copied();
        let id = id.map(|id| id.to_string()).unwrap_or_default();
        tracing::info_span!(
            "request",
            method = %request.method(),
            route = request.match_pattern().unwrap_or_else(|| "(none)".to_owned()),
            id,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let _entered = span.entered();
        match outcome {
            Ok(response) => {
                let begun = response.request().extensions().get::<Begun>().copied();
                let milliseconds =
                    begun.and_then(|Begun(at)| u64::try_from(at.elapsed().as_millis()).ok());
                tracing::info!(
                    status = response.status().as_u16(),
                    milliseconds,
                    "answered"
                );
            }
            Err(error) => {
                let status = error.as_response_error().status_code();
                tracing::warn!(status = status.as_u16(), "not answered");
            }
        }
    }
}

/// When a request came.
#[derive(Clone, Copy)]
struct Begun(Instant);
