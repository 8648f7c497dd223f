//! The sending half of a socket: every write has a deadline.

use std::{sync::Arc, time::Duration};

use actix_ws::Closed;
use bytestring::ByteString;
use serde::Serialize;
use tokio::time::{Instant, sleep};

use super::{close::Close, counters::Counters, hub::Hub, outbox::Outbox, session::End};
use crate::{
    problem::Problem,
    wire::frame::{
        FrameId,
        reply::{Outcome, Reply},
        text_of,
    },
};

/// Writes to one socket. The library's queue holds 32 frames and makes the writer wait when the
/// peer does not read; here that wait ends with the deadline, sooner when the outbox is overflown, and
/// at once when the session is to end.
pub(crate) struct Sender {
    socket: actix_ws::Session,
    outbox: Arc<Outbox>,
    hub: Hub,
    last_sent: Instant,
}

impl Sender {
    /// Writes to this socket until the outbox says that the session ends.
    pub(crate) fn new(socket: actix_ws::Session, outbox: Arc<Outbox>, hub: Hub) -> Self {
        Self {
            socket,
            outbox,
            hub,
            last_sent: Instant::now(),
        }
    }

    /// When the last text was sent. Pongs do not count: they tell a client nothing of where it stands.
    pub(crate) const fn last_sent(&self) -> Instant {
        self.last_sent
    }

    /// Sends a text that is ready.
    ///
    /// # Errors
    /// How the session ends.
    pub(crate) async fn text(&mut self, text: ByteString) -> Result<(), End> {
        let within = self.hub.timing().write_within;
        self.write(within, async |socket| socket.text(text).await)
            .await?;
        self.last_sent = Instant::now();
        Ok(())
    }

    /// Sends an event.
    ///
    /// # Errors
    /// How the session ends.
    pub(crate) async fn event(&mut self, event: &impl Serialize) -> Result<(), End> {
        self.text(json(event)?).await
    }

    /// Answers a frame.
    ///
    /// # Errors
    /// How the session ends.
    pub(crate) async fn reply(
        &mut self,
        id: Option<&FrameId>,
        answer: Result<impl Serialize, Problem>,
    ) -> Result<(), End> {
        let outcome = match answer {
            Ok(answer) => Outcome::Ok(answer),
            Err(problem) => Outcome::Error(problem),
        };
        self.event(&Reply { reply: id, outcome }).await
    }

    /// Answers a ping.
    ///
    /// # Errors
    /// How the session ends.
    pub(crate) async fn pong(&mut self, bytes: &[u8]) -> Result<(), End> {
        let within = self.hub.timing().write_within;
        self.write(within, async |socket| socket.pong(bytes).await)
            .await
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// How the session ends.
    #[cfg(feature = "conformance")]
    pub(crate) async fn binary(&mut self, bytes: actix_web::web::Bytes) -> Result<(), End> {
        let within = self.hub.timing().write_within;
        self.write(within, async |socket| socket.binary(bytes).await)
            .await
    }

    /// The bare socket, for the last words.
    pub(crate) fn into_socket(self) -> actix_ws::Session {
        self.socket
    }

    async fn write(
        &mut self,
        within: Duration,
        write: impl AsyncFnOnce(&mut actix_ws::Session) -> Result<(), Closed>,
    ) -> Result<(), End> {
        let patience = self.hub.timing().overflown_write_within;
        tokio::select! {
            biased;
            written = write(&mut self.socket) => written.or(Err(End::Gone))?,
            farewell = self.outbox.given_up(patience) => return Err(End::Farewell(farewell)),
            () = sleep(within) => return Err(Close::SlowConsumer.into()),
        }
        Counters::add(&self.hub.counters().frames_sent, 1);
        Ok(())
    }
}

/// Writes a frame.
///
/// # Errors
/// The session ends with 4100: this cannot happen, and if it does, going on would hide it.
pub(crate) fn json(frame: &impl Serialize) -> Result<ByteString, End> {
    text_of(frame).map_err(|error| {
        tracing::error!(%error, "a frame could not be written");
        Close::Internal.into()
    })
}
