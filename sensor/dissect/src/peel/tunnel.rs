//! Packets within packets: GRE and ERSPAN, VXLAN, GENEVE, GTP-U, IP in IP.
//!
//! Each opener returns `None` for what it does not recognise; the carrying packet then stands for itself.

use super::ip::protocol;
use super::{Layer, Step, Way, ip, link};
use crate::cursor::Cursor;
use crate::packet::OriginTag;

const VXLAN: u16 = 4789;
const VXLAN_GPE: u16 = 4790;
const VXLAN_LINUX: u16 = 8472;
const GENEVE: u16 = 6081;
const GTP_U: u16 = 2152;
const MPLS_IN_UDP: u16 = 6635;

/// GRE protocol types of mirrored frames.
const ERSPAN_II: u16 = 0x88be;
const ERSPAN_III: u16 = 0x22eb;
const PPTP: u16 = 0x880b;
const WCCP: u16 = 0x883e;

/// Bytes of the shortest Ethernet header.
const ETHERNET: usize = 14;

/// Where an inner packet was found.
struct Inner<'a> {
    layer: Layer,
    bytes: &'a [u8],
    /// A new address realm, where the tunnel is one; otherwise the one outside stays.
    origin: Option<OriginTag>,
}

/// Whether a datagram may carry another packet.
#[inline]
pub(super) const fn is_udp_tunnel(src_port: u16, dst_port: u16) -> bool {
    matches!(
        dst_port,
        VXLAN | VXLAN_GPE | VXLAN_LINUX | GENEVE | GTP_U | MPLS_IN_UDP
    ) || src_port == GTP_U
}

impl Way {
    pub(super) fn udp_tunnel<'a>(&mut self, dst_port: u16, payload: &'a [u8]) -> Option<Step<'a>> {
        let inner = match dst_port {
            VXLAN | VXLAN_LINUX => vxlan(payload),
            VXLAN_GPE => vxlan_gpe(payload),
            GENEVE => geneve(payload),
            MPLS_IN_UDP => plain(Layer::Mpls, payload),
            _ => gtp_u(payload),
        }?;
        self.open(inner)
    }

    pub(super) fn ip_tunnel<'a>(&mut self, number: u8, body: &'a [u8]) -> Option<Step<'a>> {
        let inner = match number {
            protocol::IPV4 if ip::is_ipv4(body, true) => plain(Layer::Ipv4, body),
            protocol::IPV6 if ip::is_ipv6(body, true) => plain(Layer::Ipv6, body),
            protocol::GRE => gre(body),
            // RFC 3378: version 3, then a frame.
            protocol::ETHER_IN_IP => match body {
                [0x30, 0, frame @ ..] => framed(frame, OriginTag::default()),
                _ => None,
            },
            protocol::MPLS => plain(Layer::Mpls, body),
            _ => None,
        }?;
        self.open(inner)
    }

    fn open<'a>(&mut self, inner: Inner<'a>) -> Option<Step<'a>> {
        if !self.enter_tunnel() {
            return None;
        }
        if let Some(origin) = inner.origin {
            self.origin = origin;
        }
        Some(Step::Next(inner.layer, inner.bytes))
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every opener, so that they read alike"
)]
const fn plain(layer: Layer, bytes: &[u8]) -> Option<Inner<'_>> {
    Some(Inner {
        layer,
        bytes,
        origin: None,
    })
}

fn framed(bytes: &[u8], origin: OriginTag) -> Option<Inner<'_>> {
    (bytes.len() >= ETHERNET).then_some(Inner {
        layer: Layer::Ethernet,
        bytes,
        origin: Some(origin),
    })
}

fn network(vni: [u8; 3]) -> OriginTag {
    let [a, b, c] = vni;
    OriginTag {
        vni: Some(u32::from_be_bytes([0, a, b, c])),
        ..OriginTag::default()
    }
}

/// RFC 7348: the flag that says the identifier is valid (perhaps with that of a group policy), then the identifier. Reserved bits
/// are looked at, since a port alone says little.
fn vxlan(payload: &[u8]) -> Option<Inner<'_>> {
    let mut cursor = Cursor::new(payload);
    let [flags, _, _, _, a, b, c, reserved] = cursor.array()?;
    if flags & 0x3f != 0x08 || reserved != 0 {
        return None;
    }
    framed(cursor.rest(), network([a, b, c]))
}

/// draft-ietf-nvo3-vxlan-gpe: with a next protocol.
fn vxlan_gpe(payload: &[u8]) -> Option<Inner<'_>> {
    let mut cursor = Cursor::new(payload);
    let [flags, _, _, next, a, b, c, _] = cursor.array()?;
    if flags & 0x08 == 0 {
        return None;
    }
    let layer = match (flags & 0x04 != 0, next) {
        (true, 1) => Layer::Ipv4,
        (true, 2) => Layer::Ipv6,
        (false, _) | (true, 3) => return framed(cursor.rest(), network([a, b, c])),
        (true, 4) => Layer::Ethertype(0x894f),
        (true, _) => return None,
    };
    Some(Inner {
        layer,
        bytes: cursor.rest(),
        origin: Some(network([a, b, c])),
    })
}

/// RFC 8926: version 0, options in words of four.
fn geneve(payload: &[u8]) -> Option<Inner<'_>> {
    let mut cursor = Cursor::new(payload);
    let [first, _, p0, p1, a, b, c, _] = cursor.array()?;
    if first >> 6 != 0 {
        return None;
    }
    cursor.skip(usize::from(first & 0x3f).checked_mul(4)?)?;
    let origin = network([a, b, c]);
    let protocol = u16::from_be_bytes([p0, p1]);
    if protocol == 0x6558 {
        return framed(cursor.rest(), origin);
    }
    link::is_openable(protocol).then_some(Inner {
        layer: Layer::Ethertype(protocol),
        bytes: cursor.rest(),
        origin: Some(origin),
    })
}

