use std::net::IpAddr;

use proptest::prelude::*;

use super::*;
use crate::packet::{FrameMeta, IpPacket, TcpSegment, Transport};
use crate::testing::{build, mac, meta};

mod tunnels;

const A: [u8; 4] = [10, 0, 0, 1];
const B: [u8; 4] = [10, 0, 0, 2];

/// A TCP segment from A to B: what most encapsulations below carry.
fn inner_ip() -> Vec<u8> {
    build::ipv4(A, B, 6, &build::tcp(4000, 104, 7, b"payload"))
}

fn inner_frame() -> Vec<u8> {
    build::ethernet(mac(1), mac(2), 0x0800, &inner_ip())
}

fn outer(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let ip = build::ipv4([192, 0, 2, 1], [192, 0, 2, 2], protocol, payload);
    build::ethernet(mac(8), mac(9), 0x0800, &ip)
}

fn outer_udp(port: u16, payload: &[u8]) -> Vec<u8> {
    outer(17, &build::udp(50_000, port, payload))
}

fn peel(link_type: i32, bytes: &[u8]) -> (Way, Result<Content<'_>, Reason>) {
    frame(link_type, u32::try_from(bytes.len()).unwrap(), bytes)
}

fn ip_of<'a>(content: &Result<Content<'a>, Reason>) -> IpPacket<'a> {
    match content {
        Ok(Content::Packet(Network::Ip(ip))) => *ip,
        other => panic!("no IP packet: {other:?}"),
    }
}

fn segment_of<'a>(content: &Result<Content<'a>, Reason>) -> TcpSegment<'a> {
    match ip_of(content).transport {
        Transport::Tcp(segment) => segment,
        other => panic!("no segment: {other:?}"),
    }
}

/// Asserts that the segment from A to B was found whole and returns the way to it.
fn found(link_type: i32, bytes: &[u8]) -> Way {
    let (way, content) = peel(link_type, bytes);
    let ip = ip_of(&content);
    assert_eq!(
        (ip.src, ip.dst, ip.ttl),
        (IpAddr::from(A), IpAddr::from(B), 64)
    );
    let segment = segment_of(&content);
    assert_eq!(
        (segment.src_port, segment.dst_port, segment.seq),
        (4000, 104, 7)
    );
    assert_eq!((segment.ack, segment.flags), (9, 0x18));
    assert_eq!(segment.payload, b"payload");
    assert_eq!(segment.missing, 0);
    assert!(!way.truncated && !way.too_deep);
    way
}

fn assert_inner_macs(way: &Way) {
    assert_eq!((way.src_mac, way.dst_mac), (Some(mac(1)), Some(mac(2))));
}

#[test]
fn ethernet_with_padding() {
    let mut bytes = inner_frame();
    bytes.extend([0xee; 9]);
    assert_inner_macs(&found(1, &bytes));
}

#[test]
fn group_and_zero_sources_are_no_sender() {
    let ip = inner_ip();
    for source in [Mac([0; 6]), Mac([0xff; 6]), Mac([1, 0, 0x5e, 0, 0, 1])] {
        let way = found(1, &build::ethernet(source, mac(2), 0x0800, &ip));
        assert_eq!(way.src_mac, None);
    }
}

#[test]
fn three_tags_are_kept_and_more_are_counted() {
    let mut bytes = build::tag(0x2000 | 14, 0x0800, &inner_ip());
    for (vlan, ethertype) in [(0, 0x8100), (13, 0x8100), (12, 0x9100), (11, 0x88a8)] {
        bytes = build::tag(vlan, ethertype, &bytes);
    }
    let way = found(1, &build::ethernet(mac(1), mac(2), 0x88a8, &bytes));
    assert_eq!(way.origin.vlans(), [11, 12, 13]);
    assert_eq!(way.tags_skipped, 1, "priority tags are not VLANs");
}

#[test]
fn tags_without_end_are_too_deep() {
    let bytes = build::ethernet(mac(1), mac(2), 0x8100, &[0, 1, 0x81, 0].repeat(100));
    assert_eq!(peel(1, &bytes).1.unwrap_err(), Reason::TooDeep);
}

