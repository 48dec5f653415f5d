//! A 48-bit link-layer address.

use std::fmt;
use std::str::FromStr;

use crate::address_text::AddressText;

/// An IEEE 802 MAC address (EUI-48).
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// From the wire form: 48 bits, big endian in the low bits. `None` for 0 or anything wider than 48 bits.
    #[must_use]
    pub fn from_bits(bits: u64) -> Option<Self> {
        let [0, 0, mac @ ..] = bits.to_be_bytes() else {
            return None;
        };
        (bits != 0).then_some(Self(mac))
    }

    /// The wire form.
    #[must_use]
    pub fn to_bits(self) -> u64 {
        let [a, b, c, d, e, f] = self.0;
        u64::from_be_bytes([0, 0, a, b, c, d, e, f])
    }

    /// The group bit (IEEE 802, least significant bit of the first octet): multicast or broadcast.
    #[must_use]
    pub fn is_group(self) -> bool {
        self.0[0] & 1 == 1
    }

    /// The U/L bit: locally administered (randomised, virtual), so not an identity by itself.
    #[must_use]
    pub fn is_local(self) -> bool {
        self.0[0] & 2 == 2
    }

    /// All zero: no address at all.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0 == [0; 6]
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(AddressText::from(*self).as_str())
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not six colon-separated octets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a MAC address: expected six colon-separated octets in hexadecimal")]
pub struct NotAMac;

impl FromStr for Mac {
    type Err = NotAMac;

    fn from_str(text: &str) -> Result<Self, NotAMac> {
        let mut octets = [0; 6];
        let mut parts = text.split(':');
        for octet in &mut octets {
            let part = parts.next().filter(|part| part.len() == 2).ok_or(NotAMac)?;
            *octet = u8::from_str_radix(part, 16).map_err(|_| NotAMac)?;
        }
        if parts.next().is_some() {
            return Err(NotAMac);
        }
        Ok(Self(octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_and_text_round_trip() {
        let mac: Mac = "00:1a:FA:00:00:01".parse().unwrap();
        assert_eq!(Mac::from_bits(mac.to_bits()), Some(mac));
        assert_eq!(mac.to_string(), "00:1a:fa:00:00:01");
        assert_eq!(Mac::from_bits(0), None);
        assert_eq!(Mac::from_bits(1 << 48), None);
        assert!("00:1a:fa:00:00".parse::<Mac>().is_err());
        assert!("00:1a:fa:00:00:01:02".parse::<Mac>().is_err());
        assert!("0:1a:fa:00:00:01".parse::<Mac>().is_err());
    }
}
