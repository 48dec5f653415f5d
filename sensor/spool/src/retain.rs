//! What is kept, and what goes: the bound on bytes, release after acknowledgement, quarantine of what is damaged.

use std::io;

use auscult_proto::LossReason;

use crate::bytes::{in_blocks, size};
use crate::disk::{read_full, write_all};
use crate::error::SpoolError;
use crate::segment::{Index, Record, SEGMENT_HEADER, SEGMENT_MAX};
use crate::{Disk, Spool};

/// The mark is written at most this often for what could be found out again, at the price of sending some batches twice.
pub(crate) const MARK_INTERVAL_MS: i64 = 1000;

/// The durable part of a segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) first_seq: u64,
    pub(crate) next_seq: u64,
    /// Bytes that are durable and make sense; the file may be longer.
    pub(crate) len: u64,
    pub(crate) allocated: u64,
    pub(crate) index: Index,
}

impl Segment {
    pub(crate) fn empty(first_seq: u64) -> Self {
        Self {
            first_seq,
            next_seq: first_seq,
            len: size(SEGMENT_HEADER),
            allocated: 0,
            index: Index::default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.next_seq == self.first_seq
    }

    /// A record has become durable at the end.
    pub(crate) fn note(&mut self, record: &Record<'_>) {
        self.index.note(record, self.len);
        self.len = self.len.saturating_add(size(record.len()));
        self.next_seq = record.end();
    }
}

/// Damaged remains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadFile {
    pub(crate) name: String,
    pub(crate) allocated: u64,
}

/// Extension of segment files.
const SEGMENT: &str = ".segment";
/// Extension of damaged remains.
const BAD: &str = ".bad";

pub(crate) fn segment_name(first_seq: u64) -> String {
    format!("{first_seq:020}{SEGMENT}")
}

pub(crate) fn bad_name(first_seq: u64, offset: u64) -> String {
    format!("{first_seq:020}-{offset}{BAD}")
}

/// The first sequence in a segment's name.
pub(crate) fn parse_segment_name(name: &str) -> Option<u64> {
    let first_seq = name.strip_suffix(SEGMENT)?.parse().ok()?;
    (segment_name(first_seq) == name && first_seq > 0).then_some(first_seq)
}

pub(crate) fn is_bad_name(name: &str) -> bool {
    name.strip_suffix(BAD)
        .and_then(|stem| stem.split_once('-'))
        .is_some_and(|(seq, offset)| seq.parse::<u64>().is_ok() && offset.parse::<u64>().is_ok())
}

/// Puts the bytes of a file from `from` on aside, as evidence. Best effort: on failure there is less to look at, and nothing else.
pub(crate) fn keep_remains(
    disk: &mut dyn Disk,
    first_seq: u64,
    from: u64,
    room: u64,
) -> Option<BadFile> {
    let name = bad_name(first_seq, from);
    let mut keep = || -> io::Result<Option<u64>> {
        let source = disk.open(&segment_name(first_seq))?;
        let (len, _) = source.measure()?;
        let length = len.saturating_sub(from).min(SEGMENT_MAX);
        if length == 0 || in_blocks(length, disk.block_bytes()) > room {
            return Ok(None);
        }
        let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
        let read = read_full(source.as_ref(), &mut bytes, from)?;
        bytes.truncate(read);
        if let Err(error) = disk.remove(&name)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut copy = disk.create(&name)?;
        write_all(copy.as_mut(), &bytes, 0)?;
        copy.sync()?;
        Ok(Some(copy.measure()?.1))
    };
    let kept = keep();
    match kept {
        Ok(kept) => kept.map(|allocated| BadFile { name, allocated }),
        Err(error) => {
            tracing::warn!(%error, "damaged remains could not be kept");
            // Half a copy counts as one.
            let allocated = disk.open(&name).and_then(|file| file.measure()).ok()?.1;
            Some(BadFile { name, allocated })
        }
    }
}

