//! Engine B: coupled possible worlds, kept so that an event replays only the worlds it can change.

use crate::campaign::{Capabilities, Field, Reached};
use crate::coin;
use crate::flat::{FlatPair, STALE};
use crate::graph::{Graph, NONE};

mod election;
use election::elections;

/// A device in a world, kept at the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Visit {
    pub world: u32,
    pub hop: u8,
    pub acts: bool,
}

/// Units of one attempt in the sums: integers, so that taking out and putting back gives the same bits.
pub(crate) const UNIT: f64 = 68_719_476_736.0;
/// Units of one lateral device.
pub(crate) const LATERAL: f64 = 4_096.0;

/// All worlds of a site.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Worlds {
    pub count: u32,
    pub capable: Capabilities,
    /// By world: the elected entry and its score (least wins).
    footholds: Vec<(u32, f64)>,
    /// By world: who was reached, in breadth-first order.
    pub reached: Vec<Vec<Reached>>,
    /// By device slot: its worlds, ascending.
    pub visits: Vec<Vec<Visit>>,
    /// By pair slot: expected attempts over conversations in worlds that are capable, less the unobserved ones that come too late;
    /// even and odd worlds.
    pub attempts: Vec<[i64; 2]>,
    /// By segment and weakness: using devices in capable worlds, even and odd.
    pub crowd: Vec<[i64; 2]>,
    /// By segment: using devices in all worlds.
    pub crowd_all: Vec<[i64; 2]>,
    /// By weakness: using devices anywhere in capable worlds.
    pub spread: Vec<[i64; 2]>,
    weaknesses: usize,
    seen: Vec<u32>,
}

/// Per world and segment: using devices by hop, in [`LATERAL`] units.
type Crowds = Vec<(u32, Vec<i64>)>;

impl Worlds {
    /// Plays all worlds.
    pub(crate) fn play(
        graph: &Graph,
        flat: &crate::flat::Flat,
        outward: &crate::campaign::Outward,
    ) -> Self {
        let count = graph.policy.worlds.count;
        let capable = Capabilities::of(graph, count);
        let mut worlds = Self {
            count,
            footholds: elections(graph, count),
            reached: vec![Vec::new(); count as usize],
            weaknesses: graph.weaknesses.len(),
            ..Self::default()
        };
        worlds.capable = capable;
        worlds.fit(graph);
        let capable = std::mem::take(&mut worlds.capable);
        let field = Field::of(graph, flat, outward, &capable);
        for world in 0..count {
            worlds.replay(&field, world);
            worlds.tally(&field, world, 1);
        }
        worlds.capable = capable;
        worlds
    }

    /// Grows the tables to the graph's slots.
    pub(crate) fn fit(&mut self, graph: &Graph) {
        self.visits
            .resize(graph.devices.len().max(self.visits.len()), Vec::new());
        self.seen
            .resize(graph.devices.len().max(self.seen.len()), 0);
        self.attempts
            .resize(graph.pairs.len().max(self.attempts.len()), [0; 2]);
        self.crowd.resize(
            (graph.segments.len() * self.weaknesses).max(self.crowd.len()),
            [0; 2],
        );
        self.crowd_all.resize(graph.segments.len(), [0; 2]);
        self.spread.resize(self.weaknesses, [0; 2]);
    }

    /// Plays one world and keeps its visits.
    pub(crate) fn replay(&mut self, field: &Field<'_>, world: u32) {
        let (winner, _) = self.footholds[world as usize];
        let begins = winner != NONE && {
            let device = field.graph.device(winner);
            coin::falls(
                coin::join(device.key, coin::kind::ENTRY << 8),
                coin::world(world),
                coin::bound(device.way_open),
            )
        };
        // A replayed world must not see the stamps of its last play.
        for reached in &self.reached[world as usize] {
            self.seen[reached.device as usize] = 0;
            let visits = &mut self.visits[reached.device as usize];
            if let Ok(at) = visits.binary_search_by_key(&world, |visit| visit.world) {
                visits.remove(at);
            }
        }
        let reached = field.play(world, if begins { winner } else { NONE }, &mut self.seen);
        for one in &reached {
            let visit = Visit {
                world,
                hop: one.hop,
                acts: one.acts,
            };
            let visits = &mut self.visits[one.device as usize];
            if visits.last().is_none_or(|last| last.world < world) {
                visits.push(visit);
            } else if let Err(at) = visits.binary_search(&visit) {
                visits.insert(at, visit);
            }
        }
        self.reached[world as usize] = reached;
    }

