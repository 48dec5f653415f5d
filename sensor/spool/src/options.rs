//! How a spool is set up.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::SpoolError;
use crate::owner::Owner;
use crate::segment::{RECORD_HEADER, SEGMENT_HEADER, SEGMENT_MAX};

/// Room for the small files beside the segments, in whole blocks.
const OVERHEAD: u64 = 32 * 1024;

/// Where the spool takes the time from (epoch milliseconds): for "spooled at", and for when to try a failing disk again.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The wall clock.
    #[must_use]
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
        })
    }

    /// Any clock.
    #[must_use]
    pub fn new(now_ms: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now_ms))
    }

    pub(crate) fn now_ms(&self) -> i64 {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// How a spool is set up. Start from [`Options::new`].
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder; nobody else's files belong there.
    pub dir: PathBuf,
    /// Most bytes on disk, counted in allocated blocks of all our files. At least four segments and
    /// 32 KiB.
    pub max_bytes: u64,
    /// A new segment is begun after this many bytes. Whole segments are what is dropped when the spool is full.
    pub segment_bytes: u64,
    /// Most bytes of batches waiting in memory for a sync; a batch beyond that syncs by itself.
    pub pending_bytes: usize,
    /// First wait before a failing disk is tried again, in milliseconds; doubles up to [`Options::retry_max_ms`].
    pub retry_min_ms: i64,
    /// Longest wait before a failing disk is tried again, in milliseconds.
    pub retry_max_ms: i64,
    /// The time.
    pub clock: Clock,
    /// Who uses it; `None` while that is not known, until [`crate::Spool::claim`].
    pub owner: Option<Owner>,
}

impl Options {
    /// A folder with the defaults: 1 GiB in segments of 4 MiB, 4 MiB in memory, retries after 0.25 s to 30 s, wall clock.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            max_bytes: 1 << 30,
            segment_bytes: 4 << 20,
            pending_bytes: 4 << 20,
            retry_min_ms: 250,
            retry_max_ms: 30_000,
            clock: Clock::system(),
            owner: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), SpoolError> {
        let smallest =
            crate::bytes::size(SEGMENT_HEADER.saturating_add(RECORD_HEADER)).saturating_add(256);
        if self.segment_bytes < smallest || self.segment_bytes > SEGMENT_MAX {
            return Err(SpoolError::Options(format!(
                "segments of {} bytes; choose {smallest} to {SEGMENT_MAX}",
                self.segment_bytes
            )));
        }
        let least = self
            .segment_bytes
            .saturating_mul(4)
            .saturating_add(OVERHEAD);
        if self.max_bytes < least {
            return Err(SpoolError::Options(format!(
                "a limit of {} bytes for segments of {} bytes; choose at least {least}",
                self.max_bytes, self.segment_bytes
            )));
        }
        Ok(())
    }

    /// Bytes of damaged remains that are kept: an eighth of everything.
    pub(crate) fn bad_bytes(&self) -> u64 {
        self.max_bytes / 8
    }
}
