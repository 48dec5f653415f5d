//! One statement at a time.

use std::net::IpAddr;
use std::sync::Arc;

use auscult_proto::ids::SensorId;
use auscult_proto::mac::Mac;
use auscult_proto::observation::{self, Endpoint, Fact, FactFlags, Heartbeat, Millis, Subject};
use auscult_proto::{Attribute, BindingSource, Field};

use crate::address;
use crate::attribute::{self, Source, Values};
use crate::device::{Binding, Device};
use crate::event::DeviceClass;
use crate::evidence::{self, Kind};
use crate::id::DeviceId;
use crate::inventory::{Seen, SiteInventory};
use crate::realm::RealmId;
use crate::resolve::{Found, Sight};

/// Value of the role attribute for whoever forwards.
const ROUTER: &str = "router";

impl SiteInventory {
    pub(crate) fn fold_heartbeat(&mut self, realm: RealmId, heartbeat: &Heartbeat, seen: Seen) {
        self.resolve(realm, heartbeat.endpoint, seen, Sight::Spoke);
    }

    pub(crate) fn fold_fact(
        &mut self,
        sensor: &SensorId,
        realm: RealmId,
        fact: &Fact,
        seen: Seen,
        count: u64,
    ) {
        let sender = self.resolve(realm, fact.sender, seen, Sight::Spoke);
        let reported = fact.subject != Subject::Sender;
        let subject = match &fact.subject {
            Subject::Sender => sender,
            Subject::Endpoint(endpoint) => self.subject(realm, *endpoint, seen),
            Subject::Key(key) => self.named(realm, key, seen),
        };
        let Some(found) = subject else {
            self.counters.facts_unattributed = self.counters.facts_unattributed.saturating_add(1);
            self.work.site = true;
            return;
        };
        let flags = if reported {
            fact.flags.with(FactFlags::HEARSAY)
        } else {
            fact.flags
        };
        let source = Source {
            field: fact.field,
            sensor: sensor.clone(),
            via: found.via,
            class: fact.class,
            flags,
            adjacent: found.adjacent,
            first_seen: seen.first,
            last_seen: seen.last,
            count,
        };
        match fact.attribute {
            Attribute::Eui64 if !flags.has(FactFlags::DEFAULT_VALUE) => {
                self.fold_eui64(found, reported, realm, &fact.value, source)
            }
            Attribute::Duid => self.fold_duid(found, &fact.value, source),
            Attribute::Hostname | Attribute::Fqdn if self.is_ephemeral(found.device) => {
                self.counters.names_suppressed = self.counters.names_suppressed.saturating_add(1);
                self.work.site = true;
            }
            _ => {
                self.state(found.device, fact.attribute, &fact.value, source);
                if fact.attribute == Attribute::Role {
                    self.check_router(found.device);
                }
            }
        }
    }

    /// Whoever sends router advertisements, or is handed out as the default router, forwards.
    pub(crate) fn check_router(&mut self, id: DeviceId) {
        let routes = |device: &Device| {
            !device.gateway
                && !device.macs.is_empty()
                && device
                    .attribute(Attribute::Role)
                    .iter()
                    .filter(|value| value.text.as_ref() == ROUTER)
                    .flat_map(|value| &value.sources)
                    .any(|source| {
                        matches!(
                            source.field,
                            Field::NdpRouterAdvertisement
                                | Field::NdpAdvertisementRouterFlag
                                | Field::Dhcpv4Opt3
                        )
                    })
        };
        if self.devices.get(&id).is_some_and(|device| routes(device)) {
            self.become_gateway(id);
        }
    }

    fn is_ephemeral(&self, id: DeviceId) -> bool {
        self.devices
            .get(&id)
            .is_some_and(|device| device.class == DeviceClass::Ephemeral)
    }

    /// Somebody else's subject. Who is named by its interface took part in what is reported (a DHCP client behind a relay), so it is
    /// alive; a network address may be stale.
    fn subject(&mut self, realm: RealmId, endpoint: Endpoint, seen: Seen) -> Option<Found> {
        let found = self.resolve(realm, endpoint, seen, Sight::Mentioned)?;
        if address::interface(endpoint.mac).is_some() && endpoint.ip.is_none() {
            self.touch(found.device, seen);
        }
        Some(found)
    }

