use auscult_intel::ssvc::{SystemExposure, TechnicalImpact};
use auscult_risk::document::{DeviceEntry, Document, Match, Vulnerability};
use auscult_risk::{Policy, Site, assess};
use serde_json::{Value, json};

use super::standards::Standards;
use super::{completion, standards};
use crate::intel::{Library, recognise};

fn library(files: &[&[u8]]) -> Library {
    let mut library = Library::default();
    for bytes in files {
        let format = recognise::format_of(bytes).unwrap().unwrap();
        library.take(recognise::read(format, bytes).unwrap());
    }
    library
}

fn csaf() -> Library {
    library(&[include_bytes!("../../intel/src/read/seeds/csaf.json")])
}

fn device(identities: Value) -> DeviceEntry {
    serde_json::from_value(json!({
        "id": "pump", "segment": "ward", "identities": identities, "services": [{"id": "tcp/23"}, {"id": "tcp/80"}]
    }))
    .unwrap()
}

fn infuse(probability: f64, version: Option<&str>) -> Value {
    json!({ "probability": probability, "vendor": "Example Medical", "product": "Infuse 4000", "version": version })
}

#[test]
fn the_grade_follows_the_standing_and_an_unlikely_identity_lowers_it() {
    let index = csaf().index();
    let grade = |identities: Value| {
        let (found, unlikely) = completion::weaknesses(&device(identities), &index);
        let grades: Vec<Match> = found.iter().map(|own| own.matched).collect();
        (grades, unlikely)
    };
    assert_eq!(
        grade(json!([infuse(1.0, Some("2.3"))])),
        (vec![Match::Affected], 0)
    );
    assert_eq!(
        grade(json!([infuse(0.8, Some("2.3"))])),
        (vec![Match::Affected], 0)
    );
    assert_eq!(
        grade(json!([infuse(0.6, Some("2.3"))])),
        (vec![Match::UnknownVersion], 0)
    );
    assert_eq!(
        grade(json!([infuse(0.3, Some("2.3"))])),
        (vec![Match::ProductFamily], 0)
    );
    assert_eq!(grade(json!([infuse(0.1, Some("2.3"))])), (vec![], 1));
    assert_eq!(
        grade(json!([infuse(1.0, None)])),
        (vec![Match::UnknownVersion], 0)
    );
    assert_eq!(grade(json!([infuse(1.0, Some("2.6"))])), (vec![], 0));
    // The likeliest is fixed, another one is not.
    let either = json!([infuse(0.7, Some("2.6")), infuse(0.3, Some("2.3"))]);
    assert_eq!(grade(either), (vec![Match::ProductFamily], 0));
    let family = json!([{ "probability": 1.0, "vendor": "Example Medical", "product": "Infuse" }]);
    assert_eq!(grade(family), (vec![Match::ProductFamily], 0));
}

#[test]
fn a_weakness_is_of_the_service_its_words_speak_of() {
    let index = csaf().index();
    let mut device = device(json!([infuse(1.0, Some("2.3"))]));
    let (found, _) = completion::weaknesses(&device, &index);
    assert_eq!(found[0].service.as_deref(), Some("tcp/23"));
    device.services.remove(0);
    let (found, _) = completion::weaknesses(&device, &index);
    assert_eq!(found[0].service.as_deref(), Some(completion::NOT_SEEN));
}

#[test]
fn what_a_site_states_itself_stays() {
    let index = csaf().index();
    let own = Vulnerability {
        epss: Some(0.7),
        ..Vulnerability::default()
    };
    let mut document: Document = serde_json::from_value(json!({
        "format": "auscult.site/1", "site": "x", "time": "2026-11-25",
        "devices": [
            {"id": "a", "segment": "s", "identities": [infuse(1.0, Some("2.3"))], "weaknesses": []},
            {"id": "b", "segment": "s", "identities": [infuse(1.0, Some("2.3"))]},
        ],
    }))
    .unwrap();
    document
        .vulnerabilities
        .insert("CVE-2026-11111".to_owned(), own.clone());
    let done = completion::complete(&mut document, &index);
    assert_eq!((done.devices, done.weaknesses, done.described), (1, 1, 0));
    assert_eq!(document.devices[0].weaknesses, Some(vec![]));
    assert_eq!(document.vulnerabilities["CVE-2026-11111"], own);
}

#[test]
fn what_publishers_state_becomes_what_the_engine_asks() {
    let library = library(&[include_bytes!("../../intel/src/read/seeds/cve.json")]);
    let known = completion::describe(library.catalogue().find("CVE-2026-33333").unwrap());
    assert!(known.kev && known.poc && known.automatable);
    assert_eq!(known.technical_impact_total, Some(true));
    assert_eq!(known.cvss.len(), 1);
    assert!(known.cvss[0].starts_with("CVSS:4.0/"));
}

