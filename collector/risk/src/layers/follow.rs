//! Engine A after a change: only what the change reaches, to the bits of a full pass.
//!
//! Sums lose a device's old part and take its new one; results that round to what they were end their branch.

use std::collections::{BTreeMap, BTreeSet};

use super::grid::{chance, units};
use super::hubs::{Hubs, Out};
use super::{Layers, begin};
use crate::flat::{Flat, STALE, Shift};
use crate::graph::{Graph, NONE};

/// What moved in the results that scores are made of.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Moves {
    /// Places in [`Flat::surfaces`] whose [`Layers::met`] moved.
    pub met: Vec<u32>,
    /// Devices whose r^L moved.
    pub reached: Vec<u32>,
}

/// One in so many devices moved: then a layer is computed anew as a whole.
const MANY: usize = 12;
/// One in so many devices is computed anew: then it pays to go through them in the order in which they lie.
const FEW: usize = 64;

/// A set of numbers below a bound.
struct Marks {
    marked: Vec<bool>,
    list: Vec<u32>,
}

impl Marks {
    fn new(bound: usize) -> Self {
        Self {
            marked: vec![false; bound],
            list: Vec::new(),
        }
    }

    fn add(&mut self, number: u32) {
        if !std::mem::replace(&mut self.marked[number as usize], true) {
            self.list.push(number);
        }
    }

    fn has(&self, number: u32) -> bool {
        self.marked[number as usize]
    }

    /// Brings a long list of devices into the order in which they lie in the arrays.
    fn line_up(&mut self, graph: &Graph, flat: &Flat) {
        if self.list.len() < graph.order.len() / FEW {
            return;
        }
        let marked = &self.marked;
        let there = graph.order.iter().filter(|slot| marked[**slot as usize]);
        let gone = |slot: &&u32| flat.devices[**slot as usize].segment == NONE;
        self.list = there
            .chain(self.list.iter().filter(gone))
            .copied()
            .collect();
    }

    fn clear(&mut self) {
        for number in self.list.drain(..) {
            self.marked[number as usize] = false;
        }
    }
}

/// A change as engine A sees it: the same for every layer.
struct Change<'a> {
    graph: &'a Graph,
    flat: &'a Flat,
    outward: &'a crate::campaign::Outward,
    shift: &'a Shift,
    act: f64,
    /// Places whose sums over conversations are taken anew.
    places: Marks,
    /// Segments whose sums are taken anew.
    segments: Marks,
    /// Devices that are computed anew in every layer.
    devices: Vec<u32>,
}

impl<'a> Change<'a> {
    fn of(
        graph: &'a Graph,
        flat: &'a Flat,
        outward: &'a crate::campaign::Outward,
        shift: &'a Shift,
    ) -> Self {
        let mut places = Marks::new(flat.surfaces.len());
        let mut segments = Marks::new(graph.segments.len());
        let mut devices: BTreeSet<u32> = shift.begun.iter().copied().collect();
        for slot in &shift.laid {
            flat.surfaces_of(*slot).for_each(|place| places.add(place));
            devices.insert(*slot);
        }
        for place in &shift.edged {
            places.add(*place);
        }
        for slot in shift.laid.iter().chain(&shift.sources) {
            for edge in outward.from(*slot) {
                places.add(edge & !STALE);
            }
        }
        devices.extend(
            places
                .list
                .iter()
                .map(|place| flat.surfaces[*place as usize].device),
        );
        for segment in &shift.segments {
            segments.add(*segment);
        }
        for segment in shift.scans.iter().chain(&shift.resized) {
            segments.add(*segment);
            devices.extend(&graph.segments[*segment as usize].members);
        }
        Self {
            graph,
            flat,
            outward,
            shift,
            act: graph.policy.propagation.act,
            places,
            segments,
            devices: devices.into_iter().collect(),
        }
    }

    fn out(&self, slot: u32, reached: f64) -> Out {
        Out::of(self.flat, self.act, slot, reached)
    }

