//! A look at a spool folder, beside the process that has it open or after it is gone. Changes nothing.

use std::fmt;
use std::io;
use std::path::Path;

use auscult_proto::ids::Incarnation;
use auscult_proto::observation::Loss;

use crate::disk::{Disk, RealDisk, read_full};
use crate::error::SpoolError;
use crate::mark::{MARK, Mark};
use crate::owner::{self, Owner};
use crate::recover::{list, read_incarnation};
use crate::segment::{Fault, SEGMENT_MAX, parse_header, scan};

/// One segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentReport {
    /// File name.
    pub name: String,
    /// First sequence, as the name says.
    pub first_seq: u64,
    /// The sequence after the last intact one.
    pub next_seq: u64,
    /// Intact batches.
    pub batches: u64,
    /// Length of the file in bytes.
    pub len: u64,
    /// Allocated bytes.
    pub allocated: u64,
    /// Where it stops making sense, and why. At the end of the last segment this is a write under way, or one that a crash interrupted.
    pub fault: Option<(u64, Fault)>,
    /// Intact batches lie behind the fault: it is damage, and opening the spool will count a loss.
    pub damaged: bool,
    /// Belongs to another incarnation, and is ignored.
    pub foreign: bool,
}

/// What lies in a spool folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which life of the spool; `None` when the file is missing or damaged.
    pub incarnation: Option<Incarnation>,
    /// Whose it is; `None` when nobody has claimed it, or the file is damaged.
    pub owner: Option<Owner>,
    /// Released through, as last written.
    pub acked: u64,
    /// Everything below is released or counted as lost.
    pub floor: u64,
    /// Losses whose report is still to be released.
    pub losses: Vec<Loss>,
    /// Segments in order.
    pub segments: Vec<SegmentReport>,
    /// Names and allocated bytes of damaged remains.
    pub bad: Vec<(String, u64)>,
    /// Names of files that are not ours.
    pub foreign: Vec<String>,
}

/// Looks at a spool folder.
///
/// # Errors
/// When the folder or a file in it cannot be read.
pub fn inspect(dir: &Path) -> Result<Report, SpoolError> {
    let mut disk = RealDisk::read_only(dir).map_err(SpoolError::io("open the folder"))?;
    inspect_disk(&mut disk).map_err(SpoolError::io("read the folder"))
}

/// Whose spool a folder is; `None` where there is none, or nobody has claimed it.
///
/// # Errors
/// When the folder or the file in it cannot be read.
pub fn owner_of(dir: &Path) -> Result<Option<Owner>, SpoolError> {
    let read = RealDisk::read_only(dir).and_then(|mut disk| owner::read(&mut disk));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        read => read.map_err(SpoolError::io("read whose it is")),
    }
}

pub(crate) fn inspect_disk(disk: &mut dyn Disk) -> io::Result<Report> {
    let listing = list(disk)?;
    let incarnation = if listing.has_incarnation {
        read_incarnation(disk)?
    } else {
        None
    };
    let mark = if listing.has_mark {
        Mark::load(disk.open(MARK)?.as_ref(), incarnation)?
    } else {
        None
    };
    let mark = mark.unwrap_or_else(|| Mark::new(incarnation.unwrap_or_default()));
    let owner = if listing.has_owner {
        owner::read(disk)?
    } else {
        None
    };
    let mut segments = Vec::new();
    let mut names = listing.segments.iter().peekable();
    while let Some((first_seq, file)) = names.next() {
        let until = names.peek().map(|(next, _)| *next);
        let bytes = match read_file(disk, &file.name, file.len) {
            // Released in the meantime.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            read => read?,
        };
        let header = parse_header(&bytes);
        let expected = incarnation.or(header.map(|(_, incarnation)| incarnation));
        let scan = scan(&bytes, expected.unwrap_or_default(), *first_seq, until);
        segments.push(SegmentReport {
            name: file.name.clone(),
            first_seq: *first_seq,
            next_seq: scan.next_seq,
            batches: scan.batches,
            len: file.len,
            allocated: file.allocated,
            fault: scan.damage.map(|damage| (damage.at, damage.fault)),
            damaged: scan
                .damage
                .is_some_and(|damage| damage.later_end.is_some() || until.is_some()),
            foreign: header.is_some_and(|(_, found)| Some(found) != expected),
        });
    }
    Ok(Report {
        incarnation: incarnation.map(Incarnation),
        owner,
        acked: mark.acked,
        floor: mark.floor.max(mark.acked.saturating_add(1)),
        losses: mark
            .losses()
            .map(|entry| Loss {
                reason: entry.reason,
                first_seq: entry.first_seq,
                count: entry.count,
            })
            .collect(),
        segments,
        bad: listing
            .bad
            .into_iter()
            .map(|file| (file.name, file.allocated))
            .collect(),
        foreign: listing.foreign,
    })
}

fn read_file(disk: &mut dyn Disk, name: &str, len: u64) -> io::Result<Vec<u8>> {
    let file = disk.open(name)?;
    let mut bytes = vec![0; usize::try_from(len.min(SEGMENT_MAX)).unwrap_or_default()];
    let read = read_full(file.as_ref(), &mut bytes, 0)?;
    bytes.truncate(read);
    Ok(bytes)
}

impl Report {
    /// Allocated bytes of segments and damaged remains.
    #[must_use]
    pub fn allocated(&self) -> u64 {
        let segments = self.segments.iter().map(|segment| segment.allocated);
        let bad = self.bad.iter().map(|(_, allocated)| *allocated);
        segments.chain(bad).fold(0, u64::saturating_add)
    }

    /// Observations that are neither released nor lost.
    #[must_use]
    pub fn waiting(&self) -> u64 {
        let ours = self.segments.iter().filter(|segment| !segment.foreign);
        ours.map(|segment| {
            let first = segment.first_seq.max(self.floor);
            segment.next_seq.saturating_sub(first)
        })
        .fold(0, u64::saturating_add)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.incarnation {
            Some(incarnation) => writeln!(f, "incarnation  {incarnation}")?,
            None => writeln!(f, "incarnation  missing or damaged")?,
        }
        match &self.owner {
            Some(owner) => writeln!(f, "of sensor    {owner}")?,
            None => writeln!(f, "of sensor    not recorded")?,
        }
        writeln!(f, "released     through {}", self.acked)?;
        writeln!(
            f,
            "waiting      {} observations from sequence {}",
            self.waiting(),
            self.floor
        )?;
        writeln!(f, "allocated    {} bytes", self.allocated())?;
        for segment in &self.segments {
            write!(
                f,
                "{}  {}..{}  {} batches  {} bytes",
                segment.name, segment.first_seq, segment.next_seq, segment.batches, segment.len
            )?;
            if segment.foreign {
                write!(f, "  of another incarnation, ignored")?;
            } else if let Some((at, fault)) = segment.fault {
                let kind = if segment.damaged {
                    "damaged"
                } else {
                    "incomplete write"
                };
                write!(f, "  {kind} at {at}: {fault}")?;
            }
            writeln!(f)?;
        }
        for loss in &self.losses {
            let reason = loss.reason.as_str_name();
            writeln!(
                f,
                "loss to report  {reason}  {} observations from sequence {}",
                loss.count, loss.first_seq
            )?;
        }
        for (name, allocated) in &self.bad {
            writeln!(f, "{name}  {allocated} bytes of damaged remains")?;
        }
        for name in &self.foreign {
            writeln!(f, "{name}  not ours, ignored")?;
        }
        Ok(())
    }
}
