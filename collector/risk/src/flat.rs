//! The graph as plain arrays in key order: what both engines run on. Built anew after every change, in one linear pass.

use std::collections::BTreeSet;

use crate::coin;
use crate::document::EntryKind;
use crate::graph::{Age, Graph, Kind, NONE, Place, ring_size};
use crate::surface::switched_off;

mod spread;

/// Marks an edge of a stale conversation.
pub(crate) const STALE: u32 = 1 << 31;

/// A surface in key order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FlatSurface {
    pub slot: u32,
    pub device: u32,
    /// Edges: range of [`Flat::edges`].
    pub edges: (u32, u32),
    /// Groups: range of [`Flat::groups`].
    pub groups: (u32, u32),
    pub x: f64,
    pub unobserved: f64,
    /// Attempts from anywhere in the site may find it.
    pub routed: bool,
    /// A scan of the segment finds it.
    pub scanned: bool,
    /// Reached by what servers send: edges lead from servers.
    pub served: bool,
}

/// Where a pair of [`Flat::pairs`] is attacked when not on a surface: by somebody on the device, or by hand.
pub(crate) const LOCAL: u32 = u32::MAX;
pub(crate) const PHYSICAL: u32 = u32::MAX - 1;

/// What the score of a pair needs, in key order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FlatPair {
    pub slot: u32,
    pub weakness: u32,
    /// Place in [`Flat::surfaces`], [`LOCAL`] or [`PHYSICAL`].
    pub place: u32,
    pub s: f64,
    /// impact x consequence.
    pub weight: f64,
    /// Neither switched off nor closed.
    pub open: bool,
}

/// A device in key order with its surfaces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FlatDevice {
    pub slot: u32,
    pub segment: u32,
    pub surfaces: (u32, u32),
    /// Range of [`Flat::pairs`].
    pub pairs: (u32, u32),
}

/// A link that leads into a group.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FlatLink {
    pub from: u32,
    /// Probability that one using device attempts one given surface of the group over this link.
    pub contact: f64,
}

/// The arrays; those by device or segment or group are indexed by slot.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Flat {
    pub slots: usize,
    pub devices: Vec<FlatDevice>,
    pub surfaces: Vec<FlatSurface>,
    pub edges: Vec<u32>,
    pub groups: Vec<u32>,
    pub pairs: Vec<FlatPair>,
    /// By surface slot: its place in `surfaces`.
    pub place: Vec<u32>,
    /// By device: its place in `devices`.
    at: Vec<u32>,
    /// By device: power of two of its conversations.
    fan: Vec<u8>,
    /// By device: its kind and weight as an entry, and what controls leave open.
    way: Vec<Option<(EntryKind, f64, f64)>>,
    pub links: Vec<FlatLink>,
    /// By group: range of `links`.
    pub group_links: Vec<(u32, u32)>,
    /// By segment: its links as group and place in `links`, in key order.
    pub leaving: Vec<Vec<(u32, u32)>>,
    /// By device: probability that a used device attempts one of its conversations, fresh and stale.
    pub fresh: Vec<f64>,
    pub stale: Vec<f64>,
    /// Probability that served content is taken.
    pub serve: f64,
    /// By segment: probability that one using device attempts one given surface of its segment.
    pub scan: Vec<f64>,
    pub lateral: Vec<f64>,
    /// By segment: power of two of its ring.
    pub power: Vec<u8>,
    /// By power: probability that one using device attempts one given surface of a segment with such a ring, from anywhere.
    pub site: Vec<f64>,
    /// Segments with members, by key.
    pub segments: Vec<(u64, u32)>,
    /// By device: probability that a campaign begins with a foothold there.
    pub entry: Vec<f64>,
    /// By device: probability that a campaign begins by attacking its network surfaces from outside.
    pub door: Vec<f64>,
    pub stake: Vec<f64>,
}

impl Flat {
    /// All arrays of a graph.
    pub(crate) fn of(graph: &Graph) -> Self {
        Self::derive(graph, &|_| None)
    }

