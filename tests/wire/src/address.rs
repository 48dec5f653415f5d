//! Who sends: interface address, IP address and the habits of the TCP/IP stack.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crate::stack::Stack;

/// An Ethernet address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Everybody on the segment.
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// The group address of an IP multicast address (RFC 1112 §6.4, RFC 2464 §7), the broadcast address for 255.255.255.255, else `None`.
    #[must_use]
    pub fn group(ip: IpAddr) -> Option<Self> {
        match ip {
            IpAddr::V4(v4) if v4.is_broadcast() => Some(Self::BROADCAST),
            IpAddr::V4(v4) if v4.is_multicast() => {
                let [_, b, c, d] = v4.octets();
                Some(Self([0x01, 0x00, 0x5e, b & 0x7f, c, d]))
            }
            IpAddr::V6(v6) if v6.is_multicast() => {
                let [.., a, b, c, d] = v6.octets();
                Some(Self([0x33, 0x33, a, b, c, d]))
            }
            _ => None,
        }
    }

    /// The modified EUI-64 interface identifier (RFC 4291 appendix A).
    #[must_use]
    pub fn interface_identifier(self) -> [u8; 8] {
        let [a, b, c, d, e, f] = self.0;
        [a ^ 2, b, c, 0xff, 0xfe, d, e, f]
    }

    /// The link-local IPv6 address that this interface forms.
    #[must_use]
    pub fn link_local(self) -> std::net::Ipv6Addr {
        let mut octets = [0; 16];
        octets[0] = 0xfe;
        octets[1] = 0x80;
        octets[8..].copy_from_slice(&self.interface_identifier());
        octets.into()
    }

    /// The EUI-64 of this interface in capitals without separators, as HL7 writes it in EI fields.
    #[must_use]
    pub fn eui64(self) -> String {
        let [a, b, c, d, e, f] = self.0;
        format!("{a:02X}{b:02X}{c:02X}FFFE{d:02X}{e:02X}{f:02X}")
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, f] = self.0;
        write!(formatter, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{f:02x}")
    }
}

/// Text that is no Ethernet address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no Ethernet address: six hexadecimal octets with colons are expected")]
pub struct NoMac(String);

impl FromStr for Mac {
    type Err = NoMac;

    fn from_str(text: &str) -> Result<Self, NoMac> {
        let mut octets = [0; 6];
        let mut parts = text.split(':');
        for octet in &mut octets {
            *octet = parts
                .next()
                .filter(|part| part.len() == 2)
                .and_then(|part| u8::from_str_radix(part, 16).ok())
                .ok_or_else(|| NoMac(text.to_owned()))?;
        }
        match parts.next() {
            None => Ok(Self(octets)),
            Some(_) => Err(NoMac(text.to_owned())),
        }
    }
}

/// One end of an exchange, as it looks on the captured link.
///
/// For a peer behind a router, `mac` is the router's and `hops` the number of routers between: that is what the wire shows.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// Source address of the frames.
    pub mac: Mac,
    /// Source address of the packets.
    pub ip: IpAddr,
    /// What the operating system does by itself: TTL, window, TCP options.
    pub stack: &'static Stack,
    /// Routers passed before the captured link.
    pub hops: u8,
}

impl Endpoint {
    /// An end on the captured link itself.
    #[must_use]
    pub fn new(mac: Mac, ip: impl Into<IpAddr>, stack: &'static Stack) -> Self {
        Self {
            mac,
            ip: ip.into(),
            stack,
            hops: 0,
        }
    }

    /// The same end seen behind `hops` routers, of which the last has the address `router`.
    #[must_use]
    pub fn behind(self, router: Mac, hops: u8) -> Self {
        Self {
            mac: router,
            hops,
            ..self
        }
    }

    /// The same interface under another IP address.
    #[must_use]
    pub fn at(self, ip: impl Into<IpAddr>) -> Self {
        Self {
            ip: ip.into(),
            ..self
        }
    }

    /// Where frames to this end go on the captured link: its own address, or the group's when `ip` is a group.
    #[must_use]
    pub fn destination(&self) -> Mac {
        Mac::group(self.ip).unwrap_or(self.mac)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_and_print() {
        let mac: Mac = "00:09:fb:0a:0b:0c".parse().expect("an address");
        assert_eq!(mac.to_string(), "00:09:fb:0a:0b:0c");
        assert_eq!(mac.eui64(), "0009FBFFFE0A0B0C");
        assert_eq!(mac.link_local().to_string(), "fe80::209:fbff:fe0a:b0c");
        assert!("00:09:fb".parse::<Mac>().is_err());
        assert!("00:09:fb:0a:0b:0c:0d".parse::<Mac>().is_err());
    }

    #[test]
    fn groups_follow_the_standards() {
        let group = |text: &str| Mac::group(text.parse().expect("an address"));
        assert_eq!(group("224.0.0.251"), Some(Mac([0x01, 0, 0x5e, 0, 0, 0xfb])));
        assert_eq!(group("ff02::fb"), Some(Mac([0x33, 0x33, 0, 0, 0, 0xfb])));
        assert_eq!(group("255.255.255.255"), Some(Mac::BROADCAST));
        assert_eq!(group("10.0.0.1"), None);
    }
}
