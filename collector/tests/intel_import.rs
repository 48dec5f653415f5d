//! `intel import`, `status` and `export` as people run them, on the log on disk.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use auscult_log::{EmbeddedLog, EmbeddedOptions};
use serde_json::Value;

struct Place {
    folder: tempfile::TempDir,
    config: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("collector.toml");
        let text = format!(
            "[embedded]\ndir = {:?}\nreserve_bytes = \"0B\"\n",
            folder.path().join("data")
        );
        std::fs::write(&config, text).unwrap();
        Self {
            config: config.display().to_string(),
            folder,
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_auscult-collector"))
            .args(["--config", &self.config, "intel"])
            .args(args)
            .output()
            .unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn import(&self, path: &str) -> Value {
        self.json(&["import", "--json", path])
    }

    fn status(&self) -> Value {
        self.json(&["status", "--json"])
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn seeds() -> String {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("intel/src/read/seeds");
    seeds.display().to_string()
}

fn kev(released: &str, ids: &[&str]) -> String {
    let entries: Vec<String> = ids
        .iter()
        .map(|id| format!(r#"{{"cveID":"{id}","dateAdded":"2026-01-01"}}"#))
        .collect();
    format!(
        r#"{{"catalogVersion":"{released}","dateReleased":"{released}T00:00:00Z","vulnerabilities":[{}]}}"#,
        entries.join(",")
    )
}

fn epss(day: &str, scores: &[(&str, &str)]) -> String {
    let mut text =
        format!("#model_version:v2026.06.15,score_date:{day}T00:00:00+0000\ncve,epss,percentile\n");
    for (id, score) in scores {
        text.push_str(&format!("{id},{score},0.5\n"));
    }
    text
}

#[test]
fn every_format_is_recognised_and_a_second_import_appends_nothing() {
    let place = Place::new();
    let first = place.import(&seeds());
    let files = &first["files"];
    for format in [
        "CSAF",
        "KEV",
        "EPSS",
        "NVD",
        "CVE record",
        "OpenVEX",
        "CycloneDX",
        "SPDX",
    ] {
        assert_eq!(files[format], 1, "{format}: {first}");
    }
    assert!(first["records"].as_u64().unwrap() > 10, "{first}");
    let second = place.import(&seeds());
    assert_eq!(second["records"], 0, "{second}");
    let status = place.status();
    assert_eq!(status["sboms"], 2);
    let kev = status["sources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|source| source["source"] == "kev")
        .unwrap();
    assert_eq!(kev["vulnerabilities"], 2);
    assert_eq!(kev["newest"], "2025-08-25T17:04:19Z");
}

#[test]
fn only_what_a_new_day_changes_is_appended_and_an_old_day_is_passed_over() {
    let place = Place::new();
    let both = [("CVE-2026-1", "0.1"), ("CVE-2026-2", "0.2")];
    let first = place.file("1.csv", &epss("2026-01-01", &both));
    // Two vulnerabilities and how far the source is read.
    assert_eq!(place.import(&first)["records"], 3);
    let both = [("CVE-2026-1", "0.1"), ("CVE-2026-2", "0.3")];
    let second = place.import(&place.file("2.csv", &epss("2026-01-02", &both)));
    assert_eq!(second["records"], 2, "{second}");
    assert_eq!(second["changed"]["epss"], 1, "{second}");
    let old = place.import(&first);
    assert_eq!(old["files_older"], 1);
    assert_eq!(old["records"], 0);
}

#[test]
fn what_a_newer_kev_no_longer_lists_is_withdrawn() {
    let place = Place::new();
    place.import(&place.file("1.json", &kev("2026-01-01", &["CVE-2026-1", "CVE-2026-2"])));
    let second =
        place.import(&place.file("2.json", &kev("2026-01-02", &["CVE-2026-2", "CVE-2026-3"])));
    assert_eq!(second["changed"]["known_exploited"], 1, "{second}");
    assert_eq!(second["changed"]["new"], 1, "{second}");
    // One withdrawn, one new, the source.
    assert_eq!(second["records"], 3, "{second}");
    assert_eq!(place.status()["sources"][0]["vulnerabilities"], 2);
}

#[test]
fn a_bundle_carries_everything_over_an_air_gap() {
    let place = Place::new();
    place.import(&seeds());
    let there = Place::new();
    for name in ["all.jsonl", "all.jsonl.gz"] {
        let bundle = place.folder.path().join(name).display().to_string();
        let exported = place.run(&["export", &bundle]);
        assert_eq!(exported.status.code(), Some(0), "{}", stderr(&exported));
        there.import(&bundle);
        assert_eq!(there.status(), place.status(), "{name}");
    }
    let bundle = std::fs::read_to_string(place.folder.path().join("all.jsonl")).unwrap();
    let cut = bundle.lines().take(5).collect::<Vec<_>>().join("\n");
    let cut = there.file("cut.jsonl", &format!("{cut}\n"));
    let output = there.run(&["import", &cut]);
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("cut off"), "{}", stderr(&output));
}

#[test]
fn a_broken_file_is_named_and_the_others_are_in() {
    let place = Place::new();
    let files = place.folder.path().join("files");
    std::fs::create_dir(&files).unwrap();
    std::fs::write(files.join("a.json"), kev("2026-01-01", &["CVE-2026-1"])).unwrap();
    std::fs::write(files.join("b.json"), "{\"catalogVersion\": ").unwrap();
    std::fs::write(files.join("README.md"), "nothing").unwrap();
    let output = place.run(&["import", "--json", &files.display().to_string()]);
    assert_eq!(output.status.code(), Some(65));
    assert!(stderr(&output).contains("b.json"), "{}", stderr(&output));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["files_of_other_kinds"], 1);
    assert_eq!(place.status()["vulnerabilities"], 1);
    let nothing = place.run(&["import", &files.join("README.md").display().to_string()]);
    assert_eq!(nothing.status.code(), Some(65));
    let missing = place.run(&["import", "/nowhere"]);
    assert_eq!(missing.status.code(), Some(66));
    let address = place.run(&["import", "https://example.org/kev.json"]);
    assert_eq!(address.status.code(), Some(64));
}

#[test]
fn a_dry_run_tells_and_appends_nothing() {
    let place = Place::new();
    let file = place.file("1.json", &kev("2026-01-01", &["CVE-2026-1"]));
    let told = place.json(&["import", "--dry-run", "--json", &file]);
    assert_eq!(told["records"], 2);
    assert_eq!(place.status()["vulnerabilities"], 0);
}

#[test]
fn while_a_collector_runs_the_log_is_read_and_an_import_says_what_to_do() {
    let place = Place::new();
    let file = place.file("1.json", &kev("2026-01-01", &["CVE-2026-1"]));
    place.import(&file);
    let running = EmbeddedLog::open(&place.data(), EmbeddedOptions::default()).unwrap();
    assert_eq!(place.status()["vulnerabilities"], 1);
    let refused = place.run(&["import", &file]);
    assert_eq!(refused.status.code(), Some(69));
    let told = stderr(&refused);
    assert!(
        told.contains("nothing was written") && told.contains("intel import ..."),
        "{told}"
    );
    drop(running);
    assert_eq!(place.import(&file)["records"], 0);
}

#[test]
fn status_is_a_table_with_dates() {
    let place = Place::new();
    place.import(&place.file("1.json", &kev("2026-01-01", &["CVE-2026-1"])));
    let output = place.run(&["status"]);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        told,
        "SOURCE  PUBLISHER  VULNERABILITIES  NEWEST\n\
         kev     CISA       1                2026-01-01T00:00:00Z\n\
         1 vulnerabilities, 0 SBOMs\n"
    );
}
