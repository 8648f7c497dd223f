//! The refresh token as a cookie, for pages: no script can read it, and no other site send it.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    cookie::{Cookie, SameSite, time},
    http::header,
};

use crate::{
    problem::{Problem, Refusal},
    service::Service,
};

const NAME: &str = "messaging_refresh";
const PATH: &str = "/api/auth";

/// The cookie that carries a refresh token.
pub(super) fn bake(request: &HttpRequest, token: String, lifetime: Duration) -> Cookie<'static> {
    let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
    Cookie::build(NAME, token)
        .path(PATH)
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(!stays_on_this_machine(request))
        .max_age(time::Duration::seconds(seconds))
        .finish()
}

/// The cookie that makes a browser forget the refresh token.
pub(super) fn forget(request: &HttpRequest) -> Cookie<'static> {
    bake(request, String::new(), Duration::ZERO)
}

/// The refresh token that a page's cookie carries. A cookie comes without the page's doing, so the
/// page has to be one that may.
///
/// # Errors
/// 403 when the request does not say that it comes from an allowed origin.
pub(super) fn read(request: &HttpRequest, service: &Service) -> Result<Option<String>, Problem> {
    let Some(cookie) = request.cookie(NAME) else {
        return Ok(None);
    };
    let origin = request
        .headers()
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok());
    if origin.is_some_and(|origin| service.origins.allows(origin)) {
        Ok(Some(cookie.value().to_owned()))
    } else {
        Err(Refusal::ForeignOrigin.into())
    }
}

/// Whether the browser speaks to this very machine, where there is no TLS. Behind a proxy on the
/// same machine the peer is local but the host is not.
fn stays_on_this_machine(request: &HttpRequest) -> bool {
    let local_peer = request
        .peer_addr()
        .is_some_and(|peer| peer.ip().is_loopback());
    let host = request
        .headers()
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| !port.contains(']'))
        .map_or(host, |(name, _)| name);
    local_peer && matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}
