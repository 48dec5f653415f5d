//! The segment file: bytes to records and back, nothing else. All integers little endian.
//!
//! ```text
//! segment = header record*
//! header  = magic[8] incarnation:u64 first_seq:u64 reserved:u32 crc:u32           crc over the 28 bytes before it
//! record  = magic[4] body_len:u32 first_seq:u64 spooled_ms:i64 count:u32 crc:u32 body[body_len]
//!           crc over incarnation, the record header between magic and crc, and the body
//! ```
//!
//! CRC-32C throughout. The incarnation in every record's checksum keeps a record of another spool, or one that a peer smuggled into a
//! body, from ever being taken for ours.

use auscult_proto::limits;

use crate::bytes::{Reader, size};

/// Bytes of a segment header.
pub(crate) const SEGMENT_HEADER: usize = 32;
/// Bytes of a record header.
pub(crate) const RECORD_HEADER: usize = 32;
/// Largest segment file that is read at all.
pub(crate) const SEGMENT_MAX: u64 = 64 * 1024 * 1024;

const SEGMENT_MAGIC: [u8; 8] = *b"AUSCSEG\x01";
/// Not UTF-8, so never part of a text inside a body.
const RECORD_MAGIC: [u8; 4] = [0xA5, 0xFE, 0x5E, 0xC7];
const CRC_AT: usize = 28;
/// A new index entry is made after this many bytes.
const INDEX_STEP: u64 = 64 * 1024;
/// Checksums computed while looking for records behind damage, so that hostile content cannot make recovery take for ever.
const RESYNC_TRIES: usize = 4096;

/// One record as it lies in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) first_seq: u64,
    pub(crate) count: u32,
    pub(crate) spooled_ms: i64,
    pub(crate) body: &'a [u8],
}

impl Record<'_> {
    /// The sequence after the last one of this record.
    pub(crate) fn end(&self) -> u64 {
        self.first_seq.saturating_add(u64::from(self.count))
    }

    pub(crate) fn len(&self) -> usize {
        RECORD_HEADER.saturating_add(self.body.len())
    }
}

/// What is wrong where a record should begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The segment header is damaged or of another segment.
    #[error("damaged segment header")]
    Header,
    /// No record begins here.
    #[error("no record begins here")]
    Magic,
    /// The record claims more bytes than there are, or more than a batch may have.
    #[error("record is cut short or its length is damaged")]
    Length,
    /// The checksum does not match.
    #[error("checksum does not match")]
    Checksum,
    /// The record is intact but not the one that should follow.
    #[error("sequence does not follow")]
    Sequence,
}

/// Where a segment stops making sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Damage {
    pub(crate) at: u64,
    pub(crate) fault: Fault,
    /// The sequence after the last intact record behind the damage, when there is one: then the damage is no torn tail.
    pub(crate) later_end: Option<u64>,
}

/// A place to start reading from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IndexEntry {
    pub(crate) first_seq: u64,
    pub(crate) offset: u64,
    pub(crate) spooled_ms: i64,
}

/// Sparse places to start reading from: one about every 64 KiB, so a 4 MiB segment has about 64.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Index(Vec<IndexEntry>);

impl Index {
    /// Notes a record, in order of offsets.
    pub(crate) fn note(&mut self, record: &Record<'_>, offset: u64) {
        let due = self
            .0
            .last()
            .is_none_or(|last| offset.saturating_sub(last.offset) >= INDEX_STEP);
        if due {
            self.0.push(IndexEntry {
                first_seq: record.first_seq,
                offset,
                spooled_ms: record.spooled_ms,
            });
        }
    }

    /// The last known place at or before `seq`.
    pub(crate) fn at_or_before(&self, seq: u64) -> Option<IndexEntry> {
        let after = self.0.partition_point(|entry| entry.first_seq <= seq);
        self.0.get(after.checked_sub(1)?).copied()
    }

