//! What can happen to a site, and the graph's part of following it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::document::{
    ControlEntry, ConversationEntry, DecisionEntry, DeviceEntry, LinkEntry, Vulnerability,
};
use crate::fault::{Fault, Faults};
use crate::fleet::{Census, Product};
use crate::graph::{Device, Graph};
use crate::site::{
    control_faults, conversation_fault, day_of, device_faults, vulnerability_faults,
};

mod change;

/// One change of a site. A batch of them is one step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A device arrives or changes; its conversations stay.
    Device(Box<DeviceEntry>),
    /// A device leaves, with its conversations and controls' effect.
    DeviceGone(String),
    /// A conversation is seen, for the first time or again.
    Conversation(ConversationEntry),
    /// A conversation is over for good.
    ConversationGone {
        /// Device that opened it.
        client: String,
        /// Device that served it.
        server: String,
        /// Service of the server.
        service: String,
    },
    /// Something is known about a link between segments.
    Link(LinkEntry),
    /// Nothing is stated about it any more.
    LinkGone {
        /// Segment it starts in.
        from: String,
        /// Segment it leads to.
        to: String,
        /// Service reached there.
        service: String,
    },
    /// A control comes into place.
    Control(ControlEntry),
    /// A control is gone.
    ControlGone(ControlEntry),
    /// Intelligence about a weakness is new.
    Weakness {
        /// Its id.
        id: String,
        /// What is known now.
        known: Box<Vulnerability>,
    },
    /// People decided.
    Decision(DecisionEntry),
    /// A decision is taken back.
    DecisionGone(DecisionEntry),
    /// Time has passed: RFC 3339.
    Time(String),
}

/// What a batch touched.
#[derive(Debug, Default)]
pub(crate) struct Concern {
    /// Devices whose surfaces were derived anew, and slots that were emptied.
    pub raised: BTreeSet<u32>,
    /// Client and server of conversations that came or went.
    pub edges: BTreeSet<(u32, u32)>,
    /// Peers of devices that came, changed or went.
    pub peers: BTreeSet<u32>,
    /// Fleets of devices that came, changed or went, as they were before.
    pub fleets: BTreeMap<Product, Census>,
    /// Intelligence changed: all worlds.
    pub weaknesses: bool,
}

impl Concern {
    /// Devices whose part of the flat graph may differ.
    pub(crate) fn touched(&self) -> BTreeSet<u32> {
        let ends = self
            .edges
            .iter()
            .flat_map(|(client, server)| [client, server]);
        self.raised
            .iter()
            .chain(&self.peers)
            .chain(ends)
            .copied()
            .collect()
    }

    /// Notes the fleet of a device before it is counted in or out.
    fn note_fleet(&mut self, graph: &Graph, entry: &DeviceEntry) {
        if let Some((product, census)) = graph.fleet_before(entry) {
            self.fleets.entry(product).or_insert(census);
        }
    }

    /// Notes a device's peers.
    fn note_peers(&mut self, device: &Device) {
        let talks = device.out.iter().chain(&device.served);
        self.peers.extend(talks.map(|talk| talk.peer));
    }
}

impl Graph {
    /// Checks a batch against the site before anything is changed.
    pub(crate) fn check(&self, events: &[Event]) -> Result<(), Faults> {
        let mut faults = Vec::new();
        let mut come: BTreeSet<&str> = BTreeSet::new();
        let mut gone: BTreeSet<&str> = BTreeSet::new();
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for (at, event) in events.iter().enumerate() {
            let path = format!("events[{at}]");
            let there = |id: &str, come: &BTreeSet<&str>, gone: &BTreeSet<&str>| {
                come.contains(id) || (self.device_by_id.contains_key(id) && !gone.contains(id))
            };
            let mut need = |id: &str, come: &BTreeSet<&str>, gone: &BTreeSet<&str>| {
                if !there(id, come, gone) {
                    faults.push(Fault::new(path.clone(), format!("no device {id:?}")));
                }
            };
            match event {
                Event::Device(device) => {
                    device_faults(&path, device, &mut faults, |id| {
                        known.contains(id) || self.weakness_by_id.contains_key(id)
                    });
                    come.insert(&device.id);
                    gone.remove(device.id.as_str());
                }
                Event::DeviceGone(id) => {
                    need(id, &come, &gone);
                    come.remove(id.as_str());
                    gone.insert(id);
                }
                Event::Conversation(talk) => {
                    need(&talk.client, &come, &gone);
                    need(&talk.server, &come, &gone);
                    if let Some(problem) = conversation_fault(talk) {
                        faults.push(Fault::new(path, problem));
                    }
                }
                Event::Link(link) if link.from == link.to => {
                    faults.push(Fault::new(path, "leads to its own segment"));
                }
                Event::Control(control) => {
                    if let Some(device) = &control.device {
                        need(device, &come, &gone);
                    }
                    for problem in control_faults(control) {
                        faults.push(Fault::new(path.clone(), problem));
                    }
                }
                Event::Weakness { id, known: new } => {
                    vulnerability_faults(&path, new, &mut faults);
                    known.insert(id);
                }
                Event::Decision(decision) if day_of(&decision.until).is_none() => {
                    faults.push(Fault::new(path, "until is not a date YYYY-MM-DD"));
                }
                Event::Time(time) if day_of(time).is_none() => {
                    faults.push(Fault::new(path, "does not begin with a date YYYY-MM-DD"));
                }
                _ => {}
            }
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Faults::from(faults))
        }
    }
}
