//! IPv4, IPv6 with its extension headers, and the transport header.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Content, Fragment, IpHeader, Layer, Opened, Reason, Step, Way, tunnel};
use crate::cursor::Cursor;
use crate::packet::{IpPacket, Network, TcpSegment, Transport};

/// Most IPv6 extension headers walked.
const EXTENSIONS: u8 = 8;

/// Protocol numbers (IANA) this crate cares about.
pub(crate) mod protocol {
    pub(crate) const HOP_BY_HOP: u8 = 0;
    pub(crate) const IPV4: u8 = 4;
    pub(crate) const TCP: u8 = 6;
    pub(crate) const UDP: u8 = 17;
    pub(crate) const IPV6: u8 = 41;
    pub(crate) const ROUTING: u8 = 43;
    pub(crate) const FRAGMENT: u8 = 44;
    pub(crate) const GRE: u8 = 47;
    pub(crate) const AUTHENTICATION: u8 = 51;
    pub(crate) const ICMPV6: u8 = 58;
    pub(crate) const DESTINATION: u8 = 60;
    pub(crate) const ETHER_IN_IP: u8 = 97;
    pub(crate) const MOBILITY: u8 = 135;
    pub(crate) const HOST_IDENTITY: u8 = 139;
    pub(crate) const SHIM6: u8 = 140;
    pub(crate) const MPLS: u8 = 137;
}

/// IPv4 or IPv6, as the first four bits say.
pub(super) fn by_version(bytes: &[u8]) -> Opened<'_> {
    match bytes.first().map(|first| first >> 4) {
        Some(4) => Ok(Step::Next(Layer::Ipv4, bytes)),
        Some(6) => Ok(Step::Next(Layer::Ipv6, bytes)),
        Some(_) => Err(Reason::Malformed),
        None => Err(Reason::Short),
    }
}

/// Whether bytes can be an IPv4 packet: a fitting version, header length and total length.
pub(super) fn is_ipv4(bytes: &[u8], truncated: bool) -> bool {
    let [first, _, high, low, ..] = bytes else {
        return false;
    };
    let total = usize::from(u16::from_be_bytes([*high, *low]));
    (0x45..=0x4f).contains(first) && total >= 20 && (truncated || total <= bytes.len())
}

/// Whether bytes can be an IPv6 packet.
pub(super) fn is_ipv6(bytes: &[u8], truncated: bool) -> bool {
    let [first, _, _, _, high, low, ..] = bytes else {
        return false;
    };
    let total = usize::from(u16::from_be_bytes([*high, *low])).saturating_add(40);
    first >> 4 == 6 && (truncated || total <= bytes.len())
}

