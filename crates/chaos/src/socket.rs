//! A socket of a client: opened through a node's proxy, read until it ends.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use messaging_history::event::Party;
use serde_json::Value;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _, http::HeaderValue},
};

use crate::world::Door;

/// Within which a connection has to be made.
const CONNECTS_WITHIN: Duration = Duration::from_secs(3);

/// One socket.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
}

/// What comes from a socket.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A frame; a string where it was no JSON.
    Frame(Value),
    /// Its end.
    End(Party, Option<u16>),
}

impl Socket {
    /// Connects and upgrades; with a small buffer for what comes, if that is wanted.
    pub(crate) async fn open(door: &Door, small: bool) -> anyhow::Result<Self> {
        let connect = async {
            let socket = TcpSocket::new_v4()?;
            if small {
                socket.set_recv_buffer_size(4_096)?;
            }
            let stream = socket.connect(door.address).await?;
            stream.set_nodelay(true)?;
            let mut request =
                format!("ws://{}/api/messages/ws", door.address).into_client_request()?;
            request.headers_mut().insert(
                "sec-websocket-protocol",
                HeaderValue::from_static("messaging.v1"),
            );
            let (stream, _) = client_async(request, stream).await?;
            anyhow::Ok(Self { stream })
        };
        timeout(CONNECTS_WITHIN, connect)
            .await
            .context("the upgrade took too long")?
    }

    /// Sends a frame.
    pub(crate) async fn send(&mut self, frame: &Value) -> anyhow::Result<()> {
        let sent = self.stream.send(Message::text(frame.to_string()));
        match timeout(CONNECTS_WITHIN, sent).await {
            Ok(sent) => Ok(sent?),
            Err(_) => bail!("nobody takes the frame"),
        }
    }

    /// The next that comes.
    pub(crate) async fn next(&mut self) -> Incoming {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    let frame = serde_json::from_str(text.as_str())
                        .unwrap_or_else(|_| Value::String(text.as_str().to_owned()));
                    return Incoming::Frame(frame);
                }
                Some(Ok(Message::Binary(bytes))) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    return Incoming::Frame(Value::String(text));
                }
                Some(Ok(Message::Close(reason))) => {
                    let code = reason.map(|reason| u16::from(reason.code));
                    return Incoming::End(Party::Server, code);
                }
                // Pongs are sent by the library while it reads.
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Incoming::End(Party::Network, None),
            }
        }
    }

    /// Ends it from this side.
    pub(crate) async fn close(mut self, politely: bool) {
        if politely {
            tokio::select! {
                _ = self.stream.close(None) => {}
                () = sleep(Duration::from_millis(200)) => {}
            }
        } else {
            // Reset, as when a machine is switched off behind a router that tells.
            let _ = self.stream.get_ref().set_zero_linger();
        }
    }
}
