//! Finding messages, and counting those that are unread.

use actix_web::{
    HttpRequest,
    web::{Data, Json},
};

use super::actor::Actor;
use crate::{
    problem::Problem,
    service::Service,
    wire::{
        page::UnreadTotals,
        query::{self, SearchParams},
        search::SearchPage,
    },
};

/// The caller's messages in which all words occur, the last also as a beginning; latest first.
#[utoipa::path(get, path = "/api/messages/search", operation_id = "searchMessages", tag = "messages", params(SearchParams),
    security(("accessToken" = [])),
    responses((status = 200, description = "A page of messages.", body = SearchPage),
        (status = 404, description = "`not_found`: the conversation.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn search(
    actor: Actor,
    service: Data<Service>,
    request: HttpRequest,
) -> Result<Json<SearchPage>, Problem> {
    let sought = query::read::<SearchParams>(request.query_string())?.parse()?;
    let page = service.messaging.search(actor.id(), sought).await?;
    Ok(Json(SearchPage::from(&page)))
}

/// What the caller has not read, for a badge.
#[utoipa::path(get, path = "/api/messages/unread", operation_id = "countUnread", tag = "conversations", security(("accessToken" = [])),
    responses((status = 200, description = "The counts.", body = UnreadTotals)))]
pub(super) async fn unread(
    actor: Actor,
    service: Data<Service>,
) -> Result<Json<UnreadTotals>, Problem> {
    let totals = service.messaging.unread(actor.id()).await?;
    Ok(Json(UnreadTotals::from(totals)))
}
