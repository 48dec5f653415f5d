//! Wire form of CDP: a header of four octets, then type-length-value elements whose length includes their own header.

use std::net::IpAddr;

use auscult_proto::{Attribute, Field};

use crate::cursor::Cursor;
use crate::emit::is_host;
use crate::names::BitNames;

/// Most elements read in one announcement.
const ELEMENTS: u16 = 256;
/// Most addresses read in one element.
const ADDRESSES: u32 = 16;

/// In alphabetical order of the words.
const CAPABILITIES: &[(u32, &str)] = &[
    (0x002, "bridge"),
    (0x200, "cast-phone"),
    (0x010, "host"),
    (0x020, "igmp"),
    (0x100, "remotely-managed"),
    (0x040, "repeater"),
    (0x001, "router"),
    (0x004, "source-route-bridge"),
    (0x008, "switch"),
    (0x080, "telephone"),
    (0x400, "two-port-mac-relay"),
];

/// An element of use.
#[derive(Debug, Clone)]
pub(crate) enum Tlv<'a> {
    Text(Attribute, Field, &'a [u8]),
    Addresses(Field, Addresses<'a>),
    Capabilities(BitNames),
    NativeVlan(u16),
    Other,
}

/// The elements of an announcement in order.
#[derive(Debug)]
pub(crate) struct Tlvs<'a> {
    cursor: Cursor<'a>,
    left: u16,
    broken: bool,
    cut: Option<(u16, &'a [u8])>,
}

/// Begins to read an announcement; `None` where it is not one.
pub(crate) fn tlvs(payload: &[u8]) -> Option<Tlvs<'_>> {
    let mut cursor = Cursor::new(payload);
    let [version, _, _, _] = cursor.array()?;
    matches!(version, 1 | 2).then_some(Tlvs {
        cursor,
        left: ELEMENTS,
        broken: false,
        cut: None,
    })
}

impl<'a> Tlvs<'a> {
    /// Where an element passes the end or contradicts itself: what there is of it, if that says anything.
    #[expect(
        clippy::option_option,
        reason = "broken, and readable although broken, differ"
    )]
    pub(crate) fn broken(&self) -> Option<Option<Tlv<'a>>> {
        self.broken
            .then(|| self.cut.and_then(|(kind, raw)| element(kind, raw)))
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        self.left = self.left.checked_sub(1)?;
        if self.broken || self.cursor.is_empty() {
            return None;
        }
        let (kind, length) = match (self.cursor.u16(), self.cursor.u16()) {
            (Some(kind), Some(length)) => (kind, usize::from(length).checked_sub(4)),
            _ => (0, None),
        };
        let Some(length) = length else {
            self.broken = true;
            return None;
        };
        let Some(value) = self.cursor.take(length) else {
            self.broken = true;
            self.cut = Some((kind, self.cursor.rest()));
            return None;
        };
        Some(element(kind, value).unwrap_or(Tlv::Other))
    }
}

fn element(kind: u16, value: &[u8]) -> Option<Tlv<'_>> {
    let mut cursor = Cursor::new(value);
    let text = |attribute, field| Some(Tlv::Text(attribute, field, value));
    match kind {
        0x01 => text(Attribute::SystemName, Field::CdpDeviceId),
        0x02 => Some(Tlv::Addresses(Field::CdpAddress, addresses(value)?)),
        0x03 => text(Attribute::PortId, Field::CdpPort),
        0x04 => {
            let bits = cursor.u32()?;
            (bits & 0x7ff != 0).then_some(Tlv::Capabilities(BitNames {
                bits,
                table: CAPABILITIES,
            }))
        }
        0x05 => text(Attribute::SystemDescription, Field::CdpVersion),
        0x06 => text(Attribute::Platform, Field::CdpPlatform),
        0x0a => Some(Tlv::NativeVlan(cursor.u16()?)),
        0x14 => text(Attribute::SystemName, Field::CdpSystemName),
        0x16 => Some(Tlv::Addresses(
            Field::CdpManagementAddress,
            addresses(value)?,
        )),
        0x17 => {
            // One octet of kind before the text.
            let (_, place) = value.split_first()?;
            Some(Tlv::Text(Attribute::Location, Field::CdpLocation, place))
        }
        _ => Some(Tlv::Other),
    }
}

/// The addresses of an element that name a host.
#[derive(Debug, Clone)]
pub(crate) struct Addresses<'a> {
    cursor: Cursor<'a>,
    left: u32,
}

fn addresses(value: &[u8]) -> Option<Addresses<'_>> {
    let mut cursor = Cursor::new(value);
    let left = cursor.u32()?.min(ADDRESSES);
    Some(Addresses { cursor, left })
}

impl Iterator for Addresses<'_> {
    type Item = IpAddr;

    fn next(&mut self) -> Option<IpAddr> {
        loop {
            self.left = self.left.checked_sub(1)?;
            let _protocol_type = self.cursor.u8()?;
            let length = usize::from(self.cursor.u8()?);
            let protocol = self.cursor.take(length)?;
            let length = usize::from(self.cursor.u16()?);
            let address = self.cursor.take(length)?;
            let ip = match (protocol, address.len()) {
                // NLPID of IPv4; SNAP with the ethertype of IPv6.
                ([0xcc], 4) => address.first_chunk::<4>().map(|ip| IpAddr::from(*ip)),
                ([0xaa, 0xaa, 0x03, 0, 0, 0, 0x86, 0xdd], 16) => {
                    address.first_chunk::<16>().map(|ip| IpAddr::from(*ip))
                }
                _ => None,
            };
            if let Some(ip) = ip.filter(|ip| is_host(*ip)) {
                return Some(ip);
            }
        }
    }
}
