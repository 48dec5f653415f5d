//! Graph changes: the same steps build a site from a file and follow its events.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::coin;
use crate::cvss::{Base, Technical};
use crate::document::{
    ConversationEntry, DeviceEntry, DeviceState, Document, EntryKind, Vulnerability,
};
use crate::exploitability;
use crate::graph::{Device, Graph, Segment, Stir, Talk, Weakness};
use crate::impact;
use crate::policy::Policy;
use crate::site::Site;

mod links;

impl Graph {
    /// The graph of a site, not yet calibrated (scale 1).
    pub(crate) fn of(site: &Site, policy: &Policy) -> Self {
        let document = site.document();
        let mut graph = Self::empty(policy, site.day());
        for (id, known) in &document.vulnerabilities {
            graph.set_weakness(id, known);
        }
        for segment in &document.segments {
            graph.segment(&segment.id);
        }
        for control in &document.controls {
            graph.keep_control(control);
        }
        graph.decisions.clone_from(&document.decisions);
        graph.fill(document);
        graph.stir = Stir::default();
        graph
    }

    fn empty(policy: &Policy, day: i64) -> Self {
        Self {
            policy: policy.clone(),
            day,
            scale: 1.0,
            weaknesses: Vec::new(),
            weakness_by_id: BTreeMap::new(),
            services: Vec::new(),
            service_by_id: BTreeMap::new(),
            segments: Vec::new(),
            segment_by_id: BTreeMap::new(),
            devices: Vec::new(),
            free_devices: Vec::new(),
            device_by_id: BTreeMap::new(),
            order: Vec::new(),
            surfaces: Vec::new(),
            free_surfaces: Vec::new(),
            pairs: Vec::new(),
            free_pairs: Vec::new(),
            groups: Vec::new(),
            group_by_name: BTreeMap::new(),
            links: Vec::new(),
            link_by_name: BTreeMap::new(),
            controls: BTreeMap::new(),
            fleets: BTreeMap::new(),
            decisions: Vec::new(),
            stir: Stir::default(),
        }
    }

    /// Devices and relations in bulk: appended first and sorted once.
    fn fill(&mut self, document: &Document) {
        let mut slots = Vec::with_capacity(document.devices.len());
        for entry in &document.devices {
            let slot = self.place_device(entry);
            slots.push(slot);
        }
        for slot in &slots {
            if self.device(*slot).active {
                self.order.push(*slot);
            }
        }
        let mut order = std::mem::take(&mut self.order);
        order.sort_unstable_by(|a, b| self.device_rank(*a).cmp(&self.device_rank(*b)));
        for slot in &order {
            let segment = self.device(*slot).segment;
            self.segments[segment as usize].members.push(*slot);
        }
        self.order = order;
        for talk in &document.conversations {
            self.append_conversation(talk);
        }
        for slot in &slots {
            self.sort_talks(*slot);
        }
        for link in &document.segment_links {
            self.set_link(
                &link.from,
                &link.to,
                &link.service,
                Some((link.evidence, link.days_since)),
            );
        }
        for slot in slots {
            self.count_services(slot, true);
            self.raise_surfaces(slot, true);
        }
        self.sort_rings();
    }

    fn append_conversation(&mut self, entry: &ConversationEntry) {
        let (Some(client), Some(server)) = (
            self.device_by_id.get(entry.client.as_str()).copied(),
            self.device_by_id.get(entry.server.as_str()).copied(),
        ) else {
            return;
        };
        let service = self.service(&entry.service);
        let talk = |peer| Talk {
            peer,
            service,
            days_since: entry.days_since,
            days_seen: entry.days_seen,
            bytes: entry.bytes,
            clinical: entry.clinical,
        };
        self.device_mut(client).out.push(talk(server));
        self.device_mut(server).served.push(talk(client));
        self.use_link(client, server, service, entry.days_since, 1);
    }

    fn sort_talks(&mut self, slot: u32) {
        let Some(mut device) = self.devices[slot as usize].take() else {
            return;
        };
        // The device itself is never its own peer, so looking up ranks while it is out is safe.
        device
            .out
            .sort_unstable_by(|a, b| self.talk_rank(a).cmp(&self.talk_rank(b)));
        device
            .served
            .sort_unstable_by(|a, b| self.talk_rank(a).cmp(&self.talk_rank(b)));
        self.devices[slot as usize] = Some(device);
    }

    pub(crate) fn talk_rank(&self, talk: &Talk) -> (u64, &str, u64, &str) {
        let (service, service_key) = &self.services[talk.service as usize];
        let (key, id) = self.device_rank(talk.peer);
        (*service_key, service, key, id)
    }

