//! Probes: whether the process lives, and whether it should be given work.

use actix_web::{HttpResponse, web::Data};

use crate::service::Service;

/// Whether the process answers.
#[utoipa::path(get, path = "/healthz", operation_id = "healthz", tag = "probes",
    responses((status = 200, description = "It does.", body = String, content_type = "text/plain")))]
pub(super) async fn healthz() -> HttpResponse {
    text(HttpResponse::Ok(), "ok\n")
}

/// Whether new work should come here: not while starting or draining, nor without a database.
#[utoipa::path(get, path = "/readyz", operation_id = "readyz", tag = "probes",
    responses((status = 200, description = "It should.", body = String, content_type = "text/plain"),
        (status = 503, description = "It should not.", body = String, content_type = "text/plain")))]
pub(super) async fn readyz(service: Data<Service>) -> HttpResponse {
    if service.is_ready().await {
        text(HttpResponse::Ok(), "ready\n")
    } else {
        text(HttpResponse::ServiceUnavailable(), "not ready\n")
    }
}

fn text(mut answer: actix_web::HttpResponseBuilder, words: &'static str) -> HttpResponse {
    answer
        .content_type("text/plain; charset=utf-8")
        .insert_header(("Cache-Control", "no-store"))
        .body(words)
}
