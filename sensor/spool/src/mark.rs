//! The low-water mark and the losses that are still to be reported, as one small file that is written in place.
//!
//! Slots are written in turn and the newest intact one counts, so that a torn write leaves the state before. There are four of them,
//! because after a failed sync and a restart nobody knows whether the newest one is on the disk or in the page cache alone: it and the ones
//! before it stay until a newer one is surely on disk. In place, because a mark that needs a new block could not be written on a full
//! disk, and releasing is what makes room there.
//!
//! ```text
//! slot = magic[8] generation:u64 incarnation:u64 acked:u64 floor:u64 durable:u64 losses:u32 reserved:u32
//!        loss{124 at most}  zeros  crc:u32                                     crc over all that is before it
//! loss = reason:u32 reserved:u32 first_seq:u64 count:u64 report:u64
//! ```

use std::io;

use auscult_proto::LossReason;
use auscult_proto::observation::Loss;

use crate::bytes::{Reader, size};
use crate::disk::{DiskFile, read_full, write_all};

/// Name of the file.
pub(crate) const MARK: &str = "mark";
const SLOT: usize = 4096;
const SLOTS: u64 = 4;
const MAGIC: [u8; 8] = *b"AUSCMRK\x01";
/// Most losses remembered one by one; more are added up without their place.
const LOSSES: usize = 124;

/// How far the report of a loss has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    /// Still to be handed out.
    Due,
    /// Handed out; the batch with this sequence carries it. Kept until that batch is released, in case it is itself lost.
    In(u64),
}

/// One counted loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) reason: LossReason,
    /// 0 when the loss happened before sequences were given.
    pub(crate) first_seq: u64,
    pub(crate) count: u64,
    pub(crate) report: Report,
}

impl Entry {
    fn end(&self) -> u64 {
        self.first_seq.saturating_add(self.count)
    }
}

/// What must survive beside the segments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) incarnation: u64,
    generation: u64,
    /// Acknowledged through this sequence.
    pub(crate) acked: u64,
    /// Everything below is acknowledged or counted as lost; what still lies there is only waiting to be unlinked.
    pub(crate) floor: u64,
    /// Known to have been durable when this was written.
    pub(crate) durable: u64,
    losses: Vec<Entry>,
}

impl Mark {
    pub(crate) fn new(incarnation: u64) -> Self {
        Self {
            incarnation,
            generation: 0,
            acked: 0,
            floor: 1,
            durable: 0,
            losses: Vec::new(),
        }
    }

    /// The newest intact slot, of this incarnation where it is known.
    pub(crate) fn load(file: &dyn DiskFile, incarnation: Option<u64>) -> io::Result<Option<Self>> {
        let mut newest: Option<Self> = None;
        for slot in 0..SLOTS {
            let mut bytes = [0; SLOT];
            read_full(file, &mut bytes, offset(slot))?;
            let mark = decode(&bytes)
                .filter(|mark| incarnation.is_none_or(|known| mark.incarnation == known));
            if let Some(mark) = mark
                && newest
                    .as_ref()
                    .is_none_or(|newest| newest.generation < mark.generation)
            {
                newest = Some(mark);
            }
        }
        Ok(newest)
    }

    /// Makes what was loaded, or a new mark, surely durable, and every slot allocated, so that no later write needs a new block.
    pub(crate) fn establish(&mut self, file: &mut dyn DiskFile) -> io::Result<()> {
        let (len, _) = file.measure()?;
        let missing = offset(SLOTS).saturating_sub(len).div_ceil(size(SLOT));
        for _ in 0..missing.max(1) {
            self.store(file)?;
        }
        Ok(())
    }

    /// Writes and syncs the slot with the oldest state. After an error the same slot is written again, so the others stay.
    pub(crate) fn store(&mut self, file: &mut dyn DiskFile) -> io::Result<()> {
        let mut next = self.clone();
        next.generation = self.generation.saturating_add(1);
        let slot = next.generation.checked_rem(SLOTS).unwrap_or_default();
        write_all(file, &encode(&next), offset(slot))?;
        file.sync()?;
        self.generation = next.generation;
        Ok(())
    }

    /// Counts a loss. Sequences that were counted before are not counted again.
    pub(crate) fn count(&mut self, reason: LossReason, first_seq: u64, count: u64) {
        if first_seq == 0 {
            self.add(reason, 0, count);
            return;
        }
        let end = first_seq.saturating_add(count);
        self.take_back(|seq| !(first_seq..end).contains(&seq));
        for (first, end) in self.uncounted(first_seq, end) {
            self.add(reason, first, end.saturating_sub(first));
        }
    }

    fn add(&mut self, reason: LossReason, first_seq: u64, count: u64) {
        if count == 0 {
            return;
        }
        let same = |entry: &&mut Entry| entry.reason == reason && entry.report == Report::Due;
        let neighbour = self.losses.iter_mut().filter(same).find(|entry| {
            let unplaced = first_seq == 0 && entry.first_seq == 0;
            unplaced || (first_seq > 0 && entry.first_seq > 0 && entry.end() == first_seq)
        });
        if let Some(entry) = neighbour {
            entry.count = entry.count.saturating_add(count);
            return;
        }
        let mut placed_at = first_seq;
        if self.losses.len() >= LOSSES.saturating_sub(1) {
            // Too many gaps to tell one by one: the number stays right, the place is given up.
            placed_at = 0;
            if let Some(entry) = self
                .losses
                .iter_mut()
                .find(|entry| entry.report == Report::Due && entry.first_seq == 0)
            {
                entry.count = entry.count.saturating_add(count);
                return;
            }
        }
        self.losses.push(Entry {
            reason,
            first_seq: placed_at,
            count,
            report: Report::Due,
        });
    }

