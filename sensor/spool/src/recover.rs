//! Opening: what is on disk becomes a spool again, whatever happened to it.

use std::collections::VecDeque;
use std::io;

use auscult_proto::LossReason;

use crate::bytes::{Reader, size};
use crate::disk::{Disk, DiskFile, FileInfo, LOCK, read_full, replace, write_all};
use crate::error::SpoolError;
use crate::mark::{MARK, Mark};
use crate::options::Options;
use crate::owner::{self, OWNER, OWNER_NEW};
use crate::retain::{BadFile, Segment, is_bad_name, parse_segment_name, segment_name};
use crate::segment::{SEGMENT_HEADER, SEGMENT_MAX, Scan, parse_header, scan};
use crate::status::LostTotals;
use crate::write::{Active, Pending};
use crate::{Fault, Spool};

/// Name of the file that says which life of the spool this is.
pub(crate) const INCARNATION: &str = "incarnation";
const INCARNATION_NEW: &str = "incarnation.tmp";
const INCARNATION_MAGIC: [u8; 8] = *b"AUSCINC\x01";

/// What opening found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// There was no spool in the folder before.
    pub created: bool,
    /// Segments with something in them.
    pub segments: usize,
    /// Observations that are neither released nor lost.
    pub observations: u64,
    /// Bytes cut off behind the last durable batch: a write that a crash interrupted.
    pub truncated_bytes: u64,
    /// Damaged places: name of the segment, offset, fault.
    pub damaged: Vec<(String, u64, Fault)>,
    /// Observations newly counted as lost.
    pub lost: u64,
    /// Names of files that are not ours; they are left alone. The first few only.
    pub foreign: Vec<String>,
}

const FOREIGN_NAMED: usize = 16;

/// A segment file as found.
struct Found {
    file_len: u64,
    allocated: u64,
    scan: Scan,
}

/// The folder's files, sorted by kind.
#[derive(Default)]
pub(crate) struct Listing {
    /// First sequences and sizes of segments, in order.
    pub(crate) segments: Vec<(u64, FileInfo)>,
    pub(crate) bad: Vec<FileInfo>,
    pub(crate) foreign: Vec<String>,
    pub(crate) overhead: u64,
    pub(crate) has_incarnation: bool,
    pub(crate) has_mark: bool,
    pub(crate) has_owner: bool,
}

pub(crate) fn list(disk: &mut dyn Disk) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for file in disk.list()? {
        let mut is_overhead = true;
        match file.name.as_str() {
            INCARNATION => listing.has_incarnation = true,
            MARK => listing.has_mark = true,
            OWNER => listing.has_owner = true,
            LOCK | INCARNATION_NEW | OWNER_NEW => {}
            name => {
                is_overhead = false;
                if let Some(first_seq) = parse_segment_name(name) {
                    listing.segments.push((first_seq, file.clone()));
                } else if is_bad_name(name) {
                    listing.bad.push(file.clone());
                } else {
                    listing.foreign.push(file.name.clone());
                }
            }
        }
        if is_overhead {
            listing.overhead = listing.overhead.saturating_add(file.allocated);
        }
    }
    listing.segments.sort_by_key(|(first_seq, _)| *first_seq);
    listing.bad.sort_by(|a, b| a.name.cmp(&b.name));
    listing.foreign.sort();
    Ok(listing)
}

