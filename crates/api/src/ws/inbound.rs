//! What is heard of a client: whole messages, of bounded size, or what is wrong with them.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    FromRequest as _, HttpRequest, dev,
    error::PayloadError,
    web::{self, Bytes},
};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseReason, MessageStream, ProtocolError,
};
use bytestring::ByteString;
use futures_util::Stream;

use super::close::Close;

/// The longest header of a frame: two bytes, a length of eight, a mask of four (RFC 6455 §5.2).
const MAX_HEADER: usize = 14;

/// Something that came from the client.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(
        #[cfg_attr(
            not(feature = "conformance"),
            expect(dead_code, reason = "the contract knows none, so nobody looks into it")
        )]
        Bytes,
    ),
    /// A ping, to be answered with the same bytes.
    Ping(Bytes),
    /// The answer to a ping.
    Pong,
    /// The client closes.
    Closed(Option<CloseReason>),
    /// The connection is gone.
    Gone,
    /// Something that ends the session.
    Fault(Close),
}

/// The receiving half of a socket.
pub(crate) struct Inbound(AggregatedMessageStream);

impl Inbound {
    /// Reads messages of `limit` bytes at most, in one frame or in several.
    pub(crate) fn new(stream: MessageStream, limit: usize) -> Self {
        Self(
            stream
                .max_frame_size(limit)
                .aggregate_continuations()
                .max_continuation_size(limit),
        )
    }

    /// Waits for the next thing. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Heard {
        match self.0.recv().await {
            None => Heard::Gone,
            Some(Ok(AggregatedMessage::Text(text))) => Heard::Text(text),
            Some(Ok(AggregatedMessage::Binary(bytes))) => Heard::Binary(bytes),
            Some(Ok(AggregatedMessage::Ping(bytes))) => Heard::Ping(bytes),
            Some(Ok(AggregatedMessage::Pong(_))) => Heard::Pong,
            Some(Ok(AggregatedMessage::Close(reason))) => Heard::Closed(reason),
            Some(Err(error)) => fault(&error),
        }
    }
}

/// The library tells some faults apart only by the error that it wraps.
fn fault(error: &ProtocolError) -> Heard {
    match error {
        ProtocolError::Overflow => Heard::Fault(Close::TooBig),
        ProtocolError::Io(error) => {
            let cause = error.get_ref();
            match cause.and_then(|cause| cause.downcast_ref::<PayloadError>()) {
                Some(PayloadError::Overflow) => Heard::Fault(Close::TooBig),
                Some(_) => Heard::Gone,
                None if error.kind() != io::ErrorKind::InvalidData => Heard::Fault(Close::TooBig),
                None if error.to_string().contains("reserved bits") => {
                    Heard::Fault(Close::BadFrame)
                }
                None => Heard::Fault(Close::NotUtf8),
            }
        }
        _ => Heard::Fault(Close::BadFrame),
    }
}

/// Ends a request's body at the first frame that announces more than `limit` bytes.
///
/// The library's own limit is looked at when a frame is complete: a client that announces a
/// terabyte would be believed, and all of it kept, before it is refused.
pub(crate) async fn bounded(
    request: &HttpRequest,
    body: web::Payload,
    limit: usize,
) -> Result<web::Payload, actix_web::Error> {
    let payload: Pin<Box<dyn Stream<Item = _>>> = Box::pin(Metered {
        body: body.into_inner(),
        meter: Meter::new(limit),
    });
    let mut payload = dev::Payload::Stream { payload };
    web::Payload::from_request(request, &mut payload).await
}

struct Metered {
    body: dev::Payload,
    meter: Meter,
}

impl Stream for Metered {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        Pin::new(&mut this.body)
            .poll_next(context)
            .map_ok(|bytes| this.meter.admits(&bytes).then_some(bytes))
            .map(|next| match next? {
                Ok(Some(bytes)) => Some(Ok(bytes)),
                Ok(None) => Some(Err(PayloadError::Overflow)),
                Err(error) => Some(Err(error)),
            })
    }
}

/// Follows the frames in a stream of bytes, however they are cut, as far as to know their lengths.
#[derive(Debug)]
struct Meter {
    /// The most that a frame may announce.
    limit: u64,
    header: Vec<u8>,
    /// How much of the present frame's payload is still to come.
    payload: u64,
}

impl Meter {
    fn new(limit: usize) -> Self {
        Self {
            limit: u64::try_from(limit).unwrap_or(u64::MAX),
            header: Vec::new(),
            payload: 0,
        }
    }

    fn admits(&mut self, mut bytes: &[u8]) -> bool {
        loop {
            let skip = usize::try_from(self.payload)
                .unwrap_or(usize::MAX)
                .min(bytes.len());
            self.payload -= u64::try_from(skip).unwrap_or(0);
            let Some((next, rest)) = bytes.get(skip..).and_then(<[u8]>::split_first) else {
                return true;
            };
            bytes = rest;
            self.header.push(*next);
            if let Some(length) = payload_length(&self.header) {
                if length > self.limit {
                    return false;
                }
                self.payload = length;
                self.header.clear();
            }
        }
    }
}

/// The length that a frame's header announces, once the header is complete.
fn payload_length(header: &[u8]) -> Option<u64> {
    let [_, second, rest @ ..] = header else {
        return None;
    };
    let extended = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let complete = rest.len() >= extended + mask || header.len() >= MAX_HEADER;
    let length = rest
        .iter()
        .take(extended)
        .fold(0, |length, byte| (length << 8) | u64::from(*byte));
    complete.then(|| {
        if extended == 0 {
            u64::from(second & 0x7F)
        } else {
            length
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(length: u64, announce: &[u8], payload: usize) -> Vec<u8> {
        let short = u8::try_from(length).unwrap();
        let mut frame = vec![0x81, 0x80 | short];
        frame.extend_from_slice(announce);
        frame.extend_from_slice(&[1, 2, 3, 4]);
        frame.extend(std::iter::repeat_n(0xFF, payload));
        frame
    }

    #[test]
    fn frames_within_the_limit_pass_however_they_are_cut() {
        let mut stream = frame(5, &[], 5);
        stream.extend(frame(0, &[], 0));
        stream.extend(frame(126, &[0xFF, 0xFF], 65_535));
        stream.extend(frame(127, &[0, 0, 0, 0, 0, 1, 0, 0], 65_536));
        stream.extend(frame(125, &[], 125));
        for size in [1, 2, 3, 7, 1_000, stream.len()] {
            let mut meter = Meter::new(65_536);
            assert!(
                stream.chunks(size).all(|chunk| meter.admits(chunk)),
                "{size}"
            );
            assert!(meter.header.is_empty() && meter.payload == 0, "{size}");
        }
    }

    #[test]
    fn a_frame_is_refused_when_it_announces_too_much() {
        for announce in [[0, 0, 0, 0, 0, 1, 0, 1], [0xFF; 8]] {
            let mut stream = frame(5, &[], 5);
            stream.extend(frame(127, &announce, 0));
            for size in [1, 3, stream.len()] {
                let mut meter = Meter::new(65_536);
                assert!(
                    !stream.chunks(size).all(|chunk| meter.admits(chunk)),
                    "{size}"
                );
            }
        }
    }
}