/// 3GPP TS 29.281: version 1, message type 255 carries a user's packet.
fn gtp_u(payload: &[u8]) -> Option<Inner<'_>> {
    /// Most extension headers walked.
    const EXTENSIONS: u8 = 4;
    let mut cursor = Cursor::new(payload);
    let [flags, kind] = cursor.array()?;
    if flags & 0xf0 != 0x30 || kind != 0xff {
        return None;
    }
    cursor.skip(6)?;
    if flags & 0x07 != 0 {
        cursor.skip(3)?;
        let mut next = cursor.u8()?;
        let mut walked = 0_u8;
        while flags & 0x04 != 0 && next != 0 {
            walked = walked.saturating_add(1);
            let words = usize::from(cursor.u8()?);
            if walked > EXTENSIONS || words == 0 {
                return None;
            }
            cursor.skip(words.checked_mul(4)?.checked_sub(2)?)?;
            next = cursor.u8()?;
        }
    }
    let rest = cursor.rest();
    let is_packet = ip::is_ipv4(rest, true) || ip::is_ipv6(rest, true);
    is_packet.then_some(Inner {
        layer: Layer::Ip,
        bytes: rest,
        origin: None,
    })
}

/// Flags and protocol type of a GRE header of version 0 (RFC 2784, RFC 2890), and what follows it.
fn gre_header(body: &[u8]) -> Option<(u16, u16, Cursor<'_>)> {
    let mut cursor = Cursor::new(body);
    let flags = cursor.u16()?;
    let protocol = cursor.u16()?;
    // Source routes were never used.
    if flags & 0x4007 != 0 {
        return None;
    }
    // Checksum, key, sequence number.
    for bit in [0x8000, 0x2000, 0x1000] {
        if flags & bit != 0 {
            cursor.skip(4)?;
        }
    }
    Some((flags, protocol, cursor))
}

/// The protocol type and payload of a GRE packet that was left closed.
pub(crate) fn gre_payload(body: &[u8]) -> Option<(u16, &[u8])> {
    gre_header(body).map(|(_, protocol, cursor)| (protocol, cursor.rest()))
}

fn gre(body: &[u8]) -> Option<Inner<'_>> {
    // Version 1 is PPTP's (RFC 2637).
    if let [_, version, ..] = body
        && version & 0x07 == 1
    {
        return pptp(body);
    }
    let (flags, protocol, cursor) = gre_header(body)?;
    let sequenced = flags & 0x1000 != 0;
    match protocol {
        ERSPAN_II if sequenced => erspan_ii(cursor),
        // Type I: no header at all.
        ERSPAN_II => framed(cursor.rest(), OriginTag::default()),
        ERSPAN_III => erspan_iii(cursor),
        0x6558 => framed(cursor.rest(), OriginTag::default()),
        WCCP => match cursor.rest() {
            rest if ip::is_ipv4(rest, true) => plain(Layer::Ipv4, rest),
            [_, _, _, _, rest @ ..] => plain(Layer::Ipv4, rest),
            _ => None,
        },
        _ if link::is_openable(protocol) && !cursor.is_empty() => {
            plain(Layer::Ethertype(protocol), cursor.rest())
        }
        _ => None,
    }
}

fn pptp(body: &[u8]) -> Option<Inner<'_>> {
    let mut cursor = Cursor::new(body);
    let flags = cursor.u16()?;
    let protocol = cursor.u16()?;
    if protocol != PPTP || flags & 0x2000 == 0 {
        return None;
    }
    let length = usize::from(cursor.u16()?);
    cursor.skip(2)?;
    for bit in [0x1000, 0x0080] {
        if flags & bit != 0 {
            cursor.skip(4)?;
        }
    }
    let frame = cursor.take_at_most(length);
    // Only user data is opened: the negotiation belongs to the tunnel's ends.
    let is_packet = match frame {
        [0xff, 0x03, rest @ ..] | rest => matches!(rest, [0x21 | 0x57, ..] | [0, 0x21 | 0x57, ..]),
    };
    if is_packet {
        plain(Layer::Ppp, frame)
    } else {
        None
    }
}

/// draft-foschiano-erspan: version 1, VLAN of the mirrored frame, session.
fn erspan_ii(mut cursor: Cursor<'_>) -> Option<Inner<'_>> {
    let (first, second) = (cursor.u16()?, cursor.u16()?);
    cursor.skip(4)?;
    if first >> 12 != 1 {
        return None;
    }
    framed(cursor.rest(), mirrored(first, second))
}

/// Version 2: with a time stamp and, where its last bit says so, eight bytes of the platform's own.
fn erspan_iii(mut cursor: Cursor<'_>) -> Option<Inner<'_>> {
    let (first, second) = (cursor.u16()?, cursor.u16()?);
    cursor.skip(6)?;
    let kind = cursor.u16()?;
    if first >> 12 != 2 {
        return None;
    }
    if kind & 1 != 0 {
        cursor.skip(8)?;
    }
    let origin = mirrored(first, second);
    match (kind >> 10) & 0x1f {
        0 => framed(cursor.rest(), origin),
        2 => Some(Inner {
            layer: Layer::Ip,
            bytes: cursor.rest(),
            origin: Some(origin),
        }),
        _ => None,
    }
}

fn mirrored(first: u16, second: u16) -> OriginTag {
    let vlan = first & 0x0fff;
    OriginTag {
        vlans: [vlan, 0, 0],
        vlan_count: u8::from(vlan != 0),
        vni: None,
        erspan_session: Some(second & 0x03ff),
    }
}
