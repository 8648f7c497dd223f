//! Many connections on one thread: what comes is read at once for each, what goes is written at once for each.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    os::fd::{AsRawFd as _, OwnedFd},
    time::Duration,
};

use anyhow::{Context as _, Result};
use mio::{Events, Interest, Poll, Token, net::TcpStream, unix::SourceFd};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use socket2::{Domain, Socket, Type};

use crate::wire::{self, Heard, Speech};

/// How many bytes are read at once.
const READ: usize = 128 * 1024;

/// How many connections are looked at in one turn.
const EVENTS: usize = 1_024;

/// The first of the addresses that are taken when one has too few ports.
const FIRST_SOURCE: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 1);

/// Ports of one such address. They are named, since the kernel's own search for a free one takes ever longer.
const PORTS: std::ops::Range<u16> = 20_000..24_000;

/// Who listens to what servers say.
pub(crate) trait Talk {
    fn heard(&mut self, link: usize, heard: Heard<'_>, out: &mut Out) -> Result<()>;
}

/// What is to be written.
#[derive(Default)]
pub(crate) struct Out {
    queues: Vec<Vec<u8>>,
    waiting: Vec<usize>,
}

impl Out {
    /// Where the next bytes for a connection are put.
    pub(crate) fn to(&mut self, link: usize) -> Result<&mut Vec<u8>> {
        let queue = self.queues.get_mut(link).context("no such connection")?;
        if queue.is_empty() {
            self.waiting.push(link);
        }
        Ok(queue)
    }
}

/// What was read and written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Carried {
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) reads: u64,
    pub(crate) writes: u64,
}

struct Ear {
    /// None when it was cut.
    stream: Option<TcpStream>,
    speech: Speech,
    /// What has not come whole yet.
    rest: Vec<u8>,
}

/// The connections.
pub(crate) struct Links {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    ears: Vec<Ear>,
    timer: Option<OwnedFd>,
    /// What is to be written.
    pub(crate) out: Out,
    /// What was read and written so far.
    pub(crate) carried: Carried,
}

const TIMER: Token = Token(usize::MAX);

impl Links {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self {
            poll: Poll::new().context("make a poll")?,
            events: Events::with_capacity(EVENTS),
            buffer: vec![0; READ],
            ears: Vec::new(),
            timer: None,
            out: Out::default(),
            carried: Carried::default(),
        })
    }

    pub(crate) fn count(&self) -> usize {
        self.ears.len()
    }

    /// Connects, without waiting for it; from an address and a port of its own if there are to be many.
    pub(crate) fn open(
        &mut self,
        server: SocketAddr,
        speech: Speech,
        source: Option<usize>,
    ) -> Result<usize> {
        let link = self.ears.len();
        let stream = self.connect(link, server, source)?;
        self.ears.push(Ear {
            stream: Some(stream),
            speech,
            rest: Vec::new(),
        });
        self.out.queues.push(Vec::new());
        Ok(link)
    }

    /// Connects again in the place of one that was cut.
    pub(crate) fn reopen(
        &mut self,
        link: usize,
        server: SocketAddr,
        speech: Speech,
        source: Option<usize>,
    ) -> Result<()> {
        let stream = self.connect(link, server, source)?;
        let ear = self.ears.get_mut(link).context("no such connection")?;
        ear.stream = Some(stream);
        ear.speech = speech;
        ear.rest.clear();
        Ok(())
    }

    fn connect(&self, link: usize, server: SocketAddr, source: Option<usize>) -> Result<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).context("make a socket")?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        // A reset at the end: no port stays taken.
        socket.set_linger(Some(Duration::ZERO))?;
        if let Some(source) = source {
            let ports = usize::from(PORTS.end - PORTS.start);
            let host = u32::try_from(source / ports).context("too many sources")?;
            let port = PORTS.start + u16::try_from(source % ports).context("too many ports")?;
            let address = Ipv4Addr::from_bits(FIRST_SOURCE.to_bits() + host);
            socket.set_reuse_address(true)?;
            socket
                .bind(&SocketAddr::V4(SocketAddrV4::new(address, port)).into())
                .with_context(|| format!("take {address}:{port}"))?;
        }
        match socket.connect(&server.into()) {
            Err(error) if error.raw_os_error() != Some(EINPROGRESS) => {
                return Err(error).context("connect");
            }
            _ => {}
        }
        let mut stream = TcpStream::from_std(socket.into());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll
            .registry()
            .register(&mut stream, Token(link), interest)
            .context("watch a connection")?;
        Ok(stream)
    }

    /// Ends a connection with a reset.
    pub(crate) fn cut(&mut self, link: usize) -> Result<()> {
        let ear = self.ears.get_mut(link).context("no such connection")?;
        ear.stream = None;
        if let Some(queue) = self.out.queues.get_mut(link) {
            queue.clear();
        }
        Ok(())
    }

    /// Has turns end at this interval, exactly: a poll's own patience counts in milliseconds.
    pub(crate) fn tick(&mut self, interval: Duration) -> Result<()> {
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK)
            .context("make a timer")?;
        let interval = Timespec {
            tv_sec: i64::try_from(interval.as_secs()).context("too long an interval")?,
            tv_nsec: interval.subsec_nanos().into(),
        };
        let rings = Itimerspec {
            it_interval: interval,
            it_value: interval,
        };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &rings).context("set a timer")?;
        self.poll
            .registry()
            .register(&mut SourceFd(&timer.as_raw_fd()), TIMER, Interest::READABLE)
            .context("watch a timer")?;
        self.timer = Some(timer);
        Ok(())
    }

    /// Turns wait for connections alone again.
    pub(crate) fn untick(&mut self) {
        self.timer = None;
    }

    /// Writes what waits, waits for something to come, and hands it on.
    pub(crate) fn turn(&mut self, patience: Duration, talk: &mut impl Talk) -> Result<()> {
        self.write()?;
        match self.poll.poll(&mut self.events, Some(patience)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled.context("poll")?,
        }
        for event in &self.events {
            if event.token() == TIMER {
                if let Some(timer) = &self.timer {
                    // Only that it has rung counts: who sends knows the time.
                    let _ = rustix::io::read(timer, &mut [0_u8; 8]);
                }
                continue;
            }
            let link = event.token().0;
            let ear = self.ears.get_mut(link).context("no such connection")?;
            if event.is_writable()
                && self
                    .out
                    .queues
                    .get(link)
                    .is_some_and(|queue| !queue.is_empty())
            {
                self.out.waiting.push(link);
            }
            if event.is_readable() {
                ear.read(
                    link,
                    &mut self.buffer,
                    talk,
                    &mut self.out,
                    &mut self.carried,
                )
                .with_context(|| format!("on connection {link}"))?;
            }
        }
        self.write()
    }

    fn write(&mut self) -> Result<()> {
        while let Some(link) = self.out.waiting.pop() {
            let (Some(queue), Some(ear)) = (self.out.queues.get_mut(link), self.ears.get(link))
            else {
                continue;
            };
            let Some(mut stream) = ear.stream.as_ref() else {
                continue;
            };
            while !queue.is_empty() {
                match stream.write(queue) {
                    Ok(written) => {
                        self.carried.writes += 1;
                        self.carried.bytes_out += count(written);
                        queue.drain(..written);
                    }
                    // It goes on when it can: there will be an event.
                    Err(error)
                        if matches!(
                            error.kind(),
                            ErrorKind::WouldBlock | ErrorKind::NotConnected
                        ) =>
                    {
                        break;
                    }
                    Err(error) => return Err(error).context("write to a connection"),
                }
            }
        }
        Ok(())
    }
}