#[test]
fn snap_may_carry_ethertypes_and_other_protocols() {
    let bytes = build::snap(mac(1), mac(2), [0; 3], 0x0800, &inner_ip());
    assert_inner_macs(&found(1, &bytes));
    let bytes = build::snap(mac(1), mac(2), [0, 0, 0x0c], 0x2000, b"cdp");
    match peel(1, &bytes).1 {
        Ok(Content::Packet(Network::Llc {
            dsap,
            snap,
            payload,
        })) => {
            assert_eq!((dsap, snap), (0xaa, Some(([0, 0, 0x0c], 0x2000))));
            assert_eq!(payload, b"cdp");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn spanning_tree_is_llc_without_snap() {
    let bytes = build::ethernet(mac(1), mac(2), 5, &[0x42, 0x42, 3, 0, 0, 0xee]);
    match peel(1, &bytes).1 {
        Ok(Content::Packet(Network::Llc {
            dsap,
            snap,
            payload,
        })) => {
            assert_eq!((dsap, snap, payload), (0x42, None, &[0, 0][..]));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn link_types_of_libpcap() {
    let ip = inner_ip();
    for link_type in [12, 14, 101, 228, 229] {
        assert_eq!(found(link_type, &ip).src_mac, None);
    }
    found(0, &[&[2, 0, 0, 0][..], &ip].concat());
    found(108, &[&[0, 0, 0, 2][..], &ip].concat());
    found(9, &[&[0xff, 3, 0, 0x21][..], &ip].concat());
    found(9, &[&[0x21][..], &ip].concat());
    found(50, &[&[0x0f, 0, 8, 0][..], &ip].concat());
    found(104, &[&[0x0f, 0, 8, 0][..], &ip].concat());
    found(51, &[&[0x11, 0, 0, 7, 0, 54, 0, 0x21][..], &ip].concat());
    found(219, &[&[0, 0, 0x11, 0x40][..], &ip].concat());
    let cooked = [0, 0, 0, 1, 0, 6, 0, 0x1a, 0xfa, 0, 0, 1, 0, 0, 8, 0];
    assert_eq!(
        found(113, &[&cooked[..], &ip].concat()).src_mac,
        Some(mac(1))
    );
    let cooked = [
        8, 0, 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 0, 0x1a, 0xfa, 0, 0, 1, 0, 0,
    ];
    assert_eq!(
        found(276, &[&cooked[..], &ip].concat()).src_mac,
        Some(mac(1))
    );
    assert_eq!(peel(283, &ip).1.unwrap_err(), Reason::LinkType);
}

#[test]
fn wireless_data_frames() {
    let header = |flags: u8| {
        let third = mac(3).0;
        [
            &[0x08, flags, 0, 0][..],
            &mac(2).0,
            &mac(1).0,
            &third,
            &[0x10, 0],
        ]
        .concat()
    };
    let snap = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &inner_ip()].concat();
    // To the access point: the third address is the destination.
    let way = found(105, &[header(1), snap.clone()].concat());
    assert_eq!((way.src_mac, way.dst_mac), (Some(mac(1)), Some(mac(3))));
    // From it: the third is the source.
    let way = found(105, &[header(2), snap.clone()].concat());
    assert_eq!((way.src_mac, way.dst_mac), (Some(mac(3)), Some(mac(2))));
    let radiotap = [&[0, 0, 9, 0, 0, 0, 0, 0, 0][..], &header(1), &snap].concat();
    found(127, &radiotap);
    let secret = [header(0x41), snap].concat();
    let (way, content) = peel(105, &secret);
    assert_eq!(content.unwrap_err(), Reason::Encrypted);
    assert_eq!(way.src_mac, Some(mac(1)), "who sent it is known");
    assert_eq!(peel(105, &[0x80; 60]).1.unwrap_err(), Reason::NoPacket);
}

#[test]
fn inter_switch_link() {
    let mut header = vec![1, 0, 0x0c, 0, 0, 0];
    header.extend([0; 14]);
    header.extend([0, 85 << 1]);
    header.extend([0; 4]);
    let way = found(1, &[header, inner_frame()].concat());
    assert_inner_macs(&way);
    assert_eq!(way.origin.vlans(), [85]);
}

#[test]
fn pppoe() {
    let ip = inner_ip();
    let payload = [&[0x11, 0, 0, 7, 0, 54, 0, 0x21][..], &ip, b"padding"].concat();
    assert_inner_macs(&found(
        1,
        &build::ethernet(mac(1), mac(2), 0x8864, &payload),
    ));
}

#[test]
fn extension_headers_are_walked_and_bounded() {
    let tcp = build::tcp(4000, 104, 7, b"payload");
    // Hop-by-hop, routing, destination, authentication, atomic fragment.
    let chain = [
        &[43, 0, 1, 4, 0, 0, 0, 0][..],
        &[60, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[51, 0, 1, 4, 0, 0, 0, 0],
        &[44, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2],
        &[6, 0, 0, 0, 0, 0, 0, 9],
        &tcp,
    ]
    .concat();
    let bytes = build::ethernet(mac(1), mac(2), 0x86dd, &build::ipv6(1, 2, 0, 64, &chain));
    let (_, content) = peel(1, &bytes);
    assert_eq!(segment_of(&content).payload, b"payload");
    assert_eq!(ip_of(&content).protocol, 6);
    let endless = [60, 0, 1, 4, 0, 0, 0, 0].repeat(20);
    let bytes = build::ethernet(mac(1), mac(2), 0x86dd, &build::ipv6(1, 2, 60, 64, &endless));
    assert!(matches!(
        ip_of(&peel(1, &bytes).1).transport,
        Transport::Other(_)
    ));
}

#[test]
fn what_the_capture_cut_is_said_to_be_missing() {
    let whole = inner_frame();
    let wire = u32::try_from(whole.len()).unwrap();
    let (way, content) = frame(1, wire, &whole[..whole.len() - 3]);
    let segment = segment_of(&content);
    assert_eq!((segment.payload, segment.missing), (&b"payl"[..], 3));
    assert!(way.truncated);
    // Within the TCP header: numbers are there, all of the payload is missing.
    let (_, content) = frame(1, wire, &whole[..14 + 20 + 16]);
    let segment = segment_of(&content);
    assert_eq!(
        (segment.seq, segment.payload, segment.missing),
        (7, &b""[..], 7)
    );
    // Within the IP options: the addresses are there.
    let mut options = inner_ip();
    options[0] = 0x4f;
    options[3] = 100;
    let (_, content) = frame(12, wire, &options[..30]);
    assert_eq!(ip_of(&content).src, IpAddr::from(A));
}

#[test]
fn lengths_that_contradict_themselves_are_malformed_and_zero_means_offload() {
    let mut bytes = inner_ip();
    bytes[3] = 19;
    assert_eq!(peel(12, &bytes).1.unwrap_err(), Reason::Malformed);
    bytes[3] = 0;
    assert_eq!(segment_of(&peel(12, &bytes).1).payload, b"payload");
    bytes[0] = 0x44;
    assert_eq!(peel(12, &bytes).1.unwrap_err(), Reason::Malformed);
}

#[test]
fn fragments_are_told_apart_and_cut_ones_still_read() {
    let piece = build::ipv4_piece(A, B, 17, 5, 0x2000 | 3, &[1; 16]);
    match peel(12, &piece).1 {
        Ok(Content::Fragment(fragment)) => {
            assert_eq!((fragment.id, fragment.offset, fragment.more), (5, 24, true));
            assert_eq!(fragment.data, [1; 16]);
        }
        other => panic!("{other:?}"),
    }
    let first = build::ipv4_piece(A, B, 17, 5, 0x2000, &build::udp(53, 9, &[1; 40]));
    let (way, content) = peel(12, &first[..40]);
    assert!(way.truncated);
    assert!(matches!(
        ip_of(&content).transport,
        Transport::Udp { src_port: 53, payload, .. } if payload.len() == 12
    ));
}

/// Frames of every kind above, to be mutilated.
pub(crate) fn samples() -> Vec<(i32, Vec<u8>)> {
    let gre = [
        &[
            0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 101, 0x08, 5, 0, 0, 0, 7,
        ][..],
        &inner_frame(),
    ]
    .concat();
    let vxlan = [&[0x08, 0, 0, 0, 0, 0x12, 0x34, 0][..], &inner_frame()].concat();
    let six = build::ipv6(
        1,
        2,
        0,
        255,
        &[&[6, 0, 1, 4, 0, 0, 0, 0][..], &build::tcp(1, 2, 3, b"x")].concat(),
    );
    vec![
        (1, inner_frame()),
        (
            1,
            build::ethernet(mac(1), mac(2), 0x8100, &build::tag(5, 0x0800, &inner_ip())),
        ),
        (1, build::snap(mac(1), mac(2), [0; 3], 0x0800, &inner_ip())),
        (1, outer(47, &gre)),
        (1, outer_udp(4789, &vxlan)),
        (
            1,
            outer_udp(
                2152,
                &[&[0x30, 0xff, 0, 9, 0, 0, 0, 1][..], &inner_ip()].concat(),
            ),
        ),
        (1, build::ethernet(mac(1), mac(2), 0x86dd, &six)),
        (
            1,
            build::ethernet(
                mac(1),
                mac(2),
                0x8847,
                &[&[0, 1, 1, 64, 0, 0, 0, 0][..], &inner_frame()].concat(),
            ),
        ),
        (
            1,
            build::ethernet(
                mac(1),
                mac(2),
                0x8864,
                &[&[0x11, 0, 0, 7, 0, 54, 0, 0x21][..], &inner_ip()].concat(),
            ),
        ),
        (
            105,
            [
                &[0x88, 1, 0, 0][..],
                &[7; 22],
                &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0],
                &inner_ip(),
            ]
            .concat(),
        ),
    ]
}

#[test]
fn every_prefix_of_every_sample_ends_well() {
    for (link_type, bytes) in samples() {
        let wire = u32::try_from(bytes.len()).unwrap();
        for end in 0..bytes.len() {
            let (way, _) = frame(link_type, wire, &bytes[..end]);
            assert!(way.truncated);
        }
    }
}

/// The two readers of plain frames say the same.
fn assert_alike(link_type: i32, wire_len: u32, bytes: &[u8]) {
    let meta = FrameMeta {
        link_type,
        wire_len,
        ..meta()
    };
    let Some(packet) = plain(meta, bytes) else {
        return;
    };
    let (way, content) = frame(link_type, wire_len, bytes);
    let Ok(Content::Packet(network)) = content else {
        panic!("only the short way found a packet");
    };
    assert_eq!(format!("{:?}", packet.network), format!("{network:?}"));
    assert_eq!(packet.origin, way.origin);
    assert_eq!((packet.src_mac, packet.dst_mac), (way.src_mac, way.dst_mac));
    assert_eq!(packet.truncated, way.truncated);
}

proptest! {
    #[test]
    fn any_bytes_of_any_link_type_end_well_within_the_bounds(
        link_type in prop::sample::select(vec![0, 1, 9, 11, 12, 50, 51, 100, 104, 105, 108, 113, 119, 127, 163, 192, 219, 229, 276, 999]),
        bytes in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let (way, _) = peel(link_type, &bytes);
        prop_assert!(way.layers <= LAYERS + 1 && way.tunnels <= TUNNELS);
    }

    #[test]
    fn mutilated_frames_end_well_and_both_readers_agree(
        sample in prop::sample::select(samples()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        keep in any::<prop::sample::Index>(),
    ) {
        let (link_type, mut bytes) = sample;
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let wire = u32::try_from(bytes.len()).unwrap();
        assert_alike(link_type, wire, &bytes);
        let (way, _) = frame(link_type, wire, &bytes);
        prop_assert!(way.layers <= LAYERS + 1 && way.tunnels <= TUNNELS);
        let cut = &bytes[..keep.index(bytes.len())];
        let (way, _) = frame(link_type, wire, cut);
        prop_assert!(way.truncated);
        assert_alike(link_type, u32::try_from(cut.len()).unwrap(), cut);
    }
}