    /// Brings a layer's sums up to `reached`, of which `moved` devices had other values; marks whose next values may differ.
    fn renew(
        &self,
        hubs: &mut Hubs,
        grid: super::Grid,
        reached: &[f64],
        moved: &[(u32, f64)],
        next: &mut Marks,
    ) {
        let (graph, flat) = (self.graph, self.flat);
        let far = hubs.far;
        // By segment: its sum before.
        let mut scans: BTreeMap<u32, i64> = BTreeMap::new();
        for segment in &self.segments.list {
            scans.insert(*segment, hubs.scan[*segment as usize]);
        }
        for slot in &self.shift.laid {
            hubs.own_scan[*slot as usize] = 0;
            hubs.own_far[*slot as usize] = 0;
        }
        for segment in &self.segments.list {
            hubs.recount(graph, flat, *segment, reached);
        }
        for place in &self.places.list {
            let surface = &flat.surfaces[*place as usize];
            hubs.talk[*place as usize] = hubs.listen(graph, flat, surface, reached);
        }
        for (slot, before) in moved {
            let device = &flat.devices[*slot as usize];
            next.add(*slot);
            if device.segment == NONE {
                continue;
            }
            let (old, new) = (
                self.out(*slot, *before),
                self.out(*slot, reached[*slot as usize]),
            );
            if !self.segments.has(device.segment) {
                let scan = hubs.scan[device.segment as usize];
                scans.entry(device.segment).or_insert(scan);
                hubs.exchange(device, &old, &new);
            }
            for edge in self.outward.from(*slot) {
                let place = edge & !STALE;
                let served = flat.surfaces[place as usize].served;
                let by = new.over(*edge, served) - old.over(*edge, served);
                if by != 0 && !self.places.has(place) {
                    hubs.talk[place as usize] += by;
                    next.add(flat.surfaces[place as usize].device);
                }
            }
        }
        self.cross(hubs, grid, &scans, next);
        self.roam(hubs, grid, far, next);
        self.devices.iter().for_each(|slot| next.add(*slot));
    }

    /// Follows segments, given with their sums before, to their members and over their links.
    fn cross(
        &self,
        hubs: &mut Hubs,
        grid: super::Grid,
        scans: &BTreeMap<u32, i64>,
        next: &mut Marks,
    ) {
        let (graph, flat) = (self.graph, self.flat);
        let mut groups: BTreeSet<u32> = self.shift.groups.clone();
        for (segment, scan) in scans {
            let at = *segment as usize;
            self.meet(hubs, grid, at, *scan, next);
            let noise = grid.hub(chance(hubs.quiet[at], 1.0));
            let before = std::mem::replace(&mut hubs.noise[at], noise);
            if noise.to_bits() == before.to_bits() {
                continue;
            }
            for (_, link) in &graph.segments[at].links {
                let group = graph.links[*link as usize].group;
                let contact = flat.contact[*link as usize];
                hubs.cross[group as usize] += units(contact * noise) - units(contact * before);
                groups.insert(group);
            }
        }
        for group in &self.shift.groups {
            hubs.cross[*group as usize] = hubs.gather(&flat.links[*group as usize]);
        }
        for group in groups {
            let now = grid.hub(chance(hubs.cross[group as usize], 1.0));
            if now.to_bits() != hubs.group[group as usize].to_bits() {
                hubs.group[group as usize] = now;
                let ring = graph.groups[group as usize].ring.iter();
                ring.for_each(|(_, surface)| next.add(graph.surfaces[*surface as usize].device));
            }
        }
    }

