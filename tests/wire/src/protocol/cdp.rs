//! Cisco Discovery Protocol, version 2 (Cisco's published frame format; fields as tcpdump and Wireshark read them).

use std::net::Ipv4Addr;

use bytes::BufMut;

use crate::address::Mac;
use crate::tap::Tap;

/// Everybody who speaks CDP.
const GROUP: Mac = Mac([0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc]);

/// What a switch, telephone or access point announces.
#[derive(Debug, Clone, Copy)]
pub struct Announcement<'a> {
    /// Sender of the frame.
    pub from: Mac,
    /// TLV 1.
    pub device: &'a str,
    /// TLV 2.
    pub address: Option<Ipv4Addr>,
    /// TLV 3.
    pub port: &'a str,
    /// TLV 4: bit 0 router, 3 switch, 4 host, 7 telephone.
    pub capabilities: u32,
    /// TLV 5; lines end with LF.
    pub version: &'a str,
    /// TLV 6.
    pub platform: &'a str,
    /// TLV 10.
    pub native_vlan: Option<u16>,
}

fn tlv(kind: u16, value: &[u8], out: &mut Vec<u8>) {
    out.put_u16(kind);
    out.put_u16((4 + value.len()) as u16);
    out.put_slice(value);
}

/// CDP pads an odd last octet on the left, with its sign: Cisco's variant of RFC 1071.
fn checksum(message: &[u8]) -> u16 {
    let (pairs, last) = message.as_chunks::<2>();
    let mut sum: u32 = pairs
        .iter()
        .map(|pair| u32::from(u16::from_be_bytes(*pair)))
        .sum();
    if let [octet] = last {
        sum += if *octet & 0x80 == 0 {
            u32::from(*octet)
        } else {
            0xff00 + u32::from(*octet) - 1
        };
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

impl Announcement<'_> {
    /// Writes the message: version, time to live, checksum, TLVs.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![2, 180, 0, 0];
        tlv(1, self.device.as_bytes(), &mut out);
        if let Some(address) = self.address {
            let [a, b, c, d] = address.octets();
            tlv(2, &[0, 0, 0, 1, 1, 1, 0xcc, 0, 4, a, b, c, d], &mut out);
        }
        tlv(3, self.port.as_bytes(), &mut out);
        tlv(4, &self.capabilities.to_be_bytes(), &mut out);
        tlv(5, self.version.as_bytes(), &mut out);
        tlv(6, self.platform.as_bytes(), &mut out);
        if let Some(vlan) = self.native_vlan {
            tlv(10, &vlan.to_be_bytes(), &mut out);
        }
        let sum = checksum(&out);
        out[2..4].copy_from_slice(&sum.to_be_bytes());
        out
    }

    /// Sends it and states what it says.
    pub fn send(&self, tap: &mut Tap<'_>) {
        let id = tap.snap(self.from, GROUP, [0, 0, 0x0c], 0x2000, &self.encode());
        let mut states = |attribute, value: &str| {
            tap.states_below_ip(id, self.from, attribute, value);
        };
        states("cdp.deviceid", self.device);
        if let Some(address) = self.address {
            states("cdp.address", &address.to_string());
        }
        states("cdp.portid", self.port);
        for line in self.version.lines() {
            states("cdp.version", line);
        }
        states("cdp.platform", self.platform);
        if let Some(vlan) = self.native_vlan {
            states("cdp.native_vlan", &vlan.to_string());
        }
    }
}
