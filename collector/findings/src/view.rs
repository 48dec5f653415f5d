//! A device as an assessment sees it: only what moves a score, and in coarse steps, so that repetition is no change.

use std::net::IpAddr;

use auscult_inventory::{
    AttributeSnapshot, CandidateSnapshot, DeviceId, DeviceSnapshot, Status, Verdict,
    attribute_name, service_name,
};
use auscult_proto::{Attribute, Service};
use serde::{Deserialize, Serialize};

use crate::class;

/// Steps of a hypothesis's probability: a source more or less seldom crosses one.
const STEPS: u32 = 8;
/// Most hypotheses of one device.
const HYPOTHESES: usize = 3;
/// Most services of one device that an assessment looks at.
const SERVICES: usize = 64;
/// Longest text taken over.
const TEXT: usize = 120;

/// One hypothesis of what a device is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Hypothesis {
    /// Probability in eighths, at least 1.
    pub eighths: u32,
    /// Maker; empty where it is not known.
    pub vendor: String,
    /// Product or model.
    pub product: String,
    /// Firmware or software version.
    pub version: Option<String>,
}

/// A service that a device was seen offering.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceView {
    /// 6 is TCP, 17 UDP.
    pub ip_protocol: u8,
    /// Port.
    pub port: u16,
    /// What was recognised in its bytes.
    pub name: Option<String>,
}

impl ServiceView {
    /// Transport and port, as assessments name a service.
    #[must_use]
    pub fn id(&self) -> String {
        service_id(self.ip_protocol, self.port)
    }
}

/// `tcp/104`.
pub(crate) fn service_id(ip_protocol: u8, port: u16) -> String {
    match ip_protocol {
        6 => format!("tcp/{port}"),
        17 => format!("udp/{port}"),
        132 => format!("sctp/{port}"),
        other => format!("ip{other}/{port}"),
    }
}

/// What moves a score.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceFacts {
    /// On the network: not gone.
    pub active: bool,
    /// Layer-2 neighbourhood, as far as it shows.
    pub segment: String,
    /// Key of the class table.
    pub class: String,
    /// Likeliest first.
    pub hypotheses: Vec<Hypothesis>,
    /// In order of protocol and port.
    pub services: Vec<ServiceView>,
    /// Statements that weaknesses without a CVE follow from, in order: attribute and value.
    pub stated: Vec<(String, String)>,
}

/// How people know a device. Moves nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// Name it has or gave itself.
    pub name: Option<String>,
    /// First address held.
    pub ip: Option<IpAddr>,
    /// First interface address.
    pub mac: Option<String>,
    /// Maker, when at least likely.
    pub vendor: Option<String>,
    /// Model, when at least likely.
    pub model: Option<String>,
}

/// A device for an assessment and for what is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceView {
    /// Which.
    pub id: DeviceId,
    /// What moves a score.
    pub facts: DeviceFacts,
    /// How people know it.
    pub label: Label,
}

impl DeviceView {
    /// Reads what is needed from the inventory's account.
    #[must_use]
    pub fn of(device: &DeviceSnapshot) -> Self {
        let hypotheses = hypotheses(device);
        Self {
            id: device.id,
            facts: DeviceFacts {
                active: device.status != Status::Gone,
                segment: segment(device),
                class: class_of(device).to_owned(),
                hypotheses,
                services: services(device),
                stated: stated(device),
            },
            label: label(device),
        }
    }
}

fn find(device: &DeviceSnapshot, wanted: Attribute) -> Option<&AttributeSnapshot> {
    device
        .attributes
        .iter()
        .find(|known| known.attribute == wanted)
}

fn best(device: &DeviceSnapshot, wanted: Attribute) -> Option<&CandidateSnapshot> {
    find(device, wanted)?.candidates.first()
}

/// Only what is at least likely.
fn likely(device: &DeviceSnapshot, wanted: Attribute) -> Option<&str> {
    let known = find(device, wanted)?;
    if known.verdict == Verdict::Unknown {
        return None;
    }
    Some(known.candidates.first()?.value.as_ref())
}

