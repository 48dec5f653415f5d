//! Whose address it is: from the addresses in a frame to a device.

use std::net::IpAddr;

use auscult_proto::mac::Mac;
use auscult_proto::observation::{Endpoint, Millis};

use crate::address;
use crate::attribute::Via;
use crate::conversation::later;
use crate::device::{Binding, Device};
use crate::event::DeviceClass;
use crate::id::DeviceId;
use crate::index::{joins_realms, mac_key};
use crate::inventory::{Seen, SiteInventory};
use crate::realm::RealmId;
use crate::work::{Due, Happening};

/// How an address came up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It sent the frame.
    Spoke,
    /// Somebody made a statement about it.
    Mentioned,
    /// A frame was sent to it, which proves nothing.
    Addressed,
}

/// Whose address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) device: DeviceId,
    /// The address the attribution rests on, when the device's hold on it is only presumed.
    pub(crate) via: Option<Via>,
    /// On the link, not behind a router.
    pub(crate) adjacent: bool,
}

impl Found {
    fn adjacent(device: DeviceId, via: Option<Via>) -> Self {
        Self {
            device,
            via,
            adjacent: true,
        }
    }
}

/// Who holds a network address.
enum Holder {
    Nobody,
    /// In which realm, and whether only presumed.
    One(DeviceId, RealmId, bool),
    Several,
}

impl SiteInventory {
    /// The device behind an endpoint. Devices that speak, or are spoken about, come into being here; those that speak are seen.
    pub(crate) fn resolve(
        &mut self,
        realm: RealmId,
        endpoint: Endpoint,
        seen: Seen,
        sight: Sight,
    ) -> Option<Found> {
        let ip = address::host(endpoint.ip);
        if endpoint.mac.is_some_and(Mac::is_group) {
            return None;
        }
        let Some(mac) = address::interface(endpoint.mac) else {
            return self.by_ip(realm, ip?, seen, sight);
        };
        let Some(id) = self.by_mac(realm, mac, seen, sight) else {
            return self.by_ip(realm, ip?, seen, sight);
        };
        let gateway = self.devices.get(&id)?.gateway;
        let Some(ip) = ip.filter(|ip| !address::is_link_local(*ip)) else {
            self.see(id, realm, Some(mac), None, seen, sight);
            return Some(Found::adjacent(id, None));
        };
        let stated = self
            .devices
            .get(&id)?
            .held(realm, ip, Some(mac))
            .map(Binding::is_stated);
        match stated {
            Some(stated) if stated || !gateway => {
                self.see(id, realm, Some(mac), Some(ip), seen, sight);
                Some(Found::adjacent(id, (!stated).then_some((realm, ip))))
            }
            _ if gateway => {
                self.see(id, realm, Some(mac), None, seen, sight);
                self.by_ip(realm, ip, seen, sight)
            }
            _ if sight == Sight::Addressed => match self.holder(realm, ip) {
                Holder::One(device, _, false) => Some(Found {
                    device,
                    via: None,
                    adjacent: false,
                }),
                _ => None,
            },
            _ => self.presume(id, (realm, mac, ip), seen, sight),
        }
    }

    /// An interface uses an address that no protocol gave it: its own, or one it forwards for.
    fn presume(
        &mut self,
        id: DeviceId,
        (realm, mac, ip): (RealmId, Mac, IpAddr),
        seen: Seen,
        sight: Sight,
    ) -> Option<Found> {
        self.see(id, realm, Some(mac), None, seen, sight);
        let foreign = match self.holder(realm, ip) {
            Holder::One(holder, _, false) if holder != id => true,
            Holder::Several => true,
            _ => false,
        };
        if foreign {
            self.note_relayed(id, realm, ip, seen.last);
        } else {
            self.end_stale_presumptions(id, realm, mac, seen.last);
            let binding = Binding {
                realm,
                ip,
                mac: Some(mac),
                source: None,
                since: seen.first,
                stated: 0,
                last_seen: seen.last,
                until: None,
                lease_s: 0,
                contested: false,
            };
            self.open(id, binding);
        }
        if self.forwards(id, seen.last) {
            self.become_gateway(id);
            return self.by_ip(realm, ip, seen, sight);
        }
        if foreign {
            self.by_ip(realm, ip, seen, sight)
        } else {
            Some(Found::adjacent(id, Some((realm, ip))))
        }
    }

