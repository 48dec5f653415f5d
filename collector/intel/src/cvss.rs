//! CVSS 2.0, 3.0, 3.1 and 4.0: vectors and the scores that follow from them.
//!
//! Scores are tenths in an integer: two of them compare exactly. Sources: FIRST, *A Complete Guide to the Common Vulnerability
//! Scoring System Version 2.0*; *CVSS v3.0* and *v3.1 Specification Document*; *CVSS v4.0 Specification Document*.

mod macrovector;
mod metric;
mod v2;
mod v3;
mod v4;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use metric::{Metric, table};

/// Longest vector text that is read: a full 4.0 vector has 181 characters.
pub const VECTOR_BYTES: usize = 512;

/// Slots of a vector: version 4.0 has 32 metrics, more than any other.
const SLOTS: usize = 32;

/// Edition of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 2.0
    V2,
    /// 3.0
    V30,
    /// 3.1
    V31,
    /// 4.0
    V4,
}

impl Version {
    /// What a vector of this version begins with; 2.0 has no prefix.
    fn prefix(self) -> &'static str {
        match self {
            Self::V2 => "",
            Self::V30 => "CVSS:3.0/",
            Self::V31 => "CVSS:3.1/",
            Self::V4 => "CVSS:4.0/",
        }
    }
}

/// A score from 0.0 to 10.0, held in tenths.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Score(u8);

impl Score {
    /// From tenths; above 100 is 10.0.
    #[must_use]
    pub fn from_tenths(tenths: u8) -> Self {
        Self(tenths.min(100))
    }

    /// In tenths: 98 is 9.8.
    #[must_use]
    pub fn tenths(self) -> u8 {
        self.0
    }

    /// From a number that is a whole count of tenths but for the error of its arithmetic.
    fn nearest(value: f64) -> Self {
        let tenths = (value * 10.0).round();
        let found = (0..=100_u8).find(|tenth| f64::from(*tenth) >= tenths);
        Self(found.unwrap_or(100))
    }

    /// The qualitative rating of versions 3.0 to 4.0 (2.0 has none of its own; NVD's uses the same words).
    #[must_use]
    pub fn severity(self) -> Severity {
        match self.0 {
            0 => Severity::None,
            1..40 => Severity::Low,
            40..70 => Severity::Medium,
            70..90 => Severity::High,
            _ => Severity::Critical,
        }
    }
}

impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / 10, self.0 % 10)
    }
}

/// Qualitative severity rating scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// 0.0
    None,
    /// 0.1 to 3.9
    Low,
    /// 4.0 to 6.9
    Medium,
    /// 7.0 to 8.9
    High,
    /// 9.0 to 10.0
    Critical,
}

/// Why a text is no vector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VectorError {
    /// Longer than [`VECTOR_BYTES`].
    #[error("a CVSS vector of more than {VECTOR_BYTES} bytes")]
    TooLong,
    /// Another version, or none.
    #[error("not a CVSS vector of version 2.0, 3.0, 3.1 or 4.0")]
    UnknownVersion,
    /// A part that is no metric of this version, or a value it does not have.
    #[error("{0:?} is no metric and value of this CVSS version")]
    UnknownMetric(String),
    /// The same metric twice.
    #[error("metric {0} is given twice")]
    Twice(&'static str),
    /// A mandatory metric is not there.
    #[error("mandatory metric {0} is missing")]
    Missing(&'static str),
}

/// A vector: a value for each metric of its version, or none where it is not defined.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vector {
    version: Version,
    /// For each metric of the version's table, the place of its value from 1; 0 is "not defined".
    chosen: [u8; SLOTS],
}

