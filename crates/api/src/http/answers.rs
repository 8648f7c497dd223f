//! What holds for all answers: their headers, and that there is one whatever happens.

use std::{
    future::{Ready, ready},
    panic::AssertUnwindSafe,
    sync::atomic::Ordering,
    time::Instant,
};

use actix_web::{
    Error, HttpMessage as _, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use futures_util::FutureExt as _;
use messaging_domain::Error as Refused;
use tracing_actix_web::RequestId;

use super::lull::Lull;
use crate::{
    admission::{Admitted, Place},
    one_request,
    problem::{Problem, Refusal},
    service::Service,
};

/// Nothing that is not said to be allowed is loaded, and no page may frame an answer.
const POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Puts the headers on every answer that all of them have, and counts those that are under way.
///
/// # Errors
/// None of its own.
pub(crate) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let service = request.app_data::<web::Data<Service>>().cloned();
    let requests = service.as_ref().map(|service| service.requests.clone());
    let _counted = service.map(InFlight::new);
    let (method, route) = (request.method().clone(), request.match_pattern());
    let of_api = request.path().starts_with("/api/");
    let id = request
        .extensions()
        .get::<RequestId>()
        .map(ToString::to_string);
    let lull = request.conn_data::<Lull>().cloned();
    lull.iter().for_each(Lull::restart);
    let answer = if has_place(&request) {
        // A back end's erasure takes as long as it takes.
        let takes_long = request.path().starts_with("/api/server/");
        let work = next.call(request);
        let answer = if takes_long {
            work.await
        } else {
            one_request(work).await
        };
        answer.map(ServiceResponse::map_into_boxed_body)
    } else {
        let mut refused = Problem::from(Refusal::Overloaded).response();
        refused
            .head_mut()
            .set_connection_type(ConnectionType::Close);
        Ok(request.into_response(refused))
    };
    if let Some(requests) = requests {
        let status = match &answer {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        requests.answered(method.as_str(), route, status.as_u16(), begun.elapsed());
    }
    match (&lull, &answer) {
        (Some(lull), Ok(response)) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
            lull.stop();
        }
        (Some(lull), _) => lull.restart(),
        (None, _) => {}
    }
    let mut response = answer?;
    let headers = response.headers_mut();
    default(headers, header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    default(headers, header::REFERRER_POLICY, "no-referrer");
    default(headers, header::CONTENT_SECURITY_POLICY, POLICY);
    if of_api {
        default(headers, header::CACHE_CONTROL, "no-store");
    }
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id).ok()) {
        headers.insert(HeaderName::from_static("x-request-id"), id);
    }
    Ok(response)
}

/// Whether the connection may ask this: all is answered on one that has a place, and the probes on any.
fn has_place(request: &ServiceRequest) -> bool {
    let admitted = request.conn_data::<Admitted>();
    admitted.is_none_or(|admitted| admitted.place() == Place::Free)
        || ["/healthz", "/readyz"].contains(&request.path())
}

fn default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// A request that is being answered.
struct InFlight(web::Data<Service>);

impl InFlight {
    fn new(service: web::Data<Service>) -> Self {
        service.in_flight.fetch_add(1, Ordering::AcqRel);
        Self(service)
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Answers 500 for a handler that panicked; the panic itself is logged by the hook.
///
/// # Errors
/// None of its own.
pub(super) async fn outlive_panics(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let kept = request.request().clone();
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(answer) => answer.map(ServiceResponse::map_into_boxed_body),
        Err(_panic) => Ok(ServiceResponse::new(
            kept,
            Problem::from(Refusal::Internal).response(),
        )),
    }
}

/// There is no such address.
pub(super) fn not_found() -> Ready<HttpResponse> {
    ready(Problem::from(Refused::NotFound).response())
}

/// The address does not know the method; these it knows.
pub(super) fn method_not_allowed(methods: &str) -> Ready<HttpResponse> {
    let mut response = Problem::from(Refusal::MethodNotAllowed).response();
    if let Ok(methods) = HeaderValue::from_str(methods) {
        response.headers_mut().insert(header::ALLOW, methods);
    }
    ready(response)
}

#[cfg(test)]
mod tests {
    use actix_web::{App, middleware::from_fn, test};

    use super::*;

    #[actix_web::test]
    async fn a_handler_that_panics_is_answered_for() {
        async fn panics() -> HttpResponse {
            panic!("this is meant to be seen in the test's output")
        }
        let resource = web::resource("/").route(web::get().to(panics));
        let app = App::new().service(resource.wrap(from_fn(outlive_panics)));
        let app = test::init_service(app).await;
        let answer = test::call_service(&app, test::TestRequest::get().to_request()).await;
        assert_eq!(answer.status(), 500);
        let problem: serde_json::Value = test::read_body_json(answer).await;
        assert_eq!(problem["code"], "internal");
    }
}
