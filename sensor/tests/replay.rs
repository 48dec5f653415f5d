//! `replay` without a collector: the binary on real and on broken capture files.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are not known to be tests"
)]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;

use common::{arp, demo, fixture, output, pcap, pcapng, sensor};
use serde_json::Value;

fn facts(files: &[&Path]) -> (i32, String, String) {
    output(sensor().args(["replay", "--facts"]).args(files))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn strings<'a>(values: &'a [Value], key: &str) -> BTreeSet<&'a str> {
    values
        .iter()
        .filter_map(|value| value[key].as_str())
        .collect()
}

/// The format is a promise: a change of it shows here. `UPDATE_GOLDEN=1` writes the file anew.
#[test]
fn facts_are_printed_in_the_documented_format() {
    for name in [
        "gen--dicom_dcmtk_store_rtplan",
        "gen--hl7_lab_analyzer_pipelined_nonstd_port",
        "gen--hl7_mixed_batch_and_garbage",
    ] {
        let folder = fixture("");
        let (code, found, errors) = output(sensor().current_dir(&folder).args([
            "replay",
            "--facts",
            &format!("{name}.pcap"),
        ]));
        assert_eq!((code, errors.as_str()), (0, ""));
        let golden =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.ndjson"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &found).unwrap();
        }
        assert_eq!(
            found,
            std::fs::read_to_string(&golden).unwrap(),
            "{}",
            golden.display()
        );
    }
}

#[test]
fn a_site_is_read_as_it_is() {
    let (code, found, _) = facts(&[&demo()]);
    assert_eq!(code, 0);
    let found = lines(&found);
    let fields = strings(&found, "field");
    for field in [
        "dhcpv4_opt12",
        "dhcpv4_opt55",
        "lldp_system_name",
        "cdp_platform",
        "dicom_calling_ae",
        "hl7_msh3",
    ] {
        assert!(fields.contains(field), "{field} is not in {fields:?}");
    }
    for (key, wanted) in [
        ("kind", "binding"),
        ("kind", "conversation"),
        ("service", "dicom"),
        ("service", "hl7"),
    ] {
        assert!(strings(&found, key).contains(wanted), "{key} {wanted}");
    }
    let frames: Vec<u64> = found
        .iter()
        .map(|line| line["frame"].as_u64().unwrap())
        .collect();
    assert!(
        frames.is_sorted() && frames[0] >= 1,
        "in the order of first frames"
    );
    assert!(found.iter().all(|line| line["count"].as_u64() >= Some(1)));
}

#[test]
fn the_table_names_the_devices_and_json_says_the_same() {
    let (code, table, _) = output(sensor().arg("replay").arg(demo()));
    assert_eq!(code, 0);
    for wanted in [
        "221 frames",
        "22 senders",
        "ct-north-1, CT_NORTH_1",
        "dicom:104",
        "10.10.0.21",
    ] {
        assert!(table.contains(wanted), "{wanted} is not in\n{table}");
    }
    let (_, json, _) = output(sensor().args(["replay", "--json"]).arg(demo()));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["frames"], 221);
    assert_eq!(json["devices"].as_array().unwrap().len(), 22);
}

#[test]
fn the_table_calls_an_hl7_application_by_its_first_component() {
    let analyzer = fixture("gen--hl7_lab_analyzer_pipelined_nonstd_port.pcap");
    let (code, table, _) = output(sensor().arg("replay").arg(analyzer));
    assert_eq!(code, 0);
    assert!(
        table.contains("cobas 8000") && !table.contains("cobas 8000^"),
        "{table}"
    );
}

#[test]
fn a_file_cut_anywhere_reports_what_came_before_the_cut() {
    let folder = tempfile::tempdir().unwrap();
    let frames: Vec<Vec<u8>> = (1..=4).map(arp).collect();
    let frames: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
    let whole = pcap(1, &frames);
    let record = 16 + frames[0].len();
    for cut in 0..whole.len() {
        let path = folder.path().join("cut.pcap");
        std::fs::write(&path, &whole[..cut]).unwrap();
        // A process for every byte would take long; every place that is different in kind is enough.
        let within = cut.saturating_sub(24) % record;
        if cut >= 24 && ![0, 1, 15, 16, 17, record - 1].contains(&within) {
            continue;
        }
        let (code, found, errors) = facts(&[&path]);
        if cut < 24 {
            assert_eq!((code, found.as_str()), (65, ""), "cut at {cut}");
            assert!(errors.contains("not a capture"), "{errors}");
            continue;
        }
        let complete = (cut - 24) / record;
        assert_eq!(
            (code, lines(&found).len()),
            (0, complete),
            "cut at {cut}: {found}"
        );
        assert_eq!(
            errors.contains("cut short"),
            within != 0,
            "cut at {cut}: {errors}"
        );
        assert!(
            within == 0 || errors.contains(&format!("{complete} frames, was read")),
            "{errors}"
        );
    }
}

