//! A connection's TCP socket, which can be ended from outside its task.
//!
//! actix-ws cannot close a peer that has stopped reading: the connection's own task waits for the
//! peer's window and never looks up. Here it is woken, and finds that the connection is ended.

use std::{
    cell::{Cell, RefCell},
    io,
    net::SocketAddr,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use actix_web::rt::net::TcpStream;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How long sent bytes may stay unacknowledged before the kernel gives the peer up.
const USER_TIMEOUT: Duration = Duration::from_secs(15);

/// When, and how often, a silent peer is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// How many bytes the kernel takes before it sends them. What waits longer waits in the outbox, which is
/// bounded and knows what can be left out; and a peer that does not read shows after these bytes, and not
/// after the four megabytes up to which the kernel's own buffer grows.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 64 * 1024;

/// A TCP socket that ends when its handle says so.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    handle: SocketHandle,
}

impl Socket {
    /// Takes a stream; small writes go at once, and the kernel notices peers that are gone without a word.
    ///
    /// # Errors
    /// When the stream is closed already.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let socket = SockRef::from(&stream);
        socket.set_tcp_keepalive(
            &TcpKeepalive::new()
                .with_time(KEEPALIVE)
                .with_interval(KEEPALIVE),
        )?;
        #[cfg(target_os = "linux")]
        {
            socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
            socket.set_tcp_notsent_lowat(UNSENT)?;
        }
        Ok(Self {
            stream,
            handle: SocketHandle::default(),
        })
    }

    /// The peer's address, as long as there is a peer.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// What ends it from outside.
    pub fn handle(&self) -> SocketHandle {
        self.handle.clone()
    }

    /// Lets the stream do something, unless it was ended.
    fn poll<T>(
        &mut self,
        context: &mut Context<'_>,
        work: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if self.handle.0.is_ended.get() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let polled = work(Pin::new(&mut self.stream), context);
        if polled.is_pending() {
            self.handle.wake_later(context.waker());
        }
        polled
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.poll(context, |stream, context| stream.poll_read(context, buffer))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll(context, |stream, context| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll(context, |stream, context| {
            stream.poll_write_vectored(context, slices)
        })
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(context, AsyncWrite::poll_flush)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(context, AsyncWrite::poll_shutdown)
    }
}

/// A handle with which a connection can be ended from outside its task, on the same thread. In the
/// connection's extensions: `request.conn_data::<SocketHandle>()`.
#[derive(Debug, Clone, Default)]
pub struct SocketHandle(Rc<Switch>);

#[derive(Debug, Default)]
struct Switch {
    is_ended: Cell<bool>,
    /// The task that waits for the stream.
    waits: RefCell<Option<Waker>>,
}

impl SocketHandle {
    /// Ends the connection now, in both directions. What the kernel has not sent is lost.
    pub fn shut_down(&self) {
        self.0.is_ended.set(true);
        if let Some(waits) = self.0.waits.take() {
            waits.wake();
        }
    }

    fn wake_later(&self, waker: &Waker) {
        let mut waits = self.0.waits.borrow_mut();
        if !waits.as_ref().is_some_and(|waits| waits.will_wake(waker)) {
            *waits = Some(waker.clone());
        }
    }
}
