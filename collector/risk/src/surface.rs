//! A device's weaknesses in its environment: pairs, the surfaces they lie on, and what controls leave of them.

use crate::coin;
use crate::cvss::{Privileges, Reach, Technical};
use crate::document::{ControlKind, EntryKind, Match, ServiceEvidence, WeaknessEntry};
use crate::exploitability;
use crate::fleet::{Subject, undecided};
use crate::graph::{Device, Graph, Kind, Pair, Place, Surface};

mod measure;

impl Graph {
    /// Derives the surfaces, pairs and stake of a device from its entry, the weaknesses and the controls.
    /// In bulk the rings are left unsorted.
    pub(crate) fn raise_surfaces(&mut self, slot: u32, bulk: bool) {
        let Some(mut device) = self.devices[slot as usize].take() else {
            return;
        };
        device.way_open = self.left(&device, |control| control.kind == ControlKind::RemoveEntry);
        device.lateral = self.left(&device, |control| control.kind == ControlKind::Microsegment);
        let mut pairs = Vec::new();
        if device.active {
            for weakness in device.entry.weaknesses.iter().flatten() {
                pairs.extend(self.pair(slot, &device, weakness));
            }
        }
        self.spread_consequence(&mut device, &mut pairs);
        self.lay_out(slot, &mut device, pairs);
        self.devices[slot as usize] = Some(device);
        self.join_rings(slot, bulk);
    }

    /// One pair and the kind of surface it lies on (`None`: local or physical).
    fn pair(
        &self,
        slot: u32,
        device: &Device,
        entry: &WeaknessEntry,
    ) -> Option<(Option<Kind>, Pair)> {
        let number = *self.weakness_by_id.get(entry.id.as_str())?;
        let weakness = &self.weaknesses[number as usize];
        let service = entry
            .service
            .as_deref()
            .and_then(|service| self.service_by_id.get(service).copied());
        let kind = match (weakness.base.reach, service) {
            (Reach::Network, Some(service)) => Some(Kind::Service(service)),
            (Reach::Network, None) if weakness.base.needs_user => Some(Kind::Client),
            (Reach::Network, None) => Some(Kind::Any),
            (Reach::Adjacent, Some(service)) => Some(Kind::AdjacentService(service)),
            (Reach::Adjacent, None) => Some(Kind::Adjacent),
            (Reach::Local | Reach::Physical, _) => None,
        };
        let place = match weakness.base.reach {
            Reach::Physical => Place::Physical,
            _ => Place::Local,
        };
        let mut m = exploitability::matched(&self.policy, entry.matched);
        if undecided(entry.matched) {
            m = self.as_siblings(&device.entry, Subject::Weakness(number), m);
        }
        let o = self.service_factor(device, kind);
        let mut base = weakness.base;
        if kind.is_none() && base.privileges == Privileges::Low {
            // Somebody already on the device has a user's privileges.
            base.privileges = Privileges::None;
        }
        let k = exploitability::works(&self.policy, &base, &weakness.known);
        let open = self.left(device, |control| match control.kind {
            ControlKind::Patch | ControlKind::VirtualPatch => {
                // Without a weakness it is an update: it fixes all.
                control
                    .weakness
                    .as_deref()
                    .is_none_or(|own| own == entry.id)
            }
            ControlKind::CloseService => entry
                .service
                .as_deref()
                .is_some_and(|service| self.switches_off(device, control, service)),
            _ => false,
        });
        let s = weakness.alpha * m * o * k * open;
        let grip = match (weakness.base.technical, weakness.total) {
            (_, true) => 1.0,
            (Technical::AvailabilityOnly, _) => 0.0,
            _ => self.policy.propagation.partial_grip,
        };
        Some((
            kind,
            Pair {
                device: slot,
                weakness: number,
                service,
                place,
                matched: entry.matched,
                key: coin::join(device.key, weakness.key),
                m,
                o,
                k,
                c: 1.0 - open,
                s,
                t: s * grip,
                consequence: 1.0,
                bound: coin::bound(if weakness.alpha > 0.0 {
                    s * grip / weakness.alpha
                } else {
                    0.0
                }),
            },
        ))
    }