impl Spool {
    /// Everything through `through_seq` has been acknowledged and may go.
    ///
    /// The low-water mark is on disk before a segment is unlinked. An acknowledgement that frees no segment is written at most once a
    /// second: losing it in a crash makes batches go out again, which the other end recognises.
    ///
    /// # Errors
    /// When more is acknowledged than could have been sent, or the disk refuses (a later release tries again).
    pub fn release(&mut self, through_seq: u64) -> Result<(), SpoolError> {
        if through_seq > self.durable {
            return Err(SpoolError::Beyond {
                through: through_seq,
                durable: self.durable,
            });
        }
        self.mark.acked = self.mark.acked.max(through_seq);
        let now_ms = self.options.clock.now_ms();
        let frees = self
            .sealed
            .front()
            .is_some_and(|oldest| oldest.next_seq <= self.mark.acked.saturating_add(1));
        let since_ms = now_ms.saturating_sub(self.marked_ms);
        if frees || !(0..MARK_INTERVAL_MS).contains(&since_ms) {
            self.store_mark()?;
            self.unlink_below_floor()?;
        }
        if frees && let Some(parked) = &mut self.parked {
            // There may be room now.
            parked.retry_ms = now_ms;
        }
        Ok(())
    }

    /// Writes the mark as it stands.
    pub(crate) fn store_mark(&mut self) -> Result<(), SpoolError> {
        let before = self.mark.clone();
        self.mark.floor = self.mark.floor.max(self.mark.acked.saturating_add(1));
        self.mark.durable = self.mark.durable.max(self.durable);
        self.mark.settle();
        match self.mark.store(self.mark_file.as_mut()) {
            Ok(()) => {
                self.mark_due = false;
                self.marked_ms = self.options.clock.now_ms();
                Ok(())
            }
            Err(source) => {
                self.mark = before;
                Err(SpoolError::Io {
                    what: "write the low-water mark",
                    source,
                })
            }
        }
    }

