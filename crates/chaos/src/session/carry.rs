//! Carrying out one operation, over HTTP or on the socket, while frames go on coming.

use std::pin::pin;

use messaging_history::{
    Record,
    event::{Doubt, Invoke, Party, Refusal, Success, Transport},
    outcome,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{GIVES_UP, Outcome, Session};
use crate::{
    act::{Act, frame, request},
    socket::Incoming,
    world::World,
};

/// How long the token of a request is good for, in seconds: longer than any clock jumps.
const REQUEST: i64 = 10_800;

/// An answer over HTTP: its status and what its body said.
type Answer = Result<(u16, Value), String>;

impl Session {
    /// The name of the process that it is at the moment.
    fn process_name(&self) -> String {
        format!("{}.{}", self.name, self.process)
    }

    /// Does it over HTTP at that door.
    pub(super) async fn request(&mut self, act: &Act, door: usize) -> Outcome {
        let world = std::sync::Arc::clone(&self.world);
        let (Some(door), Some(asked)) = (
            world.doors.get(door),
            request(&act.asked, act.cursor.as_deref()),
        ) else {
            return Outcome::Unknown;
        };
        let token = match &act.token {
            Some(token) => token.clone(),
            None => match self.token(door, REQUEST).await {
                Some((token, _)) => token,
                // Nobody is logged in, and nothing was tried.
                None => return Outcome::Fail(None),
            },
        };
        let op = self.invoke(act, &door.node, Transport::Http, None);
        let url = format!("http://{}{}", door.address, asked.path);
        let answer = async {
            let mut request = world
                .http
                .request(asked.method.clone(), url)
                .bearer_auth(token);
            if let Some(body) = &asked.body {
                request = request.json(body);
            }
            let response = request.send().await.map_err(|error| why(&error))?;
            let status = response.status().as_u16();
            let text = response.text().await.map_err(|error| why(&error))?;
            let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
            Ok((status, body))
        };
        let answer: Answer = {
            let mut answer = pin!(answer);
            loop {
                let Some(live) = &mut self.live else {
                    break answer.await;
                };
                tokio::select! {
                    done = &mut answer => break done,
                    incoming = live.socket.next() => self.take(incoming),
                }
            }
        };
        match answer {
            Err(why) => self.doubt(op, why, Value::Null),
            Ok((status, reply)) => match outcome::of_status(status) {
                outcome::Outcome::Ok => self.success(op, Some(status), reply),
                outcome::Outcome::Fail => self.refusal(op, Some(status), reply),
                outcome::Outcome::Unknown => self.doubt(op, format!("status {status}"), reply),
            },
        }
    }

    /// Does it on the socket.
    pub(super) async fn speak(&mut self, act: &Act, asked: Option<Value>) -> Outcome {
        let Some(mut words) = asked.or_else(|| frame(&act.asked)) else {
            return Outcome::Unknown;
        };
        let world = std::sync::Arc::clone(&self.world);
        let Some(live) = &mut self.live else {
            return Outcome::Unknown;
        };
        let Some(door) = world.doors.get(live.door) else {
            return Outcome::Unknown;
        };
        live.next_id += 1;
        let (id, connection) = (live.next_id, live.connection);
        if let Some(words) = words.as_object_mut() {
            words.insert("id".to_owned(), json!(id));
        }
        let op = self.invoke(act, &door.node, Transport::Ws, Some(connection));
        let sent = match &mut self.live {
            Some(live) => live.socket.send(&words).await.is_ok(),
            None => false,
        };
        if !sent {
            let outcome = self.doubt(op, "not sent".to_owned(), Value::Null);
            self.ended(Party::Network, None);
            return outcome;
        }
        let deadline = Instant::now() + GIVES_UP;
        while let Some(live) = &mut self.live {
            tokio::select! {
                incoming = live.socket.next() => match incoming {
                    Incoming::Frame(frame) if frame.get("reply") == Some(&json!(id)) => {
                        return self.answered(op, &frame);
                    }
                    Incoming::End(..) => {
                        let outcome = self.doubt(op, "closed".to_owned(), Value::Null);
                        self.take(incoming);
                        return outcome;
                    }
                    Incoming::Frame(_) => self.take(incoming),
                },
                () = sleep_until(deadline) => {
                    let outcome = self.doubt(op, "timeout".to_owned(), Value::Null);
                    // A late answer would belong to nothing.
                    self.leave(false).await;
                    return outcome;
                }
            }
        }
        Outcome::Unknown
    }

    fn invoke(&self, act: &Act, node: &str, over: Transport, connection: Option<u64>) -> u64 {
        let op = self.world.recorder.op();
        self.world.recorder.record(Record::Invoke(Invoke {
            op,
            process: self.process_name(),
            user: self.user.clone(),
            session: Some(self.name.clone()),
            node: node.to_owned(),
            transport: over,
            connection,
            call: act.recorded.clone(),
        }));
        op
    }

    fn answered(&mut self, op: u64, frame: &Value) -> Outcome {
        if let Some(reply) = frame.get("ok") {
            return self.success(op, None, reply.clone());
        }
        let problem = frame.get("error").cloned().unwrap_or(Value::Null);
        let code = problem.get("code").and_then(Value::as_str).unwrap_or("");
        match outcome::of_code(code) {
            outcome::Outcome::Fail => {
                let status = problem.get("status").and_then(Value::as_u64);
                let status = status.and_then(|status| u16::try_from(status).ok());
                self.refusal(op, status, problem)
            }
            _ => self.doubt(op, format!("code {code}"), problem),
        }
    }

    fn success(&mut self, op: u64, status: Option<u16>, reply: Value) -> Outcome {
        World::count(&self.world.done);
        self.world.recorder.record(Record::Ok(Success {
            op,
            status,
            reply: reply.clone(),
        }));
        Outcome::Ok(reply)
    }

    fn refusal(&mut self, op: u64, status: Option<u16>, reply: Value) -> Outcome {
        let code = reply.get("code").and_then(Value::as_str).map(str::to_owned);
        self.world.recorder.record(Record::Fail(Refusal {
            op,
            status,
            code: code.clone(),
            reply,
        }));
        Outcome::Fail(code)
    }

    fn doubt(&mut self, op: u64, why: String, reply: Value) -> Outcome {
        World::count(&self.world.unknown);
        self.world
            .recorder
            .record(Record::Unknown(Doubt { op, why, reply }));
        // That process still has something under way; from now on it is another.
        self.process += 1;
        Outcome::Unknown
    }
}

fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        "timeout".to_owned()
    } else if error.is_connect() {
        "not connected".to_owned()
    } else {
        format!("broken: {error}")
    }
}
