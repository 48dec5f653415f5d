//! LLDP (IEEE 802.1AB-2016) with the inventory of LLDP-MED (ANSI/TIA-1057).

use std::net::Ipv4Addr;

use bytes::BufMut;

use crate::address::Mac;
use crate::tap::Tap;

/// `EtherType` of LLDP.
const LLDP: u16 = 0x88cc;
/// The nearest bridge.
const NEAREST_BRIDGE: Mac = Mac([0x01, 0x80, 0xc2, 0, 0, 0x0e]);

/// What a station or switch announces.
#[derive(Debug, Clone, Copy)]
pub struct Announcement<'a> {
    /// Chassis identifier of subtype 4 and sender of the frame.
    pub chassis: Mac,
    /// Port identifier of subtype 5 (interface name).
    pub port: &'a str,
    /// TLV 4.
    pub port_description: Option<&'a str>,
    /// TLV 5.
    pub system_name: Option<&'a str>,
    /// TLV 6.
    pub system_description: Option<&'a str>,
    /// TLV 7: capabilities there are and those in use (bit 2 bridge, 3 access point, 4 router, 5 telephone, 7 station).
    pub capabilities: Option<(u16, u16)>,
    /// TLV 8.
    pub management: Option<Ipv4Addr>,
    /// LLDP-MED.
    pub inventory: Option<Inventory<'a>>,
}

/// The inventory TLVs of LLDP-MED; empty strings are left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Inventory<'a> {
    /// Device class of the capabilities TLV: 1 to 3 endpoint, 4 network.
    pub class: u8,
    /// Subtype 5.
    pub hardware: &'a str,
    /// Subtype 6.
    pub firmware: &'a str,
    /// Subtype 7.
    pub software: &'a str,
    /// Subtype 8.
    pub serial: &'a str,
    /// Subtype 9.
    pub manufacturer: &'a str,
    /// Subtype 10.
    pub model: &'a str,
    /// Subtype 11.
    pub asset: &'a str,
}

fn tlv(kind: u8, value: &[u8], out: &mut Vec<u8>) {
    let length = value.len().min(511);
    out.put_u16(u16::from(kind) << 9 | length as u16);
    out.put_slice(&value[..length]);
}

impl Announcement<'_> {
    /// Writes the data unit.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let [a, b, c, d, e, f] = self.chassis.0;
        tlv(1, &[4, a, b, c, d, e, f], out);
        tlv(2, &[&[5], self.port.as_bytes()].concat(), out);
        tlv(3, &120_u16.to_be_bytes(), out);
        for (kind, text) in [
            (4, self.port_description),
            (5, self.system_name),
            (6, self.system_description),
        ] {
            if let Some(text) = text {
                tlv(kind, text.as_bytes(), out);
            }
        }
        if let Some((there, enabled)) = self.capabilities {
            let [a, b] = there.to_be_bytes();
            let [c, d] = enabled.to_be_bytes();
            tlv(7, &[a, b, c, d], out);
        }
        if let Some(address) = self.management {
            let [a, b, c, d] = address.octets();
            tlv(8, &[5, 1, a, b, c, d, 2, 0, 0, 0, 1, 0], out);
        }
        if let Some(inventory) = &self.inventory {
            inventory.encode(out);
        }
        tlv(0, &[], out);
    }

    /// Sends it and states what it says.
    pub fn send(&self, tap: &mut Tap<'_>) {
        let id = tap.ethernet(tap.now, self.chassis, NEAREST_BRIDGE, LLDP, |out| {
            self.encode(out);
        });
        let mut states = |attribute, value: &str| {
            tap.states_below_ip(id, self.chassis, attribute, value);
        };
        states("lldp.chassis_mac", &self.chassis.to_string());
        states("lldp.port_id", self.port);
        for (attribute, text) in [
            ("lldp.port_desc", self.port_description),
            ("lldp.sysname", self.system_name),
            ("lldp.sysdesc", self.system_description),
        ] {
            if let Some(text) = text {
                states(attribute, text);
            }
        }
        if let Some((there, _)) = self.capabilities {
            states("lldp.caps", &format!("0x{there:04x}"));
        }
        if let Some(address) = self.management {
            states("lldp.mgmt_ip", &address.to_string());
        }
        if let Some(inventory) = &self.inventory {
            states("lldp.med_class", &inventory.class.to_string());
            for (_, attribute, text) in inventory.texts() {
                if !text.is_empty() {
                    states(attribute, text);
                }
            }
        }
    }
}

impl<'a> Inventory<'a> {
    fn texts(&self) -> [(u8, &'static str, &'a str); 7] {
        [
            (5, "lldp.med_hw", self.hardware),
            (6, "lldp.med_fw", self.firmware),
            (7, "lldp.med_sw", self.software),
            (8, "lldp.med_sn", self.serial),
            (9, "lldp.med_manufacturer", self.manufacturer),
            (10, "lldp.med_model", self.model),
            (11, "lldp.med_asset", self.asset),
        ]
    }

    fn encode(&self, out: &mut Vec<u8>) {
        // Capabilities: MED itself (bit 0) and inventory (bit 5).
        tlv(127, &[0x00, 0x12, 0xbb, 1, 0x00, 0x21, self.class], out);
        for (subtype, _, text) in self.texts() {
            if !text.is_empty() {
                let text = text.as_bytes();
                let text = &text[..text.len().min(32)];
                tlv(127, &[&[0x00, 0x12, 0xbb, subtype], text].concat(), out);
            }
        }
    }
}
