//! Messages: sending, editing and deleting one.

use actix_web::{
    HttpResponse,
    web::{Data, Json, Path},
};
use messaging_domain::{Error, Seq};

use super::{actor::Actor, body::Body, conversations::conversation};
use crate::{
    problem::Problem,
    service::Service,
    wire::message::{EditMessage, Message, SendMessage},
};

/// Send a message.
#[utoipa::path(post, path = "/api/messages/send", operation_id = "sendMessage", tag = "messages", request_body = SendMessage,
    security(("accessToken" = [])),
    responses((status = 201, description = "It is sent.", body = Message),
        (status = 200, description = "It had been sent already, by this `clientId`: the message as it is now.", body = Message),
        (status = 403, description = "`blocked`.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`idempotency_mismatch`, `conversation_closed`.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn send(
    actor: Actor,
    service: Data<Service>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (conversation, client_id, content) = body.json::<SendMessage>().await?.parse()?;
    service.limits.check_send(actor.id())?;
    let sent = service
        .messaging
        .send(actor.id(), conversation, client_id, content)
        .await?;
    let mut answer = if sent.duplicate {
        HttpResponse::Ok()
    } else {
        HttpResponse::Created()
    };
    Ok(answer.json(Message::from(&sent.message)))
}

/// Edit one's own message, within 15 minutes.
#[utoipa::path(patch, path = "/api/messages/conversations/{id}/messages/{seq}", operation_id = "editMessage", tag = "messages", request_body = EditMessage,
    params(("id" = String, Path, description = "The conversation.", format = Uuid),
        ("seq" = i64, Path, description = "The message's place.", minimum = 1)),
    security(("accessToken" = [])),
    responses((status = 200, description = "The message as it is now.", body = Message),
        (status = 403, description = "`forbidden`: another's message; `blocked`.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "`stale_revision`, `edit_window_over`, `conversation_closed`.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn edit(
    actor: Actor,
    service: Data<Service>,
    path: Path<(String, String)>,
    body: Body,
) -> Result<Json<Message>, Problem> {
    let (revision, content) = body.json::<EditMessage>().await?.parse()?;
    service.limits.check_send(actor.id())?;
    let (id, seq) = (conversation(&path.0)?, place(&path.1)?);
    let message = service
        .messaging
        .edit(actor.id(), id, seq, revision, content)
        .await?;
    Ok(Json(Message::from(&message)))
}

/// Delete one's own message, at any time. Again: the same answer.
#[utoipa::path(delete, path = "/api/messages/conversations/{id}/messages/{seq}", operation_id = "deleteMessage", tag = "messages",
    params(("id" = String, Path, description = "The conversation.", format = Uuid),
        ("seq" = i64, Path, description = "The message's place.", minimum = 1)),
    security(("accessToken" = [])),
    responses((status = 200, description = "What is left of it.", body = Message),
        (status = 403, description = "`forbidden`: another's message.", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn delete(
    actor: Actor,
    service: Data<Service>,
    path: Path<(String, String)>,
) -> Result<Json<Message>, Problem> {
    let (id, seq) = (conversation(&path.0)?, place(&path.1)?);
    let message = service.messaging.delete(actor.id(), id, seq).await?;
    Ok(Json(Message::from(&message)))
}

/// The place of a path. One that is none is answered like one where there is no message.
fn place(seq: &str) -> Result<Seq, Error> {
    let digits = seq.bytes().all(|byte| byte.is_ascii_digit());
    match seq.parse() {
        Ok(seq) if digits && seq >= 1 => Ok(Seq::new(seq)),
        _ => Err(Error::NotFound),
    }
}
