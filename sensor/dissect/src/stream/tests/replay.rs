use std::path::Path;

use crate::stream::fuzzing;

/// Runs a fuzz body over its committed corpus.
fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fuzz/corpus")
        .join(target);
    let mut seeds = 0;
    for entry in std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()))
    {
        body(&std::fs::read(entry.unwrap().path()).unwrap());
        seeds += 1;
    }
    assert!(seeds > 0, "no seeds in {}", folder.display());
}

#[test]
fn the_corpus_of_streams_raw_passes() {
    replay("streams_raw", fuzzing::streams_raw);
}

#[test]
fn the_corpus_of_dicom_assoc_passes() {
    replay("dicom_assoc", fuzzing::dicom_assoc);
}

#[test]
fn the_corpus_of_hl7_mllp_passes() {
    replay("hl7_mllp", fuzzing::hl7_mllp);
}

mod arbitrary {
    use proptest::prelude::*;

    use super::fuzzing;

    proptest! {
        #[test]
        fn arbitrary_packets_never_panic_and_are_all_counted(
            data in proptest::collection::vec(any::<u8>(), 0..2048),
        ) {
            fuzzing::streams_raw(&data);
        }

        #[test]
        fn arbitrary_bytes_say_the_same_however_they_are_cut(
            data in proptest::collection::vec(any::<u8>(), 2..600), cut in 1..40_u8,
            kind in 1..4_u8, items in proptest::collection::vec((0x10..0x60_u8, 0..40_u8), 0..20),
        ) {
            // An association whose items are of any kind and length, some of them longer than what holds them.
            let mut pdu = vec![kind, 0, 0, 0, 1, 0, 0, 1, 0, 0];
            pdu.extend([b'A'; 64]);
            pdu.extend(b"\x10\x00\x00\x151.2.840.10008.3.1.1.1");
            for (item, length) in &items {
                pdu.extend([*item, 0, 0, *length]);
                pdu.extend(data.iter().take(usize::from(*length)));
            }
            let mut association = vec![0, cut];
            association.extend(&pdu);
            association.extend(&data);
            fuzzing::dicom_assoc(&association);

            let alphabet = b"|^~\\&\r\n\x0b\x1cMSHFTBA1 \xff";
            let mut message = vec![data[0], cut];
            message.extend(b"\x0bMSH|^~\\&|");
            message.extend(data.iter().map(|b| alphabet[usize::from(*b) % alphabet.len()]));
            fuzzing::hl7_mllp(&message);
            fuzzing::hl7_mllp(&data);
        }
    }
}
