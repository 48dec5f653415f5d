//! The Internet checksum (RFC 1071).

use std::net::IpAddr;

/// A running one's complement sum of 16-bit words.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum(u64);

impl Sum {
    /// Adds bytes; an odd last byte counts as the upper half of a word, so only the last part may have an odd length.
    #[must_use]
    pub fn with(mut self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<4>();
        for word in words {
            self.0 += u64::from(u32::from_be_bytes(*word));
        }
        let (pairs, last) = rest.as_chunks::<2>();
        for pair in pairs {
            self.0 += u64::from(u16::from_be_bytes(*pair));
        }
        if let [byte] = last {
            self.0 += u64::from(*byte) << 8;
        }
        self
    }

    /// The pseudo header of TCP, UDP and `ICMPv6` (RFC 9293 §3.1, RFC 8200 §8.1).
    #[must_use]
    pub fn pseudo(from: IpAddr, to: IpAddr, protocol: u8, length: usize) -> Self {
        let sum = Self(u64::from(protocol) + length as u64);
        match (from, to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => sum.with(&from.octets()).with(&to.octets()),
            (from, to) => sum.with(&v6(from)).with(&v6(to)),
        }
    }

    /// The checksum to write.
    #[must_use]
    pub fn finish(self) -> u16 {
        let mut sum = self.0;
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        !(sum as u16)
    }
}

fn v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071_comes_out() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(!Sum::default().with(&bytes).finish(), 0xddf2);
        assert_eq!(
            Sum::default().with(&bytes[..3]).finish(),
            !(0x0001_u16 + 0xf200)
        );
    }
}
