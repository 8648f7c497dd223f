//! The body of a request: JSON of 65,536 bytes at most, within 10 seconds, however it is sent.

use std::{
    future::{Ready, ready},
    time::Duration,
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap},
    rt,
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt as _;
use serde::de::DeserializeOwned;

use crate::{
    problem::{Problem, Refusal},
    wire::json,
};

/// The longest body, in bytes.
const MAX_BODY: usize = 65_536;

/// Within which all of a body has to come.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// For how many bytes there is room before any has come, whatever length was announced.
const FIRST_ROOM: usize = 4 * 1_024;

/// A body that has not been looked at yet: whoever asks is looked at first.
pub(super) struct Body {
    payload: Payload,
    has_content: bool,
    is_json: bool,
    announced: Option<usize>,
}

impl FromRequest for Body {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let headers = request.headers();
        let length = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        ready(Ok(Self {
            payload: payload.take(),
            has_content: length.is_some_and(|length| length > 0)
                || headers.contains_key(header::TRANSFER_ENCODING),
            is_json: is_plain_json(headers),
            announced: length,
        }))
    }
}

impl Body {
    /// What the body says.
    ///
    /// # Errors
    /// 400, 413, 415 and 422, as the contract's table has them.
    pub(super) async fn json<T: DeserializeOwned>(self) -> Result<T, Problem> {
        if !self.is_json {
            return Err(Refusal::MediaType.into());
        }
        json::read(&self.bytes(BODY_WITHIN).await?)
    }

    /// What the body says, if there is one.
    ///
    /// # Errors
    /// Those of [`Self::json`].
    pub(super) async fn json_if_any<T: DeserializeOwned>(self) -> Result<Option<T>, Problem> {
        if self.has_content {
            self.json().await.map(Some)
        } else {
            Ok(None)
        }
    }

    async fn bytes(mut self, within: Duration) -> Result<Bytes, Problem> {
        if let Ok(bytes) = rt::time::timeout(within, self.all()).await {
            return bytes;
        }
        Err(Refusal::SlowBody.into())
    }

    async fn all(&mut self) -> Result<Bytes, Problem> {
        if self.announced.is_some_and(|length| length > MAX_BODY) {
            return Err(Refusal::BodyTooLarge.into());
        }
        let mut bytes = BytesMut::with_capacity(self.announced.unwrap_or(0).min(FIRST_ROOM));
        while let Some(chunk) = self.payload.next().await {
            let Ok(chunk) = chunk else {
                return Err(Refusal::Malformed("the body did not arrive whole".to_owned()).into());
            };
            if bytes.len() + chunk.len() > MAX_BODY {
                return Err(Refusal::BodyTooLarge.into());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

/// Whether the body says that it is JSON in UTF-8, and not compressed.
fn is_plain_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE);
    let (Some(media_type), None) = (
        types.next().and_then(|value| value.to_str().ok()),
        types.next(),
    ) else {
        return false;
    };
    let mut parts = media_type.split(';').map(str::trim);
    let is_json = parts
        .next()
        .is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"));
    let is_utf8 = parts
        .filter_map(|part| part.split_once('='))
        .all(|(name, value)| {
            !name.trim().eq_ignore_ascii_case("charset")
                || value.trim_matches([' ', '"']).eq_ignore_ascii_case("utf-8")
        });
    is_json && is_utf8 && !headers.contains_key(header::CONTENT_ENCODING)
}

#[cfg(test)]
mod tests {
    use actix_web::{error::PayloadError, http::header::HeaderValue};
    use futures_util::stream;

    use super::*;

    fn sent(parts: impl futures_util::Stream<Item = &'static str> + 'static) -> Body {
        let parts: std::pin::Pin<Box<dyn futures_util::Stream<Item = _>>> =
            Box::pin(parts.map(|part| Ok::<_, PayloadError>(Bytes::from(part))));
        Body {
            payload: Payload::from(parts),
            has_content: true,
            is_json: true,
            announced: Some(MAX_BODY),
        }
    }

    #[actix_web::test]
    async fn a_body_that_never_ends_is_not_waited_for() {
        let slow = sent(stream::iter(["{"]).chain(stream::pending()));
        let problem = slow.bytes(Duration::from_millis(20)).await.unwrap_err();
        assert_eq!((problem.status, problem.code), (400, "invalid"));
        let quick = sent(stream::iter(["{", "}"]));
        assert_eq!(quick.bytes(BODY_WITHIN).await.unwrap(), "{}");
    }

    #[test]
    fn a_body_is_json_and_nothing_else() {
        let of = |media_type: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
            is_plain_json(&headers)
        };
        for good in [
            "application/json",
            "Application/JSON; charset=UTF-8",
            "application/json;charset=\"utf-8\"",
        ] {
            assert!(of(good), "{good}");
        }
        for bad in [
            "",
            "text/plain",
            "application/jsonp",
            "application/json; charset=utf-16",
            "application/merge-patch+json",
        ] {
            assert!(!of(bad), "{bad}");
        }
    }
}