pub(crate) fn open(
    mut disk: Box<dyn Disk>,
    options: Options,
) -> Result<(Spool, Recovery), SpoolError> {
    let listing = list(disk.as_mut()).map_err(SpoolError::io("list its folder"))?;
    let mut recovery = Recovery {
        created: !listing.has_incarnation && listing.segments.is_empty(),
        ..Recovery::default()
    };
    // Before anything is changed here, and before anything can be accepted.
    let (owner, is_owner_durable) = owner::establish(
        disk.as_mut(),
        &options.dir,
        listing.has_owner,
        recovery.created,
        options.owner.as_ref(),
    )?;
    let incarnation = establish_incarnation(disk.as_mut(), &listing)?;
    let (mark_file, mark) = establish_mark(disk.as_mut(), &listing, incarnation)?;
    // What the files above took; they do not grow.
    let overhead = list(disk.as_mut())
        .map_err(SpoolError::io("list its folder"))?
        .overhead;
    let mut spool = Spool {
        disk,
        incarnation,
        owner,
        is_owner_durable,
        mark,
        mark_file,
        mark_due: false,
        marked_ms: options.clock.now_ms(),
        options,
        sealed: VecDeque::new(),
        active: None,
        pending: Pending::default(),
        next_seq: 1,
        durable: 0,
        bad: listing
            .bad
            .into_iter()
            .map(|file| BadFile {
                name: file.name,
                allocated: file.allocated,
            })
            .collect(),
        foreign: 0,
        overhead,
        parked: None,
        lost: LostTotals::default(),
        reader: None,
    };
    recovery.foreign = listing.foreign;
    let found = spool.scan_all(&listing.segments, &mut recovery)?;
    spool.foreign = recovery.foreign.len();
    recovery.foreign.sort();
    recovery.foreign.truncate(FOREIGN_NAMED);
    spool.account(&found, &mut recovery)?;
    spool.adopt(found, &mut recovery)?;
    // The limit may be lower than it was.
    spool.make_room(0)?;
    report(&recovery);
    Ok((spool, recovery))
}

fn report(recovery: &Recovery) {
    for (segment, offset, fault) in &recovery.damaged {
        tracing::error!(segment, offset, %fault, "damaged segment");
    }
    if recovery.lost > 0 {
        tracing::error!(
            count = recovery.lost,
            "observations lost in the spool, counted"
        );
    }
    if recovery.truncated_bytes > 0 {
        tracing::info!(
            bytes = recovery.truncated_bytes,
            "cut off a write that was never completed"
        );
    }
    if !recovery.foreign.is_empty() {
        tracing::warn!(files = ?recovery.foreign, "files in the spool folder that are not ours, left alone");
    }
}

impl Spool {
    /// Reads every segment. From the last one to the first, because a segment outranks what the one before it has of its sequences.
    fn scan_all(
        &mut self,
        segments: &[(u64, FileInfo)],
        recovery: &mut Recovery,
    ) -> Result<Vec<Found>, SpoolError> {
        let mut found = Vec::new();
        let mut until = None;
        for (first_seq, file) in segments.iter().rev() {
            let bytes = self
                .read_file(file)
                .map_err(SpoolError::io("read a segment"))?;
            let is_strange = parse_header(&bytes)
                .is_some_and(|(_, incarnation)| incarnation != self.incarnation);
            if is_strange {
                recovery.foreign.push(file.name.clone());
                continue;
            }
            let scan = scan(&bytes, self.incarnation, *first_seq, until);
            let is_unborn = scan.batches == 0
                && until.is_none()
                && scan.damage.is_none_or(|damage| damage.later_end.is_none())
                && *first_seq > self.mark.durable;
            if is_unborn {
                // A crash came before its first batch was durable.
                recovery.truncated_bytes = recovery.truncated_bytes.saturating_add(file.len);
                self.disk
                    .remove(&file.name)
                    .map_err(SpoolError::io("unlink an empty segment"))?;
                continue;
            }
            until = Some(*first_seq);
            found.push(Found {
                file_len: file.len,
                allocated: file.allocated,
                scan,
            });
        }
        found.reverse();
        Ok(found)
    }

    fn read_file(&mut self, file: &FileInfo) -> io::Result<Vec<u8>> {
        let handle = self.disk.open(&file.name)?;
        let length = usize::try_from(file.len.min(SEGMENT_MAX)).unwrap_or_default();
        let mut bytes = vec![0; length];
        if let Ok(read) = read_full(handle.as_ref(), &mut bytes, 0) {
            bytes.truncate(read);
            return Ok(bytes);
        }
        // What cannot be read is damage like any other, and the checksums find it. Bad spots are small: the rest tells how far it went.
        let block = usize::try_from(self.disk.block_bytes()).unwrap_or(4096);
        let mut offset = 0;
        for piece in bytes.chunks_mut(block.max(1)) {
            if read_full(handle.as_ref(), piece, offset).is_err() {
                piece.fill(0);
            }
            offset = offset.saturating_add(size(piece.len()));
        }
        Ok(bytes)
    }

