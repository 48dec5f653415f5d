use super::*;

fn scores(vector: &str) -> (String, String, String) {
    let vector: Vector = vector.parse().unwrap();
    (
        vector.base_score().to_string(),
        vector.temporal_score().to_string(),
        vector.environmental_score().to_string(),
    )
}

/// Examples of FIRST's own documents and calculators.
#[test]
fn published_examples_score_as_published() {
    let cases = [
        // CVSS 2.0 guide, section 3.3: CVE-2002-0392, CVE-2003-0818, CVE-2003-0062.
        ("AV:N/AC:L/Au:N/C:N/I:N/A:C", "7.8", "7.8", "7.8"),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", "10.0", "10.0", "10.0"),
        ("(AV:L/AC:H/Au:N/C:C/I:C/A:C)", "6.2", "6.2", "6.2"),
        // CVSS 3.1 examples: CVE-2013-1937, CVE-2014-3566, CVE-2009-0783.
        (
            "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
            "6.1",
            "6.1",
            "6.1",
        ),
        (
            "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N",
            "3.1",
            "3.1",
            "3.1",
        ),
        (
            "CVSS:3.0/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L",
            "4.2",
            "4.2",
            "4.2",
        ),
    ];
    for (vector, base, temporal, environmental) in cases {
        let expected = (base.into(), temporal.into(), environmental.into());
        assert_eq!(scores(vector), expected, "{vector}");
    }
}

