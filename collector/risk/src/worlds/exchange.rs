//! A world played again: its sums follow only what differs between the two plays.

use super::{Crowds, Visit, Worlds, crowds_of, edge_units, late_units};
use crate::campaign::{Field, Reached};
use crate::flat::STALE;

/// What worlds that were played again moved.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Turns {
    /// Pairs whose attempts moved; some more than once.
    pub pairs: Vec<u32>,
    /// Devices that are reached in another way, or not any more; some more than once.
    pub devices: Vec<u32>,
    /// Segments with another number of using devices in a world.
    pub crowds: Vec<(u32, u32)>,
}

/// How a device stands in a world: 0 where it is not reached.
pub(super) type Stand = u8;

const fn stand(one: &Reached) -> Stand {
    1 + 2 * one.hop + one.acts as u8
}

const fn hop(stand: Stand) -> u8 {
    (stand - 1) / 2
}

const fn uses(stand: Stand, hops: u8) -> bool {
    stand > 0 && (stand - 1) % 2 == 1 && hop(stand) < hops
}

/// Whether an attempt from a device at `from` counts: the target was not there before.
const fn early(from: Stand, target: Stand) -> bool {
    target == 0 || hop(from) < hop(target)
}

/// Using devices of a segment by hop.
fn hops_of(crowds: &Crowds, segment: u32) -> Option<&[i64]> {
    let own = crowds.iter().find(|(own, _)| *own == segment);
    own.map(|(_, hops)| hops.as_slice())
}

impl Worlds {
    /// Plays a world again. Its sums then hold for the field, but for pairs whose own edges or contact odds are other ones now: they
    /// are to be pulled. `crowds`: its crowds before the change.
    pub(crate) fn exchange(
        &mut self,
        field: &Field<'_>,
        world: u32,
        crowds: &Crowds,
        turns: &mut Turns,
    ) {
        let before = std::mem::take(&mut self.reached[world as usize]);
        // A replayed world must not see the stamps of its last play.
        for one in &before {
            self.seen[one.device as usize] = 0;
        }
        let foothold = self.foothold(field, world);
        let after = field.play(world, foothold, &mut self.seen);
        let now = crowds_of(field, &after);
        self.exchange_crowds(field, world, crowds, &now, turns);
        let mut stands = std::mem::take(&mut self.stands);
        let mut there: Vec<u32> = Vec::with_capacity(before.len() + 8);
        for one in &before {
            stands[one.device as usize][0] = stand(one);
            there.push(one.device);
        }
        for one in &after {
            let own = &mut stands[one.device as usize];
            if own[0] == 0 {
                there.push(one.device);
            }
            own[1] = stand(one);
        }
        for slot in &there {
            let [old, new] = stands[*slot as usize];
            if old != new {
                turns.devices.push(*slot);
                self.revisit(*slot, world, new);
            }
            self.exchange_edges(field, world, *slot, &stands, turns);
            self.exchange_late(field, world, *slot, (old, new), (crowds, &now), turns);
        }
        for slot in there {
            stands[slot as usize] = [0; 2];
        }
        self.stands = stands;
        self.reached[world as usize] = after;
    }

    /// Sets how a device stands in a world at the device.
    fn revisit(&mut self, slot: u32, world: u32, new: Stand) {
        let visits = &mut self.visits[slot as usize];
        let at = visits.binary_search_by_key(&world, |visit| visit.world);
        let visit = (new > 0).then(|| Visit {
            world,
            hop: hop(new),
            acts: (new - 1) % 2 == 1,
        });
        match (at, visit) {
            (Ok(at), Some(visit)) => visits[at] = visit,
            (Ok(at), None) => {
                visits.remove(at);
            }
            (Err(at), Some(visit)) => visits.insert(at, visit),
            (Err(_), None) => {}
        }
    }

    fn exchange_crowds(
        &mut self,
        field: &Field<'_>,
        world: u32,
        before: &Crowds,
        after: &Crowds,
        turns: &mut Turns,
    ) {
        let parity = (world % 2) as usize;
        let total = |crowds: &Crowds, segment: u32| -> i64 {
            hops_of(crowds, segment).map_or(0, |hops| hops.iter().sum())
        };
        let mut everywhere = 0;
        let gone = before
            .iter()
            .filter(|(segment, _)| after.iter().all(|(own, _)| own != segment));
        for (segment, _) in after.iter().chain(gone) {
            let by = total(after, *segment) - total(before, *segment);
            if by == 0 {
                continue;
            }
            everywhere += by;
            self.crowd_all[*segment as usize][parity] += by;
            for weakness in &field.capable.of_world[world as usize] {
                let at = *segment as usize * self.weaknesses + *weakness as usize;
                self.crowd[at][parity] += by;
            }
            turns.crowds.push((*segment, world));
        }
        if everywhere != 0 {
            for weakness in &field.capable.of_world[world as usize] {
                self.spread[*weakness as usize][parity] += everywhere;
            }
        }
    }

    fn exchange_edges(
        &mut self,
        field: &Field<'_>,
        world: u32,
        from: u32,
        stands: &[[Stand; 2]],
        turns: &mut Turns,
    ) {
        let [old, new] = stands[from as usize];
        let (used, uses) = (uses(old, field.hops), uses(new, field.hops));
        if !used && !uses {
            return;
        }
        let parity = (world % 2) as usize;
        for edge in field.outward.from(from) {
            let surface = &field.flat.surfaces[(edge & !STALE) as usize];
            let [was, is] = stands[surface.device as usize];
            let (before, after) = (used && early(old, was), uses && early(new, is));
            if before == after {
                continue;
            }
            let mut units = edge_units(field, from, *edge);
            if before {
                units = -units;
            }
            for pair in &field.graph.surfaces[surface.slot as usize].pairs {
                let weakness = field.graph.pairs[*pair as usize].weakness;
                if field.capable.has(weakness, world) {
                    self.attempts[*pair as usize][parity] += units;
                    turns.pairs.push(*pair);
                }
            }
        }
    }

    fn exchange_late(
        &mut self,
        field: &Field<'_>,
        world: u32,
        on: u32,
        (old, new): (Stand, Stand),
        (before, after): (&Crowds, &Crowds),
        turns: &mut Turns,
    ) {
        // The device may have left the graph: then its sums are gone too.
        let Some(device) = &field.graph.devices[on as usize] else {
            return;
        };
        let same = old > 0 && new > 0 && hop(old) == hop(new);
        if same && hops_of(before, device.segment) == hops_of(after, device.segment) {
            return;
        }
        let parity = (world % 2) as usize;
        for surface in &device.surfaces {
            let place = field.place(*surface);
            let late = |stand: Stand, crowds: &Crowds| match stand {
                0 => 0,
                stand => late_units(field, place, hop(stand), crowds),
            };
            let by = late(new, after) - late(old, before);
            if by == 0 {
                continue;
            }
            for pair in &field.graph.surfaces[*surface as usize].pairs {
                let weakness = field.graph.pairs[*pair as usize].weakness;
                if field.capable.has(weakness, world) {
                    self.attempts[*pair as usize][parity] -= by;
                    turns.pairs.push(*pair);
                }
            }
        }
    }
}
