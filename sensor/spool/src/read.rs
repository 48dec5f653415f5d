//! Reading what is durable, with every checksum verified again.

use std::io;

use auscult_proto::limits;
use bytes::Bytes;
use rustix::io::Errno;

use crate::Spool;
use crate::bytes::size;
use crate::disk::{DiskFile, read_full};
use crate::error::SpoolError;
use crate::retain::{Segment, segment_name};
use crate::segment::{Fault, RECORD_HEADER, decode};

/// A durable batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpooledBatch {
    /// Sequence of its first observation.
    pub first_seq: u64,
    /// Observations.
    pub count: u32,
    /// The body as appended.
    pub body: Bytes,
}

/// How far into a segment reading got.
enum Outcome {
    /// To its end.
    End,
    /// Until enough was read.
    Enough,
    /// To a record that is not as it was written: where it lies and its first sequence.
    Damaged { at: u64, from: u64 },
}

/// Batches read so far and bytes of bodies that may still come.
struct Intake {
    next: u64,
    room: usize,
    batches: Vec<SpooledBatch>,
}

/// Read ahead of what was asked for, because the index is sparse.
const AHEAD: usize = 64 * 1024;
/// Largest record.
const RECORD_MAX: usize = RECORD_HEADER + limits::BATCH_BYTES;

impl Spool {
    /// Durable batches in order, beginning with the one that holds `seq` (its first observations may be before), or with the next one
    /// there is. Bodies of `max_bytes` in all at most, but always one batch when there is one.
    ///
    /// What turns out to be damaged is put aside, counted as lost, and reading goes on behind it. What is read for the first time is
    /// first noted in the mark (one more fsync), so that its sequences are never used again.
    ///
    /// # Errors
    /// When the disk refuses for a reason that may pass; nothing has changed then.
    pub fn read_from(
        &mut self,
        seq: u64,
        max_bytes: usize,
    ) -> Result<Vec<SpooledBatch>, SpoolError> {
        let mut intake = Intake {
            next: seq.max(self.first_kept()),
            room: max_bytes,
            batches: Vec::new(),
        };
        while let Some(segment) = self.segment_with(intake.next).cloned() {
            let mut outcome = self.read_segment(&segment, &mut intake);
            if let Ok(Outcome::Damaged { .. }) = outcome {
                // Once more through a new handle, in case only the way from the disk was at fault.
                self.reader = None;
                outcome = self.read_segment(&segment, &mut intake);
            }
            match outcome.map_err(SpoolError::io("read a segment"))? {
                Outcome::Enough => break,
                Outcome::End => {}
                Outcome::Damaged { at, from } => self.quarantine(segment.first_seq, at, from)?,
            }
            intake.next = intake.next.max(segment.next_seq);
        }
        let end = intake.batches.last().map_or(0, SpooledBatch::end);
        if end > self.mark.durable.saturating_add(1) {
            // Whatever becomes of the segment, recovery then knows that these sequences were used.
            self.store_mark()?;
        }
        Ok(intake.batches)
    }

    /// The first segment with something at or behind `seq`.
    pub(crate) fn segment_with(&self, seq: u64) -> Option<&Segment> {
        let index = self
            .sealed
            .partition_point(|segment| segment.next_seq <= seq);
        let active = self.active.as_ref().map(|active| &active.segment);
        self.sealed
            .get(index)
            .or_else(|| active.filter(|segment| segment.next_seq > seq))
    }

    fn read_segment(&mut self, segment: &Segment, intake: &mut Intake) -> io::Result<Outcome> {
        let Some(start) = segment
            .index
            .at_or_before(intake.next.max(segment.first_seq))
        else {
            return Ok(Outcome::End);
        };
        let (mut offset, mut seq) = (start.offset, start.first_seq);
        let mut want = AHEAD.saturating_add(intake.room);
        while offset < segment.len {
            let bytes = match self.fetch(segment, offset, want) {
                Ok(bytes) => bytes,
                Err(error) if is_damage(&error) => {
                    return Ok(Outcome::Damaged {
                        at: offset,
                        from: seq,
                    });
                }
                Err(error) => return Err(error),
            };
            let mut at = 0;
            let fault = loop {
                match decode(bytes.get(at..).unwrap_or_default(), self.incarnation) {
                    Ok(record) if record.first_seq == seq => {
                        let end = at.saturating_add(record.len());
                        let body = at.saturating_add(RECORD_HEADER)..end;
                        if record.end() > intake.next
                            && !intake.take(seq, record.count, bytes.slice(body))
                        {
                            return Ok(Outcome::Enough);
                        }
                        seq = record.end();
                        at = end;
                    }
                    Ok(_) => break Fault::Sequence,
                    Err(fault) => break fault,
                }
            };
            let read_through = offset.saturating_add(size(bytes.len()));
            offset = offset.saturating_add(size(at));
            let is_cut = read_through < segment.len
                && (fault == Fault::Length || at == bytes.len())
                && (at > 0 || want < RECORD_MAX)
                && !bytes.is_empty();
            if is_cut {
                want = want.max(RECORD_MAX);
            } else if offset < segment.len {
                return Ok(Outcome::Damaged {
                    at: offset,
                    from: seq,
                });
            }
        }
        Ok(Outcome::End)
    }

    fn fetch(&mut self, segment: &Segment, offset: u64, want: usize) -> io::Result<Bytes> {
        let available = usize::try_from(segment.len.saturating_sub(offset));
        let mut bytes = vec![0; available.unwrap_or(usize::MAX).min(want)];
        let file = self.reader(segment.first_seq)?;
        let read = read_full(file, &mut bytes, offset)?;
        bytes.truncate(read);
        Ok(bytes.into())
    }

    /// A handle to read a segment with; the last one is kept.
    pub(crate) fn reader(&mut self, first_seq: u64) -> io::Result<&dyn DiskFile> {
        let file = match self.reader.take() {
            Some((open, file)) if open == first_seq => file,
            _ => self.disk.open(&segment_name(first_seq))?,
        };
        Ok(self.reader.insert((first_seq, file)).1.as_ref())
    }
}

impl SpooledBatch {
    /// The sequence after its last one.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.first_seq.saturating_add(u64::from(self.count))
    }
}

impl Intake {
    /// Takes a batch, unless there is no more room.
    fn take(&mut self, first_seq: u64, count: u32, body: Bytes) -> bool {
        if !self.batches.is_empty() && body.len() > self.room {
            return false;
        }
        self.room = self.room.saturating_sub(body.len());
        self.next = first_seq.saturating_add(u64::from(count));
        self.batches.push(SpooledBatch {
            first_seq,
            count,
            body,
        });
        true
    }
}

/// Whether an error says that what was written is gone, rather than that it cannot be had just now.
fn is_damage(error: &io::Error) -> bool {
    let lost = [Errno::IO, Errno::BADMSG, Errno::UCLEAN, Errno::NOENT];
    error
        .raw_os_error()
        .is_some_and(|code| lost.iter().any(|errno| errno.raw_os_error() == code))
}
