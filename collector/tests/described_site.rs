//! `assess` and `risk` as people run them: a described site in, answers out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

#[path = "described/answers.rs"]
mod answers;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const SCHEMA: &str = include_str!("../risk/schemas/assessment.schema.json");
const SITE_SCHEMA: &str = include_str!("../risk/schemas/site.schema.json");

fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn site() -> String {
    here("tests/described/site.json").display().to_string()
}

fn seeds() -> String {
    here("intel/src/read/seeds").display().to_string()
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_auscult-collector"))
        .args(args)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn good(args: &[&str]) -> String {
    let output = run(args);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    stdout(&output)
}

fn json(args: &[&str]) -> Value {
    serde_json::from_str(&good(args)).unwrap()
}

fn check(schema: &str, value: &Value) {
    let schema: Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn pair<'a>(assessment: &'a Value, device: &str, weakness: &str) -> &'a Value {
    assessment["pairs"]
        .as_array()
        .unwrap()
        .iter()
        .find(|pair| pair["device"] == device && pair["weakness"] == weakness)
        .unwrap_or(&Value::Null)
}

#[test]
fn a_described_site_is_matched_assessed_and_given_the_standards() {
    let folder = tempfile::tempdir().unwrap();
    let completed = folder.path().join("completed.json").display().to_string();
    let (site, seeds) = (site(), seeds());
    let args = [
        "assess",
        &site,
        "--intel",
        &seeds,
        "--completed",
        &completed,
    ];
    let assessment = json(&args);
    check(SCHEMA, &assessment);

    // The version is inside the range, and the words speak of Telnet.
    let pump = pair(&assessment, "pump", "CVE-2026-11111");
    assert_eq!(pump["service"], "tcp/23");
    assert_eq!(
        pump["cvss_environmental"]["vector"],
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/CR:L/IR:H/AR:H/MAV:N"
    );
    assert_eq!(pump["cvss_environmental"]["base_score"], 9.8);
    assert_eq!(pump["ssvc"]["human_impact"], "very high");
    assert_eq!(pump["bod_26_04"]["publicly_exposed"], false);

    // No version is known, and nothing speaks Telnet there.
    let unread = pair(&assessment, "pump-unread", "CVE-2026-11111");
    assert_eq!(unread["service"], "not-seen");
    let vector = unread["cvss_environmental"]["vector"].as_str().unwrap();
    assert!(vector.ends_with("/MAV:L"), "{vector}");

    // The publisher says of this version that it is fixed.
    assert_eq!(
        pair(&assessment, "pump-fixed", "CVE-2026-11111"),
        &Value::Null
    );

    // From vulnrichment: KEV, automatable, total.
    let archive = pair(&assessment, "archive", "CVE-2026-33333");
    assert_eq!(archive["service"], "tcp/104");
    assert_eq!(archive["bod_26_04"]["in_kev"], true);
    assert_eq!(archive["bod_26_04"]["technical_impact"], "total");
    assert_eq!(archive["ssvc"]["exploitation"], "active");
    assert_eq!(archive["ssvc"]["exposure"], "controlled");

    // Given, not matched; a class that keeps people alive has Safety in 4.0.
    let ventilator = pair(&assessment, "ventilator", "CVE-2026-1");
    assert_eq!(
        ventilator["cvss_environmental"]["vector"],
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:A/CR:M/IR:H/AR:H/MAV:N/MSI:S/MSA:S"
    );
    assert_eq!(ventilator["cvss_environmental"]["score"], 10.0);
    // Active, controlled, automatable, very high: by the published table.
    assert_eq!(ventilator["ssvc"]["decision"], "out-of-cycle");

    // The site as assessed is a site: assessed again without intelligence, it gives the same bits.
    let written: Value = serde_json::from_slice(&std::fs::read(&completed).unwrap()).unwrap();
    check(SITE_SCHEMA, &written);
    let matched = &written["devices"][4]["weaknesses"][0];
    assert_eq!(matched["match"], "unknown_version");
    assert_eq!(good(&["assess", &completed]), good(&args));
}

