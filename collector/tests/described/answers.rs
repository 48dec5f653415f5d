//! What `risk` answers about the described site.

use serde_json::Value;

use super::{good, json, run, seeds, site, stderr};

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
fn a_weakness_is_told_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen.json");
    let mut document: Value = serde_json::from_slice(&std::fs::read(site()).unwrap()).unwrap();
    document["devices"][1]["weaknesses"] =
        serde_json::json!([{"id": "AUSCULT-W-015", "service": "tcp/104"}]);
    document["vulnerabilities"]["AUSCULT-W-015"] =
        serde_json::json!({"cvss": ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"], "epss": 0.9});
    document["policy"] = serde_json::json!({"cut": {"covered": 1.0, "share": 1.0}});
    std::fs::write(&seen, document.to_string()).unwrap();
    let (seen, seeds) = (seen.display().to_string(), seeds());
    // Observed: known without any intelligence. Stated: as its publisher calls it.
    let observed = good(&["risk", "explain", "archive", &seen]);
    let stated = good(&["risk", "explain", "pump", &seen, "--intel", &seeds]);
    let top = good(&["risk", "top", &seen, "--intel", &seeds]);
    for (told, parts) in [
        (
            &observed,
            [
                "\n  Images without encryption (DICOM)\n",
                "\n  remedy: Use DICOM's TLS profiles",
            ],
        ),
        (
            &stated,
            [
                "\n  Clear-text service password\n",
                "\n  remedy: Update to 2.6.\n",
            ],
        ),
        (
            &top,
            [
                "AUSCULT-W-015   Images without encryption (DICOM)",
                "CVE-2026-11111  Clear-text service password",
            ],
        ),
    ] {
        for part in parts {
            assert!(told.contains(part), "{part} is not in:\n{told}");
        }
    }
    for args in [&["risk", "top"][..], &["risk", "explain", "pump"]] {
        let answer = json(&[args, &[&seen, "--intel", &seeds, "--json"]].concat());
        assert_eq!(
            answer["weaknesses"]["CVE-2026-11111"],
            serde_json::json!({"title": "Clear-text service password", "remedy": "Update to 2.6."})
        );
        // Of what nobody described there is nothing to say.
        assert_eq!(answer["weaknesses"].get("CVE-2026-1"), None);
    }
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
fn what_closing_would_end_is_told_of_changes_that_are_taken() {
    let site = site();
    let close = ["risk", "what-if", &site, "--close", "ventilator/tcp/2575"];
    let told = "1 observed conversations use it, 1 of them clinical";
    let taken = run(&close);
    assert_eq!(taken.status.code(), Some(0));
    assert!(stderr(&taken).contains(told), "{}", stderr(&taken));
    let rejected = run(&[&close[..], &["--remove-device", "nobody"]].concat());
    assert_eq!(rejected.status.code(), Some(64));
    assert!(
        !stderr(&rejected).contains("observed conversations"),
        "{}",
        stderr(&rejected)
    );
}

#[test]
fn a_loss_that_rises_where_a_way_in_goes_is_told_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let two = folder.path().join("two.json");
    let mut document: Value = serde_json::from_slice(&std::fs::read(site()).unwrap()).unwrap();
    let segments = document["segments"].as_array_mut().unwrap();
    segments.push(serde_json::json!({"id": "lobby"}));
    let devices = document["devices"].as_array_mut().unwrap();
    devices.push(
        serde_json::json!({"id": "kiosk", "segment": "lobby", "clinical": {"class": "workstation"},
        "entry": {"kind": "mail_web"}, "weaknesses": []}),
    );
    std::fs::write(&two, document.to_string()).unwrap();
    let two = two.display().to_string();
    let gone = ["risk", "what-if", &two, "--remove-device", "kiosk"];
    let why = "loss rises because campaigns began at kiosk too: the other ways in share them";
    let told = good(&gone);
    assert!(told.lines().nth(1) == Some(why), "{told}");
    // As JSON the answer stays as it is, and the reason stands beside it.
    let beside = run(&[&gone[..], &["--json"]].concat());
    assert!(stderr(&beside).contains(why), "{}", stderr(&beside));
    let answer: Value = serde_json::from_slice(&beside.stdout).unwrap();
    assert!(answer["loss_after"].as_f64() > answer["loss_before"].as_f64());
    // What is no way in takes loss with it, and nothing needs a reason.
    let told = good(&["risk", "what-if", &two, "--remove-device", "archive"]);
    assert!(!told.contains("loss rises"), "{told}");
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
