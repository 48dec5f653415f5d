//! What one layer sees of the layer before, as sums; and a device's probability from it.

use super::grid::{Grid, chance, units};
use crate::flat::{Flat, FlatDevice, FlatLink, FlatSurface, STALE};
use crate::graph::{Graph, NONE};

/// Sums over one layer's devices, in the grid's units.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Hubs {
    /// By surface place: attempts over conversations.
    pub talk: Vec<i64>,
    /// By device: its own part of its segment's and of the site's sum.
    pub own_scan: Vec<i64>,
    pub own_far: Vec<i64>,
    /// By segment: attempts within it, attackers over links, and its part of the site's sum.
    pub scan: Vec<i64>,
    pub quiet: Vec<i64>,
    pub far_part: Vec<i64>,
    /// By segment: the chance that anybody there attacks over links.
    pub noise: Vec<f64>,
    /// By group: attempts on one of its surfaces over links, and the chance of any.
    pub cross: Vec<i64>,
    pub group: Vec<f64>,
    /// Attempts from anywhere on a surface of the smallest segments.
    pub far: i64,
}

/// A device's attempts on one surface of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Out {
    pub fresh: i64,
    pub stale: i64,
    pub serve: i64,
    pub scan: i64,
    pub quiet: i64,
    pub far: i64,
}

impl Out {
    /// Of a device that is taken with probability `reached`.
    pub(super) fn of(flat: &Flat, act: f64, slot: u32, reached: f64) -> Self {
        let used = act * reached;
        let segment = flat.devices[slot as usize].segment;
        if used == 0.0 || segment == NONE {
            return Self::default();
        }
        let slot = slot as usize;
        let out = flat.lateral[slot] * used;
        Self {
            fresh: units(flat.fresh[slot] * used),
            stale: units(flat.stale[slot] * used),
            serve: units(flat.serve * used),
            scan: units(flat.scan[segment as usize] * out),
            quiet: units(out),
            far: units(flat.far * out),
        }
    }

    /// Its part of a surface's sum over one edge.
    pub(super) fn over(&self, edge: u32, served: bool) -> i64 {
        if served {
            self.serve
        } else if edge & STALE == 0 {
            self.fresh
        } else {
            self.stale
        }
    }
}

impl Hubs {
    /// All sums over a layer.
    pub(super) fn of(graph: &Graph, flat: &Flat, grid: Grid, reached: &[f64]) -> Self {
        let act = graph.policy.propagation.act;
        let mut hubs = Self::default();
        hubs.fit(graph, flat);
        let mut outs = vec![[0_i64; 3]; flat.slots];
        for device in flat.devices.iter().filter(|device| device.segment != NONE) {
            let slot = device.slot as usize;
            if reached[slot] == 0.0 {
                continue;
            }
            let out = Out::of(flat, act, device.slot, reached[slot]);
            outs[slot] = [out.fresh, out.stale, out.serve];
            hubs.add_own(device, &out);
        }
        for slot in &graph.order {
            for place in flat.surfaces_of(*slot) {
                let surface = &flat.surfaces[place as usize];
                let edges = &flat.edges[surface.edges.0 as usize..surface.edges.1 as usize];
                let mut sum = 0;
                for edge in edges {
                    let kind = if surface.served {
                        2
                    } else {
                        (edge >> 31) as usize
                    };
                    sum += outs[(edge & !STALE) as usize][kind];
                }
                hubs.talk[place as usize] = sum;
            }
        }
        for segment in 0..hubs.quiet.len() {
            hubs.noise[segment] = grid.hub(chance(hubs.quiet[segment], 1.0));
        }
        hubs.far = hubs.far_part.iter().sum();
        for (group, links) in flat.links.iter().enumerate() {
            hubs.cross[group] = hubs.gather(links);
            hubs.group[group] = grid.hub(chance(hubs.cross[group], 1.0));
        }
        hubs
    }

    /// Grows the tables to the graph's.
    pub(super) fn fit(&mut self, graph: &Graph, flat: &Flat) {
        self.talk.resize(flat.surfaces.len(), 0);
        self.own_scan.resize(flat.slots, 0);
        self.own_far.resize(flat.slots, 0);
        let segments = graph.segments.len();
        self.scan.resize(segments, 0);
        self.quiet.resize(segments, 0);
        self.far_part.resize(segments, 0);
        self.noise.resize(segments, 0.0);
        self.cross.resize(graph.groups.len(), 0);
        self.group.resize(graph.groups.len(), 0.0);
    }

