//! `unmapped.auscult`: what OCSF 1.8 has no place for. The README beside this crate describes it field by field.

use std::net::IpAddr;

use auscult_inventory::{
    AttributeSnapshot, BindingSnapshot, CandidateSnapshot, Confidence, DeviceClass, DeviceId,
    DeviceSnapshot, Identifier, InterfaceSnapshot, RoleHint, ServiceSnapshot, SourceSnapshot,
    Status, Verdict,
};
use auscult_proto::ids::SiteId;
use auscult_proto::mac::Mac;
use auscult_proto::observation::{FactFlags, Origin};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use crate::text::{Address, Hex, Text, Word};

/// OCSF `unmapped` with our part in it.
#[derive(Debug, Serialize)]
pub(crate) struct Unmapped<T> {
    pub(crate) auscult: T,
}

#[derive(Debug, Serialize)]
pub(crate) struct Extension<'a> {
    site: &'a str,
    class: &'static str,
    status: &'static str,
    revision: u64,
    gateway: bool,
    forwarder: bool,
    #[serde(skip_serializing_if = "Items::is_empty")]
    macs: Items<'a, Mac>,
    #[serde(skip_serializing_if = "Items::is_empty")]
    identifiers: Items<'a, Identifier>,
    coverage: Coverage<'a>,
    #[serde(skip_serializing_if = "Items::is_empty")]
    bindings: Items<'a, BindingSnapshot>,
    #[serde(skip_serializing_if = "Attributes::is_empty")]
    attributes: Attributes<'a>,
    #[serde(skip_serializing_if = "Items::is_empty")]
    services: Items<'a, ServiceSnapshot>,
    #[serde(skip_serializing_if = "Items::is_empty")]
    roles: Items<'a, RoleHint>,
    #[serde(skip_serializing_if = "Items::is_empty")]
    merged_from: Items<'a, DeviceId>,
}

/// How much of the device can be seen, and from where.
#[derive(Debug, Serialize)]
struct Coverage<'a> {
    /// An interface of it is on a link that is listened to.
    adjacent: bool,
    interfaces: Items<'a, InterfaceSnapshot>,
    sensors: Items<'a, auscult_proto::ids::SensorId>,
}

impl<'a> Extension<'a> {
    pub(crate) fn of(device: &'a DeviceSnapshot, site: &'a SiteId) -> Self {
        Self {
            site: site.as_str(),
            class: class_name(device.class),
            status: status_name(device.status),
            revision: device.revision,
            gateway: device.gateway,
            forwarder: device.forwarder,
            macs: Items(&device.macs),
            identifiers: Items(&device.identifiers),
            coverage: Coverage {
                adjacent: device.interfaces.iter().any(|it| it.mac.is_some()),
                interfaces: Items(&device.interfaces),
                sensors: Items(&device.sensors),
            },
            bindings: Items(&device.bindings),
            attributes: Attributes(&device.attributes),
            services: Items(&device.services),
            roles: Items(&device.roles),
            merged_from: Items(&device.merged_from),
        }
    }
}

pub(crate) fn class_name(class: DeviceClass) -> &'static str {
    match class {
        DeviceClass::Physical => "physical",
        DeviceClass::Virtual => "virtual",
        DeviceClass::RouterGroup => "router_group",
        DeviceClass::Ephemeral => "ephemeral",
        DeviceClass::Routed => "routed",
        DeviceClass::Reported => "reported",
    }
}

pub(crate) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Idle => "idle",
        Status::Gone => "gone",
    }
}

/// A type of the inventory as it is published.
trait Published {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;
}

/// A list of them, written as it is read.
#[derive(Debug)]
struct Items<'a, T>(&'a [T]);

impl<T> Items<'_, T> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

struct Item<'a, T>(&'a T);

impl<T: Published> Serialize for Item<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.publish(serializer)
    }
}

impl<T: Published> Serialize for Items<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            items.serialize_element(&Item(item))?;
        }
        items.end()
    }
}

impl Published for Mac {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Address(*self).serialize(serializer)
    }
}

