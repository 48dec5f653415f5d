//! Routes of conversations that were seen, all the way from the foothold: what a defender can check in the traffic.
//!
//! The likeliest routes may lean on contact that nobody saw and that the network may forbid; these do not.

use super::{Explainer, Step};
use crate::assessment::{HopKind, Route};
use crate::assessor::Assessor;
use crate::flat::{FlatSurface, STALE};

/// Best observed way to every device: its probability and last step; none for a foothold.
#[derive(Debug, Default)]
pub(super) struct Observed {
    best: Vec<f64>,
    steps: Vec<Option<Step>>,
}

impl Observed {
    /// The best ways of at most `hops` - 1 conversations, so that one more leads to a target.
    pub(super) fn of(assessor: &Assessor, hops: usize) -> Self {
        let flat = &assessor.flat;
        let mut observed = Self {
            best: assessor.layers.reached[0].clone(),
            steps: vec![None; flat.slots],
        };
        for _ in 1..hops {
            let before = observed.best.clone();
            for device in flat.in_order(&assessor.graph) {
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
            ways.push(way(assessor.layers.reached[0][stone as usize], None));
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
        let mut routes: Vec<Route> = Vec::new();
        let mut used: Vec<(u32, Option<u32>)> = Vec::new();
        for way in ways {
            let ends = (way.stone, way.first.map(|step| step.from));
            if routes.len() == most || used.contains(&ends) {
                continue;
            }
            used.push(ends);
            let mut steps = vec![];
            let mut at = way.stone;
            let mut next = way.first;
            while let Some(step) = next {
                steps.push((at, step));
                at = step.from;
                next = self.observed.steps[at as usize];
                // A way that meets itself is no way.
                if steps.iter().any(|(to, _)| *to == at) || at == pair.device {
                    break;
                }
            }
            if steps.iter().any(|(to, _)| *to == at) || at == pair.device {
                continue;
            }
            let mut hops = vec![self.entry_hop(at)];
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
}
