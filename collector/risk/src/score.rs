//! Both engines to one number per pair and per device, and the cut.

use crate::campaign::Field;
use crate::document::{DecisionEntry, DecisionKind};
use crate::flat::{FlatPair, LOCAL, PHYSICAL};
use crate::graph::{Graph, NONE, Pair};
use crate::layers::Layers;
use crate::site::day_of;
use crate::worlds::{LATERAL, UNIT, Worlds, crossings, scan_units};

/// A pair's numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Score {
    pub pair: u32,
    /// Probability per campaign that the pair is used: engine A.
    pub layers: f64,
    /// Engine B.
    pub worlds: f64,
    /// sqrt of their product.
    pub likelihood: f64,
    /// likelihood x impact x consequence.
    pub score: f64,
    /// The score from even and from odd worlds alone.
    pub halves: [f64; 2],
    /// May be on the to-do list: not switched off, not closed, not accepted.
    pub open: bool,
}

/// A device's numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Reach {
    pub layers: f64,
    pub worlds: f64,
    pub likelihood: f64,
}

impl Score {
    /// No pair's score.
    pub(crate) const NONE: Self = Self {
        pair: NONE,
        layers: 0.0,
        worlds: 0.0,
        likelihood: 0.0,
        score: 0.0,
        halves: [0.0; 2],
        open: false,
    };
}

/// What many scores have in common, on the grid: it moves seldom.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Common {
    /// By group: attempts over links in all worlds.
    pub crossings: Vec<f64>,
    /// By weakness: using devices anywhere in capable worlds, and what share they are of those in all worlds.
    pub spread: Vec<[f64; 2]>,
}

/// The same of even and of odd worlds alone, as it is.
#[derive(Debug, Clone, Default)]
struct Halves {
    crossings: Vec<[f64; 2]>,
    crowd: [f64; 2],
}

/// Everything scores are read from.
#[derive(Debug)]
pub(crate) struct Scales<'a> {
    field: &'a Field<'a>,
    layers: &'a Layers,
    worlds: &'a Worlds,
    pub common: Common,
}

impl<'a> Scales<'a> {
    pub(crate) fn of(field: &'a Field<'a>, layers: &'a Layers, worlds: &'a Worlds) -> Self {
        let grid = layers.grid;
        let crossings = crossings(worlds, field).into_iter();
        let all: i64 = worlds.crowd_all.iter().map(|one| one[0] + one[1]).sum();
        let spread = worlds.spread.iter().map(|one| {
            let own = (one[0] + one[1]) as f64;
            let share = if all > 0 { own / all as f64 } else { 0.0 };
            [grid.worlds(own), grid.worlds(share)]
        });
        let common = Common {
            crossings: crossings
                .map(|[even, odd]| grid.worlds(even + odd))
                .collect(),
            spread: spread.collect(),
        };
        Self {
            field,
            layers,
            worlds,
            common,
        }
    }

    fn halves(&self) -> Halves {
        let sum = |side: usize| {
            self.worlds
                .crowd_all
                .iter()
                .map(|one| one[side])
                .sum::<i64>()
        };
        Halves {
            crossings: crossings(self.worlds, self.field),
            crowd: [sum(0) as f64, sum(1) as f64],
        }
    }

    /// Expected attempts on a pair over links in its capable worlds: those of all worlds, times the weakness's share of all using
    /// devices (a campaign that is capable of it is larger everywhere); those from anywhere; and those from outside, which come in every
    /// world alike.
    fn crossing(&self, pair: &FlatPair) -> f64 {
        let surface = &self.field.flat.surfaces[pair.place as usize];
        let groups = &self.field.flat.groups[surface.groups.0 as usize..surface.groups.1 as usize];
        let sum: f64 = groups
            .iter()
            .map(|group| self.common.crossings[*group as usize])
            .sum();
        let [spread, share] = self.common.spread[pair.weakness as usize];
        let (door, far) = self.outside(pair);
        let capable = self.worlds.capable.count[pair.weakness as usize];
        door * f64::from(capable[0] + capable[1]) + far * spread + surface.unobserved * sum * share
    }

    /// The same in even or in odd worlds.
    fn half_crossing(&self, pair: &FlatPair, halves: &Halves, side: usize) -> f64 {
        let surface = &self.field.flat.surfaces[pair.place as usize];
        let groups = &self.field.flat.groups[surface.groups.0 as usize..surface.groups.1 as usize];
        let sum: f64 = groups
            .iter()
            .map(|group| halves.crossings[*group as usize][side])
            .sum();
        let spread = self.worlds.spread[pair.weakness as usize][side] as f64;
        let (door, far) = self.outside(pair);
        let capable = f64::from(self.worlds.capable.count[pair.weakness as usize][side]);
        let share = if halves.crowd[side] > 0.0 {
            spread / halves.crowd[side]
        } else {
            0.0
        };
        door * capable + far * spread + surface.unobserved * sum * share
    }

    /// Attempts on a pair from outside in each world, and by one using device anywhere.
    fn outside(&self, pair: &FlatPair) -> (f64, f64) {
        let flat = self.field.flat;
        let surface = &flat.surfaces[pair.place as usize];
        if !surface.routed {
            return (0.0, 0.0);
        }
        let segment = self.field.segment(surface.device) as usize;
        let contact = flat.site[usize::from(flat.power[segment])];
        let door = flat.door[surface.device as usize];
        (door, surface.unobserved * contact / LATERAL)
    }

    fn graph(&self) -> &Graph {
        self.field.graph
    }

