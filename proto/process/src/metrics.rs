//! The metrics of the process: one global recorder, rendered as Prometheus text, with the standard process gauges.

use std::fmt::Display;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Resident memory in bytes.
pub const RESIDENT_MEMORY: &str = "process_resident_memory_bytes";
/// User and system CPU time in seconds.
pub const CPU_SECONDS: &str = "process_cpu_seconds_total";
/// Open file descriptors.
pub const OPEN_FDS: &str = "process_open_fds";
/// Threads.
pub const THREADS: &str = "process_threads";
/// When metrics were installed, in seconds since the epoch.
pub const START_TIME: &str = "process_start_time_seconds";

/// Name and help text of every metric of this crate.
pub const HELP: [(&str, &str); 5] = [
    (RESIDENT_MEMORY, "Resident memory in bytes."),
    (CPU_SECONDS, "User and system CPU time in seconds."),
    (OPEN_FDS, "Open file descriptors."),
    (THREADS, "Threads of the process."),
    (
        START_TIME,
        "Start of the process in seconds since the epoch.",
    ),
];

/// Upper bounds of every histogram, in its own unit: four a decade from a tenth of a millisecond to a hundred seconds.
const BUCKETS: [f64; 25] = [
    0.0001, 0.00018, 0.00032, 0.00056, 0.001, 0.0018, 0.0032, 0.0056, 0.01, 0.018, 0.032, 0.056,
    0.1, 0.18, 0.32, 0.56, 1.0, 1.8, 3.2, 5.6, 10.0, 18.0, 32.0, 56.0, 100.0,
];

/// A handle on the global recorder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
    started_s: u64,
}

/// Installs the global recorder; calling it again gives another handle on the same recorder.
///
/// Histograms have fixed buckets (0.1 ms to 100 s), so that they can be added up over processes.
#[must_use]
pub fn install() -> Metrics {
    static INSTALLED: OnceLock<Metrics> = OnceLock::new();
    INSTALLED.get_or_init(install_once).clone()
}

fn install_once() -> Metrics {
    let builder = PrometheusBuilder::new();
    // Refused only when the list is empty, which it is not: summaries would be the outcome, not a loss.
    let builder = builder
        .set_buckets(&BUCKETS)
        .unwrap_or_else(|_| PrometheusBuilder::new());
    let recorder = builder.build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::error!("another metrics recorder is in place; /metrics will stay empty");
    }
    let started = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Metrics {
        handle,
        started_s: started.as_secs(),
    }
}

impl Metrics {
    /// Everything recorded so far as Prometheus text (exposition format 0.0.4).
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = self.handle.render();
        process_samples(&mut text);
        sample(&mut text, START_TIME, "gauge", self.started_s);
        text
    }

    /// Folds buffered histogram samples into their buckets. Must be called every few seconds, or samples pile up in memory while
    /// nobody scrapes; [`crate::admin`] does.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// Bytes of resident memory of this process, as `/proc/self/status` says; `None` where there is no such file.
#[must_use]
pub fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status_field(&status, "VmRSS:").map(|kib| kib.saturating_mul(1024))
}

fn status_field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

/// User and system time from `/proc/self/stat` (proc_pid_stat(5)) in USER_HZ ticks, which the kernel fixes at 100 a second for user
/// space on every architecture we run on.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split_ascii_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

fn sample(text: &mut String, name: &str, kind: &str, value: impl Display) {
    let help = HELP
        .iter()
        .find_map(|(known, help)| (*known == name).then_some(*help));
    let help = help.unwrap_or_default();
    text.push_str(&format!(
        "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n"
    ));
}

fn process_samples(text: &mut String) {
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        if let Some(kib) = status_field(&status, "VmRSS:") {
            sample(text, RESIDENT_MEMORY, "gauge", kib.saturating_mul(1024));
        }
        if let Some(threads) = status_field(&status, "Threads:") {
            sample(text, THREADS, "gauge", threads);
        }
    }
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    if let Some(ticks) = cpu_ticks(&stat) {
        let seconds = format!("{}.{:02}", ticks / 100, ticks % 100);
        sample(text, CPU_SECONDS, "counter", seconds);
    }
    if let Ok(fds) = std::fs::read_dir("/proc/self/fd") {
        // One of them is the directory that is being read.
        sample(text, OPEN_FDS, "gauge", fds.count().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_gauges_are_rendered_with_help_and_a_plausible_value() {
        let metrics = install();
        let text = install().render();
        drop(metrics);
        for (name, help) in HELP {
            assert!(text.contains(&format!("# HELP {name} {help}\n")), "{text}");
        }
        let rss = text
            .lines()
            .find_map(|line| line.strip_prefix("process_resident_memory_bytes "))
            .unwrap();
        assert!(rss.parse::<f64>().unwrap() > 100_000.0, "{rss}");
        assert!(resident_bytes().unwrap() > 100_000);
    }

    #[test]
    fn a_process_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let stat = "1 (a) b) (c) S 0 1 1 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 1 0 2";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("1 (a) S 0"), None);
        assert_eq!(cpu_ticks(""), None);
    }
}
