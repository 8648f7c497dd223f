//! What is there to read: the contracts, their reference, and the page at the door.

use std::sync::LazyLock;

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
};

use crate::{asyncapi, front_door, openapi, reference};

/// Pages load their one style sheet and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// They never change while the service runs, and take milliseconds to write.
static OPENAPI: LazyLock<String> = LazyLock::new(|| openapi::written(&openapi::document()));
static ASYNCAPI: LazyLock<String> = LazyLock::new(|| openapi::written(&asyncapi::document()));

/// This document: the contract of HTTP.
#[utoipa::path(get, path = "/openapi.json", operation_id = "openapi", tag = "documents",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object)))]
pub(super) async fn openapi() -> HttpResponse {
    contract(&OPENAPI)
}

/// The contract of the WebSocket.
#[utoipa::path(get, path = "/asyncapi.json", operation_id = "asyncapi", tag = "documents",
    responses((status = 200, description = "AsyncAPI 3.0.", body = Object)))]
pub(super) async fn asyncapi() -> HttpResponse {
    contract(&ASYNCAPI)
}

/// Both contracts, to read.
#[utoipa::path(get, path = "/docs", operation_id = "reference", tag = "documents",
    responses((status = 200, description = "A page that loads nothing from elsewhere.", body = String, content_type = "text/html")))]
pub(super) async fn reference() -> HttpResponse {
    page(reference::page())
}

pub(super) async fn reference_style() -> HttpResponse {
    style(reference::STYLE)
}

pub(super) async fn front_door() -> HttpResponse {
    page(front_door::PAGE)
}

pub(super) async fn front_door_style() -> HttpResponse {
    style(front_door::STYLE)
}

fn contract(document: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document)
}

fn page(html: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .body(html)
}

fn style(css: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(css)
}