impl Way {
    #[inline]
    pub(super) fn ipv4<'a>(&mut self, bytes: &'a [u8]) -> Opened<'a> {
        let mut cursor = Cursor::new(bytes);
        let Some([version_ihl, _, l0, l1, i0, i1, f0, f1, ttl, protocol, _, _]) =
            cursor.array::<12>()
        else {
            return Err(Reason::Short);
        };
        let (Some(src), Some(dst)) = (cursor.array::<4>(), cursor.array::<4>()) else {
            return Err(Reason::Short);
        };
        let header_len = usize::from(version_ihl & 0x0f).saturating_mul(4);
        let (0x4, Some(options)) = (version_ihl >> 4, header_len.checked_sub(20)) else {
            return Err(Reason::Malformed);
        };
        let total = match usize::from(u16::from_be_bytes([l0, l1])) {
            // Written by the card: segmentation offload on the capturing host.
            0 => bytes.len(),
            total => total,
        };
        let declared = total.checked_sub(header_len).ok_or(Reason::Malformed)?;
        let _options = cursor.take_at_most(options);
        let body = cursor.take_at_most(declared);
        let missing = declared.saturating_sub(body.len());
        let header = IpHeader {
            src: IpAddr::V4(Ipv4Addr::from(src)),
            dst: IpAddr::V4(Ipv4Addr::from(dst)),
            ttl,
            protocol,
        };
        let flags = u16::from_be_bytes([f0, f1]);
        if bytes.len() < header_len {
            self.truncated = true;
            return Ok(reached(header, Transport::Other(&[])));
        }
        if flags & 0x3fff != 0 {
            let piece = Fragment {
                header,
                id: u32::from(u16::from_be_bytes([i0, i1])),
                offset: u32::from(flags & 0x1fff).saturating_mul(8),
                more: flags & 0x2000 != 0,
                data: body,
            };
            return self.piece(piece, missing);
        }
        self.upper(header, body, missing)
    }

    /// A fragment. One the capture cut can never be joined: of the first there is still the transport header to read.
    fn piece<'a>(&mut self, piece: Fragment<'a>, missing: usize) -> Opened<'a> {
        if missing == 0 {
            return Ok(Step::Reached(Content::Fragment(piece)));
        }
        self.truncated = true;
        if piece.offset == 0 {
            return self.upper(piece.header, piece.data, missing);
        }
        Ok(reached(piece.header, Transport::Other(piece.data)))
    }

    pub(super) fn ipv6<'a>(&mut self, bytes: &'a [u8]) -> Opened<'a> {
        let mut cursor = Cursor::new(bytes);
        let Some([version, _, _, _, l0, l1, protocol, ttl]) = cursor.array::<8>() else {
            return Err(Reason::Short);
        };
        let (Some(src), Some(dst)) = (cursor.array::<16>(), cursor.array::<16>()) else {
            return Err(Reason::Short);
        };
        if version >> 4 != 6 {
            return Err(Reason::Malformed);
        }
        let declared = match usize::from(u16::from_be_bytes([l0, l1])) {
            // A jumbogram (RFC 2675), or segmentation offload.
            0 => cursor.len(),
            declared => declared,
        };
        let body = cursor.take_at_most(declared);
        let missing = declared.saturating_sub(body.len());
        let header = IpHeader {
            src: IpAddr::V6(Ipv6Addr::from(src)),
            dst: IpAddr::V6(Ipv6Addr::from(dst)),
            ttl,
            protocol,
        };
        self.upper(header, body, missing)
    }

    /// What follows an IP header: extension headers, then a tunnel or the transport layer.
    #[inline]
    pub(super) fn upper<'a>(
        &mut self,
        header: IpHeader,
        body: &'a [u8],
        missing: usize,
    ) -> Opened<'a> {
        self.truncated |= missing > 0;
        match header.protocol {
            protocol::TCP => Ok(reached(header, tcp(body, missing))),
            protocol::UDP => Ok(self.udp(header, body)),
            _ => self.extensions(header, body, missing),
        }
    }

    /// RFC 8200 extension headers, and the authentication header of either version (RFC 4302).
    fn extensions<'a>(
        &mut self,
        mut header: IpHeader,
        body: &'a [u8],
        missing: usize,
    ) -> Opened<'a> {
        let is_v6 = header.src.is_ipv6();
        let mut cursor = Cursor::new(body);
        for _ in 0..EXTENSIONS {
            let unit = match header.protocol {
                protocol::AUTHENTICATION => 4,
                protocol::HOP_BY_HOP
                | protocol::ROUTING
                | protocol::DESTINATION
                | protocol::MOBILITY
                | protocol::HOST_IDENTITY
                | protocol::SHIM6
                    if is_v6 =>
                {
                    8
                }
                protocol::FRAGMENT if is_v6 => {
                    if let Some(step) = self.fragment_header(&mut header, &mut cursor, missing) {
                        return step;
                    }
                    continue;
                }
                protocol::TCP => return Ok(reached(header, tcp(cursor.rest(), missing))),
                protocol::UDP => return Ok(self.udp(header, cursor.rest())),
                _ => return Ok(self.tunnel(header, cursor.rest())),
            };
            let (Some(next), Some(words)) = (cursor.u8(), cursor.u8()) else {
                return Ok(reached(header, Transport::Other(body)));
            };
            // The authentication header counts words of four less two, the others words of eight less one.
            let rest = if unit == 4 {
                usize::from(words).saturating_mul(4).saturating_add(6)
            } else {
                usize::from(words).saturating_mul(8).saturating_add(6)
            };
            if cursor.skip(rest).is_none() {
                return Ok(reached(header, Transport::Other(body)));
            }
            header.protocol = next;
        }
        Ok(reached(header, Transport::Other(cursor.rest())))
    }

    /// `None` where the header says that the packet is whole (RFC 6946 atomic fragment).
    fn fragment_header<'a>(
        &mut self,
        header: &mut IpHeader,
        cursor: &mut Cursor<'a>,
        missing: usize,
    ) -> Option<Opened<'a>> {
        let Some([next, _, o0, o1, i0, i1, i2, i3]) = cursor.array::<8>() else {
            return Some(Ok(reached(*header, Transport::Other(cursor.rest()))));
        };
        header.protocol = next;
        let offset = u16::from_be_bytes([o0, o1]);
        if offset & 0xfff9 == 0 {
            return None;
        }
        let piece = Fragment {
            header: *header,
            id: u32::from_be_bytes([i0, i1, i2, i3]),
            offset: u32::from(offset & 0xfff8),
            more: offset & 1 != 0,
            data: cursor.rest(),
        };
        Some(self.piece(piece, missing))
    }

    fn udp<'a>(&mut self, header: IpHeader, body: &'a [u8]) -> Step<'a> {
        let Some((src_port, dst_port, payload)) = udp_ports(body) else {
            return reached(header, Transport::Other(body));
        };
        if tunnel::is_udp_tunnel(src_port, dst_port)
            && let Some(step) = self.udp_tunnel(dst_port, payload)
        {
            return step;
        }
        reached(
            header,
            Transport::Udp {
                src_port,
                dst_port,
                payload,
            },
        )
    }

    fn tunnel<'a>(&mut self, header: IpHeader, body: &'a [u8]) -> Step<'a> {
        self.ip_tunnel(header.protocol, body)
            .unwrap_or_else(|| reached(header, Transport::Other(body)))
    }
}

