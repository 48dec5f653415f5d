//! Readers of publishers' files: bytes in, [`Statement`]s out. Pure, bounded, and never silent: what is passed over is counted with
//! its reason.

pub mod csaf;
pub mod cve;
pub mod cyclonedx;
pub mod epss;
pub mod kev;
pub mod nvd;
pub mod openvex;
pub mod spdx;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;

use crate::cvss::Vector;
use crate::statement::{Claim, Origin, Statement};

/// Largest document that is read: the largest NVD pages have about 30 MiB, an EPSS file 12 MiB.
pub const DOCUMENT_BYTES: usize = 256 * 1024 * 1024;

/// Most statements taken from one document.
pub const STATEMENTS: usize = 4_000_000;

/// Why a document was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Too large.
    #[error("{bytes} bytes, more than the {DOCUMENT_BYTES} that one document may have")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not of the expected shape.
    #[error("not readable as {expected}: {fault}")]
    Shape {
        /// What was expected.
        expected: &'static str,
        /// Where and what, in the words of the JSON reader.
        fault: String,
    },
    /// Readable, but something else.
    #[error("not {expected}: {found}")]
    SomethingElse {
        /// What was expected.
        expected: &'static str,
        /// What was found instead.
        found: String,
    },
}

/// Why a part of a document was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skip {
    /// A CVSS vector that is none.
    Vector,
    /// A CPE name that is none.
    CpeName,
    /// A reference to a product that the document does not describe.
    UnknownProduct,
    /// A status, or kind of remedy, that the standard does not have.
    UnknownValue,
    /// A row or an entry without an identifier.
    NoIdentifier,
    /// A row that does not read.
    Row,
    /// A negated node of a configuration.
    Negated,
    /// Beyond [`STATEMENTS`].
    Overflow,
}

/// What was passed over: how often for each reason, with the first example.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skipped(BTreeMap<Skip, (u64, String)>);

impl Skipped {
    pub(crate) fn count(&mut self, skip: Skip, example: &str) {
        let entry = self
            .0
            .entry(skip)
            .or_insert_with(|| (0, crate::text::keep_at_most(example, 120)));
        entry.0 = entry.0.saturating_add(1);
    }

    /// Reason, how often, and the first example.
    pub fn iter(&self) -> impl Iterator<Item = (Skip, u64, &str)> {
        self.0
            .iter()
            .map(|(skip, (count, example))| (*skip, *count, example.as_str()))
    }

    /// How often in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0
            .values()
            .fold(0, |sum, (count, _)| sum.saturating_add(*count))
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for (skip, count, example) in self.iter() {
            write!(f, "{separator}{count} x {skip:?} (first: {example:?})")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// What one document states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Where it comes from.
    pub origin: Origin,
    /// Its date, epoch milliseconds; 0 where it gives none.
    pub at_ms: i64,
    /// What it states, in its order.
    pub statements: Vec<Statement>,
    /// What was passed over.
    pub skipped: Skipped,
}

impl Reading {
    pub(crate) fn new(origin: Origin, at_ms: i64) -> Self {
        Self {
            origin,
            at_ms,
            statements: Vec::new(),
            skipped: Skipped::default(),
        }
    }

    pub(crate) fn state(&mut self, id: &str, claim: Claim) {
        let origin = self.origin.clone();
        self.state_as(id, origin, self.at_ms, claim);
    }

    pub(crate) fn state_as(&mut self, id: &str, origin: Origin, at_ms: i64, claim: Claim) {
        if self.statements.len() >= STATEMENTS {
            self.skipped.count(Skip::Overflow, id);
            return;
        }
        self.statements.push(Statement {
            id: id.to_owned(),
            origin,
            at_ms,
            claim,
        });
    }

    /// States a score, or counts that its vector does not read.
    pub(crate) fn score(&mut self, id: &str, vector: &str) {
        match vector.parse::<Vector>() {
            Ok(vector) => self.state(id, Claim::Score(vector)),
            Err(_) => self.skipped.count(Skip::Vector, vector),
        }
    }

    pub(crate) fn text(&mut self, id: &str, text: &str, claim: impl FnOnce(String) -> Claim) {
        let kept = crate::text::keep(text);
        if !kept.is_empty() {
            self.state(id, claim(kept));
        }
    }
}

/// Reads JSON into the shape a reader expects.
pub(crate) fn json<T: DeserializeOwned>(
    bytes: &[u8],
    expected: &'static str,
) -> Result<T, ReadError> {
    sized(bytes)?;
    // Some publishers write a byte order mark.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes).map_err(|error| ReadError::Shape {
        expected,
        fault: crate::text::keep(&error.to_string()),
    })
}

pub(crate) fn sized(bytes: &[u8]) -> Result<(), ReadError> {
    if bytes.len() > DOCUMENT_BYTES {
        return Err(ReadError::TooLarge { bytes: bytes.len() });
    }
    Ok(())
}

/// An identifier as documents write it: trimmed, upper case for CVEs, at most 128 bytes; `None` when nothing is left.
pub(crate) fn identifier(text: &str) -> Option<String> {
    let kept = crate::text::keep_at_most(text, 128);
    if kept.is_empty() {
        return None;
    }
    let cve = kept
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("CVE-"));
    Some(if cve { kept.to_ascii_uppercase() } else { kept })
}

pub(crate) fn millis(text: Option<&str>) -> i64 {
    text.and_then(crate::version::millis).unwrap_or(0)
}