    /// o: evidence that the way the pair needs is there.
    fn service_factor(&self, device: &Device, kind: Option<Kind>) -> f64 {
        let proven = |slot: u32| device.served.iter().any(|talk| talk.service == slot);
        let worth = |(slot, evidence): &(u32, ServiceEvidence)| {
            let own = exploitability::service(&self.policy, *evidence);
            if proven(*slot) {
                self.policy.service.served
            } else if *evidence == ServiceEvidence::Declared {
                self.as_siblings(&device.entry, Subject::Service(*slot), own)
            } else {
                own
            }
        };
        match kind {
            None | Some(Kind::Client) => 1.0,
            Some(Kind::Service(own) | Kind::AdjacentService(own)) => device
                .services
                .iter()
                .find(|(slot, _)| *slot == own)
                .map_or_else(
                    || {
                        if proven(own) {
                            self.policy.service.served
                        } else {
                            self.policy.service.unseen
                        }
                    },
                    worth,
                ),
            Some(Kind::Any | Kind::Adjacent) => {
                let best = device
                    .services
                    .iter()
                    .map(worth)
                    .fold(self.policy.service.declared, f64::max);
                best * self.policy.service.unnamed
            }
        }
    }

    /// What each pair opens, and the device's stake: impact x (foothold + (1 - foothold) x chance of full privileges).
    fn spread_consequence(&self, device: &mut Device, pairs: &mut [(Option<Kind>, Pair)]) {
        let i = &self.policy.impact;
        let total = |pair: &Pair| self.weaknesses[pair.weakness as usize].total;
        let stays: f64 = pairs
            .iter()
            .filter(|(kind, pair)| kind.is_none() && pair.place == Place::Local)
            .map(|(_, pair)| 1.0 - pair.s)
            .product();
        let (mut sum, mut sum_total) = (0.0, 0.0);
        for (kind, pair) in pairs.iter() {
            if kind.is_some() {
                sum += pair.t;
                sum_total += if total(pair) { pair.t } else { 0.0 };
            }
        }
        let share_total = if sum > 0.0 { sum_total / sum } else { 0.0 };
        let full = 1.0 - (1.0 - share_total) * stays;
        device.stake = device.impact.total * (i.foothold + (1.0 - i.foothold) * full);
        for (kind, pair) in pairs.iter_mut() {
            let base = &self.weaknesses[pair.weakness as usize].base;
            pair.consequence = match (kind, pair.place) {
                (None, Place::Local) => (1.0 - i.foothold) * (1.0 - share_total),
                _ if total(pair) => 1.0,
                _ if base.technical == Technical::AvailabilityOnly => i.availability_only,
                _ => i.foothold + (1.0 - i.foothold) * (1.0 - stays),
            };
        }
    }

    /// Gives pairs their slots and surfaces, in key order.
    fn lay_out(&mut self, slot: u32, device: &mut Device, mut pairs: Vec<(Option<Kind>, Pair)>) {
        let rank = |graph: &Self, kind: &Option<Kind>| match kind {
            None => (0, 0),
            Some(Kind::Any) => (1, 0),
            Some(Kind::Adjacent) => (2, 0),
            Some(Kind::Client) => (3, 0),
            Some(Kind::Service(own)) => (4, graph.services[*own as usize].1),
            Some(Kind::AdjacentService(own)) => (5, graph.services[*own as usize].1),
        };
        pairs.sort_by(|(a, p), (b, q)| {
            (rank(self, a), p.key, p.service).cmp(&(rank(self, b), q.key, q.service))
        });
        let mut last: Option<(Kind, u32)> = None;
        for (kind, mut pair) in pairs {
            let surface = match (kind, last) {
                (None, _) => None,
                (Some(kind), Some((before, surface))) if kind == before => Some(surface),
                (Some(kind), _) => {
                    let key = coin::join(
                        device.key,
                        coin::mix(
                            rank(self, &Some(kind)).1 ^ u64::from(rank(self, &Some(kind)).0 as u32),
                        ),
                    );
                    let surface = self.new_surface(Surface {
                        device: slot,
                        kind,
                        key,
                        pairs: Vec::new(),
                        groups: Vec::new(),
                        x: 0.0,
                        unobserved: self.unobserved(device, kind),
                    });
                    device.surfaces.push(surface);
                    last = Some((kind, surface));
                    Some(surface)
                }
            };
            if let Some(surface) = surface {
                pair.place = Place::Surface(surface);
            }
            let place = pair.place;
            let number = self.new_pair(pair);
            match place {
                Place::Local => device.local.push(number),
                Place::Physical => device.physical.push(number),
                Place::Surface(surface) => self.surfaces[surface as usize].pairs.push(number),
            }
        }
        for surface in &device.surfaces {
            let misses: f64 = self.surfaces[*surface as usize]
                .pairs
                .iter()
                .map(|pair| 1.0 - self.pairs[*pair as usize].t)
                .product();
            self.surfaces[*surface as usize].x = 1.0 - misses;
        }
    }

