//! Findings: every activity of both kinds.

use std::collections::BTreeMap;

use auscult_findings::standards::{Bod, Environmental, Ssvc, Standards};
use auscult_findings::{
    Activity, Band, Cause as Why, Change, ChangeKind, Closing, Knowledge, Label, Life, Moved,
    PairTold, Said, Subject, Telling,
};
use auscult_intel::cvss::Vector;
use auscult_intel::ssvc::{
    Automatable, Bod2604, DeployerPriority, Exploitation, HumanImpact, SystemExposure,
    TechnicalImpact,
};
use auscult_intel::statement::{
    Claim, Origin as Publisher, RemedyKind, Share, SourceKind, Statement,
};
use auscult_intel::vulnerability::Vulnerability;
use auscult_risk::document::Match;
use auscult_risk::{DeviceRisk, Explanation, Factor, Hop, HopKind, PairRisk, Route, Tier};
use proptest::prelude::*;
use serde_json::json as value_of;

use super::*;
use crate::encode_finding;

const CVE: &str = "CVE-2026-1001";
const PUMP: &str = "11111111-1111-1111-1111-111111111111";
const LAPTOP: &str = "22222222-2222-2222-2222-222222222222";

fn stated(id: &str) -> Vulnerability {
    let mut stated = Vulnerability::new(id);
    let claims = [
        (
            SourceKind::Csaf,
            Claim::Title("Stack overflow in the pump".to_owned()),
        ),
        (
            SourceKind::Csaf,
            Claim::Description("A long frame stops it.".to_owned()),
        ),
        (SourceKind::Csaf, Claim::Cwe("CWE-121".to_owned())),
        (
            SourceKind::Csaf,
            Claim::Score(
                "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
                    .parse()
                    .unwrap(),
            ),
        ),
        (
            SourceKind::Csaf,
            Claim::Score(
                "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"
                    .parse()
                    .unwrap(),
            ),
        ),
        (
            SourceKind::Csaf,
            Claim::Remedy(RemedyKind::VendorFix, "Update to 16.1.".to_owned()),
        ),
        (
            SourceKind::Epss,
            Claim::Epss {
                probability: Share(930_000_000),
                percentile: Share(990_000_000),
            },
        ),
        (
            SourceKind::Kev,
            Claim::KnownExploited {
                added_ms: Some(START),
                ransomware: true,
            },
        ),
    ];
    for (kind, claim) in claims {
        stated.take(Statement {
            id: id.to_owned(),
            origin: Publisher {
                kind,
                publisher: "publisher".to_owned(),
                document: String::new(),
            },
            at_ms: START,
            claim,
        });
    }
    stated
}

fn knowledge() -> Knowledge {
    let mut knowledge = Knowledge::default();
    knowledge.take(stated(CVE));
    knowledge.take(stated("ICSMA-26-001"));
    knowledge.settle();
    knowledge
}

fn hop(from: Option<&str>, to: &str, kind: HopKind) -> Hop {
    Hop {
        from: from.map(str::to_owned),
        to: to.to_owned(),
        service: Some("tcp/9000".to_owned()),
        weakness: Some(CVE.to_owned()),
        probability: 0.25,
        kind,
        evidence: "conversation seen today".to_owned(),
    }
}

fn standards() -> Standards {
    let environmental = [
        (
            "3.1",
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:H/CR:L/IR:H/AR:H/MAV:A",
        ),
        (
            "4.0",
            "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A/CR:L/IR:H/AR:H/MAV:A/MSI:S/MSA:S",
        ),
    ];
    Standards {
        ssvc: Ssvc {
            decision: DeployerPriority::Immediate,
            exploitation: Exploitation::Active,
            exposure: SystemExposure::Controlled,
            automatable: Automatable::Yes,
            human_impact: HumanImpact::VeryHigh,
        },
        bod_26_04: Bod {
            tier: Bod2604::Days14,
            in_kev: true,
            publicly_exposed: false,
            automatable: Automatable::Yes,
            technical_impact: TechnicalImpact::Total,
        },
        environmental: environmental
            .into_iter()
            .map(|(version, text)| {
                let vector: Vector = text.parse().unwrap();
                Environmental {
                    version,
                    vector: vector.to_string(),
                    score: vector.environmental_score().tenths(),
                    severity: vector.environmental_score().severity(),
                    base_score: vector.base_score().tenths(),
                }
            })
            .collect(),
    }
}

