//! A person's client: tokens, the few calls that set a scene, and the socket.

use std::{
    net::{IpAddr, SocketAddr},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{ClientRequestBuilder, Message, protocol::WebSocketConfig},
};

use crate::node::SECRET;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a token is good for: longer than any run.
const TOKEN_SECONDS: u64 = 86_400;

/// Small, since there are thousands of sockets, and large enough for any frame at once.
const READ_BUFFER: usize = 4 * 1024;

#[derive(Serialize)]
struct Claims<'a> {
    sub: &'a str,
    name: &'a str,
    iat: u64,
    exp: u64,
    iss: &'static str,
    aud: &'static str,
}

/// A token that the service accepts.
pub(crate) fn token(user: &str) -> Result<String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .context("a clock before 1970")?
        .as_secs();
    let claims = Claims {
        sub: user,
        name: user,
        iat: now,
        exp: now + TOKEN_SECONDS,
        iss: "messaging",
        aud: "messaging",
    };
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).context("make a token")
}

/// The calls of a node over HTTP.
#[derive(Clone)]
pub(crate) struct Api {
    client: reqwest::Client,
    base: String,
}

impl Api {
    pub(crate) fn new(address: SocketAddr) -> Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .tcp_nodelay(true)
            .build()
            .context("make an HTTP client")?;
        Ok(Self {
            client,
            base: format!("http://{address}/api"),
        })
    }

    /// Opens a conversation between two people, who come into being by that; gives back its id.
    pub(crate) async fn open(&self, buyer: &str, seller: &str) -> Result<String> {
        let me = self
            .client
            .get(format!("{}/auth/me", self.base))
            .bearer_auth(token(seller)?);
        me.send()
            .await?
            .error_for_status()
            .context("introduce a seller")?;
        let opened = self
            .client
            .post(format!("{}/messages/conversations", self.base))
            .bearer_auth(token(buyer)?)
            .json(&json!({"sellerId": seller}))
            .send()
            .await?
            .error_for_status()
            .context("open a conversation")?;
        let body: Value = opened.json().await?;
        let id = body.pointer("/conversation/id").and_then(Value::as_str);
        Ok(id.context("a conversation without an id")?.to_owned())
    }
}

/// What of a frame is looked at.
#[derive(Deserialize)]
struct Frame<'a> {
    reply: Option<u64>,
    error: Option<Value>,
    event: Option<&'a str>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    message: Option<Sent<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent<'a> {
    client_id: &'a str,
}

/// A session.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    sent: u64,
}

impl Socket {
    /// Opens a socket, from an address of one's own if one is given, says hello, and waits until it is live.
    pub(crate) async fn open(node: SocketAddr, from: Option<IpAddr>, user: &str) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        if let Some(from) = from {
            socket
                .bind(SocketAddr::new(from, 0))
                .context("take an address")?;
        }
        let stream = socket.connect(node).await.context("reach the node")?;
        stream.set_nodelay(true)?;
        let uri = format!("ws://{node}/api/messages/ws")
            .parse()
            .context("an address of a socket")?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol("messaging.v1");
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let (stream, _) = client_async_with_config(request, stream, Some(config))
            .await
            .context("open a socket")?;
        let mut socket = Self { stream, sent: 0 };
        let hello = socket
            .ask(json!({"op": "hello", "token": token(user)?}))
            .await?;
        socket.answer(hello).await?;
        socket.until(|frame| frame.event == Some("live")).await?;
        Ok(socket)
    }

    /// Sends a message; gives back what its answer will be known by.
    pub(crate) async fn send(
        &mut self,
        conversation: &str,
        client_id: &str,
        text: &str,
    ) -> Result<u64> {
        self.ask(json!({
            "op": "message.send",
            "conversationId": conversation,
            "clientId": client_id,
            "content": {"kind": "text", "text": text},
        }))
        .await
    }

    async fn ask(&mut self, mut op: Value) -> Result<u64> {
        self.sent += 1;
        if let Some(op) = op.as_object_mut() {
            op.insert("id".to_owned(), self.sent.into());
        }
        self.stream
            .send(Message::text(op.to_string()))
            .await
            .context("send a frame")?;
        Ok(self.sent)
    }

    /// Waits for the answer to an op.
    pub(crate) async fn answer(&mut self, id: u64) -> Result<()> {
        self.until(|frame| frame.reply == Some(id)).await
    }

    /// Waits for a message.
    pub(crate) async fn delivery(&mut self, client_id: &str) -> Result<()> {
        let is_it = |frame: &Frame<'_>| {
            let message = frame.data.as_ref().and_then(|data| data.message.as_ref());
            frame.event == Some("message.created")
                && message.is_some_and(|sent| sent.client_id == client_id)
        };
        self.until(is_it).await
    }

    async fn until(&mut self, is_it: impl Fn(&Frame<'_>) -> bool) -> Result<()> {
        let waiting = async {
            while let Some(message) = self.stream.next().await {
                let Message::Text(text) = message.context("read a frame")? else {
                    continue;
                };
                let frame: Frame<'_> = serde_json::from_str(&text).context("understand a frame")?;
                if let Some(error) = frame.error {
                    bail!("refused: {error}");
                }
                if is_it(&frame) {
                    return Ok(());
                }
            }
            bail!("the socket was closed")
        };
        timeout(PATIENCE, waiting)
            .await
            .context("nothing came in time")?
    }
}
