//! Whose spool this is. Observations name no sensor: the collector takes who sends them from the certificate alone. So a folder that is
//! used with another sensor's certificate would deliver one site's observations as another's, and nobody could tell them apart later.
//!
//! ```text
//! owner = magic[8] site_len:u32 site sensor_len:u32 sensor crc:u32             crc over all that is before it
//! ```

use std::fmt;
use std::io;
use std::path::Path;

use auscult_proto::ids::{SensorId, SensorIdentity, SiteId};
use auscult_proto::limits::NAME_BYTES;

use crate::Spool;
use crate::bytes::Reader;
use crate::disk::{Disk, read_full, replace};
use crate::error::SpoolError;

/// Name of the file.
pub(crate) const OWNER: &str = "owner";
/// Name it has until it is whole.
pub(crate) const OWNER_NEW: &str = "owner.tmp";
const MAGIC: [u8; 8] = *b"AUSCOWN\x01";
/// Magic, two names with their lengths, checksum.
const LONGEST: usize = 20 + 2 * NAME_BYTES;

/// The sensor whose observations a spool holds. Its certificate may be another one tomorrow; these two names stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The site it writes for.
    pub site: SiteId,
    /// Its name within the site.
    pub sensor: SensorId,
}

impl From<&SensorIdentity> for Owner {
    fn from(identity: &SensorIdentity) -> Self {
        Self {
            site: identity.site.clone(),
            sensor: identity.sensor.clone(),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.site, self.sensor)
    }
}

impl Spool {
    /// Makes the spool `present`'s, who sends what is in it from now on. One that nobody has claimed yet becomes its.
    ///
    /// # Errors
    /// [`SpoolError::Owner`] when it is another sensor's.
    pub fn claim(&mut self, present: &Owner) -> Result<(), SpoolError> {
        if let Some(owner) = &self.owner {
            refuse_other(&self.options.dir, owner, present)?;
        }
        self.owner = Some(present.clone());
        if self.is_owner_durable {
            return Ok(());
        }
        match write(self.disk.as_mut(), present) {
            Ok(()) => self.is_owner_durable = true,
            // Only delivering makes room on a full disk, so that must go on: as this sensor's while the process lives.
            Err(error) => {
                tracing::warn!(%error, owner = %present, "the spool does not remember yet whose it is; tried again later");
            }
        }
        Ok(())
    }

    /// Whose it is, where that is known.
    #[must_use]
    pub fn owner(&self) -> Option<&Owner> {
        self.owner.as_ref()
    }
}

/// Who owns the folder that is being opened, and whether that is on disk. A new spool is not opened before it is.
pub(crate) fn establish(
    disk: &mut dyn Disk,
    dir: &Path,
    is_recorded: bool,
    is_new: bool,
    present: Option<&Owner>,
) -> Result<(Option<Owner>, bool), SpoolError> {
    if is_recorded {
        let known = read(disk).map_err(SpoolError::io("read whose it is"))?;
        if let Some(known) = known {
            if let Some(present) = present {
                refuse_other(dir, &known, present)?;
            }
            return Ok((Some(known), true));
        }
        tracing::warn!("the spool's record of whose it is is damaged");
    }
    let Some(present) = present else {
        return Ok((None, false));
    };
    match write(disk, present) {
        Ok(()) => Ok((Some(present.clone()), true)),
        Err(source) if is_new => Err(SpoolError::Io {
            what: "write whose it is",
            source,
        }),
        // From before this was recorded, on a disk that is full: see `claim`.
        Err(error) => {
            tracing::warn!(%error, owner = %present, "the spool does not remember yet whose it is; tried again later");
            Ok((Some(present.clone()), false))
        }
    }
}

fn refuse_other(dir: &Path, owner: &Owner, present: &Owner) -> Result<(), SpoolError> {
    if owner == present {
        return Ok(());
    }
    Err(SpoolError::Owner {
        dir: dir.to_owned(),
        owner: owner.clone(),
        present: present.clone(),
    })
}

/// What the file says; `None` when it is damaged.
pub(crate) fn read(disk: &mut dyn Disk) -> io::Result<Option<Owner>> {
    let mut bytes = vec![0; LONGEST];
    let read = read_full(disk.open(OWNER)?.as_ref(), &mut bytes, 0)?;
    bytes.truncate(read);
    Ok(decode(&bytes))
}

fn decode(bytes: &[u8]) -> Option<Owner> {
    let (summed, crc) = bytes.split_last_chunk::<4>()?;
    let mut reader = Reader::new(summed);
    if reader.array::<8>()? != MAGIC || crc32c::crc32c(summed) != u32::from_le_bytes(*crc) {
        return None;
    }
    let mut name = || {
        let length = usize::try_from(reader.u32()?).ok()?;
        std::str::from_utf8(reader.take(length)?).ok()
    };
    let (site, sensor) = (name()?.parse().ok()?, name()?.parse().ok()?);
    reader.is_at_end().then_some(Owner { site, sensor })
}

/// For the fuzz target: what reads as an owner would be written as the very same bytes.
pub(crate) fn reads_as_written(bytes: &[u8]) -> bool {
    let mut framed = MAGIC.to_vec();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(&crc32c::crc32c(&framed).to_le_bytes());
    let same = |bytes: &[u8]| decode(bytes).is_none_or(|owner| encode(&owner) == bytes);
    same(bytes) && same(&framed)
}

fn encode(owner: &Owner) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for name in [owner.site.as_str(), owner.sensor.as_str()] {
        let length = u32::try_from(name.len()).unwrap_or_default();
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(name.as_bytes());
    }
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

fn write(disk: &mut dyn Disk, owner: &Owner) -> io::Result<()> {
    replace(disk, OWNER, OWNER_NEW, &encode(owner))
}
