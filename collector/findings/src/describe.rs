//! From the mirror to what the risk assessment takes: one entry a device.

use std::sync::Arc;

use auscult_proto::calendar::civil;
use auscult_risk::document::{
    ClinicalEntry, ConversationEntry, DeviceEntry, DeviceState, EntryKind, EntryPoint, Identity,
    ServiceEntry, ServiceEvidence, WeaknessEntry,
};

use crate::class;
use crate::ledger::DeviceInput;
use crate::mirror::{Link, Outside};
use crate::print::Print;
use crate::view::{DeviceFacts, DeviceView, service_id};

/// A device for the assessment. `supplied`: the site shows no way in, so that any device may be the one that comes compromised.
pub(crate) fn entry(
    view: &DeviceView,
    outside: Outside,
    weaknesses: &Arc<Vec<WeaknessEntry>>,
    supplied: bool,
) -> DeviceEntry {
    let facts = &view.facts;
    let way_in = way_in(facts, outside).or(supplied.then_some(EntryKind::Supplier));
    DeviceEntry {
        id: view.id.to_string(),
        segment: facts.segment.clone(),
        state: DeviceState::Active,
        identities: facts
            .hypotheses
            .iter()
            .map(|one| Identity {
                probability: f64::from(one.eighths) / 8.0,
                vendor: (!one.vendor.is_empty()).then(|| one.vendor.clone()),
                product: Some(one.product.clone()),
                version: one.version.clone(),
                class: None,
            })
            .collect(),
        services: facts
            .services
            .iter()
            .map(|own| ServiceEntry {
                id: own.id(),
                evidence: ServiceEvidence::Served,
            })
            .collect(),
        clinical: ClinicalEntry {
            class: Some(facts.class.clone()),
            ..ClinicalEntry::default()
        },
        entry: way_in.map(|kind| EntryPoint { kind, weight: None }),
        weaknesses: Some(weaknesses.as_ref().clone()),
    }
}

/// What was seen decides before what the class suggests.
pub(crate) fn way_in(facts: &DeviceFacts, outside: Outside) -> Option<EntryKind> {
    match facts.class.as_str() {
        _ if outside.served > 0 => Some(EntryKind::Internet),
        "vendor_gateway" => Some(EntryKind::VendorAccess),
        "workstation" | "clinical_workstation" => Some(EntryKind::MailWeb),
        "phone" | "server" | class::UNKNOWN if outside.browsed > 0 => Some(EntryKind::MailWeb),
        _ => None,
    }
}

/// A device as it is compared with the assessment before.
pub(crate) fn input(view: &DeviceView, entry: &DeviceEntry) -> DeviceInput {
    let facts = &view.facts;
    let likeliest = facts.hypotheses.first();
    DeviceInput {
        print: Print::of(entry),
        segment: facts.segment.clone(),
        class: facts.class.clone(),
        way_in: entry
            .entry
            .as_ref()
            .map(|way| way_name(way.kind).to_owned()),
        product: likeliest.map(|one| format!("{} {}", one.vendor, one.product).trim().to_owned()),
        version: likeliest.and_then(|one| one.version.clone()),
        services: entry.services.iter().map(|own| own.id.clone()).collect(),
        weaknesses: Print::of(&entry.weaknesses),
    }
}

fn way_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Internet => "internet",
        EntryKind::VendorAccess => "vendor_access",
        EntryKind::MailWeb => "mail_web",
        EntryKind::Wireless => "wireless",
        EntryKind::Physical => "physical",
        EntryKind::Supplier => "supplier",
    }
}

/// A relation for the assessment. Conversations are forgotten after days, so one that is there is fresh.
pub(crate) fn conversation(link: &Link, clinical: bool) -> ConversationEntry {
    ConversationEntry {
        client: link.client.to_string(),
        server: link.server.to_string(),
        service: service_id(link.ip_protocol, link.port),
        days_seen: 1,
        days_since: 0,
        bytes: 0,
        clinical,
    }
}

/// `YYYY-MM-DDT00:00:00Z` of a day counted from 1970-01-01.
pub(crate) fn day_text(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}T00:00:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_dates() {
        assert_eq!(day_text(0), "1970-01-01T00:00:00Z");
        assert_eq!(day_text(11_016), "2000-02-29T00:00:00Z");
        assert_eq!(day_text(20_787), "2026-11-30T00:00:00Z");
    }
}
