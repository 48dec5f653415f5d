use std::net::{IpAddr, Ipv4Addr};

use super::*;

#[test]
fn gre_with_every_option() {
    for (flags, options) in [(0x00, 0), (0x80, 4), (0x20, 4), (0x10, 4), (0xb0, 12)] {
        let header = [&[flags, 0, 8, 0][..], &vec![0; options]].concat();
        let way = found(1, &outer(47, &[header, inner_ip()].concat()));
        assert_eq!(
            way.src_mac, None,
            "the carrier's addresses are not the sender's"
        );
        let header = [&[flags, 0, 0x65, 0x58][..], &vec![0; options]].concat();
        assert_inner_macs(&found(1, &outer(47, &[header, inner_frame()].concat())));
    }
}

#[test]
fn erspan_tells_session_and_vlan() {
    let one = [&[0, 0, 0x88, 0xbe][..], &inner_frame()].concat();
    let way = found(1, &outer(47, &one));
    assert_eq!(way.origin, OriginTag::default());

    let gre = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 1];
    let two = [&gre[..], &[0x10, 101, 0x08, 5, 0, 0, 0, 7], &inner_frame()].concat();
    let way = found(1, &outer(47, &two));
    assert_inner_macs(&way);
    assert_eq!(way.origin.erspan_session, Some(5));
    assert_eq!(way.origin.vlans(), [101]);

    for (last, platform) in [(0, 0), (1, 8)] {
        let gre = [0x10, 0, 0x22, 0xeb, 0, 0, 0, 1];
        let header = [0x20, 20, 0, 9, 0, 0, 0, 0, 0, 0, 0, last];
        let three = [&gre[..], &header, &vec![0; platform], &inner_frame()].concat();
        let way = found(1, &outer(47, &three));
        assert_eq!(way.origin.erspan_session, Some(9));
        assert_eq!(way.origin.vlans(), [20]);
    }
}

#[test]
fn a_trunks_tag_is_not_counted_twice_in_erspan() {
    let tagged = build::tag(101, 0x0800, &inner_ip());
    let frame = build::ethernet(mac(1), mac(2), 0x8100, &tagged);
    let gre = [
        0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 101, 0x18, 5, 0, 0, 0, 7,
    ];
    let way = found(1, &outer(47, &[&gre[..], &frame].concat()));
    assert_eq!(way.origin.vlans(), [101]);
}

#[test]
fn network_identifiers_open_a_new_realm() {
    let vxlan = [&[0x08, 0, 0, 0, 0, 0x12, 0x34, 0][..], &inner_frame()].concat();
    for port in [4789, 8472] {
        let ip = build::ipv4(A, B, 17, &build::udp(50_000, port, &vxlan));
        let tagged = build::tag(77, 0x0800, &ip);
        let way = found(1, &build::ethernet(mac(8), mac(9), 0x8100, &tagged));
        assert_inner_macs(&way);
        assert_eq!(way.origin.vni, Some(0x1234));
        assert!(
            way.origin.vlans().is_empty(),
            "the carrier's VLAN is another realm"
        );
    }
    let geneve = [
        &[1, 0, 0x65, 0x58, 0, 0, 9, 0, 1, 2, 3, 4][..],
        &inner_frame(),
    ]
    .concat();
    assert_eq!(found(1, &outer_udp(6081, &geneve)).origin.vni, Some(9));
    let geneve = [&[0, 0, 0x08, 0, 0, 0, 9, 0][..], &inner_ip()].concat();
    assert_eq!(found(1, &outer_udp(6081, &geneve)).origin.vni, Some(9));
}

#[test]
fn ip_within_ip_and_mobile_users() {
    found(1, &outer(4, &inner_ip()));
    let six = build::ipv6(1, 2, 4, 64, &inner_ip());
    found(1, &build::ethernet(mac(8), mac(9), 0x86dd, &six));
    found(
        1,
        &outer_udp(
            2152,
            &[&[0x30, 0xff, 0, 9, 0, 0, 0, 1][..], &inner_ip()].concat(),
        ),
    );
    let extended = [0x34, 0xff, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 2, 3, 0];
    found(1, &outer_udp(2152, &[&extended[..], &inner_ip()].concat()));
}

#[test]
fn a_tunnel_that_carries_no_packet_is_itself_the_packet() {
    for (port, payload) in [
        (4789, &b"no vxlan at all..............."[..]),
        (2152, &[0x32, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]),
        (6081, &[0xff; 30]),
    ] {
        let bytes = outer_udp(port, payload);
        let (way, content) = peel(1, &bytes);
        assert_eq!(way.src_mac, Some(mac(8)));
        assert!(matches!(
            ip_of(&content).transport,
            Transport::Udp { dst_port, payload: found, .. } if dst_port == port && found == payload
        ));
    }
    let bytes = outer(47, &[0, 0, 0x20, 0x00, 2, 180, 0, 0]);
    assert_eq!(ip_of(&peel(1, &bytes).1).protocol, 47);
}

#[test]
fn tunnels_beyond_the_bound_stay_closed_and_are_counted() {
    let mut ip = inner_ip();
    for _ in 0..TUNNELS {
        ip = build::ipv4(A, B, 4, &ip);
    }
    found(12, &ip);
    ip = build::ipv4([9, 9, 9, 9], B, 4, &ip);
    let (way, content) = peel(12, &ip);
    assert!(way.too_deep);
    assert_eq!(ip_of(&content).protocol, 4);
    assert_eq!(ip_of(&content).src, IpAddr::V4(Ipv4Addr::from(A)));
}

#[test]
fn a_vxlan_header_has_only_its_own_bits() {
    let vxlan = |flags, last| [&[flags, 0, 0, 0, 0, 1, 2, last][..], &inner_frame()].concat();
    found(1, &outer_udp(4789, &vxlan(0x88, 0)));
    for header in [vxlan(0x00, 0), vxlan(0x0c, 0), vxlan(0x08, 1)] {
        let bytes = outer_udp(4789, &header);
        assert_eq!(peel(1, &bytes).0.origin.vni, None);
    }
}

#[test]
fn mpls_carries_ip_or_ethernet() {
    let stack = [0, 1, 0x00, 64, 0, 2, 0x01, 64];
    let ip = [&stack[..], &inner_ip()].concat();
    assert_inner_macs(&found(1, &build::ethernet(mac(1), mac(2), 0x8847, &ip)));
    for control_word in [&[][..], &[0, 0, 0, 1]] {
        let wire = [&stack[..], control_word, &inner_frame()].concat();
        assert_inner_macs(&found(1, &build::ethernet(mac(8), mac(9), 0x8847, &wire)));
    }
}
