//! Addresses come and go, devices turn out to be one, interfaces turn out to be routers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use auscult_proto::Attribute;
use auscult_proto::address_text::AddressText;
use auscult_proto::mac::Mac;
use auscult_proto::observation::Millis;

use crate::attribute::Values;
use crate::device::{Binding, Device};
use crate::event::DeviceClass;
use crate::id::{DeviceId, Identifier};
use crate::index::joins_realms;
use crate::inventory::{Seen, SiteInventory};
use crate::policy::Policy;
use crate::realm::RealmId;
use crate::resolve::Sight;
use crate::work::Happening;

impl SiteInventory {
    /// A device holds an address from now on.
    pub(crate) fn open(&mut self, id: DeviceId, binding: Binding) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let (ip, realm) = (binding.ip, binding.realm);
        let crowded = (device.open.len() >= device.most_bindings(&self.policy))
            .then(|| {
                device
                    .open
                    .iter()
                    .min_by_key(|open| (open.is_stated(), open.last_seen))
                    .map(|open| (open.realm, open.ip, open.mac, open.last_seen))
            })
            .flatten();
        if let Some((realm, ip, mac, last_seen)) = crowded {
            self.counters.details_dropped = self.counters.details_dropped.saturating_add(1);
            self.work.site = true;
            self.end(id, realm, ip, mac, last_seen);
        }
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        device.open.push(binding);
        self.index.add_address(ip, realm, id);
        self.note_element(id, "address", AddressText::from(ip).into(), true);
        self.schedule(id);
    }

    /// A device no longer holds an address; the time it did is kept.
    pub(crate) fn end(
        &mut self,
        id: DeviceId,
        realm: RealmId,
        ip: IpAddr,
        mac: Option<Mac>,
        until: Millis,
    ) {
        let Some(mut binding) = self.remove_binding(id, realm, ip, mac) else {
            return;
        };
        let stated = binding.is_stated();
        binding.until = Some(until.max(binding.since));
        binding.contested = false;
        if let Some(device) = self.devices.get_mut(&id) {
            device.ended.push(binding);
            if device.ended.len() > self.policy.ended_bindings {
                device.ended.remove(0);
            }
        }
        self.note_element(id, "address", AddressText::from(ip).into(), false);
        self.schedule(id);
        if stated {
            self.end_beyond_routers(id, realm, ip, until);
        }
    }

    /// What a device was known by in other realms ends with the statement it rested on.
    fn end_beyond_routers(&mut self, id: DeviceId, realm: RealmId, ip: IpAddr, until: Millis) {
        let domain = self.realms.domain(realm);
        let Some(device) = self.devices.get(&id) else {
            return;
        };
        let beyond: Vec<RealmId> = device
            .open
            .iter()
            .filter(|open| open.ip == ip && open.mac.is_none())
            .map(|open| open.realm)
            .filter(|at| self.realms.domain(*at) == domain)
            .collect();
        for at in beyond {
            self.end(id, at, ip, None, until);
        }
    }

    fn remove_binding(
        &mut self,
        id: DeviceId,
        realm: RealmId,
        ip: IpAddr,
        mac: Option<Mac>,
    ) -> Option<Binding> {
        let device = self.devices.get_mut(&id)?;
        let position = device
            .open
            .iter()
            .position(|binding| binding.is(realm, ip, mac))?;
        let binding = device.open.remove(position);
        let still = device
            .open
            .iter()
            .any(|binding| binding.ip == ip && binding.realm == realm);
        if !still {
            self.index.remove_address(ip, realm, id);
        }
        Some(binding)
    }

    /// The interface forwards for others: what came from addresses that are not its own is theirs, also what came before.
    pub(crate) fn become_gateway(&mut self, id: DeviceId) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        if device.gateway {
            return;
        }
        device.gateway = true;
        device.relayed.clear();
        let presumed: Vec<(RealmId, IpAddr, Option<Mac>)> = device
            .open
            .iter()
            .filter(|binding| !binding.is_stated() && binding.mac.is_some())
            .map(|binding| (binding.realm, binding.ip, binding.mac))
            .collect();
        let key = ("gateway", String::new());
        self.note_change(id, key, None, Some("true".to_owned()));
        self.refresh_domains(id);
        for (realm, ip, mac) in presumed {
            self.dissolve(id, realm, ip, mac);
        }
    }

    /// A device never was the holder of an address: what reached it through that address goes to whoever is.
    pub(crate) fn dissolve(
        &mut self,
        id: DeviceId,
        realm: RealmId,
        ip: IpAddr,
        mac: Option<Mac>,
    ) -> Option<DeviceId> {
        let binding = self.remove_binding(id, realm, ip, mac)?;
        self.note_element(id, "address", AddressText::from(ip).into(), false);
        self.schedule(id);
        let seen = Seen {
            first: binding.since,
            last: binding.last_seen,
        };
        let found = self.by_ip(realm, ip, seen, Sight::Spoke);
        let device = self.devices.get_mut(&id)?;
        let mut apart = Vec::new();
        for (attribute, values) in &mut device.attributes {
            let split = values.split(*attribute, (realm, ip));
            if !split.0.is_empty() {
                apart.push((*attribute, split));
            }
        }
        device.attributes.retain(|_, values| !values.0.is_empty());
        let target = found.map(|found| found.device);
        if let Some(found) = found {
            for (attribute, mut values) in apart {
                for source in values.0.iter_mut().flat_map(|value| &mut value.sources) {
                    source.via = found.via;
                    source.adjacent = false;
                }
                self.take_values(found.device, attribute, values);
            }
        }
        self.repoint_address(id, realm, ip, target);
        self.note_record(id);
        target
    }

    /// After a statement about an address: devices known only by that address are the one it names, if they appeared no earlier.
    pub(crate) fn settle(&mut self, realm: RealmId, ip: IpAddr) {
        let domain = self.realms.domain(realm);
        let mut stated: Option<(DeviceId, Millis)> = None;
        let mut routed: Vec<(DeviceId, RealmId, Millis)> = Vec::new();
        for (at, id) in self.index.holders(ip) {
            if self.realms.domain(at) != domain {
                continue;
            }
            let Some(device) = self.devices.get(&id) else {
                continue;
            };
            for binding in device
                .open
                .iter()
                .filter(|binding| binding.ip == ip && binding.realm == at)
            {
                if binding.is_stated() {
                    match stated {
                        Some((known, _)) if known != id => return,
                        _ => stated = Some((id, binding.since)),
                    }
                } else if binding.mac.is_none() {
                    routed.push((id, at, device.first_seen));
                }
            }
        }
        match stated {
            Some((holder, since)) => {
                for (id, at, first_seen) in routed {
                    let own = id == holder;
                    let unnamed = self.known_by_address_only(id);
                    if !own
                        && unnamed
                        && since <= first_seen.saturating_add(self.policy.absorb_within)
                    {
                        self.merge(holder, id);
                    } else if !own {
                        self.end(id, at, ip, None, since);
                    }
                }
            }
            None => self.merge_routed(&routed),
        }
    }

    fn merge_routed(&mut self, routed: &[(DeviceId, RealmId, Millis)]) {
        let mut unnamed = routed
            .iter()
            .map(|(id, ..)| *id)
            .filter(|id| self.known_by_address_only(*id));
        let Some(mut survivor) = unnamed.next() else {
            return;
        };
        let others: Vec<DeviceId> = unnamed.filter(|id| *id != survivor).collect();
        for other in others {
            survivor = self.merge(survivor, other).unwrap_or(survivor);
        }
    }

    fn known_by_address_only(&self, id: DeviceId) -> bool {
        self.devices
            .get(&id)
            .is_some_and(|device| device.macs.is_empty() && device.identifiers.is_empty())
    }

    /// After routing domains grew: addresses known in several realms may now be one device.
    pub(crate) fn settle_everywhere(&mut self) {
        let mut addresses: Vec<(IpAddr, RealmId)> = self
            .index
            .held_addresses()
            .map(|(ip, realm)| (ip, self.realms.domain(realm)))
            .collect();
        addresses.dedup();
        for (ip, realm) in addresses {
            self.settle(realm, ip);
        }
    }

    /// Two devices are one. The older identity goes on. Returns which one that is.
    pub(crate) fn merge(&mut self, one: DeviceId, other: DeviceId) -> Option<DeviceId> {
        let age = |id: &DeviceId| {
            self.devices
                .get(id)
                .map(|device| (device.first_seen, device.id))
        };
        let (first, second) = (age(&one)?, age(&other)?);
        if one == other || self.is_router_group(one) || self.is_router_group(other) {
            return None;
        }
        let (keep, lose) = if first <= second {
            (one, other)
        } else {
            (other, one)
        };
        let absorbed = self.devices.remove(&lose)?;
        self.index.remove_device(&absorbed);
        let survivor = self.devices.get_mut(&keep)?;
        self.index.remove_device(survivor);
        survivor.scheduled = None;
        let attributes = combine(
            survivor,
            *absorbed,
            &mut self.counters.details_dropped,
            &self.policy,
        );
        survivor.scheduled = survivor.deadline(&self.policy);
        self.index.add_device(survivor);
        for (attribute, values) in attributes {
            self.take_values(keep, attribute, values);
        }
        self.repoint_device(lose, keep);
        self.work.site = true;
        self.note_end(lose);
        self.work.absorbed.insert(lose, keep);
        self.note_record(keep);
        let revision = self.devices.get(&keep).map_or(0, |device| device.revision);
        let merged = Happening::Merged {
            into: keep,
            absorbed: lose,
        };
        self.happened(self.work.now, revision, merged);
        self.refresh_domains(keep);
        self.check_router(keep);
        Some(keep)
    }

    /// Whoever answers for a router group at the moment: no device of its own.
    pub(crate) fn is_router_group(&self, id: DeviceId) -> bool {
        self.devices
            .get(&id)
            .is_some_and(|device| device.class == DeviceClass::RouterGroup)
    }

    /// Everything of a device that is no longer kept.
    pub(crate) fn forget(&mut self, id: DeviceId, at: Millis) {
        let Some(device) = self.devices.remove(&id) else {
            return;
        };
        self.index.remove_device(&device);
        self.note_end(id);
        let revision = device.revision.saturating_add(1);
        self.happened(at, revision, Happening::Forgotten(id));
        for conversation in self.index.conversations_of(id) {
            self.replace_party(conversation, id, None);
        }
        if joins_realms(&device) {
            self.join_realms();
        }
    }

    /// Forgets the device that is gone longest. `false`: none is gone.
    pub(crate) fn evict_device(&mut self) -> bool {
        let Some((_, id)) = self.index.gone.first().copied() else {
            return false;
        };
        self.counters.devices_evicted = self.counters.devices_evicted.saturating_add(1);
        self.work.site = true;
        self.forget(id, self.work.now);
        true
    }

    pub(crate) fn add_identifier(&mut self, id: DeviceId, identifier: Identifier) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let Err(position) = device.identifiers.binary_search(&identifier) else {
            return;
        };
        if device.identifiers.len() >= self.policy.interfaces {
            self.counters.details_dropped = self.counters.details_dropped.saturating_add(1);
            self.work.site = true;
            return;
        }
        device.identifiers.insert(position, identifier);
        self.index.add_identifier(id, identifier);
        self.note_record(id);
    }
}

