//! The control that there is something to find: the captures hold the canaries.

use std::path::PathBuf;

use anyhow::Result;

use super::canaries::Canaries;
use super::output::{Output, Place};

/// Which canaries the captures hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Captured {
    /// All that the lists name.
    pub listed: usize,
    /// Seen in the captures.
    pub seen: usize,
    /// Not seen, and only ever inside TLS.
    pub tls: usize,
    /// Not seen, and only ever inside a gzip stream (or TLS): a stream in several segments is not inflated here.
    pub gzip: usize,
    /// Not seen although they stand there as they are, or in UTF-16: cut by the end of a segment, or the search is wrong.
    pub unexplained: usize,
    /// Octets of the captures.
    pub bytes: u64,
}

/// Searches captures as outputs are searched.
///
/// # Errors
/// When one cannot be read.
pub fn captured(canaries: &Canaries, captures: Vec<PathBuf>) -> Result<Captured> {
    let output = Output {
        name: "captures".to_owned(),
        place: Place::Files(captures),
    };
    let found = output.search(canaries)?;
    let mut captured = Captured {
        listed: canaries.len(),
        seen: found.canaries.len(),
        tls: 0,
        gzip: 0,
        unexplained: 0,
        bytes: found.bytes,
    };
    for number in (0..).take(canaries.len()) {
        if found.canaries.contains(&number) {
            continue;
        }
        let is = |form: &str| {
            canaries
                .forms(number)
                .is_some_and(|forms| forms.contains(form))
        };
        if is("plain") || is("utf16le") || is("utf16be") {
            captured.unexplained += 1;
        } else if is("gzip") {
            captured.gzip += 1;
        } else {
            captured.tls += 1;
        }
    }
    Ok(captured)
}
