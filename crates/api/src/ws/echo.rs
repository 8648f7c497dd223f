//! A socket that says back what it hears, to hold the framing against RFC 6455 with the cases of
//! others. Only in builds with the feature `conformance`, never in one that serves people.

use std::convert::Infallible;

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    hub::Hub,
    inbound::Heard,
    session::{End, Session},
    upgrade::open,
};
use crate::service::Service;

/// Some cases send a mebibyte at once.
const LIMIT: usize = 16 * 1_024 * 1_024;

/// Opens a WebSocket on which frames are read, answered and refused by the code that does it for all
/// sessions; only what the messages mean is left out.
///
/// # Errors
/// 400 for a request that is no handshake.
pub async fn echo(
    request: HttpRequest,
    body: web::Payload,
    service: web::Data<Service>,
    hub: web::Data<Hub>,
) -> Result<HttpResponse, actix_web::Error> {
    let run = async |mut session: Session, handle| {
        let Err(end) = converse(&mut session).await;
        session.end(end, handle).await;
    };
    open(request, body, service, hub, LIMIT, run).await
}

async fn converse(session: &mut Session) -> Result<Infallible, End> {
    loop {
        match session.inbound.next().await {
            Heard::Text(text) => session.sender.text(text).await?,
            Heard::Binary(bytes) => session.sender.binary(bytes).await?,
            heard => session.mind(heard).await?,
        }
    }
}