    fn note_relayed(&mut self, id: DeviceId, realm: RealmId, ip: IpAddr, at: Millis) {
        let bound = self.policy.gateway_addresses;
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        match device
            .relayed
            .iter_mut()
            .find(|(known, address, _)| *known == realm && *address == ip)
        {
            Some((.., last)) if !later(at, *last, &self.policy) => return,
            Some((.., last)) => *last = at,
            None => {
                device.relayed.push((realm, ip, at));
                if device.relayed.len() > bound {
                    device.relayed.remove(0);
                }
            }
        }
        self.work.devices.insert(id);
    }

    /// Whether an interface uses so many addresses without evidence that they cannot be its own.
    fn forwards(&self, id: DeviceId, at: Millis) -> bool {
        let Some(device) = self.devices.get(&id).filter(|device| !device.gateway) else {
            return false;
        };
        let since = at.saturating_sub(self.policy.presumed_for);
        let presumed = device
            .open
            .iter()
            .filter(|binding| !binding.is_stated() && binding.mac.is_some())
            .map(|binding| (binding.realm, binding.ip, binding.last_seen));
        // One address seen in several places is one address.
        let mut addresses: Vec<IpAddr> = presumed
            .chain(device.relayed.iter().copied())
            .filter(|(_, _, last)| *last >= since)
            .map(|(_, ip, _)| address::counted_as(ip))
            .collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses.len() >= self.policy.gateway_addresses
    }

    /// An interface that moved to another address without saying so.
    fn end_stale_presumptions(&mut self, id: DeviceId, realm: RealmId, mac: Mac, at: Millis) {
        let before = at.saturating_sub(self.policy.presumed_for);
        let Some(device) = self.devices.get(&id) else {
            return;
        };
        let stale: Vec<(IpAddr, Millis)> = device
            .open
            .iter()
            .filter(|binding| {
                !binding.is_stated()
                    && binding.mac == Some(mac)
                    && binding.realm == realm
                    && binding.last_seen < before
            })
            .map(|binding| (binding.ip, binding.last_seen))
            .collect();
        for (ip, last_seen) in stale {
            self.end(id, realm, ip, Some(mac), last_seen);
        }
    }

    /// The device with an interface address.
    pub(crate) fn by_mac(
        &mut self,
        realm: RealmId,
        mac: Mac,
        seen: Seen,
        sight: Sight,
    ) -> Option<DeviceId> {
        let key = mac_key(mac, realm);
        if let Some(id) = self.index.by_mac.get(&key) {
            return Some(*id);
        }
        if sight == Sight::Addressed {
            return None;
        }
        if let Some(claimer) = self.index.claimer(mac) {
            self.add_mac(claimer, mac);
            return Some(claimer);
        }
        let class = address::class_of(mac);
        let name = match key.1 {
            Some(realm) => format!("mac/{mac}/{}", self.realms.text(realm)),
            None => format!("mac/{mac}"),
        };
        let id = self.create(&name, class, seen)?;
        let device = self.devices.get_mut(&id)?;
        if !device.macs.is_empty() {
            // It had this interface once, and lost it to the bound.
            self.add_mac(id, mac);
            return Some(id);
        }
        device.macs.push(mac);
        self.index.by_mac.insert(key, id);
        if key.1.is_some() {
            // Its realm is part of its identity.
            self.add_interface(id, 0, (Some(mac), realm), seen);
        }
        Some(id)
    }

