//! A second hand on a connection's TCP socket.
//!
//! actix-ws cannot close a peer that has stopped reading: the connection's own task waits for the
//! peer's window and never looks up. Shutting the socket down beneath it ends that wait at once.

use std::{
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::Arc,
    time::Duration,
};

use socket2::{SockRef, TcpKeepalive};

/// How long sent bytes may stay unacknowledged before the kernel gives the peer up.
const USER_TIMEOUT: Duration = Duration::from_secs(15);

/// When, and how often, a silent peer is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// A handle with which a connection can be ended from outside its task. In the connection's
/// extensions: `request.conn_data::<SocketHandle>()`.
#[derive(Debug, Clone)]
pub struct SocketHandle(Arc<TcpStream>);

impl SocketHandle {
    /// A handle on a connection's socket; the connection keeps its own.
    ///
    /// # Errors
    /// When the process has no file descriptor left.
    pub fn of(connection: &impl AsFd) -> std::io::Result<Self> {
        let owned = connection.as_fd().try_clone_to_owned()?;
        Ok(Self(Arc::new(TcpStream::from(owned))))
    }

    /// Ends the connection now, in both directions. What the kernel has not sent is lost.
    pub fn shut_down(&self) {
        // An error means that the peer was faster.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// Makes the kernel notice peers that are gone without a word.
///
/// # Errors
/// When the socket is closed already.
pub fn notice_lost_peers(connection: &impl AsFd) -> std::io::Result<()> {
    let socket = SockRef::from(connection);
    socket.set_tcp_keepalive(
        &TcpKeepalive::new()
            .with_time(KEEPALIVE)
            .with_interval(KEEPALIVE),
    )?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(USER_TIMEOUT))?;
    Ok(())
}
