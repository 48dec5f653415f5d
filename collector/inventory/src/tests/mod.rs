//! Stories: what was seen, and what must be believed of it.

mod conversations;
mod evidence;
mod identity;
mod lifecycle;
mod positions;
mod property;
mod restore;
mod routers;

use std::collections::BTreeMap;
use std::net::IpAddr;

use auscult_proto::ids::{Incarnation, SiteId};
use auscult_proto::mac::Mac;
use auscult_proto::observation::{
    Binding, Body, Conversation, Endpoint, Fact, FactFlags, Heartbeat, Millis, Observation, Origin,
    Subject,
};
use auscult_proto::{Attribute, BindingSource, ConfidenceClass, DirectionEvidence, Field, Service};
use bytes::Bytes;

use crate::{
    Batch, BatchHeader, Changes, DeviceSnapshot, Event, EventKind, Policy, SiteInventory, StateKey,
};

pub(crate) const SECOND: Millis = 1_000;
pub(crate) const MINUTE: Millis = 60 * SECOND;
pub(crate) const HOUR: Millis = 60 * MINUTE;
pub(crate) const DAY: Millis = 24 * HOUR;
pub(crate) const START: Millis = 1_700_000_000_000;

pub(crate) fn site() -> SiteId {
    "main".parse().unwrap()
}

pub(crate) fn mac(text: &str) -> Mac {
    text.parse().unwrap()
}

pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// `"00:1a:01:00:00:01 10.0.0.1"`, or one of the two.
pub(crate) fn endpoint(text: &str) -> Endpoint {
    let mut endpoint = Endpoint {
        mac: None,
        ip: None,
    };
    for word in text.split(' ') {
        match word.parse::<Mac>() {
            Ok(mac) => endpoint.mac = Some(mac),
            Err(_) => endpoint.ip = Some(ip(word)),
        }
    }
    endpoint
}

pub(crate) fn origin(vlans: &[u16]) -> Origin {
    Origin {
        capture_point: "span0".parse().unwrap(),
        vlans: vlans.to_vec(),
        vni: None,
        erspan_session: None,
    }
}

/// A site, one sensor, and everything that was told so far.
pub(crate) struct Story {
    pub(crate) inventory: SiteInventory,
    pub(crate) events: Vec<Event>,
    pub(crate) records: BTreeMap<StateKey, Bytes>,
    pub(crate) now: Millis,
    pub(crate) vlans: Vec<u16>,
    seq: u64,
}

impl Story {
    pub(crate) fn new() -> Self {
        Self::with(Policy::default())
    }

    pub(crate) fn with(policy: Policy) -> Self {
        Self {
            inventory: SiteInventory::new(site(), policy),
            events: Vec::new(),
            records: BTreeMap::new(),
            now: START,
            vlans: Vec::new(),
            seq: 1,
        }
    }

    pub(crate) fn wait(&mut self, time: Millis) -> &mut Self {
        self.now += time;
        self
    }

    pub(crate) fn on(&mut self, vlans: &[u16]) -> &mut Self {
        self.vlans = vlans.to_vec();
        self
    }

    /// Folds a batch and keeps what it did; the log and the memory must always agree.
    pub(crate) fn apply(&mut self, batch: Batch) -> Changes {
        let changes = self.inventory.apply(batch);
        for (key, value) in &changes.state {
            match value {
                Some(value) => drop(self.records.insert(key.clone(), value.clone())),
                None => drop(self.records.remove(key)),
            }
        }
        self.events.extend(changes.events.iter().cloned());
        let restored = self.restored();
        assert!(restored == self.inventory, "memory and log differ");
        changes
    }

    pub(crate) fn restored(&self) -> SiteInventory {
        let records = self
            .records
            .iter()
            .map(|(key, value)| (key.as_bytes(), value.clone()));
        SiteInventory::restore(site(), self.inventory.policy.clone(), records).unwrap()
    }

    pub(crate) fn header(&self) -> BatchHeader {
        BatchHeader {
            sensor: "s1".parse().unwrap(),
            incarnation: Incarnation(7),
            first_seq: self.seq,
            after_seq: 0,
            received: self.now,
        }
    }

    pub(crate) fn observe(&mut self, bodies: Vec<Body>) -> Vec<EventKind> {
        let observations: Vec<Observation> = bodies
            .into_iter()
            .map(|body| Observation {
                first_seen: self.now,
                last_seen: self.now,
                count: 1,
                origin: origin(&self.vlans),
                body,
            })
            .collect();
        self.send(observations)
    }