impl Vector {
    /// Edition it is written in.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// The value of a metric as written (`"N"`, `"POC"`); `None` where it is not defined or no metric of this version.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&'static str> {
        let metrics = table(self.version);
        let (metric, chosen) = metrics
            .iter()
            .zip(self.chosen)
            .find(|(metric, _)| metric.name == name)?;
        metric.value_at(chosen)
    }

    /// The same vector with one metric set; `"X"` (`"ND"` in 2.0) takes an optional one back.
    ///
    /// # Errors
    /// [`VectorError::UnknownMetric`] when this version has no such metric or value.
    pub fn with(mut self, name: &str, value: &str) -> Result<Self, VectorError> {
        let unknown = || VectorError::UnknownMetric(format!("{name}:{value}"));
        let metrics = table(self.version);
        let (metric, slot) = metrics
            .iter()
            .zip(&mut self.chosen)
            .find(|(metric, _)| metric.name == name)
            .ok_or_else(unknown)?;
        *slot = metric.place(value).ok_or_else(unknown)?;
        Ok(self)
    }

    /// Score of the base metrics alone.
    #[must_use]
    pub fn base_score(&self) -> Score {
        match self.version {
            Version::V2 => v2::base(self),
            Version::V30 | Version::V31 => v3::base(self),
            Version::V4 => v4::score(&self.base_only()),
        }
    }

    /// Score of the base and the temporal (3.x) or threat (4.0) metrics. 2.0: the base score.
    #[must_use]
    pub fn temporal_score(&self) -> Score {
        match self.version {
            Version::V2 => v2::base(self),
            Version::V30 | Version::V31 => v3::temporal(self),
            Version::V4 => v4::score(&self.without_environment()),
        }
    }

    /// Score of all metrics given: the environmental score of 3.x, CVSS-BTE of 4.0. 2.0: the base score.
    #[must_use]
    pub fn environmental_score(&self) -> Score {
        match self.version {
            Version::V2 => v2::base(self),
            Version::V30 | Version::V31 => v3::environmental(self),
            Version::V4 => v4::score(self),
        }
    }

    /// What kinds of metrics the score of [`Vector::environmental_score`] rests on, as 4.0 wants it named (section 1.3).
    #[must_use]
    pub fn nomenclature(&self) -> &'static str {
        let metrics = table(self.version);
        let given = |group: metric::Group| {
            let mut all = metrics.iter().zip(self.chosen);
            all.any(|(metric, chosen)| metric.group == group && chosen != 0)
        };
        match (
            given(metric::Group::Threat),
            given(metric::Group::Environmental),
        ) {
            (false, false) => "CVSS-B",
            (true, false) => "CVSS-BT",
            (false, true) => "CVSS-BE",
            (true, true) => "CVSS-BTE",
        }
    }

    /// The value that holds in the environment: the modified one where given, the base one else.
    fn effective(&self, base: &str, modified: &str) -> &'static str {
        self.value(modified)
            .or_else(|| self.value(base))
            .unwrap_or("")
    }

    fn keep(&self, keep: impl Fn(&Metric) -> bool) -> Self {
        let mut kept = self.clone();
        for (metric, chosen) in table(self.version).iter().zip(&mut kept.chosen) {
            if !keep(metric) {
                *chosen = 0;
            }
        }
        kept
    }

    fn base_only(&self) -> Self {
        self.keep(|metric| metric.group == metric::Group::Base)
    }

    fn without_environment(&self) -> Self {
        self.keep(|metric| metric.group != metric::Group::Environmental)
    }
}

impl FromStr for Vector {
    type Err = VectorError;

    /// Reads a vector; metrics may stand in any order, 2.0 vectors in parentheses.
    fn from_str(text: &str) -> Result<Self, VectorError> {
        if text.len() > VECTOR_BYTES {
            return Err(VectorError::TooLong);
        }
        let text = text.trim();
        let numbered = [Version::V30, Version::V31, Version::V4];
        let found = numbered.into_iter().find_map(|version| {
            let rest = text.strip_prefix(version.prefix())?;
            Some((version, rest))
        });
        let (version, rest) = match found {
            Some(found) => found,
            None if text.starts_with("CVSS:") => return Err(VectorError::UnknownVersion),
            None => {
                let bare = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'));
                (Version::V2, bare.unwrap_or(text))
            }
        };
        if version == Version::V2 && !rest.starts_with("AV:") {
            return Err(VectorError::UnknownVersion);
        }
        read_metrics(version, rest)
    }
}

fn read_metrics(version: Version, text: &str) -> Result<Vector, VectorError> {
    let metrics = table(version);
    let mut chosen = [0_u8; SLOTS];
    let mut seen = [false; SLOTS];
    for part in text.split('/').filter(|part| !part.is_empty()) {
        let unknown = || VectorError::UnknownMetric(part.chars().take(32).collect());
        let (name, value) = part.split_once(':').ok_or_else(unknown)?;
        let ((metric, slot), seen) = metrics
            .iter()
            .zip(&mut chosen)
            .zip(&mut seen)
            .find(|((metric, _), _)| metric.name == name)
            .ok_or_else(unknown)?;
        if std::mem::replace(seen, true) {
            return Err(VectorError::Twice(metric.name));
        }
        *slot = metric.place(value).ok_or_else(unknown)?;
    }
    let missing = metrics
        .iter()
        .zip(chosen)
        .find(|(metric, chosen)| metric.group == metric::Group::Base && *chosen == 0);
    match missing {
        Some((metric, _)) => Err(VectorError::Missing(metric.name)),
        None => Ok(Vector { version, chosen }),
    }
}

impl fmt::Display for Vector {
    /// In the order of the specification, metrics that are not defined left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.version.prefix())?;
        let mut separator = "";
        for (metric, chosen) in table(self.version).iter().zip(self.chosen) {
            if let Some(value) = metric.value_at(chosen) {
                write!(f, "{separator}{}:{value}", metric.name)?;
                separator = "/";
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Vector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vector({self})")
    }
}

impl Serialize for Vector {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
