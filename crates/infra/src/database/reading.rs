//! Reads: on connections of their own, each in its turn.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use messaging_domain::{Error, Failure};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};
use tracing::Instrument as _;

use crate::{
    connection::{Conn, DatabaseUrl, Readers},
    deadline,
    failure::{self, Halt},
    measurements::Measurements,
};

/// How long a read waits for a connection, and for a database that is away.
const WITHIN: Duration = Duration::from_millis(1_800);

/// The reading connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Reading {
    pool: r2d2::Pool<Readers>,
    /// Whoever has waited longest is next. Of the pool that cannot be said: whoever gives a connection back and
    /// wants another has it before those who wait are awake.
    turns: Arc<Semaphore>,
    measurements: Measurements,
}

impl Reading {
    /// Opens the first connection, and others when they are needed.
    pub(super) fn open(
        url: DatabaseUrl,
        connections: u32,
        measurements: Measurements,
    ) -> Result<Self, Failure> {
        let connections = connections.max(1);
        let pool = r2d2::Pool::builder()
            .max_size(connections)
            .min_idle(Some(1))
            .connection_timeout(WITHIN)
            .test_on_check_out(true)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build(Readers(url))
            .map_err(|error| Failure::new("open the reading connections", error))?;
        let turns = usize::try_from(connections).unwrap_or(Semaphore::MAX_PERMITS);
        Ok(Self {
            pool,
            turns: Arc::new(Semaphore::new(turns)),
            measurements,
        })
    }

    pub(super) const fn pool(&self) -> &r2d2::Pool<Readers> {
        &self.pool
    }

    /// Runs queries on a reading connection, on the blocking threads. A connection that turns out
    /// to be dead is replaced and the queries are tried again, which does no harm; all of the pool's
    /// may have died together, but not one that was just made.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        queries: impl Fn(&mut Conn) -> Result<T, Halt> + Send + 'static,
    ) -> Result<T, Error> {
        // In a box: whoever waits for it, as each session does at its greeting, would be as large.
        match deadline::answer(Box::pin(self.in_turn(doing, queries))).await {
            Ok(read) => read,
            // The thread goes on waiting, with a connection of the pool; nobody waits for it any more.
            Err(_late) => Err(Error::Overloaded(Failure::new(
                doing,
                "the database does not answer",
            ))),
        }
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        doing: &'static str,
        queries: impl Fn(&mut Conn) -> Result<T, Halt> + Send + 'static,
    ) -> Result<T, Error> {
        let waiting = self.measurements.wait_for_reader();
        let begun = Instant::now();
        let turn = timeout(WITHIN, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            waiting.in_vain();
            return Err(Error::Overloaded(Failure::new(
                doing,
                "no reading connection was free in time",
            )));
        };
        let (pool, mut waiting) = (self.pool.clone(), Some(waiting));
        let work = move || {
            // Given back with the connection, also when nobody waits for the answer any more.
            let _turn = turn;
            let mut retries = pool.state().connections;
            loop {
                let got = pool.get_timeout(WITHIN.saturating_sub(begun.elapsed()));
                if let Some(waiting) = waiting.take()
                    && got.is_err()
                {
                    waiting.in_vain();
                }
                let mut link =
                    got.map_err(|error| Error::Overloaded(Failure::new(doing, error)))?;
                match queries(&mut link.conn) {
                    Ok(answer) => {
                        link.used_at = Instant::now();
                        return Ok(answer);
                    }
                    Err(Halt::Refused(refusal)) => return Err(refusal),
                    Err(Halt::Broken(error)) => {
                        link.broken = failure::is_connection_lost(&error);
                        if !link.broken || retries == 0 {
                            return Err(failure::before_commit(doing, error));
                        }
                        retries -= 1;
                    }
                }
            }
        };
        let done = spawn_blocking(work).instrument(tracing::debug_span!("read", doing));
        done.await
            .unwrap_or_else(|error| Err(Error::Failed(Failure::new(doing, error))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fresh::{Fresh, Kind};

    #[test]
    fn a_read_is_small_for_whoever_waits_for_it() {
        let fresh = Fresh::new(Kind::Sqlite).unwrap();
        let url = DatabaseUrl::parse(&fresh.url).unwrap();
        drop(crate::connection::connect(&url, crate::connection::Purpose::Write).unwrap());
        let reading = Reading::open(url, 1, Measurements::default()).unwrap();
        let read = reading.read("do nothing", |_| Ok([0_u8; 64]));
        assert!(size_of_val(&read) < 512, "{} bytes", size_of_val(&read));
    }
}
