//! The graph as plain arrays: what both engines run on. Built in one linear pass, then kept up device by device.

use crate::coin;
use crate::document::EntryKind;
use crate::graph::{Age, Graph, Kind, NONE, Place, ring_size};
use crate::surface::switched_off;

mod renew;
mod spread;
pub(crate) use renew::Shift;
use spread::Odds;

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

/// A device with its surfaces.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct FlatDevice {
    pub slot: u32,
    /// [`NONE`] for one that is not active.
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
///
/// A device's surfaces lie together, first in key order of the devices; what is laid out anew goes to the end, so nothing may depend on
/// places but that.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Flat {
    pub slots: usize,
    /// By device.
    pub devices: Vec<FlatDevice>,
    pub surfaces: Vec<FlatSurface>,
    pub edges: Vec<u32>,
    pub groups: Vec<u32>,
    pub pairs: Vec<FlatPair>,
    /// By surface slot: its place in `surfaces`.
    pub place: Vec<u32>,
    /// By device: power of two of its conversations.
    fan: Vec<u8>,
    /// By device: its kind and weight as an entry, and what controls leave open.
    way: Vec<Option<(EntryKind, f64, f64)>>,
    /// Devices with a way in, in key order.
    pub runners: Vec<u32>,
    odds: Odds,
    /// By group: the links that lead there, in key order.
    pub links: Vec<Vec<FlatLink>>,
    /// By link: the same contact, for those who come from the segment's side.
    pub contact: Vec<f64>,
    /// By segment: power of two of the links that start there.
    leaving: Vec<u8>,
    /// By group: power of two of the devices that offer it.
    offers: Vec<u8>,
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
    /// The same of the smallest ring that there is.
    pub far: f64,
    /// Segments with members, by key.
    pub segments: Vec<(u64, u32)>,
    /// By device: probability that a campaign begins with a foothold there.
    pub entry: Vec<f64>,
    /// By device: probability that a campaign begins by attacking its network surfaces from outside.
    pub door: Vec<f64>,
    pub stake: Vec<f64>,
    /// Array elements that nothing leads to any more.
    waste: usize,
}

impl Flat {
    /// All arrays of a graph.
    pub(crate) fn of(graph: &Graph) -> Self {
        let mut flat = Self::default();
        flat.fit(graph);
        for slot in &graph.order {
            flat.add_device(graph, *slot);
        }
        flat.runners = graph
            .order
            .iter()
            .copied()
            .filter(|slot| flat.way[*slot as usize].is_some())
            .collect();
        flat.enter(graph);
        flat.spread(graph);
        flat
    }

    /// Grows the arrays to the graph's slots.
    fn fit(&mut self, graph: &Graph) {
        let slots = graph.devices.len();
        let first = self.devices.len() as u32;
        self.devices
            .extend((first..slots as u32).map(|slot| FlatDevice {
                slot,
                segment: NONE,
                surfaces: (0, 0),
                pairs: (0, 0),
            }));
        self.slots = slots;
        self.stake.resize(slots, 0.0);
        self.lateral.resize(slots, 1.0);
        self.entry.resize(slots, 0.0);
        self.door.resize(slots, 0.0);
        self.fresh.resize(slots, 0.0);
        self.stale.resize(slots, 0.0);
        self.fan.resize(slots, 0);
        self.way.resize(slots, None);
        self.place.resize(graph.surfaces.len(), NONE);
        self.links.resize(graph.groups.len(), Vec::new());
        self.contact.resize(graph.links.len(), 0.0);
        self.leaving.resize(graph.segments.len(), 0);
        self.offers.resize(graph.groups.len(), 0);
    }

    /// Whether more than half of the arrays is waste: time to lay them out anew.
    pub(crate) fn worn(&self) -> bool {
        self.waste > (self.edges.len() + self.surfaces.len() + self.pairs.len()) / 2 + 1_024
    }

    /// Divides the campaigns among the entries by weight; gives the devices whose part is another one now.
    fn enter(&mut self, graph: &Graph) -> Vec<u32> {
        let sum: f64 = self
            .runners
            .iter()
            .filter_map(|slot| self.way[*slot as usize])
            .map(|(_, own, _)| own)
            .sum();
        // Many entries: one more must not change everybody's share. The sum of all shares then stays a little below 1.
        let weight = match graph.policy.grid.few_entries < self.runners.len() as u32 {
            true => crate::layers::up(sum, graph.policy.grid.entry_bits),
            false => sum,
        };
        let mut begun = Vec::new();
        for slot in &self.runners {
            let slot = *slot as usize;
            let Some((kind, own, open)) = self.way[slot] else {
                continue;
            };
            let begins = if weight > 0.0 {
                own / weight * open
            } else {
                0.0
            };
            let (entry, door) = if needs_exploit(kind) {
                (0.0, begins)
            } else {
                (begins, 0.0)
            };
            if (entry, door) != (self.entry[slot], self.door[slot]) {
                (self.entry[slot], self.door[slot]) = (entry, door);
                begun.push(slot as u32);
            }
        }
        begun
    }

    /// Segment of an active device.
    pub(crate) fn segment(&self, slot: u32) -> u32 {
        self.devices[slot as usize].segment
    }

    /// Places of a device's surfaces; none for one that is not active.
    pub(crate) fn surfaces_of(&self, slot: u32) -> std::ops::Range<u32> {
        let (first, last) = self.devices[slot as usize].surfaces;
        first..last
    }

    /// The same, to index with.
    pub(crate) fn places_of(&self, slot: u32) -> std::ops::Range<usize> {
        let (first, last) = self.devices[slot as usize].surfaces;
        first as usize..last as usize
    }

    /// Pairs of a device; none of one that is not active.
    pub(crate) fn pairs_of(&self, slot: u32) -> &[FlatPair] {
        let (first, last) = self.devices[slot as usize].pairs;
        &self.pairs[first as usize..last as usize]
    }

    /// The active devices, in key order.
    pub(crate) fn in_order<'a>(
        &'a self,
        graph: &'a Graph,
    ) -> impl Iterator<Item = &'a FlatDevice> + 'a {
        graph.order.iter().map(|slot| &self.devices[*slot as usize])
    }

    /// How the attempts from anywhere on a surface of a segment relate to those on one of the smallest ring.
    pub(crate) fn nearness(&self, segment: usize) -> f64 {
        if self.far > 0.0 {
            self.site[usize::from(self.power[segment])] / self.far
        } else {
            0.0
        }
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

    /// Lays an active device out at the end of the arrays.
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
            self.place[*number as usize] = self.surfaces.len() as u32;
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
        self.devices[slot as usize] = FlatDevice {
            slot,
            segment: device.segment,
            surfaces: (first, self.surfaces.len() as u32),
            pairs,
        };
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
