//! `assess` and `risk` as people run them: a described site in, answers out.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

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
fn top_shows_the_few_that_matter_and_what_they_cover() {
    let (site, seeds) = (site(), seeds());
    let table = good(&["risk", "top", &site, "--intel", &seeds]);
    let answer = json(&["risk", "top", &site, "--intel", &seeds, "--json"]);
    let listed = answer["pairs"].as_array().unwrap();
    assert!(!listed.is_empty());
    assert!(listed.iter().all(|pair| pair["in_cut"] == true));
    assert_eq!(
        listed.len() as u64,
        answer["summary"]["in_cut"].as_u64().unwrap()
    );
    // A heading, the pairs, what they cover, the whole loss, what next.
    assert_eq!(table.lines().count(), listed.len() + 4, "{table}");
    let number = |key: &str| answer["summary"][key].as_f64().unwrap();
    let covered = number("covered") * 100.0;
    let told = table.lines().nth(listed.len() + 1).unwrap();
    assert!(
        told.contains(&format!(": {covered:.1} % of the "))
            && told.ends_with("lost directly through known weaknesses"),
        "{table}"
    );
    // The share is of the sum of all open scores, which is less than the whole loss.
    let whole = json(&["assess", &site, "--intel", &seeds]);
    let scores = |listed: bool| -> f64 {
        let pairs = whole["pairs"].as_array().unwrap().iter();
        let counted = pairs.filter(|pair| !listed || pair["in_cut"] == true);
        counted.map(|pair| pair["score"].as_f64().unwrap()).sum()
    };
    assert!((scores(false) - number("direct")).abs() < 1e-6, "{answer}");
    assert!(
        (scores(true) - number("covered") * number("direct")).abs() < 1e-6,
        "{answer}"
    );
    assert!(number("direct") < number("loss"), "{answer}");
    assert!(
        table
            .lines()
            .nth(1)
            .unwrap()
            .contains(listed[0]["device"].as_str().unwrap())
    );
}

#[test]
fn explain_names_every_hop_with_its_evidence() {
    let (site, seeds) = (site(), seeds());
    let told = good(&[
        "risk",
        "explain",
        "ventilator/CVE-2026-1",
        &site,
        "--intel",
        &seeds,
    ]);
    for part in [
        "outside -> clerk",
        "clerk -> archive over tcp/104 with CVE-2026-33333",
        "archive -> ventilator over tcp/2575 with CVE-2026-1",
        "alpha",
        "SSVC out-of-cycle",
        "played campaigns that reached it:",
    ] {
        assert!(told.contains(part), "{part} is not in:\n{told}");
    }
    // What is not on the list is explained too.
    let answer = json(&[
        "risk",
        "explain",
        "pump-unread",
        &site,
        "--intel",
        &seeds,
        "--json",
    ]);
    let unlisted = &answer["pairs"][0];
    assert_eq!(unlisted["in_cut"], false);
    assert!(
        unlisted["factors"]
            .as_array()
            .is_some_and(|it| it.len() > 3),
        "{unlisted}"
    );
    let unknown = run(&["risk", "explain", "pmup", &site]);
    assert_eq!(unknown.status.code(), Some(64));
    let unknown = run(&["risk", "explain", "ventilator/CVE-1-1", &site]);
    assert_eq!(unknown.status.code(), Some(64));
    assert!(stderr(&unknown).contains("does not have the weakness"));
}

#[test]
fn the_way_in_and_the_archive_are_the_springboards() {
    let (site, seeds) = (site(), seeds());
    let answer = json(&["risk", "springboards", &site, "--intel", &seeds, "--json"]);
    let names: Vec<&str> = answer["springboards"]
        .as_array()
        .unwrap()
        .iter()
        .map(|device| device["device"].as_str().unwrap())
        .collect();
    let first: Vec<&str> = names.iter().take(2).copied().collect();
    assert!(
        first.contains(&"archive") && first.contains(&"clerk"),
        "{names:?}"
    );
    let table = good(&[
        "risk",
        "springboards",
        &site,
        "--intel",
        &seeds,
        "--most",
        "1",
    ]);
    assert_eq!(table.lines().count(), 3, "{table}");
}

