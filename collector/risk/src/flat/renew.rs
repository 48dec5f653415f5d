//! The arrays after a change: equal in all that matters to laying them out anew, at the price of what changed.

use std::collections::{BTreeMap, BTreeSet};

use super::spread::{links_power, offers_power};
use super::{Flat, STALE};
use crate::campaign::Outward;
use crate::graph::{Graph, NONE, Stir, ring_size};

/// What a change moved in the arrays.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Shift {
    /// Devices that were laid out anew or taken out.
    pub laid: BTreeSet<u32>,
    /// Pairs and their weaknesses that these had before.
    pub lost: Vec<(u32, u32)>,
    /// Places whose edges changed.
    pub edged: Vec<u32>,
    /// Devices whose conversations have other odds.
    pub sources: BTreeSet<u32>,
    /// Devices with another share of the beginnings.
    pub begun: Vec<u32>,
    /// Segments that devices of `laid` were or are in.
    pub segments: BTreeSet<u32>,
    /// Segments whose scans have other odds.
    pub scans: BTreeSet<u32>,
    /// Segments whose rings changed size.
    pub resized: BTreeSet<u32>,
    /// Groups with other links.
    pub groups: BTreeSet<u32>,
    /// Segments whose attempts go to other links: the number of their links has another power of two.
    pub scattered: BTreeSet<u32>,
    /// By segment that they start in: keys of links that came, went, or lead elsewhere.
    pub links: BTreeMap<u32, Vec<u64>>,
    /// The odds of attempts without evidence changed in the whole site.
    pub everywhere: bool,
}

impl Flat {
    /// Follows a change. `raised`: devices that were derived anew or are gone; `touched`: these and all whose conversations may differ.
    pub(crate) fn renew(
        &mut self,
        graph: &Graph,
        outward: &mut Outward,
        raised: &BTreeSet<u32>,
        touched: &BTreeSet<u32>,
        stir: &Stir,
    ) -> Shift {
        self.fit(graph);
        outward.fit(self.slots);
        let mut shift = Shift::default();
        // Sources and the edges that they have gained.
        let mut gained: Vec<(u32, u32)> = Vec::new();
        for slot in touched.iter().copied() {
            let active = graph.devices[slot as usize]
                .as_ref()
                .is_some_and(|device| device.active);
            let stays = active && !raised.contains(&slot) && self.segment(slot) != NONE;
            if stays {
                self.renew_edges(graph, slot, outward, &mut gained, &mut shift);
            } else {
                self.lay_anew(graph, slot, active, outward, &mut gained, &mut shift);
            }
            let before = (self.fresh[slot as usize], self.stale[slot as usize]);
            self.fan[slot as usize] = match &graph.devices[slot as usize] {
                Some(device) if active => ring_size(graph.fan_out(device)).trailing_zeros() as u8,
                _ => 0,
            };
            self.spread_talks(slot, active);
            if before != (self.fresh[slot as usize], self.stale[slot as usize]) {
                shift.sources.insert(slot);
            }
        }
        for (source, edge) in gained {
            outward.gain(graph, self, source, edge);
        }
        self.renew_runners(graph, &shift.laid);
        shift.begun = self.enter(graph);
        self.renew_segments(graph, &mut shift);
        self.renew_links(graph, stir, &mut shift);
        shift
    }

    /// Takes a device out and lays it out at the end if it is active.
    fn lay_anew(
        &mut self,
        graph: &Graph,
        slot: u32,
        active: bool,
        outward: &mut Outward,
        gained: &mut Vec<(u32, u32)>,
        shift: &mut Shift,
    ) {
        let number = slot as usize;
        shift.laid.insert(slot);
        let old = self.devices[number];
        if old.segment != NONE {
            shift.segments.insert(old.segment);
        }
        for place in self.places_of(slot) {
            let surface = self.surfaces[place];
            for edge in &self.edges[surface.edges.0 as usize..surface.edges.1 as usize] {
                outward.lose(edge & !STALE, place as u32);
            }
            self.waste += 1 + (surface.edges.1 - surface.edges.0) as usize;
        }
        self.waste += (old.pairs.1 - old.pairs.0) as usize;
        let pairs = self.pairs_of(slot).iter();
        shift
            .lost
            .extend(pairs.map(|pair| (pair.slot, pair.weakness)));
        let device = &mut self.devices[number];
        (device.segment, device.surfaces, device.pairs) = (NONE, (0, 0), (0, 0));
        (self.stake[number], self.lateral[number]) = (0.0, 1.0);
        self.way[number] = None;
        (self.entry[number], self.door[number]) = (0.0, 0.0);
        if active {
            self.add_device(graph, slot);
            shift.segments.insert(self.segment(slot));
            for place in self.places_of(slot) {
                let surface = self.surfaces[place];
                for edge in &self.edges[surface.edges.0 as usize..surface.edges.1 as usize] {
                    gained.push((edge & !STALE, place as u32 | (edge & STALE)));
                }
            }
        }
    }

