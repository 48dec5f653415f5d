//! The common case in one step: most frames are TCP or UDP over IPv4 over Ethernet with at most one tag. What this reads, the
//! layers would read alike; a property test holds the two together.

use std::net::{IpAddr, Ipv4Addr};

use auscult_proto::mac::Mac;

use super::ip::{protocol, tcp, udp_ports};
use super::tunnel;
use crate::emit::is_interface;
use crate::packet::{FrameMeta, IpPacket, Network, OriginTag, Packet, Transport};

/// The packet of a plain frame; `None` for every other frame, for the layers to read.
#[inline]
pub(crate) fn plain(meta: FrameMeta, bytes: &[u8]) -> Option<Packet<'_>> {
    let captured = u32::try_from(bytes.len()).ok()?;
    if meta.link_type != 1 || meta.wire_len > captured {
        return None;
    }
    let (header, rest) = bytes.split_first_chunk::<14>()?;
    let [d0, d1, d2, d3, d4, d5, s0, s1, s2, s3, s4, s5, t0, t1] = *header;
    let (vlan, rest) = match [t0, t1] {
        [0x08, 0x00] => (0, rest),
        [0x81, 0x00] => {
            let ([c0, c1, 0x08, 0x00], rest) = rest.split_first_chunk::<4>()? else {
                return None;
            };
            (u16::from_be_bytes([*c0, *c1]) & 0x0fff, rest)
        }
        _ => return None,
    };
    let [
        0x45,
        _,
        l0,
        l1,
        _,
        _,
        f0,
        f1,
        ttl,
        number,
        _,
        _,
        a0,
        a1,
        a2,
        a3,
        b0,
        b1,
        b2,
        b3,
    ] = *rest.first_chunk::<20>()?
    else {
        return None;
    };
    if u16::from_be_bytes([f0, f1]) & 0x3fff != 0 {
        return None;
    }
    let body = rest.get(20..usize::from(u16::from_be_bytes([l0, l1])))?;
    let transport = transport(number, body)?;
    // Inter-Switch Link is told by its destination.
    if matches!([d0, d1, d2, d3, d4], [0x01 | 0x03, 0x00, 0x0c, 0x00, 0x00]) {
        return None;
    }
    Some(Packet {
        meta,
        origin: OriginTag {
            vlans: [vlan, 0, 0],
            vlan_count: u8::from(vlan != 0),
            vni: None,
            erspan_session: None,
        },
        src_mac: Some(Mac([s0, s1, s2, s3, s4, s5])).filter(|mac| is_interface(*mac)),
        dst_mac: Some(Mac([d0, d1, d2, d3, d4, d5])),
        network: Network::Ip(IpPacket {
            src: IpAddr::V4(Ipv4Addr::new(a0, a1, a2, a3)),
            dst: IpAddr::V4(Ipv4Addr::new(b0, b1, b2, b3)),
            ttl,
            protocol: number,
            transport,
        }),
        truncated: false,
    })
}

/// A TCP segment, or a datagram that is no tunnel.
#[inline]
fn transport(number: u8, body: &[u8]) -> Option<Transport<'_>> {
    match number {
        protocol::TCP => Some(tcp(body, 0)),
        protocol::UDP => {
            let (src_port, dst_port, payload) = udp_ports(body)?;
            let datagram = Transport::Udp {
                src_port,
                dst_port,
                payload,
            };
            (!tunnel::is_udp_tunnel(src_port, dst_port)).then_some(datagram)
        }
        _ => None,
    }
}
