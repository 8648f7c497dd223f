//! Clients that read over HTTP, each its next page when the last one has come; and what a page has to hold.

use std::{net::SocketAddr, time::Instant};

use anyhow::{Context as _, Result, bail, ensure};
use memchr::memmem;

use crate::{
    latencies::Latencies,
    links::{Links, Out, Talk},
    wire::{self, Heard, Speech},
};

/// A page to be read.
#[derive(Clone)]
pub(crate) struct Page {
    request: Vec<u8>,
    /// What it must hold, and how often.
    needle: &'static [u8],
    times: usize,
}

impl Page {
    /// What is asked for with this token, and what the answer has to hold so many times.
    pub(crate) fn new(path: &str, token: &str, needle: &'static str, times: usize) -> Self {
        Self {
            request: wire::request("GET", path, token, b""),
            needle: needle.as_bytes(),
            times,
        }
    }
}

/// The clients.
pub(crate) struct Readers {
    pages: Vec<Page>,
    next: usize,
    /// The first of their connections; those before are not theirs.
    first: usize,
    asked: Vec<(usize, Instant)>,
    stopped: bool,
    pub(crate) waiting: usize,
    pub(crate) counting: bool,
    pub(crate) read: Latencies,
}

impl Readers {
    /// So many clients, who go through these pages again and again.
    pub(crate) fn new(
        links: &mut Links,
        address: SocketAddr,
        clients: usize,
        pages: Vec<Page>,
    ) -> Result<Self> {
        ensure!(!pages.is_empty(), "nothing to read");
        let first = links.count();
        for _ in 0..clients {
            links.open(address, Speech::Http, None)?;
        }
        Ok(Self {
            pages,
            next: 0,
            first,
            asked: vec![(0, Instant::now()); clients],
            stopped: false,
            waiting: 0,
            counting: false,
            read: Latencies::new()?,
        })
    }

    /// All of them ask.
    pub(crate) fn begin(&mut self, out: &mut Out) -> Result<()> {
        self.stopped = false;
        for client in 0..self.asked.len() {
            self.ask(client, out)?;
        }
        Ok(())
    }

    /// None of them asks again.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    fn ask(&mut self, client: usize, out: &mut Out) -> Result<()> {
        let page = self.next % self.pages.len();
        self.next += 1;
        let request = &self.pages.get(page).context("no page")?.request;
        out.to(self.first + client)?.extend_from_slice(request);
        *self.asked.get_mut(client).context("no client")? = (page, Instant::now());
        self.waiting += 1;
        Ok(())
    }

    /// Whether a connection is one of theirs.
    pub(crate) fn own(&self, link: usize) -> bool {
        link >= self.first && link < self.first + self.asked.len()
    }
}

impl Talk for Readers {
    fn heard(&mut self, link: usize, heard: Heard<'_>, out: &mut Out) -> Result<()> {
        let client = link - self.first;
        let (page, asked) = *self.asked.get(client).context("no client")?;
        let took = asked.elapsed();
        let page = self.pages.get(page).context("no page")?;
        let body = match heard {
            Heard::Answer { status: 200, body } => body,
            Heard::Answer { status, body } => {
                bail!("refused: {status} {}", String::from_utf8_lossy(body))
            }
            _ => bail!("no answer"),
        };
        let times = memmem::find_iter(body, page.needle).count();
        ensure!(
            times == page.times,
            "{times} times {} instead of {}: {} for {}",
            String::from_utf8_lossy(page.needle),
            page.times,
            String::from_utf8_lossy(body.get(..body.len().min(500)).unwrap_or_default()),
            String::from_utf8_lossy(&page.request),
        );
        self.waiting -= 1;
        if self.counting {
            self.read.add(took)?;
        }
        if self.stopped {
            return Ok(());
        }
        self.ask(client, out)
    }
}
