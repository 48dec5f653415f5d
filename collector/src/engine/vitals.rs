//! What the outside may see of a member while its thread is busy or stuck.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::pending::Tally;
use crate::metrics as names;

/// Figures of one engine member, written by its thread and read by others.
#[derive(Debug)]
pub struct Vitals {
    start: Instant,
    /// Milliseconds since `start` plus one; 0 when nothing is uncommitted.
    oldest_uncommitted: AtomicU64,
    /// Receive time of the last record folded, epoch milliseconds; 0 when the member has read all there is.
    behind_since: AtomicI64,
}

impl Default for Vitals {
    fn default() -> Self {
        Self {
            start: Instant::now(),
            oldest_uncommitted: AtomicU64::new(0),
            behind_since: AtomicI64::new(0),
        }
    }
}

impl Vitals {
    /// Something uncommitted exists since `since`, or nothing.
    pub fn uncommitted_since(&self, since: Option<Instant>) {
        let millis = since.map_or(0, |since| {
            let passed = since.saturating_duration_since(self.start).as_millis();
            u64::try_from(passed).unwrap_or(u64::MAX).saturating_add(1)
        });
        self.oldest_uncommitted.store(millis, Ordering::Relaxed);
    }

    /// How long the oldest uncommitted record has been waiting.
    #[must_use]
    pub fn oldest_uncommitted(&self) -> Duration {
        match self
            .oldest_uncommitted
            .load(Ordering::Relaxed)
            .checked_sub(1)
        {
            Some(millis) => self
                .start
                .elapsed()
                .saturating_sub(Duration::from_millis(millis)),
            None => Duration::ZERO,
        }
    }

    /// The record being folded was received then.
    pub fn folding(&self, received_ms: i64) {
        self.behind_since.store(received_ms, Ordering::Relaxed);
    }

    /// Everything there is has been read.
    pub fn caught_up(&self) {
        self.behind_since.store(0, Ordering::Relaxed);
    }

    /// How far behind the wall clock the member reads.
    #[must_use]
    pub fn lag(&self, now_ms: i64) -> Duration {
        match self.behind_since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_millis(
                u64::try_from(now_ms.saturating_sub(since)).unwrap_or_default(),
            ),
        }
    }
}

/// Counts what a committed transaction did.
pub(super) fn publish(tally: &Tally, consumed: &BTreeMap<u32, u64>) {
    metrics::counter!(names::TRANSACTIONS, "outcome" => "committed").increment(1);
    metrics::counter!(names::BATCHES).increment(tally.batches);
    metrics::counter!(names::FOLDED).increment(tally.counts.folded);
    metrics::counter!(names::DUPLICATES).increment(tally.counts.duplicates);
    metrics::counter!(names::MISSING).increment(tally.counts.missing);
    metrics::counter!(names::REPORTED_LOST).increment(tally.counts.reported_lost);
    metrics::counter!(names::STATE_RECORDS).increment(tally.state_records);
    metrics::counter!(names::STATE_COALESCED).increment(tally.state_coalesced);
    metrics::counter!(names::PUBLIC_RECORDS).increment(tally.public_records);
    metrics::counter!(names::FINDINGS_TOLD).increment(tally.findings);
    for reason in &tally.quarantined {
        metrics::counter!(names::QUARANTINED, "reason" => *reason).increment(1);
        tracing::warn!(reason, "record sent to quarantine");
    }
    for blind in &tally.blind {
        tracing::warn!(
            site = %blind.site,
            sensor = %blind.sensor,
            missing = blind.missing,
            before_sequence = blind.before_seq,
            "blind interval: observations of this sensor never arrived"
        );
    }
    for (partition, offset) in consumed {
        metrics::gauge!(names::OFFSET, "partition" => partition.to_string()).set(float(*offset));
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "gauges are floating point; 2^53 records are out of reach"
)]
fn float(value: u64) -> f64 {
    value as f64
}
