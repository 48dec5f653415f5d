//! Flaws and what is publicly known of them.
//!
//! Three sources: real ones that a kind's file names (`reference`), those of operating systems ([`os`]), and invented ones
//! ([`invent`]) whose signals follow the distributions measured on medical advisories. Invented ids begin with `HOSPITAL-`, so that
//! nobody takes one for a CVE.

pub mod cvss;
pub mod intel;
pub mod invent;
pub mod os;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Serialize;

use cvss::Vector;

/// What is publicly known of one flaw.
#[derive(Clone, Debug, PartialEq)]
pub struct FlawFacts {
    /// CVE id, or another id for a flaw without one.
    pub id: String,
    /// CVSS v3.1 base vector.
    pub vector: Vector,
    /// Exploit prediction score, 0..=1.
    pub epss: f64,
    /// In CISA's catalogue of known exploited vulnerabilities.
    pub kev: bool,
    /// Known to be used by ransomware.
    pub ransomware: bool,
    /// Public exploit code.
    pub poc: bool,
    /// SSVC: exploitation can be automated.
    pub automatable: bool,
    /// SSVC: technical impact is total.
    pub total: bool,
}

/// SSVC exploitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exploitation {
    /// No evidence.
    None,
    /// Public proof of concept.
    Poc,
    /// Active.
    Active,
}

impl FlawFacts {
    /// SSVC exploitation as the public signals give it.
    #[must_use]
    pub const fn exploitation(&self) -> Exploitation {
        if self.kev {
            Exploitation::Active
        } else if self.poc {
            Exploitation::Poc
        } else {
            Exploitation::None
        }
    }
}

const TABLE: &str = include_str!("reference.csv");

fn parse(line: &str) -> Option<FlawFacts> {
    let mut cells = line.split(',');
    let (id, vector, epss, flags) = (cells.next()?, cells.next()?, cells.next()?, cells.next()?);
    Some(FlawFacts {
        id: id.to_owned(),
        vector: Vector::parse(vector)?,
        epss: epss.parse().ok()?,
        kev: flags.contains('k'),
        ransomware: flags.contains('r'),
        poc: flags.contains('p'),
        automatable: flags.contains('a'),
        total: flags.contains('t'),
    })
}

fn table() -> &'static BTreeMap<String, FlawFacts> {
    static PARSED: OnceLock<BTreeMap<String, FlawFacts>> = OnceLock::new();
    PARSED.get_or_init(|| {
        TABLE
            .lines()
            .filter(|line| !line.starts_with('#') && !line.starts_with("cve,"))
            .filter_map(parse)
            .map(|facts| (facts.id.clone(), facts))
            .collect()
    })
}

/// The built-in facts of a real vulnerability.
#[must_use]
pub fn reference(id: &str) -> Option<&'static FlawFacts> {
    table().get(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_reference_table_is_read() {
        let rows = TABLE.lines().filter(|l| l.starts_with("CVE-")).count();
        assert!(rows > 200);
        assert_eq!(table().len(), rows, "a row is malformed or double");
        let facts = reference("CVE-2017-0144").unwrap();
        assert!(facts.kev && facts.ransomware && facts.epss > 0.9);
        assert_eq!(facts.exploitation(), Exploitation::Active);
    }
}
