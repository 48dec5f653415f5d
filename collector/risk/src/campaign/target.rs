//! Whether an attempt without a conversation finds one given surface: the same draws as [`Field::contacts`], asked the other way round.

use std::collections::BTreeMap;

use super::Field;
use crate::coin;
use crate::graph::ring_size;

/// A surface as attempts meet it.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    surface: u32,
    /// Key of its device.
    key: u64,
    segment: u32,
    scanned: bool,
    routed: bool,
    /// Links that lead to it, by the segment they start in.
    links: BTreeMap<u32, Vec<u32>>,
}

/// Whether two keys lie in the same part of a ring.
fn together(size: u32, spot: u64, key: u64) -> bool {
    let shift = 64 - size.trailing_zeros();
    shift == 64 || spot >> shift == key >> shift
}

impl Field<'_> {
    /// A surface of an active device as attempts meet it.
    pub(crate) fn target(&self, surface: u32) -> Target {
        let flat = &self.flat.surfaces[self.place(surface) as usize];
        let device = self.graph.device(flat.device);
        let groups = &self.flat.groups[flat.groups.0 as usize..flat.groups.1 as usize];
        let mut links: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for group in groups {
            for (_, link) in &self.graph.groups[*group as usize].links {
                let from = self.graph.links[*link as usize].from;
                links.entry(from).or_default().push(*link);
            }
        }
        Target {
            surface,
            key: device.key,
            segment: device.segment,
            scanned: flat.scanned,
            routed: flat.routed,
            links,
        }
    }

    /// Whether an acting device finds a target without a conversation.
    pub(crate) fn finds(&self, from: u32, salt: u64, target: &Target) -> bool {
        self.lets_in(target.surface, self.graph.device(from).key, salt)
            && (self.scans_it(from, salt, target)
                || self.crosses_to_it(from, salt, target)
                || self.roams_to_it(from, salt, target))
    }

    fn scans_it(&self, from: u32, salt: u64, target: &Target) -> bool {
        let device = self.graph.device(from);
        if !target.scanned || device.segment != target.segment {
            return false;
        }
        let segment = &self.graph.segments[device.segment as usize];
        let size = ring_size(segment.members.len() as u32);
        (0..self.scans.count).any(|draw| {
            let key = coin::join(device.key, coin::kind::SCAN + (u64::from(draw) << 8));
            self.live(key, salt, self.scans.live, device.lateral)
                && together(size, coin::mix(key ^ salt.rotate_left(17)), target.key)
        })
    }

    fn crosses_to_it(&self, from: u32, salt: u64, target: &Target) -> bool {
        let device = self.graph.device(from);
        let Some(links) = target.links.get(&device.segment) else {
            return false;
        };
        let size = ring_size(self.graph.segments[device.segment as usize].links.len() as u32);
        (0..self.crossings.count).any(|draw| {
            let key = coin::join(device.key, coin::kind::CROSS + (u64::from(draw) << 8));
            if !self.live(key, salt, self.crossings.live, device.lateral) {
                return false;
            }
            let spot = coin::mix(key ^ salt.rotate_left(17));
            links.iter().any(|link| {
                let link = &self.graph.links[*link as usize];
                let offers = self.graph.groups[link.group as usize].offers;
                together(size, spot, link.key)
                    && together(ring_size(offers), coin::mix(spot ^ link.key), target.key)
                    && coin::falls(link.key, salt, coin::bound(link.belief(&self.graph.policy)))
            })
        })
    }

    /// Whether an acting device attempts one of some links of its segment, given by their keys.
    pub(crate) fn takes_link(&self, from: u32, salt: u64, keys: &[u64]) -> bool {
        let device = self.graph.device(from);
        let size = ring_size(self.graph.segments[device.segment as usize].links.len() as u32);
        (0..self.crossings.count).any(|draw| {
            let key = coin::join(device.key, coin::kind::CROSS + (u64::from(draw) << 8));
            self.live(key, salt, self.crossings.live, device.lateral) && {
                let spot = coin::mix(key ^ salt.rotate_left(17));
                keys.iter().any(|key| together(size, spot, *key))
            }
        })
    }

    fn roams_to_it(&self, from: u32, salt: u64, target: &Target) -> bool {
        if !target.routed {
            return false;
        }
        let device = self.graph.device(from);
        let size = ring_size(self.flat.segments.len() as u32);
        let ring = 1 << self.flat.power[target.segment as usize];
        let segment = self.graph.segments[target.segment as usize].key;
        (0..self.roams.count).any(|draw| {
            let key = coin::join(device.key, coin::kind::ROAM + (u64::from(draw) << 8));
            if !self.live(key, salt, self.roams.live, device.lateral) {
                return false;
            }
            let spot = coin::mix(key ^ salt.rotate_left(17));
            together(size, spot, segment) && together(ring, coin::mix(spot ^ segment), target.key)
        })
    }
}
