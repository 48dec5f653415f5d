//! The published tables, where the machine has them: `AUSCULT_VALIDATION`, or `../shared/validation` beside the checkout.
#![expect(
    clippy::unwrap_used,
    reason = "a table that cannot be read fails its test"
)]

#[path = "shared/mod.rs"]
mod shared;

use auscult_intel::cvss::{Score, Vector};
use auscult_intel::ssvc;

fn rows(text: &str) -> impl Iterator<Item = Vec<&str>> {
    text.lines()
        .skip(1)
        .filter(|line| !line.is_empty())
        .map(|line| line.split(',').collect())
}

fn tenths(text: &str) -> Option<Score> {
    let value: f64 = text.parse().ok()?;
    let tenths: u8 = format!("{:.0}", value * 10.0).parse().ok()?;
    Some(Score::from_tenths(tenths))
}

#[test]
fn every_cvss_vector_scores_as_published() {
    let Some(folder) = shared::validation("every_cvss_vector_scores_as_published") else {
        return;
    };
    let mut vectors = 0;
    for entry in std::fs::read_dir(folder.join("cvss")).unwrap() {
        let path = entry.unwrap().path();
        if !path.to_string_lossy().contains("vectors_") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for row in rows(&text) {
            let [version, _, vector, base, temporal, environmental] = row[..] else {
                panic!("{}: {row:?}", path.display())
            };
            let vector: Vector = vector.parse().unwrap_or_else(|e| panic!("{vector}: {e}"));
            // The 4.0 tables give the score of all metrics as the base score.
            let found = if version == "4.0" {
                vector.environmental_score()
            } else {
                vector.base_score()
            };
            assert_eq!(Some(found), tenths(base), "{vector}");
            for (given, found) in [
                (temporal, vector.temporal_score()),
                (environmental, vector.environmental_score()),
            ] {
                if !given.is_empty() {
                    assert_eq!(Some(found), tenths(given), "{vector}");
                }
            }
            vectors += 1;
        }
    }
    println!("{vectors} vectors");
    assert!(vectors > 7_000);
}

#[test]
fn every_macrovector_scores_as_in_first_s_table() {
    let Some(folder) = shared::validation("every_macrovector_scores_as_in_first_s_table") else {
        return;
    };
    let text =
        std::fs::read_to_string(folder.join("cvss/first_v4_macrovector_lookup.csv")).unwrap();
    let mut checked = 0;
    for row in rows(&text) {
        let [digits, score] = row[..] else {
            panic!("{row:?}")
        };
        assert_eq!(
            Some(most_severe(digits).environmental_score()),
            tenths(score),
            "{digits}"
        );
        checked += 1;
    }
    assert_eq!(checked, 270);
}

/// A most severe vector of a macrovector: its score is the macrovector's.
fn most_severe(digits: &str) -> Vector {
    let digit = |place: usize| digits.as_bytes().get(place).copied().unwrap();
    let eq1 = match digit(0) {
        b'0' => "AV:N/PR:N/UI:N",
        b'1' => "AV:A/PR:N/UI:N",
        _ => "AV:P/PR:N/UI:N",
    };
    let eq2 = if digit(1) == b'0' {
        "AC:L/AT:N"
    } else {
        "AC:H/AT:N"
    };
    let eq36 = match (digit(2), digit(5)) {
        (b'0', b'0') => "VC:H/VI:H/VA:H/CR:H/IR:H/AR:H",
        (b'0', _) => "VC:H/VI:H/VA:H/CR:M/IR:M/AR:M",
        (b'1', b'0') => "VC:L/VI:H/VA:H/CR:H/IR:H/AR:H",
        (b'1', _) => "VC:L/VI:L/VA:H/CR:H/IR:H/AR:M",
        _ => "VC:L/VI:L/VA:L/CR:H/IR:H/AR:H",
    };
    let eq4 = match digit(3) {
        b'0' => "SC:H/SI:H/SA:H/MSI:S/MSA:S",
        b'1' => "SC:H/SI:H/SA:H",
        _ => "SC:L/SI:L/SA:L",
    };
    let eq5 = match digit(4) {
        b'0' => "E:A",
        b'1' => "E:P",
        _ => "E:U",
    };
    format!("CVSS:4.0/{eq1}/{eq2}/{eq36}/{eq4}/{eq5}")
        .parse()
        .unwrap()
}

#[test]
fn every_row_of_the_decision_tables_comes_out() {
    let Some(folder) = shared::validation("every_row_of_the_decision_tables_comes_out") else {
        return;
    };
    let read = |name: &str| std::fs::read_to_string(folder.join("ssvc/csv").join(name)).unwrap();
    let mut checked = 0;
    let text = read("cisa/cisa_coordinator_2_0_3.csv");
    for row in rows(&text) {
        let level = ssvc::cisa_level(
            ssvc::Exploitation::read(row[1]).unwrap(),
            ssvc::Automatable::read(row[2]).unwrap(),
            ssvc::TechnicalImpact::read(row[3]).unwrap(),
            ssvc::MissionWellBeing::read(row[4]).unwrap(),
        );
        assert_eq!(level.name(), row[5], "{row:?}");
        checked += 1;
    }
    let text = read("ssvc/deployer_patch_application_priority_1_0_0.csv");
    // The title of the last column has commas; the rows have none.
    for row in rows(&text) {
        let priority = ssvc::deployer_priority(
            ssvc::Exploitation::read(row[1]).unwrap(),
            ssvc::SystemExposure::read(row[2]).unwrap(),
            ssvc::Automatable::read(row[3]).unwrap(),
            ssvc::HumanImpact::read(row[4]).unwrap(),
        );
        assert_eq!(priority.name(), row[5], "{row:?}");
        checked += 1;
    }
    let text = read("ssvc/human_impact_1_0_0.csv");
    for row in rows(&text) {
        let impact = ssvc::human_impact(
            ssvc::SafetyImpact::read(row[1]).unwrap(),
            ssvc::MissionImpact::read(row[2]).unwrap(),
        );
        assert_eq!(impact.name(), row[3], "{row:?}");
        checked += 1;
    }
    let text = read("cisa/cisa_bod_26_04_1_0_0.csv");
    for row in rows(&text) {
        let tier = ssvc::bod_26_04(
            row[1] == "yes",
            row[2] == "yes",
            ssvc::Automatable::read(row[3]).unwrap(),
            ssvc::TechnicalImpact::read(row[4]).unwrap(),
        );
        assert_eq!(tier.name(), row[5], "{row:?}");
        checked += 1;
    }
    assert_eq!(checked, 36 + 72 + 16 + 16);
}
