//! One world of engine B: a campaign spreads breadth-first over the coins that fall in it, for at most L hops.
//!
//! Every world is the least fixpoint of a monotone system of coins, so cycles add nothing and a shared capability is shared.

use crate::coin;
use crate::flat::{Flat, STALE, edge_key, needs_exploit};
use crate::graph::{Graph, NONE, ring_size};

mod capability;
mod target;
pub(crate) use capability::Capabilities;
pub(crate) use target::Target;

/// Edges by their source: the flat graph read the other way.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outward {
    /// By device: places in [`Flat::surfaces`], with [`STALE`], in key order of the targets.
    edges: Vec<Vec<u32>>,
}

impl Outward {
    /// The edges of a flat graph by source, in key order of the targets. Surfaces without pairs are left out.
    pub(crate) fn of(graph: &Graph, flat: &Flat) -> Self {
        let mut outward = Self::default();
        let mut count = vec![0_usize; flat.slots];
        let every = |each: &mut dyn FnMut(u32, u32)| {
            for place in graph.order.iter().flat_map(|slot| flat.surfaces_of(*slot)) {
                let surface = &flat.surfaces[place as usize];
                for edge in &flat.edges[surface.edges.0 as usize..surface.edges.1 as usize] {
                    each(edge & !STALE, place | (edge & STALE));
                }
            }
        };
        every(&mut |from, _| count[from as usize] += 1);
        outward.edges = count.into_iter().map(Vec::with_capacity).collect();
        every(&mut |from, edge| outward.edges[from as usize].push(edge));
        outward
    }

    pub(crate) fn from(&self, slot: u32) -> &[u32] {
        &self.edges[slot as usize]
    }

    pub(crate) fn fit(&mut self, slots: usize) {
        self.edges.resize(slots, Vec::new());
    }

    /// Takes out the edge from a source to a place.
    pub(crate) fn lose(&mut self, from: u32, place: u32) {
        let edges = &mut self.edges[from as usize];
        if let Some(at) = edges.iter().position(|edge| edge & !STALE == place) {
            edges.remove(at);
        }
    }

    /// Puts in an edge from a source. All other edges of the source lead to devices that are there.
    pub(crate) fn gain(&mut self, graph: &Graph, flat: &Flat, from: u32, edge: u32) {
        let rank = |edge: u32| {
            let place = edge & !STALE;
            (
                graph.device_rank(flat.surfaces[place as usize].device),
                place,
            )
        };
        let edges = &mut self.edges[from as usize];
        let at = edges.partition_point(|own| rank(*own) < rank(edge));
        edges.insert(at, edge);
    }
}

/// A device that a campaign has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    pub device: u32,
    pub hop: u8,
    /// It is used before it is contained.
    pub acts: bool,
    /// Where the attack came from, and over which pair; [`NONE`] for a
    /// foothold; only the parent is [`NONE`] for an exposed device that was taken from outside.
    pub parent: u32,
    pub pair: u32,
}

/// What is the same for all worlds: bounds of the coins.
#[derive(Debug, Clone)]
pub(crate) struct Field<'a> {
    pub graph: &'a Graph,
    pub flat: &'a Flat,
    pub outward: &'a Outward,
    pub capable: &'a Capabilities,
    pub hops: u8,
    act: u64,
    serve: u64,
    scans: Draws,
    crossings: Draws,
    roams: Draws,
}

/// A number of attempts that need not be whole: this many draws, each live with a probability.
#[derive(Debug, Clone, Copy)]
struct Draws {
    count: u32,
    live: u64,
}

/// Most draws of one device; more attempts than this saturate.
const MOST_DRAWS: f64 = 256.0;

impl Draws {
    fn of(attempts: f64) -> Self {
        let count = libm::ceil(attempts.min(MOST_DRAWS));
        Self {
            count: count as u32,
            live: coin::bound(if count > 0.0 { attempts / count } else { 0.0 }),
        }
    }
}

impl<'a> Field<'a> {
    pub(crate) fn of(
        graph: &'a Graph,
        flat: &'a Flat,
        outward: &'a Outward,
        capable: &'a Capabilities,
    ) -> Self {
        let p = &graph.policy.propagation;
        Self {
            graph,
            flat,
            outward,
            capable,
            hops: p.hops,
            act: coin::bound(p.act),
            serve: coin::bound(flat.serve),
            scans: Draws::of(graph.scale * p.segment_attempts),
            crossings: Draws::of(graph.scale * p.link_attempts),
            roams: Draws::of(graph.scale * p.site_attempts),
        }
    }

