//! Events carried out on the graph.

use super::{Concern, Event};
use crate::document::{ControlEntry, ControlKind, ConversationEntry, DeviceEntry, DeviceState};
use crate::graph::{Device, Graph, Talk};
use crate::site::day_of;

impl Graph {
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

    /// Derives anew what leans on fleets that a batch has changed. `devices`: how many came, changed or went in it.
    pub(crate) fn settle(&mut self, devices: usize, concern: &mut Concern) {
        let mut slots = self.unsettled(&concern.fleets);
        if devices > 1 {
            // One that was derived in the middle of the batch may have leant on a share that has moved on.
            slots.extend(&concern.raised);
        }
        for slot in slots {
            if self.devices[slot as usize].is_some() {
                self.raze_surfaces(slot);
                self.raise_surfaces(slot, false);
            }
            concern.raised.insert(slot);
        }
    }

    /// Derives the surfaces of some devices anew.
    fn raise_again(&mut self, which: impl Fn(&Device) -> bool, concern: &mut Concern) {
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
        match control.kind {
            ControlKind::CutLink => {
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
            _ => self.raise_again(|device| control.bears_on(&device.entry), concern),
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
        concern.note_fleet(self, entry);
        let Some(slot) = self.device_by_id.get(entry.id.as_str()).copied() else {
            let slot = self.place_device(entry);
            self.enrol(slot);
            self.count_services(slot, true);
            self.raise_surfaces(slot, false);
            concern.raised.insert(slot);
            return;
        };
        concern.note_peers(self.device(slot));
        // Who stays where it was uses the links that it used: taken out and put in again, they would count as changed, and every world
        // that takes one of them would be played again.
        let old = self.device(slot);
        let stays = old.active == (entry.state == DeviceState::Active)
            && *self.segments[old.segment as usize].id == *entry.segment;
        if !stays {
            self.use_links(slot, -1);
        }
        self.count_services(slot, false);
        self.raze_surfaces(slot);
        self.strike(slot);
        // The new entry gets the old slot back: it is the last one freed.
        let old = self.devices[slot as usize].take();
        if let Some(old) = &old {
            concern.note_fleet(self, &old.entry);
            self.discharge(slot, &old.entry);
        }
        self.free_devices.push(slot);
        self.place_device(entry);
        let device = self.device_mut(slot);
        if let Some(old) = old {
            device.out = old.out;
            device.served = old.served;
        }
        self.enrol(slot);
        if !stays {
            self.use_links(slot, 1);
        }
        self.count_services(slot, true);
        self.raise_surfaces(slot, false);
        concern.raised.insert(slot);
    }

    fn device_goes(&mut self, id: &str, concern: &mut Concern) {
        let Some(slot) = self.device_by_id.get(id).copied() else {
            return;
        };
        // First of all: servers that are derived anew below must not lean on it any more.
        let entry = self.device(slot).entry.clone();
        concern.note_fleet(self, &entry);
        self.discharge(slot, &entry);
        self.use_links(slot, -1);
        self.count_services(slot, false);
        self.raze_surfaces(slot);
        self.strike(slot);
        let device = self.device(slot);
        concern.note_peers(device);
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