impl Published for DeviceId {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Published for auscult_proto::ids::SensorId {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Published for Identifier {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        match self {
            Self::Eui64(eui) => {
                map.serialize_entry("kind", "eui64")?;
                map.serialize_entry("value", &Text(Hex(eui)))?;
            }
            Self::DuidMac(mac) => {
                map.serialize_entry("kind", "duid_mac")?;
                map.serialize_entry("value", &Address(*mac))?;
            }
            _ => map.serialize_entry("kind", "other")?,
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Realm<'a> {
    capture_point: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    vlans: &'a [u16],
    #[serde(skip_serializing_if = "Option::is_none")]
    vni: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    erspan_session: Option<u16>,
}

impl<'a> Realm<'a> {
    fn of(origin: &'a Origin) -> Self {
        Self {
            capture_point: origin.capture_point.as_str(),
            vlans: &origin.vlans,
            vni: origin.vni,
            erspan_session: origin.erspan_session,
        }
    }
}

impl Published for InterfaceSnapshot {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Published<'a> {
            #[serde(skip_serializing_if = "Option::is_none")]
            mac: Option<Address<Mac>>,
            realm: Realm<'a>,
            first_seen: i64,
            last_seen: i64,
        }
        Published {
            mac: self.mac.map(Address),
            realm: Realm::of(&self.realm),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        }
        .serialize(serializer)
    }
}

impl Published for BindingSnapshot {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Published<'a> {
            ip: Address<IpAddr>,
            #[serde(skip_serializing_if = "Option::is_none")]
            mac: Option<Address<Mac>>,
            realm: Realm<'a>,
            source: Word,
            since: i64,
            last_seen: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            until: Option<i64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            lease_s: Option<u32>,
            contested: bool,
        }
        let source = self.source.map_or("TRAFFIC", |source| source.as_str_name());
        Published {
            ip: Address(self.ip),
            mac: self.mac.map(Address),
            realm: Realm::of(&self.realm),
            source: Word::new(source, "BINDING_SOURCE_"),
            since: self.since,
            last_seen: self.last_seen,
            until: self.until,
            lease_s: Some(self.lease_s).filter(|lease| *lease > 0),
            contested: self.contested,
        }
        .serialize(serializer)
    }
}

impl Published for ServiceSnapshot {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Published {
            ip_protocol: u8,
            port: u16,
            service: Word,
            first_seen: i64,
            last_seen: i64,
        }
        Published {
            ip_protocol: self.ip_protocol,
            port: self.port,
            service: Word::new(self.service.as_str_name(), "SERVICE_"),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        }
        .serialize(serializer)
    }
}

/// Three decimals.
struct Share(Confidence);

impl Serialize for Share {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0.per_mille()) / 1_000.0)
    }
}

impl Published for RoleHint {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("role", self.role)?;
        map.serialize_entry("confidence", &Share(self.confidence))?;
        map.end()
    }
}

/// Attributes by name.
#[derive(Debug)]
struct Attributes<'a>(&'a [AttributeSnapshot]);

impl Attributes<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for known in self.0 {
            let name = Word::new(known.attribute.as_str_name(), "ATTRIBUTE_");
            map.serialize_entry(&name, &Item(known))?;
        }
        map.end()
    }
}

impl Published for AttributeSnapshot {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Published<'a> {
            verdict: &'static str,
            contested: bool,
            many: bool,
            candidates: Items<'a, CandidateSnapshot>,
        }
        Published {
            verdict: match self.verdict {
                Verdict::Asserted => "asserted",
                Verdict::Likely => "likely",
                Verdict::Unknown => "unknown",
            },
            contested: self.contested,
            many: self.many,
            candidates: Items(&self.candidates),
        }
        .serialize(serializer)
    }
}

impl Published for CandidateSnapshot {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Published<'a> {
            value: &'a str,
            confidence: Share,
            first_seen: i64,
            last_seen: i64,
            sources: Items<'a, SourceSnapshot>,
        }
        Published {
            value: &self.value,
            confidence: Share(self.confidence),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            sources: Items(&self.sources),
        }
        .serialize(serializer)
    }
}

impl Published for SourceSnapshot {
    fn publish<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Published<'a> {
            field: Word,
            sensor: &'a str,
            class: Word,
            #[serde(skip_serializing_if = "Doubts::is_empty")]
            doubts: Doubts,
            first_seen: i64,
            last_seen: i64,
            count: u64,
        }
        Published {
            field: Word::new(self.field.as_str_name(), "FIELD_"),
            sensor: self.sensor.as_str(),
            class: Word::new(self.class.as_str_name(), "CONFIDENCE_CLASS_"),
            doubts: Doubts(self.flags),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
            count: self.count,
        }
        .serialize(serializer)
    }
}

/// Flags of a source by name.
struct Doubts(FactFlags);

impl Doubts {
    const NAMES: [(FactFlags, &'static str); 6] = [
        (FactFlags::MALFORMED, "malformed"),
        (FactFlags::TRUNCATED, "truncated"),
        (FactFlags::HEARSAY, "hearsay"),
        (FactFlags::DEFAULT_VALUE, "default_value"),
        (FactFlags::MIDSTREAM, "midstream"),
        (FactFlags::SANITISED, "sanitised"),
    ];

    fn is_empty(&self) -> bool {
        self.0 == FactFlags::default()
    }
}

impl Serialize for Doubts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let held = Self::NAMES.iter().filter(|(flag, _)| self.0.has(*flag));
        serializer.collect_seq(held.map(|(_, name)| name))
    }
}