    /// Unlinks what lies wholly below the stored floor.
    fn unlink_below_floor(&mut self) -> Result<(), SpoolError> {
        let mut unlinked = false;
        while let Some(oldest) = self.sealed.front()
            && oldest.next_seq <= self.mark.floor
        {
            let name = segment_name(oldest.first_seq);
            match self.disk.remove(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(SpoolError::io("unlink a released segment")(error));
                }
                _ => unlinked = true,
            }
            self.sealed.pop_front();
        }
        if unlinked {
            self.reader = None;
            self.disk
                .sync_folder()
                .map_err(SpoolError::io("sync the folder"))?;
        }
        Ok(())
    }

    /// Allocated bytes of all our files.
    pub(crate) fn used_bytes(&self) -> u64 {
        let sealed = self.sealed.iter().map(|segment| segment.allocated);
        let active = self.active.iter().map(|active| active.segment.allocated);
        let bad = self.bad.iter().map(|bad| bad.allocated);
        sealed
            .chain(active)
            .chain(bad)
            .fold(self.overhead, u64::saturating_add)
    }

    /// Makes sure that the active segment (or a new one) may grow by `bytes`: evidence goes first, then the oldest segments, which is a
    /// counted loss of what was not acknowledged.
    pub(crate) fn make_room(&mut self, bytes: u64) -> Result<(), SpoolError> {
        let block = self.disk.block_bytes();
        loop {
            let (len, allocated) = self
                .active
                .as_ref()
                .map_or((0, 0), |a| (a.segment.len, a.segment.allocated));
            let growth = in_blocks(len.saturating_add(bytes), block).saturating_sub(allocated);
            if self.used_bytes().saturating_add(growth) <= self.options.max_bytes {
                return Ok(());
            }
            if self.bad.front().is_some() {
                self.drop_oldest_bad()?;
            } else if self.sealed.front().is_some() {
                self.drop_oldest()?;
            } else if self.active.as_ref().is_some_and(|a| !a.segment.is_empty()) {
                self.seal_active();
            } else {
                return Err(SpoolError::Io {
                    what: "stay within its limit",
                    source: io::ErrorKind::StorageFull.into(),
                });
            }
        }
    }

    fn drop_oldest_bad(&mut self) -> Result<(), SpoolError> {
        let Some(oldest) = self.bad.front() else {
            return Ok(());
        };
        match self.disk.remove(&oldest.name) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(SpoolError::io("unlink damaged remains")(error))
            }
            _ => {
                self.bad.pop_front();
                Ok(())
            }
        }
    }

    /// Unlinks a file that is no longer wanted; where that fails, it stays on the books and is unlinked when room is made.
    pub(crate) fn remove_or_owe(&mut self, name: &str) {
        let allocated = self
            .disk
            .open(name)
            .and_then(|file| file.measure())
            .map_or(0, |(_, allocated)| allocated);
        if let Err(error) = self.disk.remove(name)
            && error.kind() != io::ErrorKind::NotFound
        {
            self.bad.push_front(BadFile {
                name: name.to_owned(),
                allocated,
            });
        }
    }

    fn drop_oldest(&mut self) -> Result<(), SpoolError> {
        let Some((first, end)) = self.sealed.front().map(|s| (s.first_seq, s.next_seq)) else {
            return Ok(());
        };
        let before = self.mark.clone();
        let first = first.max(self.first_kept());
        let count = end.saturating_sub(first);
        if count > 0 {
            self.mark.count(LossReason::SpoolFull, first, count);
        }
        self.mark.floor = self.mark.floor.max(end);
        if let Err(error) = self.store_mark() {
            self.mark = before;
            return Err(error);
        }
        if count > 0 {
            tracing::error!(count, "spool is full, oldest segment dropped");
            self.lost.add(LossReason::SpoolFull, count);
        }
        self.unlink_below_floor()
    }

    /// The first sequence that is neither released nor counted as lost from below.
    pub(crate) fn first_kept(&self) -> u64 {
        self.mark.floor.max(self.mark.acked.saturating_add(1))
    }

    pub(crate) fn count_loss(&mut self, reason: LossReason, first_seq: u64, count: u64) {
        self.mark.count(reason, first_seq, count);
        self.lost.add(reason, count);
    }

    /// The record at `at`, which begins with sequence `from`, cannot be read: the rest of its segment is put aside and counted.
    pub(crate) fn quarantine(
        &mut self,
        first_seq: u64,
        at: u64,
        from: u64,
    ) -> Result<(), SpoolError> {
        if self
            .active
            .as_ref()
            .is_some_and(|active| active.segment.first_seq == first_seq)
        {
            self.seal_active();
        }
        self.reader = None;
        let Some(index) = self.sealed.iter().position(|s| s.first_seq == first_seq) else {
            return Ok(());
        };
        let end = self.sealed.get(index).map_or(from, |s| s.next_seq);
        let lost_from = from.max(self.first_kept());
        let count = end.saturating_sub(lost_from);
        let before = self.mark.clone();
        if count > 0 {
            self.mark
                .count(LossReason::SegmentQuarantined, lost_from, count);
        }
        if let Err(error) = self.store_mark() {
            self.mark = before;
            return Err(error);
        }
        tracing::error!(
            count,
            "segment is damaged, its rest is put aside and counted as lost"
        );
        self.lost.add(LossReason::SegmentQuarantined, count);
        let free = self.options.max_bytes.saturating_sub(self.used_bytes());
        self.keep_evidence(first_seq, at, free);
        if from == first_seq {
            self.sealed.remove(index);
            self.remove_or_owe(&segment_name(first_seq));
        } else if let Some(segment) = self.sealed.get_mut(index) {
            segment.len = at;
            segment.next_seq = from;
            segment.index.cut(at);
            // Where this fails, recovery finds the damage again, and that its loss was counted.
            if let Ok(mut file) = self.disk.open(&segment_name(first_seq)) {
                drop(file.truncate(at).and_then(|()| file.sync()));
                segment.allocated = file.measure().map_or(segment.allocated, |(_, bytes)| bytes);
            }
        }
        drop(self.disk.sync_folder());
        Ok(())
    }

    /// Puts the rest of a segment aside, within the bound for evidence and within `free` bytes.
    pub(crate) fn keep_evidence(&mut self, first_seq: u64, at: u64, free: u64) {
        let bound = self.options.bad_bytes();
        let kept = keep_remains(self.disk.as_mut(), first_seq, at, bound.min(free));
        let Some(kept) = kept else {
            return;
        };
        self.bad.retain(|bad| bad.name != kept.name);
        self.bad.push_back(kept);
        while self.bad.iter().map(|bad| bad.allocated).sum::<u64>() > bound {
            if self.drop_oldest_bad().is_err() {
                break;
            }
        }
    }
}