fn pair(weakness: &str) -> PairTold {
    let knowledge = knowledge();
    PairTold {
        weakness: weakness.to_owned(),
        known: knowledge.find(weakness).cloned(),
        services: vec![None, Some("tcp/9000".to_owned())],
        matched: Match::Affected,
        version: Some("15.1".to_owned()),
        risk: Some(PairRisk {
            device: PUMP.to_owned(),
            weakness: weakness.to_owned(),
            service: None,
            rank: 1,
            score: 1.5,
            likelihood: 0.05,
            likelihood_layers: 0.05,
            likelihood_worlds: 0.05,
            annual: 0.025,
            impact: 32.0,
            consequence: 1.0,
            exploitability: 0.5,
            through: 2.0,
            tier: Tier::Top,
            in_cut: true,
            factors: Vec::new(),
            path: Vec::new(),
        }),
        explanation: Some(Explanation {
            factors: vec![Factor {
                name: "alpha".to_owned(),
                value: 0.95,
                why: "KEV".to_owned(),
            }],
            routes: vec![Route {
                hops: vec![
                    hop(None, LAPTOP, HopKind::Entry),
                    hop(Some(LAPTOP), PUMP, HopKind::Conversation),
                ],
                probability: 0.0625,
            }],
        }),
        standards: Some(standards()),
        names: BTreeMap::from([(LAPTOP.to_owned(), "biomed-7".to_owned())]),
    }
}

fn telling(activity: Activity, uid: String, said: Said) -> Telling {
    let close = activity == Activity::Close;
    Telling {
        uid,
        site: "main".parse().unwrap(),
        time: START + 60_000,
        life: Life {
            revision: 4,
            open: !close,
            opened: START,
            told: START + 60_000,
            band: Band::High,
            points: 79,
        },
        activity,
        closing: close.then_some(Closing::DeviceGone),
        subject: Subject {
            id: PUMP.to_owned(),
            label: Label {
                name: Some("pump-17".to_owned()),
                ip: Some([10, 0, 0, 5].into()),
                mac: Some("00:1a:01:00:00:01".to_owned()),
                vendor: Some("ICU Medical".to_owned()),
                model: Some("Plum 360".to_owned()),
            },
            segment: Some("vlan 110".to_owned()),
            class: Some("infusion_pump".to_owned()),
        },
        said,
        moved: vec![Moved {
            field: "band",
            before: Some("Medium".to_owned()),
            after: Some("High".to_owned()),
        }],
        cause: Why {
            changes: vec![Change {
                kind: ChangeKind::KnownExploited,
                devices: Vec::new(),
                vulnerability: Some(CVE.to_owned()),
                before: Some("no".to_owned()),
                after: Some("yes".to_owned()),
                dated: Some(START),
            }],
            direct: true,
            of: 1,
        },
    }
}

fn risk() -> DeviceRisk {
    DeviceRisk {
        device: PUMP.to_owned(),
        likelihood: 0.05,
        likelihood_layers: 0.05,
        likelihood_worlds: 0.05,
        impact: 32.0,
        loss: 1.6,
        springboard: 0.3,
        springboard_rank: 2,
        segment_share: 0.1,
        benefit: 0.0,
    }
}

fn of_pair(activity: Activity, weakness: &str) -> Telling {
    let mut pair = pair(weakness);
    if activity == Activity::Close {
        (pair.risk, pair.explanation) = (None, None);
        pair.standards = None;
    }
    telling(
        activity,
        format!("vf:{PUMP}:{weakness}"),
        Said::Pair(Box::new(pair)),
    )
}