/// A site of one server in `ward` with one weakness on tcp/80, changed by the caller.
fn site(change: impl FnOnce(&mut Value)) -> Standards {
    let mut value = json!({
        "format": "auscult.site/1", "site": "x", "time": "2026-11-25T00:00:00Z",
        "segments": [{"id": "office"}, {"id": "ward"}],
        "vulnerabilities": {"V": {"cvss": ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"]}},
        "devices": [
            {"id": "clerk", "segment": "office", "entry": {"kind": "mail_web"}, "weaknesses": []},
            {"id": "nurse", "segment": "ward", "weaknesses": []},
            {"id": "server", "segment": "ward", "services": [{"id": "tcp/80"}], "weaknesses": [{"id": "V", "service": "tcp/80"}],
             "clinical": {"safety": "critical", "mission": "support", "data_classes": ["phi"]}},
        ],
        "conversations": [],
        "policy": {"worlds": {"count": 64}},
    });
    change(&mut value);
    let site = Site::from_json(value.to_string().as_bytes()).unwrap();
    let policy = Policy::published().unwrap();
    let assessment = assess(&site, &policy).unwrap();
    let written = standards::beside(site.document(), &policy, &assessment);
    written.pairs[0].standards.clone()
}

fn reach(change: impl FnOnce(&mut Value)) -> String {
    let vector = site(change).cvss_environmental().unwrap().vector.clone();
    vector
        .rsplit_once("/MAV:")
        .map_or_else(String::new, |(_, reach)| reach.to_owned())
}

#[test]
fn the_modified_attack_vector_is_what_the_site_lets_through() {
    let talk = |client: &str| json!([{"client": client, "server": "server", "service": "tcp/80"}]);
    assert_eq!(reach(|_| {}), "A");
    assert_eq!(reach(|site| site["conversations"] = talk("nurse")), "A");
    assert_eq!(reach(|site| site["conversations"] = talk("clerk")), "N");
    assert_eq!(
        reach(|site| site["segment_links"] =
            json!([{"from": "office", "to": "ward", "service": "tcp/80", "evidence": "rule"}])),
        "N"
    );
    assert_eq!(
        reach(
            |site| site["segment_links"] = json!([{"from": "office", "to": "ward", "service": "tcp/80", "evidence": "refuted"}])
        ),
        "A"
    );
    assert_eq!(
        reach(|site| site["devices"][2]["entry"] = json!({"kind": "internet"})),
        "N"
    );
    assert_eq!(
        reach(|site| site["devices"][2]["services"][0]["evidence"] = "refused".into()),
        "L"
    );
    assert_eq!(
        reach(
            |site| site["controls"] = json!([{"kind": "close_service", "device": "server", "service": "tcp/80", "verified": true}])
        ),
        "L"
    );
    // A flaw that needs hands on the device is not made remote by its service.
    let physical = reach(|site| {
        site["vulnerabilities"]["V"]["cvss"] =
            json!(["CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"]);
        site["conversations"] = talk("clerk");
    });
    assert_eq!(physical, "");
}

#[test]
fn exposure_and_the_directive_follow_entries() {
    let inside = site(|_| {});
    assert_eq!(inside.ssvc.exposure, SystemExposure::Small);
    assert!(!inside.bod_26_04.publicly_exposed);
    assert_eq!(inside.bod_26_04.tier.name(), "fix on system upgrade");
    let outside = site(|site| {
        site["devices"][2]["entry"] = json!({"kind": "internet"});
        site["vulnerabilities"]["V"]["kev"] = true.into();
    });
    assert_eq!(outside.ssvc.exposure, SystemExposure::Open);
    assert_eq!(outside.ssvc.decision.name(), "out-of-cycle");
    assert!(outside.bod_26_04.publicly_exposed);
    assert_eq!(outside.bod_26_04.technical_impact, TechnicalImpact::Total);
    assert!(outside.bod_26_04.tier.name().starts_with("3 days"));
    let vendor = site(|site| site["devices"][2]["entry"] = json!({"kind": "vendor_access"}));
    assert_eq!(vendor.ssvc.exposure, SystemExposure::Open);
    assert!(!vendor.bod_26_04.publicly_exposed);
}

#[test]
fn a_vector_of_version_2_or_none_has_no_environment() {
    let old =
        site(|site| site["vulnerabilities"]["V"]["cvss"] = json!(["AV:N/AC:L/Au:N/C:C/I:C/A:C"]));
    assert_eq!(old.cvss_environmental(), None);
    assert_eq!(old.bod_26_04.technical_impact, TechnicalImpact::Total);
    let none = site(|site| site["vulnerabilities"]["V"]["cvss"] = json!([]));
    assert_eq!(none.cvss_environmental(), None);
    assert_eq!(none.bod_26_04.technical_impact, TechnicalImpact::Partial);
}
