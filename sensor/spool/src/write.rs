//! Append and sync: how a batch becomes durable, and what happens when the disk refuses.

use std::collections::VecDeque;
use std::io;

use auscult_proto::{LossReason, limits};

use crate::bytes::{in_blocks, size};
use crate::disk::{DiskFile, write_all};
use crate::error::{AppendError, SpoolError};
use crate::retain::{MARK_INTERVAL_MS, Segment, segment_name};
use crate::segment::{RECORD_HEADER, Record, SEGMENT_HEADER, encode, header};
use crate::status::Parked;
use crate::{Spool, options::Options};

/// A batch that has its sequences and is not durable yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Sequence of the batch's first observation.
    pub first_seq: u64,
}

/// The segment that is written.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) file: Box<dyn DiskFile>,
    /// What of it is durable.
    pub(crate) segment: Segment,
}

/// Encoded records that are not durable yet, in order.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub(crate) bytes: Vec<u8>,
    batches: VecDeque<PendingBatch>,
}

#[derive(Debug, Clone, Copy)]
struct PendingBatch {
    first_seq: u64,
    count: u32,
    spooled_ms: i64,
    /// Bytes of the encoded record.
    len: usize,
}

/// Whole records from the front of the pending ones.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    records: usize,
    bytes: usize,
}

impl Pending {
    pub(crate) fn oldest_ms(&self) -> Option<i64> {
        self.batches.front().map(|batch| batch.spooled_ms)
    }

    /// As many records as fit into `room` bytes.
    fn chunk(&self, room: u64) -> Chunk {
        let mut chunk = Chunk {
            records: 0,
            bytes: 0,
        };
        for batch in &self.batches {
            let bytes = chunk.bytes.saturating_add(batch.len);
            if size(bytes) > room {
                break;
            }
            chunk.bytes = bytes;
            chunk.records = chunk.records.saturating_add(1);
        }
        chunk
    }
}

impl Spool {
    /// Takes a batch: an encoded body of `count` observations, which get the next sequences. It is in memory only, and not accepted,
    /// until [`Spool::sync`] has returned.
    ///
    /// # Errors
    /// When the disk refuses to be written (then the observations are counted as lost), or the batch breaks a limit.
    pub fn append(&mut self, body: &[u8], count: u32) -> Result<Appended, AppendError> {
        self.check_limits(body, count)?;
        let len = RECORD_HEADER.saturating_add(body.len());
        let queued = self.pending.bytes.len();
        let full = queued > 0 && queued.saturating_add(len) > self.options.pending_bytes;
        if (full || self.parked.is_some())
            && let Err(error) = self.sync()
        {
            return Err(self.refuse(count, &error));
        }
        let record = Record {
            first_seq: self.next_seq,
            count,
            spooled_ms: self.options.clock.now_ms(),
            body,
        };
        encode(&mut self.pending.bytes, self.incarnation, &record);
        self.pending.batches.push_back(PendingBatch {
            first_seq: record.first_seq,
            count,
            spooled_ms: record.spooled_ms,
            len,
        });
        self.next_seq = record.end();
        Ok(Appended {
            first_seq: record.first_seq,
        })
    }

    fn check_limits(&self, body: &[u8], count: u32) -> Result<(), AppendError> {
        let max_bytes = max_body(&self.options);
        let bytes_fit = (1..=max_bytes).contains(&body.len());
        if bytes_fit && (1..=limits::BATCH_OBSERVATIONS).contains(&count) {
            return Ok(());
        }
        Err(AppendError::Limit {
            bytes: body.len(),
            count,
            max_bytes,
            max_count: limits::BATCH_OBSERVATIONS,
        })
    }

    fn refuse(&mut self, count: u32, error: &SpoolError) -> AppendError {
        self.count_loss(LossReason::SpoolUnwritable, 0, u64::from(count));
        // Reports that were to travel in this batch are due again.
        let next_seq = self.next_seq;
        self.mark.take_back(|seq| seq < next_seq);
        self.mark_due = true;
        let reason = match error {
            SpoolError::Parked { reason, .. } => reason.clone(),
            other => other.to_string(),
        };
        AppendError::Parked { reason, count }
    }

    /// Makes everything appended so far durable and returns the last durable sequence (0 when there is none yet).
    ///
    /// # Errors
    /// When the disk refuses. Batches that were appended stay in memory and are written by a later sync; what had become durable before
    /// the error is readable. The spool is parked for a while then, and appends are refused.
    pub fn sync(&mut self) -> Result<u64, SpoolError> {
        let now_ms = self.options.clock.now_ms();
        if let Some(parked) = self.parked.as_ref().filter(|parked| !parked.is_due(now_ms)) {
            return Err(SpoolError::Parked {
                reason: parked.reason.clone(),
                retry_ms: parked.retry_ms,
            });
        }
        match self.write_pending() {
            Ok(()) => {
                if self.parked.take().is_some() {
                    tracing::info!("spool writes again");
                }
                self.note_durable(now_ms);
                Ok(self.durable)
            }
            Err(error) => {
                self.park(now_ms, &error);
                Err(error)
            }
        }
    }

    /// Tells recovery, about once a second, how far the segments must go: what rots at the very end is else taken for a torn write.
    fn note_durable(&mut self, now_ms: i64) {
        let since_ms = now_ms.saturating_sub(self.marked_ms);
        let is_due = !(0..MARK_INTERVAL_MS).contains(&since_ms);
        if is_due
            && self.mark.durable < self.durable
            && let Err(error) = self.store_mark()
        {
            tracing::warn!(%error, "low-water mark stays behind");
        }
    }

