//! Addresses as text, without the machinery of formatting.
//!
//! A public record names dozens of addresses; written through [`std::fmt`], where each number is a call of its own, they would cost more
//! than finding out what they stand for.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::mac::Mac;

/// Eight groups of four digits and what separates them; no other form is longer.
const LONGEST: usize = 39;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The text of an address: the same bytes as its `Display` (IPv6: RFC 5952), in place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct AddressText {
    bytes: [u8; LONGEST],
    length: usize,
}

impl AddressText {
    const EMPTY: Self = Self {
        bytes: [0; LONGEST],
        length: 0,
    };

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let written = self.bytes.get(..self.length).unwrap_or_default();
        // Digits, letters, points and colons: it is text.
        std::str::from_utf8(written).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length = self.length.saturating_add(1);
        }
    }

    fn digit(&mut self, value: u8) {
        if let Some(digit) = DIGITS.get(usize::from(value & 0xf)) {
            self.push(*digit);
        }
    }

    fn decimal(&mut self, octet: u8) {
        if octet >= 100 {
            self.digit(octet / 100);
        }
        if octet >= 10 {
            self.digit(octet / 10 % 10);
        }
        self.digit(octet % 10);
    }

    fn octet(&mut self, octet: u8) {
        self.digit(octet >> 4);
        self.digit(octet);
    }

    /// A group of an IPv6 address, without leading zeros.
    fn group(&mut self, group: u16) {
        let [high, low] = group.to_be_bytes();
        if group >= 0x1000 {
            self.digit(high >> 4);
        }
        if group >= 0x100 {
            self.digit(high);
        }
        if group >= 0x10 {
            self.digit(low >> 4);
        }
        self.digit(low);
    }

    fn groups<'a>(&mut self, groups: impl Iterator<Item = &'a u16>) {
        for (position, group) in groups.enumerate() {
            if position > 0 {
                self.push(b':');
            }
            self.group(*group);
        }
    }

    fn v4(&mut self, address: Ipv4Addr) {
        for (position, octet) in address.octets().into_iter().enumerate() {
            if position > 0 {
                self.push(b'.');
            }
            self.decimal(octet);
        }
    }

    fn v6(&mut self, address: Ipv6Addr) {
        if let Some(mapped) = address.to_ipv4_mapped() {
            for byte in b"::ffff:" {
                self.push(*byte);
            }
            self.v4(mapped);
            return;
        }
        let groups = address.segments();
        let (start, length) = longest_zeros(&groups);
        // One group of zeros is written, more are left out.
        if length < 2 {
            self.groups(groups.iter());
            return;
        }
        self.groups(groups.iter().take(start));
        self.push(b':');
        self.push(b':');
        self.groups(groups.iter().skip(start.saturating_add(length)));
    }
}

/// Where the longest run of zeros begins and how long it is; of several, the first.
fn longest_zeros(groups: &[u16; 8]) -> (usize, usize) {
    let (mut longest, mut current) = ((0, 0), (0_usize, 0_usize));
    for (position, group) in groups.iter().enumerate() {
        if *group != 0 {
            current = (0, 0);
            continue;
        }
        current = match current {
            (_, 0) => (position, 1),
            (start, length) => (start, length.saturating_add(1)),
        };
        if current.1 > longest.1 {
            longest = current;
        }
    }
    longest
}

impl From<Mac> for AddressText {
    fn from(mac: Mac) -> Self {
        let mut text = Self::EMPTY;
        for (position, octet) in mac.0.into_iter().enumerate() {
            if position > 0 {
                text.push(b':');
            }
            text.octet(octet);
        }
        text
    }
}

impl From<IpAddr> for AddressText {
    fn from(address: IpAddr) -> Self {
        let mut text = Self::EMPTY;
        match address {
            IpAddr::V4(v4) => text.v4(v4),
            IpAddr::V6(v6) => text.v6(v6),
        }
        text
    }
}

impl From<AddressText> for String {
    fn from(text: AddressText) -> Self {
        text.as_str().to_owned()
    }
}

impl fmt::Display for AddressText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AddressText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(address: IpAddr) {
        assert_eq!(AddressText::from(address).as_str(), address.to_string());
    }

    /// Groups as they are in practice: mostly zeros, and of every length.
    fn group() -> impl Strategy<Value = u16> {
        prop_oneof![4 => Just(0_u16), 1 => 0_u16..0x10, 1 => 0_u16..0x1000, 2 => any::<u16>(), 1 => Just(0xffff)]
    }

    proptest! {
        #[test]
        fn an_address_reads_as_the_standard_library_writes_it(
            groups in prop::array::uniform8(group()), v6: u128, v4: u32
        ) {
            same(Ipv6Addr::from(groups).into());
            same(Ipv6Addr::from_bits(v6).into());
            same(Ipv4Addr::from_bits(v4).into());
            same(Ipv4Addr::from_bits(v4).to_ipv6_mapped().into());
            same(Ipv4Addr::from_bits(v4).to_ipv6_compatible().into());
        }

        #[test]
        fn an_interface_address_is_six_octets_in_hexadecimal(octets: [u8; 6]) {
            let expected = octets.map(|octet| format!("{octet:02x}")).join(":");
            prop_assert_eq!(String::from(AddressText::from(Mac(octets))), expected.clone());
            prop_assert_eq!(Mac(octets).to_string(), expected);
        }
    }

    #[test]
    fn every_place_of_zeros_reads_as_the_standard_library_writes_it() {
        for zeros in 0..=u8::MAX {
            for group in [1_u16, 0x20, 0xffff] {
                let groups =
                    std::array::from_fn(|place| if zeros >> place & 1 == 1 { 0 } else { group });
                same(Ipv6Addr::from(groups).into());
            }
        }
    }

    #[test]
    fn every_octet_reads_as_the_standard_library_writes_it() {
        for octet in 0..=u8::MAX {
            same(Ipv4Addr::new(octet, 0, 255, octet).into());
        }
    }
}
