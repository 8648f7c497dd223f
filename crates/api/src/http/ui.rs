//! The demo marketplace's page: which encoding of a file, what it may do, or that it has not changed.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::header::{
        AcceptEncoding, CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentEncoding, ETAG, EntityTag,
        Header as _, IfNoneMatch, VARY,
    },
    web::Bytes,
};

use crate::ui::{File, Representation};

/// The page loads its own files and pictures, talks to its own service (`'self'` covers the WebSocket,
/// CSP level 3), and never makes a script of a text.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data: https:; connect-src 'self'; font-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// A picture brings its own styles, and is harmless when it is opened on its own.
const PICTURE_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

/// What the page has no use for, and nobody shall use through it.
const PERMISSIONS: &str = "accelerometer=(), camera=(), display-capture=(), \
    geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    serial=(), usb=(), xr-spatial-tracking=()";

/// Answers with a file, or with 304 when the client has it.
pub(super) fn answer(file: &File, request: &HttpRequest) -> HttpResponse {
    let accepted = AcceptEncoding::parse(request).unwrap_or_else(|_| AcceptEncoding(Vec::new()));
    let representation = file.preferred(&accepted);
    if is_known(request, representation) {
        return with_headers(HttpResponse::NotModified(), file, representation).finish();
    }
    let mut response = with_headers(HttpResponse::Ok(), file, representation);
    if representation.coding != ContentEncoding::Identity {
        response.insert_header(representation.coding);
    }
    response
        .content_type(file.media_type)
        .body(Bytes::from_static(representation.bytes))
}

/// A 304 repeats them: a cache takes them for those of what it keeps.
fn with_headers(
    mut response: HttpResponseBuilder,
    file: &File,
    representation: &Representation,
) -> HttpResponseBuilder {
    response
        .insert_header((ETAG, representation.etag))
        // Names stay the same from build to build, so a client asks each time whether it is new.
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((VARY, "Accept-Encoding"));
    if file.media_type.starts_with("text/html") {
        response
            .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
            .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
            .insert_header(("Permissions-Policy", PERMISSIONS));
    } else if file.media_type == "image/svg+xml" {
        response.insert_header((CONTENT_SECURITY_POLICY, PICTURE_POLICY));
    }
    response
}

/// Whether the client has just this, by its `If-None-Match` (RFC 9110, section 13.1.2).
fn is_known(request: &HttpRequest, representation: &Representation) -> bool {
    let own: Result<EntityTag, _> = representation.etag.parse();
    match (IfNoneMatch::parse(request), own) {
        (Ok(IfNoneMatch::Any), _) => true,
        (Ok(IfNoneMatch::Items(tags)), Ok(own)) => tags.iter().any(|tag| tag.weak_eq(&own)),
        _ => false,
    }
}
