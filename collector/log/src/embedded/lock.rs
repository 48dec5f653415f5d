//! One process per folder.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

use crate::seam::LogError;

const NAME: &str = "lock";

/// The folder's lock, held until dropped or until the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct DirLock(#[expect(dead_code, reason = "held for its lock")] File);

/// Who holds the folder.
#[derive(Debug)]
pub(crate) enum Refusal {
    Held { pid: Option<u32> },
    Failed(std::io::Error),
}

impl Refusal {
    pub(crate) fn explain(&self, dir: &Path) -> LogError {
        match self {
            Self::Held { pid } => {
                let by = pid.map_or_else(
                    || "another process".to_owned(),
                    |pid| format!("process {pid}"),
                );
                LogError::Fenced(format!(
                    "the log in {} is in use by {by}: an embedded log has one process; stop that one, read it with `auscult-collector \
                     tail`, or use Kafka",
                    dir.display()
                ))
            }
            Self::Failed(error) => {
                let doing = format!("the log in {} cannot be locked", dir.display());
                LogError::of_file(&doing, error)
            }
        }
    }
}

impl DirLock {
    pub(crate) fn acquire(dir: &Path) -> Result<Self, Refusal> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(dir.join(NAME))
            .map_err(Refusal::Failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                let pid = file
                    .read_to_string(&mut text)
                    .ok()
                    .and_then(|_| text.trim().parse().ok());
                return Err(Refusal::Held { pid });
            }
            Err(error) => return Err(Refusal::Failed(error.into())),
        }
        // Only for the message above: the lock itself is the kernel's. A full disk is no reason to refuse.
        let note = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(format!("{}\n", std::process::id()).as_bytes()));
        if let Err(error) = note {
            tracing::debug!(%error, "the lock file does not tell this process's id");
        }
        Ok(Self(file))
    }
}