fn of_risk(activity: Activity) -> Telling {
    let risk = (activity != Activity::Close).then(risk);
    telling(activity, format!("risk:{PUMP}"), Said::Risk(risk))
}

const ACTIVITIES: [Activity; 3] = [Activity::Create, Activity::Update, Activity::Close];

/// The records of each code.
pub(super) fn every_code() -> [Vec<PublicRecord>; 2] {
    let encode = |telling: Telling| encode_finding(&telling, &context());
    [
        ACTIVITIES
            .into_iter()
            .flat_map(|activity| encode(of_pair(activity, CVE)))
            .collect(),
        ACTIVITIES
            .into_iter()
            .flat_map(|activity| encode(of_risk(activity)))
            .collect(),
    ]
}

#[test]
fn a_closed_finding_leaves_the_open_ones_and_an_open_one_says_the_same_in_both() {
    for activity in ACTIVITIES {
        for telling in [of_pair(activity, CVE), of_risk(activity)] {
            let [event, open] = encode_finding(&telling, &context());
            assert_eq!(event.topic, crate::PublicTopic::Findings);
            assert_eq!(open.topic, crate::PublicTopic::FindingsOpen);
            assert_eq!(event.key, open.key);
            assert_eq!(open.value.is_none(), activity == Activity::Close);
            let Some(mut same) = json(&open) else {
                continue;
            };
            let told = json(&event).unwrap();
            for place in ["uid", "log_name"] {
                same["metadata"][place] = told["metadata"][place].clone();
            }
            assert_eq!(same, told);
        }
    }
}

#[test]
fn what_was_observed_and_what_has_no_cve_say_which_weakness_they_are() {
    for (weakness, place) in [
        ("AUSCULT-W-015", "cwe"),
        ("ICSMA-26-001", "advisory"),
        (CVE, "cve"),
    ] {
        let [event, _] = encode_finding(&of_pair(Activity::Create, weakness), &context());
        assert_eq!(fault(&event), "");
        let value = json(&event).unwrap();
        assert!(
            value["vulnerabilities"][0].get(place).is_some(),
            "{value:#}"
        );
        assert!(value["vulnerabilities"][0]["remediation"]["desc"].is_string());
        assert!(value["finding_info"]["attacks"][0]["technique"]["uid"].is_string());
    }
}

#[test]
fn an_open_finding_reads_back_what_the_estate_needs() {
    for weakness in ["AUSCULT-W-015", "ICSMA-26-001", CVE] {
        let [_, open] = encode_finding(&of_pair(Activity::Create, weakness), &context());
        let read = crate::open_finding(&open.value.unwrap()).unwrap().unwrap();
        assert_eq!((read.site.as_str(), read.device.as_str()), ("main", PUMP));
        assert_eq!(read.weakness, weakness);
        assert_eq!(read.name.as_deref(), Some("pump-17"));
        assert!(read.title.is_some());
        assert_eq!((read.score, read.opened), (1_500_000, START));
        assert_eq!(read.known_exploited, weakness != "AUSCULT-W-015");
    }
    let [_, risk] = encode_finding(&of_risk(Activity::Create), &context());
    assert_eq!(crate::open_finding(&risk.value.unwrap()).unwrap(), None);
    assert!(crate::open_finding(b"{}").is_err());
}

