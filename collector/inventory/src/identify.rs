//! Identifiers that devices state: an EUI-64 in HL7, an interface address inside a DHCP unique identifier.

use auscult_proto::Attribute;
use auscult_proto::mac::Mac;
use auscult_proto::observation::{FactFlags, Millis};

use crate::address;
use crate::attribute::{Source, Via};
use crate::event::DeviceClass;
use crate::id::{DeviceId, Identifier};
use crate::inventory::{Seen, SiteInventory};
use crate::realm::RealmId;
use crate::resolve::{Found, Sight};

impl SiteInventory {
    /// An EUI-64 names the sender, unless the sender is known to be another device: then it forwards what others said.
    pub(crate) fn fold_eui64(
        &mut self,
        found: Found,
        reported: bool,
        realm: RealmId,
        text: &str,
        source: Source,
    ) {
        let eui = address::parse_eui64(text);
        let Some(eui) = eui.filter(|_| !self.is_router_group(found.device)) else {
            self.state(found.device, Attribute::Eui64, text, source);
            return;
        };
        let seen = Seen {
            first: source.first_seen,
            last: source.last_seen,
        };
        if reported || self.is_itself(found.device, eui) {
            self.add_identifier(found.device, Identifier::Eui64(eui));
            self.state(found.device, Attribute::Eui64, text, source);
            return;
        }
        if self.is_another(found.device, eui) {
            self.fold_forwarded(found, realm, (eui, text), source);
            return;
        }
        let joined = self.join_by(found.device, Identifier::Eui64(eui), seen.last);
        self.state(joined, Attribute::Eui64, text, source);
    }

    fn is_itself(&self, id: DeviceId, eui: [u8; 8]) -> bool {
        let mac = address::mac_of_eui64(eui);
        self.devices.get(&id).is_some_and(|device| {
            device.identifiers.contains(&Identifier::Eui64(eui))
                || mac.is_some_and(|mac| device.macs.contains(&mac))
        })
    }

    /// Known to be a device with another identity.
    fn is_another(&self, id: DeviceId, eui: [u8; 8]) -> bool {
        let names_interface = address::mac_of_eui64(eui).is_some();
        let held_on_link = self
            .index
            .identified(Identifier::Eui64(eui))
            .filter(|holder| *holder != id)
            .and_then(|holder| self.devices.get(&holder))
            .is_some_and(|holder| !holder.macs.is_empty());
        self.devices.get(&id).is_some_and(|device| {
            let other_interface = (names_interface || held_on_link) && !device.macs.is_empty();
            let other_name = device
                .identifiers
                .iter()
                .any(|known| matches!(known, Identifier::Eui64(known) if *known != eui));
            device.forwarder || other_interface || other_name
        })
    }

    /// The sender speaks for several devices. What it said of itself before was theirs as well.
    fn fold_forwarded(
        &mut self,
        found: Found,
        realm: RealmId,
        (eui, text): ([u8; 8], &str),
        source: Source,
    ) {
        let seen = Seen {
            first: source.first_seen,
            last: source.last_seen,
        };
        let mut forwarder = found.device;
        if let Some((via_realm, ip)) = found.via {
            // It was taken for the device it first spoke for.
            let joined = self.devices.get(&forwarder).is_some_and(|device| {
                !device.macs.is_empty() && device.held(via_realm, ip, None).is_some()
            });
            if joined {
                forwarder = self
                    .dissolve(forwarder, via_realm, ip, None)
                    .unwrap_or(forwarder);
            }
        }
        self.become_forwarder(forwarder, realm);
        if let Some(subject) = self.by_eui64(realm, eui, seen) {
            self.state(subject, Attribute::Eui64, text, hearsay(source));
        }
    }

