//! What hostile guests do with the binary, and whether it is well afterwards.

use std::{fs, process::Command, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::HeaderValue},
};
use uuid::Uuid;

use crate::node::{Node, PATIENCE, person};

/// The key of the server-side calls.
pub(crate) const SERVER_KEY: &str = "the key of a back end";

/// Nothing takes longer by itself, whatever is asked.
const PROMPTLY: Duration = Duration::from_secs(5);

pub(crate) type Socket = WebSocketStream<TcpStream>;

impl Node {
    /// Starts it with a key for the back end, and these settings.
    pub(crate) fn start(settings: &[(&str, &str)]) -> Self {
        let key = ("MESSAGING_SERVER_KEY", SERVER_KEY);
        let settings: Vec<_> = [key].iter().chain(settings).copied().collect();
        Self::run(&mut Command::new(Self::BINARY), &settings)
    }

    /// One on each database: SQLite, and PostgreSQL where `TEST_DATABASE_URL` names one.
    pub(crate) fn on_each_database() -> Vec<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test has no settings of its own"
        )]
        let postgres = std::env::var("TEST_DATABASE_URL").ok();
        let postgres = postgres.map(|url| Self::start(&[("MESSAGING_DATABASE_URL", &url)]));
        std::iter::once(Self::start(&[])).chain(postgres).collect()
    }

    /// Its table of addresses and ops.
    pub(crate) fn routes() -> Value {
        let printed = Command::new(Self::BINARY)
            .env_clear()
            .env("MESSAGING_DEMO", "off")
            .arg("routes")
            .output()
            .unwrap();
        serde_json::from_slice(&printed.stdout).unwrap()
    }

    /// The most that it held since [`Self::forget_peak`], in bytes.
    pub(crate) fn peak(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// Counts the peak anew (proc(5), `clear_refs`).
    pub(crate) fn forget_peak(&self) {
        fs::write(format!("/proc/{}/clear_refs", self.process.id()), "5").unwrap();
    }

    /// Sends these bytes and says no more; what comes back until the service closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let answer = self.raw_within(PATIENCE, bytes).await;
        answer.unwrap_or_else(|| panic!("it hangs after: {}", bytes.escape_ascii()))
    }

    /// The same, as long as nothing else is asked of it; `None` when that takes long.
    pub(crate) async fn raw_promptly(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.raw_within(PROMPTLY, bytes).await
    }

    async fn raw_within(&self, limit: Duration, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut answer = Vec::new();
        let talk = async {
            // The service may close before it has heard all of it.
            if stream.write_all(bytes).await.is_ok() {
                let _ = stream.shutdown().await;
            }
            let _ = stream.read_to_end(&mut answer).await;
        };
        timeout(limit, talk).await.ok()?;
        Some(answer)
    }

    /// A socket on which nothing was said yet.
    pub(crate) async fn socket(&self) -> Socket {
        loop {
            let mut request = format!("ws://{}/api/messages/ws", self.address)
                .into_client_request()
                .unwrap();
            let protocol = HeaderValue::from_static("messaging.v1");
            request
                .headers_mut()
                .insert("sec-websocket-protocol", protocol);
            let stream = TcpStream::connect(self.address).await.unwrap();
            match client_async(request, stream).await {
                Ok((socket, _)) => return socket,
                // A busy machine did not let us speak in time.
                Err(Error::Http(response)) if response.status() == 408 => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// A session of somebody.
    pub(crate) async fn session(&self, token: &str) -> Socket {
        let mut socket = self.socket().await;
        let hello = json!({ "op": "hello", "id": 0, "token": token });
        say(&mut socket, &hello.to_string()).await;
        while hear(&mut socket).await.unwrap()["event"] != "live" {}
        socket
    }

    /// That it is well: no panic so far, and two people can talk, over both doors, in a memory that
    /// has not grown beyond this.
    pub(crate) async fn assert_well(&self, most: u64) {
        let log = self.log();
        let panicked = log.lines().find(|line| line.contains("panicked"));
        assert_eq!(panicked, None, "{log}");
        let (ann, bob) = (person(), person());
        self.ask(&bob.1, "GET", "/api/auth/me", None).await;
        let mut socket = self.session(&bob.1).await;
        let body = json!({
            "sellerId": bob.0, "clientId": Uuid::new_v4().to_string(),
            "content": { "kind": "text", "text": "are you well?" },
        });
        let path = "/api/messages/conversations";
        let (status, started) = self.ask(&ann.1, "POST", path, Some(&body)).await;
        assert_eq!(status, 201, "{started}");
        loop {
            let frame = hear(&mut socket).await.expect("an open socket");
            if frame["event"] == "message.created" {
                assert_eq!(frame["data"]["message"], started["message"]);
                break;
            }
        }
        let (_, unread) = self.ask(&bob.1, "GET", "/api/messages/unread", None).await;
        assert_eq!(unread["unreadTotal"], 1);
        let resident = self.resident();
        assert!(resident < most, "it holds {resident} bytes");
    }
}

/// Says a text; whether the service still listens.
pub(crate) async fn say(socket: &mut Socket, text: &str) -> bool {
    let said = timeout(PATIENCE, socket.send(Message::text(text))).await;
    said.expect("it takes what is said").is_ok()
}

/// The next frame; `None` when the service has closed.
pub(crate) async fn hear(socket: &mut Socket) -> Option<Value> {
    loop {
        let heard = timeout(PATIENCE, socket.next()).await;
        match heard.expect("an answer in time") {
            Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            _ => return None,
        }
    }
}
