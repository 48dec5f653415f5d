//! Which worlds an event can change, before and after it is carried out.

use std::collections::{BTreeMap, BTreeSet};

use crate::campaign::{Field, Target};
use crate::coin;
use crate::document::DeviceEntry;
use crate::event::{Concern, Event};
use crate::flat::{STALE, Shift};
use crate::graph::Graph;
use crate::worlds::Worlds;

/// What a batch names, before or after it is carried out.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// Devices whose surfaces may be derived anew: the worlds that reach them are affected.
    pub(super) raised: BTreeSet<u32>,
    /// Devices that may be reached now: the worlds that touch them are affected.
    pub(super) arrived: BTreeSet<u32>,
    /// Conversations: the worlds that use them are affected.
    pub(super) edges: BTreeSet<(u32, u32)>,
}

/// Devices before and after each event of a batch that makes one come, change or go.
fn fleet_changes<'a>(
    graph: &'a Graph,
    events: &'a [Event],
) -> Vec<(Option<&'a DeviceEntry>, Option<&'a DeviceEntry>)> {
    let mut now: BTreeMap<&str, Option<&DeviceEntry>> = BTreeMap::new();
    let mut changes = Vec::new();
    for event in events {
        let (id, new) = match event {
            Event::Device(device) => (device.id.as_str(), Some(&**device)),
            Event::DeviceGone(id) => (id.as_str(), None),
            _ => continue,
        };
        let there = graph.device_by_id.get(id);
        let old = now
            .insert(id, new)
            .unwrap_or_else(|| there.map(|slot| &graph.device(*slot).entry));
        changes.push((old, new));
    }
    changes
}

impl Named {
    pub(super) fn of(graph: &Graph, events: &[Event]) -> Self {
        let mut named = Self::default();
        for event in events {
            named.add(graph, events.len(), event);
        }
        named
            .raised
            .extend(graph.foresee(&fleet_changes(graph, events)));
        // What touches them as they are reaches them: these worlds are in their visits.
        named
    }

    fn add(&mut self, graph: &Graph, batch: usize, event: &Event) {
        let slot = |id: &str| graph.device_by_id.get(id).copied();
        match event {
            Event::Device(device) => self.raised.extend(slot(&device.id)),
            Event::DeviceGone(id) => {
                let Some(gone) = slot(id) else { return };
                self.raised.insert(gone);
                for talk in &graph.device(gone).out {
                    self.add_server(graph, batch, talk.peer, Some(talk.service));
                }
            }
            Event::Conversation(talk) => {
                self.add_talk(graph, batch, &talk.client, &talk.server, &talk.service)
            }
            Event::ConversationGone {
                client,
                server,
                service,
            } => self.add_talk(graph, batch, client, server, service),
            Event::Control(control) | Event::ControlGone(control) => {
                let bears = |slot: &u32| control.bears_on(&graph.device(*slot).entry);
                match &control.device {
                    Some(device) => self.raised.extend(slot(device)),
                    None => {
                        let slots = graph.device_by_id.values().copied();
                        self.raised.extend(slots.filter(bears));
                    }
                }
            }
            Event::Link(_)
            | Event::LinkGone { .. }
            | Event::Weakness { .. }
            | Event::Decision(_)
            | Event::DecisionGone(_)
            | Event::Time(_) => {}
        }
    }

    fn add_talk(&mut self, graph: &Graph, batch: usize, client: &str, server: &str, service: &str) {
        let slot = |id: &str| graph.device_by_id.get(id).copied();
        let Some(server) = slot(server) else { return };
        self.add_server(
            graph,
            batch,
            server,
            graph.service_by_id.get(service).copied(),
        );
        if let Some(client) = slot(client) {
            self.edges.insert((client, server));
        }
    }

    /// A server's surfaces change when the batch may prove a service or take away its last proof.
    fn add_server(&mut self, graph: &Graph, batch: usize, server: u32, service: Option<u32>) {
        let proofs = service.map_or(0, |service| {
            graph
                .device(server)
                .served
                .iter()
                .filter(|talk| talk.service == service)
                .take(batch + 1)
                .count()
        });
        if proofs <= batch {
            self.raised.insert(server);
        }
    }

    pub(super) fn worlds(&self, worlds: &Worlds, field: &Field<'_>) -> BTreeSet<u32> {
        let mut affected = BTreeSet::new();
        for slot in &self.raised {
            affected.extend(
                worlds.visits[*slot as usize]
                    .iter()
                    .map(|visit| visit.world),
            );
        }
        for slot in &self.arrived {
            if field.graph.devices[*slot as usize].is_some() {
                worlds.touching(field, *slot, &mut affected);
            }
        }
        for (client, server) in &self.edges {
            worlds.using(field, *client, *server, &mut affected);
            worlds.using(field, *server, *client, &mut affected);
        }
        affected
    }
}

impl Worlds {
    /// Worlds in which `from` uses a live edge to a working surface of `to`.
    fn using(&self, field: &Field<'_>, from: u32, to: u32, affected: &mut BTreeSet<u32>) {
        if from as usize >= field.flat.slots || field.graph.devices[from as usize].is_none() {
            return;
        }
        let key = field.graph.device(from).key;
        for edge in field.outward.from(from) {
            let surface = &field.flat.surfaces[(edge & !STALE) as usize];
            if surface.device != to {
                continue;
            }
            for visit in &self.visits[from as usize] {
                let salt = coin::world(visit.world);
                if visit.acts
                    && visit.hop < field.hops
                    && field.uses(key, from, *edge, salt)
                    && field.works(surface.slot, visit.world, salt).is_some()
                {
                    affected.insert(visit.world);
                }
            }
        }
    }