/// What `connect` says of a connection that is not waited for: the same on all of Linux's platforms.
const EINPROGRESS: i32 = 115;

impl Ear {
    fn read(
        &mut self,
        link: usize,
        buffer: &mut [u8],
        talk: &mut impl Talk,
        out: &mut Out,
        carried: &mut Carried,
    ) -> Result<()> {
        loop {
            let Some(mut stream) = self.stream.as_ref() else {
                return Ok(());
            };
            let read = match stream.read(buffer) {
                Ok(0) => {
                    self.stream = None;
                    return talk.heard(link, Heard::Ended, out);
                }
                Ok(read) => read,
                Err(error)
                    if matches!(
                        error.kind(),
                        ErrorKind::WouldBlock | ErrorKind::NotConnected
                    ) =>
                {
                    return Ok(());
                }
                Err(error) => return Err(error).context("read from a connection"),
            };
            carried.reads += 1;
            carried.bytes_in += count(read);
            let bytes = buffer.get(..read).unwrap_or_default();
            if self.rest.is_empty() {
                let taken = cut(&mut self.speech, bytes, link, talk, out)?;
                self.rest.extend(bytes.get(taken..).unwrap_or_default());
            } else {
                self.rest.extend(bytes);
                let taken = cut(&mut self.speech, &self.rest, link, talk, out)?;
                self.rest.drain(..taken);
            }
            // Less than there was room for: that was all, and more brings an event.
            if read < buffer.len() {
                return Ok(());
            }
        }
    }
}

/// Hands on all that has come whole; gives back how many bytes that was.
fn cut(
    speech: &mut Speech,
    bytes: &[u8],
    link: usize,
    talk: &mut impl Talk,
    out: &mut Out,
) -> Result<usize> {
    let mut taken = 0;
    while let Some(rest) = bytes.get(taken..)
        && !rest.is_empty()
        && let Some((heard, length)) = speech.first(rest)?
    {
        taken += length;
        match heard {
            Heard::Ping(payload) => out.to(link)?.extend(wire::pong(payload)?),
            Heard::Upgraded => {
                *speech = Speech::Socket;
                talk.heard(link, heard, out)?;
            }
            Heard::Text(_) | Heard::Answer { .. } | Heard::Closed(_) | Heard::Ended => {
                talk.heard(link, heard, out)?;
            }
        }
    }
    Ok(taken)
}

/// A length as a count.
pub(crate) fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
