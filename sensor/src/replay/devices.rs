//! Who is in a capture, for people: the ledger folded by link-layer address.
//!
//! This is a reading aid and no inventory: no identity is resolved here, addresses are taken as they come.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use auscult_dissect::OriginTag;
use auscult_proto::observation::{Endpoint, Subject};
use auscult_proto::{Attribute, BindingSource};
use serde::Serialize;

use super::ledger::Ledger;
use crate::words;

/// An interface that speaks for more addresses than this, which nothing bound to it, forwards for others.
const OWN_ADDRESSES: usize = 4;

/// One row of the summary.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Device {
    /// Link-layer address; `None` where only IP was captured or the device lies behind a router.
    pub mac: Option<String>,
    /// Its addresses.
    pub ips: Vec<String>,
    /// VLANs it was seen in, outermost first.
    pub vlans: Vec<u16>,
    /// What it calls itself: host names, system names, AE titles, applications.
    pub names: Vec<String>,
    /// What it says it is: vendor class, platform, description, versions.
    pub descriptions: Vec<String>,
    /// What it serves.
    pub serves: Vec<String>,
    /// What it asks others for.
    pub uses: Vec<String>,
    /// Addresses of others that it forwards for.
    pub forwards: usize,
    /// Frames sent.
    pub frames: u64,
    /// Facts it stated about itself.
    pub facts: usize,
}

type Key = (OriginTag, Option<String>, Option<IpAddr>);

/// Folds a ledger into devices, in the order of VLAN and address.
#[must_use]
pub fn devices(ledger: &Ledger) -> Vec<Device> {
    let forwarders = forwarders(ledger);
    let key = |origin: OriginTag, endpoint: &Endpoint| key_of(&forwarders, origin, endpoint);
    let mut devices: BTreeMap<Key, Device> = BTreeMap::new();
    let mut addresses: BTreeMap<Key, BTreeSet<IpAddr>> = BTreeMap::new();
    for entry in ledger.endpoints() {
        let key = key(entry.origin, &entry.endpoint);
        let device = devices.entry(key.clone()).or_default();
        device.frames = device.frames.saturating_add(entry.seen.count);
        addresses.entry(key).or_default().extend(entry.endpoint.ip);
    }
    for (binding, _, _) in ledger.bindings() {
        let owner = Endpoint {
            mac: Some(binding.mac),
            ip: None,
        };
        let key = key(binding.origin, &owner);
        if devices.contains_key(&key) && !binding.released {
            addresses.entry(key).or_default().insert(binding.ip);
        }
    }
    state_facts(ledger, key, &mut devices);
    for entry in ledger.conversations() {
        let service = service_text(entry);
        for (endpoint, serves) in [(&entry.key.server, true), (&entry.key.client, false)] {
            if let Some(device) = devices.get_mut(&key(entry.key.origin, endpoint)) {
                let list = if serves {
                    &mut device.serves
                } else {
                    &mut device.uses
                };
                note(list, &service);
            }
        }
    }
    for ((origin, mac, ip), device) in &mut devices {
        device.mac.clone_from(mac);
        device.vlans = origin.vlans().to_vec();
        let found = addresses.get(&(*origin, mac.clone(), *ip));
        device.ips = found
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        device.forwards = mac
            .as_ref()
            .filter(|_| ip.is_none())
            .and_then(|mac| forwarders.get(&(*origin, mac.clone())))
            .map_or(0, BTreeSet::len);
    }
    let mut sorted: Vec<_> = devices.into_iter().collect();
    sorted.sort_by_cached_key(|(key, _)| {
        let lowest = addresses.get(key).and_then(|found| found.first().copied());
        // Who has no address comes last.
        (key.0, lowest.is_none(), lowest, key.1.clone())
    });
    sorted.into_iter().map(|(_, device)| device).collect()
}

fn note(list: &mut Vec<String>, text: &str) {
    if !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

fn service_text(entry: &super::ledger::ConversationEntry) -> String {
    let transport = match entry.key.ip_protocol {
        6 => "tcp",
        17 => "udp",
        _ => return format!("ip/{}", entry.key.ip_protocol),
    };
    match words::service(entry.service) {
        Some(name) => format!("{name}:{}", entry.key.port),
        None => format!("{transport}/{}", entry.key.port),
    }
}

fn state_facts(
    ledger: &Ledger,
    key: impl Fn(OriginTag, &Endpoint) -> Key,
    devices: &mut BTreeMap<Key, Device>,
) {
    for fact in ledger.facts() {
        let about = match &fact.statement.subject {
            Subject::Sender => fact.sender,
            Subject::Endpoint(endpoint) => *endpoint,
            Subject::Key(_) => continue,
        };
        let Some(device) = devices.get_mut(&key(fact.origin, &about)) else {
            continue;
        };
        device.facts += 1;
        let value = &fact.statement.value;
        match fact.statement.attribute {
            Attribute::Hostname | Attribute::Fqdn | Attribute::SystemName | Attribute::AeTitle => {
                note(&mut device.names, value)
            }
            // Namespace, universal id and its type (HL7 type HD): the first is what people call it.
            Attribute::Application => {
                note(&mut device.names, value.split('^').next().unwrap_or(value));
            }
            Attribute::VendorClass
            | Attribute::Platform
            | Attribute::SystemDescription
            | Attribute::ProductModel
            | Attribute::DeviceManufacturer
            | Attribute::Product
            | Attribute::ImplementationVersion
            | Attribute::SwVersion
            | Attribute::FwVersion => note(&mut device.descriptions, value),
            _ => {}
        }
    }
}

/// Interfaces that send for many addresses which no ARP, NDP or DHCP statement binds to them, and those addresses.
fn forwarders(ledger: &Ledger) -> BTreeMap<(OriginTag, String), BTreeSet<IpAddr>> {
    let bound: BTreeSet<_> = ledger
        .bindings()
        .filter(|(binding, _, _)| binding.source != BindingSource::Unspecified)
        .map(|(binding, _, _)| (binding.origin, binding.mac, binding.ip))
        .collect();
    let mut sends_for: BTreeMap<_, BTreeSet<IpAddr>> = BTreeMap::new();
    for entry in ledger.endpoints() {
        if let (Some(mac), Some(ip)) = (entry.endpoint.mac, entry.endpoint.ip)
            && !bound.contains(&(entry.origin, mac, ip))
            && !is_link_local(ip)
        {
            let addresses = sends_for
                .entry((entry.origin, mac.to_string()))
                .or_default();
            addresses.insert(ip);
        }
    }
    sends_for.retain(|_, addresses| addresses.len() > OWN_ADDRESSES);
    sends_for
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn key_of(
    forwarders: &BTreeMap<(OriginTag, String), BTreeSet<IpAddr>>,
    origin: OriginTag,
    endpoint: &Endpoint,
) -> Key {
    let mac = endpoint.mac.map(|mac| mac.to_string());
    let behind = mac.as_ref().is_some_and(|mac| {
        let forwarded = forwarders.get(&(origin, mac.clone()));
        endpoint
            .ip
            .is_some_and(|ip| forwarded.is_some_and(|f| f.contains(&ip)))
    });
    match (mac, behind) {
        (Some(mac), false) => (origin, Some(mac), None),
        (_, true) | (None, _) => (origin, None, endpoint.ip),
    }
}
