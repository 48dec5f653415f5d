use super::*;
use crate::range::{Range, read_text};
use crate::sbom::Sbom;
use crate::statement::{Claim, Origin, Rule, SourceKind, Statement};
use crate::vulnerability::Vulnerability;

fn statement(id: &str, kind: SourceKind, claim: Claim) -> Statement {
    Statement {
        id: id.into(),
        origin: Origin {
            kind,
            publisher: "publisher".into(),
            document: format!("{claim:?}").chars().take(60).collect(),
        },
        at_ms: 1,
        claim,
    }
}

fn product(vendor: &str, name: &str, status: Status, range: Range) -> Claim {
    Claim::Product(Box::new(ProductClaim {
        vendor: vendor.into(),
        product: name.into(),
        cpe: None,
        purl: None,
        rules: vec![Rule { status, range }],
        otherwise: Status::Unknown,
        remedies: Vec::new(),
        justification: None,
    }))
}

fn vulnerability(id: &str, claims: Vec<Claim>) -> Vulnerability {
    let mut vulnerability = Vulnerability::new(id);
    for claim in claims {
        vulnerability.take(statement(id, SourceKind::Csaf, claim));
    }
    vulnerability
}

fn candidate(probability: f64, vendor: &str, product: &str, version: Option<&str>) -> Candidate {
    Candidate {
        probability,
        vendor: vendor.into(),
        product: product.into(),
        version: version.map(str::to_owned),
    }
}

fn device(candidates: Vec<Candidate>) -> Device {
    Device {
        parts: vec![Part {
            candidates,
            service: None,
        }],
        ..Device::default()
    }
}

fn pump() -> Vulnerability {
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
        .parse()
        .unwrap();
    vulnerability(
        "CVE-1",
        vec![
            Claim::Title("Alaris: clear-text Telnet".into()),
            Claim::Score(vector),
            product(
                "Becton, Dickinson and Company (BD)",
                "Alaris 8015 PC unit",
                Status::Affected,
                read_text("<= 9.33"),
            ),
            product(
                "Becton, Dickinson and Company (BD)",
                "Alaris 8015 PC unit",
                Status::NotAffected,
                read_text("9.20"),
            ),
        ],
    )
}

fn only(index: &Index, device: &Device) -> Match {
    let mut matches = match_device(index, device, &Weights::default());
    assert_eq!(matches.len(), 1, "{matches:?}");
    matches.remove(0)
}

#[test]
fn the_answer_is_yes_no_or_unknown_with_a_reason() {
    let index = Index::new(vec![pump()], &[]);
    let cases = [
        (
            "CareFusion",
            "Alaris 8015",
            Some("9.19"),
            Verdict::Affected,
            Standing::In(Membership::Inside),
            1.0,
        ),
        (
            "BD",
            "Alaris 8015",
            Some("12.1"),
            Verdict::NotAffected,
            Standing::Out(Membership::Outside),
            0.0,
        ),
        (
            "BD",
            "Alaris 8015",
            Some("9.20"),
            Verdict::NotAffected,
            Standing::NotAffected,
            0.0,
        ),
        (
            "BD",
            "Alaris 8015",
            None,
            Verdict::Unknown,
            Standing::Undecided(Membership::NoVersion),
            0.5,
        ),
        (
            "BD",
            "Alaris",
            Some("9.1"),
            Verdict::Unknown,
            Standing::Family,
            0.3,
        ),
    ];
    for (vendor, product, version, verdict, standing, weight) in cases {
        let found = only(
            &index,
            &device(vec![candidate(1.0, vendor, product, version)]),
        );
        assert_eq!(
            (found.verdict, found.standing),
            (verdict, standing),
            "{product} {version:?}"
        );
        assert!((found.weight - weight).abs() < 1e-12, "{found:?}");
        assert!(!found.standing.to_string().is_empty());
    }
    let other = device(vec![candidate(1.0, "Philips", "Alaris 8015", Some("9.19"))]);
    assert!(
        match_device(&index, &other, &Weights::default()).is_empty(),
        "another maker's"
    );
}

