//! Sessions that never read: what comes for them piles up in the kernel, and then in the service, until it sends
//! them away.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use anyhow::{Context as _, Result, ensure};
use socket2::{Domain, Socket, Type};

use crate::{
    client::token,
    frames::Dialect,
    scene::{hello, upgrade},
};

/// The kernel takes hardly anything for whoever does not read.
const RECEIVE_BUFFER: usize = 4 * 1024;

/// Sessions that do not read.
pub(crate) struct Stalled(Vec<TcpStream>);

impl Stalled {
    /// A session of each of these people, beside those that they have.
    pub(crate) fn open<'a>(
        address: SocketAddr,
        people: impl Iterator<Item = &'a str>,
    ) -> Result<Self> {
        let open = |person| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).context("make a socket")?;
            socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
            socket.connect(&address.into()).context("connect")?;
            let mut stream = TcpStream::from(socket);
            stream.write_all(&upgrade(Dialect::Socket))?;
            stream.write_all(&hello(&token(person)?, None)?)?;
            Ok(stream)
        };
        people.map(open).collect::<Result<_>>().map(Self)
    }

    /// Reads what has come until now: how many of them the service has sent away.
    pub(crate) fn end(self) -> Result<usize> {
        let mut sent_away = 0;
        for mut stream in self.0 {
            let (mut heard, mut buffer) = (0, vec![0; 64 * 1024]);
            stream.set_nonblocking(true)?;
            loop {
                match stream.read(&mut buffer) {
                    Ok(0) => sent_away += 1,
                    Ok(read) => {
                        heard += read;
                        continue;
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_reset) => sent_away += 1,
                }
                break;
            }
            ensure!(
                heard > RECEIVE_BUFFER / 2,
                "a session that never was one: {heard} bytes"
            );
        }
        Ok(sent_away)
    }
}
