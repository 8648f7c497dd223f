//! The last words of a session, and the wait for the peer's.

use std::time::Duration;

use actix_ws::CloseReason;
use tokio::time::{sleep, timeout};

use super::{
    close::{Close, Farewell},
    inbound::{Heard, Inbound},
    sender::json,
    session::{End, Session},
};
use crate::wire::frame::event::{Bye, EphemeralEvent, milliseconds};

/// Ends a session in good order, if the peer takes part in it; returns soon in any case.
pub(super) async fn say(session: Session, end: End) {
    let Session {
        connection,
        sender,
        mut inbound,
        ..
    } = session;
    let hub = connection.hub();
    let limit = hub.timing().farewell_within;
    // It frees its user's place at once, however long the farewell takes; but a service that goes
    // down waits for the farewell.
    connection.vacate();
    let mut socket = sender.into_socket();
    let said = async {
        match end {
            End::Gone => false,
            End::Closed(reason) => socket.close(echo(reason)).await.is_ok(),
            End::Farewell(farewell) => {
                hub.counters().closed(farewell.close);
                if let Some(bye) = bye(farewell)
                    && socket.text(bye).await.is_err()
                {
                    return false;
                }
                socket.close(Some(farewell.close.into())).await.is_ok()
            }
        }
    };
    // A peer that does not read does not take a farewell either.
    if timeout(limit, said).await.unwrap_or(false) {
        await_peer(&mut inbound, limit).await;
    }
}

/// Gives our close frame time to arrive, and the peer to go by itself. The library ends the stream
/// once the frame is written, so this is a plain wait for most of it.
async fn await_peer(inbound: &mut Inbound, limit: Duration) {
    let deadline = sleep(limit);
    tokio::pin!(deadline);
    loop {
        tokio::select! {
            heard = inbound.next() => match heard {
                // Our own close frame may not be written yet: the peer's can have been waiting, even
                // a second one. After a fault the stream would give the same one again, for ever.
                Heard::Closed(_) | Heard::Gone | Heard::Fault(_) => return deadline.await,
                Heard::Text(_) | Heard::Binary(_) | Heard::Ping(_) | Heard::Pong => {}
            },
            () = &mut deadline => return,
        }
    }
}

/// The answer to the peer's close frame is the same code (RFC 6455 §5.5.1).
fn echo(reason: Option<CloseReason>) -> Option<CloseReason> {
    reason.map(|reason| CloseReason {
        code: reason.code,
        description: None,
    })
}

/// The event before a close frame. Broken frames are answered by the protocol alone: whoever sends
/// them does not speak this contract.
fn bye(Farewell { close, after }: Farewell) -> Option<bytestring::ByteString> {
    if close.code() < 4_000 && close != Close::Restart {
        return None;
    }
    json(&EphemeralEvent::Bye(Bye {
        code: close.code(),
        reconnect: close.reconnect(),
        after_ms: after.map(milliseconds),
        reason: close.reason().to_owned(),
    }))
    .ok()
}
