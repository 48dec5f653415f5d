//! Another program's reading: tshark finds no fault in any generated packet, and what it reads equals the truth.

use std::collections::BTreeSet;
use std::path::Path;

use crate::agreement::{compare, faults, is_of_copies};
use crate::tshark::{Row, read, tshark};
use auscult_wire::demonstration;
use auscult_wire::pcap::{PcapWriter, Resolution};
use auscult_wire::site::{Hour, Mirror};
use auscult_wire::tcp::Conditions;
use auscult_wire::truth::Truth;

/// What tshark 4.0 has no dissector for, by the port the demonstration uses; `third_reading.py` reads these.
const UNKNOWN_TO_TSHARK: [(&str, &str); 6] = [
    ("3001", "POCT1-A"),
    ("3702", "WS-Discovery over UDP"),
    ("5000", "ASTM"),
    ("8100", "a pump's own protocol"),
    ("24005", "IntelliVue connect indication"),
    ("24105", "IntelliVue Data Export"),
];

/// A capture and what is true of it.
struct Case {
    name: &'static str,
    capture: Vec<u8>,
    truth: Truth,
    /// Every frame comes twice.
    doubled: bool,
}

fn cases() -> Vec<Case> {
    let demonstrations = [
        ("clean", 1, Conditions::default()),
        ("rough", 2, Conditions::rough()),
        (
            "small segments",
            3,
            Conditions {
                segment: 97,
                ..Conditions::rough()
            },
        ),
    ];
    let mut cases: Vec<Case> = demonstrations
        .into_iter()
        .map(|(name, seed, conditions)| {
            let mut recording = demonstration::record(seed, conditions).expect("a demonstration");
            Case {
                name,
                capture: crate::bytes(&mut recording),
                truth: recording.truth().clone(),
                doubled: false,
            }
        })
        .collect();
    for (name, mirror) in Mirror::ALL {
        let hour = Hour {
            seed: 4,
            start: demonstration::START,
            conditions: Conditions::rough(),
            mirror,
            most: 60_000,
        };
        let mut writer = PcapWriter::new(Vec::new(), Resolution::Micros).expect("a header");
        let outcome = demonstration::site(60).play(hour, &mut writer);
        cases.push(Case {
            name,
            capture: writer.finish().expect("a capture"),
            truth: outcome.expect("an hour").truth,
            doubled: mirror == Mirror::Doubled,
        });
    }
    cases
}

fn rows(tshark: &Path, case: &Case) -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder");
    let capture = folder.path().join("case.pcap");
    std::fs::write(&capture, &case.capture).expect("a written capture");
    read(tshark, &capture)
}

#[test]
fn tshark_finds_no_fault_and_reads_the_truth() {
    let Some(tshark) = tshark("tshark_finds_no_fault_and_reads_the_truth") else {
        return;
    };
    for case in cases() {
        let rows = rows(&tshark, &case);
        assert!(rows.len() > 800, "{}: {} frames", case.name, rows.len());
        let mut faults = faults(&rows);
        faults.retain(|fault| !(case.doubled && is_of_copies(fault)));
        assert!(faults.is_empty(), "{}:\n{}", case.name, faults.join("\n"));
        compare(case.name, &case.truth, &rows);
    }
}

#[test]
fn only_what_is_listed_stays_undecoded() {
    let Some(tshark) = tshark("only_what_is_listed_stays_undecoded") else {
        return;
    };
    let known: BTreeSet<&str> = UNKNOWN_TO_TSHARK.iter().map(|(port, _)| *port).collect();
    let mut found = BTreeSet::new();
    for case in cases().iter().take(1) {
        for row in rows(&tshark, case)
            .iter()
            .filter(|row| row.has_layer("data"))
        {
            let ports: Vec<&String> = ["tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport"]
                .iter()
                .flat_map(|field| row.all(field))
                .collect();
            let port = ports.iter().find(|port| known.contains(port.as_str()));
            let frame = row.first("frame.number");
            let port = port.unwrap_or_else(|| panic!("frame {frame} is not decoded: {ports:?}"));
            found.insert(port.to_string());
        }
    }
    let expected: BTreeSet<String> = known.into_iter().map(str::to_owned).collect();
    assert_eq!(found, expected, "the list of unknown protocols is exact");
}

/// The checks above can fail: one octet of one frame is enough.
#[test]
fn a_wrong_octet_is_noticed() {
    let Some(tshark) = tshark("a_wrong_octet_is_noticed") else {
        return;
    };
    let mut case = cases().swap_remove(0);
    let needle = b"PLUM360-16004711";
    let at = case
        .capture
        .windows(needle.len())
        .position(|window| window == needle)
        .expect("the host name of a pump");
    case.capture[at] = b'X';
    assert!(
        !faults(&rows(&tshark, &case)).is_empty(),
        "the checksum is wrong now"
    );
}
