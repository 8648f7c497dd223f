//! The time between an answer and the next request on the same connection.
//!
//! actix-http waits only so long for a connection's first head and for the first byte of any other; a
//! head that has begun and never ends would keep a later connection for ever.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use actix_web::rt::{
    self,
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use crate::socket::SocketHandle;

/// In the extensions of a connection. All clones are the same; dropping the last ends the watch.
#[derive(Debug, Clone)]
pub struct Lull(Rc<Watched>);

#[derive(Debug)]
struct Watched {
    socket: SocketHandle,
    limit: Duration,
    /// When something was last asked or answered.
    since: Rc<Cell<Instant>>,
    watch: RefCell<Option<JoinHandle<()>>>,
}

impl Lull {
    /// Ends a connection on which nothing is asked within the limit after an answer. Before the first
    /// request nothing is watched.
    pub fn new(socket: SocketHandle, limit: Duration) -> Self {
        Self(Rc::new(Watched {
            socket,
            limit,
            since: Rc::new(Cell::new(Instant::now())),
            watch: RefCell::default(),
        }))
    }

    /// Something was asked, or answered.
    pub(crate) fn restart(&self) {
        let Watched {
            socket,
            limit,
            since,
            watch,
        } = &*self.0;
        since.set(Instant::now());
        let (socket, limit, since) = (socket.clone(), *limit, Rc::clone(since));
        watch.borrow_mut().get_or_insert_with(|| {
            rt::spawn(async move {
                while since.get().elapsed() < limit {
                    sleep_until(since.get() + limit).await;
                }
                tracing::debug!("a head did not come to its end");
                socket.shut_down();
            })
        });
    }

    /// The connection is no longer one of requests and answers.
    pub(crate) fn stop(&self) {
        if let Some(watch) = self.0.watch.take() {
            watch.abort();
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(watch) = self.watch.take() {
            watch.abort();
        }
    }
}
