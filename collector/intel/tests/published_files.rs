//! Real files of publishers, where the machine has them: `AUSCULT_INTEL`, or `../shared/intel` beside the checkout.
#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read fails its test"
)]

#[path = "shared/mod.rs"]
mod shared;

use std::collections::{BTreeMap, BTreeSet};

use auscult_intel::catalogue::Catalogue;
use auscult_intel::read;
use auscult_intel::statement::{Claim, RemedyKind, SourceKind};

/// Every product entry is decided (its range is read) or undecided with its text kept.
#[test]
fn all_medical_advisories_read_and_no_range_is_lost() {
    let Some(folder) = shared::intel("all_medical_advisories_read_and_no_range_is_lost") else {
        return;
    };
    let mut tally: BTreeMap<&str, usize> = BTreeMap::new();
    let mut entries = BTreeSet::new();
    let mut catalogue = Catalogue::default();
    let mut files = 0;
    for entry in std::fs::read_dir(folder.join("csaf_icsma")).unwrap() {
        let path = entry.unwrap().path();
        let reading = read::csaf::read(&std::fs::read(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(
            reading.skipped.total(),
            0,
            "{}: {}",
            path.display(),
            reading.skipped
        );
        assert!(reading.at_ms > 0, "{}", path.display());
        for statement in &reading.statements {
            if let Claim::Product(product) = &statement.claim {
                let range = &product.rules[0].range;
                entries.insert((
                    statement.origin.document.clone(),
                    product.vendor.clone(),
                    product.product.clone(),
                    range.clone(),
                ));
            }
        }
        catalogue.take(reading.statements);
        files += 1;
    }
    for (document, vendor, product, range) in &entries {
        let kind = match (range.is_understood(), &range.condition, range.incomplete) {
            (false, _, _) => "unknown, text kept",
            (true, Some(_), _) => "decided outside, conditional inside",
            (true, None, true) => "in part decided",
            (true, None, false) => "decided",
        };
        *tally.entry(kind).or_default() += 1;
        if kind != "decided" {
            assert!(!range.text.is_empty(), "{document} {vendor} {product}");
            println!("{kind}: {document} {vendor} | {product} | {}", range.text);
        }
    }
    println!(
        "{files} files, {} vulnerabilities, {} product entries: {tally:?}",
        catalogue.len(),
        entries.len()
    );
    assert_eq!(files, 144);
    assert_eq!(catalogue.len(), 428);
    assert!(
        tally["decided"] * 10 >= entries.len() * 8,
        "four in five are decided"
    );
    let all = catalogue.iter();
    let fixable = all
        .filter(|v| v.remedies().contains(&RemedyKind::VendorFix))
        .count();
    assert!(fixable > 200, "{fixable}");
    assert!(
        catalogue
            .iter()
            .all(|v| v.vector().is_some() && v.title().is_some())
    );
}

#[test]
fn the_kev_catalogue_reads() {
    let Some(folder) = shared::intel("the_kev_catalogue_reads") else {
        return;
    };
    let bytes = std::fs::read(folder.join("kev/known_exploited_vulnerabilities.json")).unwrap();
    let reading = read::kev::read(&bytes).unwrap();
    assert_eq!(reading.skipped.total(), 0);
    let mut catalogue = Catalogue::default();
    catalogue.take(reading.statements);
    assert_eq!(catalogue.len(), 1_404);
    assert!(catalogue.iter().all(|v| v.known_exploited()));
    let ransomware = catalogue.iter().filter(|v| v.ransomware()).count();
    println!(
        "{} known exploited, {ransomware} by ransomware",
        catalogue.len()
    );
    assert!(catalogue.find("CVE-2017-0144").unwrap().ransomware());
}

#[test]
fn a_day_of_epss_scores_reads() {
    let Some(folder) = shared::intel("a_day_of_epss_scores_reads") else {
        return;
    };
    let bytes = unzip(&folder.join("epss_scores-2026-08-16.csv.gz"));
    let (edition, reading) = read::epss::read(&bytes).unwrap();
    assert_eq!(edition.model, "v2026.06.15");
    assert_eq!(reading.skipped.total(), 0);
    assert_eq!(reading.statements.len(), 360_142);
    assert_eq!(
        reading.at_ms,
        auscult_intel::version::millis("2026-08-16").unwrap()
    );
    assert_eq!(reading.origin.kind, SourceKind::Epss);
    let first = &reading.statements[0];
    assert!(first.id.starts_with("CVE-"));
}

/// The file as `gunzip` gives it: the crate reads text, its callers unpack.
fn unzip(path: &std::path::Path) -> Vec<u8> {
    let output = std::process::Command::new("gunzip")
        .arg("-c")
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success());
    output.stdout
}
