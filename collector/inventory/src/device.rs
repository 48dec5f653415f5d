//! A device: its interfaces, the addresses it holds and held, what is believed of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use auscult_proto::mac::Mac;
use auscult_proto::observation::Millis;
use auscult_proto::{Attribute, BindingSource, Service};

use crate::attribute::Values;
use crate::event::{DeviceClass, Status};
use crate::id::{DeviceId, Identifier};
use crate::policy::Policy;
use crate::realm::RealmId;

/// One interface in one realm.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Interface {
    /// `None`: behind a router.
    pub(crate) mac: Option<Mac>,
    pub(crate) realm: RealmId,
    pub(crate) first_seen: Millis,
    pub(crate) last_seen: Millis,
}

/// A device holds an address for some time.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Binding {
    pub(crate) realm: RealmId,
    pub(crate) ip: IpAddr,
    /// `None`: behind a router.
    pub(crate) mac: Option<Mac>,
    /// What said so; `None`: only that traffic came from there.
    pub(crate) source: Option<BindingSource>,
    pub(crate) since: Millis,
    /// When a protocol last said so.
    pub(crate) stated: Millis,
    /// When the pair was last seen at all.
    pub(crate) last_seen: Millis,
    /// `None`: still held.
    pub(crate) until: Option<Millis>,
    /// Seconds; 0 when unknown.
    pub(crate) lease_s: u32,
    pub(crate) contested: bool,
}

impl Binding {
    pub(crate) fn is_stated(&self) -> bool {
        self.source.is_some()
    }

    /// When the lease is over, if it has an end: what traffic still shows is still held.
    pub(crate) fn lease_end(&self, policy: &Policy) -> Option<Millis> {
        if self.lease_s == 0 || self.lease_s == u32::MAX {
            return None;
        }
        let lease = Millis::from(self.lease_s).saturating_mul(1_000);
        let end = self.stated.saturating_add(lease).max(self.last_seen);
        Some(end.saturating_add(policy.lease_grace))
    }

    pub(crate) fn is(&self, realm: RealmId, ip: IpAddr, mac: Option<Mac>) -> bool {
        self.ip == ip && self.realm == realm && self.mac == mac
    }
}

/// A service the device was seen offering.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Offer {
    pub(crate) ip_protocol: u8,
    pub(crate) port: u16,
    pub(crate) service: Service,
    pub(crate) first_seen: Millis,
    pub(crate) last_seen: Millis,
}

/// An address of somebody else that was seen behind an interface.
pub(crate) type Relayed = (RealmId, IpAddr, Millis);

/// A device.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Device {
    pub(crate) id: DeviceId,
    pub(crate) revision: u64,
    pub(crate) class: DeviceClass,
    pub(crate) status: Status,
    pub(crate) first_seen: Millis,
    pub(crate) last_seen: Millis,
    /// `last_seen` when the public record was last due.
    pub(crate) published: Millis,
    /// Forwards other devices' packets.
    pub(crate) gateway: bool,
    /// Sends other devices' statements.
    pub(crate) forwarder: bool,
    pub(crate) macs: Vec<Mac>,
    pub(crate) identifiers: Vec<Identifier>,
    /// Ordered by address, then realm.
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) relayed: Vec<Relayed>,
    pub(crate) open: Vec<Binding>,
    /// Oldest end first.
    pub(crate) ended: Vec<Binding>,
    pub(crate) attributes: BTreeMap<Attribute, Values>,
    /// Ordered by protocol and port.
    pub(crate) offers: Vec<Offer>,
    pub(crate) merged_from: Vec<DeviceId>,
    /// Its entry in the index of deadlines; follows from the rest.
    pub(crate) scheduled: Option<Millis>,
}

impl Device {
    pub(crate) fn new(id: DeviceId, class: DeviceClass, first: Millis, last: Millis) -> Self {
        Self {
            id,
            revision: 1,
            class,
            status: Status::Active,
            first_seen: first,
            last_seen: last,
            published: last,
            gateway: class == DeviceClass::RouterGroup,
            forwarder: false,
            macs: Vec::new(),
            identifiers: Vec::new(),
            interfaces: Vec::new(),
            relayed: Vec::new(),
            open: Vec::new(),
            ended: Vec::new(),
            attributes: BTreeMap::new(),
            offers: Vec::new(),
            merged_from: Vec::new(),
            scheduled: None,
        }
    }

    /// When time alone changes something about it.
    pub(crate) fn deadline(&self, policy: &Policy) -> Option<Millis> {
        let silence = match self.status {
            Status::Active if self.short_lived() => policy.ephemeral_gone_after,
            Status::Active => policy.idle_after,
            Status::Idle => policy.gone_after,
            Status::Gone => policy.forget_after,
        };
        let leases = self
            .open
            .iter()
            .filter_map(|binding| binding.lease_end(policy))
            .min();
        let silent = self.last_seen.saturating_add(silence);
        Some(leases.map_or(silent, |lease| lease.min(silent)))
    }

    /// Gone without having been idle.
    pub(crate) fn short_lived(&self) -> bool {
        self.class == DeviceClass::Ephemeral
    }

    /// Networks that are kept of it.
    pub(crate) fn most_interfaces(&self, policy: &Policy) -> usize {
        if self.gateway {
            policy.gateway_interfaces
        } else {
            policy.interfaces
        }
    }

    /// Open bindings that are kept of it.
    pub(crate) fn most_bindings(&self, policy: &Policy) -> usize {
        if self.gateway {
            policy.gateway_bindings
        } else {
            policy.open_bindings
        }
    }

    /// Forgets what says no more than that somebody behind a router has its address, in networks where it is on the link itself.
    pub(crate) fn drop_redundant(&mut self) {
        let on_link: BTreeSet<RealmId> = self
            .interfaces
            .iter()
            .filter(|interface| interface.mac.is_some())
            .map(|interface| interface.realm)
            .collect();
        self.interfaces
            .retain(|interface| interface.mac.is_some() || !on_link.contains(&interface.realm));
        let stated: BTreeSet<(RealmId, IpAddr)> = self
            .open
            .iter()
            .filter(|open| open.mac.is_some() && open.is_stated())
            .map(|open| (open.realm, open.ip))
            .collect();
        self.open
            .retain(|open| open.mac.is_some() || !stated.contains(&(open.realm, open.ip)));
    }

    pub(crate) fn held(&self, realm: RealmId, ip: IpAddr, mac: Option<Mac>) -> Option<&Binding> {
        self.open.iter().find(|binding| binding.is(realm, ip, mac))
    }

    pub(crate) fn held_mut(
        &mut self,
        realm: RealmId,
        ip: IpAddr,
        mac: Option<Mac>,
    ) -> Option<&mut Binding> {
        self.open
            .iter_mut()
            .find(|binding| binding.is(realm, ip, mac))
    }

    /// Adds to an ordered list without repetition; `false` when it was there or there is no room.
    pub(crate) fn add_mac(&mut self, mac: Mac, bound: usize) -> bool {
        match self.macs.binary_search(&mac) {
            Err(position) if self.macs.len() < bound => {
                self.macs.insert(position, mac);
                true
            }
            _ => false,
        }
    }

    pub(crate) fn attribute(&self, attribute: Attribute) -> &[crate::attribute::Value] {
        self.attributes
            .get(&attribute)
            .map_or(&[], |values| values.0.as_slice())
    }
}
