//! The binary as a process of its own, and somebody to call it: for all tests that look at it from outside.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use messaging_api::auth::token::Tokens;
use messaging_domain::UserId;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

/// What tokens are signed with.
pub(crate) const SECRET: &str = "a secret for tests that is long enough to sign with";

/// How long anything may take on a machine that has much else to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A service in a process of its own, ended with this value.
pub(crate) struct Node {
    pub(crate) process: Child,
    pub(crate) address: SocketAddr,
    data: TempDir,
    http: reqwest::Client,
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Node {
    /// Where the binary is.
    pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_messaging");

    /// Starts it by this command on SQLite, without rate limits and demo, and with these settings. Its
    /// log goes into a file beside its data.
    pub(crate) fn run(command: &mut Command, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().unwrap();
        let log = fs::File::create(data.path().join("log")).unwrap();
        let mut process = command
            .env_clear()
            .env("MESSAGING_LISTEN", "127.0.0.1:0")
            .env("MESSAGING_DATA_DIR", data.path().join("data"))
            .env("MESSAGING_JWT_SECRET", SECRET)
            .env("MESSAGING_RATE_LIMITS", "off")
            .env("MESSAGING_DEMO", "off")
            .envs(settings.iter().copied())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut first = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut first).unwrap();
        let address = first.trim().strip_prefix("listening on http://");
        let address = address
            .unwrap_or_else(|| panic!("{first}"))
            .parse()
            .unwrap();
        Self {
            process,
            address,
            data,
            http: reqwest::Client::builder()
                .timeout(PATIENCE)
                .build()
                .unwrap(),
        }
    }

    /// All that it has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.data.path().join("log")).unwrap()
    }

    /// What the kernel says of it (proc(5)).
    pub(crate) fn proc(&self, file: &str) -> PathBuf {
        format!("/proc/{}/{file}", self.process.id()).into()
    }

    /// A figure of its memory in bytes (proc(5), `status`).
    pub(crate) fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find(|line| line.starts_with(field)).unwrap();
        let kib = line.split_whitespace().nth(1).unwrap();
        kib.parse::<u64>().unwrap() * 1_024
    }

    /// What it holds in memory now, in bytes.
    pub(crate) fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let url = format!("http://{}{path}", self.address);
        self.http.request(method.parse().unwrap(), url)
    }

    /// Asks as somebody; the status and the body.
    pub(crate) async fn ask(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let mut request = self.request(method, path).bearer_auth(token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// An id that nobody else has, and a token for it.
pub(crate) fn person() -> (String, String) {
    let id = Uuid::new_v4().to_string();
    let token = token(&id);
    (id, token)
}

fn token(id: &str) -> String {
    let secret = SECRET.to_owned().into();
    let tokens = Tokens::with_secret(&secret, "messaging", "messaging", PATIENCE);
    let user = UserId::parse(id).unwrap();
    let lifetime = Duration::from_mins(30);
    tokens.issue(&user, Some("Ann"), None, lifetime).unwrap()
}