    /// Forgets the places at or behind an offset.
    pub(crate) fn cut(&mut self, offset: u64) {
        self.0.retain(|entry| entry.offset < offset);
    }
}

/// The longest prefix of a segment that makes sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) first_seq: u64,
    pub(crate) next_seq: u64,
    pub(crate) good_bytes: u64,
    pub(crate) batches: u64,
    pub(crate) index: Index,
    pub(crate) damage: Option<Damage>,
}

pub(crate) fn header(incarnation: u64, first_seq: u64) -> [u8; SEGMENT_HEADER] {
    let mut bytes = [0; SEGMENT_HEADER];
    let fields = SEGMENT_MAGIC
        .into_iter()
        .chain(incarnation.to_le_bytes())
        .chain(first_seq.to_le_bytes());
    for (to, from) in bytes.iter_mut().zip(fields) {
        *to = from;
    }
    if let Some((summed, crc)) = bytes.split_last_chunk_mut::<4>() {
        *crc = crc32c::crc32c(summed).to_le_bytes();
    }
    bytes
}

/// First sequence and incarnation of a segment header, when it is intact.
pub(crate) fn parse_header(bytes: &[u8]) -> Option<(u64, u64)> {
    let header = bytes.first_chunk::<SEGMENT_HEADER>()?;
    let (summed, crc) = header.split_last_chunk::<4>()?;
    let mut reader = Reader::new(header);
    let magic = reader.array::<8>()?;
    let incarnation = reader.u64()?;
    let first_seq = reader.u64()?;
    let intact = magic == SEGMENT_MAGIC
        && crc32c::crc32c(summed) == u32::from_le_bytes(*crc)
        && first_seq > 0;
    intact.then_some((first_seq, incarnation))
}

fn checksum(incarnation: u64, fields: &[u8], body: &[u8]) -> u32 {
    let crc = crc32c::crc32c(&incarnation.to_le_bytes());
    let crc = crc32c::crc32c_append(crc, fields);
    crc32c::crc32c_append(crc, body)
}

/// Appends an encoded record to `out`.
pub(crate) fn encode(out: &mut Vec<u8>, incarnation: u64, record: &Record<'_>) {
    let start = out.len();
    // The caller bounds bodies far below 4 GiB; a longer one would not be readable.
    let length = u32::try_from(record.body.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&RECORD_MAGIC);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&record.first_seq.to_le_bytes());
    out.extend_from_slice(&record.spooled_ms.to_le_bytes());
    out.extend_from_slice(&record.count.to_le_bytes());
    let fields = out
        .get(start.saturating_add(RECORD_MAGIC.len())..)
        .unwrap_or_default();
    let crc = checksum(incarnation, fields, record.body);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(record.body);
}

/// The record that begins at the start of `bytes`.
pub(crate) fn decode(bytes: &[u8], incarnation: u64) -> Result<Record<'_>, Fault> {
    let record = plausible(bytes)?;
    let fields = bytes.get(RECORD_MAGIC.len()..CRC_AT).unwrap_or_default();
    let crc = bytes.get(CRC_AT..RECORD_HEADER).unwrap_or_default();
    if crc == checksum(incarnation, fields, record.body).to_le_bytes() {
        Ok(record)
    } else {
        Err(Fault::Checksum)
    }
}

/// Everything about a record but its checksum.
fn plausible(bytes: &[u8]) -> Result<Record<'_>, Fault> {
    let mut reader = Reader::new(bytes);
    if reader.array::<4>() != Some(RECORD_MAGIC) {
        return Err(Fault::Magic);
    }
    let fields = (|| {
        let length = usize::try_from(reader.u32()?).ok()?;
        Some((
            length,
            reader.u64()?,
            reader.i64()?,
            reader.u32()?,
            reader.u32()?,
        ))
    })();
    let (length, first_seq, spooled_ms, count, _crc) = fields.ok_or(Fault::Length)?;
    let sane = (1..=limits::BATCH_BYTES).contains(&length)
        && (1..=limits::BATCH_OBSERVATIONS).contains(&count)
        && first_seq > 0
        && first_seq.checked_add(u64::from(count)).is_some();
    let body = reader.take(length).filter(|_| sane).ok_or(Fault::Length)?;
    Ok(Record {
        first_seq,
        count,
        spooled_ms,
        body,
    })
}

