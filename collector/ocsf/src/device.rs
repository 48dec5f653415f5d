//! The device object, and the inventory record around it (class 5001).

use std::net::IpAddr;
use std::sync::Arc;

use auscult_inventory::{AttributeSnapshot, DeviceClass, DeviceSnapshot, Event, Verdict};
use auscult_proto::Attribute;
use auscult_proto::address_text::AddressText;
use auscult_proto::ids::SiteId;
use auscult_proto::mac::Mac;
use serde::Serialize;

use crate::envelope::{Code, Envelope, Severity};
use crate::json::Object;
use crate::shared::Shared;
use crate::text::{Address, Text};
use crate::{Context, PublicRecord};

/// Most addresses named as observables; the device has them all.
const OBSERVABLES: usize = 16;

pub(crate) fn record(
    event: &Event,
    context: &Context,
    device: &Arc<DeviceSnapshot>,
    shared: &mut Shared,
) -> Result<PublicRecord, serde_json::Error> {
    let envelope = Envelope::device(event, context, Code::DeviceUpsert, device.id.to_string());
    let (told, room) = shared.device(device, &event.site, context)?;
    let common = envelope.common((2, "Collect"), Severity::Informational);
    envelope.write(room, |room| {
        let mut record = Object::like(room, &common)?;
        record.encoded("device", &told.object);
        let names = ["device.uid", "device.ip", "device.mac"];
        record.member("observables", &Observable::of(device, &names))?;
        let mut unmapped = record.object("unmapped");
        unmapped.encoded("auscult", &told.extension);
        unmapped.end();
        record.end();
        Ok(())
    })
}

/// OCSF `device`. Values that are inferred are told here only when at least likely; all candidates are in the extension.
#[derive(Debug, Serialize)]
pub(crate) struct Device<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<&'a str>,
    first_seen_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hw_info: Option<Hardware<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<Address<IpAddr>>,
    last_seen_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<Address<Mac>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac_vendor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    network_interfaces: Vec<Interface>,
    org: Organization<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<System<'a>>,
    r#type: &'a str,
    type_id: u32,
    uid: Text<auscult_inventory::DeviceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uid_alt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vlan_uid: Option<Text<u16>>,
}

#[derive(Debug, Serialize)]
struct Hardware<'a> {
    serial_number: &'a str,
}

#[derive(Debug, Serialize)]
struct Organization<'a> {
    ou_uid: &'a str,
    uid: &'a str,
}

#[derive(Debug, Serialize)]
struct System<'a> {
    name: &'a str,
    type_id: u32,
}

#[derive(Debug, Serialize)]
struct Interface {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<Address<IpAddr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<Address<Mac>>,
    /// OCSF: the namespace an address is in.
    namespace: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    open_ports: Vec<Port>,
}

#[derive(Debug, Serialize)]
struct Port {
    port: u16,
    protocol_name: &'static str,
    protocol_num: u8,
}

impl<'a> Device<'a> {
    pub(crate) fn of(device: &'a DeviceSnapshot, site: &'a SiteId, context: &'a Context) -> Self {
        let fqdn = stated(device, Attribute::Fqdn);
        let hostname = fqdn.or_else(|| stated(device, Attribute::Hostname));
        let (type_id, type_name) = device_type(device);
        let vlans = device
            .interfaces
            .first()
            .map(|it| it.realm.vlans.as_slice());
        Self {
            desc: stated(device, Attribute::SystemDescription),
            domain: fqdn.and_then(|name| Some(name.split_once('.')?.1)),
            first_seen_time: device.first_seen,
            hostname,
            hw_info: likely(device, Attribute::Serial)
                .map(|serial_number| Hardware { serial_number }),
            ip: addresses(device).next().map(Address),
            last_seen_time: device.last_seen,
            mac: device.macs.first().copied().map(Address),
            mac_vendor: likely(device, Attribute::NicVendor),
            model: likely(device, Attribute::ProductModel)
                .or_else(|| stated(device, Attribute::Platform)),
            name: stated(device, Attribute::SystemName).or(hostname),
            network_interfaces: interfaces(device),
            org: Organization {
                ou_uid: site.as_str(),
                uid: context.tenant.as_deref().unwrap_or(&context.cluster),
            },
            os: likely(device, Attribute::OsName).map(|name| System { name, type_id: 99 }),
            r#type: type_name,
            type_id,
            uid: Text(device.id),
            uid_alt: likely(device, Attribute::AssetId),
            vendor_name: likely(device, Attribute::DeviceManufacturer),
            vlan_uid: vlans.and_then(<[u16]>::last).copied().map(Text),
        }
    }
}

