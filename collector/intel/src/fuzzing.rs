//! Fuzz bodies: plain functions that panic when something that must hold does not. The libFuzzer wrappers are in `tests/fuzz`; the
//! ordinary tests replay the committed corpus and arbitrary bytes.

use crate::catalogue::Catalogue;
use crate::cpe::Name;
use crate::cvss::Vector;
use crate::index::Index;
use crate::matching::{Candidate, Device, Part, Weights, match_device};
use crate::product::{ProductKey, vendor_keys};
use crate::purl::Purl;
use crate::range::{read_text, vers};
use crate::read::{self, ReadError, Reading};
use crate::sbom::{COMPONENTS, Sbom};
use crate::statement::{Claim, Share};
use crate::version::{Scheme, order};
use crate::vulnerability::Vulnerability;

#[cfg(test)]
mod tests;

/// What must hold of every reading: the same again, texts within bounds, folded and written without loss, and nothing in it can stop
/// the index or a match.
fn check(first: Result<Reading, ReadError>, second: Result<Reading, ReadError>, sboms: &[Sbom]) {
    assert_eq!(first, second, "the same bytes say the same");
    let Ok(reading) = first else { return };
    for statement in &reading.statements {
        assert!(!statement.id.is_empty(), "a statement about nothing");
        assert!(statement.id.len() <= 256, "a long identifier");
        if let Claim::Title(text) | Claim::Description(text) | Claim::Remedy(_, text) =
            &statement.claim
        {
            assert!(text.len() <= crate::text::KEPT, "a long text");
            assert!(!text.chars().any(char::is_control), "a control character");
        }
    }
    let mut catalogue = Catalogue::default();
    catalogue.take(reading.statements.iter().cloned());
    let mut backwards = Catalogue::default();
    backwards.take(reading.statements.into_iter().rev());
    assert_eq!(catalogue, backwards, "order does not matter");
    let mut parts = vec![part("Example", "Vital 200", "3.1")];
    for vulnerability in catalogue.iter() {
        assert!(Vulnerability::changed(Some(vulnerability), vulnerability, Share(0)).is_empty());
        let json = serde_json::to_string(vulnerability).unwrap_or_default();
        let again: Option<Vulnerability> = serde_json::from_str(&json).ok();
        assert_eq!(
            again.as_ref(),
            Some(vulnerability),
            "written and read again"
        );
        for (_, product) in vulnerability.products().take(4) {
            parts.push(part(&product.vendor, &product.product, "1.2.3"));
        }
    }
    let index = Index::new(catalogue.iter().cloned().collect(), sboms);
    let device = Device {
        parts,
        ..Device::default()
    };
    for found in match_device(&index, &device, &Weights::default()) {
        assert!(
            (0.0..=1.0).contains(&found.weight),
            "a weight of {}",
            found.weight
        );
        assert!(
            index.claim(found.claim).is_some(),
            "a claim that is not there"
        );
    }
}

fn part(vendor: &str, product: &str, version: &str) -> Part {
    Part {
        candidates: vec![Candidate {
            probability: 1.0,
            vendor: vendor.to_owned(),
            product: product.to_owned(),
            version: Some(version.to_owned()),
        }],
        service: None,
    }
}

/// CSAF documents.
pub fn intel_csaf(data: &[u8]) {
    check(read::csaf::read(data), read::csaf::read(data), &[]);
}

/// KEV catalogues.
pub fn intel_kev(data: &[u8]) {
    check(read::kev::read(data), read::kev::read(data), &[]);
}

/// EPSS files.
pub fn intel_epss(data: &[u8]) {
    let [first, second] = [(); 2].map(|()| read::epss::read(data).map(|(_, reading)| reading));
    check(first, second, &[]);
}

/// NVD pages.
pub fn intel_nvd(data: &[u8]) {
    check(read::nvd::read(data), read::nvd::read(data), &[]);
}

/// CVE records.
pub fn intel_cve(data: &[u8]) {
    check(read::cve::read(data), read::cve::read(data), &[]);
}

/// OpenVEX documents.
pub fn intel_openvex(data: &[u8]) {
    check(read::openvex::read(data), read::openvex::read(data), &[]);
}

/// CycloneDX and SPDX documents.
pub fn intel_sbom(data: &[u8]) {
    let sboms: Vec<Sbom> = [
        read::cyclonedx::read(data).ok().map(|(sbom, _)| sbom),
        read::spdx::read(data).ok().map(|(sbom, _)| sbom),
    ]
    .into_iter()
    .flatten()
    .collect();
    for sbom in &sboms {
        assert!(sbom.components.len() <= COMPONENTS, "too many components");
        assert!(sbom.components.is_sorted(), "components in order");
    }
    let [first, second] = [(); 2].map(|()| read::cyclonedx::read(data).map(|(_, reading)| reading));
    check(first, second, &sboms);
}

/// The small languages: ranges, `vers:`, versions, CPE names, CVSS vectors, package URLs, names of makers and products. A line each.
pub fn intel_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut before = "";
    for line in text.lines() {
        let range = read_text(line);
        let membership = range.holds(Some(before));
        assert_eq!(membership, read_text(line).holds(Some(before)));
        assert!(
            range.is_understood() || range.incomplete,
            "neither read nor kept"
        );
        if let Ok(vers) = vers::parse(line) {
            assert!(vers::read(line).is_ok(), "canonical, but not readable");
            assert!(vers.to_range().is_understood());
        }
        for scheme in [
            Scheme::Loose,
            Scheme::Semver,
            Scheme::Dpkg,
            Scheme::Rpm,
            Scheme::Datetime,
        ] {
            assert_eq!(
                order(scheme, before, line),
                order(scheme, line, before).reverse(),
                "{scheme:?}"
            );
        }
        if let Ok(name) = line.parse::<Name>() {
            assert_eq!(
                name.to_string().parse::<Name>().as_ref(),
                Ok(&name),
                "written and read again"
            );
        }
        if let Ok(vector) = line.parse::<Vector>() {
            assert_eq!(
                vector.to_string().parse::<Vector>().as_ref(),
                Ok(&vector),
                "written and read again"
            );
            assert!(vector.environmental_score().tenths() <= 100);
        }
        if let Some(purl) = Purl::read(line) {
            assert!(!purl.name.is_empty());
        }
        let key = ProductKey::read(line, before);
        assert!(
            key.is_empty() || key.fit(&key).is_some(),
            "a product that is not itself"
        );
        let _keys = vendor_keys(line);
        before = line;
    }
}
