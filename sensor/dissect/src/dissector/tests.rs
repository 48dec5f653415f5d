use auscult_proto::{Attribute, Field};
use proptest::prelude::*;

use super::*;
use crate::testing::{Memory, build, mac};

fn run(frames: &[Vec<u8>]) -> (Memory, Counters) {
    let mut dissector = Dissector::new(Limits::default());
    let mut memory = Memory::default();
    for (number, bytes) in (1..).zip(frames) {
        let meta = FrameMeta {
            number,
            time_ns: 0,
            link_type: 1,
            wire_len: u32::try_from(bytes.len()).unwrap(),
        };
        dissector.frame(meta, bytes, &mut memory);
    }
    dissector.finish(&mut memory);
    memory.assert_sound();
    (memory, dissector.counters())
}

fn discover() -> Vec<u8> {
    let seeds = dhcpv4::tests::seeds();
    build::udp(
        68,
        67,
        &seeds
            .into_iter()
            .find(|(name, _)| *name == "discover")
            .unwrap()
            .1,
    )
}

fn announcement() -> Vec<u8> {
    cdp::tests::seeds().swap_remove(1).1
}

#[test]
fn a_fragmented_message_is_read_once_it_is_whole() {
    let datagram = discover();
    let (head, tail) = datagram.split_at(160);
    let piece = |flags, data| {
        let ip = build::ipv4_piece([0; 4], [255; 4], 17, 9, flags, data);
        build::ethernet(mac(1), mac(2), 0x0800, &ip)
    };
    let (memory, counters) = run(&[piece(20, tail), piece(0x2000, head)]);
    assert_eq!(memory.values(Attribute::Hostname), ["pump-7"]);
    assert_eq!(memory.seen.len(), 2, "each frame has a sender");
    assert_eq!(
        (counters.fragments.received, counters.fragments.joined),
        (2, 1)
    );
    let (memory, counters) = run(&[piece(20, tail)]);
    assert!(memory.statements.is_empty());
    assert_eq!(counters.fragments.joined, 0);
}

#[test]
fn fragments_within_a_tunnel_and_of_it_are_joined() {
    let datagram = discover();
    let (head, tail) = datagram.split_at(160);
    let inner = |flags, data| build::ipv4_piece([0; 4], [255; 4], 17, 9, flags, data);
    let mut frames = Vec::new();
    for (id, ip) in (0..).zip([inner(0x2000, head), inner(20, tail)]) {
        let frame = build::ethernet(mac(1), mac(2), 0x0800, &ip);
        let gre = [&[0, 0, 0x65, 0x58][..], &frame].concat();
        let (first, second) = gre.split_at(64);
        for (flags, data) in [(0x2000, first), (8, second)] {
            let outer = build::ipv4_piece([192, 0, 2, 1], [192, 0, 2, 2], 47, id, flags, data);
            frames.push(build::ethernet(mac(8), mac(9), 0x0800, &outer));
        }
    }
    let (memory, counters) = run(&frames);
    assert_eq!(memory.values(Attribute::Hostname), ["pump-7"]);
    assert_eq!(memory.statements[0].sender.mac, Some(mac(1)));
    assert_eq!(counters.fragments.joined, 3);
}

#[test]
fn link_control_frames_are_reported_as_coverage() {
    let lldp = lldp::tests::seeds().swap_remove(1).1;
    let frames = [
        build::ethernet(mac(1), mac(2), 0x88cc, &lldp),
        build::snap(mac(1), mac(2), [0, 0, 0x0c], 0x2000, &announcement()),
        build::snap(mac(1), mac(2), [0, 0, 0x0c], 0x010b, &[0; 40]),
        build::ethernet(mac(1), mac(2), 4, &[0x42, 0x42, 3, 0]),
    ];
    let (memory, _) = run(&frames);
    assert_eq!(memory.control.len(), frames.len());
    assert_eq!(memory.read_from(Field::LldpSystemName), ["SEP001"]);
    assert_eq!(memory.read_from(Field::CdpDeviceId), ["Switch-3"]);
    let (memory, _) = run(&[build::ethernet(mac(1), mac(2), 0x0806, &[0; 28])]);
    assert!(memory.control.is_empty());
}

