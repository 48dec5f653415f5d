//! Ways to find entities. Everything here follows from the entities themselves and is rebuilt, not stored.

use std::collections::BTreeSet;
use std::hash::Hash;
use std::net::IpAddr;

use auscult_proto::mac::Mac;
use auscult_proto::observation::Millis;

use crate::address;
use crate::conversation::{Addresses, Conversation};
use crate::device::Device;
use crate::event::{DeviceClass, Status};
use crate::id::{ConversationId, DeviceId, Identifier};
use crate::realm::RealmId;
use crate::table::Table;

/// An interface address; those of router groups mean something in their realm only.
pub(crate) type MacKey = (Mac, Option<RealmId>);

#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Index {
    pub(crate) by_mac: Table<MacKey, DeviceId>,
    pub(crate) by_identifier: BTreeSet<(Identifier, DeviceId)>,
    /// Interface addresses that follow from identifiers.
    pub(crate) by_claim: BTreeSet<(Mac, DeviceId)>,
    /// Open bindings: of each address that somebody holds, where and who, ordered.
    by_address: Table<IpAddr, Vec<(RealmId, DeviceId)>>,
    pub(crate) deadlines: BTreeSet<(Millis, DeviceId)>,
    pub(crate) gone: BTreeSet<(Millis, DeviceId)>,
    /// Devices whose realms are joined.
    pub(crate) routers: BTreeSet<DeviceId>,
    pub(crate) by_party: BTreeSet<(DeviceId, ConversationId)>,
    pub(crate) by_addresses: Table<Addresses, ConversationId>,
    pub(crate) ages: BTreeSet<(bool, Millis, ConversationId)>,
}

pub(crate) fn mac_key(mac: Mac, realm: RealmId) -> MacKey {
    let scoped = address::class_of(mac) == DeviceClass::RouterGroup;
    (mac, scoped.then_some(realm))
}

/// The interface address that follows from an identifier.
pub(crate) fn claim(identifier: Identifier) -> Option<Mac> {
    match identifier {
        Identifier::Eui64(eui) => address::mac_of_eui64(eui),
        Identifier::DuidMac(mac) => Some(mac),
    }
}

fn mac_keys(device: &Device) -> impl Iterator<Item = MacKey> + '_ {
    let scoped = device.interfaces.iter().filter_map(|interface| {
        let mac = interface.mac?;
        Some(mac_key(mac, interface.realm)).filter(|(_, realm)| realm.is_some())
    });
    let plain = device
        .macs
        .iter()
        .filter(|mac| address::class_of(**mac) != DeviceClass::RouterGroup)
        .map(|mac| (*mac, None));
    scoped.chain(plain)
}

/// Its realms belong to one routing domain. Not so for router groups, whose addresses are the same everywhere, and for addresses
/// that anybody may have given himself.
pub(crate) fn joins_realms(device: &Device) -> bool {
    device.gateway && device.class == DeviceClass::Physical
}

impl Index {
    pub(crate) fn add_device(&mut self, device: &Device) {
        for key in mac_keys(device) {
            self.by_mac.get_or_insert_with(key, || device.id);
        }
        for identifier in &device.identifiers {
            self.add_identifier(device.id, *identifier);
        }
        for binding in &device.open {
            self.add_address(binding.ip, binding.realm, device.id);
        }
        if let Some(deadline) = device.scheduled {
            self.deadlines.insert((deadline, device.id));
        }
        if device.status == Status::Gone {
            self.gone.insert((device.last_seen, device.id));
        }
        if joins_realms(device) {
            self.routers.insert(device.id);
        }
    }

    pub(crate) fn add_identifier(&mut self, id: DeviceId, identifier: Identifier) {
        self.by_identifier.insert((identifier, id));
        if let Some(mac) = claim(identifier) {
            self.by_claim.insert((mac, id));
        }
    }

    /// The device with an identifier; of several, the one with the lowest id.
    pub(crate) fn identified(&self, identifier: Identifier) -> Option<DeviceId> {
        let (first, last) = id_bounds();
        self.by_identifier
            .range((identifier, first)..=(identifier, last))
            .map(|(_, id)| *id)
            .next()
    }

