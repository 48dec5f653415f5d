//! The site as the standards ask about it, from the mirror: only what bears on the few devices that something is told of, in one pass
//! over the relations.

use std::collections::{BTreeMap, BTreeSet};

use auscult_inventory::DeviceId;
use auscult_risk::Policy;
use auscult_risk::document::DeviceEntry;

use super::view::SiteView;
use crate::mirror::Mirror;
use crate::view::service_id;

/// Transport and port, and what assessments call the service.
pub(crate) type Services = BTreeMap<(u8, u16), String>;

/// The services that some devices offer or are used for.
pub(crate) fn services(mirror: &Mirror, devices: &BTreeSet<DeviceId>) -> Services {
    let offered = devices
        .iter()
        .filter_map(|id| mirror.active(*id))
        .flat_map(|view| &view.facts.services)
        .map(|own| (own.ip_protocol, own.port));
    let used = mirror
        .links
        .keys()
        .filter(|link| devices.contains(&link.server))
        .map(|link| (link.ip_protocol, link.port));
    offered
        .chain(used)
        .map(|(ip_protocol, port)| ((ip_protocol, port), service_id(ip_protocol, port)))
        .collect()
}

impl<'a> SiteView<'a> {
    /// `services`: those of [`services`] for the same devices. Segment links, controls and refusals are not known of a live site.
    pub(crate) fn live(
        policy: &'a Policy,
        mirror: &Mirror,
        entries: &'a BTreeMap<DeviceId, DeviceEntry>,
        devices: &BTreeSet<DeviceId>,
        services: &'a Services,
    ) -> Self {
        let mut view = Self::empty(policy);
        let due = devices.iter().filter_map(|id| entries.get(id));
        view.devices = due.map(|entry| (entry.id.as_str(), entry)).collect();
        let segments: BTreeSet<&str> = view
            .devices
            .values()
            .map(|entry| entry.segment.as_str())
            .collect();
        for link in mirror.links.keys() {
            let Some(service) = services.get(&(link.ip_protocol, link.port)) else {
                continue;
            };
            let (Some(client), Some(server)) =
                (entries.get(&link.client), entries.get(&link.server))
            else {
                continue;
            };
            if devices.contains(&link.server) {
                view.uses(client, server, service);
            }
            if segments.contains(server.segment.as_str()) {
                view.crosses(client, server, service);
            }
        }
        view
    }
}
