//! A plain client of the bus: hears everything that is said there, and says whatever it is told to.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, bail};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::timeout,
};

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    /// On which subject.
    pub(crate) subject: String,
    /// The payload, headers included.
    pub(crate) payload: Vec<u8>,
}

/// A connection that is subscribed to everything.
pub(crate) struct Ear {
    reader: BufReader<OwnedReadHalf>,
    writer: OwnedWriteHalf,
}

impl Ear {
    /// Connects to the server itself, past the proxies.
    pub(crate) async fn connect(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        let (reader, mut writer) = stream.into_split();
        let options = r#"{"verbose":false,"pedantic":false,"headers":true,"no_responders":false,"echo":false}"#;
        let greeting = format!("CONNECT {options}\r\nSUB > 1\r\nPING\r\n");
        writer.write_all(greeting.as_bytes()).await?;
        Ok(Self {
            reader: BufReader::new(reader),
            writer,
        })
    }

    /// The next message within that time, if there is one.
    pub(crate) async fn hear(&mut self, limit: Duration) -> anyhow::Result<Option<Said>> {
        match timeout(limit, self.next()).await {
            Ok(said) => said.map(Some),
            Err(_) => Ok(None),
        }
    }

    /// Not to be dropped half-way: a message is lost then, which `hear` accepts between messages only.
    async fn next(&mut self) -> anyhow::Result<Said> {
        loop {
            let mut line = String::new();
            if self.reader.read_line(&mut line).await? == 0 {
                bail!("the bus has closed");
            }
            let words: Vec<&str> = line.split_ascii_whitespace().collect();
            match words.as_slice() {
                ["PING"] => self.writer.write_all(b"PONG\r\n").await?,
                ["MSG" | "HMSG", subject, .., size] => {
                    let subject = (*subject).to_owned();
                    let size: usize = size.parse().context("a size")?;
                    let mut payload = vec![0; size + 2];
                    self.reader.read_exact(&mut payload).await?;
                    payload.truncate(size);
                    return Ok(Said { subject, payload });
                }
                _ => {}
            }
        }
    }

    /// Says something.
    pub(crate) async fn say(&mut self, subject: &str, payload: &[u8]) -> anyhow::Result<()> {
        let head = format!("PUB {subject} {}\r\n", payload.len());
        let words = [head.as_bytes(), payload, b"\r\n"].concat();
        Ok(self.writer.write_all(&words).await?)
    }
}