    /// The arrays after a change: equal to [`Flat::of`], but what belongs to devices outside `touched` is copied.
    pub(crate) fn renewed(&self, graph: &Graph, touched: &BTreeSet<u32>) -> Self {
        let mut stands: Vec<bool> = self.at.iter().map(|at| *at != NONE).collect();
        for slot in touched {
            if let Some(stands) = stands.get_mut(*slot as usize) {
                *stands = false;
            }
        }
        Self::derive(graph, &|slot| {
            stands.get(slot as usize).copied()?.then_some(self)
        })
    }

    fn derive<'a>(graph: &Graph, kept: &dyn Fn(u32) -> Option<&'a Self>) -> Self {
        let slots = graph.devices.len();
        let mut flat = Self {
            slots,
            stake: vec![0.0; slots],
            lateral: vec![1.0; slots],
            entry: vec![0.0; slots],
            door: vec![0.0; slots],
            at: vec![NONE; slots],
            fan: vec![0; slots],
            way: vec![None; slots],
            place: vec![NONE; graph.surfaces.len()],
            devices: Vec::with_capacity(graph.order.len()),
            surfaces: Vec::with_capacity(graph.surfaces.len()),
            pairs: Vec::with_capacity(graph.pairs.len()),
            ..Self::default()
        };
        for slot in &graph.order {
            flat.at[*slot as usize] = flat.devices.len() as u32;
            match kept(*slot) {
                Some(old) => flat.copy_device(old, *slot),
                None => flat.add_device(graph, *slot),
            }
        }
        for (number, surface) in flat.surfaces.iter().enumerate() {
            flat.place[surface.slot as usize] = number as u32;
        }
        flat.enter(graph);
        flat.spread(graph);
        flat
    }

    /// Divides the campaigns among the entries by weight.
    fn enter(&mut self, graph: &Graph) {
        let weight: f64 = graph
            .order
            .iter()
            .filter_map(|slot| self.way[*slot as usize])
            .map(|(_, own, _)| own)
            .sum();
        if weight <= 0.0 {
            return;
        }
        for slot in &graph.order {
            let slot = *slot as usize;
            if let Some((kind, own, open)) = self.way[slot] {
                let begins = own / weight * open;
                if needs_exploit(kind) {
                    self.door[slot] = begins;
                } else {
                    self.entry[slot] = begins;
                }
            }
        }
    }

    /// Segment of an active device.
    pub(crate) fn segment(&self, slot: u32) -> u32 {
        self.devices[self.at[slot as usize] as usize].segment
    }

    /// Places of a device's surfaces; none for one that is not active.
    pub(crate) fn surfaces_of(&self, slot: u32) -> std::ops::Range<u32> {
        match self.at[slot as usize] {
            NONE => 0..0,
            at => {
                let (first, last) = self.devices[at as usize].surfaces;
                first..last
            }
        }
    }

    /// Copies what belongs to an untouched device.
    fn copy_device(&mut self, old: &Self, slot: u32) {
        let number = slot as usize;
        self.stake[number] = old.stake[number];
        self.lateral[number] = old.lateral[number];
        self.fan[number] = old.fan[number];
        self.way[number] = old.way[number];
        let device = old.devices[old.at[number] as usize];
        let first = self.surfaces.len() as u32;
        let surfaces = &old.surfaces[device.surfaces.0 as usize..device.surfaces.1 as usize];
        for surface in surfaces {
            let start = (self.edges.len() as u32, self.groups.len() as u32);
            let edges = surface.edges.0 as usize..surface.edges.1 as usize;
            let groups = surface.groups.0 as usize..surface.groups.1 as usize;
            self.edges.extend_from_slice(&old.edges[edges]);
            self.groups.extend_from_slice(&old.groups[groups]);
            self.surfaces.push(FlatSurface {
                edges: (start.0, self.edges.len() as u32),
                groups: (start.1, self.groups.len() as u32),
                ..*surface
            });
        }
        let pairs = (self.pairs.len() as u32, device.pairs.1 - device.pairs.0);
        for pair in &old.pairs[device.pairs.0 as usize..device.pairs.1 as usize] {
            let mut pair = *pair;
            if pair.place < PHYSICAL {
                pair.place = pair.place - device.surfaces.0 + first;
            }
            self.pairs.push(pair);
        }
        self.devices.push(FlatDevice {
            surfaces: (first, self.surfaces.len() as u32),
            pairs: (pairs.0, pairs.0 + pairs.1),
            ..device
        });
    }

    fn add_pairs(&mut self, graph: &Graph, slot: u32, first: u32) -> (u32, u32) {
        let device = graph.device(slot);
        let start = self.pairs.len() as u32;
        let mut place = first;
        for number in graph.pairs_of(device) {
            let pair = &graph.pairs[number as usize];
            let place = match pair.place {
                Place::Surface(surface) => {
                    while self.surfaces[place as usize].slot != surface {
                        place += 1;
                    }
                    place
                }
                Place::Local => LOCAL,
                Place::Physical => PHYSICAL,
            };
            self.pairs.push(FlatPair {
                slot: number,
                weakness: pair.weakness,
                place,
                s: pair.s,
                weight: device.impact.total * pair.consequence,
                open: pair.s > 0.0 && !switched_off(pair.matched),
            });
        }
        (start, self.pairs.len() as u32)
    }

    fn add_device(&mut self, graph: &Graph, slot: u32) {
        let device = graph.device(slot);
        self.stake[slot as usize] = device.stake;
        self.lateral[slot as usize] = device.lateral;
        self.fan[slot as usize] = ring_size(graph.fan_out(device)).trailing_zeros() as u8;
        self.way[slot as usize] = device
            .way_in
            .map(|(kind, own)| (kind, own, device.way_open));
        let first = self.surfaces.len() as u32;
        for number in &device.surfaces {
            let surface = &graph.surfaces[*number as usize];
            let start = self.edges.len() as u32;
            self.add_edges(graph, slot, surface.kind);
            let edges = (start, self.edges.len() as u32);
            let start = self.groups.len() as u32;
            self.groups.extend(&surface.groups);
            self.surfaces.push(FlatSurface {
                slot: *number,
                device: slot,
                edges,
                groups: (start, self.groups.len() as u32),
                x: surface.x,
                unobserved: surface.unobserved,
                routed: matches!(surface.kind, Kind::Service(_) | Kind::Any),
                scanned: surface.kind != Kind::Client,
                served: surface.kind == Kind::Client,
            });
        }
        let pairs = self.add_pairs(graph, slot, first);
        self.devices.push(FlatDevice {
            slot,
            segment: device.segment,
            surfaces: (first, self.surfaces.len() as u32),
            pairs,
        });
    }

    fn add_edges(&mut self, graph: &Graph, slot: u32, kind: Kind) {
        let device = graph.device(slot);
        let (talks, near, service) = match kind {
            Kind::Client => (&device.out, false, None),
            Kind::Any => (&device.served, false, None),
            Kind::Service(own) => (&device.served, false, Some(own)),
            Kind::Adjacent => (&device.served, true, None),
            Kind::AdjacentService(own) => (&device.served, true, Some(own)),
        };
        for talk in talks {
            if service.is_some_and(|service| service != talk.service) {
                continue;
            }
            let peer = graph.device(talk.peer);
            if !peer.active || (near && peer.segment != device.segment) {
                continue;
            }
            match graph.age(talk.days_since) {
                Age::Fresh => self.edges.push(talk.peer),
                Age::Stale => self.edges.push(talk.peer | STALE),
                Age::Forgotten => {}
            }
        }
    }
}

/// Whether an entry of this kind only lets an attacker at the device's services: exposed to the internet or to radio, it is attacked,
/// not held.
pub(crate) const fn needs_exploit(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Internet | EntryKind::Wireless)
}

/// Key of the coin "this device uses this conversation against this surface".
pub(crate) fn edge_key(from: u64, surface: u64) -> u64 {
    coin::join(from, surface)
}
