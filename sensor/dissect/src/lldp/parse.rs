//! Wire form of LLDP: type-length-value elements.

use std::net::IpAddr;

use auscult_proto::mac::Mac;
use auscult_proto::{Attribute, Field};

use crate::cursor::Cursor;
use crate::emit::{is_host, is_interface};
use crate::names::{BitNames, Hex, is_printable};

/// Most elements read in one data unit.
const ELEMENTS: u16 = 256;

/// 802.1AB table 8-4, in alphabetical order of the words.
const CAPABILITIES: &[(u32, &str)] = &[
    (0x004, "bridge"),
    (0x100, "c-vlan"),
    (0x040, "docsis"),
    (0x001, "other"),
    (0x002, "repeater"),
    (0x010, "router"),
    (0x200, "s-vlan"),
    (0x080, "station"),
    (0x020, "telephone"),
    (0x400, "two-port-mac-relay"),
    (0x008, "wlan-ap"),
];

/// An identifier whose subtype says what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identifier<'a> {
    Mac(Mac),
    Ip(IpAddr),
    Text(&'a [u8]),
    Octets(Hex<'a>),
}

/// An element of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tlv<'a> {
    Chassis(Identifier<'a>),
    Port(Identifier<'a>),
    Text(Attribute, Field, &'a [u8]),
    /// Those enabled, or those present where none is.
    Capabilities(BitNames),
    ManagementAddress(Identifier<'a>),
    PortVlan(u16),
    Other,
}

/// The elements of a data unit in order.
#[derive(Debug)]
pub(crate) struct Tlvs<'a> {
    cursor: Cursor<'a>,
    left: u16,
    broken: bool,
    cut: Option<(u8, &'a [u8])>,
}

/// Begins to read a data unit.
pub(crate) const fn tlvs(payload: &[u8]) -> Tlvs<'_> {
    Tlvs {
        cursor: Cursor::new(payload),
        left: ELEMENTS,
        broken: false,
        cut: None,
    }
}

impl<'a> Tlvs<'a> {
    /// An element passes the end, or contradicts itself.
    pub(crate) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// What there is of a text element that passes the end.
    pub(crate) fn cut_text(&self) -> Option<(Attribute, Field, &'a [u8])> {
        let (kind, raw) = self.cut?;
        match element(kind, raw) {
            Some(Tlv::Text(attribute, field, raw)) => Some((attribute, field, raw)),
            _ => None,
        }
    }
}

impl<'a> Iterator for Tlvs<'a> {
    type Item = Tlv<'a>;

    fn next(&mut self) -> Option<Tlv<'a>> {
        self.left = self.left.checked_sub(1)?;
        if self.broken || self.cursor.is_empty() {
            return None;
        }
        let Some([high, low]) = self.cursor.array() else {
            self.broken = true;
            return None;
        };
        let kind = high >> 1;
        let length = usize::from(u16::from_be_bytes([high & 1, low]));
        if kind == 0 {
            return None;
        }
        let Some(value) = self.cursor.take(length) else {
            self.broken = true;
            self.cut = Some((kind, self.cursor.rest()));
            return None;
        };
        // An element that contradicts itself says nothing; the next one may.
        Some(element(kind, value).unwrap_or(Tlv::Other))
    }
}

fn element(kind: u8, value: &[u8]) -> Option<Tlv<'_>> {
    let mut cursor = Cursor::new(value);
    let text = |attribute, field| Some(Tlv::Text(attribute, field, value));
    match kind {
        1 => {
            let id = identifier(cursor.u8()?, cursor.rest(), (4, 5))?;
            Some(Tlv::Chassis(id))
        }
        2 => {
            let id = identifier(cursor.u8()?, cursor.rest(), (3, 4))?;
            Some(Tlv::Port(id))
        }
        4 => text(Attribute::PortDescription, Field::LldpPortDescription),
        5 => text(Attribute::SystemName, Field::LldpSystemName),
        6 => text(Attribute::SystemDescription, Field::LldpSystemDescription),
        7 => {
            let (present, enabled) = (cursor.u16()?, cursor.u16()?);
            let bits = if enabled == 0 { present } else { enabled };
            (bits != 0).then_some(Tlv::Capabilities(BitNames {
                bits: u32::from(bits),
                table: CAPABILITIES,
            }))
        }
        8 => {
            let length = usize::from(cursor.u8()?);
            let address = network_address(cursor.take(length)?)?;
            Some(Tlv::ManagementAddress(address))
        }
        127 => organisation(cursor.array()?, cursor.u8()?, cursor.rest()),
        _ => Some(Tlv::Other),
    }
}

/// Chassis and port identifiers differ only in the subtypes of MAC and network addresses.
fn identifier(subtype: u8, value: &[u8], (mac, network): (u8, u8)) -> Option<Identifier<'_>> {
    if subtype == mac {
        let mac = Mac(*value.first_chunk()?);
        return is_interface(mac).then_some(Identifier::Mac(mac));
    }
    if subtype == network {
        return network_address(value);
    }
    Some(if is_printable(value) {
        Identifier::Text(value)
    } else if value.iter().all(|octet| *octet == 0) {
        return None;
    } else {
        Identifier::Octets(Hex(value))
    })
}

/// An address with its IANA family number.
fn network_address(value: &[u8]) -> Option<Identifier<'_>> {
    let (family, address) = value.split_first()?;
    match family {
        1 => {
            let ip = IpAddr::from(*address.first_chunk::<4>()?);
            is_host(ip).then_some(Identifier::Ip(ip))
        }
        2 => {
            let ip = IpAddr::from(*address.first_chunk::<16>()?);
            is_host(ip).then_some(Identifier::Ip(ip))
        }
        6 => {
            let mac = Mac(*address.first_chunk()?);
            is_interface(mac).then_some(Identifier::Mac(mac))
        }
        _ => None,
    }
}

fn organisation(oui: [u8; 3], subtype: u8, value: &[u8]) -> Option<Tlv<'_>> {
    let (attribute, field) = match (oui, subtype) {
        // 802.1: port VLAN identifier.
        ([0x00, 0x80, 0xc2], 1) => {
            let vlan = Cursor::new(value).u16()?;
            return (vlan != 0).then_some(Tlv::PortVlan(vlan));
        }
        // TIA-1057 inventory.
        ([0x00, 0x12, 0xbb], 5) => (Attribute::HwRevision, Field::LldpmedHardware),
        ([0x00, 0x12, 0xbb], 6) => (Attribute::FwVersion, Field::LldpmedFirmware),
        ([0x00, 0x12, 0xbb], 7) => (Attribute::SwVersion, Field::LldpmedSoftware),
        ([0x00, 0x12, 0xbb], 8) => (Attribute::Serial, Field::LldpmedSerial),
        ([0x00, 0x12, 0xbb], 9) => (Attribute::DeviceManufacturer, Field::LldpmedManufacturer),
        ([0x00, 0x12, 0xbb], 10) => (Attribute::ProductModel, Field::LldpmedModel),
        ([0x00, 0x12, 0xbb], 11) => (Attribute::AssetId, Field::LldpmedAsset),
        // IANA: MUD.
        ([0x00, 0x00, 0x5e], 1) => (Attribute::MudUrl, Field::LldpMud),
        _ => return Some(Tlv::Other),
    };
    Some(Tlv::Text(attribute, field, value))
}
