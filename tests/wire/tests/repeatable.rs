//! The same seed gives the same bytes: in one run, in every run, in steps and at once.
#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on says why and fails"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use auscult_wire::calendar::SECOND;
use auscult_wire::demonstration::{self, START};
use auscult_wire::pcap::{PcapWriter, Resolution};
use auscult_wire::recording::Recording;
use auscult_wire::tcp::Conditions;

fn demonstration(seed: u64) -> Recording {
    demonstration::record(seed, Conditions::rough()).expect("a demonstration")
}

fn capture(recording: &mut Recording, resolution: Resolution) -> Vec<u8> {
    let mut writer = PcapWriter::new(Vec::new(), resolution).expect("a header");
    recording.write_all(&mut writer).expect("frames");
    writer.finish().expect("a capture")
}

/// Capture, truth and canaries in one.
fn everything(seed: u64) -> Vec<u8> {
    let mut recording = demonstration(seed);
    let mut bytes = capture(&mut recording, Resolution::Nanos);
    recording
        .truth()
        .write_tsv("a.pcap", &mut bytes)
        .expect("the truth");
    recording
        .canaries
        .write_tsv("a.pcap", &mut bytes)
        .expect("the canaries");
    bytes
}

/// FNV-1a, 64 bits.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    assert!(everything(5) == everything(5), "seed 5 twice");
    assert!(everything(5) != everything(6), "seeds 5 and 6");
}

#[test]
fn the_bytes_are_those_that_were_committed() {
    let committed = include_str!("../fixtures/demonstration.digests");
    let mut now = String::new();
    for seed in 1..=3 {
        writeln!(now, "{seed} {:016x}", digest(&everything(seed))).expect("a line");
    }
    assert_eq!(
        committed, now,
        "the bytes of the demonstration changed. If that is intended (other messages, another rustls), write the right side to fixtures/demonstration.digests"
    );
}

#[test]
fn writing_in_steps_gives_the_same_file_and_truth() {
    let mut at_once = demonstration(7);
    let mut in_steps = demonstration(7);
    let whole = capture(&mut at_once, Resolution::Micros);
    let mut writer = PcapWriter::new(Vec::new(), Resolution::Micros).expect("a header");
    let mut pending = BTreeSet::new();
    for step in 1..40 {
        let horizon = START + step * 10 * SECOND;
        in_steps
            .write_until(horizon, &mut writer)
            .expect("frames before the horizon");
        pending.insert(in_steps.pending());
    }
    assert!(pending.len() > 10, "the steps did write something each");
    in_steps.write_all(&mut writer).expect("the rest");
    assert!(writer.finish().expect("a capture") == whole);
    assert!(in_steps.truth().iter().eq(at_once.truth().iter()));
    assert_eq!(in_steps.pending(), 0);
}

#[test]
fn frames_are_in_order_of_time() {
    let bytes = capture(&mut demonstration(8), Resolution::Nanos);
    let mut rest = bytes.get(24..).expect("the file header");
    let (mut last, mut frames) = (0, 0);
    while let Some((header, tail)) = rest.split_at_checked(16) {
        let word = |at: usize| {
            let octets = header.get(at..at + 4).expect("a word");
            u64::from(u32::from_le_bytes(octets.try_into().expect("four octets")))
        };
        let time = word(0) * SECOND + word(4);
        assert!(
            time >= last,
            "frame {frames} is earlier than the one before"
        );
        last = time;
        frames += 1;
        rest = tail.get(word(8) as usize..).expect("the frame");
    }
    assert!(frames > 800, "{frames} frames");
}
