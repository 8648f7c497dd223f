//! Who makes a request: a person, by an access token, or a marketplace's back end, by its key.

use std::future::{Ready, ready};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{self, HeaderMap},
    web,
};
use futures_util::future::LocalBoxFuture;
use messaging_domain::{User, UserId};

use crate::{
    auth::Denied,
    limits::{Address, address_of},
    problem::{Problem, Refusal},
    service::Service,
};

/// The person who makes a request. Having one means that the token was good and that the person
/// does not ask too often.
#[derive(Debug)]
pub(super) struct Actor(User);

impl Actor {
    pub(super) const fn id(&self) -> &UserId {
        &self.0.id
    }

    pub(super) const fn user(&self) -> &User {
        &self.0
    }
}

impl FromRequest for Actor {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = service(request).and_then(|service| {
            let address = address_of(request, service.trusted_proxies);
            Ok((service, address, bearer(request.headers())?))
        });
        Box::pin(async move {
            let (service, address, token) = asked?;
            let visitor = match service.gatekeeper.admit(&token).await {
                Err(Denied::Bad) => {
                    service.limits.check_bad_token(address)?;
                    return Err(Refusal::Unauthenticated.into());
                }
                admitted => admitted?,
            };
            service.limits.check_request(&visitor.user.id)?;
            Ok(Self(visitor.user))
        })
    }
}

/// The marketplace's back end. Having one means that the key was right.
#[derive(Debug)]
pub(super) struct BackEnd(());

impl FromRequest for BackEnd {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let admit = || {
            let shown = bearer(request.headers())?;
            let service = service(request)?;
            match &service.server_key {
                Some(key) if key.is(&shown) => Ok(Self(())),
                _ => {
                    let address = address_of(request, service.trusted_proxies);
                    service.limits.check_bad_token(address)?;
                    Err(Refusal::Unauthenticated.into())
                }
            }
        };
        ready(admit())
    }
}

/// From where a request comes, for limits.
#[derive(Debug, Clone, Copy)]
pub(super) struct From(pub(super) Address);

impl FromRequest for From {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = service(request);
        ready(asked.map(|service| Self(address_of(request, service.trusted_proxies))))
    }
}

fn service(request: &HttpRequest) -> Result<web::Data<Service>, Problem> {
    request
        .app_data::<web::Data<Service>>()
        .cloned()
        .ok_or_else(|| Refusal::Internal.into())
}

/// The one bearer token of a request (RFC 6750): in no query, no cookie, and not twice.
fn bearer(headers: &HeaderMap) -> Result<String, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let (value, more) = (values.next(), values.next());
    let credentials = value
        .filter(|_| more.is_none())
        .and_then(|value| value.to_str().ok());
    let token = credentials.and_then(|credentials| {
        let (scheme, token) = credentials.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match token {
        Some(token) if !token.is_empty() => Ok(token.to_owned()),
        _ => Err(Refusal::Unauthenticated.into()),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn token(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        bearer(&headers).ok()
    }

    #[test]
    fn a_token_comes_once_and_as_bearer() {
        assert_eq!(token(&["Bearer abc"]).as_deref(), Some("abc"));
        assert_eq!(token(&["bEARER  abc "]).as_deref(), Some("abc"));
        for bad in [
            &[][..],
            &[""],
            &["Bearer"],
            &["Bearer "],
            &["Basic abc"],
            &["abc"],
            &["Bearer a", "Bearer b"],
        ] {
            assert_eq!(token(bad), None, "{bad:?}");
        }
    }
}
