//! What is logged: one line for each request, with its id, and never a token, a query, an address or
//! a text. And, if it is asked for, what is traced: requests and ops, their reads and writes, and the
//! transactions in which those were committed.

use std::{
    io::{BufWriter, IsTerminal as _, stderr},
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use anyhow::Context as _;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::{Level, Metadata, Span, level_filters::LevelFilter};
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt as _, filter_fn},
    fmt,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::config::{LogFormat, Settings};

/// Of whoever sends traces, in them.
const SERVICE: &str = "messaging";

/// How many lines may wait to be written. Then whoever has one more waits: none is left out.
const MAX_LINES: usize = 8_192;

/// How long the last traces may take.
const LAST_TRACES: Duration = Duration::from_secs(1);

/// What is told of the service while it runs.
#[derive(Debug)]
#[must_use = "the last lines are written when it goes, the last traces sent by `flush`"]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    _lines: WorkerGuard,
}

/// Begins logging to standard error, and tracing if it is asked for. A second call, in tests, changes
/// nothing.
///
/// # Errors
/// When traces cannot be sent to where they are to go.
pub fn start(settings: &Settings) -> anyhow::Result<Telemetry> {
    // By a thread of its own: a request does not wait for its line, and lines that come together are one write.
    let (writer, guard) = NonBlockingBuilder::default()
        .lossy(false)
        .buffered_lines_limit(MAX_LINES)
        .thread_name("log")
        .finish(BufWriter::new(stderr()));
    let lines = fmt::layer().with_writer(writer);
    let json = match settings.log_format {
        LogFormat::Json => true,
        LogFormat::Pretty => false,
        LogFormat::Auto => !stderr().is_terminal(),
    };
    let ours = filter_fn(|seen| !blames_us(seen)).with_max_level_hint(LevelFilter::TRACE);
    let filter = EnvFilter::new(&settings.log).and(ours);
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> = vec![if json {
        let lines = lines.json().flatten_event(true).with_span_list(false);
        lines.with_filter(filter).boxed()
    } else {
        lines.with_filter(filter).boxed()
    }];
    let traces = settings
        .otlp_endpoint
        .as_deref()
        .map(provider)
        .transpose()
        .context("send traces to MESSAGING_OTLP_ENDPOINT")?;
    if let Some(traces) = &traces {
        let layer = tracing_opentelemetry::layer()
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_tracer(traces.tracer(SERVICE));
        // Our own spans and no events: the words of errors are for the log.
        let ours = filter_fn(|seen| seen.is_span() && seen.target().starts_with(SERVICE))
            .with_max_level_hint(LevelFilter::DEBUG);
        layers.push(layer.with_filter(ours).boxed());
    }
    // It fails only if logging has begun already.
    let _ = tracing_subscriber::registry().with(layers).try_init();
    Ok(Telemetry {
        traces,
        _lines: guard,
    })
}

/// Whether it is a peer's mistake that actix-http tells as an error of ours: a head that cannot be parsed, a
/// connection that broke. Anybody could fill the log with them; at the level `trace` they are told as well.
fn blames_us(seen: &Metadata<'_>) -> bool {
    *seen.level() == Level::ERROR && seen.target().starts_with("actix_http::h1::")
}

/// Sends traces in batches from a thread of its own; how many is up to `OTEL_TRACES_SAMPLER` and
/// `OTEL_BSP_…`, which the library reads.
fn provider(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()?;
    let resource = Resource::builder()
        .with_service_name(SERVICE)
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_resource(resource)
        .build())
}

impl Telemetry {
    /// Sends the last traces, if that does not take long.
    pub fn flush(self) {
        if let Some(traces) = self.traces
            && let Err(error) = traces.shutdown_with_timeout(LAST_TRACES)
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
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
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        // In traces alone; the line below has it for the log.
        span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
        let _entered = span.entered();
        let Ok(response) = outcome else {
            tracing::warn!(status = status.as_u16(), "not answered");
            return;
        };
        let begun = response.request().extensions().get::<Begun>().copied();
        let milliseconds = begun.and_then(|Begun(at)| u64::try_from(at.elapsed().as_millis()).ok());
        tracing::info!(status = status.as_u16(), milliseconds, "answered");
    }
}

/// When a request came.
#[derive(Clone, Copy)]
struct Begun(Instant);
