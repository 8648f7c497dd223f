//! Conversations: the inbox, starting one, its messages, and the caller's own view of it.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Json, Path},
};
use messaging_domain::{ConversationId, Cursor, Error};

use super::{actor::Actor, body::Body};
use crate::{
    problem::Problem,
    service::Service,
    wire::{
        conversation::{
            ChangeSettings, Conversation, MarkRead, ReadState, Start, StartConversation, Started,
        },
        page::{Inbox, MessagePage},
        query::{self, InboxParams, WindowParams},
    },
};

/// The caller's conversations, latest activity first.
#[utoipa::path(get, path = "/api/messages/conversations", operation_id = "listConversations", tag = "conversations", params(InboxParams),
    security(("accessToken" = [])),
    responses((status = 200, description = "A page of conversations.", body = Inbox)))]
pub(super) async fn inbox(
    actor: Actor,
    service: Data<Service>,
    request: HttpRequest,
) -> Result<Json<Inbox>, Problem> {
    let query = query::read::<InboxParams>(request.query_string())?.parse()?;
    let page = service.messaging.inbox(actor.id(), query).await?;
    Ok(Json(Inbox::from(&page)))
}

/// Start, or find, the caller's conversation as buyer with a seller about a product; with `content`
/// and `clientId` also send its first message, all or nothing.
#[utoipa::path(post, path = "/api/messages/conversations", operation_id = "startConversation", tag = "conversations", request_body = StartConversation,
    security(("accessToken" = [])),
    responses((status = 201, description = "It is new.", body = Started),
        (status = 200, description = "It was there already.", body = Started),
        (status = 403, description = "`blocked`.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: nobody knows the seller.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`idempotency_mismatch`, `conversation_closed`.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn start(
    actor: Actor,
    service: Data<Service>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let Start {
        seller,
        product,
        first,
    } = body.json::<StartConversation>().await?.parse()?;
    if first.is_some() {
        service.limits.check_send(actor.id())?;
    }
    service.limits.check_opening(actor.id())?;
    let opened = service
        .messaging
        .start(actor.id(), seller, product, first)
        .await?;
    let mut answer = HttpResponse::Created();
    if !opened.created {
        service.limits.found_opening(actor.id());
        answer = HttpResponse::Ok();
    }
    Ok(answer.json(Started::from(&opened)))
}

/// A conversation and a page of its messages in rising `seq`: the newest when no anchor is given.
#[utoipa::path(get, path = "/api/messages/conversations/{id}", operation_id = "readConversation", tag = "conversations",
    params(("id" = String, Path, description = "The conversation.", format = Uuid), WindowParams),
    security(("accessToken" = [])),
    responses((status = 200, description = "A page of messages.", body = MessagePage)))]
pub(super) async fn window(
    actor: Actor,
    service: Data<Service>,
    id: Path<String>,
    request: HttpRequest,
) -> Result<Json<MessagePage>, Problem> {
    let (window, limit) = query::read::<WindowParams>(request.query_string())?.parse()?;
    let page = service
        .messaging
        .window(actor.id(), conversation(&id)?, window, limit)
        .await?;
    Ok(Json(MessagePage::from(&page)))
}

/// Change the caller's own settings of a conversation.
#[utoipa::path(patch, path = "/api/messages/conversations/{id}", operation_id = "changeSettings", tag = "conversations", request_body = ChangeSettings,
    params(("id" = String, Path, description = "The conversation.", format = Uuid)),
    security(("accessToken" = [])),
    responses((status = 200, description = "The conversation as it is now.", body = Conversation)))]
pub(super) async fn configure(
    actor: Actor,
    service: Data<Service>,
    id: Path<String>,
    body: Body,
) -> Result<Json<Conversation>, Problem> {
    let settings = body.json::<ChangeSettings>().await?.into();
    service.limits.check_settings(actor.id())?;
    let view = service
        .messaging
        .configure(actor.id(), conversation(&id)?, settings)
        .await?;
    Ok(Json(Conversation::from(&view)))
}

/// Move the caller's read cursor up to `seq`: never back, never past the newest message.
#[utoipa::path(post, path = "/api/messages/conversations/{id}/read", operation_id = "markRead", tag = "conversations", request_body = MarkRead,
    params(("id" = String, Path, description = "The conversation.", format = Uuid)),
    security(("accessToken" = [])),
    responses((status = 200, description = "How cursor and badge stand now.", body = ReadState)))]
pub(super) async fn mark_read(
    actor: Actor,
    service: Data<Service>,
    id: Path<String>,
    body: Body,
) -> Result<Json<ReadState>, Problem> {
    let seq = body.json::<MarkRead>().await?.parse()?;
    let state = service
        .messaging
        .advance(actor.id(), conversation(&id)?, Cursor::Read, seq)
        .await?;
    Ok(Json(ReadState::from(state)))
}

/// The conversation of a path. One that is no id is answered like one that is not there.
pub(super) fn conversation(id: &str) -> Result<ConversationId, Error> {
    match ConversationId::parse(id) {
        Ok(id) => Ok(id),
        Err(_) => Err(Error::NotFound),
    }
}
