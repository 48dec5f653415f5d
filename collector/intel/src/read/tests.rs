use super::*;
use crate::catalogue::Catalogue;
use crate::range::Membership;
use crate::statement::{ProductClaim, RemedyKind, SourceKind, Status};
use crate::vulnerability::Vulnerability;

pub(crate) const KEV: &[u8] = include_bytes!("seeds/kev.json");
pub(crate) const CSAF: &[u8] = include_bytes!("seeds/csaf.json");
pub(crate) const EPSS: &[u8] = include_bytes!("seeds/epss.csv");
pub(crate) const NVD: &[u8] = include_bytes!("seeds/nvd.json");
pub(crate) const CVE: &[u8] = include_bytes!("seeds/cve.json");
pub(crate) const CYCLONEDX: &[u8] = include_bytes!("seeds/cyclonedx.json");
pub(crate) const SPDX: &[u8] = include_bytes!("seeds/spdx.json");
pub(crate) const OPENVEX: &[u8] = include_bytes!("seeds/openvex.json");

fn folded(reading: &Reading, id: &str) -> Vulnerability {
    let mut catalogue = Catalogue::default();
    catalogue.take(reading.statements.clone());
    catalogue.find(id).expect("it is stated").clone()
}

fn skips(skipped: &Skipped) -> Vec<(Skip, u64)> {
    skipped
        .iter()
        .map(|(skip, count, _)| (skip, count))
        .collect()
}

fn products(vulnerability: &Vulnerability) -> Vec<&ProductClaim> {
    vulnerability
        .products()
        .map(|(_, product)| product)
        .collect()
}

#[test]
fn a_csaf_advisory_says_who_is_affected_and_who_is_not() {
    let reading = csaf::read(CSAF).unwrap();
    assert_eq!(reading.origin.publisher, "Example Medical");
    assert_eq!(reading.origin.document, "EX-2026-001");
    let found = folded(&reading, "CVE-2026-11111");
    assert_eq!(found.title(), Some("Clear-text service password"));
    assert_eq!(found.vector().unwrap().base_score().tenths(), 98);
    let products = products(&found);
    let by = |status| {
        let mut all = products
            .iter()
            .filter(|product| product.rules[0].status == status);
        all.next().expect("stated")
    };
    let affected = products
        .iter()
        .find(|p| p.product == "Infuse 4000" && p.rules[0].status == Status::Affected)
        .unwrap();
    assert_eq!(
        affected.rules[0].range.holds(Some("2.5.9")),
        Membership::Inside
    );
    assert_eq!(
        affected.remedies,
        [RemedyKind::VendorFix, RemedyKind::Mitigation]
    );
    assert!(affected.cpe.is_some());
    assert_eq!(
        by(Status::Fixed).rules[0].range.holds(Some("2.6")),
        Membership::Named
    );
    let off = by(Status::NotAffected);
    assert_eq!(
        off.justification.as_deref(),
        Some("vulnerable_code_not_present")
    );
    assert_eq!(
        off.remedies,
        [RemedyKind::Mitigation],
        "what names no product is for all"
    );
    let module = products
        .iter()
        .find(|p| p.product == "Wireless module" && p.rules[0].status == Status::Affected)
        .unwrap();
    assert!(
        module.rules[0]
            .range
            .condition
            .as_deref()
            .unwrap()
            .starts_with("with Infuse 4000")
    );
    assert_eq!(
        skips(&reading.skipped),
        [
            (Skip::Vector, 1),
            (Skip::CpeName, 1),
            (Skip::UnknownProduct, 1),
            (Skip::UnknownValue, 1)
        ]
    );
    let other = folded(&reading, "EX-BUG-7");
    assert_eq!(
        other.title(),
        Some("Example Pump"),
        "without one of its own"
    );
}

#[test]
fn the_catalogue_of_exploited_vulnerabilities_reads() {
    let reading = kev::read(KEV).unwrap();
    let found = folded(&reading, "CVE-2017-0144");
    assert!(found.known_exploited() && found.ransomware());
    assert_eq!(
        found.ssvc().exploitation,
        Some(crate::ssvc::Exploitation::Active)
    );
    assert_eq!(
        reading.at_ms,
        crate::version::millis("2025-08-25T17:04:19.979Z").unwrap()
    );
}

#[test]
fn scores_of_a_day_read_and_bad_rows_are_counted() {
    let (edition, reading) = epss::read(EPSS).unwrap();
    assert_eq!(
        (edition.model.as_str(), edition.date.as_str()),
        ("v2026.06.15", "2026-08-16T00:00:00+0000")
    );
    assert_eq!(reading.statements.len(), 2);
    assert_eq!(skips(&reading.skipped), [(Skip::Row, 1)]);
    let (probability, _) = folded(&reading, "CVE-1999-1593").epss().unwrap();
    assert_eq!(probability.0, 181_260_000);
    assert!(matches!(
        epss::read(b"cve,epss\n"),
        Err(ReadError::SomethingElse { .. })
    ));
    assert!(
        matches!(
            epss::read(b"\x1f\x8b\x08\xff"),
            Err(ReadError::Shape { .. })
        ),
        "still compressed"
    );
}

