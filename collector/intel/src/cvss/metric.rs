//! The metrics of each version in the order of its specification, and the values they take.

use super::Version;

/// What a metric is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// Mandatory.
    Base,
    /// Temporal in 2.0 and 3.x, threat in 4.0.
    Threat,
    /// Requirements and modified base metrics.
    Environmental,
    /// Told, never scored (4.0).
    Supplemental,
}

/// One metric.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) group: Group,
    values: &'static [&'static str],
}

impl Metric {
    /// The place of a value from 1, 0 for "not defined" where that is allowed; `None` for any other text.
    pub(super) fn place(&self, value: &str) -> Option<u8> {
        if self.group != Group::Base && matches!(value, "X" | "ND") {
            return Some(0);
        }
        let place = self.values.iter().position(|known| *known == value)?;
        u8::try_from(place.saturating_add(1)).ok()
    }

    /// The value at a place of [`Metric::place`].
    pub(super) fn value_at(&self, place: u8) -> Option<&'static str> {
        let place = usize::from(place.checked_sub(1)?);
        self.values.get(place).copied()
    }
}

const fn base(name: &'static str, values: &'static [&'static str]) -> Metric {
    Metric {
        name,
        group: Group::Base,
        values,
    }
}

const fn threat(name: &'static str, values: &'static [&'static str]) -> Metric {
    Metric {
        name,
        group: Group::Threat,
        values,
    }
}

const fn environmental(name: &'static str, values: &'static [&'static str]) -> Metric {
    Metric {
        name,
        group: Group::Environmental,
        values,
    }
}

const fn supplemental(name: &'static str, values: &'static [&'static str]) -> Metric {
    Metric {
        name,
        group: Group::Supplemental,
        values,
    }
}

const NALP: &[&str] = &["N", "A", "L", "P"];
const LH: &[&str] = &["L", "H"];
const NP: &[&str] = &["N", "P"];
const NLH: &[&str] = &["N", "L", "H"];
const HLN: &[&str] = &["H", "L", "N"];
const HML: &[&str] = &["H", "M", "L"];
const SHLN: &[&str] = &["S", "H", "L", "N"];
const NPA: &[&str] = &["N", "P", "A"];

const V2: &[Metric] = &[
    base("AV", &["L", "A", "N"]),
    base("AC", HML),
    base("Au", &["M", "S", "N"]),
    base("C", &["N", "P", "C"]),
    base("I", &["N", "P", "C"]),
    base("A", &["N", "P", "C"]),
    threat("E", &["U", "POC", "F", "H"]),
    threat("RL", &["OF", "TF", "W", "U"]),
    threat("RC", &["UC", "UR", "C"]),
    environmental("CDP", &["N", "L", "LM", "MH", "H"]),
    environmental("TD", &["N", "L", "M", "H"]),
    environmental("CR", &["L", "M", "H"]),
    environmental("IR", &["L", "M", "H"]),
    environmental("AR", &["L", "M", "H"]),
];

const V3: &[Metric] = &[
    base("AV", NALP),
    base("AC", LH),
    base("PR", NLH),
    base("UI", &["N", "R"]),
    base("S", &["U", "C"]),
    base("C", HLN),
    base("I", HLN),
    base("A", HLN),
    threat("E", &["H", "F", "P", "U"]),
    threat("RL", &["U", "W", "T", "O"]),
    threat("RC", &["C", "R", "U"]),
    environmental("CR", HML),
    environmental("IR", HML),
    environmental("AR", HML),
    environmental("MAV", NALP),
    environmental("MAC", LH),
    environmental("MPR", NLH),
    environmental("MUI", &["N", "R"]),
    environmental("MS", &["U", "C"]),
    environmental("MC", HLN),
    environmental("MI", HLN),
    environmental("MA", HLN),
];

const V4: &[Metric] = &[
    base("AV", NALP),
    base("AC", LH),
    base("AT", NP),
    base("PR", NLH),
    base("UI", NPA),
    base("VC", HLN),
    base("VI", HLN),
    base("VA", HLN),
    base("SC", HLN),
    base("SI", HLN),
    base("SA", HLN),
    threat("E", &["A", "P", "U"]),
    environmental("CR", HML),
    environmental("IR", HML),
    environmental("AR", HML),
    environmental("MAV", NALP),
    environmental("MAC", LH),
    environmental("MAT", NP),
    environmental("MPR", NLH),
    environmental("MUI", NPA),
    environmental("MVC", HLN),
    environmental("MVI", HLN),
    environmental("MVA", HLN),
    environmental("MSC", HLN),
    environmental("MSI", SHLN),
    environmental("MSA", SHLN),
    supplemental("S", NP),
    supplemental("AU", &["N", "Y"]),
    supplemental("R", &["A", "U", "I"]),
    supplemental("V", &["D", "C"]),
    supplemental("RE", &["L", "M", "H"]),
    supplemental("U", &["Clear", "Green", "Amber", "Red"]),
];

/// All metrics of a version.
pub(super) fn table(version: Version) -> &'static [Metric] {
    match version {
        Version::V2 => V2,
        Version::V30 | Version::V31 => V3,
        Version::V4 => V4,
    }
}
