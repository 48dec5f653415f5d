//! What an address can and cannot tell.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use auscult_proto::mac::Mac;

use crate::event::DeviceClass;

/// The interface address if it can name an interface: not a group, not zero.
pub(crate) fn interface(mac: Option<Mac>) -> Option<Mac> {
    mac.filter(|mac| !mac.is_group() && !mac.is_zero())
}

/// The network address if it can name a host: unicast, not unspecified, not loopback. IPv4-mapped IPv6 is IPv4.
pub(crate) fn host(ip: Option<IpAddr>) -> Option<IpAddr> {
    let ip = ip?.to_canonical();
    let unusable = ip.is_unspecified()
        || ip.is_multicast()
        || ip.is_loopback()
        || ip == IpAddr::V4(Ipv4Addr::BROADCAST);
    (!unusable).then_some(ip)
}

/// Never forwarded: whoever uses it is on the link (RFC 3927, RFC 4291).
pub(crate) fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.segments()[0] & 0xffc0 == 0xfe80,
    }
}

/// What is counted when interfaces that forward are told from interfaces with several addresses of their own: an IPv4 address, or an
/// IPv6 /64 (a host has many temporary addresses in one, RFC 8981).
pub(crate) fn counted_as(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}

/// Whether `ip` lies in the network `net`/`length`.
pub(crate) fn within(ip: IpAddr, net: IpAddr, length: u8) -> bool {
    match (ip, net) {
        (IpAddr::V4(ip), IpAddr::V4(net)) => {
            let host_bits = u32::from(32u8.saturating_sub(length));
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            (ip.to_bits() ^ net.to_bits()) & mask == 0
        }
        (IpAddr::V6(ip), IpAddr::V6(net)) => {
            let host_bits = u32::from(128u8.saturating_sub(length));
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            (ip.to_bits() ^ net.to_bits()) & mask == 0
        }
        _ => false,
    }
}

/// The class of a device first seen by this interface address.
pub(crate) fn class_of(mac: Mac) -> DeviceClass {
    if is_router_group(mac) {
        DeviceClass::RouterGroup
    } else if !mac.is_local() {
        DeviceClass::Physical
    } else if is_virtual(mac) {
        DeviceClass::Virtual
    } else {
        DeviceClass::Ephemeral
    }
}

/// VRRP (RFC 9568), HSRP 1 and 2, HSRP for IPv6, GLBP: one address, several routers, and the same address in every network.
fn is_router_group(mac: Mac) -> bool {
    matches!(
        mac.0,
        [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, _]
            | [0x00, 0x00, 0x0c, 0x07, 0xac, _]
            | [0x00, 0x00, 0x0c, 0x9f, 0xf0..=0xff, _]
            | [0x00, 0x05, 0x73, 0xa0, 0x00..=0x0f, _]
            | [0x00, 0x07, 0xb4, 0x00, _, _]
    )
}

/// Locally administered ranges that hypervisors and containers use: not randomised.
fn is_virtual(mac: Mac) -> bool {
    matches!(
        mac.0,
        [0x52, 0x54, 0x00, ..] | [0x02, 0x42, ..] | [0x0a, 0x00, 0x27, ..]
    )
}

/// Sixteen hexadecimal digits, with or without separators between octets.
pub(crate) fn parse_eui64(text: &str) -> Option<[u8; 8]> {
    hex::<8>(text)
}

/// The EUI-48 an EUI-64 was made from: FF-FE (or, from a MAC-48, FF-FF) in the middle.
pub(crate) fn mac_of_eui64(eui: [u8; 8]) -> Option<Mac> {
    match eui {
        [a, b, c, 0xff, 0xfe | 0xff, d, e, f] => interface(Some(Mac([a, b, c, d, e, f]))),
        _ => None,
    }
}