    pub(crate) fn acts(&self, device: u32, salt: u64) -> bool {
        let key = self.graph.device(device).key;
        coin::falls(coin::join(key, coin::kind::ACT), salt, self.act)
    }

    /// The first pair of a surface that works in a world.
    pub(crate) fn works(&self, surface: u32, world: u32, salt: u64) -> Option<u32> {
        let surface = &self.graph.surfaces[surface as usize];
        surface.pairs.iter().copied().find(|pair| {
            let pair = &self.graph.pairs[*pair as usize];
            pair.bound > 0
                && self.capable.has(pair.weakness, world)
                && coin::falls(pair.key, salt, pair.bound)
        })
    }

    /// Whether a device that acts uses an edge.
    pub(crate) fn uses(&self, from_key: u64, from: u32, edge: u32, salt: u64) -> bool {
        let surface = &self.flat.surfaces[(edge & !STALE) as usize];
        let bound = if surface.served {
            self.serve
        } else if edge & STALE == 0 {
            coin::bound(self.flat.fresh[from as usize])
        } else {
            coin::bound(self.flat.stale[from as usize])
        };
        let key = self.graph.surfaces[surface.slot as usize].key;
        coin::falls(edge_key(from_key, key), salt, bound)
    }

    /// Every surface slot that an acting device touches without an observed conversation.
    pub(crate) fn contacts(&self, from: u32, salt: u64, mut touch: impl FnMut(u32)) {
        self.scans(from, salt, &mut touch);
        self.crosses(from, salt, &mut touch);
        self.roams(from, salt, &mut touch);
    }

    /// Surfaces that an acting device's scan of its segment touches.
    fn scans(&self, from: u32, salt: u64, touch: &mut impl FnMut(u32)) {
        let device = self.graph.device(from);
        let lateral = device.lateral;
        let segment = &self.graph.segments[device.segment as usize];
        let size = ring_size(segment.members.len() as u32);
        for draw in 0..self.scans.count {
            let key = coin::join(device.key, coin::kind::SCAN + (u64::from(draw) << 8));
            if self.live(key, salt, self.scans.live, lateral) {
                let spot = coin::mix(key ^ salt.rotate_left(17));
                self.in_bucket(&segment.ring, size, spot, |surface| {
                    if self.lets_in(surface, device.key, salt) {
                        touch(surface);
                    }
                });
            }
        }
    }

    /// Surfaces that an acting device touches over its segment's links.
    fn crosses(&self, from: u32, salt: u64, touch: &mut impl FnMut(u32)) {
        let device = self.graph.device(from);
        let lateral = device.lateral;
        let segment = &self.graph.segments[device.segment as usize];
        if segment.links.is_empty() {
            return;
        }
        let size = ring_size(segment.links.len() as u32);
        for draw in 0..self.crossings.count {
            let key = coin::join(device.key, coin::kind::CROSS + (u64::from(draw) << 8));
            if !self.live(key, salt, self.crossings.live, lateral) {
                continue;
            }
            let spot = coin::mix(key ^ salt.rotate_left(17));
            self.in_bucket(&segment.links, size, spot, |link| {
                let link = &self.graph.links[link as usize];
                let open = coin::bound(link.belief(&self.graph.policy));
                if !coin::falls(link.key, salt, open) {
                    return;
                }
                let group = &self.graph.groups[link.group as usize];
                let spot = coin::mix(spot ^ link.key);
                self.in_bucket(&group.ring, ring_size(group.offers), spot, |surface| {
                    if self.lets_in(surface, device.key, salt) {
                        touch(surface);
                    }
                });
            });
        }
    }

    /// Surfaces that an acting device touches somewhere in the site, where nothing was seen.
    fn roams(&self, from: u32, salt: u64, touch: &mut impl FnMut(u32)) {
        let key = self.graph.device(from).key;
        self.roamed(from, salt, &mut |segment, spot| {
            self.roams_at(segment, spot, key, salt, touch);
        });
    }

    /// Surfaces of one tried segment that are touched.
    fn roams_at(
        &self,
        segment: u32,
        spot: u64,
        from_key: u64,
        salt: u64,
        touch: &mut impl FnMut(u32),
    ) {
        let ring = &self.graph.segments[segment as usize].ring;
        let size = 1 << self.flat.power[segment as usize];
        self.in_bucket(ring, size, spot, |surface| {
            let routed = self.flat.surfaces[self.place(surface) as usize].routed;
            if routed && self.lets_in(surface, from_key, salt) {
                touch(surface);
            }
        });
    }

