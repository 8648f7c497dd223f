//! What the service counts and measures, for Prometheus, on a listener of its own.
//!
//! Each room names its own numbers (its `expose`); `startup` brings them together. Labels are words
//! of the program, never of its users, so there are never many series, and none tells of anybody.

mod process;
mod requests;

use std::{fmt, net::TcpListener, sync::Arc};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::Server,
    web::{self, Data},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _, text},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Registry,
};

pub use process::expose as expose_process;
pub use requests::Requests;

/// Of every name but those of the process, which are everywhere the same.
pub const PREFIX: &str = "messaging";

/// The text format of `OpenMetrics` 1.0, which Prometheus reads.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves `GET /metrics` and nothing else. The listener is for those who watch the service, so it
/// asks for no token: keep it on a private address.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(listener: TcpListener, registry: Registry) -> std::io::Result<Server> {
    let registry = Arc::new(registry);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::from(Arc::clone(&registry)))
            .route("/metrics", web::get().to(answer))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?;
    Ok(server.run())
}

async fn answer(registry: Data<Registry>) -> HttpResponse {
    let mut body = String::new();
    match text::encode(&mut body, &registry) {
        Ok(()) => HttpResponse::Ok().content_type(CONTENT_TYPE).body(body),
        Err(error) => {
            tracing::error!(%error, "the metrics could not be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// A status as its hundreds, the only part of it that is told.
pub fn status_class(status: u16) -> &'static str {
    match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

/// Numbers of the moment, looked at when somebody asks: name, meaning, value.
type Moment = Vec<(&'static str, &'static str, usize)>;

/// Names numbers that are looked at when somebody asks, and not before.
pub fn gauges(registry: &mut Registry, look: impl Fn() -> Moment + Send + Sync + 'static) {
    registry.register_collector(Box::new(Gauges(look)));
}

struct Gauges<F>(F);

impl<F> fmt::Debug for Gauges<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gauges").finish_non_exhaustive()
    }
}

impl<F: Fn() -> Moment + Send + Sync + 'static> Collector for Gauges<F> {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for (name, help, value) in (self.0)() {
            let metric =
                encoder.encode_descriptor(name, &format!("{help}."), None, MetricType::Gauge)?;
            let value = i64::try_from(value).unwrap_or(i64::MAX);
            ConstGauge::new(value).encode(metric)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_the_moment_is_looked_at_when_somebody_asks() {
        let mut registry = Registry::with_prefix(PREFIX);
        gauges(&mut registry, || {
            vec![("ws_sessions", "Sockets that are open", 3)]
        });
        let mut written = String::new();
        text::encode(&mut written, &registry).unwrap();
        let expected = "\
# HELP messaging_ws_sessions Sockets that are open.
# TYPE messaging_ws_sessions gauge
messaging_ws_sessions 3
# EOF
";
        assert_eq!(written, expected);
    }

    #[test]
    fn only_the_hundreds_of_a_status_are_told() {
        let classes = [101, 200, 304, 404, 503, 999].map(status_class);
        assert_eq!(classes, ["1xx", "2xx", "3xx", "4xx", "5xx", "5xx"]);
    }
}