fn attribute(device: &DeviceSnapshot, wanted: Attribute) -> Option<&AttributeSnapshot> {
    let place = device
        .attributes
        .binary_search_by_key(&wanted, |known| known.attribute);
    device.attributes.get(place.ok()?)
}

/// What the device says of itself: the value as such is not in doubt.
fn stated(device: &DeviceSnapshot, wanted: Attribute) -> Option<&str> {
    let best = attribute(device, wanted)?.candidates.first()?;
    Some(best.value.as_ref())
}

/// What is inferred: only when at least likely.
fn likely(device: &DeviceSnapshot, wanted: Attribute) -> Option<&str> {
    let known = attribute(device, wanted)?;
    if known.verdict == Verdict::Unknown {
        return None;
    }
    Some(known.candidates.first()?.value.as_ref())
}

/// Addresses held now, the one of longest standing first.
fn addresses(device: &DeviceSnapshot) -> impl Iterator<Item = IpAddr> + '_ {
    device
        .bindings
        .iter()
        .filter(|binding| binding.until.is_none())
        .map(|binding| binding.ip)
}

fn device_type(device: &DeviceSnapshot) -> (u32, &str) {
    let role = device.roles.first().map(|hint| hint.role);
    match role {
        Some("router") => (12, "Router"),
        Some("switch") => (10, "Switch"),
        Some(role @ ("dicom archive" | "dicom server" | "dhcp server" | "hl7 gateway")) => {
            (1, role)
        }
        Some(role) => (99, role),
        None if device.class == DeviceClass::Virtual => (6, "Virtual"),
        None => (0, "Unknown"),
    }
}

fn interfaces(device: &DeviceSnapshot) -> Vec<Interface> {
    let held = device
        .bindings
        .iter()
        .filter(|binding| binding.until.is_none());
    let mut interfaces: Vec<Interface> = held
        .map(|binding| Interface {
            ip: Some(Address(binding.ip)),
            mac: binding.mac.map(Address),
            namespace: auscult_inventory::realm_text(&binding.realm),
            open_ports: Vec::new(),
        })
        .collect();
    let without_address = device.interfaces.iter().filter(|interface| {
        let mut held = device
            .bindings
            .iter()
            .filter(|binding| binding.until.is_none());
        interface.mac.is_some()
            && !held.any(|it| it.mac == interface.mac && it.realm == interface.realm)
    });
    interfaces.extend(without_address.map(|interface| Interface {
        ip: None,
        mac: interface.mac.map(Address),
        namespace: auscult_inventory::realm_text(&interface.realm),
        open_ports: Vec::new(),
    }));
    // OCSF has open ports per interface; which one a service listens on is not known, so they are told with the first.
    if let Some(first) = interfaces.first_mut() {
        first.open_ports = device
            .services
            .iter()
            .filter(|service| matches!(service.ip_protocol, 6 | 17))
            .map(|service| Port {
                port: service.port,
                protocol_name: if service.ip_protocol == 6 {
                    "tcp"
                } else {
                    "udp"
                },
                protocol_num: service.ip_protocol,
            })
            .collect();
    }
    interfaces
}

/// OCSF `observable`: what a search for an address should find.
#[derive(Debug, Serialize)]
pub(crate) struct Observable {
    name: &'static str,
    r#type: &'static str,
    type_id: u32,
    value: String,
}

impl Observable {
    /// `names`: where the event has the identifier, the address and the interface address.
    pub(crate) fn of(device: &DeviceSnapshot, names: &[&'static str; 3]) -> Vec<Self> {
        let [uid, ip, mac] = *names;
        let mut observables = vec![Self {
            name: uid,
            r#type: "Device Object: uid",
            type_id: 47,
            value: device.id.to_string(),
        }];
        let ips = addresses(device).map(|address| Self {
            name: ip,
            r#type: "IP Address",
            type_id: 2,
            value: AddressText::from(address).into(),
        });
        observables.extend(ips.take(OBSERVABLES));
        let macs = device.macs.iter().map(|address| Self {
            name: mac,
            r#type: "MAC Address",
            type_id: 3,
            value: AddressText::from(*address).into(),
        });
        observables.extend(macs.take(OBSERVABLES));
        observables
    }
}
