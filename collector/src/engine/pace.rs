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
    /// Time since the first uncommitted record, while records are fresh.
    pub delay: Duration,
    /// Most of the same while records are late. A transaction goes on for half as long as its first record had waited: what is late
    /// anyway becomes half as late again at most, and replaces more of its own state before that is written.
    pub delay_late: Duration,
    /// First wait after a failure; doubles up to ten seconds.
    pub backoff: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            observations: 100_000,
            records: 50_000,
            bytes: 64 * 1024 * 1024,
            delay: Duration::from_millis(30),
            delay_late: Duration::from_secs(1),
            backoff: Duration::from_millis(50),
        }
    }
}

impl Pace {
    /// How long a transaction goes on whose first record had waited for `waited` when it was folded.
    pub(super) fn delay_after(&self, waited: Duration) -> Duration {
        let late = waited.checked_div(2).unwrap_or_default();
        late.min(self.delay_late).max(self.delay)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_goes_on_for_half_as_long_as_its_first_record_waited_within_bounds() {
        let pace = Pace::default();
        let after = |millis| pace.delay_after(Duration::from_millis(millis));
        assert_eq!(after(0), pace.delay);
        assert_eq!(after(50), pace.delay);
        assert_eq!(after(600), Duration::from_millis(300));
        assert_eq!(after(86_400_000), pace.delay_late);
        // A wish for longer transactions than the bound of late ones holds.
        let patient = Pace {
            delay: Duration::from_secs(5),
            ..pace
        };
        assert_eq!(patient.delay_after(Duration::from_secs(3)), patient.delay);
    }
}
