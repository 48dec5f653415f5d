//! The exchange format: its schema, its faults, its worked example.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use auscult_risk::{Policy, Site, assess};
use serde_json::{Value, json};

const SITE_SCHEMA: &str = include_str!("../schemas/site.schema.json");
const ASSESSMENT_SCHEMA: &str = include_str!("../schemas/assessment.schema.json");

/// The site of README.md, "Check a score by hand".
fn hand_site() -> Value {
    json!({
        "format": "auscult.site/1", "site": "hand", "time": "2026-11-25T00:00:00Z",
        "segments": [{"id": "office"}, {"id": "ward"}],
        "vulnerabilities": {"CVE-2026-1": {"cvss": ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"], "epss": 0.5, "poc": true}},
        "devices": [
            {"id": "clerk", "segment": "office", "clinical": {"class": "workstation"}, "entry": {"kind": "mail_web"}, "weaknesses": []},
            {"id": "pump", "segment": "ward", "clinical": {"class": "infusion_pump"}, "services": [{"id": "tcp/80", "evidence": "served"}],
             "weaknesses": [{"id": "CVE-2026-1", "service": "tcp/80", "match": "affected"}]}
        ],
        "conversations": [{"client": "clerk", "server": "pump", "service": "tcp/80", "days_seen": 20, "clinical": true}],
        "policy": {"calibration": {"scale": 1.0}}
    })
}

fn site(value: &Value) -> Site {
    Site::from_json(value.to_string().as_bytes()).unwrap()
}

#[test]
fn hand_check() {
    let assessment = assess(&site(&hand_site()), &Policy::published().unwrap()).unwrap();
    let pair = &assessment.pairs[0];
    assert!((pair.exploitability - 0.36055).abs() < 1e-9, "{pair:?}");
    assert!(
        (pair.likelihood_layers - 0.357_931).abs() < 1e-6,
        "{pair:?}"
    );
    assert!((pair.impact - 41.6).abs() < 1e-9, "{pair:?}");
    assert!(
        (pair.likelihood_worlds - pair.likelihood_layers).abs() < 0.05,
        "{pair:?}"
    );
    let score = (pair.likelihood_layers * pair.likelihood_worlds).sqrt() * pair.impact;
    assert!((pair.score - score).abs() < 1e-12, "{pair:?}");
    assert_eq!(pair.path[0].hops.len(), 2, "{:?}", pair.path);
}

#[test]
fn schemas_accept_what_is_read_and_written() {
    let schema: Value = serde_json::from_str(SITE_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let document = hand_site();
    assert!(validator.is_valid(&document));
    let written = serde_json::to_value(site(&document).document()).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&written)
        .map(|error| error.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");

    let schema: Value = serde_json::from_str(ASSESSMENT_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let assessor =
        auscult_risk::Assessor::new(&site(&document), &Policy::published().unwrap()).unwrap();
    let mut assessment = assessor.assessment();
    assessment.controls = assessor.controls(3).controls;
    assert!(!assessment.controls.is_empty());
    let written = serde_json::to_value(&assessment).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(&written)
        .map(|error| error.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn an_assessment_without_the_direct_loss_still_reads() {
    let assessment = assess(&site(&hand_site()), &Policy::published().unwrap()).unwrap();
    let mut written = serde_json::to_value(&assessment).unwrap();
    let summary = written["summary"].as_object_mut().unwrap();
    assert!(summary.remove("direct").is_some());
    let schema: Value = serde_json::from_str(ASSESSMENT_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&written));
    let read: auscult_risk::Assessment = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(read.summary.direct, None);
    // Written again, it has no direct loss either.
    assert_eq!(serde_json::to_value(&read).unwrap(), written);
}

#[test]
fn every_fault_of_shape_is_listed_at_once_with_its_path() {
    let mut document = hand_site();
    document["devices"][0]["colour"] = json!("red");
    document["devices"][1]["services"][0]["evidence"] = json!("rumour");
    document["conversations"][0]["bytes"] = json!(-1);
    document["extra"] = json!(1);
    let faults = Site::from_json(document.to_string().as_bytes()).unwrap_err();
    let paths: Vec<&str> = faults
        .list()
        .iter()
        .map(|fault| fault.path.as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "$.devices[0]",
            "$.devices[1].services[0]",
            "$.conversations[0]",
            "$"
        ],
        "{faults}"
    );
    assert!(faults.to_string().contains("colour"), "{faults}");
}

#[test]
fn every_fault_of_meaning_is_listed_at_once_with_its_path() {
    let mut document = hand_site();
    document["devices"][0]["segment"] = json!("nowhere");
    document["devices"][1]["weaknesses"][0]["id"] = json!("CVE-0");
    document["conversations"][0]["server"] = json!("nobody");
    document["controls"] = json!([{"kind": "patch", "device": "pump"}]);
    document["time"] = json!("2026-02-30");
    let faults = Site::from_json(document.to_string().as_bytes()).unwrap_err();
    assert_eq!(faults.list().len(), 5, "{faults}");
    for text in ["nowhere", "CVE-0", "nobody", "weakness", "2026-02-30"] {
        assert!(faults.to_string().contains(text), "{text} in {faults}");
    }
}

#[test]
fn bytes_that_are_no_site_are_refused_without_a_panic() {
    for bytes in [
        &b""[..],
        b"[]",
        b"{",
        b"\xff",
        b"{\"format\":1}",
        b"null",
        b"{\"devices\":[[]]}",
    ] {
        assert!(Site::from_json(bytes).is_err());
    }
    let text = hand_site().to_string();
    for cut in 0..text.len() {
        assert!(Site::from_json(&text.as_bytes()[..cut]).is_err());
    }
}

#[test]
fn an_override_of_an_unknown_weight_is_refused() {
    let mut document = hand_site();
    document["policy"] = json!({"capability": {"magic": 1.0}});
    let faults = assess(&site(&document), &Policy::published().unwrap()).unwrap_err();
    assert!(faults.to_string().contains("magic"), "{faults}");
}

#[test]
fn accepted_risk_leaves_the_list_until_its_date() {
    let policy = Policy::published().unwrap();
    let mut document = hand_site();
    document["decisions"] = json!([{"kind": "accepted", "device": "pump", "until": "2027-01-01"}]);
    assert!(!assess(&site(&document), &policy).unwrap().pairs[0].in_cut);
    document["decisions"][0]["until"] = json!("2026-11-24");
    assert!(assess(&site(&document), &policy).unwrap().pairs[0].in_cut);
}

#[test]
fn reasons_are_words_for_people() {
    use auscult_risk::document::{EntryKind, Match};

    let kinds = [
        (EntryKind::Internet, Match::Affected),
        (EntryKind::VendorAccess, Match::UnknownVersion),
        (EntryKind::MailWeb, Match::ProductFamily),
        (EntryKind::Wireless, Match::Component),
        (EntryKind::Supplier, Match::UnderInvestigation),
    ];
    let names = ["None", "Low", "Medium", "High", "VeryHigh", "true", "false"];
    let mut names: Vec<String> = names.map(str::to_owned).to_vec();
    for (kind, matched) in kinds {
        names.extend([format!("{kind:?}"), format!("{matched:?}")]);
    }
    let mut talked = false;
    let mut told = 0;
    for (kind, matched) in kinds {
        let mut document = hand_site();
        document["devices"][0]["entry"]["kind"] = json!(kind);
        document["devices"][1]["weaknesses"][0]["match"] = json!(matched);
        document["conversations"][0]["days_seen"] = 1.into();
        // Everything on the list, so that everything has its ways.
        document["policy"]["cut"] = json!({"covered": 1.0, "share": 1.0});
        let assessment = assess(&site(&document), &Policy::published().unwrap()).unwrap();
        let pair = &assessment.pairs[0];
        let hops = pair.path.iter().flat_map(|route| &route.hops);
        let evidence: Vec<&str> = hops.map(|hop| hop.evidence.as_str()).collect();
        talked |= evidence
            .iter()
            .any(|it| it.ends_with("seen today, on 1 day"));
        let reasons = pair.factors.iter().map(|factor| factor.why.as_str());
        let reasons: Vec<&str> = reasons.chain(evidence).collect();
        told += reasons.len();
        for reason in reasons {
            let mut words = reason.split(|c: char| !c.is_alphanumeric());
            let name = words.find(|word| names.iter().any(|name| name == word));
            assert_eq!(name, None, "{reason}");
        }
    }
    assert!(talked && told > 30, "{told} reasons");
}
