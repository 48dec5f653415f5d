use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::testing::{build, mac};

type Seeds = Vec<(&'static str, Vec<u8>)>;
type Body = fn(&[u8]);

/// The targets of this module with their seeds; a target of another module brings its own.
fn targets() -> Vec<(&'static str, Body, Seeds)> {
    vec![
        ("frame_raw", frame_raw, frames()),
        ("arp_packet", arp_packet, arp::tests::seeds()),
        ("ndp_message", ndp_message, ndp::tests::seeds()),
        ("dhcpv4_message", dhcpv4_message, dhcpv4::tests::seeds()),
        ("dhcpv6_message", dhcpv6_message, dhcpv6::tests::seeds()),
        ("lldp_unit", lldp_unit, lldp::tests::seeds()),
        ("cdp_announcement", cdp_announcement, cdp::tests::seeds()),
        ("emit_text", emit_text, texts()),
    ]
}

fn texts() -> Seeds {
    vec![
        ("name", b"\x0dpump-7\0".to_vec()),
        ("person", b"\x11DOE^JOHN^Q".to_vec()),
        ("mail", b"\x22mary@st-mary.example".to_vec()),
        ("control", b"\x1aIOS\r\n\x1b[2J\xff\xe2\x80\xae".to_vec()),
    ]
}

/// Frames of one link type, none of them cut.
fn capture(link_type: u8, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![link_type, 0];
    for frame in frames {
        bytes.extend(u16::try_from(frame.len()).unwrap().to_be_bytes());
        bytes.extend(frame);
    }
    bytes
}

fn frames() -> Seeds {
    let all = crate::peel::tests::samples();
    let of = |wanted: i32| -> Vec<Vec<u8>> {
        let kind = all.iter().filter(|(link_type, _)| *link_type == wanted);
        kind.map(|(_, bytes)| bytes.clone()).collect()
    };
    let lease = dhcpv4::tests::seeds().swap_remove(0).1;
    let datagram = build::udp(68, 67, &lease);
    let (head, tail) = datagram.split_at(160);
    let piece = |flags, data| {
        let ip = build::ipv4_piece([0; 4], [255; 4], 17, 9, flags, data);
        build::ethernet(mac(1), Mac([0xff; 6]), 0x0800, &ip)
    };
    let discovery = ndp::tests::seeds().swap_remove(0).1;
    let unit = lldp::tests::seeds().swap_remove(1).1;
    let announcement = cdp::tests::seeds().swap_remove(1).1;
    let control = vec![
        build::ethernet(
            mac(1),
            mac(2),
            0x0806,
            &arp::tests::seeds().swap_remove(0).1,
        ),
        build::ethernet(mac(1), mac(2), 0x88cc, &unit),
        build::snap(mac(1), mac(2), [0, 0, 0x0c], 0x2000, &announcement),
        build::ethernet(mac(1), mac(2), 4, &[0x42, 0x42, 3, 0]),
        build::ethernet(
            mac(1),
            mac(2),
            0x86dd,
            &build::ipv6(1, 2, 58, 255, &discovery),
        ),
    ];
    vec![
        ("encapsulations", capture(0, &of(1))),
        ("wireless", capture(7, &of(105))),
        (
            "fragments",
            capture(0, &[piece(20, tail), piece(0x2000, head)]),
        ),
        ("control", capture(0, &control)),
    ]
}

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fuzz/corpus")
        .join(target)
}

#[test]
fn the_corpus_passes() {
    for (target, body, _) in targets() {
        let folder = corpus(target);
        let entries = std::fs::read_dir(&folder)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files = 0;
        for entry in entries {
            body(&std::fs::read(entry.unwrap().path()).unwrap());
            files += 1;
        }
        assert!(files > 0, "no seeds in {}", folder.display());
    }
}

/// The seeds are made of the messages the unit tests build. `AUSCULT_WRITE_SEEDS=1` writes them anew.
#[test]
fn the_committed_seeds_are_the_messages_of_the_unit_tests() {
    let write = std::env::var_os("AUSCULT_WRITE_SEEDS").is_some();
    for (target, _, seeds) in targets() {
        for (name, bytes) in seeds {
            let path = corpus(target).join(name);
            if write {
                std::fs::create_dir_all(corpus(target)).unwrap();
                std::fs::write(&path, &bytes).unwrap();
            }
            let found = std::fs::read(&path).unwrap_or_default();
            assert!(
                found == bytes,
                "{} differs: write the seeds anew",
                path.display()
            );
        }
    }
}

#[test]
fn every_target_has_a_wrapper() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
    let own = targets().into_iter().map(|(name, _, _)| name);
    for name in own.chain(["streams_raw", "dicom_assoc", "hl7_mllp"]) {
        let wrapper = folder.join("fuzz_targets").join(format!("{name}.rs"));
        let body = std::fs::read_to_string(&wrapper).unwrap_or_default();
        assert!(
            body.contains(&format!("::{name}(data)")),
            "no wrapper for {name}"
        );
        assert!(
            manifest.contains(&format!("name = \"{name}\"")),
            "{name} is not built"
        );
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_pass_every_target(
        data in prop::collection::vec(any::<u8>(), 0..400),
        target in 0..8_usize,
    ) {
        let (_, body, _) = targets().swap_remove(target);
        body(&data);
    }

    /// Seeds with a few octets changed, cut, or repeated: closer to what a fuzzer tries than arbitrary bytes.
    #[test]
    fn mutilated_seeds_pass_every_target(
        target in 0..8_usize,
        seed in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        cut in any::<prop::sample::Index>(),
    ) {
        let (_, body, mut seeds) = targets().swap_remove(target);
        let mut bytes = seeds.swap_remove(seed.index(seeds.len())).1;
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        body(&bytes);
        body(&bytes[..cut.index(bytes.len())]);
    }
}