/// What a record header says, unchecked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claim {
    /// Bytes of the record, header included.
    pub(crate) len: u64,
    /// The sequence after its last one.
    pub(crate) end: u64,
    pub(crate) spooled_ms: i64,
}

/// Reads a record header without its body; `None` when it is not even plausible.
pub(crate) fn claimed(header: &[u8; RECORD_HEADER]) -> Option<Claim> {
    let mut reader = Reader::new(header);
    let magic = reader.array::<4>()?;
    let length = usize::try_from(reader.u32()?).ok()?;
    let first_seq = reader.u64()?;
    let spooled_ms = reader.i64()?;
    let count = reader.u32()?;
    let sane = magic == RECORD_MAGIC && (1..=limits::BATCH_BYTES).contains(&length);
    sane.then(|| Claim {
        len: size(RECORD_HEADER.saturating_add(length)),
        end: first_seq.saturating_add(u64::from(count)),
        spooled_ms,
    })
}

/// Reads a whole segment file whose name says `first_seq`. Records from `until` on were written again elsewhere and are left out.
pub(crate) fn scan(bytes: &[u8], incarnation: u64, first_seq: u64, until: Option<u64>) -> Scan {
    let mut scan = Scan {
        first_seq,
        next_seq: first_seq,
        good_bytes: 0,
        batches: 0,
        index: Index::default(),
        damage: None,
    };
    let mut rest = match parse_header(bytes) {
        Some(header) if header == (first_seq, incarnation) => {
            scan.good_bytes = size(SEGMENT_HEADER);
            bytes.get(SEGMENT_HEADER..).unwrap_or_default()
        }
        _ => {
            scan.damage = Some(damage(bytes, 0, Fault::Header, incarnation, first_seq));
            return scan;
        }
    };
    while !rest.is_empty() {
        let fault = match decode(rest, incarnation) {
            Ok(record) if until.is_some_and(|until| record.first_seq >= until) => break,
            Ok(record) if record.first_seq == scan.next_seq => {
                scan.index.note(&record, scan.good_bytes);
                scan.next_seq = record.end();
                scan.batches = scan.batches.saturating_add(1);
                scan.good_bytes = scan.good_bytes.saturating_add(size(record.len()));
                rest = rest.get(record.len()..).unwrap_or_default();
                continue;
            }
            Ok(_) => Fault::Sequence,
            Err(fault) => fault,
        };
        scan.damage = Some(damage(
            rest,
            scan.good_bytes,
            fault,
            incarnation,
            scan.next_seq,
        ));
        break;
    }
    scan
}

fn damage(rest: &[u8], at: u64, fault: Fault, incarnation: u64, expected: u64) -> Damage {
    Damage {
        at,
        fault,
        later_end: last_intact_end(rest, incarnation, expected),
    }
}

/// Looks for intact records of ours behind damage; they tell how far the sequences went.
fn last_intact_end(mut rest: &[u8], incarnation: u64, expected: u64) -> Option<u64> {
    let mut tries = 0_usize;
    let mut last = None;
    while let Some(at) = rest
        .windows(RECORD_MAGIC.len())
        .position(|window| window == RECORD_MAGIC)
    {
        rest = rest.get(at..)?;
        let mut step = 1;
        if plausible(rest).is_ok_and(|record| record.first_seq >= expected) {
            tries = tries.saturating_add(1);
            if tries > RESYNC_TRIES {
                break;
            }
            if let Ok(record) = decode(rest, incarnation) {
                last = last.max(Some(record.end()));
                step = record.len();
            }
        }
        rest = rest.get(step..)?;
    }
    last
}

#[cfg(test)]
mod tests;