    /// A device's probability per campaign.
    pub(crate) fn reach(&self, slot: u32) -> Reach {
        let layers = self.layers.reached[self.layers.reached.len() - 1][slot as usize];
        let prior = self.graph().policy.worlds.prior;
        let count = f64::from(self.worlds.count);
        let visits = self.worlds.visits[slot as usize].len() as f64;
        let worlds = (visits + prior * layers) / (count + prior);
        Reach {
            layers,
            worlds,
            likelihood: libm::sqrt(layers * worlds),
        }
    }

    /// Scores of all pairs of active devices, in key order, with those of even and of odd worlds.
    pub(crate) fn pairs(&self) -> Vec<Score> {
        let flat = self.field.flat;
        let halves = self.halves();
        let mut scores = Vec::with_capacity(flat.pairs.len());
        for device in flat.in_order(self.graph()) {
            for pair in flat.pairs_of(device.slot) {
                scores.push(self.score(device.slot, pair, Some(&halves)));
            }
        }
        scores
    }

    /// A pair's score, without that of even and of odd worlds.
    pub(crate) fn pair(&self, device: u32, pair: &FlatPair) -> Score {
        self.score(device, pair, None)
    }

    fn score(&self, device: u32, pair: &FlatPair, halves: Option<&Halves>) -> Score {
        let (layers, [worlds, even, odd]) = match pair.place {
            LOCAL => {
                let reach = self.reach(device);
                (reach.layers * pair.s, [reach.worlds * pair.s; 3])
            }
            PHYSICAL => {
                let begins = if Graph::at_hand(self.graph().device(device)) {
                    self.field.flat.entry[device as usize]
                } else {
                    0.0
                };
                (begins * pair.s, [begins * pair.s; 3])
            }
            _ => self.on_surface(pair, halves),
        };
        let likelihood = libm::sqrt(layers * worlds);
        let half = |side: f64| {
            if halves.is_some() {
                libm::sqrt(layers * side) * pair.weight
            } else {
                0.0
            }
        };
        Score {
            pair: pair.slot,
            layers,
            worlds,
            likelihood,
            score: likelihood * pair.weight,
            halves: [half(even), half(odd)],
            open: pair.open,
        }
    }

    /// The last hop integrated out: s (1 - exp(-expected attempts in capable worlds)); the layered estimate counts as `prior` worlds.
    fn on_surface(&self, pair: &FlatPair, halves: Option<&Halves>) -> (f64, [f64; 3]) {
        let attempted = self.layers.met(pair.place);
        let talks = self.worlds.attempts[pair.slot as usize];
        let scans = scan_units(self.worlds, self.field, pair);
        let count = self.worlds.capable.count[pair.weakness as usize];
        let prior = self.graph().policy.worlds.prior;
        let expected = -libm::log1p(-attempted.min(1.0 - 1e-12));
        let estimate = |units: i64, crossing: f64, worlds: f64| {
            let seen = units.max(0) as f64 / UNIT + crossing;
            let attempts = (seen + prior * expected) / (worlds + prior).max(1e-9);
            pair.s * -libm::expm1(-attempts)
        };
        let half = |n: usize| {
            halves.map_or(0.0, |halves| {
                let crossing = self.half_crossing(pair, halves, n);
                estimate(talks[n] + scans[n], crossing, f64::from(count[n]))
            })
        };
        let whole = estimate(
            talks[0] + talks[1] + scans[0] + scans[1],
            self.crossing(pair),
            f64::from(count[0] + count[1]),
        );
        (attempted * pair.s, [whole, half(0), half(1)])
    }
}

/// Which pairs are on the to-do list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Cut {
    /// Pairs in the cut, worst first.
    pub listed: Vec<u32>,
    /// Scores above this are in.
    pub bound: f64,
    /// Scores above this are watched.
    pub watch: f64,
    /// Share of `direct` that the cut covers.
    pub covered: f64,
    /// Sum of the scores of all pairs that are not accepted: the direct loss that goes through known weaknesses.
    pub direct: f64,
}

/// Worst first; equal scores by names, so that the order is the same for every history.
pub(crate) fn worse(graph: &Graph, a: &Score, b: &Score) -> std::cmp::Ordering {
    b.score.total_cmp(&a.score).then_with(|| {
        names(graph, &graph.pairs[a.pair as usize])
            .cmp(&names(graph, &graph.pairs[b.pair as usize]))
    })
}

/// Device, weakness and service of a pair.
pub(crate) fn names<'a>(graph: &'a Graph, pair: &Pair) -> (&'a str, &'a str, Option<&'a str>) {
    (
        &graph.device(pair.device).id,
        &graph.weaknesses[pair.weakness as usize].id,
        pair.service
            .map(|service| &*graph.services[service as usize].0),
    )
}

/// Whether a decision takes a pair off the list: not past its date, not grown beyond the policy's factor, no new KEV entry.
pub(crate) fn accepted(graph: &Graph, pair: &Pair, through: f64) -> bool {
    let (device, weakness, _) = names(graph, pair);
    let kev = graph.weaknesses[pair.weakness as usize].known.kev;
    graph.decisions.iter().any(|decision: &DecisionEntry| {
        decision.kind == DecisionKind::Accepted
            && decision.device == device
            && decision
                .weakness
                .as_deref()
                .is_none_or(|own| own == weakness)
            && day_of(&decision.until).is_some_and(|until| graph.day <= until)
            && decision
                .through
                .is_none_or(|then| through <= then * graph.policy.cut.accepted_growth)
            && (decision.kev || !kev)
    })
}
