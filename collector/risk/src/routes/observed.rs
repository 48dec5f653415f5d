//! Routes of conversations that were seen, all the way from the foothold: what a defender can check in the traffic.
//!
//! The likeliest routes may lean on contact that nobody saw and that the network may forbid; these do not. A route over another service
//! of the stepping stone needs another fix, so these come before more clients of the same service.

use std::collections::BTreeSet;

use super::{Explainer, Step};
use crate::assessment::{HopKind, Route};
use crate::assessor::Assessor;
use crate::flat::{FlatSurface, STALE};

/// Best observed way to every device: its probability and last step; none for a foothold.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// Chance that a campaign begins on a device: an exposed one may fall to something that nobody lists.
    pub(super) begin: Vec<f64>,
    best: Vec<f64>,
    steps: Vec<Option<Step>>,
}

impl Observed {
    /// The best ways of at most `hops` - 1 conversations, so that one more leads to a target.
    pub(super) fn of(assessor: &Assessor, hops: usize) -> Self {
        let flat = &assessor.flat;
        let unlisted = assessor.graph.policy.entry.unlisted;
        let doors = flat.door.iter().map(|door| door * unlisted);
        let begin: Vec<f64> = assessor.layers.reached[0]
            .iter()
            .zip(doors)
            .map(|(begin, door)| begin.max(door))
            .collect();
        let mut observed = Self {
            best: begin.clone(),
            begin,
            steps: vec![None; flat.slots],
        };
        for _ in 1..hops {
            let before = observed.best.clone();
            for device in &flat.devices {
                let slot = device.slot as usize;
                for place in device.surfaces.0..device.surfaces.1 {
                    let surface = &flat.surfaces[place as usize];
                    if surface.x == 0.0 {
                        continue;
                    }
                    talks(assessor, surface, |from, kind, contact| {
                        let probability = contact * surface.x;
                        let total = before[from as usize] * probability;
                        if total > observed.best[slot] {
                            observed.best[slot] = total;
                            observed.steps[slot] = Some(Step {
                                from,
                                place,
                                kind,
                                probability,
                            });
                        }
                    });
                }
            }
        }
        observed
    }
}

/// Calls `each` with every source of a conversation with a surface, its kind and the probability that it is used.
pub(super) fn talks(
    assessor: &Assessor,
    surface: &FlatSurface,
    mut each: impl FnMut(u32, HopKind, f64),
) {
    let flat = &assessor.flat;
    let act = assessor.graph.policy.propagation.act;
    for edge in &flat.edges[surface.edges.0 as usize..surface.edges.1 as usize] {
        let from = edge & !STALE;
        let (kind, used) = if surface.served {
            (HopKind::ServedContent, flat.serve)
        } else if edge & STALE == 0 {
            (HopKind::Conversation, flat.fresh[from as usize])
        } else {
            (HopKind::Conversation, flat.stale[from as usize])
        };
        each(from, kind, act * used);
    }
}

/// One way to a target: over `stone`, which is reached by `first`; without `first` the campaign begins on the stone.
#[derive(Debug, Clone, Copy)]
struct Way {
    probability: f64,
    stone: u32,
    last: (HopKind, f64),
    first: Option<Step>,
}

impl Explainer<'_> {
    /// The `most` likeliest observed routes to a pair on the surface at `place`, each with other last steps but one.
    pub(super) fn observed_routes(&self, place: usize, number: u32, most: usize) -> Vec<Route> {
        let assessor = self.assessor;
        let (flat, graph) = (&assessor.flat, &assessor.graph);
        let pair = &graph.pairs[number as usize];
        let mut ways: Vec<Way> = Vec::new();
        talks(assessor, &flat.surfaces[place], |stone, kind, contact| {
            if stone == pair.device {
                return;
            }
            let last = (kind, contact * pair.s);
            let way = |probability, first| Way {
                probability: probability * last.1,
                stone,
                last,
                first,
            };
            ways.push(way(self.observed.begin[stone as usize], None));
            for place in flat.surfaces_of(stone) {
                let surface = &flat.surfaces[place as usize];
                talks(assessor, surface, |from, kind, contact| {
                    if from == pair.device || from == stone {
                        return;
                    }
                    let probability = contact * surface.x;
                    let first = Step {
                        from,
                        place,
                        kind,
                        probability,
                    };
                    let total = self.observed.best[from as usize] * probability;
                    ways.push(way(total, Some(first)));
                });
            }
        });
        ways.retain(|way| way.probability > 0.0);
        let name = |slot: u32| &graph.device(slot).id;
        let names = |way: &Way| (name(way.stone), way.first.map(|step| name(step.from)));
        ways.sort_by(|a, b| {
            let worse = b.probability.total_cmp(&a.probability);
            worse.then_with(|| names(a).cmp(&names(b)))
        });
        // The best way over each service of each stone, then the others; the sort is stable.
        let mut seen = BTreeSet::new();
        let mut ways: Vec<(bool, Way)> = ways
            .into_iter()
            .map(|way| {
                (
                    !seen.insert((way.stone, way.first.map(|step| step.place))),
                    way,
                )
            })
            .collect();
        ways.sort_by_key(|(again, _)| *again);
        let mut routes: Vec<Route> = Vec::new();
        let mut used: Vec<(u32, Option<u32>)> = Vec::new();
        for (_, way) in ways {
            let ends = (way.stone, way.first.map(|step| step.from));
            if routes.len() == most || used.contains(&ends) {
                continue;
            }
            used.push(ends);
            let Some((begin, steps)) = self.way_back(way, pair.device) else {
                continue;
            };
            let mut hops = vec![self.entry_hop(begin)];
            hops.extend(
                steps
                    .iter()
                    .rev()
                    .filter_map(|(to, step)| self.step(*to, *step)),
            );
            hops.extend([self.hop(way.stone, pair.device, number, way.last.0, way.last.1)]);
            let probability = way.probability;
            routes.push(Route { hops, probability });
        }
        routes
    }

    /// Where the best observed way to a stone begins, and its steps backwards; `None` when it meets itself or the target.
    fn way_back(&self, way: Way, target: u32) -> Option<(u32, Vec<(u32, Step)>)> {
        let mut steps: Vec<(u32, Step)> = Vec::new();
        let mut at = way.stone;
        let mut next = way.first;
        while let Some(step) = next {
            steps.push((at, step));
            at = step.from;
            if at == target || steps.iter().any(|(to, _)| *to == at) {
                return None;
            }
            next = self.observed.steps[at as usize];
        }
        (at != target).then_some((at, steps))
    }
}
