//! The one place that reads clocks and makes random seeds.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

use auscult_proto::observation::Millis;

/// Wall clock, epoch nanoseconds.
#[must_use]
pub fn wall_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_nanos()).unwrap_or(i64::MAX)
}

/// Wall clock, epoch milliseconds.
#[must_use]
pub fn wall_ms() -> Millis {
    wall_ns() / 1_000_000
}

/// A seed that nobody outside can know: the standard library takes it from the operating system.
#[must_use]
pub fn seed() -> u64 {
    RandomState::new().build_hasher().finish()
}