/// Adds everything but the attributes, which are returned.
fn combine(
    survivor: &mut Device,
    absorbed: Device,
    dropped: &mut u64,
    policy: &Policy,
) -> BTreeMap<Attribute, Values> {
    survivor.revision = survivor.revision.max(absorbed.revision);
    survivor.class = survivor.class.min(absorbed.class);
    survivor.status = survivor.status.min(absorbed.status);
    survivor.first_seen = survivor.first_seen.min(absorbed.first_seen);
    survivor.last_seen = survivor.last_seen.max(absorbed.last_seen);
    survivor.gateway |= absorbed.gateway;
    survivor.forwarder |= absorbed.forwarder;
    let mut lost: usize = 0;
    let mut bound =
        |len: usize, bound: usize| lost = lost.saturating_add(len.saturating_sub(bound));

    survivor.macs.extend(absorbed.macs);
    survivor.macs.sort_unstable();
    survivor.macs.dedup();
    bound(survivor.macs.len(), policy.interfaces);
    survivor.macs.truncate(policy.interfaces);

    survivor.identifiers.extend(absorbed.identifiers);
    survivor.identifiers.sort_unstable();
    survivor.identifiers.dedup();
    bound(survivor.identifiers.len(), policy.interfaces);
    survivor.identifiers.truncate(policy.interfaces);

    for interface in absorbed.interfaces {
        let key = (interface.mac, interface.realm);
        match survivor
            .interfaces
            .binary_search_by_key(&key, |known| (known.mac, known.realm))
        {
            Ok(position) => {
                if let Some(known) = survivor.interfaces.get_mut(position) {
                    known.first_seen = known.first_seen.min(interface.first_seen);
                    known.last_seen = known.last_seen.max(interface.last_seen);
                }
            }
            Err(position) => survivor.interfaces.insert(position, interface),
        }
    }

    for binding in absorbed.open {
        if survivor
            .held(binding.realm, binding.ip, binding.mac)
            .is_none()
        {
            survivor.open.push(binding);
        }
    }
    survivor.drop_redundant();
    let most = survivor.most_interfaces(policy);
    bound(survivor.interfaces.len(), most);
    survivor.interfaces.truncate(most);
    let most = survivor.most_bindings(policy);
    bound(survivor.open.len(), most);
    survivor.open.truncate(most);
    survivor.ended.extend(absorbed.ended);
    survivor.ended.sort_by_key(|binding| binding.until);
    let old = survivor.ended.len().saturating_sub(policy.ended_bindings);
    survivor.ended.drain(..old);

    for offer in absorbed.offers {
        let key = (offer.ip_protocol, offer.port);
        match survivor
            .offers
            .binary_search_by_key(&key, |known| (known.ip_protocol, known.port))
        {
            Ok(position) => {
                if let Some(known) = survivor.offers.get_mut(position) {
                    known.first_seen = known.first_seen.min(offer.first_seen);
                    known.last_seen = known.last_seen.max(offer.last_seen);
                }
            }
            Err(position) => survivor.offers.insert(position, offer),
        }
    }
    bound(survivor.offers.len(), policy.services);
    survivor.offers.truncate(policy.services);

    survivor.merged_from.push(absorbed.id);
    survivor.merged_from.extend(absorbed.merged_from);
    let old = survivor
        .merged_from
        .len()
        .saturating_sub(policy.ended_bindings);
    survivor.merged_from.drain(..old);
    *dropped = dropped.saturating_add(u64::try_from(lost).unwrap_or(u64::MAX));
    absorbed.attributes
}