    /// A device known otherwise turns out to have this interface.
    pub(crate) fn add_mac(&mut self, id: DeviceId, mac: Mac) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        if !device.add_mac(mac, self.policy.interfaces) {
            self.counters.details_dropped = self.counters.details_dropped.saturating_add(1);
            self.work.site = true;
            return;
        }
        device.class = device.class.min(address::class_of(mac));
        self.index.by_mac.insert((mac, None), id);
        self.note_element(id, "interface", mac.to_string(), true);
        self.refresh_domains(id);
        self.check_router(id);
    }

    /// The device that holds a network address; where nobody does and the address is the site's, a device known by nothing else.
    pub(crate) fn by_ip(
        &mut self,
        realm: RealmId,
        ip: IpAddr,
        seen: Seen,
        sight: Sight,
    ) -> Option<Found> {
        if address::is_link_local(ip) {
            return None;
        }
        match self.holder(realm, ip) {
            Holder::One(device, at, presumed) => {
                self.see(device, at, None, Some(ip), seen, sight);
                Some(Found {
                    device,
                    via: presumed.then_some((at, ip)),
                    adjacent: false,
                })
            }
            Holder::Several => {
                self.counters.facts_contested = self.counters.facts_contested.saturating_add(1);
                self.work.site = true;
                None
            }
            Holder::Nobody if sight == Sight::Addressed || !self.policy.is_local(ip) => None,
            Holder::Nobody => self.create_routed(realm, ip, seen, sight),
        }
    }

    fn create_routed(
        &mut self,
        realm: RealmId,
        ip: IpAddr,
        seen: Seen,
        sight: Sight,
    ) -> Option<Found> {
        let class = match sight {
            Sight::Spoke => DeviceClass::Routed,
            Sight::Mentioned | Sight::Addressed => DeviceClass::Reported,
        };
        // An address is not an identity: the device that has it next gets another identifier.
        let name = format!("ip/{}/{ip}/{}", self.realms.text(realm), seen.first);
        let device = self.create(&name, class, seen)?;
        let binding = Binding {
            realm,
            ip,
            mac: None,
            source: None,
            since: seen.first,
            stated: 0,
            last_seen: seen.last,
            until: None,
            lease_s: 0,
            contested: false,
        };
        self.open(device, binding);
        self.see(device, realm, None, Some(ip), seen, sight);
        Some(Found {
            device,
            via: Some((realm, ip)),
            adjacent: false,
        })
    }

    /// The best evidence decides: a statement in the realm, a statement in a realm with a common router, then addresses known only
    /// from traffic in the same order.
    fn holder(&self, realm: RealmId, ip: IpAddr) -> Holder {
        let domain = self.realms.domain(realm);
        let mut best: Option<(u8, bool)> = None;
        let mut found = Holder::Nobody;
        for (at, id) in self.index.holders(ip) {
            let elsewhere = at != realm;
            if elsewhere && self.realms.domain(at) != domain {
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
                let basis = match (binding.is_stated(), binding.mac) {
                    (true, _) => 0,
                    (false, None) => 1,
                    (false, Some(_)) => 2,
                };
                let rank = (basis, elsewhere);
                if best.is_some_and(|best| rank > best) {
                    continue;
                }
                let same = matches!(found, Holder::One(known, ..) if known == id);
                let tie = best == Some(rank) && !same;
                found = if tie || binding.contested {
                    Holder::Several
                } else {
                    Holder::One(id, at, basis != 0)
                };
                best = Some(rank);
            }
        }
        found
    }

    /// Makes a device, if there is room.
    pub(crate) fn create(
        &mut self,
        name: &str,
        class: DeviceClass,
        seen: Seen,
    ) -> Option<DeviceId> {
        if self.devices.len() >= self.policy.devices && !self.evict_device() {
            self.counters.devices_refused = self.counters.devices_refused.saturating_add(1);
            self.work.site = true;
            return None;
        }
        let id = self.names.device(name);
        if self.devices.contains_key(&id) {
            return Some(id);
        }
        let device = Device::new(id, class, seen.first, seen.last);
        self.devices.insert(id, Box::new(device));
        self.work.devices.insert(id);
        let due = Due {
            fresh: !self.work.ended.contains(&id),
            record: true,
            time: self.work.now,
            ..Due::default()
        };
        self.work.due.insert(id, due);
        self.happened(self.work.now, 1, Happening::New(id));
        self.schedule(id);
        Some(id)
    }

    /// Recomputes routing domains after a router's realms may have changed.
    pub(crate) fn refresh_domains(&mut self, id: DeviceId) {
        if !self
            .devices
            .get(&id)
            .is_some_and(|device| joins_realms(device))
        {
            return;
        }
        self.index.routers.insert(id);
        if self.join_realms() {
            self.work.domains_differ = true;
        }
    }

    /// Returns whether routing domains differ from before.
    pub(crate) fn join_realms(&mut self) -> bool {
        let routers = self.index.routers.iter().filter_map(|id| {
            let device = self.devices.get(id)?;
            let with_mac = device.interfaces.iter().filter(|i| i.mac.is_some());
            Some(with_mac.map(|interface| interface.realm).collect())
        });
        self.realms.join(routers)
    }
}
