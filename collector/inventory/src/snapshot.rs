//! A device as it is told to the world.

use std::sync::Arc;

use auscult_proto::Attribute;
use auscult_proto::observation::Origin;

use crate::attribute::{Value, Values};
use crate::device::{Binding, Device};
use crate::event::{
    AttributeSnapshot, BindingSnapshot, CandidateSnapshot, Confidence, DeviceSnapshot,
    InterfaceSnapshot, ServiceSnapshot, SourceSnapshot,
};
use crate::evidence::{self, Kind};
use crate::inventory::SiteInventory;
use crate::realm::RealmId;
use crate::role;

impl SiteInventory {
    pub(crate) fn snapshot(&self, device: &Device) -> DeviceSnapshot {
        let attributes: Vec<AttributeSnapshot> = device
            .attributes
            .iter()
            .map(|(attribute, values)| attribute_snapshot(*attribute, values))
            .collect();
        let ended = device.ended.iter().rev();
        let mut sensors: Vec<_> = device
            .attributes
            .values()
            .flat_map(|values| &values.0)
            .flat_map(|value| &value.sources)
            .map(|source| &source.sensor)
            .collect();
        sensors.sort_unstable();
        sensors.dedup();
        DeviceSnapshot {
            id: device.id,
            revision: device.revision,
            class: device.class,
            status: device.status,
            first_seen: device.first_seen,
            last_seen: device.last_seen,
            gateway: device.gateway,
            forwarder: device.forwarder,
            macs: device.macs.clone(),
            identifiers: device.identifiers.clone(),
            interfaces: device
                .interfaces
                .iter()
                .filter_map(|interface| {
                    Some(InterfaceSnapshot {
                        mac: interface.mac,
                        realm: self.origin(interface.realm)?,
                        first_seen: interface.first_seen,
                        last_seen: interface.last_seen,
                    })
                })
                .collect(),
            bindings: device
                .open
                .iter()
                .chain(ended)
                .filter_map(|binding| self.binding_snapshot(binding))
                .collect(),
            roles: role::hints(device),
            attributes,
            services: device
                .offers
                .iter()
                .map(|offer| ServiceSnapshot {
                    ip_protocol: offer.ip_protocol,
                    port: offer.port,
                    service: offer.service,
                    first_seen: offer.first_seen,
                    last_seen: offer.last_seen,
                })
                .collect(),
            sensors: sensors.into_iter().cloned().collect(),
            merged_from: device.merged_from.clone(),
        }
    }

    fn origin(&self, realm: RealmId) -> Option<Arc<Origin>> {
        self.realms.origin(realm).map(Arc::clone)
    }

    fn binding_snapshot(&self, binding: &Binding) -> Option<BindingSnapshot> {
        Some(BindingSnapshot {
            ip: binding.ip,
            mac: binding.mac,
            realm: self.origin(binding.realm)?,
            source: binding.source,
            since: binding.since,
            last_seen: binding.last_seen.max(binding.stated),
            until: binding.until,
            lease_s: binding.lease_s,
            contested: binding.contested,
        })
    }
}

fn attribute_snapshot(attribute: Attribute, values: &Values) -> AttributeSnapshot {
    let assessment = evidence::assess(attribute, &values.0);
    let newest = values.0.iter().map(Value::last_seen).max().unwrap_or(0);
    AttributeSnapshot {
        attribute,
        many: evidence::kind(attribute) == Kind::Many,
        verdict: assessment.verdict,
        contested: assessment.contested,
        candidates: assessment
            .order
            .iter()
            .filter_map(|(position, confidence)| {
                let value = values.0.get(*position)?;
                Some(candidate(attribute, value, *confidence, newest))
            })
            .collect(),
    }
}

fn candidate(
    attribute: Attribute,
    value: &Value,
    confidence: Confidence,
    newest: i64,
) -> CandidateSnapshot {
    let mut sources: Vec<_> = value.sources.iter().collect();
    sources.sort_by_key(|source| {
        let weight = evidence::weight(source, attribute, newest);
        (std::cmp::Reverse(weight), source.first_seen)
    });
    CandidateSnapshot {
        value: Arc::clone(&value.text),
        confidence,
        first_seen: value.first_seen(),
        last_seen: value.last_seen(),
        sources: sources
            .into_iter()
            .map(|source| SourceSnapshot {
                field: source.field,
                sensor: source.sensor.clone(),
                class: source.class,
                flags: source.flags,
                first_seen: source.first_seen,
                last_seen: source.last_seen,
                count: source.count,
            })
            .collect(),
    }
}