    /// The parts of `first..end` that no loss covers.
    pub(crate) fn uncounted(&self, first: u64, end: u64) -> Vec<(u64, u64)> {
        let mut parts = vec![(first, end)];
        for entry in self.losses.iter().filter(|entry| entry.first_seq > 0) {
            parts = parts
                .into_iter()
                .flat_map(|(first, end)| {
                    let before = (first, end.min(entry.first_seq));
                    let after = (first.max(entry.end()), end);
                    [before, after]
                })
                .filter(|(first, end)| first < end)
                .collect();
        }
        parts
    }

    /// The sequence after the last one that a loss covers.
    pub(crate) fn losses_end(&self) -> u64 {
        let placed = self.losses.iter().filter(|entry| entry.first_seq > 0);
        placed.map(Entry::end).max().unwrap_or_default()
    }

    pub(crate) fn losses(&self) -> impl Iterator<Item = &Entry> {
        self.losses.iter()
    }

    /// Whether a loss is to be handed out. Only when no earlier report is under way: while nothing is released, losses add up here
    /// instead of filling the spool with reports.
    pub(crate) fn has_due(&self) -> bool {
        !self.losses.is_empty() && self.losses.iter().all(|entry| entry.report == Report::Due)
    }

    /// Hands out what is due; the batch with sequence `next_seq` is to carry it.
    pub(crate) fn hand_out(&mut self, next_seq: u64) -> Vec<Loss> {
        let due = self
            .losses
            .iter_mut()
            .filter(|entry| entry.report == Report::Due);
        due.map(|entry| {
            entry.report = Report::In(next_seq);
            Loss {
                reason: entry.reason,
                first_seq: entry.first_seq,
                count: entry.count,
            }
        })
        .collect()
    }

    /// Reports whose batch does not exist are due again.
    pub(crate) fn take_back(&mut self, exists: impl Fn(u64) -> bool) {
        for entry in &mut self.losses {
            if matches!(entry.report, Report::In(seq) if !exists(seq)) {
                entry.report = Report::Due;
            }
        }
    }

    /// Forgets losses whose report is released.
    pub(crate) fn settle(&mut self) {
        let acked = self.acked;
        self.losses
            .retain(|entry| !matches!(entry.report, Report::In(seq) if seq <= acked));
    }
}

fn offset(slot: u64) -> u64 {
    slot.saturating_mul(size(SLOT))
}

fn encode(mark: &Mark) -> [u8; SLOT] {
    let mut fields: Vec<u8> = MAGIC.to_vec();
    for field in [
        mark.generation,
        mark.incarnation,
        mark.acked,
        mark.floor,
        mark.durable,
    ] {
        fields.extend_from_slice(&field.to_le_bytes());
    }
    let losses = u32::try_from(mark.losses.len()).unwrap_or_default();
    fields.extend_from_slice(&losses.to_le_bytes());
    fields.extend_from_slice(&[0; 4]);
    for entry in &mark.losses {
        let report = match entry.report {
            Report::Due => 0,
            Report::In(seq) => seq,
        };
        fields.extend_from_slice(&i32::from(entry.reason).to_le_bytes());
        fields.extend_from_slice(&[0; 4]);
        for field in [entry.first_seq, entry.count, report] {
            fields.extend_from_slice(&field.to_le_bytes());
        }
    }
    let mut bytes = [0; SLOT];
    for (to, from) in bytes.iter_mut().zip(fields) {
        *to = from;
    }
    if let Some((summed, crc)) = bytes.split_last_chunk_mut::<4>() {
        *crc = crc32c::crc32c(summed).to_le_bytes();
    }
    bytes
}

fn decode(bytes: &[u8; SLOT]) -> Option<Mark> {
    let (summed, crc) = bytes.split_last_chunk::<4>()?;
    if crc32c::crc32c(summed) != u32::from_le_bytes(*crc) {
        return None;
    }
    let mut reader = Reader::new(summed);
    if reader.array::<8>()? != MAGIC {
        return None;
    }
    let generation = reader.u64()?;
    let incarnation = reader.u64()?;
    let acked = reader.u64()?;
    let floor = reader.u64()?;
    let durable = reader.u64()?;
    let count = reader.u32()?;
    reader.u32()?;
    let mut losses = Vec::new();
    for _ in 0..count {
        let reason = i32::try_from(reader.u32()?).ok()?;
        let reason = LossReason::try_from(reason).ok()?;
        reader.u32()?;
        losses.push(Entry {
            reason,
            first_seq: reader.u64()?,
            count: reader.u64()?,
            report: match reader.u64()? {
                0 => Report::Due,
                seq => Report::In(seq),
            },
        });
    }
    Some(Mark {
        incarnation,
        generation,
        acked,
        floor,
        durable,
        losses,
    })
}

#[cfg(test)]
mod tests;