    /// Segments that an acting device tries without evidence, and the spot in their ring.
    pub(crate) fn roamed(&self, from: u32, salt: u64, each: &mut impl FnMut(u32, u64)) {
        let device = self.graph.device(from);
        let size = ring_size(self.flat.segments.len() as u32);
        for draw in 0..self.roams.count {
            let key = coin::join(device.key, coin::kind::ROAM + (u64::from(draw) << 8));
            if self.live(key, salt, self.roams.live, device.lateral) {
                let spot = coin::mix(key ^ salt.rotate_left(17));
                self.in_bucket(&self.flat.segments, size, spot, |segment| {
                    let key = self.graph.segments[segment as usize].key;
                    each(segment, coin::mix(spot ^ key));
                });
            }
        }
    }

    fn live(&self, key: u64, salt: u64, bound: u64, lateral: f64) -> bool {
        coin::falls(key, salt, bound)
            && (lateral >= 1.0
                || coin::falls(coin::mix(key), salt.rotate_left(7), coin::bound(lateral)))
    }

    /// What lies in the part of the ring that `spot` falls in.
    fn in_bucket(&self, ring: &[(u64, u32)], size: u32, spot: u64, mut each: impl FnMut(u32)) {
        let shift = 64 - size.trailing_zeros();
        if shift == 64 {
            ring.iter().for_each(|(_, item)| each(*item));
            return;
        }
        let bucket = spot >> shift;
        let first = ring.partition_point(|(key, _)| key >> shift < bucket);
        ring[first..]
            .iter()
            .take_while(|(key, _)| key >> shift == bucket)
            .for_each(|(_, item)| each(*item));
    }

    fn lets_in(&self, surface: u32, from_key: u64, salt: u64) -> bool {
        let surface = &self.graph.surfaces[surface as usize];
        surface.unobserved >= 1.0
            || coin::falls(
                coin::mix(edge_key(from_key, surface.key)),
                salt.rotate_left(7),
                coin::bound(surface.unobserved),
            )
    }

    /// Segment of an active device, as laid out.
    pub(crate) fn segment(&self, device: u32) -> u32 {
        self.flat.segment(device)
    }

    pub(crate) fn place(&self, surface: u32) -> u32 {
        self.flat.place[surface as usize]
    }

    /// The first pair of an exposed device that works from outside in a world.
    fn forced(&self, device: u32, world: u32, salt: u64) -> Option<u32> {
        self.graph
            .device(device)
            .surfaces
            .iter()
            .filter(|surface| self.flat.surfaces[self.place(**surface) as usize].routed)
            .find_map(|surface| self.works(*surface, world, salt))
    }

    /// Plays one world from its foothold. `seen` is scratch, by device slot: the last world that saw it, plus one.
    pub(crate) fn play(&self, world: u32, foothold: u32, seen: &mut [u32]) -> Vec<Reached> {
        let mut reached = Vec::new();
        if foothold == NONE {
            return reached;
        }
        let salt = coin::world(world);
        let stamp = world + 1;
        let pair = match self.graph.device(foothold).way_in {
            Some((kind, _)) if needs_exploit(kind) => match self.forced(foothold, world, salt) {
                Some(pair) => pair,
                None => return reached,
            },
            _ => NONE,
        };
        seen[foothold as usize] = stamp;
        reached.push(Reached {
            device: foothold,
            hop: 0,
            acts: self.acts(foothold, salt),
            parent: NONE,
            pair,
        });
        let mut at = 0;
        while at < reached.len() {
            let from: Reached = reached[at];
            at += 1;
            if !from.acts || from.hop >= self.hops {
                continue;
            }
            let key = self.graph.device(from.device).key;
            let mut take = |surface: u32| {
                let device = self.graph.surfaces[surface as usize].device;
                if seen[device as usize] == stamp {
                    return;
                }
                if let Some(pair) = self.works(surface, world, salt) {
                    seen[device as usize] = stamp;
                    reached.push(Reached {
                        device,
                        hop: from.hop + 1,
                        acts: self.acts(device, salt),
                        parent: from.device,
                        pair,
                    });
                }
            };
            for edge in self.outward.from(from.device) {
                if self.uses(key, from.device, *edge, salt) {
                    take(self.flat.surfaces[(edge & !STALE) as usize].slot);
                }
            }
            self.contacts(from.device, salt, take);
        }
        reached
    }
}