#[test]
fn what_if_takes_every_kind_of_change() {
    let (site, seeds) = (site(), seeds());
    let ask = |change: &[&str]| {
        let mut args = vec!["risk", "what-if", &site, "--intel", &seeds, "--json"];
        args.extend(change);
        let answer = json(&args);
        let loss = |key: &str| answer[key].as_f64().unwrap();
        (loss("loss_before"), loss("loss_after"))
    };
    for change in [
        &["--remove-device", "archive"][..],
        &["--patch", "archive/CVE-2026-33333"],
        &["--close", "ventilator/tcp/2575"],
        &["--microsegment", "ventilator"],
        &["--cut-link", "imaging/ward/tcp/2575"],
    ] {
        let (before, after) = ask(change);
        assert!(after < before, "{change:?}: {before} -> {after}");
    }
    let folder = tempfile::tempdir().unwrap();
    let device = folder.path().join("new.json");
    let text = r#"{"device": {"id": "pump-2", "segment": "ward", "state": "candidate", "clinical": {"class": "infusion_pump"},
        "identities": [{"probability": 1.0, "vendor": "Example Medical", "product": "Infuse 4000", "version": "2.4"}],
        "services": [{"id": "tcp/23"}]},
        "conversations": [{"client": "archive", "server": "pump-2", "service": "tcp/23", "days_seen": 1}]}"#;
    std::fs::write(&device, text).unwrap();
    let new = device.display().to_string();
    let (before, after) = ask(&["--add-device", &new]);
    assert!(after > before, "{before} -> {after}");
    std::fs::write(
        &device,
        text.replace("\"probability\": 1.0", "\"probability\": 7"),
    )
    .unwrap();
    let wrong = run(&["risk", "what-if", &site, "--add-device", &new]);
    assert_eq!(wrong.status.code(), Some(65));
    assert!(
        stderr(&wrong).contains("identities[0].probability"),
        "{}",
        stderr(&wrong)
    );
    std::fs::write(&device, text.replace("\"ward\"", "\"attic\"")).unwrap();
    let wrong = run(&["risk", "what-if", &site, "--add-device", &new]);
    assert_eq!(wrong.status.code(), Some(65));
    assert!(
        stderr(&wrong).contains("no segment \"attic\""),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn what_if_says_which_name_is_wrong() {
    let site = site();
    for (change, told) in [
        (&["--remove-device", "vent"][..], "it has ventilator"),
        (
            &["--patch", "ventilator/CVE-0"],
            "does not have the weakness",
        ),
        (
            &["--patch", "ventilator"],
            "ventilator is a device; write DEVICE/WEAKNESS: ventilator/WEAKNESS",
        ),
        (
            &["--patch", "nonsense"],
            "no device \"nonsense\"; write DEVICE/WEAKNESS",
        ),
        (&["--close", "ventilator"], "write DEVICE/SERVICE"),
        (
            &["--close", "ventilator/tcp/1"],
            "it has tcp/2575, tcp/9999",
        ),
        (
            &["--cut-link", "ward/nowhere/tcp/1"],
            "office, ward, imaging",
        ),
        (&[], "say what would change"),
    ] {
        let mut args = vec!["risk", "what-if", &site];
        args.extend(change);
        let output = run(&args);
        assert_eq!(output.status.code(), Some(64), "{change:?}");
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
}

#[test]
fn what_if_names_every_wrong_change_at_once() {
    let site = site();
    let args = [
        "--remove-device",
        "nobody",
        "--patch",
        "ventilator/CVE-0",
        "--close",
        "ventilator/tcp/1",
        "--cut-link",
        "ward/nowhere/tcp/1",
        "--add-device",
        "/nowhere/device.json",
    ];
    let output = run(&[&["risk", "what-if", &site][..], &args].concat());
    // That of the first: files come before names.
    assert_eq!(output.status.code(), Some(66));
    let told = stderr(&output);
    for wrong in args.chunks(2) {
        assert!(told.contains(wrong[1]), "{wrong:?} is not in:\n{told}");
    }
}

#[test]
fn controls_name_what_they_keep_and_deny_no_conversation() {
    let (site, seeds) = (site(), seeds());
    let args = [
        "risk", "controls", &site, "--intel", &seeds, "--budget", "3",
    ];
    let table = good(&args);
    let mut args = args.to_vec();
    args.push("--json");
    let plan = json(&args);
    let controls = plan["controls"].as_array().unwrap();
    assert!((1..=3).contains(&controls.len()), "{plan}");
    assert!(plan["loss_after"].as_f64().unwrap() < plan["loss_before"].as_f64().unwrap());
    for kept in controls
        .iter()
        .flat_map(|it| it["keeps"].as_array().unwrap())
    {
        let line = format!(
            "keeps {} -> {} {}",
            kept["client"].as_str().unwrap(),
            kept["server"].as_str().unwrap(),
            kept["service"].as_str().unwrap()
        );
        assert!(table.contains(&line), "{line} is not in:\n{table}");
    }
    for control in controls {
        assert_ne!(
            control["kind"], "close_service",
            "closes what is used: {control}"
        );
    }
    let none = run(&["risk", "controls", &site, "--budget", "0"]);
    assert_eq!(none.status.code(), Some(64));
    assert!(
        stderr(&none).contains("is not a number from 1"),
        "{}",
        stderr(&none)
    );
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