#[test]
fn hypotheses_add_up_by_their_probability() {
    let index = Index::new(vec![pump()], &[]);
    let found = only(
        &index,
        &device(vec![
            candidate(0.2, "BD", "Alaris 8015", Some("9.19")),
            candidate(0.7, "BD", "Alaris 8015", None),
        ]),
    );
    assert!((found.weight - (0.2 + 0.35)).abs() < 1e-12);
    assert_eq!(found.candidate, 1, "the most probable one answers");
    assert_eq!(found.verdict, Verdict::Unknown);
}

#[test]
fn a_vulnerability_is_tied_to_the_service_it_speaks_of() {
    let index = Index::new(vec![pump()], &[]);
    let mut with = device(vec![candidate(1.0, "BD", "Alaris 8015", Some("9.19"))]);
    assert_eq!(only(&index, &with).through, Through::NotSeen);
    with.services = vec![
        Service {
            ip_protocol: 6,
            port: 104,
            name: Some("dicom".into()),
        },
        Service {
            ip_protocol: 6,
            port: 23,
            name: None,
        },
    ];
    assert_eq!(only(&index, &with).through, Through::Service(1));
}

#[test]
fn a_model_in_words_is_recognised_and_an_unknown_maker_said() {
    let models = vulnerability(
        "CVE-2",
        vec![product(
            "Medtronic",
            "MiniMed 630G",
            Status::Affected,
            read_text("MMT-1715 | MMT-1754 | MMT-1755"),
        )],
    );
    let monitor = vulnerability(
        "CVE-3",
        vec![product(
            "Contec Health",
            "CMS8000 CONTEC ICU CCU Vital Signs Patient Monitor",
            Status::Affected,
            read_text("*"),
        )],
    );
    let index = Index::new(vec![models, monitor], &[]);
    let found = only(
        &index,
        &device(vec![candidate(
            1.0,
            "Medtronic",
            "MiniMed 630G MMT-1715",
            Some("4.1"),
        )]),
    );
    assert_eq!(found.standing, Standing::ModelNamed);
    let found = only(
        &index,
        &device(vec![candidate(
            1.0,
            "Medtronic",
            "MiniMed 630G",
            Some("4.1"),
        )]),
    );
    assert_eq!(
        found.standing,
        Standing::Undecided(Membership::NotUnderstood)
    );
    let found = only(&index, &device(vec![candidate(1.0, "", "CMS8000", None)]));
    assert_eq!(found.standing, Standing::MakerUnknown);
}

#[test]
fn components_weigh_less_until_the_maker_speaks() {
    let library = |more: Vec<Claim>| {
        let range = Range {
            scheme: crate::version::Scheme::Semver,
            ..read_text("< 3.6.7")
        };
        let mut claims = vec![product("OFFIS", "DCMTK", Status::Affected, range)];
        claims.extend(more);
        vulnerability("CVE-4", claims)
    };
    let sbom = Sbom {
        subject: Component {
            vendor: "Philips".into(),
            name: "Vue PACS".into(),
            ..Component::default()
        },
        components: vec![Component {
            vendor: "OFFIS".into(),
            name: "dcmtk".into(),
            version: Some("3.6.4".into()),
            ..Component::default()
        }],
        ..Sbom::default()
    };
    let archive = device(vec![candidate(1.0, "Philips", "Vue PACS", Some("12.2"))]);
    let index = Index::new(vec![library(vec![])], std::slice::from_ref(&sbom));
    let found = only(&index, &archive);
    assert_eq!(found.standing, Standing::Component(Membership::Inside));
    assert_eq!(found.component.as_deref(), Some("dcmtk"));
    assert!((found.weight - 0.7).abs() < 1e-12);
    let vex = product("Philips", "Vue PACS", Status::NotAffected, Range::all());
    let index = Index::new(vec![library(vec![vex])], &[sbom]);
    let found = only(&index, &archive);
    assert_eq!(
        (found.verdict, found.standing),
        (Verdict::NotAffected, Standing::NotAffected)
    );
    let mut own = device(vec![]);
    own.components = vec![Component {
        name: "DCMTK".into(),
        version: None,
        ..Component::default()
    }];
    let found = only(&index, &own);
    assert_eq!(
        found.standing,
        Standing::ComponentMaybe(Membership::NoVersion)
    );
}
