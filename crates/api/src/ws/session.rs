//! One socket's task, from the upgrade to the last byte.

use std::{convert::Infallible, future::Future, sync::Arc, time::Duration};

use actix_ws::CloseReason;

use super::{
    close::{Close, Farewell},
    connection::Connection,
    farewell,
    inbound::{Heard, Inbound},
    outbox::Outbox,
    sender::Sender,
};
use crate::{admission::Greeting, limits::Address, service::Service, socket::SocketHandle};

/// How a session ends.
#[derive(Debug)]
pub(crate) enum End {
    /// The connection is gone.
    Gone,
    /// The client closes.
    Closed(Option<CloseReason>),
    /// The service closes.
    Farewell(Farewell),
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Farewell(close.into())
    }
}

/// From where a socket comes, and its place among those that have not said hello.
pub(crate) struct Arrival {
    pub(super) address: Address,
    pub(super) greeting: Greeting,
}

/// A socket and all that its task needs.
pub(crate) struct Session {
    pub(super) service: Arc<Service>,
    pub(super) connection: Arc<Connection>,
    pub(super) outbox: Arc<Outbox>,
    pub(super) sender: Sender,
    pub(super) inbound: Inbound,
    pub(super) address: Address,
    /// Given up with the welcome.
    pub(super) greeting: Option<Greeting>,
}

impl Session {
    /// A session on a socket that was just opened.
    pub(crate) fn new(
        service: Arc<Service>,
        connection: Connection,
        socket: actix_ws::Session,
        inbound: Inbound,
        arrival: Arrival,
    ) -> Self {
        let outbox = connection.outbox();
        let sender = Sender::new(socket, Arc::clone(&outbox), connection.hub().clone());
        Self {
            service,
            connection: Arc::new(connection),
            outbox,
            sender,
            inbound,
            address: arrival.address,
            greeting: Some(arrival.greeting),
        }
    }

    /// Runs the session. Afterwards the connection is gone, whatever the peer does.
    #[expect(
        clippy::manual_async_fn,
        reason = "an async fn would hold the session twice, as it came and as it is used"
    )]
    pub(crate) fn run(mut self, handle: Option<SocketHandle>) -> impl Future<Output = ()> {
        async move {
            let Err(end) = self.converse().await;
            Box::pin(self.end(end, handle)).await;
        }
    }

    /// Ends the session and its connection.
    pub(super) async fn end(self, end: End, handle: Option<SocketHandle>) {
        tracing::debug!(session = %self.connection.session(), ?end, "session ends");
        farewell::say(self, end).await;
        if let Some(handle) = handle {
            handle.shut_down();
        }
    }

    async fn converse(&mut self) -> Result<Infallible, End> {
        // In a box that goes with it, as all that a session does but wait.
        let mut live = Box::pin(self.greet()).await?;
        live.run(self).await
    }

    /// Answers what is no text, and ends where it has to.
    pub(super) async fn mind(&mut self, heard: Heard) -> Result<(), End> {
        match heard {
            Heard::Ping(bytes) => self.sender.pong(&bytes).await,
            Heard::Text(_) | Heard::Pong => Ok(()),
            Heard::Binary(_) => Err(Close::Binary.into()),
            Heard::Closed(reason) => Err(End::Closed(reason)),
            Heard::Gone => Err(End::Gone),
            Heard::Fault(close) => Err(close.into()),
        }
    }

    /// Waits for something, but not longer than a while, and not when the session is to end.
    pub(super) async fn within<T>(
        &self,
        limit: Duration,
        late: Close,
        work: impl Future<Output = T>,
    ) -> Result<T, End> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            farewell = self.outbox.ended() => Err(End::Farewell(farewell)),
            () = tokio::time::sleep(limit) => Err(late.into()),
        }
    }
}
