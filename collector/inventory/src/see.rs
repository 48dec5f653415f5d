//! A device was seen: what that refreshes.

use std::net::IpAddr;

use auscult_proto::mac::Mac;

use crate::conversation::later;
use crate::device::Interface;
use crate::event::{DeviceClass, Status};
use crate::id::DeviceId;
use crate::inventory::{Seen, SiteInventory};
use crate::realm::RealmId;
use crate::resolve::Sight;

impl SiteInventory {
    /// A device was seen: refreshes it, its interface and its address, in steps of `Policy::last_seen_bucket`.
    pub(crate) fn see(
        &mut self,
        id: DeviceId,
        realm: RealmId,
        mac: Option<Mac>,
        ip: Option<IpAddr>,
        seen: Seen,
        sight: Sight,
    ) {
        if sight != Sight::Spoke {
            return;
        }
        self.touch(id, seen);
        let policy = &self.policy;
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let mut changed = false;
        if let Some(ip) = ip {
            for binding in device
                .open
                .iter_mut()
                .filter(|binding| binding.ip == ip && binding.realm == realm)
            {
                if later(seen.last, binding.last_seen, policy) {
                    binding.last_seen = seen.last;
                    changed = true;
                }
            }
        }
        if mac.is_some() || device.macs.is_empty() {
            let place = device
                .interfaces
                .binary_search_by_key(&(mac, realm), |interface| (interface.mac, interface.realm));
            match place {
                Ok(position) => {
                    if let Some(interface) = device.interfaces.get_mut(position)
                        && later(seen.last, interface.last_seen, policy)
                    {
                        interface.last_seen = seen.last;
                        changed = true;
                    }
                }
                Err(position) => self.add_interface(id, position, (mac, realm), seen),
            }
        }
        if changed {
            self.work.devices.insert(id);
            self.schedule(id);
        }
    }

    pub(crate) fn add_interface(
        &mut self,
        id: DeviceId,
        position: usize,
        (mac, realm): (Option<Mac>, RealmId),
        seen: Seen,
    ) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        if device.interfaces.len() >= device.most_interfaces(&self.policy) {
            self.counters.details_dropped = self.counters.details_dropped.saturating_add(1);
            self.work.site = true;
            return;
        }
        let interface = Interface {
            mac,
            realm,
            first_seen: seen.first,
            last_seen: seen.last,
        };
        device.interfaces.insert(position, interface);
        let place = self.realms.text(realm);
        let text = mac.map_or_else(|| place.clone(), |mac| format!("{mac} {place}"));
        self.note_element(id, "interface", text, true);
        self.refresh_domains(id);
    }

    /// A device was seen at all: its times, its place in the order of silence, its return.
    pub(crate) fn touch(&mut self, id: DeviceId, seen: Seen) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let earlier = seen.first < device.first_seen;
        let later = later(seen.last, device.last_seen, &self.policy);
        let mentioned_so_far = device.class == DeviceClass::Reported;
        if !earlier && !later && !mentioned_so_far {
            return;
        }
        device.first_seen = device.first_seen.min(seen.first);
        if mentioned_so_far {
            device.class = DeviceClass::Routed;
        }
        self.work.devices.insert(id);
        if later {
            self.index.gone.remove(&(device.last_seen, id));
            device.last_seen = seen.last;
            if device.status == Status::Gone {
                self.index.gone.insert((seen.last, id));
            }
            let due = device.published.saturating_add(self.policy.republish_after) <= seen.last;
            self.revive(id);
            if due {
                self.note_record(id);
            }
            self.schedule(id);
        }
        if mentioned_so_far {
            self.note_record(id);
        }
    }

    /// Puts a device at its place in the order of deadlines.
    pub(crate) fn schedule(&mut self, id: DeviceId) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let deadline = device.deadline(&self.policy);
        if deadline == device.scheduled {
            return;
        }
        if let Some(before) = device.scheduled {
            self.index.deadlines.remove(&(before, id));
        }
        if let Some(after) = deadline {
            self.index.deadlines.insert((after, id));
        }
        device.scheduled = deadline;
    }
}
