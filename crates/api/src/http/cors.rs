//! Which pages of other origins a browser lets read our answers (the Fetch standard's CORS protocol).

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
    middleware::Next,
    web,
};

use crate::service::Service;

/// How long a browser may remember what it was told, in seconds.
const MAX_AGE: &str = "3600";

/// Answers the questions that browsers ask beforehand, and marks answers for pages that may read them.
///
/// # Errors
/// None of its own.
pub(crate) async fn cors(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let allowed = allowed_origin(&request);
    let asks_beforehand = *request.method() == Method::OPTIONS
        && request.headers().contains_key(header::ORIGIN)
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if asks_beforehand {
        let mut answer = HttpResponse::NoContent().finish();
        if allowed.is_some() {
            permit(answer.headers_mut());
        }
        request.into_response(answer)
    } else {
        next.call(request).await?.map_into_boxed_body()
    };
    let headers = response.headers_mut();
    // Caches must not give one page's answer to another.
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        let exposed = HeaderValue::from_static("Retry-After, X-Request-Id");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
    Ok(response)
}

fn permit(headers: &mut HeaderMap) {
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    let names = HeaderValue::from_static("Authorization, Content-Type");
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names);
    headers.insert(
        header::ACCESS_CONTROL_MAX_AGE,
        HeaderValue::from_static(MAX_AGE),
    );
}

fn allowed_origin(request: &ServiceRequest) -> Option<HeaderValue> {
    let service = request.app_data::<web::Data<Service>>()?;
    let origin = request.headers().get(header::ORIGIN)?;
    service
        .origins
        .allows(origin.to_str().ok()?)
        .then(|| origin.clone())
}
