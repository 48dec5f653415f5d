//! One file per event code: what readers get, to the letter. `AUSCULT_BLESS=1 cargo test -p auscult-ocsf` writes them anew.

use serde_json::json;

use super::*;

#[test]
fn records_are_as_readers_know_them() {
    let bless = std::env::var_os("AUSCULT_BLESS").is_some();
    let mut codes = Vec::new();
    for kind in every_kind() {
        let records = encode(&event(kind), &context());
        for record in &records {
            assert_eq!(fault(record), "");
        }
        let code = hold(&records, bless);
        codes.push(code);
    }
    for records in findings::every_code() {
        for record in &records {
            assert_eq!(fault(record), "");
        }
        codes.push(hold(&records, bless));
    }
    codes.sort();
    codes.dedup();
    assert_eq!(codes.len(), 13, "{codes:?}");
}

/// Holds records against the file of their code, or writes it.
fn hold(records: &[PublicRecord], bless: bool) -> String {
    let told: Vec<Value> = records
        .iter()
        .map(|record| {
            json!({
                "topic": record.topic.name(),
                "key": record.key,
                "time": record.time,
                "headers": record.headers,
                "value": json(record),
            })
        })
        .collect();
    let code = json(&records[0]).unwrap()["metadata"]["event_code"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("{}/golden/{code}.json", env!("CARGO_MANIFEST_DIR"));
    let text = format!("{}\n", serde_json::to_string_pretty(&told).unwrap());
    if bless {
        std::fs::write(&path, &text).unwrap();
    }
    let known = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        known == text,
        "{path} differs: if that is meant, write it anew\n{text}"
    );
    code
}
