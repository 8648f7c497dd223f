//! The process itself: memory, descriptors, time. Where there is no `/proc`, only what can be had.

use std::{
    fs,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric as _},
    metrics::{MetricType, counter::ConstCounter, family::Family, gauge::Gauge},
    registry::Registry,
};

use super::{PREFIX, gauges};

/// Clock ticks in a second, as `/proc` counts them: Linux has shown 100 to programs since ever,
/// whatever the kernel's own (`man 7 time`).
const TICKS: f64 = 100.0;

/// Names the numbers of the process. Most of them are called as everywhere, without the service's prefix.
pub fn expose(registry: &mut Registry) {
    let begun = Instant::now();
    let start = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    start.set(since.unwrap_or_default().as_secs_f64());
    registry.register(
        "process_start_time_seconds",
        "When the process began, in seconds since 1970",
        start,
    );
    gauges(registry, || {
        let mut moment = Vec::new();
        let mut tell = |name, help, value: Option<usize>| {
            moment.extend(value.map(|value| (name, help, value)));
        };
        tell(
            "process_resident_memory_bytes",
            "Memory of the process",
            resident_bytes(),
        );
        tell(
            "process_open_fds",
            "File descriptors that are open",
            fs::read_dir("/proc/self/fd").ok().map(Iterator::count),
        );
        tell(
            "process_max_fds",
            "File descriptors that may be open",
            rlimit::Resource::NOFILE
                .get_soft()
                .ok()
                .and_then(|limit| usize::try_from(limit).ok()),
        );
        tell(
            "process_threads",
            "Threads of the process",
            status_line("Threads:"),
        );
        moment
    });
    registry.register_collector(Box::new(CpuTime));
    let service = registry.sub_registry_with_prefix(PREFIX);
    // A gauge that is always 1, as usual: parsers of Prometheus' own format know no other kind for it.
    let build = Family::<[(&'static str, &'static str); 1], Gauge>::default();
    build
        .get_or_create(&[("version", env!("CARGO_PKG_VERSION"))])
        .set(1);
    service.register("build_info", "What was built", build);
    gauges(service, move || {
        let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap_or(usize::MAX);
        vec![("uptime_seconds", "For how long the process runs", seconds)]
    });
}

/// A number of `/proc/self/status`.
fn status_line(name: &str) -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

fn resident_bytes() -> Option<usize> {
    Some(status_line("VmRSS:")? * 1_024)
}

/// Time on processors, in seconds.
fn cpu_seconds() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name in brackets may hold anything; after it come fields 3 and on, of which 14 and 15 count.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    let ticks = f64::from(ticks()?) + f64::from(ticks()?);
    Some(ticks / TICKS)
}

#[derive(Debug)]
struct CpuTime;

impl Collector for CpuTime {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> std::fmt::Result {
        let Some(seconds) = cpu_seconds() else {
            return Ok(());
        };
        let metric = encoder.encode_descriptor(
            "process_cpu_seconds",
            "Time on processors.",
            None,
            MetricType::Counter,
        )?;
        ConstCounter::new(seconds).encode(metric)
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_knows_its_memory_its_threads_and_its_time() {
        assert!(resident_bytes().unwrap() > 1_000_000);
        assert!(status_line("Threads:").unwrap() >= 1);
        let before = cpu_seconds().unwrap();
        let begun = Instant::now();
        while begun.elapsed().as_millis() < 50 {
            std::hint::spin_loop();
        }
        assert!(cpu_seconds().unwrap() > before);
    }
}
