//! Intelligence on a real Kafka: what changes is in the topic with its cause, and nothing else is.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

#[path = "../../tests/kafka/broker.rs"]
mod broker;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// Runs the program; its standard output.
fn run(config: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_auscult-collector"))
        .arg("--config")
        .arg(config)
        .args(args)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{args:?}: {told}");
    String::from_utf8(output.stdout).unwrap()
}

/// Key and what changed of every record of the topic.
fn topic(config: &Path) -> Vec<(String, Value)> {
    let lines = run(
        config,
        &[
            "tail",
            "intel",
            "--json",
            "--from",
            "beginning",
            "--no-follow",
        ],
    );
    let record = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let key = line["key"].as_str().unwrap().to_owned();
        (key, line["value"]["changed"].clone())
    };
    lines.lines().map(record).collect()
}

#[test]
fn a_kev_addition_and_a_new_day_of_epss_are_their_records_with_the_cause_and_nothing_else() {
    let broker = broker::Broker::shared();
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("collector.toml");
    let text = format!(
        "[kafka]\nbootstrap = {:?}\ntopic_prefix = {:?}\n[topics]\nreplication = 1\nmin_insync = 1\n",
        broker.bootstrap(),
        broker::prefix("intel")
    );
    std::fs::write(&config, text).unwrap();
    run(&config, &["topics", "apply"]);
    let import = |name: &str, text: &str| {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        run(&config, &["intel", "import", &file.display().to_string()]);
    };
    let epss = |day: &str, second: &str| {
        format!(
            "#model_version:v1,score_date:{day}T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1,0.1,0.5\nCVE-2026-2,{second},0.6\n"
        )
    };
    import("1.csv", &epss("2026-01-01", "0.2"));
    let first = topic(&config).len();
    assert_eq!(first, 3);

    import("2.csv", &epss("2026-01-02", "0.3"));
    let mut second = topic(&config);
    second.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(second.len(), first + 2, "{second:?}");
    assert!(
        second.contains(&("CVE-2026-2".to_owned(), json!(["epss"]))),
        "{second:?}"
    );

    let kev = r#"{"catalogVersion":"1","dateReleased":"2026-01-03T00:00:00Z","vulnerabilities":[
        {"cveID":"CVE-2026-1","dateAdded":"2026-01-03","knownRansomwareCampaignUse":"Known"}]}"#;
    import("kev.json", kev);
    let third = topic(&config);
    assert_eq!(third.len(), first + 4, "{third:?}");
    let (_, cause) = third
        .iter()
        .find(|(key, changed)| key == "CVE-2026-1" && changed != &json!(["new"]))
        .unwrap();
    let cause = cause.as_array().unwrap();
    assert!(cause.contains(&json!("known_exploited")) && cause.contains(&json!("ransomware")));

    import("again.json", kev);
    assert_eq!(topic(&config).len(), third.len());
    let status: Value =
        serde_json::from_str(&run(&config, &["intel", "status", "--json"])).unwrap();
    assert_eq!(status["vulnerabilities"], 2);
}
