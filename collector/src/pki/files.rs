//! Files that are there wholly or not at all, and keys that only their owner reads.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::PkiError;

pub(super) fn fault(path: &Path, cause: impl std::fmt::Display) -> PkiError {
    PkiError::File {
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}

/// A file that is not as it should be.
pub(super) fn content(path: &Path, cause: impl std::fmt::Display) -> PkiError {
    PkiError::Content {
        path: path.to_owned(),
        cause: cause.to_string(),
    }
}

/// A folder that only its owner can enter.
pub(super) fn folder(path: &Path) -> Result<(), PkiError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|e| fault(path, e))
}

pub(super) fn exists(path: &Path) -> Result<bool, PkiError> {
    path.try_exists().map_err(|e| fault(path, e))
}

pub(super) fn read(path: &Path) -> Result<String, PkiError> {
    fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => content(path, "it is no text, and PEM is"),
        _ => PkiError::Unreadable {
            path: path.to_owned(),
            cause: e.to_string(),
        },
    })
}

/// Readable by everybody.
pub(super) fn public(path: &Path, text: &str) -> Result<(), PkiError> {
    write(path, text, 0o644)
}

/// Readable by its owner.
pub(super) fn secret(path: &Path, text: &str) -> Result<(), PkiError> {
    write(path, text, 0o600)
}

// By way of a new file: whoever follows the old one sees the old content or the new, and the mode holds from the first byte.
fn write(path: &Path, text: &str, mode: u32) -> Result<(), PkiError> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = Path::new(&fresh);
    if exists(fresh)? {
        fs::remove_file(fresh).map_err(|e| fault(fresh, e))?;
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(fresh)
        .map_err(|e| fault(fresh, e))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|e| fault(fresh, e))?;
    fs::rename(fresh, path).map_err(|e| fault(path, e))
}