    fn add_own(&mut self, device: &FlatDevice, out: &Out) {
        let (slot, segment) = (device.slot as usize, device.segment as usize);
        self.own_scan[slot] = out.scan;
        self.own_far[slot] = out.far;
        self.scan[segment] += out.scan;
        self.quiet[segment] += out.quiet;
        self.far_part[segment] += out.far;
    }

    /// A device's part before and after its probability changed.
    pub(super) fn exchange(&mut self, device: &FlatDevice, before: &Out, after: &Out) {
        let (slot, segment) = (device.slot as usize, device.segment as usize);
        self.own_scan[slot] = after.scan;
        self.own_far[slot] = after.far;
        self.scan[segment] += after.scan - before.scan;
        self.quiet[segment] += after.quiet - before.quiet;
        self.far_part[segment] += after.far - before.far;
    }

    /// A segment's sums from its members.
    pub(super) fn recount(&mut self, graph: &Graph, flat: &Flat, segment: u32, reached: &[f64]) {
        let act = graph.policy.propagation.act;
        let at = segment as usize;
        (self.scan[at], self.quiet[at], self.far_part[at]) = (0, 0, 0);
        for slot in &graph.segments[at].members {
            let out = Out::of(flat, act, *slot, reached[*slot as usize]);
            self.add_own(&flat.devices[*slot as usize], &out);
        }
    }

    /// A surface's sum over conversations from its edges.
    pub(super) fn listen(
        &self,
        graph: &Graph,
        flat: &Flat,
        surface: &FlatSurface,
        reached: &[f64],
    ) -> i64 {
        let act = graph.policy.propagation.act;
        flat.edges[surface.edges.0 as usize..surface.edges.1 as usize]
            .iter()
            .map(|edge| {
                let from = (edge & !STALE) as usize;
                let odds = if surface.served {
                    flat.serve
                } else if edge & STALE == 0 {
                    flat.fresh[from]
                } else {
                    flat.stale[from]
                };
                units(odds * (act * reached[from]))
            })
            .sum()
    }

    /// A group's sum over its links.
    pub(super) fn gather(&self, links: &[FlatLink]) -> i64 {
        let parts = links.iter();
        parts
            .map(|link| units(link.contact * self.noise[link.from as usize]))
            .sum()
    }

    /// The chance that others of the segment, and others anywhere, attempt one given surface of a device.
    pub(super) fn others(&self, flat: &Flat, grid: Grid, device: &FlatDevice) -> (f64, f64) {
        let (slot, segment) = (device.slot as usize, device.segment as usize);
        let near = grid.scan(self.scan[segment] - self.own_scan[slot]);
        let far = grid.far(self.far - self.own_far[slot]);
        (chance(near, 1.0), chance(far, flat.nearness(segment)))
    }

    /// The factors of 1 - a_p. `others` is what the segment and the site attempt.
    pub(super) fn misses(&self, flat: &Flat, place: usize, others: (f64, f64)) -> Misses {
        let surface = &flat.surfaces[place];
        let mut misses = Misses {
            talk: 1.0 - chance(self.talk[place], 1.0),
            scan: 1.0,
            cross: 1.0,
            site: 1.0,
            door: 1.0,
        };
        if surface.scanned {
            misses.scan = 1.0 - surface.unobserved * others.0;
        }
        for group in &flat.groups[surface.groups.0 as usize..surface.groups.1 as usize] {
            misses.cross *= 1.0 - surface.unobserved * self.group[*group as usize];
        }
        if surface.routed {
            misses.site = 1.0 - surface.unobserved * others.1;
            misses.door = 1.0 - flat.door[surface.device as usize];
        }
        misses
    }

    /// A device's probability in the next layer; what its surfaces meet goes to `attempted`.
    pub(super) fn next(
        &self,
        flat: &Flat,
        grid: Grid,
        device: &FlatDevice,
        attempted: &mut [f64],
    ) -> f64 {
        let mut stays = 1.0 - flat.entry[device.slot as usize];
        let range = device.surfaces.0 as usize..device.surfaces.1 as usize;
        if !range.is_empty() {
            let others = self.others(flat, grid, device);
            for place in range {
                let a = 1.0 - self.misses(flat, place, others).all();
                attempted[place] = a;
                stays *= 1.0 - a * flat.surfaces[place].x;
            }
        }
        grid.reach(1.0 - stays)
    }
}

/// The factors of 1 - a_p: what conversations, the segment, links, the rest of the site and the outside leave alone.
pub(super) struct Misses {
    pub talk: f64,
    pub scan: f64,
    pub cross: f64,
    pub site: f64,
    pub door: f64,
}

impl Misses {
    pub(super) fn unobserved(&self) -> f64 {
        self.scan * self.cross * self.site
    }

    pub(super) fn all(&self) -> f64 {
        self.talk * self.unobserved() * self.door
    }
}