#[test]
fn cvss_is_told_as_published_and_as_it_counts_here_in_every_version() {
    let [event, _] = encode_finding(&of_pair(Activity::Create, CVE), &context());
    let value = json(&event).unwrap();
    let cvss = value["vulnerabilities"][0]["cve"]["cvss"]
        .as_array()
        .unwrap();
    let told: Vec<_> = cvss
        .iter()
        .map(|it| {
            (
                it["version"].as_str().unwrap(),
                it["depth"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("3.1", "Base"),
            ("4.0", "Base"),
            ("3.1", "Environmental"),
            ("4.0", "Environmental")
        ]
    );
    // Reached from its segment only, and needed for therapy.
    assert_eq!(
        (&cvss[2]["base_score"], &cvss[2]["overall_score"]),
        (&value_of!(9.8), &value_of!(8.8))
    );
    let own = &value["unmapped"]["auscult"];
    assert_eq!(own["ssvc"]["exposure"], "controlled");
    assert_eq!(own["bod_26_04"]["in_kev"], true);
    assert!(own.get("cvss").is_none());
    // What is no CVE has no place for it in OCSF.
    let [event, _] = encode_finding(&of_pair(Activity::Create, "AUSCULT-W-015"), &context());
    let value = json(&event).unwrap();
    assert_eq!(
        value["unmapped"]["auscult"]["cvss"][0]["depth"],
        "Environmental"
    );
}

#[test]
fn only_what_gets_worse_is_an_alert() {
    let alert = |telling: &Telling| {
        let [event, _] = encode_finding(telling, &context());
        json(&event).unwrap()["is_alert"].as_bool().unwrap()
    };
    assert!(alert(&of_risk(Activity::Create)));
    assert!(alert(&of_risk(Activity::Update)));
    assert!(!alert(&of_risk(Activity::Close)));
    let mut better = of_risk(Activity::Update);
    better.moved[0].before = Some("Critical".to_owned());
    assert!(!alert(&better));
}

fn texts() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("\\PC{0,40}")
}

proptest! {
    #[test]
    fn any_finding_holds_against_the_schema(
        (activity, kind, weakness) in (0..3_usize, 0..2_usize, 0..4_usize),
        (name, ip, model, segment, class) in (texts(), proptest::option::of(any::<IpAddr>()), texts(), texts(), texts()),
        (band, points, revision, time) in (0..5_usize, 0..=100_u32, 1..1_000_u64, 0..4_102_444_800_000_i64),
        (known, explained, routed, numbers) in any::<(bool, bool, bool, [f64; 3])>(),
        moved in proptest::collection::vec((texts(), texts()), 0..3),
        changes in proptest::collection::vec((texts(), texts(), texts()), 0..4),
        closing in 0..3_usize,
    ) {
        let activity = ACTIVITIES[activity];
        let weakness = ["AUSCULT-W-001", "ICSMA-26-001", CVE, "CVE-2026-9"][weakness];
        let mut telling = if kind == 0 { of_pair(activity, weakness) } else { of_risk(activity) };
        telling.subject.label = Label { name, ip, model, ..Label::default() };
        telling.subject.segment = segment;
        telling.subject.class = class;
        let bands = [Band::Informational, Band::Low, Band::Medium, Band::High, Band::Critical];
        telling.life.band = bands[band];
        (telling.life.points, telling.life.revision, telling.time) = (points, revision, time);
        if activity == Activity::Close {
            let all = [Closing::DeviceGone, Closing::NotAffected, Closing::BelowTheList];
            telling.closing = Some(all[closing]);
        }
        telling.moved = moved
            .into_iter()
            .map(|(before, after)| Moved { field: "band", before, after })
            .collect();
        telling.cause.changes = changes
            .into_iter()
            .map(|(vulnerability, before, after)| Change {
                vulnerability,
                before,
                after,
                ..telling.cause.changes[0].clone()
            })
            .collect();
        if let Said::Pair(pair) = &mut telling.said {
            if !known {
                pair.known = None;
            }
            if !explained {
                pair.explanation = None;
            } else if let (false, Some(explanation)) = (routed, &mut pair.explanation) {
                explanation.routes.clear();
            }
            // Not even a fault of the numbers may make a record that no reader takes.
            if let Some(risk) = &mut pair.risk {
                [risk.score, risk.likelihood, risk.annual] = numbers;
            }
        }
        let records = encode_finding(&telling, &context());
        prop_assert_eq!(&records, &encode_finding(&telling, &context()));
        for record in records {
            prop_assert_eq!(fault(&record), "");
        }
    }
}
