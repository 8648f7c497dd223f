//! The ops: each a use-case, or a word to the hub.

use std::sync::Arc;

use messaging_domain::{
    Accounts as _, Blocked, ConversationId, Cursor, Directory as _, Error, Fault, Seat, Timestamp,
    UserId,
};
use serde::Serialize;

use super::{
    connection::{Connection, Sight},
    rooms::MAX_ROOMS,
    underway::Placed,
};
use crate::{
    auth::{Denied, Visitor},
    problem::{Problem, Refusal},
    service::Service,
    wire::{
        conversation::ReadState,
        frame::{
            client::Command,
            reply::{Changed, CounterpartPresence, Joined, Nothing, Pong, Refreshed, Sent},
        },
        message::Message,
    },
};

/// What an op brought.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Done {
    Sent(Sent),
    Changed(Changed),
    Read(ReadState),
    Joined(Joined),
    Refreshed {
        #[serde(flatten)]
        answer: Refreshed,
        /// For the session, which ends then.
        #[serde(skip)]
        expires_at: Timestamp,
    },
    Pong(Pong),
    Nothing(Nothing),
}

/// Does what a frame asks for; a message says when it has its place in line.
pub(super) async fn perform(
    service: Arc<Service>,
    connection: Arc<Connection>,
    user: UserId,
    command: Command,
    placed: Placed,
) -> Result<Done, Problem> {
    let messaging = &service.messaging;
    Ok(match command {
        // The session answers a second hello before it comes here.
        Command::Hello(_) => return Err(Refusal::UnknownOp.into()),
        Command::Send {
            conversation,
            client_id,
            content,
        } => {
            service.limits.check_send(&user)?;
            let seat = messaging.seat(&user, conversation).await?;
            let write = messaging.write(&seat, client_id, content);
            let appended = placed.note(write).await?;
            Done::Sent(Sent {
                message: Message::from(&appended.message),
                duplicate: appended.duplicate,
            })
        }
        Command::Edit {
            conversation,
            seq,
            revision,
            content,
        } => {
            service.limits.check_send(&user)?;
            let message = messaging
                .edit(&user, conversation, seq, revision, content)
                .await?;
            Done::Changed(Changed {
                message: Message::from(&message),
            })
        }
        Command::Delete { conversation, seq } => {
            let message = messaging.delete(&user, conversation, seq).await?;
            Done::Changed(Changed {
                message: Message::from(&message),
            })
        }
        Command::Read { conversation, seq } => {
            let state = messaging
                .advance(&user, conversation, Cursor::Read, seq)
                .await?;
            Done::Read(state.into())
        }
        Command::Delivered { conversation, seq } => {
            messaging
                .advance(&user, conversation, Cursor::Delivered, seq)
                .await?;
            Done::Nothing(Nothing {})
        }
        Command::Join(conversation) => {
            let presence = join(&service, &connection, &user, conversation).await?;
            Done::Joined(Joined { presence })
        }
        Command::Leave(conversation) => {
            messaging.seat(&user, conversation).await?;
            connection.leave(conversation);
            Done::Nothing(Nothing {})
        }
        Command::Typing {
            conversation,
            active,
        } => {
            let seat = messaging.seat(&user, conversation).await?;
            connection.hub().typing(&seat, active);
            Done::Nothing(Nothing {})
        }
        Command::Refresh(token) => refresh(&service, &connection, &user, &token).await?,
        Command::Ping => Done::Pong(Pong {
            now: Timestamp::now().to_string(),
        }),
    })
}

async fn join(
    service: &Service,
    connection: &Connection,
    user: &UserId,
    conversation: ConversationId,
) -> Result<CounterpartPresence, Problem> {
    let seat = service.messaging.seat(user, conversation).await?;
    connection.join(&seat).map_err(|_full| {
        let fault = Fault::invalid(format!("a session is in {MAX_ROOMS} rooms at most"));
        Error::field("conversationId", fault)
    })?;
    // In the room first, and then the look at who blocks: what changes in between is announced.
    let looked = look(service, connection, &seat).await;
    if looked.is_err() {
        connection.leave(conversation);
    }
    Ok(looked?)
}

async fn look(
    service: &Service,
    connection: &Connection,
    seat: &Seat,
) -> Result<CounterpartPresence, Error> {
    let whom = seat.counterpart();
    let view = service
        .messaging
        .view(seat.user(), seat.conversation())
        .await?;
    let last_seen = service.store.last_seen(whom).await?;
    connection.hub().look_around(whom).await;
    let sight = connection.settle(seat, view.blocked != Blocked::No);
    Ok(CounterpartPresence {
        user_id: whom.to_string(),
        online: sight == Sight::Online,
        last_seen_at: match sight {
            Sight::Offline => last_seen.map(|at| at.to_string()),
            Sight::Online | Sight::Hidden => None,
        },
    })
}

/// Looks once more whether somebody may be here, now that the hub knows the session: a logout or an
/// erasure just before had nobody to send away.
pub(super) async fn recheck(
    service: &Service,
    connection: &Connection,
    visitor: &Visitor,
) -> Result<(), Error> {
    if let Some(login) = visitor.login
        && !service.store.is_live(login).await?
    {
        connection.hub().close_login(&visitor.user.id, login);
    }
    let user = service.store.user(&visitor.user.id).await?;
    if user.is_none_or(|user| user.erased_at.is_some()) {
        connection.hub().close_user(&visitor.user.id);
    }
    Ok(())
}

async fn refresh(
    service: &Service,
    connection: &Connection,
    user: &UserId,
    token: &str,
) -> Result<Done, Problem> {
    match service.gatekeeper.admit(token).await {
        Ok(visitor) if visitor.user.id == *user => {
            connection.set_login(visitor.login);
            recheck(service, connection, &visitor).await?;
            let expires_at = visitor.expires_at;
            let answer = Refreshed {
                token_expires_at: expires_at.to_string(),
            };
            Ok(Done::Refreshed { answer, expires_at })
        }
        Ok(_) | Err(Denied::Bad | Denied::Expired) => Err(Refusal::Unauthenticated.into()),
        Err(Denied::Unavailable(error)) => Err(error.into()),
    }
}
