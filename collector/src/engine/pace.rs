//! When to commit, and how long to wait after a failure.

use std::time::{Duration, Instant};

use auscult_process::Shutdown;

/// Longest wait after a failure.
pub(super) const BACKOFF_MAX: Duration = Duration::from_secs(10);

/// When a transaction is closed: at whatever is reached first, and at once when there is nothing more to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Observations folded.
    pub observations: u64,
    /// Records to write.
    pub records: usize,
    /// Bytes to write.
    pub bytes: usize,
    /// Time since the first uncommitted record.
    pub delay: Duration,
    /// The same while the records being read are older than a second: throughput counts then, not latency.
    pub delay_behind: Duration,
    /// First wait after a failure; doubles up to ten seconds.
    pub backoff: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            observations: 50_000,
            records: 20_000,
            bytes: 32 * 1024 * 1024,
            delay: Duration::from_millis(30),
            delay_behind: Duration::from_millis(400),
            backoff: Duration::from_millis(50),
        }
    }
}

/// Doubles from its first wait to `BACKOFF_MAX`.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    pub(super) failures: u32,
}

impl Backoff {
    pub(super) fn new(pace: &Pace) -> Self {
        Self {
            first: pace.backoff,
            failures: 0,
        }
    }

    pub(super) fn next(&mut self) -> Duration {
        let factor = 1_u32.checked_shl(self.failures.min(16)).unwrap_or(1);
        self.failures = self.failures.saturating_add(1);
        self.first.saturating_mul(factor).min(BACKOFF_MAX)
    }
}

/// Sleeps, unless a stop is requested; whether it was.
pub(super) fn nap(shutdown: &Shutdown, duration: Duration) -> bool {
    let until = Instant::now() + duration;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if shutdown.is_requested() || left.is_zero() {
            return shutdown.is_requested();
        }
        std::thread::sleep(left.min(Duration::from_millis(20)));
    }
}
