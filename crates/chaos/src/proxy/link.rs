//! One connection through a proxy: two directions, and the moment at which both are reset.

use std::{
    collections::VecDeque,
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    time::{Instant, sleep, sleep_until},
};

use super::{
    CommitCut, Flow, Plan, Shared,
    frames::{Kind, Piece, Splitter},
};

/// A direction of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// To the one who listens.
    Up,
    /// To the one who connected.
    Down,
}

pub(super) struct Link {
    number: u64,
    shared: Arc<Shared>,
    /// What commits is on its way, and its answer must not arrive.
    committing: AtomicBool,
}

impl Link {
    pub(super) const fn new(number: u64, shared: Arc<Shared>) -> Self {
        Self {
            number,
            shared,
            committing: AtomicBool::new(false),
        }
    }

    pub(super) async fn run(&self, mut client: TcpStream, mut server: TcpStream) {
        let reset = {
            let (from_client, to_client) = client.split();
            let (from_server, to_server) = server.split();
            tokio::select! {
                done = async {
                    tokio::try_join!(
                        self.pump(Direction::Up, from_client, to_server),
                        self.pump(Direction::Down, from_server, to_client),
                    )
                } => done.is_err(),
                () = self.told_to_reset() => true,
            }
        };
        if reset {
            Shared::count(&self.shared.counters.reset);
            let _ = (client.set_zero_linger(), server.set_zero_linger());
        }
    }

    async fn told_to_reset(&self) {
        let mut plan = self.shared.plan.subscribe();
        let gone = plan
            .wait_for(|plan| self.number < plan.reset_below)
            .await
            .is_err();
        if gone {
            std::future::pending::<()>().await;
        }
    }

    /// Carries one direction until its end; an error resets the connection.
    async fn pump(
        &self,
        direction: Direction,
        mut from: ReadHalf<'_>,
        mut to: WriteHalf<'_>,
    ) -> io::Result<()> {
        let mut splitter = Splitter::new(self.shared.speech, direction);
        let mut late: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let due = late.front().map(|(due, _)| *due);
            let read = tokio::select! {
                read = from.read(&mut buffer) => read?,
                () = until(due) => {
                    if let Some((_, bytes)) = late.pop_front() {
                        self.forward(direction, &mut to, &bytes).await?;
                    }
                    continue;
                }
            };
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
                to.shutdown().await?;
                return Ok(());
            };
            for piece in splitter.split(bytes) {
                self.carry(direction, piece, &mut to, &mut late).await?;
            }
        }
    }

    async fn carry(
        &self,
        direction: Direction,
        piece: Piece,
        to: &mut WriteHalf<'_>,
        late: &mut VecDeque<(Instant, Vec<u8>)>,
    ) -> io::Result<()> {
        let plan = *self.shared.plan.borrow();
        match piece.kind {
            Kind::Commit => {
                if plan.commit.is_some() && self.shared.may_cut() {
                    if plan.commit == Some(CommitCut::Before) {
                        return Err(self.cut());
                    }
                    self.committing.store(true, Ordering::Release);
                }
            }
            Kind::Committed => {
                if self.committing.load(Ordering::Acquire) {
                    return Err(self.cut());
                }
            }
            Kind::Message => {
                let counters = &self.shared.counters;
                let mut roll = fastrand::u8(..100);
                if roll < plan.meddling.lose {
                    Shared::count(&counters.lost);
                    return Ok(());
                }
                roll -= plan.meddling.lose;
                if roll < plan.meddling.delay {
                    Shared::count(&counters.delayed);
                    let wait = Duration::from_millis(fastrand::u64(100..5_000));
                    late.push_back((Instant::now() + wait, piece.bytes));
                    late.make_contiguous().sort_by_key(|(due, _)| *due);
                    return Ok(());
                }
                roll -= plan.meddling.delay;
                if roll < plan.meddling.duplicate {
                    Shared::count(&counters.duplicated);
                    self.forward(direction, to, &piece.bytes).await?;
                }
            }
            Kind::Other => {}
        }
        self.forward(direction, to, &piece.bytes).await
    }

    fn cut(&self) -> io::Error {
        Shared::count(&self.shared.counters.commits_cut);
        io::ErrorKind::ConnectionAborted.into()
    }

    /// Writes on, as fast as the plan lets it.
    async fn forward(
        &self,
        direction: Direction,
        to: &mut WriteHalf<'_>,
        bytes: &[u8],
    ) -> io::Result<()> {
        let flow = |plan: &Plan| {
            if self.number < plan.half_open_below {
                return Flow::Hold;
            }
            match direction {
                Direction::Up => plan.up,
                Direction::Down => plan.down,
            }
        };
        let mut plan = self.shared.plan.subscribe();
        let now = flow(&plan.borrow());
        match now {
            Flow::Pass => {}
            Flow::Hold => {
                Shared::count(&self.shared.counters.held);
                let gone = plan
                    .wait_for(|plan| flow(plan) != Flow::Hold)
                    .await
                    .is_err();
                if gone {
                    return Err(io::ErrorKind::ConnectionAborted.into());
                }
            }
            Flow::Delay(wait) => {
                Shared::count(&self.shared.counters.slowed);
                sleep(wait).await;
            }
            Flow::Throttle(rate) => {
                Shared::count(&self.shared.counters.slowed);
                let bytes = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                sleep(Duration::from_micros(
                    bytes.saturating_mul(1_000_000) / u64::from(rate.max(1)),
                ))
                .await;
            }
        }
        to.write_all(bytes).await
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
