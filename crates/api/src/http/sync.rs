//! The durable events that somebody has missed, for gaps and for clients without a socket.

use actix_web::{
    HttpRequest,
    web::{Data, Json},
};
use messaging_domain::Error;

use super::actor::Actor;
use crate::{
    problem::Problem,
    service::Service,
    wire::{
        query::{self, SyncParams},
        sync::Missed,
    },
};

/// The caller's durable events after a position, as the WebSocket sends them.
#[utoipa::path(get, path = "/api/messages/sync", operation_id = "sync", tag = "events", params(SyncParams), security(("accessToken" = [])),
    responses((status = 200, description = "The events in order.", body = Missed),
        (status = 410, description = "`resync`: take a snapshot from the inbox.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn missed(
    actor: Actor,
    service: Data<Service>,
    request: HttpRequest,
) -> Result<Json<Missed>, Problem> {
    let (since, epoch, limit) = query::read::<SyncParams>(request.query_string())?.parse()?;
    let head = service.messaging.head(actor.id()).await?;
    if epoch != head.epoch.to_string() {
        return Err(Error::Resync.into());
    }
    let page = service.messaging.events(actor.id(), since, limit).await?;
    Ok(Json(Missed::new(&page, since, head.epoch)))
}
