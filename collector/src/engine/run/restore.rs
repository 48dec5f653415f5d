//! How the loop takes partitions up: from memory where that is right, otherwise from their changelogs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use auscult_log::LogError;

use super::{Ended, EngineFault, Left, Membership};
use crate::engine::fold::Changelog;
use crate::engine::pace::Backoff;
use crate::engine::site::SiteState;
use crate::metrics as names;

/// How often a partition's changelog is tried before the group is left. Who restores answers the group nothing, so that no other member
/// gets anything either; outside it, the others share the partitions, and joining anew settles what this member itself left undecided.
const RESTORE_TRIES: u32 = 3;

/// A try that has waited so long counts for all: a transaction that is undecided after the log's own patience will not be at the next try.
const RESTORE_PATIENCE: Duration = Duration::from_secs(30);

impl<S: SiteState> Membership<'_, S>
where
    S::Settings: Clone,
{
    /// Holds the partitions as they are committed at these offsets: as memory has them, or restored.
    pub(super) fn take_up(&mut self, committed: &BTreeMap<u32, u64>) -> Result<(), Left> {
        let began = Instant::now();
        let (mut resumed, mut records) = (0_u64, 0_u64);
        for (&partition, &offset) in committed {
            if self.fold.resume(partition, offset) {
                resumed = resumed.saturating_add(1);
            } else {
                let read = self.restore(partition, offset)?;
                records = records.saturating_add(read);
            }
        }
        metrics::counter!(names::RESUMED).increment(resumed);
        let (partitions, took) = (committed.len(), began.elapsed());
        tracing::info!(member = %self.member.name, partitions, resumed, records, ?took, "state restored");
        self.settle();
        Ok(())
    }

    fn restore(&mut self, partition: u32, committed: u64) -> Result<u64, Left> {
        self.member
            .latch
            .not_ready(format!("restoring partition {partition}"));
        let began = Instant::now();
        let mut backoff = Backoff::new(&self.member.pace);
        loop {
            let mut changelog = Changelog::default();
            let read = self.log.end(partition).and_then(|end| {
                self.log
                    .restore(partition, &mut |stored| changelog.push(stored))?;
                Ok(end)
            });
            match read {
                Ok(end) => {
                    if let Some(end) = end.filter(|end| committed > *end) {
                        let fault = EngineFault::BeyondEnd {
                            partition,
                            committed,
                            end,
                        };
                        return Err(fault.into());
                    }
                    let records = changelog.records();
                    self.fold
                        .restore(partition, committed, changelog)
                        .map_err(EngineFault::from)?;
                    let took = began.elapsed();
                    metrics::histogram!(names::RESTORE_SECONDS).record(took.as_secs_f64());
                    metrics::counter!(names::RESTORED_RECORDS).increment(records);
                    tracing::debug!(partition, offset = committed, records, ?took, "restored");
                    return Ok(records);
                }
                Err(LogError::Unavailable(reason))
                    if backoff.failures.saturating_add(1) >= RESTORE_TRIES
                        || began.elapsed() >= RESTORE_PATIENCE =>
                {
                    return Err(Left::Ended(Ended::Rejoin(format!(
                        "partition {partition} could not be restored: {reason}"
                    ))));
                }
                Err(error) => self.unavailable(error, &mut backoff)?,
            }
        }
    }
}
