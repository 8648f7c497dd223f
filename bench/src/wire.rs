//! WebSocket and HTTP as bytes: only as much of them as a load generator needs, and nothing forgiven.

use anyhow::{Context as _, Result, bail};
use memchr::memmem;

/// Headers that an answer has at most.
const MOST_HEADERS: usize = 32;

/// What a server said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    /// The connection is a WebSocket from now on.
    Upgraded,
    Text(&'a [u8]),
    Ping(&'a [u8]),
    Answer {
        status: u16,
        body: &'a [u8],
    },
    /// It says that it closes, and why.
    Closed(String),
    /// It has closed.
    Ended,
}

/// How a connection is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// An upgrade was asked for.
    Upgrading,
    Socket,
    Http,
}

impl Speech {
    /// What is said first in these bytes, and how many of them it took; nothing until it is all there.
    pub(crate) fn first(self, bytes: &[u8]) -> Result<Option<(Heard<'_>, usize)>> {
        match self {
            Self::Socket => frame(bytes),
            Self::Http => answer(bytes),
            Self::Upgrading => upgrade(bytes),
        }
    }
}

fn frame(bytes: &[u8]) -> Result<Option<(Heard<'_>, usize)>> {
    let Some((&[kind, short], rest)) = bytes.split_first_chunk::<2>() else {
        return Ok(None);
    };
    let (length, rest) = match short {
        0..126 => (usize::from(short), rest),
        126 => match rest.split_first_chunk::<2>() {
            Some((length, rest)) => (usize::from(u16::from_be_bytes(*length)), rest),
            None => return Ok(None),
        },
        127 => match rest.split_first_chunk::<8>() {
            Some((length, rest)) => {
                let length = usize::try_from(u64::from_be_bytes(*length));
                (length.context("a frame without end")?, rest)
            }
            None => return Ok(None),
        },
        _ => bail!("a masked frame from a server"),
    };
    let Some(body) = rest.get(..length) else {
        return Ok(None);
    };
    let heard = match kind {
        0x81 => Heard::Text(body),
        0x89 => Heard::Ping(body),
        0x88 => Heard::Closed(closing(body)),
        other => bail!("a frame of the unexpected kind {other:#x}"),
    };
    Ok(Some((heard, bytes.len() - rest.len() + length)))
}

fn closing(body: &[u8]) -> String {
    match body.split_first_chunk::<2>() {
        Some((code, reason)) => format!(
            "{} {}",
            u16::from_be_bytes(*code),
            String::from_utf8_lossy(reason)
        ),
        None => "without a reason".to_owned(),
    }
}

fn answer(bytes: &[u8]) -> Result<Option<(Heard<'_>, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut answer = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(head) = answer.parse(bytes).context("no HTTP")? else {
        return Ok(None);
    };
    let status = answer.code.context("an answer without a status")?;
    let length = answer
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok())
        .context("an answer without a length")?;
    let body = bytes.get(head..).and_then(|rest| rest.get(..length));
    Ok(body.map(|body| (Heard::Answer { status, body }, head + length)))
}

fn upgrade(bytes: &[u8]) -> Result<Option<(Heard<'_>, usize)>> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    if !bytes.starts_with(b"HTTP/1.1 101 ") {
        bail!("no upgrade: {}", String::from_utf8_lossy(bytes));
    }
    Ok(Some((Heard::Upgraded, end + 4)))
}

/// Asks for an upgrade. The key is always the same one: who answers it is known.
pub(crate) fn ask_for_upgrade(path: &str, protocol: Option<&str>) -> Vec<u8> {
    let protocol = protocol.map_or_else(String::new, |protocol| {
        format!("Sec-WebSocket-Protocol: {protocol}\r\n")
    });
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{protocol}\r\n"
    )
    .into_bytes()
}

/// A client's frame. It is masked with zeros, which leaves the bytes as they are: the server has the same
/// work, this side none.
fn masked(kind: u8, payload: &[u8]) -> Result<Vec<u8>> {
    const MASKED: u8 = 0x80;
    let mut frame = vec![0x80 | kind];
    match u8::try_from(payload.len()) {
        Ok(length) if length < 126 => frame.push(MASKED | length),
        _ => {
            let length = u16::try_from(payload.len()).context("a frame of more than 64 KiB")?;
            frame.push(MASKED | 0x7e);
            frame.extend(length.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    Ok(frame)
}

/// A client's text.
pub(crate) fn text(payload: &[u8]) -> Result<Vec<u8>> {
    masked(0x1, payload)
}

/// A client's answer to a ping.
pub(crate) fn pong(payload: &[u8]) -> Result<Vec<u8>> {
    masked(0xa, payload)
}

/// A request of HTTP on a connection that is kept.
pub(crate) fn request(method: &str, path: &str, token: &str, body: &[u8]) -> Vec<u8> {
    let mut request =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n");
    if !body.is_empty() {
        request.push_str("Content-Type: application/json\r\nContent-Length: ");
        request.push_str(&body.len().to_string());
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    let mut request = request.into_bytes();
    request.extend(body);
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_not_come_whole_is_waited_for() {
        let frames = b"\x81\x02hi\x81\x7e\x00\x03you";
        assert_eq!(
            Speech::Socket.first(frames).unwrap(),
            Some((Heard::Text(b"hi"), 4))
        );
        for end in 4..frames.len() {
            assert_eq!(Speech::Socket.first(&frames[4..end]).unwrap(), None);
        }
        assert_eq!(
            Speech::Socket.first(&frames[4..]).unwrap(),
            Some((Heard::Text(b"you"), 7))
        );

        let answer = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
        for end in 0..answer.len() {
            assert_eq!(Speech::Http.first(&answer[..end]).unwrap(), None);
        }
        let heard = Heard::Answer {
            status: 201,
            body: b"{}",
        };
        assert_eq!(
            Speech::Http.first(answer).unwrap(),
            Some((heard, answer.len()))
        );
    }

    #[test]
    fn a_close_says_why() {
        let (heard, _) = Speech::Socket
            .first(b"\x88\x06\x10\x69slow")
            .unwrap()
            .unwrap();
        assert_eq!(heard, Heard::Closed("4201 slow".to_owned()));
    }
}
