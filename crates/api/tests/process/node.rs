//! A process of the service, and somebody to call it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const SECRET: &str = "a secret for tests that is long enough to sign with";

/// How long something may take that has to happen.
pub(crate) const SOON: Duration = Duration::from_secs(15);

/// A process of the service, ended with the test.
pub(crate) struct Node {
    process: Child,
    address: SocketAddr,
    _data: TempDir,
}

impl Node {
    /// Starts the binary with so many file descriptors and these settings.
    pub(crate) fn start(descriptors: usize, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let binary = env!("CARGO_BIN_EXE_messaging");
        let mut process = Command::new("sh")
            .args(["-c", &format!("ulimit -n {descriptors}; exec {binary}")])
            .env("MESSAGING_LISTEN", "127.0.0.1:0")
            .env("MESSAGING_DATA_DIR", data.path())
            .env("MESSAGING_JWT_SECRET", SECRET)
            .env("MESSAGING_DEMO", "off")
            .env("MESSAGING_LOG", "error")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap();
        Self {
            address: address.parse().unwrap(),
            process,
            _data: data,
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        stream
    }

    /// What a new connection is answered, or nothing within the time.
    pub(crate) fn asks(&self, path: &str, within: Duration) -> Option<String> {
        let mut stream = self.connect();
        stream.set_read_timeout(Some(within)).unwrap();
        ask(&mut stream, path)
    }
}

/// An answer: its status, its head, and its body if that is JSON.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Node {
    /// A person's token.
    pub(crate) fn token(user: &str) -> String {
        let printed = Command::new(env!("CARGO_BIN_EXE_messaging"))
            .args(["token", "--user", user])
            .env("MESSAGING_JWT_SECRET", SECRET)
            .output()
            .unwrap();
        String::from_utf8(printed.stdout).unwrap().trim().to_owned()
    }

    /// One call, on a connection of its own.
    pub(crate) fn call(&self, method: &str, path: &str, token: &str, body: &Value) -> Answer {
        let body = body.to_string();
        let mut stream = self.connect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_lowercase(),
            body: serde_json::from_str(body).unwrap_or(Value::Null),
        }
    }

    /// A conversation between two people, and the token of the first.
    pub(crate) fn conversation(&self) -> (String, String) {
        let [ann, bob] = ["ann", "bob"].map(Self::token);
        for token in [&ann, &bob] {
            let me = self.call("GET", "/api/auth/me", token, &Value::Null);
            assert_eq!(me.status, 200, "{}", me.body);
        }
        let with = json!({ "sellerId": "bob", "productId": "bike" });
        let started = self.call("POST", "/api/messages/conversations", &ann, &with);
        assert_eq!(started.status, 201, "{}", started.body);
        let id = started.body["conversation"]["id"].as_str().unwrap();
        (id.to_owned(), ann)
    }

    /// Memory of the process.
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(status).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        line.unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    }

    /// Brings it down in good order.
    pub(crate) fn terminate(&mut self) {
        let pid = self.process.id().to_string();
        let killed = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(killed.success());
        assert!(self.process.wait().unwrap().success());
    }
}

/// The request for a text message.
pub(crate) fn message(conversation: &str, text: &str) -> Value {
    json!({
        "conversationId": conversation,
        "clientId": Uuid::new_v4().to_string(),
        "content": { "kind": "text", "text": text },
    })
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Asks on a connection that stays open, and gives what is answered at first.
pub(crate) fn ask(stream: &mut TcpStream, path: &str) -> Option<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").ok()?;
    let mut answer = [0; 2_048];
    let length = stream.read(&mut answer).ok().filter(|length| *length > 0)?;
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}

pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