    fn unobserved(&self, device: &Device, kind: Kind) -> f64 {
        let own = match kind {
            Kind::Service(own) | Kind::AdjacentService(own) => {
                Some(&*self.services[own as usize].0)
            }
            _ => None,
        };
        self.left(device, |control| match control.kind {
            ControlKind::Microsegment => true,
            ControlKind::DenySources => own.is_some() && control.service.as_deref() == own,
            _ => false,
        })
    }

    fn new_surface(&mut self, surface: Surface) -> u32 {
        match self.free_surfaces.pop() {
            Some(slot) => {
                self.surfaces[slot as usize] = surface;
                slot
            }
            None => {
                self.surfaces.push(surface);
                self.surfaces.len() as u32 - 1
            }
        }
    }

    fn new_pair(&mut self, pair: Pair) -> u32 {
        match self.free_pairs.pop() {
            Some(slot) => {
                self.pairs[slot as usize] = pair;
                slot
            }
            None => {
                self.pairs.push(pair);
                self.pairs.len() as u32 - 1
            }
        }
    }

    /// Groups whose links lead to a surface, made where there were none.
    fn groups_of(&mut self, surface: u32) -> Vec<u32> {
        let (device, kind) = {
            let surface = &self.surfaces[surface as usize];
            (surface.device, surface.kind)
        };
        let segment = self.device(device).segment;
        let services = match kind {
            Kind::Service(own) => vec![own],
            Kind::Any => self.offered(device),
            _ => Vec::new(),
        };
        let mut groups: Vec<u32> = services
            .into_iter()
            .map(|service| self.group(segment, service))
            .collect();
        groups.sort_unstable_by_key(|group| self.groups[*group as usize].key);
        groups
    }

    fn join_rings(&mut self, slot: u32, bulk: bool) {
        let put = |ring: &mut Vec<(u64, u32)>, item: (u64, u32)| {
            if bulk {
                ring.push(item);
            } else if let Err(at) = ring.binary_search(&item) {
                ring.insert(at, item);
            }
        };
        let segment = self.device(slot).segment;
        for surface in self.device(slot).surfaces.clone() {
            let item = (self.device(slot).key, surface);
            if self.surfaces[surface as usize].kind != Kind::Client {
                put(&mut self.segments[segment as usize].ring, item);
            }
            let groups = self.groups_of(surface);
            for group in &groups {
                put(&mut self.groups[*group as usize].ring, item);
            }
            self.surfaces[surface as usize].groups = groups;
        }
    }

    /// Takes a device's surfaces and pairs out of all tables.
    pub(crate) fn raze_surfaces(&mut self, slot: u32) {
        let segment = self.device(slot).segment;
        for surface in self.device(slot).surfaces.clone() {
            let item = (self.device(slot).key, surface);
            let take = |ring: &mut Vec<(u64, u32)>| {
                if let Ok(at) = ring.binary_search(&item) {
                    ring.remove(at);
                }
            };
            take(&mut self.segments[segment as usize].ring);
            for group in std::mem::take(&mut self.surfaces[surface as usize].groups) {
                take(&mut self.groups[group as usize].ring);
            }
            self.free_pairs
                .append(&mut self.surfaces[surface as usize].pairs);
            self.surfaces[surface as usize].x = 0.0;
            self.free_surfaces.push(surface);
        }
        let device = self.device_mut(slot);
        device.surfaces.clear();
        let mut pairs = std::mem::take(&mut device.local);
        pairs.append(&mut device.physical);
        self.free_pairs.append(&mut pairs);
    }

    /// All pairs of a device, surfaces first, in key order.
    pub(crate) fn pairs_of<'a>(&'a self, device: &'a Device) -> impl Iterator<Item = u32> + 'a {
        device
            .surfaces
            .iter()
            .flat_map(|surface| self.surfaces[*surface as usize].pairs.iter())
            .chain(&device.local)
            .chain(&device.physical)
            .copied()
    }

    /// Whether hands reach the device.
    pub(crate) fn at_hand(device: &Device) -> bool {
        matches!(device.way_in, Some((EntryKind::Physical, _)))
    }
}

/// Whether the maker has switched the pair off.
pub(crate) fn switched_off(matched: Match) -> bool {
    matches!(matched, Match::NotAffected | Match::Fixed)
}