#[inline]
fn reached(header: IpHeader, transport: Transport<'_>) -> Step<'_> {
    Step::Reached(Content::Packet(Network::Ip(IpPacket {
        src: header.src,
        dst: header.dst,
        ttl: header.ttl,
        protocol: header.protocol,
        transport,
    })))
}

/// Ports and payload of a datagram, as far as captured.
#[inline]
pub(super) fn udp_ports(body: &[u8]) -> Option<(u16, u16, &[u8])> {
    let ([s0, s1, d0, d1, l0, l1, _, _], rest) = body.split_first_chunk::<8>()?;
    let payload = match usize::from(u16::from_be_bytes([*l0, *l1])).checked_sub(8) {
        Some(length) => rest.get(..length).unwrap_or(rest),
        None => rest,
    };
    Some((
        u16::from_be_bytes([*s0, *s1]),
        u16::from_be_bytes([*d0, *d1]),
        payload,
    ))
}

/// A TCP segment as far as captured; without its ports and numbers it is only bytes.
#[inline]
pub(super) fn tcp(body: &[u8], missing: usize) -> Transport<'_> {
    let mut cursor = Cursor::new(body);
    let Some(
        [
            s0,
            s1,
            d0,
            d1,
            q0,
            q1,
            q2,
            q3,
            a0,
            a1,
            a2,
            a3,
            offset,
            flags,
        ],
    ) = cursor.array::<14>()
    else {
        return Transport::Other(body);
    };
    let header_len = usize::from(offset >> 4).saturating_mul(4);
    if header_len < 20 {
        return Transport::Other(body);
    }
    let (payload, missing) = match body.split_at_checked(header_len) {
        Some((_, payload)) => (payload, missing),
        // The capture ends within the options.
        None => {
            let header_missing = header_len.saturating_sub(body.len());
            (&[][..], missing.saturating_sub(header_missing))
        }
    };
    Transport::Tcp(TcpSegment {
        src_port: u16::from_be_bytes([s0, s1]),
        dst_port: u16::from_be_bytes([d0, d1]),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags,
        payload,
        missing: u32::try_from(missing).unwrap_or(u32::MAX),
    })
}
