//! The binary: what it writes, what it refuses.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says why and fails"
)]

use std::path::Path;
use std::process::{Command, Output};

fn wire(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wire"));
    command.args(arguments).output().expect("wire starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn it_writes_a_capture_with_its_truth_and_canaries() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("new/folder");
    let output = wire(&[
        "demonstrate",
        "--seed",
        "3",
        "--out",
        &out.to_string_lossy(),
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let read = |name: &str| std::fs::read(out.join(name)).expect("a written file");
    assert!(read("demonstration.pcap").starts_with(&0xa1b2_3c4d_u32.to_le_bytes()));
    let truth = text(&read("truth.tsv"));
    assert!(truth.starts_with("file\tattr\tvalue\tsrc_mac\tsrc_ip\tcount\tfirst_frame\n"));
    assert!(truth.lines().count() > 400, "{truth}");
    assert!(text(&read("canaries.tsv")).lines().count() > 100);
}

#[test]
fn it_says_what_it_cannot_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let output = wire(&[
        "demonstrate",
        "--out",
        &file.join("below").to_string_lossy(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("cannot write"));
    assert_eq!(wire(&["demonstrate"]).status.code(), Some(64));
    assert_eq!(wire(&["--help"]).status.code(), Some(0));
}

#[test]
fn it_does_not_replay_into_a_network_that_leads_anywhere() {
    let routes = std::fs::read_to_string("/proc/self/net/route").expect("the routes");
    let connected = routes
        .lines()
        .any(|line| line.split('\t').nth(1) == Some("00000000"));
    if !connected {
        eprintln!(
            "SKIPPED it_does_not_replay_into_a_network_that_leads_anywhere: there is no default route here"
        );
        return;
    }
    let output = wire(&["replay", "any.pcap", "--interface", "lo"]);
    assert_eq!(output.status.code(), Some(77), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("ip netns exec"));
}

#[test]
fn it_replays_into_a_namespace_of_its_own() {
    let needed = [
        ("unshare", "--version"),
        ("ip", "-V"),
        ("tcpreplay", "--version"),
    ];
    for (tool, argument) in needed {
        let there = Command::new(tool).arg(argument).output();
        if !there.is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED it_replays_into_a_namespace_of_its_own: {tool} is not installed");
            return;
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_string_lossy().into_owned();
    assert!(wire(&["demonstrate", "--out", &out]).status.success());
    let script = format!(
        "set -e; ip link add name wire0 type veth peer name wire1; \
         ip link set wire0 mtu 2000 up; ip link set wire1 mtu 2000 up; \
         {} replay {out}/demonstration.pcap --interface wire0 --rate 20000 >&2; \
         grep wire1: /proc/net/dev",
        env!("CARGO_BIN_EXE_wire")
    );
    let output = Command::new("unshare")
        .args(["-n", "sh", "-c", &script])
        .output()
        .expect("unshare starts");
    let said = text(&output.stderr);
    if said.contains("Operation not permitted") {
        eprintln!("SKIPPED it_replays_into_a_namespace_of_its_own: no right to make a namespace");
        return;
    }
    assert!(output.status.success(), "{said}");
    // "wire1: octets packets ...": /proc/net/dev is that of the namespace. The interfaces' own greetings may add a few.
    let counters = text(&output.stdout);
    let arrived = counters.split_whitespace().nth(2);
    let arrived: u64 = arrived
        .and_then(|packets| packets.parse().ok())
        .expect("a counter");
    let frames = frames(&Path::new(&out).join("demonstration.pcap"));
    assert!(arrived >= frames, "{arrived} of {frames} frames arrived");
}

fn frames(capture: &Path) -> u64 {
    let bytes = std::fs::read(capture).expect("a capture");
    let mut rest = bytes.get(24..).expect("the file header");
    let mut count = 0;
    while let Some((header, tail)) = rest.split_at_checked(16) {
        let octets = header.get(8..12).expect("a length");
        let length = u32::from_le_bytes(octets.try_into().expect("four octets"));
        rest = tail.get(length as usize..).expect("a frame");
        count += 1;
    }
    count
}
