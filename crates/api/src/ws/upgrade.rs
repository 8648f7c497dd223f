//! The door: what is checked before a request becomes a socket.

use std::sync::{Arc, atomic::Ordering};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web,
};

use super::{
    hub::Hub,
    inbound::{Inbound, bounded},
    session::{Arrival, Session},
};
use crate::{
    limits::address_of,
    problem::{Problem, Refusal},
    service::Service,
    socket::SocketHandle,
    wire::frame::{MAX_FRAME, SUBPROTOCOL},
};

/// Opens a WebSocket. Who it is comes with the first frame, never with the request: addresses are
/// written to logs.
///
/// # Errors
/// A [`Problem`]: 404 when sockets are switched off, 403 for a page of another origin, 503 while
/// the service goes down, 400 for a request that is no WebSocket handshake (RFC 6455 §4.2.1) or
/// offers only subprotocols that are not ours.
#[utoipa::path(get, path = "/api/messages/ws", operation_id = "socket", tag = "events",
    responses((status = 101, description = "A WebSocket, subprotocol `messaging.v1`: see `/asyncapi.json`. The token comes in its first frame."),
        (status = 400, description = "`invalid`: no WebSocket handshake, or only other subprotocols.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`: a page of an origin that is not allowed.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: sockets are switched off; poll `/api/messages/sync`.", body = Problem, content_type = "application/problem+json"),
    ))]
pub async fn upgrade(
    request: HttpRequest,
    body: web::Payload,
    service: web::Data<Service>,
    hub: web::Data<Hub>,
) -> Result<HttpResponse, actix_web::Error> {
    check(&request, &service)?;
    open(request, body, service, hub, MAX_FRAME, Session::run).await
}

/// Opens a socket for messages of `limit` bytes at most, and lets a session run on it.
pub(super) async fn open<R: Future<Output = ()> + 'static>(
    request: HttpRequest,
    body: web::Payload,
    service: web::Data<Service>,
    hub: web::Data<Hub>,
    limit: usize,
    run: impl FnOnce(Session, Option<SocketHandle>) -> R,
) -> Result<HttpResponse, actix_web::Error> {
    let body = bounded(&request, body, limit).await?;
    let address = address_of(&request, service.trusted_proxies);
    let greeting = service.admission.greet(address)?;
    let (response, socket, stream) =
        match actix_ws::handle_with_protocols(&request, body, &[SUBPROTOCOL]) {
            Ok(upgraded) => upgraded,
            Err(error) => return Ok(no_handshake(&error)),
        };
    let connection = hub
        .connect()
        .ok_or_else(|| Problem::from(Refusal::Overloaded))?;
    let service = Arc::clone(&service);
    let handle = request.conn_data::<SocketHandle>().cloned();
    let arrival = Arrival { address, greeting };
    let inbound = Inbound::new(stream, limit);
    let session = Session::new(service, connection, socket, inbound, arrival);
    actix_web::rt::spawn(run(session, handle));
    Ok(response)
}

fn check(request: &HttpRequest, service: &Service) -> Result<(), Problem> {
    if !service.websocket {
        return Err(Refusal::SwitchedOff.into());
    }
    let mut origins = request.headers().get_all(header::ORIGIN);
    if !origins.all(|origin| {
        origin
            .to_str()
            .is_ok_and(|origin| service.origins.allows(origin))
    }) {
        return Err(Refusal::ForeignOrigin.into());
    }
    if service.draining.load(Ordering::Acquire) {
        return Err(Refusal::Overloaded.into());
    }
    // A browser drops a socket whose server chose none of the subprotocols that it offered, and
    // says nothing of why; a refusal does.
    let offers: Vec<_> = request
        .headers()
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .flat_map(|offer| offer.to_str().unwrap_or("").split(','))
        .map(str::trim)
        .collect();
    if offers.is_empty() || offers.contains(&SUBPROTOCOL) {
        Ok(())
    } else {
        let expected = format!("the subprotocol is `{SUBPROTOCOL}`");
        Err(Refusal::Malformed(expected).into())
    }
}

fn no_handshake(error: &actix_web::Error) -> HttpResponse {
    let response = error.error_response();
    // It names the version that would do, in a header.
    if response.status() == StatusCode::UPGRADE_REQUIRED {
        return response;
    }
    let expected = format!("this is no WebSocket handshake: {error}");
    Problem::from(Refusal::Malformed(expected)).response()
}
