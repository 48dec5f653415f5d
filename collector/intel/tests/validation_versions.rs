//! The published cases of CPE matching, version order and version ranges, where the machine has them.
#![expect(
    clippy::unwrap_used,
    reason = "a table that cannot be read fails its test"
)]

#[path = "shared/mod.rs"]
mod shared;

use std::cmp::Ordering;
use std::path::Path;

use auscult_intel::cpe::{ATTRIBUTES, Attribute, Name, Relation};
use auscult_intel::range::vers;
use auscult_intel::version::{Scheme, compare, order};
use serde_json::Value;

fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

fn name(attributes: &Value) -> Name {
    let mut name = Name::default();
    for (slot, key) in name.0.iter_mut().zip(ATTRIBUTES) {
        if let Some(value) = attributes[key].as_str() {
            *slot = Attribute::read(value);
        }
    }
    name
}

#[test]
fn cpe_names_match_as_published() {
    let Some(folder) = shared::validation("cpe_names_match_as_published") else {
        return;
    };
    let cases = json(&folder, "cpe/nistir7696_name_matching_gocpe.json");
    let mut checked = 0;
    for case in cases.as_array().unwrap() {
        let relation = name(&case["source"]).compare(&name(&case["target"]));
        // The cases count an equal name as a subset and a superset too.
        let equal = relation == Relation::Equal;
        let found = [
            ("disjoint", relation == Relation::Disjoint),
            ("equal", equal),
            ("subset", equal || relation == Relation::Subset),
            ("superset", equal || relation == Relation::Superset),
        ];
        for (key, found) in found {
            assert_eq!(case[key].as_bool(), Some(found), "{key} of {case}");
        }
        checked += 1;
    }
    let cases = json(&folder, "cpe/nvdtools_attribute_match.json");
    for case in cases.as_array().unwrap() {
        let read = |key: &str| Attribute::read(case[key].as_str().unwrap());
        let relation = read("source").compare(&read("target"));
        assert_eq!(case["relation"], format!("{relation:?}"), "{case}");
        checked += 1;
    }
    assert_eq!(checked, 18 + 13);
}

#[test]
fn versions_order_as_published() {
    let Some(folder) = shared::validation("versions_order_as_published") else {
        return;
    };
    let cases = json(&folder, "vers/nvdtools_smartvercmp.json");
    for case in cases.as_array().unwrap() {
        let of = |key: &str| case[key].as_str().unwrap();
        let expected = case["cmp"].as_i64().unwrap().cmp(&0);
        assert_eq!(order(Scheme::Loose, of("a"), of("b")), expected, "{case}");
        if (of("a"), of("b")) == ("5-appl_1.16.1", "5-1.0.1") {
            // Its authors mark the row as wrong: we only sort by it.
            assert_eq!(compare(Scheme::Loose, of("a"), of("b")), None);
        }
    }
    for file in ["datetime_version_cmp_test", "lexicographic-test"] {
        let cases = json(&folder, &format!("vers/{file}.json"));
        for case in cases["tests"].as_array().unwrap() {
            let scheme = Scheme::of_type(case["input"]["input_scheme"].as_str().unwrap());
            let versions = case["input"]["versions"].as_array().unwrap();
            let mut versions: Vec<&str> = versions.iter().map(|v| v.as_str().unwrap()).collect();
            if case["test_type"] == "equality" {
                let equal = versions
                    .windows(2)
                    .all(|pair| order(scheme, pair[0], pair[1]) == Ordering::Equal);
                assert_eq!(case["expected_output"], equal, "{case}");
            } else {
                versions.sort_by(|a, b| order(scheme, a, b));
                assert_eq!(case["expected_output"], Value::from(versions), "{case}");
            }
        }
    }
}

#[test]
fn specifiers_read_and_contain_as_published() {
    let Some(folder) = shared::validation("specifiers_read_and_contain_as_published") else {
        return;
    };
    let mut checked = 0;
    for file in ["npm_range_containment_test", "pypi_range_containment_test"] {
        let cases = json(&folder, &format!("vers/{file}.json"));
        for case in cases["tests"].as_array().unwrap() {
            let range = vers::read(case["input"]["vers"].as_str().unwrap())
                .unwrap()
                .to_range();
            let held = range.holds(case["input"]["version"].as_str()).decided();
            assert_eq!(held, case["expected_output"].as_bool(), "{case} {range:?}");
            checked += 1;
        }
    }
    let cases = json(&folder, "vers/vers_canonical_parse_test.json");
    for case in cases["tests"].as_array().unwrap() {
        let found = vers::parse(case["input"].as_str().unwrap());
        if case["expected_failure"] == true {
            assert_eq!(
                case["expected_message"],
                found.unwrap_err().to_string(),
                "{case}"
            );
        } else {
            let found = found.unwrap();
            let constraints: Vec<Value> = found
                .constraints
                .iter()
                .map(|(comparator, version)| serde_json::json!([comparator.to_string(), version]))
                .collect();
            let expected = &case["expected_output"];
            assert_eq!(expected["scheme"], found.scheme, "{case}");
            assert_eq!(
                expected["version_constraints"],
                Value::from(constraints),
                "{case}"
            );
        }
        checked += 1;
    }
    assert_eq!(checked, 1 + 10 + 12);
}