#[test]
fn an_nvd_page_reads_its_configurations() {
    let reading = nvd::read(NVD).unwrap();
    let found = folded(&reading, "CVE-2026-22222");
    assert!(found.public_exploit());
    assert_eq!(found.vectors().len(), 2);
    let products = products(&found);
    let monitor = products.iter().find(|p| p.product == "vital 200").unwrap();
    assert_eq!(
        monitor.rules[0].range.condition, None,
        "firmware and its hardware are one"
    );
    assert_eq!(
        monitor.rules[0].range.holds(Some("3.3.9")),
        Membership::Inside
    );
    assert_eq!(
        monitor.rules[0].range.holds(Some("3.4")),
        Membership::Outside
    );
    let viewer = products.iter().find(|p| p.product == "viewer").unwrap();
    assert_eq!(
        viewer.rules[0].range.holds(Some("1.2 sp1")),
        Membership::Conditional
    );
    assert_eq!(skips(&reading.skipped), [(Skip::CpeName, 1)]);
    assert!(folded(&reading, "CVE-2026-22223").withdrawn());
}

#[test]
fn a_cve_record_reads_with_what_others_add() {
    let reading = cve::read(CVE).unwrap();
    let found = folded(&reading, "CVE-2026-33333");
    let points = found.ssvc();
    assert_eq!(
        points.technical_impact,
        Some(crate::ssvc::TechnicalImpact::Total)
    );
    assert_eq!(
        points.exploitation,
        Some(crate::ssvc::Exploitation::Active),
        "it is in KEV"
    );
    let kinds: Vec<SourceKind> = found
        .accounts
        .iter()
        .map(|account| account.origin.kind)
        .collect();
    assert_eq!(kinds, [SourceKind::CveRecord, SourceKind::CveAdp]);
    let products = products(&found);
    let archive = products.iter().find(|p| p.product == "Archive").unwrap();
    let status = |version: &str| {
        let holds = |rule: &&crate::statement::Rule| {
            rule.range.holds(Some(version)).decided() == Some(true)
        };
        archive.rules.iter().find(holds).map(|rule| rule.status)
    };
    assert_eq!(status("4.5.2"), Some(Status::Affected));
    assert_eq!(status("4.5.3"), Some(Status::NotAffected), "changed there");
    assert_eq!(status("4.6.0"), Some(Status::Affected), "and back");
    assert_eq!(status("4.8.0"), None);
    assert_eq!(status("3.1"), Some(Status::Affected), "a range in words");
    assert_eq!(archive.otherwise, Status::NotAffected);
    assert_eq!(skips(&reading.skipped), [(Skip::UnknownProduct, 1)]);
}

#[test]
fn bills_of_materials_read() {
    let (sbom, reading) = cyclonedx::read(CYCLONEDX).unwrap();
    assert_eq!(
        (sbom.subject.vendor.as_str(), sbom.subject.name.as_str()),
        ("Example Medical", "Vital 200")
    );
    let names: Vec<(&str, Option<&str>)> = sbom
        .components
        .iter()
        .map(|c| (c.name.as_str(), c.version.as_deref()))
        .collect();
    assert_eq!(names, [("dcmtk", Some("3.6.4")), ("zlib", Some("1.2.11"))]);
    let off = folded(&reading, "CVE-2022-2119");
    assert_eq!(products(&off)[0].rules[0].status, Status::NotAffected);
    assert_eq!(products(&off)[0].product, "Vital 200");
    assert_eq!(
        skips(&reading.skipped),
        [
            (Skip::UnknownProduct, 1),
            (Skip::UnknownValue, 1),
            (Skip::NoIdentifier, 1)
        ]
    );
    let (sbom, skipped) = spdx::read(SPDX).unwrap();
    assert_eq!(sbom.subject.vendor, "Example Medical");
    assert_eq!(sbom.components.len(), 1);
    assert_eq!(sbom.components[0].vendor, "");
    assert_eq!(skipped.total(), 0);
}

#[test]
fn openvex_statements_read_in_both_editions() {
    let reading = openvex::read(OPENVEX).unwrap();
    let off = folded(&reading, "CVE-2026-44444");
    assert_eq!(
        products(&off)[0].rules[0].range.holds(Some("1.4")),
        Membership::Named
    );
    let on = folded(&reading, "CVE-2026-44445");
    assert_eq!(products(&on)[0].product, "viewer");
    assert_eq!(
        skips(&reading.skipped),
        [(Skip::UnknownProduct, 1), (Skip::UnknownValue, 1)]
    );
}

#[test]
fn something_else_is_refused_with_what_was_found() {
    type Read = fn(&[u8]) -> Option<ReadError>;
    let readers: [(&str, Read); 7] = [
        ("csaf", |bytes| csaf::read(bytes).err()),
        ("kev", |bytes| kev::read(bytes).err()),
        ("nvd", |bytes| nvd::read(bytes).err()),
        ("cve", |bytes| cve::read(bytes).err()),
        ("cyclonedx", |bytes| cyclonedx::read(bytes).err()),
        ("spdx", |bytes| spdx::read(bytes).err()),
        ("openvex", |bytes| openvex::read(bytes).err()),
    ];
    let seeds = [
        ("csaf", CSAF),
        ("kev", KEV),
        ("nvd", NVD),
        ("cve", CVE),
        ("cyclonedx", CYCLONEDX),
        ("spdx", SPDX),
        ("openvex", OPENVEX),
    ];
    for (name, read) in readers {
        for (other, bytes) in seeds {
            assert_eq!(read(bytes).is_none(), name == other, "{name} of {other}");
        }
        let text = read(b"{").unwrap().to_string();
        assert!(text.contains("line 1"), "{text}");
    }
}
