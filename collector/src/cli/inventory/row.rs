//! One device as a line of the table, out of its published OCSF record.

use std::collections::BTreeSet;

use auscult_link::Utc;
use serde_json::Value;

use crate::cli::names::{SHORT, first_component};
use crate::cli::table::Column;

/// The columns of the table.
pub(super) const COLUMNS: [Column; 12] = [
    ("SITE", 16),
    ("DEVICE", SHORT),
    ("MAC", 21),
    ("ADDRESSES", 34),
    ("NAME", 24),
    ("KIND", 24),
    ("VENDOR, MODEL", 42),
    ("SERVICES", 26),
    ("STATE", 8),
    ("FIRST SEEN", 20),
    ("LAST SEEN", 20),
    ("REV", 6),
];

/// Values listed before "+n" stands for the rest.
const LISTED: usize = 2;

/// What is shown of a device.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) site: String,
    device: String,
    macs: Vec<String>,
    addresses: Vec<String>,
    name: String,
    kind: String,
    what: String,
    services: Vec<String>,
    state: String,
    first_seen: Option<i64>,
    last_seen: Option<i64>,
    revision: Option<u64>,
}

impl Row {
    /// Takes what the record has; what is not there stays empty.
    pub(super) fn from_ocsf(record: &Value) -> Self {
        let text = |path: &str| {
            let found = record.pointer(path).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        let number = |path: &str| record.pointer(path).and_then(Value::as_i64);
        let list = |path: &str| {
            let found = record.pointer(path).and_then(Value::as_array);
            found.map_or(&[][..], Vec::as_slice)
        };
        let interfaces = list("/device/network_interfaces");
        let of_interfaces = |key: &str, first: String| {
            let rest = interfaces.iter().filter_map(|one| one.get(key)?.as_str());
            distinct(std::iter::once(first).chain(rest.map(str::to_owned)))
        };
        Self {
            site: text("/device/org/ou_uid"),
            device: text("/device/uid"),
            macs: of_interfaces("mac", text("/device/mac")),
            addresses: of_interfaces("ip", text("/device/ip")),
            name: name(record),
            kind: kind(list("/unmapped/auscult/roles")),
            what: vendor_and_model(record),
            services: distinct(list("/unmapped/auscult/services").iter().map(service)),
            state: text("/unmapped/auscult/status"),
            first_seen: number("/device/first_seen_time"),
            last_seen: number("/device/last_seen_time"),
            revision: record.pointer("/metadata/sequence").and_then(Value::as_u64),
        }
    }

    /// Lines are ordered by this.
    pub(super) fn order(&self) -> (&str, bool, &str, &[String], &[String], &str) {
        // Devices with a name come first.
        let nameless = self.name.is_empty();
        (
            &self.site,
            nameless,
            &self.name,
            &self.macs,
            &self.addresses,
            &self.device,
        )
    }

    /// As the table shows them.
    pub(super) fn cells(&self) -> Vec<String> {
        let time = |time: Option<i64>| time.map_or_else(String::new, |time| Utc(time).to_string());
        vec![
            self.site.clone(),
            self.device.chars().take(SHORT).collect(),
            listed(&self.macs),
            listed(&self.addresses),
            self.name.clone(),
            self.kind.clone(),
            self.what.clone(),
            listed(&self.services),
            self.state.clone(),
            time(self.first_seen),
            time(self.last_seen),
            self.revision
                .map_or_else(String::new, |revision| revision.to_string()),
        ]
    }
}

/// The best value of an attribute, with its confidence.
fn best<'a>(record: &'a Value, attribute: &str) -> Option<(&'a str, f64)> {
    let candidates = record
        .pointer("/unmapped/auscult/attributes")?
        .get(attribute)?;
    let first = candidates.get("candidates")?.get(0)?;
    let confidence = first.get("confidence").and_then(Value::as_f64);
    Some((
        first.get("value")?.as_str()?,
        confidence.unwrap_or_default(),
    ))
}

/// The first of these attributes that the device has.
fn first_of<'a>(record: &'a Value, attributes: &[&str]) -> Option<(&'a str, f64)> {
    attributes.iter().find_map(|name| best(record, name))
}

/// The host's name, else what an application on it calls itself.
fn name(record: &Value) -> String {
    let of_device = |key: &str| {
        record
            .pointer(key)?
            .as_str()
            .filter(|name| !name.is_empty())
    };
    of_device("/device/hostname")
        .or_else(|| of_device("/device/name"))
        .or_else(|| best(record, "ae_title").map(|(name, _)| name))
        .or_else(|| best(record, "application").map(|(name, _)| first_component(name)))
        .unwrap_or_default()
        .to_owned()
}

fn kind(roles: &[Value]) -> String {
    let Some(first) = roles.first() else {
        return String::new();
    };
    let role = first
        .get("role")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let confidence = first.get("confidence").and_then(Value::as_f64);
    format!("{role} {}", percent(confidence.unwrap_or_default()))
}

/// What the device says about who made it, else what the software on it says about itself.
fn vendor_and_model(record: &Value) -> String {
    let vendor = first_of(record, &["device_manufacturer", "stack_vendor"]);
    let model = first_of(
        record,
        &[
            "product_model",
            "platform",
            "product",
            "implementation_version",
            "vendor_class",
        ],
    );
    match (vendor, model) {
        (Some((vendor, a)), Some((model, b))) => {
            format!("{vendor}, {model} {}", percent(a.min(b)))
        }
        (Some((one, confidence)), None) | (None, Some((one, confidence))) => {
            format!("{one} {}", percent(confidence))
        }
        (None, None) => String::new(),
    }
}

fn percent(confidence: f64) -> String {
    format!("{:.0}%", confidence * 100.0)
}

fn service(service: &Value) -> String {
    let number = |key: &str| service.get(key).and_then(Value::as_u64).unwrap_or_default();
    let protocol = match number("ip_protocol") {
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        other => other.to_string(),
    };
    let recognised = service.get("service").and_then(Value::as_str);
    match recognised {
        Some(name) => format!("{}/{protocol}:{name}", number("port")),
        None => format!("{}/{protocol}", number("port")),
    }
}

/// In order of first appearance, without empty ones.
fn distinct(values: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    values
        .filter(|value| !value.is_empty() && seen.insert(value.clone()))
        .collect()
}

fn listed(values: &[String]) -> String {
    let first: Vec<&str> = values.iter().take(LISTED).map(String::as_str).collect();
    match values.len().checked_sub(LISTED).filter(|rest| *rest > 0) {
        Some(rest) => format!("{} +{rest}", first.join(" ")),
        None => first.join(" "),
    }
}
