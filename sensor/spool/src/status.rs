//! Figures about a spool.

use auscult_proto::LossReason;

use crate::segment::{RECORD_HEADER, claimed};
use crate::{Spool, disk};

/// Why and since when the disk is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// What the disk said.
    pub reason: String,
    /// Since when, epoch milliseconds.
    pub since_ms: i64,
    /// When it is tried again, epoch milliseconds.
    pub retry_ms: i64,
    pub(crate) wait_ms: i64,
    pub(crate) tried_ms: i64,
}

/// Observations counted as lost since the spool was opened, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LostTotals {
    /// The spool was full: oldest dropped.
    pub full: u64,
    /// Damaged on disk.
    pub quarantined: u64,
    /// The disk refused to be written.
    pub unwritable: u64,
}

impl LostTotals {
    pub(crate) fn add(&mut self, reason: LossReason, count: u64) {
        let total = match reason {
            LossReason::SpoolFull => &mut self.full,
            LossReason::SegmentQuarantined => &mut self.quarantined,
            _ => &mut self.unwritable,
        };
        *total = total.saturating_add(count);
    }
}

/// How a spool stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Allocated bytes on disk.
    pub bytes: u64,
    /// Most allocated bytes.
    pub limit: u64,
    /// Segment files.
    pub segments: usize,
    /// When the oldest batch that is not released was spooled, epoch milliseconds; `None` when everything is released.
    pub oldest_ms: Option<i64>,
    /// The next sequence to give.
    pub next_seq: u64,
    /// Durable through.
    pub durable: u64,
    /// Released through.
    pub acked: u64,
    /// Bytes in memory, waiting for a sync.
    pub pending_bytes: usize,
    /// Files of damaged remains.
    pub quarantined: usize,
    /// Files in the folder that are not ours.
    pub foreign: usize,
    /// Set while the disk is not written.
    pub parked: Option<Parked>,
    /// Observations counted as lost since the spool was opened.
    pub lost: LostTotals,
}

impl Spool {
    /// How the spool stands. Reads at most 64 KiB from disk, to tell how old the oldest batch is.
    #[must_use]
    pub fn status(&mut self) -> Status {
        Status {
            bytes: self.used_bytes(),
            limit: self.options.max_bytes,
            segments: self
                .sealed
                .len()
                .saturating_add(usize::from(self.active.is_some())),
            oldest_ms: self.oldest_ms(),
            next_seq: self.next_seq,
            durable: self.durable,
            acked: self.mark.acked,
            pending_bytes: self.pending.bytes.len(),
            quarantined: self.bad.len(),
            foreign: self.foreign,
            parked: self.parked.clone(),
            lost: self.lost,
        }
    }

    fn oldest_ms(&mut self) -> Option<i64> {
        let wanted = self.mark.floor.max(self.mark.acked.saturating_add(1));
        if wanted > self.durable {
            return self.pending.oldest_ms();
        }
        let segment = self.segment_with(wanted)?.clone();
        let entry = segment.index.at_or_before(wanted.max(segment.first_seq))?;
        // The index is sparse: walk to the record itself. Where that fails, the index entry is old enough to be worth a look.
        let exact = self.reader(segment.first_seq).ok().and_then(|file| {
            let mut offset = entry.offset;
            loop {
                let mut header = [0; RECORD_HEADER];
                disk::read_full(file, &mut header, offset).ok()?;
                let claim = claimed(&header)?;
                if claim.end > wanted {
                    return Some(claim.spooled_ms);
                }
                offset = offset.saturating_add(claim.len);
                if offset >= segment.len {
                    return None;
                }
            }
        });
        exact.or(Some(entry.spooled_ms))
    }
}