fn short(text: &str) -> String {
    text.chars().take(TEXT).collect()
}

/// Products are rivals; the maker and the version go with the first.
fn hypotheses(device: &DeviceSnapshot) -> Vec<Hypothesis> {
    let vendor = likely(device, Attribute::DeviceManufacturer).map(short);
    let version = likely(device, Attribute::FwVersion)
        .or_else(|| likely(device, Attribute::SwVersion))
        .map(short);
    let products = find(device, Attribute::ProductModel);
    let mut left = STEPS;
    let mut found = Vec::new();
    for candidate in products.into_iter().flat_map(|it| &it.candidates) {
        let millionths = candidate.confidence.0.min(1_000_000);
        // Rounded to the nearest step.
        let eighths = millionths
            .saturating_mul(STEPS)
            .saturating_add(500_000)
            .checked_div(1_000_000)
            .unwrap_or(0)
            .min(left);
        if eighths == 0 || found.len() >= HYPOTHESES {
            break;
        }
        left = left.saturating_sub(eighths);
        found.push(Hypothesis {
            eighths,
            vendor: vendor.clone().unwrap_or_default(),
            product: short(&candidate.value),
            version: version.clone(),
        });
    }
    found
}

/// The tagged VLAN of an interface on a link that is listened to; behind a router the network of the address.
fn segment(device: &DeviceSnapshot) -> String {
    let vlan = device
        .interfaces
        .iter()
        .filter(|interface| interface.mac.is_some())
        .find_map(|interface| interface.realm.vlans.last());
    if let Some(vlan) = vlan {
        return format!("vlan {vlan}");
    }
    let held = device
        .bindings
        .iter()
        .filter(|binding| binding.until.is_none());
    let mut addresses: Vec<_> = held.map(|binding| binding.ip).collect();
    // IPv4 before IPv6, then the lowest: the order of arrival says nothing.
    addresses.sort_unstable();
    match addresses.first() {
        Some(IpAddr::V4(ip)) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => "not known".to_owned(),
    }
}

fn class_of(device: &DeviceSnapshot) -> &'static str {
    let words = [
        Attribute::DeviceType,
        Attribute::ProductModel,
        Attribute::Platform,
        Attribute::OsName,
    ];
    class::of(
        words
            .into_iter()
            .filter_map(|attribute| likely(device, attribute)),
        &device.roles,
    )
}

fn services(device: &DeviceSnapshot) -> Vec<ServiceView> {
    let offered = device.services.iter().take(SERVICES);
    offered
        .map(|service| ServiceView {
            ip_protocol: service.ip_protocol,
            port: service.port,
            name: (service.service != Service::Unspecified).then(|| service_name(service.service)),
        })
        .collect()
}

fn stated(device: &DeviceSnapshot) -> Vec<(String, String)> {
    let speaking = [
        Attribute::OsName,
        Attribute::SystemDescription,
        Attribute::StackVersion,
        Attribute::Platform,
    ];
    let mut stated: Vec<(String, String)> = speaking
        .into_iter()
        .filter_map(|attribute| {
            let value = likely(device, attribute)?;
            Some((attribute_name(attribute).to_string(), short(value)))
        })
        .collect();
    stated.sort();
    stated
}

fn label(device: &DeviceSnapshot) -> Label {
    let name = [Attribute::SystemName, Attribute::Fqdn, Attribute::Hostname]
        .into_iter()
        .find_map(|attribute| best(device, attribute))
        .map(|candidate| short(&candidate.value));
    let held = device
        .bindings
        .iter()
        .find(|binding| binding.until.is_none());
    Label {
        name,
        ip: held.map(|binding| binding.ip),
        mac: device.macs.first().map(ToString::to_string),
        vendor: likely(device, Attribute::DeviceManufacturer).map(short),
        model: likely(device, Attribute::ProductModel).map(short),
    }
}
