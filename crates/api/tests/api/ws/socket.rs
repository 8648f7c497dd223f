//! A client's socket that waits with a deadline and checks every frame against the contract.

use std::{collections::VecDeque, net::SocketAddr, sync::OnceLock, time::Duration};

use futures_util::{SinkExt as _, StreamExt as _};
use messaging_api::asyncapi;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Error, Message,
        client::IntoClientRequest as _,
        handshake::client::Request,
        http::{HeaderValue, StatusCode},
    },
};
use uuid::Uuid;

use crate::app::{Person, TestApp};

/// Within which everything that is waited for has to happen.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// A client's socket.
pub(crate) struct Socket {
    stream: WebSocketStream<TcpStream>,
    /// Events that came while a reply was waited for.
    events: VecDeque<Value>,
    next_id: i64,
}

/// How a socket was closed: the code, and the `bye` before it.
#[derive(Debug, PartialEq)]
pub(crate) struct Closed {
    pub(crate) code: u16,
    pub(crate) bye: Option<Value>,
}

/// A request for a socket, as a browser would make it.
pub(crate) fn request(address: SocketAddr) -> Request {
    let mut request = format!("ws://{address}/api/messages/ws")
        .into_client_request()
        .unwrap();
    let protocol = HeaderValue::from_static("messaging.v1");
    request
        .headers_mut()
        .insert("sec-websocket-protocol", protocol);
    request
}

/// Tries to open a socket; the status when it is refused.
pub(crate) async fn try_open(request: Request) -> Result<Socket, (StatusCode, Value)> {
    let address = request.uri().authority().unwrap().to_string();
    let stream = TcpStream::connect(address).await.unwrap();
    match client_async(request, stream).await {
        Ok((stream, _)) => Ok(Socket {
            stream,
            events: VecDeque::new(),
            next_id: 1,
        }),
        Err(Error::Http(response)) => {
            let body = response.body().as_deref().unwrap_or_default();
            Err((
                response.status(),
                serde_json::from_slice(body).unwrap_or(Value::Null),
            ))
        }
        Err(error) => panic!("{error}"),
    }
}