#[rustfmt::skip]
const OF_ANOTHER_IMPLEMENTATION: &[(&str, &str)] = &[
    ("CVSS:3.1/AV:P/AC:L/PR:H/UI:R/S:C/C:N/I:H/A:N/E:U/RL:O/CR:H/AR:M/MPR:X/MS:U/MC:L", "4.2"),
    ("CVSS:3.1/AV:A/AC:L/PR:H/UI:N/S:U/C:L/I:N/A:H/E:H/RL:U/CR:M/IR:L/AR:X/MAV:A/MAC:H/MPR:N/MUI:R/MS:X/MA:N", "2.6"),
    ("CVSS:3.0/AV:N/AC:L/PR:H/UI:N/S:C/C:L/I:N/A:N/CR:M/IR:M/AR:H/MC:L/MI:L/MA:H", "9.1"),
    ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:N/A:N/E:H/CR:H/IR:L/AR:M/MAV:N/MAC:X/MPR:H/MC:H/MI:X/MA:X", "6.7"),
    ("CVSS:3.1/AV:L/AC:L/PR:L/UI:R/S:U/C:N/I:H/A:L/E:X/RL:T/RC:C/CR:X/IR:L/AR:M/MPR:H/MC:L/MA:L", "4.1"),
    ("CVSS:3.0/AV:P/AC:L/PR:N/UI:N/S:C/C:N/I:H/A:N/E:U/RL:W/RC:C/CR:M/IR:H/AR:X/MAV:L/MAC:X/MUI:N/MI:H", "8.2"),
    ("CVSS:3.1/AV:L/AC:H/PR:L/UI:N/S:C/C:H/I:L/A:N/E:X/RC:C/CR:L/IR:H/AR:M/MAV:P/MAC:L/MS:U/MC:N/MA:L", "3.8"),
    ("CVSS:3.0/AV:P/AC:H/PR:L/UI:N/S:C/C:N/I:H/A:N/RL:X/RC:X/IR:H/MPR:X/MUI:X/MI:H", "6.9"),
    ("CVSS:3.0/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:H/A:L/CR:M/IR:H/MPR:N/MUI:X/MS:C/MI:X", "7.0"),
    ("CVSS:3.0/AV:A/AC:L/PR:H/UI:R/S:C/C:L/I:L/A:N/E:U/RL:O/RC:R/CR:L/IR:H/AR:M/MAV:A/MAC:X/MPR:X/MUI:R/MS:C/MC:L/MI:N/MA:H", "5.1"),
    ("CVSS:3.0/AV:N/AC:L/PR:L/UI:N/S:C/C:N/I:L/A:L/E:H/RL:X/RC:X/AR:L/MAV:L/MAC:L/MUI:N/MS:C/MI:L/MA:N", "3.8"),
    ("CVSS:3.1/AV:A/AC:H/PR:H/UI:R/S:U/C:H/I:L/A:L/E:P/RC:R/IR:M/AR:M/MUI:R/MC:X/MI:L/MA:N", "4.2"),
    ("CVSS:3.1/AV:P/AC:H/PR:N/UI:R/S:C/C:N/I:H/A:H/E:H/RL:U/MAV:N/MAC:H/MUI:R/MS:C/MC:H/MI:L", "8.2"),
    ("CVSS:3.0/AV:P/AC:L/PR:L/UI:R/S:C/C:L/I:H/A:H/E:F/RL:U/RC:C/CR:M/AR:H/MAV:N/MAC:H/MUI:X/MS:X/MA:H", "7.8"),
    ("CVSS:4.0/AV:P/AC:H/AT:N/PR:L/UI:P/VC:L/VI:N/VA:N/SC:H/SI:L/SA:H/CR:H/IR:L/MAV:N/MAC:X/MAT:P/MSC:L/MSI:X/MSA:S", "6.7"),
    ("CVSS:4.0/AV:P/AC:L/AT:P/PR:L/UI:A/VC:H/VI:H/VA:H/SC:L/SI:L/SA:L/IR:M/MAV:L/MUI:N/MVI:L/MVA:L/MSC:X/MSI:S/MSA:H", "8.5"),
    ("CVSS:4.0/AV:L/AC:H/AT:N/PR:H/UI:P/VC:H/VI:N/VA:N/SC:L/SI:L/SA:L/AR:M/MPR:L/MUI:X/MVI:N/MVA:L/MSI:X/MSA:S", "7.0"),
    ("CVSS:4.0/AV:L/AC:L/AT:P/PR:H/UI:P/VC:H/VI:H/VA:N/SC:H/SI:L/SA:L/E:P/CR:L/IR:L/AR:X/MAV:X/MUI:N/MVC:N/MSI:X/MSA:S", "6.1"),
    ("CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:H/VI:L/VA:L/SC:L/SI:H/SA:H/E:P/CR:M/MAV:P/MAT:X/MVC:L/MVI:N/MSC:H/MSI:N/MSA:S", "4.6"),
    ("CVSS:4.0/AV:P/AC:L/AT:N/PR:L/UI:P/VC:H/VI:H/VA:L/SC:H/SI:H/SA:L/IR:L/AR:L/MAC:H/MAT:P/MPR:H/MUI:P/MVA:N/MSI:S/MSA:N", "8.2"),
    ("CVSS:4.0/AV:L/AC:H/AT:N/PR:N/UI:P/VC:L/VI:L/VA:N/SC:L/SI:N/SA:L/AR:H/MUI:P/MVA:L/MSC:H/MSI:X/MSA:S", "6.6"),
    ("CVSS:4.0/AV:N/AC:H/AT:P/PR:H/UI:N/VC:N/VI:N/VA:L/SC:H/SI:N/SA:N/E:X/IR:X/AR:M/MAC:L/MPR:N/MVI:H/MVA:H/MSI:S/MSA:S", "9.5"),
    ("CVSS:4.0/AV:N/AC:H/AT:N/PR:L/UI:N/VC:L/VI:L/VA:L/SC:N/SI:N/SA:L/E:A/CR:H/AR:L/MAV:A/MAC:X/MAT:N/MVC:N/MVI:N/MSC:H/MSI:S/MSA:L", "6.8"),
    ("CVSS:4.0/AV:N/AC:L/AT:N/PR:H/UI:N/VC:L/VI:N/VA:N/SC:L/SI:L/SA:H/E:P/CR:L/IR:X/AR:X/MAV:N/MAC:H/MAT:P/MPR:N/MVC:L/MVI:L/MSC:X/MSI:S", "7.2"),
    ("CVSS:4.0/AV:P/AC:H/AT:N/PR:N/UI:P/VC:N/VI:N/VA:L/SC:N/SI:N/SA:H/E:A/CR:M/IR:H/AR:L/MAC:L/MAT:X/MVC:L/MSC:X/MSI:L/MSA:H", "4.2"),
    ("CVSS:4.0/AV:L/AC:L/AT:N/PR:H/UI:P/VC:L/VI:N/VA:N/SC:L/SI:H/SA:N/E:P/CR:L/IR:H/MAT:P/MVI:L/MVA:X/MSI:H/MSA:N", "0.9"),
    ("CVSS:4.0/AV:P/AC:H/AT:N/PR:H/UI:P/VC:L/VI:L/VA:H/SC:H/SI:L/SA:H/E:U/CR:H/IR:L/MAV:N/MAT:N/MPR:X/MVC:X/MSC:N/MSA:H", "3.5"),
    ("CVSS:4.0/AV:L/AC:H/AT:P/PR:N/UI:A/VC:L/VI:H/VA:L/SC:L/SI:N/SA:L/IR:M/AR:M/MAV:P/MPR:H/MVC:N/MVA:N/MSC:X/MSA:N", "1.7"),
    ("CVSS:4.0/AV:A/AC:H/AT:N/PR:N/UI:A/VC:H/VI:L/VA:H/SC:L/SI:N/SA:N/E:A/CR:M/IR:M/AR:M/MAC:L/MVI:X/MVA:L/MSC:N/MSA:L", "5.4"),
    ("CVSS:4.0/AV:P/AC:L/AT:N/PR:N/UI:N/VC:N/VI:H/VA:L/SC:N/SI:L/SA:N/CR:X/AR:X/MAV:P/MAC:H/MAT:P/MUI:P/MVC:X/MVI:L/MVA:H/MSC:X/MSI:N", "4.3"),
    ("CVSS:4.0/AV:P/AC:H/AT:P/PR:L/UI:N/VC:H/VI:L/VA:N/SC:H/SI:N/SA:L/E:P/CR:X/MAV:X/MAC:X/MAT:N/MPR:L/MUI:A/MVC:X/MVI:N/MSI:H", "4.2"),
    ("CVSS:4.0/AV:N/AC:H/AT:P/PR:L/UI:A/VC:H/VI:H/VA:H/SC:H/SI:L/SA:L/E:X/AR:M/MAV:L/MAC:X/MPR:X/MVI:H/MVA:X/MSC:X", "7.0"),
];

