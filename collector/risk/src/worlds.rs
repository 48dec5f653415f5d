//! Engine B: coupled possible worlds, kept so that an event replays only the worlds it can change.

use std::collections::BTreeMap;

use crate::campaign::{Capabilities, Field, Reached};
use crate::coin;
use crate::flat::{FlatPair, STALE};
use crate::graph::{Graph, NONE};

mod election;
mod exchange;
use election::elections;
pub(crate) use exchange::Turns;

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
    /// Scratch by device slot: how it stood and stands in the world that is played again; 0 between.
    stands: Vec<[exchange::Stand; 2]>,
}

/// Per world and segment: using devices by hop, in [`LATERAL`] units.
pub(crate) type Crowds = Vec<(u32, Vec<i64>)>;

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
            footholds: elections(graph, &flat.runners, count),
            reached: vec![Vec::new(); count as usize],
            weaknesses: graph.weaknesses.len(),
            ..Self::default()
        };
        worlds.capable = capable;
        worlds.fit(graph);
        let capable = std::mem::take(&mut worlds.capable);
        let field = Field::of(graph, flat, outward, &capable);
        for world in 0..count {
            worlds.first_play(&field, world);
            worlds.tally(&field, world);
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
        self.stands
            .resize(graph.devices.len().max(self.stands.len()), [0; 2]);
        self.attempts
            .resize(graph.pairs.len().max(self.attempts.len()), [0; 2]);
        self.crowd.resize(
            (graph.segments.len() * self.weaknesses).max(self.crowd.len()),
            [0; 2],
        );
        self.crowd_all.resize(graph.segments.len(), [0; 2]);
        self.spread.resize(self.weaknesses, [0; 2]);
    }

    /// The device that a world begins with; [`NONE`] where controls close its way in.
    fn foothold(&self, field: &Field<'_>, world: u32) -> u32 {
        let (winner, _) = self.footholds[world as usize];
        let begins = winner != NONE && {
            let device = field.graph.device(winner);
            coin::falls(
                coin::join(device.key, coin::kind::ENTRY << 8),
                coin::world(world),
                coin::bound(device.way_open),
            )
        };
        if begins { winner } else { NONE }
    }

    /// Plays one world for the first time and keeps its visits. Worlds come in ascending order.
    fn first_play(&mut self, field: &Field<'_>, world: u32) {
        let foothold = self.foothold(field, world);
        let reached = field.play(world, foothold, &mut self.seen);
        for one in &reached {
            self.visits[one.device as usize].push(Visit {
                world,
                hop: one.hop,
                acts: one.acts,
            });
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
    pub(crate) fn crowds(&self, field: &Field<'_>, world: u32) -> Crowds {
        crowds_of(field, &self.reached[world as usize])
    }

    /// Adds what one world says about attempts.
    fn tally(&mut self, field: &Field<'_>, world: u32) {
        let parity = (world % 2) as usize;
        let crowds = self.crowds(field, world);
        let mut everywhere = 0;
        for (segment, hops) in &crowds {
            let total: i64 = hops.iter().sum();
            for weakness in &field.capable.of_world[world as usize] {
                let at = *segment as usize * self.weaknesses + *weakness as usize;
                self.crowd[at][parity] += total;
            }
            self.crowd_all[*segment as usize][parity] += total;
            everywhere += total;
        }
        for weakness in &field.capable.of_world[world as usize] {
            self.spread[*weakness as usize][parity] += everywhere;
        }
        let reached = std::mem::take(&mut self.reached[world as usize]);
        for from in &reached {
            if from.acts && from.hop < field.hops {
                self.tally_edges(field, world, from, parity);
            }
            self.tally_late(field, world, from, &crowds, parity);
        }
        self.reached[world as usize] = reached;
    }

    fn tally_edges(&mut self, field: &Field<'_>, world: u32, from: &Reached, parity: usize) {
        for edge in field.outward.from(from.device) {
            let surface = &field.flat.surfaces[(edge & !STALE) as usize];
            let early = self
                .visit(surface.device, world)
                .is_none_or(|visit| from.hop < visit.hop);
            if !early {
                continue;
            }
            let units = edge_units(field, from.device, *edge);
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
        parity: usize,
    ) {
        let device = field.graph.device(on.device);
        for surface in &device.surfaces {
            let place = field.place(*surface);
            let units = late_units(field, place, on.hop, crowds);
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

    /// Sets the sum of one pair from scratch: equal to what all tallies add up to. True when it was another one.
    /// `crowds`: those of the worlds that were asked for before.
    pub(crate) fn pull(
        &mut self,
        field: &Field<'_>,
        pair: u32,
        crowds: &mut BTreeMap<u32, Crowds>,
    ) -> bool {
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
            let visits = self.visits[own.device as usize].iter();
            for visit in visits.filter(|_| surface.scanned) {
                if field.capable.has(own.weakness, visit.world) {
                    let crowds = crowds
                        .entry(visit.world)
                        .or_insert_with(|| self.crowds(field, visit.world));
                    sum[(visit.world % 2) as usize] -= late_units(field, place, visit.hop, crowds);
                }
            }
        }
        std::mem::replace(&mut self.attempts[pair as usize], sum) != sum
    }

    /// Using devices of a segment in worlds that are capable of a weakness, even and odd, in [`LATERAL`] units.
    pub(crate) fn crowd_of(&self, segment: u32, weakness: u32) -> [i64; 2] {
        self.crowd[segment as usize * self.weaknesses + weakness as usize]
    }
}

/// Using devices of a world by segment and hop.
fn crowds_of(field: &Field<'_>, reached: &[Reached]) -> Crowds {
    let mut crowds: Crowds = Vec::new();
    for one in reached {
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
        .links
        .iter()
        .map(|links| {
            let mut sum = [0.0; 2];
            for link in links {
                let crowd = worlds.crowd_all[link.from as usize];
                sum[0] += link.contact * crowd[0] as f64 / LATERAL;
                sum[1] += link.contact * crowd[1] as f64 / LATERAL;
            }
            sum
        })
        .collect()
}
