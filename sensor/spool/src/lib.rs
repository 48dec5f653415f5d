//! The sensor's bounded disk queue: checksummed segments, fsync before accept, self-recovering.
//!
//! A batch is accepted once [`Spool::sync`] has returned its sequences, and not before. From then on it is readable until it is released
//! by an acknowledgement, or counted as lost with a reason that [`Spool::losses`] hands out. Nothing here ever needs a human: a torn tail
//! is cut off, damage is put aside and counted, a full or failing disk parks the spool, which tries again by itself.
//!
//! The folder holds `incarnation` (which life of the spool this is), `owner` (whose it is), `mark` (low-water mark and losses still to
//! report), `lock`, segments `<first sequence>.segment`, and `<sequence>-<offset>.bad` (damaged remains, kept within a bound for whoever
//! wants to look).
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions
    )
)]

mod bytes;
mod disk;
mod error;
#[doc(hidden)]
pub mod fuzzing;
mod inspect;
mod mark;
mod options;
mod owner;
mod read;
mod recover;
mod retain;
mod segment;
mod status;
mod write;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::fmt;

use auscult_proto::ids::Incarnation;
use auscult_proto::observation::Loss;

pub use disk::{Disk, DiskFile, FileInfo, RealDisk};
pub use error::{AppendError, SpoolError};
pub use inspect::{Report, SegmentReport, inspect, owner_of};
pub use options::{Clock, Options};
pub use owner::Owner;
pub use read::SpooledBatch;
pub use recover::Recovery;
pub use segment::Fault;
pub use status::{LostTotals, Parked, Status};
pub use write::Appended;

use mark::Mark;
use retain::{BadFile, Segment};
use write::{Active, Pending};

/// The queue. One process holds a folder at a time; within it, one owner (put it behind a mutex to share it).
pub struct Spool {
    disk: Box<dyn Disk>,
    options: Options,
    incarnation: u64,
    owner: Option<Owner>,
    /// The file of that name says so; until it does, writing it is tried again.
    is_owner_durable: bool,
    mark: Mark,
    mark_file: Box<dyn DiskFile>,
    /// The mark on disk must be brought up to date before anything else is accepted.
    mark_due: bool,
    /// When the mark was last written.
    marked_ms: i64,
    /// Segments that are no longer written, in order.
    sealed: VecDeque<Segment>,
    /// The segment that is written, behind all sealed ones.
    active: Option<Active>,
    /// Appended and not durable yet.
    pending: Pending,
    /// The next sequence to give.
    next_seq: u64,
    /// Durable through this sequence.
    durable: u64,
    bad: VecDeque<BadFile>,
    foreign: usize,
    /// Allocated bytes of our files that are no segments.
    overhead: u64,
    parked: Option<Parked>,
    lost: LostTotals,
    /// The segment that was read last, by its first sequence.
    reader: Option<(u64, Box<dyn DiskFile>)>,
}

impl Spool {
    /// Opens the folder, recovering what is there; makes it when it is not.
    ///
    /// # Errors
    /// When another process holds the folder, it is another sensor's, the options contradict each other, or the disk refuses what cannot be done without.
    pub fn open(options: Options) -> Result<(Self, Recovery), SpoolError> {
        options.check()?;
        let locked = RealDisk::lock(&options.dir).map_err(SpoolError::io("open the folder"))?;
        let disk = locked.map_err(|holder| SpoolError::Locked {
            dir: options.dir.clone(),
            holder,
        })?;
        Self::open_on(Box::new(disk), options)
    }

    /// Opens a spool on another disk; `options.dir` is not used.
    ///
    /// # Errors
    /// As [`Spool::open`], but nobody locks.
    pub fn open_on(disk: Box<dyn Disk>, options: Options) -> Result<(Self, Recovery), SpoolError> {
        options.check()?;
        recover::open(disk, options)
    }

    /// Which life of the spool this is.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        Incarnation(self.incarnation)
    }

    /// The sequence that the next appended observation gets.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Released through this sequence; 0 when nothing was. After a crash this may be up to a second older than it was.
    #[must_use]
    pub fn acked(&self) -> u64 {
        self.mark.acked
    }

    /// Durable through this sequence; 0 when nothing is.
    #[must_use]
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// Takes the losses that are still to be reported.
    ///
    /// The caller reports them in-band, as **the very next batch it appends**. Once that batch is released they are done with, and until
    /// then no others are handed out. When the batch is refused, dies with the process, or is itself lost, they are handed out again;
    /// in the last case it may have been sent already, so a reader must not count the same sequences twice.
    pub fn losses(&mut self) -> Vec<Loss> {
        if !self.mark.has_due() || self.parked.is_some() {
            return Vec::new();
        }
        let before = self.mark.clone();
        let losses = self.mark.hand_out(self.next_seq);
        // Without this on disk a crash after the report's sync would report it twice.
        if let Err(error) = self.store_mark() {
            tracing::warn!(%error, "losses stay to be reported later");
            self.mark = before;
            return Vec::new();
        }
        losses
    }
}

impl fmt::Debug for Spool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spool")
            .field("incarnation", &self.incarnation())
            .field("next_seq", &self.next_seq)
            .field("durable", &self.durable)
            .field("acked", &self.acked())
            .field("segments", &self.sealed.len())
            .field("parked", &self.parked)
            .finish_non_exhaustive()
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // Best effort: an older mark only makes some batches go out twice, and the other end recognises them.
        drop(self.store_mark());
    }
}