    pub(crate) fn send(&mut self, observations: Vec<Observation>) -> Vec<EventKind> {
        let header = self.header();
        self.seq += observations.len() as u64;
        let changes = self.apply(Batch::new(site(), header, observations));
        changes.events.into_iter().map(|event| event.kind).collect()
    }

    pub(crate) fn beat(&mut self, who: &str) -> Vec<EventKind> {
        self.observe(vec![beat(who)])
    }

    pub(crate) fn arp(&mut self, who: &str, ip: &str) -> Vec<EventKind> {
        self.observe(vec![binding(who, ip, BindingSource::Arp, 0)])
    }

    pub(crate) fn lease(&mut self, who: &str, ip: &str, lease_s: u32) -> Vec<EventKind> {
        self.observe(vec![binding(who, ip, BindingSource::Dhcpv4Ack, lease_s)])
    }

    pub(crate) fn says(&mut self, who: &str, attribute: Attribute, value: &str) -> Vec<EventKind> {
        self.observe(vec![fact(who, attribute, value)])
    }

    /// The device with an interface or, open or ended, an address.
    pub(crate) fn device(&self, what: &str) -> DeviceSnapshot {
        let found = self.devices(what);
        assert_eq!(found.len(), 1, "devices with {what}");
        found.into_iter().next().unwrap()
    }

    pub(crate) fn devices(&self, what: &str) -> Vec<DeviceSnapshot> {
        let wanted = endpoint(what);
        let holds = |device: &DeviceSnapshot| match (wanted.mac, wanted.ip) {
            (Some(mac), _) => device.macs.contains(&mac),
            (None, Some(ip)) => device
                .bindings
                .iter()
                .any(|binding| binding.ip == ip && binding.until.is_none()),
            (None, None) => false,
        };
        self.inventory.devices().filter(holds).collect()
    }
}

pub(crate) fn beat(who: &str) -> Body {
    Body::Heartbeat(Heartbeat {
        endpoint: endpoint(who),
        bytes_sent: 1,
        packets_sent: 1,
    })
}

pub(crate) fn binding(who: &str, address: &str, source: BindingSource, lease_s: u32) -> Body {
    Body::Binding(Binding {
        mac: mac(who),
        ip: ip(address),
        source,
        lease_s,
        released: false,
    })
}

pub(crate) fn fact(who: &str, attribute: Attribute, value: &str) -> Body {
    stated(
        who,
        Subject::Sender,
        attribute,
        (Field::Dhcpv4Opt12, ConfidenceClass::D4),
        value,
    )
}

pub(crate) fn stated(
    who: &str,
    subject: Subject,
    attribute: Attribute,
    (field, class): (Field, ConfidenceClass),
    value: &str,
) -> Body {
    Body::Fact(Fact {
        sender: endpoint(who),
        subject,
        attribute,
        field,
        value: value.to_owned(),
        class,
        flags: FactFlags::default(),
    })
}

pub(crate) fn talk(client: &str, server: &str, port: u16, bytes: u64) -> Conversation {
    Conversation {
        client: endpoint(client),
        server: endpoint(server),
        ip_protocol: 6,
        port,
        service: Service::Unspecified,
        bytes_to_server: bytes,
        bytes_to_client: bytes,
        packets_to_server: bytes / 100,
        packets_to_client: bytes / 100,
        evidence: DirectionEvidence::Handshake,
        one_way: false,
        closed: false,
    }
}

/// Values of an attribute, the best first.
pub(crate) fn values(device: &DeviceSnapshot, attribute: Attribute) -> Vec<&str> {
    device
        .attributes
        .iter()
        .filter(|known| known.attribute == attribute)
        .flat_map(|known| &known.candidates)
        .map(|candidate| candidate.value.as_ref())
        .collect()
}

/// Names of events, without the inventory records that go with them.
pub(crate) fn names(events: &[EventKind]) -> Vec<&'static str> {
    events
        .iter()
        .filter_map(|event| match event {
            EventKind::InventoryRecord(_) => None,
            EventKind::DeviceNew(_) => Some("new"),
            EventKind::DeviceChanged { .. } => Some("changed"),
            EventKind::DeviceIdle(_) => Some("idle"),
            EventKind::DeviceReturned { .. } => Some("returned"),
            EventKind::DeviceGone(_) => Some("gone"),
            EventKind::DeviceMerged { .. } => Some("merged"),
            EventKind::DeviceForgotten { .. } => Some("forgotten"),
            EventKind::BlindInterval { .. } => Some("blind"),
            EventKind::SensorLoss { .. } => Some("loss"),
            EventKind::SensorHealth(_) => Some("health"),
        })
        .collect()
}
