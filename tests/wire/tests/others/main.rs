//! What other programs read in the demonstration: tshark first, then pynetdicom, pydicom, hl7 and sdc11073.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that cannot go on says why and fails; one that is skipped says so"
)]

mod agreement;
mod second_reading;
mod third_reading;
mod tshark;

use auscult_wire::pcap::{PcapWriter, Resolution};
use auscult_wire::recording::Recording;

/// The capture file of a recording.
pub(crate) fn bytes(recording: &mut Recording) -> Vec<u8> {
    let mut writer = PcapWriter::new(Vec::new(), Resolution::Nanos).expect("a header");
    recording.write_all(&mut writer).expect("frames");
    writer.finish().expect("a capture")
}

/// Says loudly that a test did not run.
pub(crate) fn skipped(test: &str, why: &str) {
    eprintln!("SKIPPED {test}: {why}");
}
