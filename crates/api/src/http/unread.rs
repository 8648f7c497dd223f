//! What is left unread of a body: not read for ever.
//!
//! A body that comes in chunks and that nobody holds any more is read on by actix without end, so that
//! the connection can be used again. While somebody holds it, actix closes the connection after the
//! answer, and reads on for a second only, so that the answer is not lost on the way.

use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    Error, HttpMessage as _,
    body::{BoxBody, MessageBody},
    dev::{Payload, ServiceRequest, ServiceResponse},
    error::PayloadError,
    http::header,
    middleware::Next,
    rt,
    web::Bytes,
};
use futures_util::Stream;

/// Within which an answer is surely on its way.
const UNTIL_ANSWERED: Duration = Duration::from_secs(1);

/// Holds on to a body in chunks until its answer is on its way.
///
/// # Errors
/// None of its own.
pub(crate) async fn hold_unread(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let held = request
        .headers()
        .contains_key(header::TRANSFER_ENCODING)
        .then(|| Held(Rc::new(RefCell::new(request.take_payload()))));
    if let Some(held) = &held {
        let payload: Pin<Box<dyn Stream<Item = _>>> = Box::pin(held.clone());
        request.set_payload(Payload::Stream { payload });
    }
    let answer = next.call(request).await;
    if let Some(held) = held {
        rt::spawn(async move {
            rt::time::sleep(UNTIL_ANSWERED).await;
            drop(held);
        });
    }
    answer.map(ServiceResponse::map_into_boxed_body)
}

/// A body in two hands.
#[derive(Clone)]
struct Held(Rc<RefCell<Payload>>);

impl Stream for Held {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}
