//! What can go wrong, in words for the operator.

use std::io;
use std::path::PathBuf;

use crate::owner::Owner;

/// A failed operation of the spool. Nothing that was accepted is lost by any of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpoolError {
    /// Another process has the folder open.
    #[error(
        "spool {dir} is in use by {by}; stop it, or give each sensor a folder of its own",
        dir = dir.display(),
        by = holder.map_or("another process".to_owned(), |pid| format!("process {pid}"))
    )]
    Locked {
        /// The folder.
        dir: PathBuf,
        /// The other process, where it is known.
        holder: Option<u32>,
    },
    /// What is in it was heard by another sensor.
    #[error(
        "spool {dir} is of sensor {owner} and the certificate of {present}: what {owner} heard would be delivered as {present}'s; \
         give {present} a spool folder of its own ([spool] dir), or, once {owner} has delivered what waits here, remove this folder",
        dir = dir.display()
    )]
    Owner {
        /// The folder.
        dir: PathBuf,
        /// Whose spool it is.
        owner: Owner,
        /// Who wants to use it.
        present: Owner,
    },
    /// The options contradict each other.
    #[error("spool options: {0}")]
    Options(String),
    /// The disk refused.
    #[error("spool cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the disk said.
        source: io::Error,
    },
    /// The disk refused a while ago and it is not yet time to try again.
    #[error("spool is parked: {reason}; trying again by itself")]
    Parked {
        /// What the disk said.
        reason: String,
        /// When it is tried again, epoch milliseconds.
        retry_ms: i64,
    },
    /// An acknowledgement of something that was never readable.
    #[error("acknowledged through {through}, but only {durable} could have been sent")]
    Beyond {
        /// As acknowledged.
        through: u64,
        /// As spooled.
        durable: u64,
    },
}

impl SpoolError {
    pub(crate) fn io(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { what, source }
    }
}

/// A batch that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The disk refuses to be written. The batch's observations are counted as a loss, which [`crate::Spool::losses`] hands out later;
    /// appending the batch again would count it twice.
    #[error("spool is parked: {reason}; {count} observations counted as lost")]
    Parked {
        /// What the disk said.
        reason: String,
        /// Observations counted as lost.
        count: u32,
    },
    /// The batch breaks a limit of the wire: a defect of the caller. Nothing is counted.
    #[error(
        "batch has {bytes} bytes and {count} observations; allowed are 1 to {max_bytes} and 1 to {max_count}"
    )]
    Limit {
        /// Bytes of the body.
        bytes: usize,
        /// Observations.
        count: u32,
        /// Most bytes.
        max_bytes: usize,
        /// Most observations.
        max_count: u32,
    },
}