/// Values from an independent implementation (the Python package `cvss`) on vectors made here.
#[test]
fn environmental_scores_agree_with_another_implementation() {
    for (vector, expected) in OF_ANOTHER_IMPLEMENTATION {
        assert_eq!(scores(vector).2, *expected, "{vector}");
    }
}

#[test]
fn what_is_no_vector_says_why() {
    let error = |text: &str| text.parse::<Vector>().unwrap_err();
    assert_eq!(error("hello"), VectorError::UnknownVersion);
    assert_eq!(error("CVSS:9.9/AV:N"), VectorError::UnknownVersion);
    assert_eq!(error(&"A".repeat(600)), VectorError::TooLong);
    assert_eq!(
        error("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H"),
        VectorError::Missing("A")
    );
    assert_eq!(
        error("CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"),
        VectorError::Twice("AV")
    );
    assert_eq!(
        error("CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H"),
        VectorError::UnknownMetric("AV:Q".into())
    );
}

#[test]
fn a_metric_can_be_set_and_the_vector_written_again() {
    let text = "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N";
    let vector: Vector = text.parse().unwrap();
    assert_eq!(vector.to_string(), text);
    let set = vector
        .clone()
        .with("MSI", "S")
        .unwrap()
        .with("MAV", "A")
        .unwrap();
    assert_eq!(set.to_string(), format!("{text}/MAV:A/MSI:S"));
    assert_eq!(set.nomenclature(), "CVSS-BE");
    assert!(
        set.clone().with("MSC", "S").is_err(),
        "safety is of integrity and availability"
    );
    assert_eq!(
        set.with("MSI", "X").unwrap().with("MAV", "X").unwrap(),
        vector
    );
    let json = serde_json::to_string(&vector).unwrap();
    assert_eq!(serde_json::from_str::<Vector>(&json).unwrap(), vector);
}