    /// Finds which sequences should be there and are not, and counts them, once for ever.
    fn account(&mut self, found: &[Found], recovery: &mut Recovery) -> Result<(), SpoolError> {
        let before = self.mark.clone();
        if let Some(oldest) = found.first()
            && self.mark.durable == 0
            && self.mark.floor == 1
        {
            // No mark was ever written, or it is gone: what is here is all we can know of.
            self.mark.floor = oldest.scan.first_seq;
        }
        let floor = self.first_kept();
        let last_end = found
            .iter()
            .map(|found| {
                let later = found.scan.damage.and_then(|damage| damage.later_end);
                found.scan.next_seq.max(later.unwrap_or_default())
            })
            .max();
        self.next_seq = last_end
            .unwrap_or_default()
            .max(floor)
            .max(self.mark.durable.saturating_add(1))
            .max(self.mark.losses_end());
        let mut expected = floor;
        let mut gaps = Vec::new();
        for scan in found.iter().map(|found| &found.scan) {
            gaps.push((expected, scan.first_seq));
            expected = expected.max(scan.next_seq);
        }
        gaps.push((expected, self.next_seq));
        for (first, end) in gaps.into_iter().filter(|(first, end)| first < end) {
            for (first, end) in self.mark.uncounted(first, end) {
                let count = end.saturating_sub(first);
                self.count_loss(LossReason::SegmentQuarantined, first, count);
                recovery.lost = recovery.lost.saturating_add(count);
            }
        }
        let holds = |seq: u64| {
            found
                .iter()
                .any(|found| (found.scan.first_seq..found.scan.next_seq).contains(&seq))
        };
        let acked = self.mark.acked;
        let reported = |seq: u64| seq <= acked || holds(seq);
        self.mark.take_back(reported);
        self.durable = self.next_seq.saturating_sub(1);
        self.mark.settle();
        if self.mark != before {
            self.store_mark()?;
        }
        Ok(())
    }

    fn free_beside(&self, segments: u64) -> u64 {
        let bad = self.bad.iter().map(|bad| bad.allocated);
        let taken = bad.fold(segments.saturating_add(self.overhead), u64::saturating_add);
        self.options.max_bytes.saturating_sub(taken)
    }

    /// Brings the files to what they are taken for, and the last one into use again.
    fn adopt(&mut self, found: Vec<Found>, recovery: &mut Recovery) -> Result<(), SpoolError> {
        let last = found.len().saturating_sub(1);
        let taken = found
            .iter()
            .fold(0_u64, |sum, found| sum.saturating_add(found.allocated));
        let mut free = self.free_beside(taken);
        for (index, found) in found.into_iter().enumerate() {
            let Found {
                file_len,
                allocated,
                scan,
            } = found;
            let name = segment_name(scan.first_seq);
            // An incomplete write at the very end, unless more is known to have been there.
            let is_torn = index == last && scan.next_seq == self.next_seq;
            if let Some(damage) = scan.damage.filter(|_| !is_torn) {
                recovery
                    .damaged
                    .push((name.clone(), damage.at, damage.fault));
                self.keep_evidence(scan.first_seq, scan.good_bytes, free);
                free = self.free_beside(taken);
            }
            let is_dead = scan.batches == 0 || scan.next_seq <= self.mark.floor;
            if is_dead && index < last || scan.batches == 0 {
                self.disk
                    .remove(&name)
                    .map_err(SpoolError::io("unlink an empty segment"))?;
                continue;
            }
            let mut segment = Segment {
                first_seq: scan.first_seq,
                next_seq: scan.next_seq,
                len: scan.good_bytes,
                allocated,
                index: scan.index,
            };
            let excess = file_len.saturating_sub(scan.good_bytes);
            if excess == 0 && index < last {
                self.sealed.push_back(segment);
                continue;
            }
            let mut file = self
                .disk
                .open(&name)
                .map_err(SpoolError::io("open a segment"))?;
            if excess > 0 {
                if is_torn {
                    recovery.truncated_bytes = recovery.truncated_bytes.saturating_add(excess);
                }
                file.truncate(segment.len)
                    .map_err(SpoolError::io("cut off an incomplete write"))?;
            }
            rewrite(file.as_mut(), segment.len).map_err(SpoolError::io("sync a segment"))?;
            segment.allocated = file.measure().map_or(allocated, |(_, bytes)| bytes);
            if index == last && segment.next_seq == self.next_seq {
                self.active = Some(Active { file, segment });
            } else {
                self.sealed.push_back(segment);
            }
        }
        self.disk
            .sync_folder()
            .map_err(SpoolError::io("sync the folder"))?;
        let kept = self
            .sealed
            .iter()
            .chain(self.active.iter().map(|a| &a.segment));
        for segment in kept {
            let first = segment.first_seq.max(self.first_kept());
            recovery.segments = recovery.segments.saturating_add(1);
            recovery.observations = recovery
                .observations
                .saturating_add(segment.next_seq.saturating_sub(first));
        }
        Ok(())
    }
}

