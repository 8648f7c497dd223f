//! What the service counts, for Prometheus, on a listener of its own.

use std::net::TcpListener;

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::Server,
    web::{self, Data},
};

use crate::ws::{Hub, Sample};

/// Of every metric's name.
const PREFIX: &str = "messaging_";

/// The text format, version 0.0.4.
const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Serves `GET /metrics` and nothing else. The listener is for those who watch the service, so it
/// asks for no token: keep it on a private address.
///
/// # Errors
/// When the listener cannot be used.
pub fn serve(listener: TcpListener, hub: Hub) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(hub.clone()))
            .route("/metrics", web::get().to(answer))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?;
    Ok(server.run())
}

async fn answer(hub: Data<Hub>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(CONTENT_TYPE)
        .body(render(&hub.samples()))
}

/// The samples as Prometheus reads them; those of one name stand together.
fn render(samples: &[Sample]) -> String {
    let mut lines = Vec::new();
    let mut described = "";
    for sample in samples {
        let name = sample.name;
        if name != described {
            let kind = if sample.counter { "counter" } else { "gauge" };
            lines.push(format!("# HELP {PREFIX}{name} {}\n", sample.help));
            lines.push(format!("# TYPE {PREFIX}{name} {kind}\n"));
            described = name;
        }
        let label = sample
            .label
            .as_ref()
            .map(|(key, value)| format!("{{{key}=\"{value}\"}}"))
            .unwrap_or_default();
        lines.push(format!("{PREFIX}{name}{label} {}\n", sample.value));
    }
    lines.concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_one_name_share_a_description() {
        let closes = |code: &str, value| Sample {
            name: "ws_closes_total",
            help: "Sessions that the service ended.",
            counter: true,
            label: Some(("code", code.to_owned())),
            value,
        };
        let sessions = Sample {
            name: "ws_sessions",
            help: "Sockets that are open.",
            counter: false,
            label: None,
            value: 3,
        };
        let expected = "\
# HELP messaging_ws_sessions Sockets that are open.
# TYPE messaging_ws_sessions gauge
messaging_ws_sessions 3
# HELP messaging_ws_closes_total Sessions that the service ended.
# TYPE messaging_ws_closes_total counter
messaging_ws_closes_total{code=\"4011\"} 1
messaging_ws_closes_total{code=\"4201\"} 2
";
        assert_eq!(
            render(&[sessions, closes("4011", 1), closes("4201", 2)]),
            expected
        );
    }
}