    /// Follows the segments' parts of the site's sum, `far` before, to all for whom it has moved by a step.
    fn roam(&self, hubs: &mut Hubs, grid: super::Grid, far: i64, next: &mut Marks) {
        let (graph, flat) = (self.graph, self.flat);
        hubs.far = hubs.far_part.iter().sum();
        if self.shift.everywhere {
            graph.order.iter().for_each(|slot| next.add(*slot));
        } else if far != hubs.far {
            // Most devices do nothing that the step could see: where their sums end in one step, so do all between them.
            let most = units(flat.far * self.act);
            if grid.far(far - most) != grid.far(hubs.far)
                || grid.far(hubs.far - most) != grid.far(far)
            {
                for slot in &graph.order {
                    let own = hubs.own_far[*slot as usize];
                    if grid.far(far - own) != grid.far(hubs.far - own) {
                        next.add(*slot);
                    }
                }
            }
        }
    }

    /// Marks the members of a segment for whom its sum, `before` the change, has moved by a step.
    fn meet(&self, hubs: &Hubs, grid: super::Grid, segment: usize, before: i64, next: &mut Marks) {
        let after = hubs.scan[segment];
        if before == after {
            return;
        }
        for slot in &self.graph.segments[segment].members {
            let own = hubs.own_scan[*slot as usize];
            if grid.scan(before - own) != grid.scan(after - own) {
                next.add(*slot);
            }
        }
    }
}

impl Layers {
    /// Brings the layers up to a changed graph.
    pub(crate) fn follow(
        &mut self,
        graph: &Graph,
        flat: &Flat,
        outward: &crate::campaign::Outward,
        shift: &Shift,
    ) -> Moves {
        let change = Change::of(graph, flat, outward, shift);
        let mut next = Marks::new(flat.slots);
        let mut moves = Moves::default();
        let hops = self.hubs.len();
        for (t, reached) in self.reached.iter_mut().enumerate() {
            reached.resize(flat.slots, 0.0);
            if t < hops {
                self.attempted[t].resize(flat.surfaces.len(), 0.0);
                self.hubs[t].fit(graph, flat);
            }
        }
        let mut moved: Vec<(u32, f64)> = Vec::new();
        let mut met: Vec<f64> = Vec::new();
        for slot in &change.devices {
            let at = *slot as usize;
            let now = match flat.devices[at].segment {
                NONE => 0.0,
                _ => begin(flat, self.grid, *slot),
            };
            let before = std::mem::replace(&mut self.reached[0][at], now);
            if before.to_bits() != now.to_bits() {
                moved.push((*slot, before));
            }
        }
        for t in 0..hops {
            next.clear();
            if moved.len() > flat.slots / MANY {
                // So many that all anew is cheaper than one by one, and the same.
                self.hubs[t] = Hubs::of(graph, flat, self.grid, &self.reached[t]);
                graph.order.iter().for_each(|slot| next.add(*slot));
                // The places of those that are gone count for nothing, their values are to be taken back.
                moved.iter().for_each(|(slot, _)| next.add(*slot));
                change.devices.iter().for_each(|slot| next.add(*slot));
            } else {
                let reached = &self.reached[t];
                change.renew(&mut self.hubs[t], self.grid, reached, &moved, &mut next);
            }
            next.line_up(graph, flat);
            moved.clear();
            let last = t + 1 == hops;
            let (grid, attempted) = (self.grid, &mut self.attempted[t]);
            for slot in &next.list {
                let device = &flat.devices[*slot as usize];
                let places = flat.surfaces_of(*slot);
                met.clear();
                if last {
                    let there = places.clone();
                    met.extend(there.map(|place| grid.reach(attempted[place as usize])));
                }
                let now = match device.segment {
                    NONE => 0.0,
                    _ => self.hubs[t].next(flat, grid, device, attempted),
                };
                let before = std::mem::replace(&mut self.reached[t + 1][*slot as usize], now);
                if before.to_bits() != now.to_bits() {
                    moved.push((*slot, before));
                }
                for (before, place) in met.iter().zip(places) {
                    if grid.reach(attempted[place as usize]).to_bits() != before.to_bits() {
                        moves.met.push(place);
                    }
                }
            }
        }
        moves.reached = moved.into_iter().map(|(slot, _)| slot).collect();
        self.sum_up(flat);
        moves
    }
}