#[test]
fn a_tunnels_end_may_announce_itself_within_it() {
    let gre = [&[0, 0, 0x20, 0][..], &announcement()].concat();
    let ip = build::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 47, &gre);
    let (memory, _) = run(&[build::ethernet(mac(1), mac(2), 0x0800, &ip)]);
    assert_eq!(memory.read_from(Field::CdpDeviceId), ["Switch-3"]);
    assert_eq!(memory.statements[0].sender.ip, Some([192, 0, 2, 1].into()));
}

#[test]
fn every_reason_is_counted_and_a_senders_frame_is_seen_all_the_same() {
    let (memory, counters) = run(&[
        build::ethernet(mac(1), mac(2), 0x0800, &[0x45; 10]),
        build::ethernet(mac(1), mac(2), 0x0800, &[0x44; 40]),
        build::ethernet(mac(1), mac(2), 0x8100, &[0, 1, 0x81, 0].repeat(50)),
        build::ethernet(mac(1), mac(2), 0x88e5, &[0x0c; 40]),
        build::ethernet(
            mac(1),
            mac(2),
            0x8864,
            &[0x11, 0, 0, 1, 0, 4, 0xc0, 0x21, 1, 1],
        ),
        vec![0; 9],
    ]);
    assert_eq!(memory.seen.len(), 5);
    let undecoded = counters.undecoded;
    assert_eq!(
        (undecoded.short, undecoded.malformed, undecoded.too_deep),
        (2, 1, 1)
    );
    assert_eq!((undecoded.encrypted, undecoded.no_packet), (1, 1));
    assert_eq!(undecoded.total(), 5, "negotiation is understood");
    assert_eq!(counters.frames, 6);
}

#[test]
fn malformed_messages_are_counted_by_protocol() {
    let lease = build::ipv4(
        [10, 0, 0, 1],
        [10, 0, 0, 2],
        17,
        &build::udp(68, 67, &[9; 40]),
    );
    let six = |payload: &[u8]| build::ipv6(1, 2, 17, 64, &build::udp(546, 547, payload));
    let discovery = build::ipv6(1, 2, 58, 255, &[135, 0, 0, 0]);
    let (_, counters) = run(&[
        build::ethernet(mac(1), mac(2), 0x0806, &[0, 1, 8, 0, 6]),
        build::ethernet(mac(1), mac(2), 0x88cc, &[2, 9, 1]),
        build::snap(
            mac(1),
            mac(2),
            [0, 0, 0x0c],
            0x2000,
            &[2, 180, 0, 0, 0, 1, 0, 0],
        ),
        build::ethernet(mac(1), mac(2), 0x0800, &lease),
        build::ethernet(mac(1), mac(2), 0x86dd, &six(&[99; 20])),
        build::ethernet(mac(1), mac(2), 0x86dd, &discovery),
    ]);
    for (protocol, count) in counters.malformed.by_protocol() {
        assert_eq!(count, 1, "{protocol}");
    }
}

#[test]
fn values_that_may_not_leave_are_counted_by_attribute() {
    let name = [&[10, 11][..], b"DOE^JOHN^MD"].concat();
    let (memory, counters) = run(&[build::ethernet(mac(1), mac(2), 0x88cc, &name)]);
    assert!(memory.statements.is_empty());
    let dropped: Vec<_> = counters.values_dropped.by_attribute().collect();
    assert_eq!(dropped, [(Attribute::SystemName, 1)]);
}

proptest! {
    #[test]
    fn each_frame_is_seen_at_most_once_and_before_it_says_anything(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..120), 0..20),
    ) {
        let (memory, counters) = run(&frames);
        prop_assert_eq!(counters.frames, u64::try_from(frames.len()).unwrap());
        let mut numbers: Vec<_> = memory.seen.iter().map(|c| c.meta.number).collect();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), memory.seen.len());
    }
}