impl Socket {
    /// A socket at an address where there may be nobody any more.
    pub(crate) async fn reach(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).await.ok()?;
        let (stream, _) = client_async(request(address), stream).await.ok()?;
        Some(Self {
            stream,
            events: VecDeque::new(),
            next_id: 1,
        })
    }

    /// A socket on which nothing was said yet.
    pub(crate) async fn open(app: &TestApp) -> Self {
        try_open(request(app.address()))
            .await
            .unwrap_or_else(|refused| panic!("{refused:?}"))
    }

    /// A session that begins afresh, up to `live`.
    pub(crate) async fn of(app: &TestApp, person: &Person) -> Self {
        Self::with_welcome(app, person).await.0
    }

    /// The same, with the answer to `hello`.
    pub(crate) async fn with_welcome(app: &TestApp, person: &Person) -> (Self, Value) {
        let mut socket = Self::open(app).await;
        let welcome = socket.hello(&person.token, &Value::Null).await;
        assert_eq!(socket.next().await["event"], "live");
        (socket, welcome)
    }

    /// Says hello and gives back the answer.
    pub(crate) async fn hello(&mut self, token: &str, since: &Value) -> Value {
        self.ok("hello", json!({ "token": token, "since": since }))
            .await
    }

    /// Says hello with where it stands; gives back the answer, the replayed events and `live`.
    pub(crate) async fn resume(
        app: &TestApp,
        person: &Person,
        since: &Value,
    ) -> (Self, Value, Vec<Value>) {
        let mut socket = Self::open(app).await;
        let welcome = socket.hello(&person.token, since).await;
        let mut events = Vec::new();
        loop {
            let event = socket.next().await;
            let live = event["event"] == "live";
            events.push(event);
            if live {
                return (socket, welcome, events);
            }
        }
    }

    /// Sends a text as it is.
    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.put(Message::text(text.into())).await;
    }

    /// Sends a frame; whether there is still somebody to take it.
    pub(crate) async fn try_say(&mut self, frame: &Value) -> bool {
        let said = self.stream.send(Message::text(frame.to_string()));
        timeout(SOON, said).await.unwrap().is_ok()
    }

    /// Sends a message of the protocol.
    pub(crate) async fn put(&mut self, message: Message) {
        timeout(SOON, self.stream.send(message))
            .await
            .unwrap()
            .unwrap();
    }

    /// Sends an op that gets no answer.
    pub(crate) async fn tell(&mut self, op: &str, fields: Value) {
        self.say(frame(op, None, fields)).await;
    }

    /// Sends an op and gives back its reply; events that come first wait for [`Self::event`].
    pub(crate) async fn ask(&mut self, op: &str, fields: Value) -> Value {
        let id = self.next_id;
        self.next_id += 1;
        self.say(frame(op, Some(id), fields)).await;
        loop {
            let frame = self.receive().await;
            if frame["reply"] == id {
                return frame;
            }
            assert!(frame.get("reply").is_none(), "{frame} is no answer to {id}");
            self.events.push_back(frame);
        }
    }

    /// Sends an op that has to succeed and gives back what it brought.
    pub(crate) async fn ok(&mut self, op: &str, fields: Value) -> Value {
        let mut reply = self.ask(op, fields).await;
        assert!(reply.get("ok").is_some(), "{op}: {reply}");
        reply["ok"].take()
    }

    /// Sends an op that has to be refused and gives back the problem.
    pub(crate) async fn refusal(&mut self, op: &str, fields: Value) -> Value {
        let mut reply = self.ask(op, fields).await;
        assert!(reply.get("error").is_some(), "{op}: {reply}");
        reply["error"].take()
    }

    /// Sends a message.
    pub(crate) async fn send(&mut self, conversation: &str, text: &str) -> Value {
        let fields = json!({
            "conversationId": conversation,
            "clientId": Uuid::new_v4().to_string(),
            "content": { "kind": "text", "text": text },
        });
        self.ok("message.send", fields).await["message"].take()
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        match self.events.pop_front() {
            Some(event) => event,
            None => self.receive().await,
        }
    }

    /// The next event, which has to be of this name; its data.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        let mut event = self.next().await;
        assert_eq!(event["event"], name, "{event}");
        event["data"].take()
    }

    /// Makes sure that nothing has come: what was to come before the answer to a ping has come.
    pub(crate) async fn hears_nothing(&mut self) {
        self.ok("ping", json!({})).await;
        assert_eq!(self.events, VecDeque::<Value>::new());
    }

    /// The next frame, checked.
    pub(crate) async fn receive(&mut self) -> Value {
        loop {
            let message = timeout(SOON, self.stream.next())
                .await
                .expect("a frame in time");
            match message.expect("not yet the end").expect("a good frame") {
                Message::Text(text) => return checked(&text),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The next message of the protocol, whatever it is; `None` when the connection is gone.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        let message = timeout(SOON, self.stream.next())
            .await
            .expect("a message in time");
        message.and_then(Result::ok)
    }

    /// Waits for the close; other frames are passed over. The connection then is gone, too.
    pub(crate) async fn closed(&mut self) -> Closed {
        let (mut bye, mut code) = (None, None);
        while let Some(message) = self.message().await {
            match message {
                Message::Text(text) => {
                    let frame = checked(&text);
                    if frame["event"] == "bye" {
                        bye = Some(frame["data"].clone());
                    }
                }
                Message::Close(frame) => code = Some(frame.map_or(1005, |frame| frame.code.into())),
                _ => {}
            }
        }
        let code = code.expect("a close frame");
        if let Some(bye) = &bye {
            assert_eq!(bye["code"], code);
        }
        Closed { code, bye }
    }

    /// The bare connection.
    pub(crate) fn connection(&mut self) -> &mut TcpStream {
        self.stream.get_mut()
    }
}

fn frame(op: &str, id: Option<i64>, mut fields: Value) -> String {
    fields["op"] = op.into();
    if let Some(id) = id {
        fields["id"] = id.into();
    }
    fields.to_string()
}

/// Makes a schema refuse fields that it does not name: clients pass them over, but here a field
/// that is sent has to be in the contract.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.contains_key("properties") && !fields.contains_key("additionalProperties") {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
            fields.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// A frame of the service, which has to be one of the contract's.
fn checked(text: &str) -> Value {
    let frame = serde_json::from_str(text).unwrap();
    check(&frame);
    frame
}

/// Fails when a frame of the service is none of the contract's.
#[track_caller]
pub(crate) fn check(frame: &Value) {
    static CONTRACT: OnceLock<jsonschema::Validator> = OnceLock::new();
    let contract = CONTRACT.get_or_init(|| {
        let mut schema = asyncapi::document();
        close(&mut schema["components"]);
        schema["$ref"] = json!("#/components/schemas/ServerFrame");
        jsonschema::validator_for(&schema).unwrap()
    });
    assert!(contract.is_valid(frame), "not in the contract: {frame}");
}