    /// Worlds in which a reached device makes a live attempt on a working surface of `slot`.
    fn touching(&self, field: &Field<'_>, slot: u32, affected: &mut BTreeSet<u32>) {
        for surface in &field.graph.device(slot).surfaces {
            let place = field.place(*surface);
            let target = field.target(*surface);
            let graph = field.graph;
            let pairs = graph.surfaces[*surface as usize].pairs.iter();
            let weaknesses: Vec<u32> = pairs
                .map(|pair| graph.pairs[*pair as usize].weakness)
                .collect();
            self.using_place(field, place, affected);
            for world in field.capable.worlds_of(&weaknesses) {
                let salt = coin::world(world);
                if !affected.contains(&world)
                    && field.works(*surface, world, salt).is_some()
                    && self.found(field, world, salt, slot, &target)
                {
                    affected.insert(world);
                }
            }
        }
    }

    /// Worlds in which a reached device uses a conversation with a working surface at `place`.
    fn using_place(&self, field: &Field<'_>, place: u32, affected: &mut BTreeSet<u32>) {
        let surface = &field.flat.surfaces[place as usize];
        for edge in &field.flat.edges[surface.edges.0 as usize..surface.edges.1 as usize] {
            let from = edge & !STALE;
            let Some(device) = &field.graph.devices[from as usize] else {
                continue;
            };
            let edge = place | (edge & STALE);
            for visit in &self.visits[from as usize] {
                let salt = coin::world(visit.world);
                if visit.acts
                    && visit.hop < field.hops
                    && field.uses(device.key, from, edge, salt)
                    && field.works(surface.slot, visit.world, salt).is_some()
                {
                    affected.insert(visit.world);
                }
            }
        }
    }

    /// Whether a reached device finds a target on another device, `slot`, without a conversation.
    fn found(&self, field: &Field<'_>, world: u32, salt: u64, slot: u32, target: &Target) -> bool {
        self.reached[world as usize].iter().any(|from| {
            from.acts
                && from.hop < field.hops
                && from.device != slot
                && field.graph.devices[from.device as usize].is_some()
                && field.finds(from.device, salt, target)
        })
    }
}

/// Differences of the flat graph that no single device stands for: fan-outs, ring sizes, links.
impl Shift {
    /// Worlds that use any of them.
    pub(super) fn worlds(&self, worlds: &Worlds, field: &Field<'_>) -> BTreeSet<u32> {
        let graph = field.graph;
        if self.everywhere {
            return (0..worlds.count).collect();
        }
        let mut affected = BTreeSet::new();
        if !self.resized.is_empty() {
            affected.extend((0..worlds.count).filter(|world| self.roamed(worlds, field, *world)));
        }
        for slot in &self.sources {
            affected.extend(
                worlds.visits[*slot as usize]
                    .iter()
                    .filter(|visit| visit.acts)
                    .map(|visit| visit.world),
            );
        }
        if self.scans.is_empty() && self.scattered.is_empty() && self.links.is_empty() {
            return affected;
        }
        for world in 0..worlds.count {
            let salt = coin::world(world);
            let uses = worlds.reached[world as usize].iter().any(|one| {
                let Some(device) = &graph.devices[one.device as usize] else {
                    return false;
                };
                let segment = device.segment;
                one.acts
                    && one.hop < field.hops
                    && (self.scans.contains(&segment)
                        || self.scattered.contains(&segment)
                        || self
                            .links
                            .get(&segment)
                            .is_some_and(|keys| field.takes_link(one.device, salt, keys)))
            });
            if uses {
                affected.insert(world);
            }
        }
        affected
    }

    /// Whether somebody in a world tries a segment whose ring changed size.
    fn roamed(&self, worlds: &Worlds, field: &Field<'_>, world: u32) -> bool {
        let salt = coin::world(world);
        worlds.reached[world as usize].iter().any(|one| {
            let there = field.graph.devices[one.device as usize].is_some();
            let mut hit = false;
            if one.acts && one.hop < field.hops && there {
                field.roamed(one.device, salt, &mut |segment, _| {
                    hit |= self.resized.contains(&segment);
                });
            }
            hit
        })
    }

    /// Pairs whose sums must be set from scratch: their own edges or contact odds changed.
    pub(super) fn pairs(
        &self,
        graph: &Graph,
        field: &Field<'_>,
        concern: &Concern,
    ) -> BTreeSet<u32> {
        let mut pairs = BTreeSet::new();
        let whole = concern.raised.iter().chain(&concern.peers).chain(
            concern
                .edges
                .iter()
                .flat_map(|(client, server)| [client, server]),
        );
        for slot in whole {
            if let Some(device) = &graph.devices[*slot as usize] {
                pairs.extend(graph.pairs_of(device));
            }
        }
        for slot in &self.sources {
            for edge in field.outward.from(*slot) {
                let surface = field.flat.surfaces[(edge & !STALE) as usize].slot;
                pairs.extend(&graph.surfaces[surface as usize].pairs);
            }
        }
        let scanned = self
            .scans
            .iter()
            .flat_map(|segment| &graph.segments[*segment as usize].ring);
        for (_, surface) in scanned {
            pairs.extend(&graph.surfaces[*surface as usize].pairs);
        }
        pairs
    }
}