#[test]
fn every_fault_of_a_site_is_told_at_once_with_its_path() {
    let mut site: Value = serde_json::from_slice(&std::fs::read(site()).unwrap()).unwrap();
    site["devices"][0]["segment"] = "nowhere".into();
    site["conversations"][1]["server"] = "nobody".into();
    site["vulnerabilities"]["CVE-2026-1"]["epss"] = 1.5.into();
    let mut child = Command::new(env!("CARGO_BIN_EXE_auscult-collector"))
        .args(["assess", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(site.to_string().as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(65));
    assert!(output.stdout.is_empty());
    let told = stderr(&output);
    // A remark about what was not assessed helps nobody.
    assert!(!told.contains("without a `weaknesses` key"), "{told}");
    for path in ["$.devices[0]", "$.conversations[1]", "CVE-2026-1"] {
        assert!(told.contains(path), "{path} is not in:\n{told}");
    }
    assert!(told.contains("-: 3 faults; nothing was assessed"), "{told}");
}

#[test]
fn faults_of_shape_hide_none_of_meaning() {
    let mut site: Value = serde_json::from_slice(&std::fs::read(site()).unwrap()).unwrap();
    site["colour"] = "green".into();
    site["devices"][0]["nick"] = "c".into();
    site["devices"][0]["segment"] = "nowhere".into();
    // Does not decode, and is there all the same.
    site["devices"][1]["segment"] = 7.into();
    site["devices"][3]["id"] = "pump".into();
    site["conversations"][1]["server"] = "nobody".into();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faulty.json");
    std::fs::write(&file, site.to_string()).unwrap();
    let output = run(&["assess", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(65));
    let told = stderr(&output);
    for fault in [
        "$: unknown field `colour`",
        "$.devices[0]: unknown field `nick`",
        "$.devices[0].segment: no segment \"nowhere\"",
        "$.devices[1]: invalid type",
        "$.devices[3].id: \"pump\" is there twice",
        "$.conversations[1].server: no device \"nobody\"",
        ": 6 faults; nothing was assessed",
    ] {
        assert!(told.contains(fault), "{fault} is not in:\n{told}");
    }
}

#[test]
fn what_cannot_be_read_is_66_and_what_is_no_policy_is_65() {
    let missing = run(&["assess", "/nowhere/site.json"]);
    assert_eq!(missing.status.code(), Some(66));
    assert!(stderr(&missing).contains("cannot read /nowhere/site.json"));
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("weights.toml");
    std::fs::write(&policy, "[capability]\nkev = 2.0\n").unwrap();
    let policy = policy.display().to_string();
    let wrong = run(&["assess", &site(), "--policy", &policy]);
    assert_eq!(wrong.status.code(), Some(65));
    assert!(
        stderr(&wrong).contains("capability.kev"),
        "{}",
        stderr(&wrong)
    );
    let no_intel = run(&["assess", &site(), "--intel", "/nowhere"]);
    assert_eq!(no_intel.status.code(), Some(66));
}

#[test]
fn a_policy_file_changes_the_weights_and_the_published_file_changes_nothing() {
    let site = site();
    let published = here("risk/policy/weights.v1.toml").display().to_string();
    assert_eq!(
        good(&["assess", &site]),
        good(&["assess", &site, "--policy", &published])
    );
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("weights.json");
    std::fs::write(&policy, r#"{"worlds": {"count": 64}}"#).unwrap();
    let few = json(&["assess", &site, "--policy", &policy.display().to_string()]);
    assert_eq!(few["summary"]["worlds"], 64);
}

#[test]
fn a_class_that_the_table_does_not_have_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(site()).unwrap();
    let slip = folder.path().join("slip.json");
    std::fs::write(&slip, text.replace("\"pacs\"", "\"pax\"")).unwrap();
    let output = run(&["assess", &slip.display().to_string()]);
    assert_eq!(output.status.code(), Some(0));
    let told = stderr(&output);
    assert!(
        told.contains("taken as \"unknown\": pax; there are "),
        "{told}"
    );
    let known = stderr(&run(&["assess", &site()]));
    assert!(!known.contains("no such device class"), "{known}");
}

#[test]
fn an_answer_goes_into_a_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("assessment.json");
    let site = site();
    let printed = good(&["assess", &site, "--out", &out.display().to_string()]);
    assert_eq!(printed, "");
    assert_eq!(
        std::fs::read_to_string(&out).unwrap(),
        good(&["assess", &site])
    );
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = run(&["assess", &site, "--out", "/nowhere/a.json"]);
    assert_eq!(nowhere.status.code(), Some(1));
}

#[test]
fn help_teaches_the_way_in() {
    for (args, words) in [
        (&["assess", "--help"][..], "site.schema.json"),
        (&["risk", "--help"], "without any log"),
        (
            &["risk", "what-if", "--help"],
            "--cut-link office/ward/tcp/445",
        ),
        (
            &["risk", "what-if", "--help"],
            "begins at one of the site's ways in",
        ),
        (&["intel", "import", "--help"], "recognised by content"),
    ] {
        let told = good(args);
        assert!(told.contains(words), "{words} is not in:\n{told}");
    }
}