/// Makes the content durable again. A process that died may have left what only the page cache holds, and after a failed sync of its the
/// kernel takes it for written: so a sync alone is not enough.
fn rewrite(file: &mut dyn DiskFile, len: u64) -> io::Result<()> {
    let mut bytes = vec![0; usize::try_from(len).unwrap_or_default()];
    let read = read_full(file, &mut bytes, 0)?;
    bytes.truncate(read);
    write_all(file, &bytes, 0)?;
    file.sync()
}

fn establish_incarnation(disk: &mut dyn Disk, listing: &Listing) -> Result<u64, SpoolError> {
    if listing.has_incarnation
        && let Some(known) =
            read_incarnation(disk).map_err(SpoolError::io("read its incarnation"))?
    {
        return Ok(known);
    }
    // The file is missing or damaged: the segments know as well, and only without any does a new life begin.
    let inherited = listing.segments.iter().rev().find_map(|(_, file)| {
        let handle = disk.open(&file.name).ok()?;
        let mut header = [0; SEGMENT_HEADER];
        read_full(handle.as_ref(), &mut header, 0).ok()?;
        parse_header(&header).map(|(_, incarnation)| incarnation)
    });
    let incarnation = match inherited {
        Some(incarnation) => incarnation,
        None => random().map_err(SpoolError::io("read random bytes"))?,
    };
    write_incarnation(disk, incarnation).map_err(SpoolError::io("write its incarnation"))?;
    Ok(incarnation)
}

pub(crate) fn read_incarnation(disk: &mut dyn Disk) -> io::Result<Option<u64>> {
    let mut bytes = [0; 20];
    read_full(disk.open(INCARNATION)?.as_ref(), &mut bytes, 0)?;
    Ok((|| {
        let (summed, crc) = bytes.split_last_chunk::<4>()?;
        let mut reader = Reader::new(summed);
        let magic = reader.array::<8>()?;
        let incarnation = reader.u64()?;
        let intact =
            magic == INCARNATION_MAGIC && crc32c::crc32c(summed) == u32::from_le_bytes(*crc);
        intact.then_some(incarnation)
    })())
}

fn write_incarnation(disk: &mut dyn Disk, incarnation: u64) -> io::Result<()> {
    let mut bytes = INCARNATION_MAGIC.to_vec();
    bytes.extend_from_slice(&incarnation.to_le_bytes());
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    replace(disk, INCARNATION, INCARNATION_NEW, &bytes)
}

fn random() -> io::Result<u64> {
    use std::io::Read;
    let mut bytes = [0; 8];
    let mut source = std::fs::File::open("/dev/urandom")?;
    loop {
        source.read_exact(&mut bytes)?;
        let random = u64::from_le_bytes(bytes);
        // 0 means "none" on the wire.
        if random != 0 {
            return Ok(random);
        }
    }
}

fn establish_mark(
    disk: &mut dyn Disk,
    listing: &Listing,
    incarnation: u64,
) -> Result<(Box<dyn DiskFile>, Mark), SpoolError> {
    let failed = |source| SpoolError::Io {
        what: "open its low-water mark",
        source,
    };
    if listing.has_mark {
        let mut file = disk.open(MARK).map_err(failed)?;
        let loaded = Mark::load(file.as_ref(), Some(incarnation)).map_err(failed)?;
        let mut mark = loaded.unwrap_or_else(|| Mark::new(incarnation));
        // Also when it was loaded: what a process wrote and died before it was synced may be in the page cache alone.
        mark.establish(file.as_mut()).map_err(failed)?;
        return Ok((file, mark));
    }
    let mut file = disk.create(MARK).map_err(failed)?;
    let mut mark = Mark::new(incarnation);
    mark.establish(file.as_mut()).map_err(failed)?;
    disk.sync_folder().map_err(failed)?;
    Ok((file, mark))
}