    fn visit(&self, device: u32, world: u32) -> Option<Visit> {
        let visits = &self.visits[device as usize];
        visits
            .binary_search_by_key(&world, |visit| visit.world)
            .ok()
            .map(|at| visits[at])
    }

    /// Using devices of a world by segment and hop.
    fn crowds(&self, field: &Field<'_>, world: u32) -> Crowds {
        let mut crowds: Crowds = Vec::new();
        for one in &self.reached[world as usize] {
            if !one.acts || one.hop >= field.hops {
                continue;
            }
            let segment = field.graph.device(one.device).segment;
            let weight = (field.flat.lateral[one.device as usize] * LATERAL) as i64;
            let at = match crowds.iter().position(|(own, _)| *own == segment) {
                Some(at) => at,
                None => {
                    crowds.push((segment, vec![0; usize::from(field.hops) + 1]));
                    crowds.len() - 1
                }
            };
            crowds[at].1[usize::from(one.hop)] += weight;
        }
        crowds
    }

    /// Adds (+1) or takes out (-1) what one world says about attempts. Taking out needs the field it was added with.
    pub(crate) fn tally(&mut self, field: &Field<'_>, world: u32, sign: i64) {
        let parity = (world % 2) as usize;
        let crowds = self.crowds(field, world);
        let mut everywhere = 0;
        for (segment, hops) in &crowds {
            let total: i64 = hops.iter().sum();
            for weakness in &field.capable.of_world[world as usize] {
                let at = *segment as usize * self.weaknesses + *weakness as usize;
                self.crowd[at][parity] += sign * total;
            }
            self.crowd_all[*segment as usize][parity] += sign * total;
            everywhere += total;
        }
        for weakness in &field.capable.of_world[world as usize] {
            self.spread[*weakness as usize][parity] += sign * everywhere;
        }
        let reached = std::mem::take(&mut self.reached[world as usize]);
        for from in &reached {
            if from.acts && from.hop < field.hops {
                self.tally_edges(field, world, from, sign, parity);
            }
            self.tally_late(field, world, from, &crowds, sign, parity);
        }
        self.reached[world as usize] = reached;
    }

    fn tally_edges(
        &mut self,
        field: &Field<'_>,
        world: u32,
        from: &Reached,
        sign: i64,
        parity: usize,
    ) {
        for edge in field.outward.from(from.device) {
            let surface = &field.flat.surfaces[(edge & !STALE) as usize];
            let early = self
                .visit(surface.device, world)
                .is_none_or(|visit| from.hop < visit.hop);
            if !early {
                continue;
            }
            let units = sign * edge_units(field, from.device, *edge);
            for pair in &field.graph.surfaces[surface.slot as usize].pairs {
                let weakness = field.graph.pairs[*pair as usize].weakness;
                if field.capable.has(weakness, world) {
                    self.attempts[*pair as usize][parity] += units;
                }
            }
        }
    }

    /// Unobserved contact with a reached device by devices that were not there before it: not an attempt.
    fn tally_late(
        &mut self,
        field: &Field<'_>,
        world: u32,
        on: &Reached,
        crowds: &Crowds,
        sign: i64,
        parity: usize,
    ) {
        // The device may have left the graph since: then its sums are gone too.
        let Some(device) = &field.graph.devices[on.device as usize] else {
            return;
        };
        for surface in &device.surfaces {
            let place = field.place(*surface);
            let units = sign * late_units(field, place, on.hop, crowds);
            if units == 0 {
                continue;
            }
            for pair in &field.graph.surfaces[*surface as usize].pairs {
                let weakness = field.graph.pairs[*pair as usize].weakness;
                if field.capable.has(weakness, world) {
                    self.attempts[*pair as usize][parity] -= units;
                }
            }
        }
    }

