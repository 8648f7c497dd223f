//! What the kernel says of processes and of the machine: `/proc`.

use std::{fs, path::Path, time::Instant};

use anyhow::{Context as _, Result};

/// Ticks a second in `/proc/*/stat`: a constant of the kernel's interface on all of Linux's platforms
/// that the service runs on (`getconf CLK_TCK`).
const TICKS_A_SECOND: f64 = 100.0;

/// A count as a number to reckon with.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "counts stay far below 2^53, up to which this is exact"
)]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// The fields of `/proc/PID/stat` after the command's name.
fn stat(pid: u32) -> Result<Vec<u64>> {
    let line = fs::read_to_string(format!("/proc/{pid}/stat")).context("read a process's stat")?;
    let (_, fields) = line.rsplit_once(')').context("a stat without a name")?;
    // Some fields are negative or words; none of those is asked for.
    Ok(fields
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0))
        .collect())
}

fn field(stat: &[u64], index: usize) -> f64 {
    real(stat.get(index).copied().unwrap_or(0))
}

/// CPU seconds that a process has used so far.
pub(crate) fn cpu(pid: u32) -> Result<f64> {
    let stat = stat(pid)?;
    Ok((field(&stat, 11) + field(&stat, 12)) / TICKS_A_SECOND)
}

/// CPU seconds of a process, of its children, and of those that have ended.
pub(crate) fn cpu_of_family(pid: u32) -> Result<f64> {
    let own = stat(pid)?;
    let mut ticks: f64 = (11..=14).map(|index| field(&own, index)).sum();
    for child in children(pid)? {
        // One that has just ended counts with its parent.
        let Ok(child) = stat(child) else { continue };
        ticks += field(&child, 11) + field(&child, 12);
    }
    Ok(ticks / TICKS_A_SECOND)
}

/// The processes that a process has started, and that have not ended.
pub(crate) fn children(pid: u32) -> Result<Vec<u32>> {
    let entries = fs::read_dir("/proc").context("list processes")?.flatten();
    let processes = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(processes
        .filter(|process| stat(*process).is_ok_and(|stat| stat.get(1) == Some(&u64::from(pid))))
        .collect())
}

/// Resident memory of a process, in KiB.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    kib(Path::new(&format!("/proc/{pid}/status")), "VmRSS:")
}

fn kib(path: &Path, name: &str) -> Result<u64> {
    let text = fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
    text.lines()
        .find_map(|line| {
            line.strip_prefix(name)?
                .split_whitespace()
                .next()?
                .parse()
                .ok()
        })
        .with_context(|| format!("{} has no {name}", path.display()))
}

/// The load average of the last minute.
pub(crate) fn load() -> f64 {
    fs::read_to_string("/proc/loadavg")
        .ok()
        .and_then(|text| text.split_whitespace().next()?.parse().ok())
        .unwrap_or(f64::NAN)
}

/// CPU seconds in which the whole machine was busy.
fn busy() -> Result<f64> {
    let text = fs::read_to_string("/proc/stat").context("read the machine's stat")?;
    let line = text.lines().next().context("an empty stat")?;
    let ticks: Vec<u64> = line
        .split_whitespace()
        .skip(1)
        .filter_map(|word| word.parse().ok())
        .collect();
    // user, nice, system, (idle, iowait,) irq, softirq, (steal)
    let busy: f64 = [0, 1, 2, 5, 6]
        .iter()
        .map(|index| field(&ticks, *index))
        .sum();
    Ok(busy / TICKS_A_SECOND)
}

/// The processes of a measurement. The stores are PostgreSQL and NATS, with all their processes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pids {
    pub(crate) service: Vec<u32>,
    pub(crate) stores: Vec<u32>,
}

/// Who has used how much CPU so far.
#[derive(Debug, Clone, Copy)]
struct Usage {
    at: Instant,
    machine: f64,
    service: f64,
    stores: f64,
    generator: f64,
}

impl Usage {
    fn read(pids: &Pids) -> Result<Self> {
        let sum = |pids: &[u32], cpu: fn(u32) -> Result<f64>| -> Result<f64> {
            pids.iter().map(|pid| cpu(*pid)).sum()
        };
        Ok(Self {
            at: Instant::now(),
            machine: busy()?,
            service: sum(&pids.service, cpu)?,
            stores: sum(&pids.stores, cpu_of_family)?,
            generator: cpu(std::process::id())?,
        })
    }
}

/// CPU seconds from a moment on.
pub(crate) struct Meter {
    pids: Pids,
    begun: Usage,
}

/// CPU seconds in a span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    pub(crate) service: f64,
    pub(crate) stores: f64,
    pub(crate) generator: f64,
    /// How many cores were busy with what is no part of the measurement.
    pub(crate) foreign_cores: f64,
}

impl Meter {
    pub(crate) fn start(pids: Pids) -> Result<Self> {
        let begun = Usage::read(&pids)?;
        Ok(Self { pids, begun })
    }

    pub(crate) fn read(&self) -> Result<Spent> {
        let (then, now) = (&self.begun, Usage::read(&self.pids)?);
        let service = now.service - then.service;
        let stores = now.stores - then.stores;
        let generator = now.generator - then.generator;
        let foreign = now.machine - then.machine - service - stores - generator;
        Ok(Spent {
            service,
            stores,
            generator,
            foreign_cores: foreign.max(0.0) / (now.at - then.at).as_secs_f64(),
        })
    }
}