    /// A subject known by a name: only names that are addresses or identifiers lead to a device.
    fn named(&mut self, realm: RealmId, key: &str, seen: Seen) -> Option<Found> {
        let on_link = |device| Found {
            device,
            via: None,
            adjacent: false,
        };
        if let Ok(mac) = key.parse::<Mac>() {
            let mac = address::interface(Some(mac))?;
            return self.by_mac(realm, mac, seen, Sight::Mentioned).map(on_link);
        }
        if let Ok(ip) = key.parse::<IpAddr>() {
            return self.by_ip(realm, address::host(Some(ip))?, seen, Sight::Mentioned);
        }
        let eui = address::parse_eui64(key)?;
        self.by_eui64(realm, eui, seen).map(on_link)
    }

    /// A statement about a device is taken in.
    pub(crate) fn state(&mut self, id: DeviceId, attribute: Attribute, text: &str, source: Source) {
        let known = self
            .devices
            .get_mut(&id)
            .and_then(|device| device.attributes.get_mut(&attribute));
        if known.is_some_and(|known| known.repeat(attribute, text, &source)) {
            self.work.devices.insert(id);
            return;
        }
        let value = attribute::Value {
            text: text.into(),
            current: false,
            sources: vec![source],
        };
        self.take_values(id, attribute, Values(vec![value]));
    }

