//! What can happen to a site, and the graph's part of following it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::document::{
    ControlEntry, ControlKind, ConversationEntry, DecisionEntry, DeviceEntry, LinkEntry,
    Vulnerability,
};
use crate::fault::{Fault, Faults};
use crate::graph::{Graph, Talk};
use crate::site::{
    control_faults, conversation_fault, day_of, device_faults, vulnerability_faults,
};

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
    /// Intelligence changed: all worlds.
    pub weaknesses: bool,
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

    /// Carries out one checked event.
    pub(crate) fn follow(&mut self, event: &Event, concern: &mut Concern) {
        match event {
            Event::Device(device) => self.device_comes(device, concern),
            Event::DeviceGone(id) => self.device_goes(id, concern),
            Event::Conversation(talk) => self.talk_comes(talk, concern),
            Event::ConversationGone {
                client,
                server,
                service,
            } => self.talk_goes(client, server, service, concern),
            Event::Link(link) => {
                self.set_link(
                    &link.from,
                    &link.to,
                    &link.service,
                    Some((link.evidence, link.days_since)),
                );
            }
            Event::LinkGone { from, to, service } => {
                self.set_link(from, to, service, None);
            }
            Event::Control(control) => {
                if self.keep_control(control) {
                    self.control_changes(control, concern);
                }
            }
            Event::ControlGone(control) => {
                if self.drop_control(control) {
                    self.control_changes(control, concern);
                }
            }
            Event::Weakness { id, known } => {
                self.set_weakness(id, known);
                concern.weaknesses = true;
                self.raise_again(
                    |device| {
                        device
                            .entry
                            .weaknesses
                            .iter()
                            .flatten()
                            .any(|own| own.id == *id)
                    },
                    concern,
                );
            }
            Event::Decision(decision) => self.decisions.push(decision.clone()),
            Event::DecisionGone(decision) => self.decisions.retain(|own| own != decision),
            Event::Time(time) => self.day = day_of(time).unwrap_or(self.day),
        }
    }

    /// Derives the surfaces of some devices anew.
    fn raise_again(
        &mut self,
        which: impl Fn(&crate::graph::Device) -> bool,
        concern: &mut Concern,
    ) {
        let slots: Vec<u32> = self
            .device_by_id
            .values()
            .copied()
            .filter(|slot| which(self.device(*slot)))
            .collect();
        for slot in slots {
            self.raze_surfaces(slot);
            self.raise_surfaces(slot, false);
            concern.raised.insert(slot);
        }
    }

    fn control_changes(&mut self, control: &ControlEntry, concern: &mut Concern) {
        match (control.kind, &control.device, &control.weakness) {
            (ControlKind::CutLink, ..) => {
                let name = (
                    control
                        .from
                        .as_deref()
                        .and_then(|id| self.segment_by_id.get(id)),
                    control
                        .to
                        .as_deref()
                        .and_then(|id| self.segment_by_id.get(id)),
                    control
                        .service
                        .as_deref()
                        .and_then(|id| self.service_by_id.get(id)),
                );
                if let (Some(from), Some(to), Some(service)) = name
                    && let Some(group) = self.group_by_name.get(&(*to, *service))
                    && let Some(link) = self.link_by_name.get(&(*from, *group))
                {
                    self.apply_link_control(*link);
                }
            }
            (_, Some(device), _) => {
                let id = device.as_str();
                self.raise_again(|device| &*device.id == id, concern);
            }
            (_, None, Some(weakness)) => {
                self.raise_again(
                    |device| {
                        device
                            .entry
                            .weaknesses
                            .iter()
                            .flatten()
                            .any(|own| own.id == *weakness)
                    },
                    concern,
                );
            }
            (_, None, None) => {}
        }
    }

    /// Counts all conversations of a device in or out of the links.
    fn use_links(&mut self, slot: u32, by: i32) {
        let device = self.device(slot);
        let (out, served) = (device.out.clone(), device.served.clone());
        for talk in out {
            self.use_link(slot, talk.peer, talk.service, talk.days_since, by);
        }
        for talk in served {
            self.use_link(talk.peer, slot, talk.service, talk.days_since, by);
        }
    }

    fn enrol(&mut self, slot: u32) {
        if !self.device(slot).active {
            return;
        }
        let segment = self.device(slot).segment as usize;
        let rank = self.device_rank(slot);
        let at = self
            .order
            .partition_point(|other| self.device_rank(*other) < rank);
        let members = &self.segments[segment].members;
        let place = members.partition_point(|other| self.device_rank(*other) < rank);
        self.order.insert(at, slot);
        self.segments[segment].members.insert(place, slot);
    }

    fn strike(&mut self, slot: u32) {
        if !self.device(slot).active {
            return;
        }
        let segment = self.device(slot).segment as usize;
        self.order.retain(|other| *other != slot);
        self.segments[segment]
            .members
            .retain(|other| *other != slot);
    }

    fn device_comes(&mut self, entry: &DeviceEntry, concern: &mut Concern) {
        let Some(slot) = self.device_by_id.get(entry.id.as_str()).copied() else {
            let slot = self.place_device(entry);
            self.enrol(slot);
            self.count_services(slot, true);
            self.raise_surfaces(slot, false);
            concern.raised.insert(slot);
            return;
        };
        self.use_links(slot, -1);
        self.count_services(slot, false);
        self.raze_surfaces(slot);
        self.strike(slot);
        // The new entry gets the old slot back: it is the last one freed.
        let old = self.devices[slot as usize].take();
        self.free_devices.push(slot);
        self.place_device(entry);
        let device = self.device_mut(slot);
        if let Some(old) = old {
            device.out = old.out;
            device.served = old.served;
        }
        self.enrol(slot);
        self.use_links(slot, 1);
        self.count_services(slot, true);
        self.raise_surfaces(slot, false);
        concern.raised.insert(slot);
    }

    fn device_goes(&mut self, id: &str, concern: &mut Concern) {
        let Some(slot) = self.device_by_id.get(id).copied() else {
            return;
        };
        self.use_links(slot, -1);
        self.count_services(slot, false);
        self.raze_surfaces(slot);
        self.strike(slot);
        let device = self.device(slot);
        let (out, served) = (device.out.clone(), device.served.clone());
        for talk in out {
            self.change_server(talk.peer, talk.service, concern, |served| {
                served.retain(|own| own.peer != slot || own.service != talk.service);
            });
        }
        for talk in served {
            self.device_mut(talk.peer)
                .out
                .retain(|own| own.peer != slot);
        }
        self.device_by_id.remove(id);
        self.devices[slot as usize] = None;
        self.free_devices.push(slot);
        concern.raised.insert(slot);
    }

    /// Changes what a server served; its surfaces are derived anew only when that proves or disproves a service.
    fn change_server(
        &mut self,
        server: u32,
        service: u32,
        concern: &mut Concern,
        change: impl FnOnce(&mut Vec<Talk>),
    ) {
        let proven = |graph: &Self| {
            graph
                .device(server)
                .served
                .iter()
                .any(|talk| talk.service == service)
        };
        let before = proven(self);
        let mut served = std::mem::take(&mut self.device_mut(server).served);
        let old = served.clone();
        change(&mut served);
        let after = served.iter().any(|talk| talk.service == service);
        if before == after {
            self.device_mut(server).served = served;
            return;
        }
        self.device_mut(server).served = old;
        self.count_services(server, false);
        self.raze_surfaces(server);
        self.device_mut(server).served = served;
        self.count_services(server, true);
        self.raise_surfaces(server, false);
        concern.raised.insert(server);
    }

    fn talk_comes(&mut self, entry: &ConversationEntry, concern: &mut Concern) {
        self.talk_goes(&entry.client, &entry.server, &entry.service, concern);
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
        let (to_server, to_client) = (talk(server), talk(client));
        let out = &self.device(client).out;
        let at = out.partition_point(|own| self.talk_rank(own) < self.talk_rank(&to_server));
        self.device_mut(client).out.insert(at, to_server);
        let served = &self.device(server).served;
        let at = served.partition_point(|own| self.talk_rank(own) < self.talk_rank(&to_client));
        self.change_server(server, service, concern, |served| {
            served.insert(at, to_client)
        });
        self.use_link(client, server, service, entry.days_since, 1);
        concern.edges.insert((client, server));
    }

    fn talk_goes(&mut self, client: &str, server: &str, service: &str, concern: &mut Concern) {
        let (Some(client), Some(server), Some(service)) = (
            self.device_by_id.get(client).copied(),
            self.device_by_id.get(server).copied(),
            self.service_by_id.get(service).copied(),
        ) else {
            return;
        };
        let out = &mut self.device_mut(client).out;
        let Some(at) = out
            .iter()
            .position(|own| own.peer == server && own.service == service)
        else {
            return;
        };
        let talk = out.remove(at);
        self.change_server(server, service, concern, |served| {
            served.retain(|own| own.peer != client || own.service != service);
        });
        self.use_link(client, server, service, talk.days_since, -1);
        concern.edges.insert((client, server));
    }
}
