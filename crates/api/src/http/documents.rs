//! What is there to read: the contracts, their reference, and the page at the door.

use actix_web::{
    HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY},
    web::Data,
};
use serde::Serialize;

use crate::{asyncapi, front_door, openapi, reference, service::Service};

/// Pages load their one style sheet and nothing else.
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) async fn openapi() -> HttpResponse {
    contract(&openapi::document())
}

pub(super) async fn asyncapi() -> HttpResponse {
    contract(&asyncapi::document())
}

pub(super) async fn reference() -> HttpResponse {
    page(reference::page())
}

pub(super) async fn reference_style() -> HttpResponse {
    style(reference::STYLE)
}

pub(super) async fn front_door(service: Data<Service>) -> HttpResponse {
    page(front_door::page(service.demo))
}

pub(super) async fn front_door_style() -> HttpResponse {
    style(front_door::STYLE)
}

fn contract(document: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(openapi::written(document))
}

fn page(html: impl Into<String>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .body(html.into())
}

fn style(css: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(css)
}