    fn renew_runners(&mut self, graph: &Graph, laid: &BTreeSet<u32>) {
        self.runners.retain(|own| !laid.contains(own));
        for slot in laid
            .iter()
            .filter(|slot| self.way[**slot as usize].is_some())
        {
            let rank = graph.device_rank(*slot);
            let at = self
                .runners
                .partition_point(|own| graph.device_rank(*own) < rank);
            self.runners.insert(at, *slot);
        }
    }

    /// Reads the conversations of a device anew whose surfaces stay.
    fn renew_edges(
        &mut self,
        graph: &Graph,
        slot: u32,
        outward: &mut Outward,
        gained: &mut Vec<(u32, u32)>,
        shift: &mut Shift,
    ) {
        for place in self.places_of(slot) {
            let surface = self.surfaces[place];
            let kind = graph.surfaces[surface.slot as usize].kind;
            let (first, last) = (surface.edges.0 as usize, surface.edges.1 as usize);
            let start = self.edges.len();
            self.add_edges(graph, slot, kind);
            let (old, new) = (&self.edges[first..last], &self.edges[start..]);
            if old == new {
                self.edges.truncate(start);
                continue;
            }
            shift.edged.push(place as u32);
            let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
            let rest = (&old[head..], &new[head..]);
            let tail = rest
                .0
                .iter()
                .rev()
                .zip(rest.1.iter().rev())
                .take_while(|(a, b)| a == b)
                .count();
            for edge in &rest.0[..rest.0.len() - tail] {
                outward.lose(edge & !STALE, place as u32);
            }
            for edge in &rest.1[..rest.1.len() - tail] {
                gained.push((edge & !STALE, place as u32 | (edge & STALE)));
            }
            if new.len() <= old.len() {
                let count = new.len();
                self.edges.copy_within(start.., first);
                self.edges.truncate(start);
                self.surfaces[place].edges = (first as u32, (first + count) as u32);
                self.waste += last - first - count;
            } else {
                self.waste += last - first;
                self.surfaces[place].edges = (start as u32, self.edges.len() as u32);
            }
        }
    }

    fn renew_segments(&mut self, graph: &Graph, shift: &mut Shift) {
        let (scan, power) = (
            std::mem::take(&mut self.scan),
            std::mem::take(&mut self.power),
        );
        let (site, far) = (std::mem::take(&mut self.site), self.far);
        let rings = ring_size(self.segments.len() as u32);
        self.spread_segments(graph);
        for (segment, (now, ring)) in self.scan.iter().zip(&self.power).enumerate() {
            if scan.get(segment) != Some(now) {
                shift.scans.insert(segment as u32);
            }
            if power.get(segment) != Some(ring) {
                shift.resized.insert(segment as u32);
            }
        }
        let same = site.iter().zip(&self.site).all(|(old, new)| old == new);
        shift.everywhere = !same
            || far.to_bits() != self.far.to_bits()
            || rings != ring_size(self.segments.len() as u32);
    }

    fn renew_links(&mut self, graph: &Graph, stir: &Stir, shift: &mut Shift) {
        let mut groups = stir.groups.clone();
        for segment in &stir.segments {
            let at = *segment as usize;
            let power = links_power(graph, at);
            if std::mem::replace(&mut self.leaving[at], power) != power {
                shift.scattered.insert(*segment);
                let links = graph.segments[at].links.iter();
                groups.extend(links.map(|(_, link)| graph.links[*link as usize].group));
            }
        }
        let mut links = stir.links.clone();
        for group in &stir.groups {
            let at = *group as usize;
            let power = offers_power(graph, at);
            if std::mem::replace(&mut self.offers[at], power) != power {
                links.extend(graph.groups[at].links.iter().map(|(_, link)| *link));
            }
        }
        for link in links {
            let link = &graph.links[link as usize];
            shift.links.entry(link.from).or_default().push(link.key);
        }
        for group in groups {
            let now = self.links_into(graph, group);
            if now != self.links[group as usize] {
                shift.groups.insert(group);
                self.links[group as usize] = now;
                self.note_contacts(graph, group as usize);
            }
        }
    }
}