/// The interface address inside a DUID-LLT (1) or DUID-LL (3) of hardware type Ethernet (RFC 8415, 11.2 and 11.4), as hexadecimal.
pub(crate) fn mac_of_duid(text: &str) -> Option<Mac> {
    let mac = match hex_digits(text).as_slice() {
        [0, 1, 0, 1, _, _, _, _, a, b, c, d, e, f] | [0, 3, 0, 1, a, b, c, d, e, f] => {
            Mac([*a, *b, *c, *d, *e, *f])
        }
        _ => return None,
    };
    interface(Some(mac)).filter(|mac| !mac.is_local())
}

fn hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    hex_digits(text).try_into().ok()
}

/// Octets of a hexadecimal text; empty when it is none.
fn hex_digits(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(16);
    let mut high: Option<u8> = None;
    for character in text.bytes() {
        let digit = match character {
            b'0'..=b'9' => character.wrapping_sub(b'0'),
            b'a'..=b'f' => character.wrapping_sub(b'a').saturating_add(10),
            b'A'..=b'F' => character.wrapping_sub(b'A').saturating_add(10),
            b':' | b'-' | b'.' if high.is_none() => continue,
            _ => return Vec::new(),
        };
        match high.take() {
            None => high = Some(digit << 4),
            Some(high) => octets.push(high | digit),
        }
    }
    if high.is_some() { Vec::new() } else { octets }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unicast_addresses_name_a_host() {
        for bad in [
            "0.0.0.0",
            "224.0.0.1",
            "127.0.0.1",
            "255.255.255.255",
            "::",
            "ff02::1",
            "::1",
        ] {
            assert_eq!(host(bad.parse().ok()), None, "{bad}");
        }
        assert_eq!(
            host("::ffff:10.0.0.1".parse().ok()),
            "10.0.0.1".parse().ok()
        );
    }

    #[test]
    fn addresses_inside_identifiers_are_found() {
        let mac: Mac = "08:00:19:01:02:03".parse().unwrap();
        assert_eq!(
            parse_eui64("080019FFFE010203").and_then(mac_of_eui64),
            Some(mac)
        );
        assert_eq!(
            parse_eui64("08-00-19-ff-fe-01-02-03").and_then(mac_of_eui64),
            Some(mac)
        );
        assert_eq!(parse_eui64("0800190102030405").and_then(mac_of_eui64), None);
        assert_eq!(parse_eui64("080019FFFE0102"), None);
        assert_eq!(
            mac_of_duid("00:01:00:01:2a:2b:2c:2d:08:00:19:01:02:03"),
            Some(mac)
        );
        assert_eq!(mac_of_duid("00030001080019010203"), Some(mac));
        assert_eq!(mac_of_duid("0004000102030405"), None);
    }

    #[test]
    fn prefixes_hold_their_edges() {
        let net = "172.16.0.0".parse().unwrap();
        assert!(within("172.31.255.255".parse().unwrap(), net, 12));
        assert!(!within("172.32.0.0".parse().unwrap(), net, 12));
        assert!(within(
            "8.8.8.8".parse().unwrap(),
            "0.0.0.0".parse().unwrap(),
            0
        ));
        assert!(!within("fd00::1".parse().unwrap(), net, 0));
        assert!(within(
            "fdff::1".parse().unwrap(),
            "fc00::".parse().unwrap(),
            7
        ));
    }

    #[test]
    fn router_groups_and_randomised_addresses_are_told_apart() {
        for (mac, class) in [
            ("00:00:5e:00:01:07", DeviceClass::RouterGroup),
            ("00:00:0c:9f:f1:02", DeviceClass::RouterGroup),
            ("00:1a:01:00:00:01", DeviceClass::Physical),
            ("52:54:00:12:34:56", DeviceClass::Virtual),
            ("da:a1:19:00:00:01", DeviceClass::Ephemeral),
        ] {
            assert_eq!(class_of(mac.parse().unwrap()), class, "{mac}");
        }
    }
}