    fn park(&mut self, now_ms: i64, error: &SpoolError) {
        let (since_ms, wait_ms) = match &self.parked {
            None => {
                tracing::error!(%error, "spool cannot be written; batches are refused and counted until it can");
                (now_ms, self.options.retry_min_ms)
            }
            Some(parked) => (
                parked.since_ms,
                parked
                    .wait_ms
                    .saturating_mul(2)
                    .min(self.options.retry_max_ms),
            ),
        };
        self.parked = Some(Parked {
            reason: error.to_string(),
            since_ms,
            retry_ms: now_ms.saturating_add(wait_ms),
            wait_ms,
            tried_ms: now_ms,
        });
    }

    fn write_pending(&mut self) -> Result<(), SpoolError> {
        if self.mark_due {
            self.store_mark()?;
        }
        while let Some(first) = self.pending.batches.front().map(|batch| batch.first_seq) {
            let room = self.active.as_ref().map_or(0, |active| {
                self.options
                    .segment_bytes
                    .saturating_sub(active.segment.len)
            });
            let chunk = self.pending.chunk(room);
            if chunk.records == 0 {
                self.seal_active();
                self.begin_segment(first)?;
                continue;
            }
            self.make_room(size(chunk.bytes))?;
            // Making room may have taken the segment that was to be written.
            if self.active.is_some()
                && let Err(source) = self.write_chunk(chunk)
            {
                self.abandon_active();
                return Err(SpoolError::Io {
                    what: "write a segment",
                    source,
                });
            }
        }
        Ok(())
    }

    fn begin_segment(&mut self, first_seq: u64) -> Result<(), SpoolError> {
        let bytes = self.pending.chunk(self.options.segment_bytes).bytes;
        self.make_room(size(SEGMENT_HEADER.saturating_add(bytes)))?;
        let name = segment_name(first_seq);
        let created = match self.disk.create(&name) {
            // Left by an attempt that failed; nothing in it was ever accepted.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self
                .disk
                .remove(&name)
                .and_then(|()| self.disk.create(&name)),
            created => created,
        };
        let file = created.map_err(SpoolError::io("begin a segment"))?;
        self.bad.retain(|owed| owed.name != name);
        self.active = Some(Active {
            file,
            segment: Segment::empty(first_seq),
        });
        Ok(())
    }

    /// Writes and syncs the chunk. On error nothing has changed but the file, of which nobody knows what it holds.
    fn write_chunk(&mut self, chunk: Chunk) -> io::Result<()> {
        let Some(active) = &mut self.active else {
            return Ok(());
        };
        let bytes = self.pending.bytes.get(..chunk.bytes).unwrap_or_default();
        let is_fresh = active.segment.is_empty();
        if is_fresh {
            let header = header(self.incarnation, active.segment.first_seq);
            write_all(active.file.as_mut(), &header, 0)?;
        }
        write_all(active.file.as_mut(), bytes, active.segment.len)?;
        active.file.sync()?;
        if is_fresh {
            self.disk.sync_folder()?;
        }
        let allocated = active.file.measure().map(|(_, allocated)| allocated);
        let mut at = 0_usize;
        for batch in self.pending.batches.drain(..chunk.records) {
            let end = at.saturating_add(batch.len);
            active.segment.note(&Record {
                first_seq: batch.first_seq,
                count: batch.count,
                spooled_ms: batch.spooled_ms,
                body: bytes
                    .get(at.saturating_add(RECORD_HEADER)..end)
                    .unwrap_or_default(),
            });
            at = end;
        }
        let block = self.disk.block_bytes();
        active.segment.allocated =
            allocated.unwrap_or_else(|_| in_blocks(active.segment.len, block));
        self.durable = active.segment.next_seq.saturating_sub(1);
        self.pending.bytes.drain(..chunk.bytes);
        Ok(())
    }

    /// Stops writing the active segment; the next batch begins a new one.
    pub(crate) fn seal_active(&mut self) {
        if let Some(active) = self.active.take() {
            if active.segment.is_empty() {
                // Never held anything durable; the next segment will have the same name.
                self.remove_or_owe(&segment_name(active.segment.first_seq));
            } else {
                self.sealed.push_back(active.segment);
            }
        }
    }

    /// After a failed write or sync nobody knows what lies behind the durable part of the file: it is cut off as well as can be, and the
    /// pending batches are written again, from memory, to a new segment, which outranks whatever the cut left.
    fn abandon_active(&mut self) {
        if let Some(active) = &mut self.active
            && !active.segment.is_empty()
        {
            drop(active.file.truncate(active.segment.len));
            if let Ok((_, allocated)) = active.file.measure() {
                active.segment.allocated = allocated;
            }
        }
        self.seal_active();
    }
}

impl Parked {
    /// A clock that went back does not prolong the wait.
    fn is_due(&self, now_ms: i64) -> bool {
        now_ms >= self.retry_ms || now_ms < self.tried_ms
    }
}

/// The largest body: a batch must fit into one segment.
pub(crate) fn max_body(options: &Options) -> usize {
    let segment = usize::try_from(options.segment_bytes).unwrap_or(usize::MAX);
    let headers = SEGMENT_HEADER.saturating_add(RECORD_HEADER);
    segment.saturating_sub(headers).min(limits::BATCH_BYTES)
}