    /// Sets the sum of one pair from scratch: equal to what all tallies add up to.
    pub(crate) fn pull(&mut self, field: &Field<'_>, pair: u32) {
        let mut sum = [0_i64; 2];
        let own = &field.graph.pairs[pair as usize];
        if let crate::graph::Place::Surface(slot) = own.place {
            let place = field.place(slot);
            let surface = &field.flat.surfaces[place as usize];
            for edge in &field.flat.edges[surface.edges.0 as usize..surface.edges.1 as usize] {
                let from = edge & !STALE;
                let units = edge_units(field, from, place | (edge & STALE));
                for visit in &self.visits[from as usize] {
                    if !visit.acts
                        || visit.hop >= field.hops
                        || !field.capable.has(own.weakness, visit.world)
                    {
                        continue;
                    }
                    let early = self
                        .visit(own.device, visit.world)
                        .is_none_or(|target| visit.hop < target.hop);
                    if early {
                        sum[(visit.world % 2) as usize] += units;
                    }
                }
            }
            for visit in &self.visits[own.device as usize] {
                if field.capable.has(own.weakness, visit.world) {
                    let crowds = self.crowds(field, visit.world);
                    sum[(visit.world % 2) as usize] -= late_units(field, place, visit.hop, &crowds);
                }
            }
        }
        self.attempts[pair as usize] = sum;
    }

    /// Using devices of a segment in worlds that are capable of a weakness, even and odd, in [`LATERAL`] units.
    pub(crate) fn crowd_of(&self, segment: u32, weakness: u32) -> [i64; 2] {
        self.crowd[segment as usize * self.weaknesses + weakness as usize]
    }
}

fn edge_units(field: &Field<'_>, from: u32, edge: u32) -> i64 {
    let surface = &field.flat.surfaces[(edge & !STALE) as usize];
    let probability = if surface.served {
        field.flat.serve
    } else if edge & STALE == 0 {
        field.flat.fresh[from as usize]
    } else {
        field.flat.stale[from as usize]
    };
    (probability * UNIT) as i64
}

fn late_units(field: &Field<'_>, place: u32, hop: u8, crowds: &Crowds) -> i64 {
    let surface = &field.flat.surfaces[place as usize];
    if !surface.scanned {
        return 0;
    }
    let segment = field.graph.device(surface.device).segment;
    let late: i64 = crowds
        .iter()
        .find(|(own, _)| *own == segment)
        .map_or(0, |(_, hops)| hops[usize::from(hop)..].iter().sum());
    contact_units(surface.unobserved * field.flat.scan[segment as usize]) * late
}

/// Units of a contact probability per [`LATERAL`] unit.
fn contact_units(probability: f64) -> i64 {
    (probability * (UNIT / LATERAL)) as i64
}

/// Expected attempts on a pair in its capable worlds by contact within the segment, in [`UNIT`]s, even and odd.
pub(crate) fn scan_units(worlds: &Worlds, field: &Field<'_>, pair: &FlatPair) -> [i64; 2] {
    let surface = &field.flat.surfaces[pair.place as usize];
    if !surface.scanned {
        return [0; 2];
    }
    let segment = field.segment(surface.device);
    let units = contact_units(surface.unobserved * field.flat.scan[segment as usize]);
    worlds
        .crowd_of(segment, pair.weakness)
        .map(|crowd| units * crowd)
}

/// By group: expected attempts on one of its surfaces over links in all worlds, even and odd. In key order of the links.
pub(crate) fn crossings(worlds: &Worlds, field: &Field<'_>) -> Vec<[f64; 2]> {
    field
        .flat
        .group_links
        .iter()
        .map(|(start, end)| {
            let mut sum = [0.0; 2];
            for link in &field.flat.links[*start as usize..*end as usize] {
                let crowd = worlds.crowd_all[link.from as usize];
                sum[0] += link.contact * crowd[0] as f64 / LATERAL;
                sum[1] += link.contact * crowd[1] as f64 / LATERAL;
            }
            sum
        })
        .collect()
}