    fn become_forwarder(&mut self, id: DeviceId, realm: RealmId) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        if device.forwarder {
            return;
        }
        device.forwarder = true;
        let earlier = device.attributes.remove(&Attribute::Eui64);
        let dropped: Vec<Identifier> = std::mem::take(&mut device.identifiers);
        self.index.remove_identifiers(id, &dropped);
        let key = ("forwarder", String::new());
        self.note_change(id, key, None, Some("true".to_owned()));
        for value in earlier.into_iter().flat_map(|values| values.0) {
            let Some(eui) = address::parse_eui64(&value.text) else {
                continue;
            };
            for source in value.sources {
                let seen = Seen {
                    first: source.first_seen,
                    last: source.last_seen,
                };
                if let Some(subject) = self.by_eui64(realm, eui, seen) {
                    self.state(subject, Attribute::Eui64, &value.text, hearsay(source));
                }
            }
        }
    }

    /// The device an EUI-64 belongs to, by what is known of it or by the interface it was made from.
    pub(crate) fn by_eui64(
        &mut self,
        realm: RealmId,
        eui: [u8; 8],
        seen: Seen,
    ) -> Option<DeviceId> {
        let identifier = Identifier::Eui64(eui);
        if let Some(id) = self.index.identified(identifier) {
            return Some(id);
        }
        let known = address::mac_of_eui64(eui)
            .and_then(|mac| self.by_mac(realm, mac, seen, Sight::Addressed));
        let id = match known {
            Some(id) => id,
            None => {
                let digits: String = eui.iter().map(|octet| format!("{octet:02x}")).collect();
                self.create(&format!("eui64/{digits}"), DeviceClass::Reported, seen)?
            }
        };
        self.add_identifier(id, identifier);
        Some(id)
    }

    /// A DUID made from an interface address names the client's interface. It counts where no interface of the client is known:
    /// copies of a system share the identifier of the original.
    pub(crate) fn fold_duid(&mut self, found: Found, text: &str, source: Source) {
        let mut id = found.device;
        let on_link = self
            .devices
            .get(&id)
            .is_none_or(|device| !device.macs.is_empty());
        if let (false, Some(mac)) = (on_link, address::mac_of_duid(text)) {
            id = self.join_by(id, Identifier::DuidMac(mac), source.last_seen);
        }
        self.state(id, Attribute::Duid, text, source);
    }

    /// A device known by its address only states an identifier: it is the device that has it.
    fn join_by(&mut self, id: DeviceId, identifier: Identifier, now: Millis) -> DeviceId {
        let by_name = self.index.identified(identifier);
        let by_interface = crate::index::claim(identifier)
            .and_then(|mac: Mac| self.index.by_mac.get(&(mac, None)).copied());
        match by_name.or(by_interface) {
            Some(other) if other != id && !self.is_elsewhere(other, id, now) => {
                let joined = self.merge(other, id).unwrap_or(id);
                self.add_identifier(joined, identifier);
                joined
            }
            Some(_) => id,
            None => {
                self.add_identifier(id, identifier);
                id
            }
        }
    }

    /// The device is in use behind another router address at this time: whoever states its identity repeats it.
    fn is_elsewhere(&self, other: DeviceId, id: DeviceId, now: Millis) -> bool {
        let since = now.saturating_sub(self.policy.presumed_for);
        let beyond = |id: &DeviceId| -> Vec<Via> {
            self.devices
                .get(id)
                .into_iter()
                .flat_map(|device| &device.open)
                .filter(|open| open.mac.is_none() && open.last_seen >= since)
                .map(|open| (self.realms.domain(open.realm), open.ip))
                .collect()
        };
        let own = beyond(&id);
        beyond(&other).iter().any(|(realm, ip)| {
            own.iter()
                .any(|(at, own)| at == realm && own != ip && own.is_ipv4() == ip.is_ipv4())
        })
    }
}

fn hearsay(mut source: Source) -> Source {
    source.flags = source.flags.with(FactFlags::HEARSAY);
    source.adjacent = false;
    source.via = None;
    source
}