    /// Statements about a device are taken in; what that changes in public is noted.
    pub(crate) fn take_values(&mut self, id: DeviceId, attribute: Attribute, values: Values) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        self.work.devices.insert(id);
        let known = device.attributes.entry(attribute).or_default();
        let before = Public::of(attribute, known);
        let new: Vec<Arc<str>> = values
            .0
            .iter()
            .filter(|value| !known.contains(&value.text))
            .map(|value| Arc::clone(&value.text))
            .collect();
        let stated = known.merge(attribute, values, &self.policy);
        let after = Public::of(attribute, known);
        self.counters.values_dropped = self
            .counters
            .values_dropped
            .saturating_add(stated.values_dropped);
        self.counters.sources_dropped = self
            .counters
            .sources_dropped
            .saturating_add(stated.sources_dropped);
        self.work.site |= stated.values_dropped > 0 || stated.sources_dropped > 0;
        if before == after {
            return;
        }
        let name = attribute::name(attribute);
        if evidence::kind(attribute) == Kind::Many {
            for value in new {
                let value = value.to_string();
                self.note_change(id, (name.clone(), value.clone()), None, Some(value));
            }
            self.note_record(id);
        } else if before.best != after.best {
            let text = |best: Option<Arc<str>>| best.map(|best| best.to_string());
            let (before, after) = (text(before.best), text(after.best));
            self.note_change(id, (name, String::new()), before, after);
        } else {
            self.note_record(id);
        }
    }

    pub(crate) fn fold_binding(&mut self, realm: RealmId, said: &observation::Binding, seen: Seen) {
        let (Some(mac), Some(ip)) = (
            address::interface(Some(said.mac)),
            address::host(Some(said.ip)),
        ) else {
            return;
        };
        let on_link = matches!(said.source, BindingSource::Arp | BindingSource::Ndp);
        let sight = if on_link {
            Sight::Spoke
        } else {
            Sight::Mentioned
        };
        let Some(id) = self.by_mac(realm, mac, seen, sight) else {
            return;
        };
        self.touch(id, seen);
        if said.released {
            self.release(id, mac, ip, seen.last);
            return;
        }
        self.see(id, realm, Some(mac), None, seen, sight);
        if self.outdated(id, realm, ip, seen.last) {
            return;
        }
        self.hold(id, (realm, mac, ip), said, seen);
        self.contest(id, (realm, mac, ip), !on_link, seen.last);
        self.settle(realm, ip);
    }

    /// The client gave the address up, wherever it was seen with it.
    fn release(&mut self, id: DeviceId, mac: Mac, ip: IpAddr, at: Millis) {
        let held: Vec<RealmId> = self
            .devices
            .get(&id)
            .into_iter()
            .flat_map(|device| &device.open)
            .filter(|binding| binding.ip == ip && binding.mac == Some(mac))
            .map(|binding| binding.realm)
            .collect();
        for realm in held {
            self.end(id, realm, ip, Some(mac), at);
        }
    }

    /// Somebody else was said to hold the address, later than this statement was made.
    fn outdated(&self, id: DeviceId, realm: RealmId, ip: IpAddr, at: Millis) -> bool {
        let window = self.policy.contest_window;
        self.index
            .holders(ip)
            .filter(|(held_in, holder)| *held_in == realm && *holder != id)
            .filter_map(|(_, holder)| self.devices.get(&holder))
            .flat_map(|device| &device.open)
            .any(|open| {
                open.ip == ip
                    && open.realm == realm
                    && open.is_stated()
                    && open.since > at.saturating_add(window)
            })
    }

    fn hold(
        &mut self,
        id: DeviceId,
        (realm, mac, ip): (RealmId, Mac, IpAddr),
        said: &observation::Binding,
        seen: Seen,
    ) {
        let Some(device) = self.devices.get_mut(&id) else {
            return;
        };
        let Some(held) = device.held_mut(realm, ip, Some(mac)) else {
            let binding = Binding {
                realm,
                ip,
                mac: Some(mac),
                source: Some(said.source),
                since: seen.first,
                stated: seen.last,
                last_seen: seen.last,
                until: None,
                lease_s: said.lease_s,
                contested: false,
            };
            self.open(id, binding);
            return;
        };
        let presumed = !held.is_stated();
        let leased = matches!(
            held.source,
            Some(BindingSource::Dhcpv4Ack | BindingSource::Dhcpv6Reply)
        );
        let on_link = matches!(said.source, BindingSource::Arp | BindingSource::Ndp);
        // Who uses the address does not end the lease it has.
        if !(leased && on_link) {
            held.source = Some(said.source);
            held.lease_s = said.lease_s;
            held.stated = held.stated.max(seen.last);
        }
        held.since = held.since.min(seen.first);
        held.last_seen = held.last_seen.max(seen.last);
        self.work.devices.insert(id);
        if presumed {
            self.note_record(id);
        }
        self.schedule(id);
    }

    /// Others that hold the address: silent ones moved away, presumed ones never held it, and two that both state it contest it.
    fn contest(
        &mut self,
        id: DeviceId,
        (realm, mac, ip): (RealmId, Mac, IpAddr),
        leased: bool,
        at: Millis,
    ) {
        let mut rivals: Vec<(DeviceId, Mac, bool, Millis)> = Vec::new();
        for (held_in, holder) in self.index.holders(ip) {
            let Some(device) = self.devices.get(&holder).filter(|_| held_in == realm) else {
                continue;
            };
            rivals.extend(device.open.iter().filter_map(|open| {
                let other = open.mac.filter(|other| *other != mac)?;
                let last = open.stated.max(open.last_seen);
                (open.ip == ip && open.realm == realm).then_some((
                    holder,
                    other,
                    open.is_stated(),
                    last,
                ))
            }));
        }
        let mut contested = false;
        for (holder, other, stated, last) in rivals {
            if !stated {
                self.dissolve(holder, realm, ip, Some(other));
            } else if leased || last.saturating_add(self.policy.contest_window) < at {
                self.end(holder, realm, ip, Some(other), at);
            } else {
                contested |= holder != id;
                self.mark(holder, (realm, other, ip), holder != id);
            }
        }
        self.mark(id, (realm, mac, ip), contested);
    }

    fn mark(&mut self, id: DeviceId, (realm, mac, ip): (RealmId, Mac, IpAddr), contested: bool) {
        let held = self
            .devices
            .get_mut(&id)
            .and_then(|device| device.held_mut(realm, ip, Some(mac)));
        if let Some(held) = held.filter(|held| held.contested != contested) {
            held.contested = contested;
            let was = (!contested).then(|| ip.to_string());
            let is = contested.then(|| ip.to_string());
            self.note_change(id, ("address_contested", ip.to_string()), was, is);
        }
    }
}

/// What readers see of an attribute, as far as it is worth telling again: confidence in steps of a twentieth.
#[derive(PartialEq)]
struct Public {
    best: Option<Arc<str>>,
    verdict: crate::event::Verdict,
    contested: bool,
    confidences: Vec<(Arc<str>, u32)>,
}

impl Public {
    fn of(attribute: Attribute, values: &Values) -> Self {
        let assessment = evidence::assess(attribute, &values.0);
        let text = |position: usize| values.0.get(position).map(|value| Arc::clone(&value.text));
        Self {
            best: assessment
                .order
                .first()
                .and_then(|(position, _)| text(*position)),
            verdict: assessment.verdict,
            contested: assessment.contested,
            confidences: assessment
                .order
                .iter()
                .filter_map(|(position, confidence)| {
                    Some((text(*position)?, confidence.0 / 50_000))
                })
                .collect(),
        }
    }
}
