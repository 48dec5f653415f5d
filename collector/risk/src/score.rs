//! Both engines to one number per pair and per device, and the cut.

use crate::campaign::Field;
use crate::document::{DecisionEntry, DecisionKind};
use crate::flat::{FlatPair, LOCAL, PHYSICAL};
use crate::graph::{Graph, Pair};
use crate::impact::HumanImpact;
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

/// Everything scores are read from.
#[derive(Debug)]
pub(crate) struct Scales<'a> {
    field: &'a Field<'a>,
    layers: &'a Layers,
    worlds: &'a Worlds,
    /// By group: attempts over links in all worlds.
    crossings: Vec<[f64; 2]>,
    /// Using devices anywhere in all worlds.
    crowd: [f64; 2],
}

impl<'a> Scales<'a> {
    pub(crate) fn of(field: &'a Field<'a>, layers: &'a Layers, worlds: &'a Worlds) -> Self {
        let mut crowd = [0_i64; 2];
        for one in &worlds.crowd_all {
            crowd[0] += one[0];
            crowd[1] += one[1];
        }
        Self {
            field,
            layers,
            worlds,
            crossings: crossings(worlds, field),
            crowd: crowd.map(|crowd| crowd as f64),
        }
    }

    /// Expected attempts on a pair over links in its capable worlds: those of all worlds, times the weakness's share of all using
    /// devices (a campaign that is capable of it is larger everywhere).
    fn crossing(&self, pair: &FlatPair) -> [f64; 3] {
        let surface = &self.field.flat.surfaces[pair.place as usize];
        let groups = &self.field.flat.groups[surface.groups.0 as usize..surface.groups.1 as usize];
        let mut sum = [0.0; 2];
        for group in groups {
            let own = self.crossings[*group as usize];
            sum[0] += own[0];
            sum[1] += own[1];
        }
        let spread = self.worlds.spread[pair.weakness as usize].map(|spread| spread as f64);
        let share = |attempts: f64, part: f64, whole: f64| {
            if whole > 0.0 {
                surface.unobserved * attempts * part / whole
            } else {
                0.0
            }
        };
        // What comes from outside comes in every world alike.
        let capable = self.worlds.capable.count[pair.weakness as usize].map(f64::from);
        let door = if surface.routed {
            self.field.flat.door[surface.device as usize]
        } else {
            0.0
        };
        let far = if surface.routed {
            let segment = self.field.segment(surface.device) as usize;
            let contact = self.field.flat.site[usize::from(self.field.flat.power[segment])];
            surface.unobserved * contact / LATERAL
        } else {
            0.0
        };
        [
            door * (capable[0] + capable[1])
                + far * (spread[0] + spread[1])
                + share(
                    sum[0] + sum[1],
                    spread[0] + spread[1],
                    self.crowd[0] + self.crowd[1],
                ),
            door * capable[0] + far * spread[0] + share(sum[0], spread[0], self.crowd[0]),
            door * capable[1] + far * spread[1] + share(sum[1], spread[1], self.crowd[1]),
        ]
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

    /// Scores of all pairs of active devices, in key order; without `halves` those are zero.
    pub(crate) fn pairs(&self, halves: bool) -> Vec<Score> {
        let flat = self.field.flat;
        let mut scores = Vec::with_capacity(flat.pairs.len());
        for device in &flat.devices {
            for pair in &flat.pairs[device.pairs.0 as usize..device.pairs.1 as usize] {
                scores.push(self.pair(device.slot, pair, halves));
            }
        }
        scores
    }

    fn pair(&self, device: u32, pair: &FlatPair, halves: bool) -> Score {
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
            if halves {
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
    fn on_surface(&self, pair: &FlatPair, halves: bool) -> (f64, [f64; 3]) {
        let attempted = self.layers.attempted[self.layers.attempted.len() - 1][pair.place as usize];
        let talks = self.worlds.attempts[pair.slot as usize];
        let scans = scan_units(self.worlds, self.field, pair);
        let crossings = self.crossing(pair);
        let count = self.worlds.capable.count[pair.weakness as usize];
        let prior = self.graph().policy.worlds.prior;
        let expected = -libm::log1p(-attempted.min(1.0 - 1e-12));
        let estimate = |units: i64, crossing: f64, worlds: f64| {
            let seen = units.max(0) as f64 / UNIT + crossing;
            let attempts = (seen + prior * expected) / (worlds + prior).max(1e-9);
            pair.s * -libm::expm1(-attempts)
        };
        let half = |n: usize| {
            if halves {
                estimate(talks[n] + scans[n], crossings[n + 1], f64::from(count[n]))
            } else {
                0.0
            }
        };
        let whole = estimate(
            talks[0] + talks[1] + scans[0] + scans[1],
            crossings[0],
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
    /// Scores above this stay in.
    pub leave: f64,
    /// Scores above this are watched.
    pub watch: f64,
    /// Share of the modelled direct loss that the cut covers.
    pub covered: f64,
}

/// Sets the cut: the smallest prefix that covers the policy's share of direct loss, at most its share of pairs, and every pair whose
/// likelihood on a very-high-impact device is above the policy's bound. A pair of `before` stays to `leave` times the depth.
pub(crate) fn cut(graph: &Graph, scores: &[Score], before: &dyn Fn(u32) -> bool) -> Cut {
    let policy = &graph.policy.cut;
    let mut open: Vec<&Score> = scores
        .iter()
        .filter(|score| score.open && score.score > 0.0)
        .collect();
    let most = libm::ceil(policy.share * scores.len() as f64) as usize;
    let keep = ((most as f64 * policy.leave) as usize)
        .max(libm::ceil(policy.watch_share * scores.len() as f64) as usize)
        .saturating_add(1)
        .min(open.len());
    if keep < open.len() {
        open.select_nth_unstable_by(keep, |a, b| b.score.total_cmp(&a.score));
    }
    // Sums in key order are the same for every history.
    let total: f64 = scores
        .iter()
        .filter(|score| score.open)
        .map(|score| score.score)
        .sum();
    let head = &mut open[..keep];
    head.sort_unstable_by(|a, b| worse(graph, a, b));
    let mut depth = 0;
    let mut sum = 0.0;
    while depth < most.min(head.len()) && sum < policy.covered * total {
        sum += head[depth].score;
        depth += 1;
    }
    let at = |place: usize| head.get(place).map_or(0.0, |score| score.score);
    let stay = (depth as f64 * policy.leave) as usize;
    let mut listed: Vec<&Score> = head[..depth].to_vec();
    listed.extend(
        head.iter()
            .skip(depth)
            .take(stay.saturating_sub(depth))
            .filter(|score| before(score.pair)),
    );
    let last = listed.last().map_or(f64::INFINITY, |score| score.score);
    listed.extend(scores.iter().filter(|score| {
        let device = graph.device(graph.pairs[score.pair as usize].device);
        score.open
            && device.impact.human == HumanImpact::VeryHigh
            && score.likelihood > policy.very_high_probability
            && score.score <= last
    }));
    listed.sort_unstable_by(|a, b| worse(graph, a, b));
    listed.dedup_by_key(|score| score.pair);
    let covered: f64 = listed.iter().map(|score| score.score).sum();
    Cut {
        bound: if depth == 0 {
            f64::INFINITY
        } else {
            at(depth - 1)
        },
        leave: if stay == 0 {
            f64::INFINITY
        } else {
            at(stay.min(keep.max(1)) - 1)
        },
        watch: at(keep.saturating_sub(1)),
        covered: if total > 0.0 { covered / total } else { 0.0 },
        listed: listed.into_iter().map(|score| score.pair).collect(),
    }
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
