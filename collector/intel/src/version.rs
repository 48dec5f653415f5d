//! The order of versions, scheme by scheme, and where there is none.
//!
//! Two functions: [`order`] sorts any two versions, by convention where nothing better is known; [`compare`] answers only where the
//! answer does not rest on such a convention, and `None` where it would. Matching uses the second: an answer that may be wrong in
//! either direction is "unknown".

mod datetime;
mod loose;
mod packaged;
mod semver;

#[cfg(test)]
mod tests;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

pub use datetime::millis;
pub use loose::{extends, is_version, series_holds};

/// Longest version text that is compared.
pub const VERSION_BYTES: usize = 128;

/// How a version is to be read.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Vendors' own, as people write it: numbers, letters and words between `.`, `-`, `_` and blanks. "Up to 9.33" may or may not
    /// mean 9.33.1.
    #[default]
    Loose,
    /// The same order, from a source that means its bounds exactly (NVD, `vers:`).
    Generic,
    /// Semantic Versioning 2.0.0; what is none is read as loose.
    Semver,
    /// Debian's order (deb-version(7)).
    Dpkg,
    /// RPM's order (rpmvercmp).
    Rpm,
    /// RFC 3339 instants.
    Datetime,
    /// Octet by octet.
    Lexicographic,
    /// No order: equal or not (commit hashes).
    Unordered,
}

impl Scheme {
    /// The scheme of a `vers` or package type, or of a CVE record's `versionType`.
    #[must_use]
    pub fn of_type(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "semver" | "npm" | "cargo" | "golang" | "nuget" | "hex" | "pub" => Self::Semver,
            "deb" | "dpkg" => Self::Dpkg,
            "rpm" | "alpm" => Self::Rpm,
            "datetime" => Self::Datetime,
            "lexicographic" => Self::Lexicographic,
            "git" | "original_commit_for_fix" => Self::Unordered,
            "" | "custom" | "intdot" | "maven" | "pypi" | "python" | "gem" | "generic" => {
                Self::Generic
            }
            _ => Self::Loose,
        }
    }
}

/// The order of two versions by every convention there is; total within a scheme.
#[must_use]
pub fn order(scheme: Scheme, left: &str, right: &str) -> Ordering {
    judge(scheme, left, right).0
}

/// The order of two versions where it is certain.
#[must_use]
pub fn compare(scheme: Scheme, left: &str, right: &str) -> Option<Ordering> {
    if left.len() > VERSION_BYTES || right.len() > VERSION_BYTES {
        return None;
    }
    let (order, certain) = judge(scheme, left, right);
    certain.then_some(order)
}

fn judge(scheme: Scheme, left: &str, right: &str) -> (Ordering, bool) {
    match scheme {
        Scheme::Loose | Scheme::Generic => loose::judge(left, right),
        Scheme::Semver => match semver::compare(left, right) {
            Some(order) => (order, true),
            None => loose::judge(left, right),
        },
        Scheme::Dpkg => (packaged::dpkg(left, right), true),
        Scheme::Rpm => (packaged::rpm(left, right), true),
        Scheme::Datetime => match datetime::compare(left, right) {
            Some(order) => (order, true),
            None => (left.cmp(right), left == right),
        },
        Scheme::Lexicographic => (left.as_bytes().cmp(right.as_bytes()), true),
        Scheme::Unordered => (left.cmp(right), left == right),
    }
}

/// Compares two strings of digits by value, however long.
fn digits(left: &str, right: &str) -> Ordering {
    let left = left.trim_start_matches('0');
    let right = right.trim_start_matches('0');
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}