    /// Adds or replaces a weakness of the world. The caller raises the surfaces of the devices that have it.
    pub(crate) fn set_weakness(&mut self, id: &str, known: &Vulnerability) -> u32 {
        let base = Base::of(&known.cvss);
        let weakness = Weakness {
            id: Arc::from(id),
            key: coin::key(coin::kind::WEAKNESS, id),
            alpha: exploitability::capability(&self.policy, id, known),
            total: known
                .technical_impact_total
                .unwrap_or(base.technical == Technical::Total)
                && base.technical != Technical::AvailabilityOnly,
            base,
            known: known.clone(),
        };
        if let Some(slot) = self.weakness_by_id.get(id) {
            let slot = *slot;
            self.weaknesses[slot as usize] = weakness;
            return slot;
        }
        let slot = self.weaknesses.len() as u32;
        self.weakness_by_id.insert(weakness.id.clone(), slot);
        self.weaknesses.push(weakness);
        slot
    }

    /// Slot of a service name.
    pub(crate) fn service(&mut self, id: &str) -> u32 {
        if let Some(slot) = self.service_by_id.get(id) {
            return *slot;
        }
        let slot = self.services.len() as u32;
        let name: Arc<str> = Arc::from(id);
        self.services
            .push((name.clone(), coin::key(coin::kind::SERVICE, id)));
        self.service_by_id.insert(name, slot);
        slot
    }

    /// Slot of a segment.
    pub(crate) fn segment(&mut self, id: &str) -> u32 {
        if let Some(slot) = self.segment_by_id.get(id) {
            return *slot;
        }
        let slot = self.segments.len() as u32;
        let name: Arc<str> = Arc::from(id);
        self.segments.push(Segment {
            id: name.clone(),
            key: coin::key(coin::kind::SEGMENT, id),
            members: Vec::new(),
            ring: Vec::new(),
            links: Vec::new(),
        });
        self.segment_by_id.insert(name, slot);
        slot
    }

    /// Puts a device into a slot, without members, relations or surfaces.
    pub(crate) fn place_device(&mut self, entry: &DeviceEntry) -> u32 {
        let segment = self.segment(&entry.segment);
        let services = entry
            .services
            .iter()
            .map(|service| (self.service(&service.id), service.evidence))
            .collect();
        for weakness in entry.weaknesses.iter().flatten() {
            if let Some(service) = &weakness.service {
                self.service(service);
            }
        }
        let policy = &self.policy;
        let way_in = entry.entry.as_ref().map(|way| {
            (
                way.kind,
                way.weight.unwrap_or_else(|| kind_weight(policy, way.kind)),
            )
        });
        let id: Arc<str> = Arc::from(entry.id.as_str());
        let device = Device {
            key: coin::key(coin::kind::DEVICE, &id),
            id: id.clone(),
            impact: impact::impact(policy, entry),
            segment,
            active: entry.state == DeviceState::Active,
            services,
            surfaces: Vec::new(),
            local: Vec::new(),
            physical: Vec::new(),
            out: Vec::new(),
            served: Vec::new(),
            stake: 0.0,
            way_in,
            way_open: 1.0,
            lateral: 1.0,
            entry: entry.clone(),
        };
        let slot = match self.free_devices.pop() {
            Some(slot) => {
                self.devices[slot as usize] = Some(device);
                slot
            }
            None => {
                self.devices.push(Some(device));
                self.devices.len() as u32 - 1
            }
        };
        self.device_by_id.insert(id, slot);
        self.enlist(slot, entry);
        slot
    }

    /// Counts a device's services in or out of its segment and groups.
    pub(crate) fn count_services(&mut self, slot: u32, arrive: bool) {
        let device = self.device(slot);
        if !device.active {
            return;
        }
        let segment = device.segment;
        let offered = self.offered(slot);
        for service in offered {
            let group = self.group(segment, service);
            let offers = &mut self.groups[group as usize].offers;
            *offers = if arrive { *offers + 1 } else { *offers - 1 };
            self.stir.groups.insert(group);
        }
    }

    /// Services a device offers: listed ones and those that conversations prove.
    pub(crate) fn offered(&self, slot: u32) -> Vec<u32> {
        let device = self.device(slot);
        let mut services: Vec<u32> = device
            .services
            .iter()
            .map(|(service, _)| *service)
            .chain(device.served.iter().map(|talk| talk.service))
            .collect();
        services.sort_unstable();
        services.dedup();
        services
    }

    fn sort_rings(&mut self) {
        for segment in &mut self.segments {
            segment.ring.sort_unstable();
        }
        for group in &mut self.groups {
            group.ring.sort_unstable();
        }
    }
}

fn kind_weight(policy: &Policy, kind: EntryKind) -> f64 {
    let e = &policy.entry;
    match kind {
        EntryKind::Internet => e.internet,
        EntryKind::VendorAccess => e.vendor_access,
        EntryKind::MailWeb => e.mail_web,
        EntryKind::Wireless => e.wireless,
        EntryKind::Physical => e.physical,
        EntryKind::Supplier => e.supplier,
    }
}