    /// The device with an identifier that was made from an interface address; of several, the one with the lowest id.
    pub(crate) fn claimer(&self, mac: Mac) -> Option<DeviceId> {
        let (first, last) = id_bounds();
        self.by_claim
            .range((mac, first)..=(mac, last))
            .map(|(_, id)| *id)
            .next()
    }

    pub(crate) fn remove_identifiers(&mut self, id: DeviceId, identifiers: &[Identifier]) {
        for identifier in identifiers {
            self.by_identifier.remove(&(*identifier, id));
        }
        // Two identifiers may come from one address.
        for mac in identifiers.iter().filter_map(|it| claim(*it)) {
            self.by_claim.remove(&(mac, id));
        }
    }

    pub(crate) fn remove_device(&mut self, device: &Device) {
        for key in mac_keys(device) {
            remove_if(&mut self.by_mac, &key, device.id);
        }
        self.remove_identifiers(device.id, &device.identifiers);
        for binding in &device.open {
            self.remove_address(binding.ip, binding.realm, device.id);
        }
        if let Some(deadline) = device.scheduled {
            self.deadlines.remove(&(deadline, device.id));
        }
        self.gone.remove(&(device.last_seen, device.id));
        self.routers.remove(&device.id);
    }

    pub(crate) fn add_conversation(&mut self, conversation: &Conversation) {
        for party in [conversation.client, conversation.server]
            .into_iter()
            .flatten()
        {
            self.by_party.insert((party, conversation.id));
        }
        if !conversation.superseded {
            self.by_addresses
                .insert(conversation.addresses, conversation.id);
        }
        self.ages.insert(conversation.age());
    }

    pub(crate) fn remove_conversation(&mut self, conversation: &Conversation) {
        for party in [conversation.client, conversation.server]
            .into_iter()
            .flatten()
        {
            self.by_party.remove(&(party, conversation.id));
        }
        remove_if(
            &mut self.by_addresses,
            &conversation.addresses,
            conversation.id,
        );
        self.ages.remove(&conversation.age());
    }

    /// Who holds an address, and in which realms.
    pub(crate) fn holders(&self, ip: IpAddr) -> impl Iterator<Item = (RealmId, DeviceId)> + '_ {
        self.by_address.get(&ip).into_iter().flatten().copied()
    }

    /// Every address that is held, and in which realm, in order.
    pub(crate) fn held_addresses(&self) -> impl Iterator<Item = (IpAddr, RealmId)> + '_ {
        self.by_address
            .iter()
            .flat_map(|(ip, holders)| holders.iter().map(|(realm, _)| (*ip, *realm)))
    }

    /// A device holds an address.
    pub(crate) fn add_address(&mut self, ip: IpAddr, realm: RealmId, device: DeviceId) {
        let holder = (realm, device);
        let holders = self.by_address.get_or_insert_with(ip, Vec::new);
        if let Err(position) = holders.binary_search(&holder) {
            holders.insert(position, holder);
        }
    }

    /// A device no longer holds an address.
    pub(crate) fn remove_address(&mut self, ip: IpAddr, realm: RealmId, device: DeviceId) {
        let Some(holders) = self.by_address.get_mut(&ip) else {
            return;
        };
        if let Ok(position) = holders.binary_search(&(realm, device)) {
            holders.remove(position);
        }
        // An address that nobody holds is not there: the index follows from the devices alone.
        if holders.is_empty() {
            self.by_address.remove(&ip);
        }
    }

    /// The conversations a device takes part in.
    pub(crate) fn conversations_of(&self, device: DeviceId) -> Vec<ConversationId> {
        let first = ConversationId::from_bytes([0; 16]);
        let last = ConversationId::from_bytes([u8::MAX; 16]);
        self.by_party
            .range((device, first)..=(device, last))
            .map(|(_, conversation)| *conversation)
            .collect()
    }
}

fn id_bounds() -> (DeviceId, DeviceId) {
    (
        DeviceId::from_bytes([0; 16]),
        DeviceId::from_bytes([u8::MAX; 16]),
    )
}

fn remove_if<K: Ord + Hash, V: PartialEq>(map: &mut Table<K, V>, key: &K, value: V) {
    if map.get(key) == Some(&value) {
        map.remove(key);
    }
}
