//! Addresses: MACs by maker, IPv4 subnets that overlap between sites, IPv6 by EUI-64.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A 48-bit MAC address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// A maker's address: its prefix and a 24-bit number.
    #[must_use]
    pub const fn of(oui: [u8; 3], number: u32) -> Self {
        let low = number.to_be_bytes();
        Self([oui[0], oui[1], oui[2], low[1], low[2], low[3]])
    }

    /// A randomised address: locally administered, unicast.
    #[must_use]
    pub const fn random(bits: u64) -> Self {
        let b = bits.to_be_bytes();
        Self([(b[0] & 0xfc) | 0x02, b[1], b[2], b[3], b[4], b[5]])
    }

    /// Whether it is locally administered.
    #[must_use]
    pub const fn is_local(self) -> bool {
        self.0[0] & 0x02 != 0
    }

    /// The 48 bits in the low end of a number.
    #[must_use]
    pub const fn bits(self) -> u64 {
        let m = self.0;
        u64::from_be_bytes([0, 0, m[0], m[1], m[2], m[3], m[4], m[5]])
    }

    /// Twelve lower-case hex digits.
    #[must_use]
    pub fn hex(self) -> String {
        self.0.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// The EUI-64 with `fffe` in the middle, upper case, as HL7 equipment instances carry it.
    #[must_use]
    pub fn eui64(self) -> String {
        let m = self.0;
        format!(
            "{:02X}{:02X}{:02X}FFFE{:02X}{:02X}{:02X}",
            m[0], m[1], m[2], m[3], m[4], m[5]
        )
    }

    /// The interface identifier of stateless IPv6 addresses (RFC 4291, appendix A).
    #[must_use]
    pub const fn interface_id(self) -> u64 {
        let m = self.0;
        u64::from_be_bytes([m[0] ^ 0x02, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]])
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let m = self.0;
        write!(
            f,
            "{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}",
            m[0], m[1], m[2], m[3], m[4], m[5]
        )
    }
}

/// An IPv4 subnet, at most 65,534 hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// Network address.
    pub network: Ipv4Addr,
    /// Prefix length, 16..=30.
    pub prefix: u8,
}

impl Subnet {
    /// How many hosts fit, the router included.
    #[must_use]
    pub const fn hosts(self) -> u32 {
        (1_u32 << (32 - self.prefix)) - 2
    }

    /// The `number`-th host, counted from 1; the router is 1.
    #[must_use]
    pub const fn host(self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.network.to_bits() + number)
    }

    /// Whether an address is inside.
    #[must_use]
    pub const fn contains(self, address: Ipv4Addr) -> bool {
        (address.to_bits() ^ self.network.to_bits()) >> (32 - self.prefix) == 0
    }
}

/// How a device is addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The MAC that frames carry; a docking station's own when docked.
    pub mac: Mac,
    /// The device's burnt-in MAC, as its payloads state it.
    pub burnt_in: Mac,
    /// IPv4 address.
    pub ipv4: Ipv4Addr,
    /// IPv6 address, where it has one.
    pub ipv6: Option<Ipv6Addr>,
    /// Leased, not set by hand.
    pub dhcp: bool,
}

/// The unique local prefix of a site's VLAN (RFC 4193) with an interface identifier.
#[must_use]
pub const fn unique_local(site_bits: u64, vlan: u16, mac: Mac) -> Ipv6Addr {
    let high = (0xfd00_u64 << 48) | ((site_bits & 0xff_ffff_ffff) << 16) | vlan as u64;
    Ipv6Addr::from_bits(((high as u128) << 64) | mac.interface_id() as u128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_their_standards_write_them() {
        let mac = Mac::of([0x00, 0x1a, 0x01], 0x02_03_04);
        assert_eq!(mac.to_string(), "00:1a:01:02:03:04");
        assert_eq!(mac.eui64(), "001A01FFFE020304");
        assert_eq!(mac.interface_id(), 0x021a_01ff_fe02_0304);
        assert_eq!(mac.bits(), 0x001a_0102_0304);
        assert!(Mac::random(u64::MAX).is_local());
        assert_eq!(Mac::random(u64::MAX).0[0] & 1, 0, "unicast");
        let ip = unique_local(1, 12, mac);
        assert_eq!(ip.to_string(), "fd00:0:1:c:21a:1ff:fe02:304");
    }

    #[test]
    fn a_subnet_counts_its_hosts() {
        let subnet = Subnet {
            network: Ipv4Addr::new(10, 1, 0, 0),
            prefix: 23,
        };
        assert_eq!(subnet.hosts(), 510);
        assert_eq!(subnet.host(1), Ipv4Addr::new(10, 1, 0, 1));
        assert!(subnet.contains(Ipv4Addr::new(10, 1, 1, 254)));
        assert!(!subnet.contains(Ipv4Addr::new(10, 1, 2, 0)));
    }
}
