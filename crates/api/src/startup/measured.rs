//! All that the node measures, brought together: each room names its own.

use std::sync::{Arc, atomic::Ordering};

use actix_web::web::Data;
use messaging_infra::Traffic;
use prometheus_client::registry::Registry;

use crate::{
    metrics::{self, PREFIX, gauges},
    service::Service,
    ws::Hub,
};

/// Everything that `GET /metrics` tells.
pub(super) fn registry(service: &Data<Service>, hub: &Hub, traffic: &Traffic) -> Registry {
    let mut registry = Registry::default();
    metrics::expose_process(&mut registry);
    let ours = registry.sub_registry_with_prefix(PREFIX);
    service.requests.expose(ours);
    hub.expose(ours);
    traffic.expose(ours);
    service.store.expose(ours);
    service.admission.expose(ours);
    service.limits.expose(ours);
    service.logins.expose(ours);
    let service = Arc::clone(service);
    gauges(ours, move || {
        vec![
            (
                "draining",
                "1 while the node goes down",
                usize::from(service.draining.load(Ordering::Acquire)),
            ),
            (
                "http_requests_in_flight",
                "Requests that are being answered",
                service.in_flight.load(Ordering::Acquire),
            ),
        ]
    });
    registry
}
