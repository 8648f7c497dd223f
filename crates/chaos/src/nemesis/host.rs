//! What the machine does to a node: its clock, its file descriptors.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use super::{Nemesis, present};
use crate::{place::Place, process::count_in};

/// What a node logs when it has no file descriptor left.
const EMFILE: &str = "Too many open files";

/// Where a clock jumps to, in seconds.
const JUMPS: [i64; 4] = [3_600, -7_200, 90, -30];

impl Nemesis {
    pub(super) async fn clock_jump(
        &self,
        place: &Place,
        hold: Duration,
        draw: u64,
    ) -> anyhow::Result<Value> {
        let file = present(place.clock.as_ref(), "clock")?;
        let at = usize::try_from(draw % 4)?;
        let jump = JUMPS.get(at).copied().unwrap_or(3_600);
        self.turn(file, jump)?;
        sleep(hold).await;
        let ahead = self.seconds_ahead(place).await;
        self.turn(file, 0)?;
        let ahead = ahead?;
        // What it says is cached for a second or so.
        Ok(if ahead.abs_diff(jump) <= 10 {
            json!({"asked_s": jump, "seen_s": ahead})
        } else {
            Value::Null
        })
    }

    /// Turns a clock; tokens are made for the new time from now on.
    fn turn(&self, file: &std::path::Path, seconds: i64) -> anyhow::Result<()> {
        // In place of the old one at once, so that nobody reads half of it.
        let fresh = file.with_extension("new");
        std::fs::write(&fresh, format!("{seconds:+}\n"))?;
        std::fs::rename(&fresh, file)?;
        self.world.clock_offset.store(seconds, Ordering::Release);
        Ok(())
    }

    /// By how much a node's clock is ahead of ours, from the `Date` of an answer.
    async fn seconds_ahead(&self, place: &Place) -> anyhow::Result<i64> {
        let (_, date) = self.cluster.health(place).await?;
        let clock = date
            .split_ascii_whitespace()
            .find(|word| word.contains(':'));
        let clock = present(clock, "date")?;
        let parts: Vec<i64> = clock
            .split(':')
            .filter_map(|part| part.parse().ok())
            .collect();
        let [hours, minutes, seconds] = parts.as_slice() else {
            anyhow::bail!("no time of day: {date}");
        };
        let theirs = hours * 3_600 + minutes * 60 + seconds;
        let ours = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() % 86_400;
        let ahead = theirs - i64::try_from(ours)?;
        // The difference goes around midnight.
        Ok((ahead + 43_200).rem_euclid(86_400) - 43_200)
    }

    pub(super) async fn fd_limit(&self, place: &Place, hold: Duration) -> anyhow::Result<Value> {
        let (address, pid, used) = {
            let node = place.node.lock().await;
            let used = node.usage().map(|(_, fds)| fds);
            (node.address(), node.pid(), used)
        };
        let (address, pid, used) = (
            present(address, "node")?,
            present(pid, "node")?,
            present(used, "node")?,
        );
        let resource = rlimit::Resource::NOFILE;
        let mut old = (0, 0);
        rlimit::prlimit(pid, resource, None, Some((&mut old.0, &mut old.1)))?;
        let log = place.node.lock().await.log();
        let before = count_in(&log, EMFILE);
        rlimit::prlimit(pid, resource, Some((used, old.1)), None)?;
        let mut taken = Vec::new();
        let begun = Instant::now();
        while begun.elapsed() < hold
            || (count_in(&log, EMFILE) == before && begun.elapsed() < hold * 3)
        {
            if let Ok(Ok(stream)) =
                timeout(Duration::from_millis(200), TcpStream::connect(address)).await
            {
                taken.push(stream);
            }
            sleep(Duration::from_millis(50)).await;
        }
        let seen = count_in(&log, EMFILE) - before;
        drop(taken);
        rlimit::prlimit(pid, resource, Some(old), None)?;
        let again = self.cluster.ready(address).await.is_ok() && answers(address).await;
        Ok(if seen > 0 && again {
            json!({"limit": used, "emfile_logged": seen, "served_again": true})
        } else {
            Value::Null
        })
    }
}

/// Whether a fresh connection is served.
async fn answers(address: std::net::SocketAddr) -> bool {
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: chaos\r\nConnection: close\r\n\r\n")
            .await?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(answer.ends_with(b"200"))
    };
    matches!(timeout(Duration::from_secs(1), ask).await, Ok(Ok(true)))
}