#[test]
fn a_damaged_record_ends_the_file_and_not_the_replay() {
    let folder = tempfile::tempdir().unwrap();
    let frames = [arp(1), arp(2), arp(3)];
    let mut damaged = pcap(1, &[&frames[0], &frames[1], &frames[2]]);
    let second = 24 + 16 + frames[0].len();
    damaged[second + 8..second + 12].copy_from_slice(&u32::MAX.to_le_bytes());
    let (first, last) = (folder.path().join("a.pcap"), folder.path().join("b.pcap"));
    std::fs::write(&first, damaged).unwrap();
    std::fs::write(&last, pcap(1, &[&arp(9)])).unwrap();
    let (code, found, errors) = facts(&[&first, &last]);
    let found = lines(&found);
    assert_eq!(code, 0);
    assert_eq!(
        strings(&found, "ip"),
        BTreeSet::from(["10.0.0.1", "10.0.0.9"])
    );
    assert!(errors.contains("damaged after frame 1"), "{errors}");
}

#[test]
fn a_file_that_cannot_be_read_is_named_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("a.pcap"), pcap(1, &[&arp(1)])).unwrap();
    std::fs::write(
        path("b.pcap"),
        "this is no capture, it is a note of some length",
    )
    .unwrap();
    std::fs::write(path("empty.pcap"), "").unwrap();
    let run = |files: &[&str]| {
        let files: Vec<_> = files.iter().map(|name| path(name)).collect();
        facts(&files.iter().map(|file| file.as_path()).collect::<Vec<_>>())
    };
    let (code, found, errors) = run(&["b.pcap", "a.pcap"]);
    assert_eq!((code, lines(&found).len()), (65, 1));
    assert!(
        errors.contains("b.pcap: not a capture that libpcap reads"),
        "{errors}"
    );
    let (code, found, errors) = run(&["missing.pcap", "a.pcap"]);
    assert_eq!((code, lines(&found).len()), (66, 1));
    assert!(errors.contains("missing.pcap: No such file"), "{errors}");
    assert_eq!(run(&["empty.pcap"]).0, 65);
    let (code, found, _) = output(sensor().args(["replay", "--facts"]).arg(path("?.pcap")));
    assert_eq!(
        (code, lines(&found).len()),
        (65, 1),
        "a pattern that no shell expanded"
    );
}

#[test]
fn pcapng_is_read_and_a_second_link_type_is_a_clear_end() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (arp(1), arp(2));
    let path = folder.path().join("a.pcapng");
    std::fs::write(&path, pcapng(&[1, 1], &[(0, &one), (1, &two)])).unwrap();
    let (code, found, errors) = facts(&[&path]);
    assert_eq!((code, lines(&found).len(), errors.as_str()), (0, 2, ""));
    // The second interface is declared after a first frame.
    let mut mixed = pcapng(&[1], &[(0, &one)]);
    let all = pcapng(&[1, 113], &[(1, &two)]);
    let section = pcapng(&[], &[]).len();
    mixed.extend(&all[section + 20..]);
    std::fs::write(&path, mixed).unwrap();
    let (code, found, errors) = facts(&[&path]);
    assert_eq!((code, lines(&found).len()), (0, 1), "{errors}");
    assert!(errors.contains("different link types"), "{errors}");
}

#[test]
fn a_link_type_that_is_not_decoded_is_counted_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("usb.pcap");
    std::fs::write(&path, pcap(220, &[&[0; 64], &[0; 64]])).unwrap();
    let (code, table, _) = output(sensor().arg("replay").arg(&path));
    assert_eq!(code, 0);
    assert!(
        table.contains("2 frames hold nothing this sensor decodes"),
        "{table}"
    );
}

#[test]
fn standard_input_is_a_file_too_and_a_reader_that_leaves_is_no_fault() {
    let file = || Stdio::from(std::fs::File::open(demo()).unwrap());
    let (code, found, errors) = output(sensor().args(["replay", "--facts", "-"]).stdin(file()));
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(lines(&found).len() > 200);
    let mut child = sensor()
        .args(["replay", "--facts", "-"])
        .stdin(file())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let gone = child.wait_with_output().unwrap();
    assert_eq!(
        (gone.status.code(), gone.stderr.as_slice()),
        (Some(0), &b""[..])
    );
}

#[test]
fn wrong_arguments_are_a_usage_fault() {
    for arguments in [
        &["replay"][..],
        &["replay", "--pace", "10", "x.pcap"],
        &["listen"],
        &[],
    ] {
        assert_eq!(output(sensor().args(arguments)).0, 64, "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["replay", "--help"], &["--version"]] {
        assert_eq!(output(sensor().args(arguments)).0, 0, "{arguments:?}");
    }
}
