//! Why: the factors of a score and the routes an attacker can take, with the evidence of every hop.

use crate::assessment::{Hop, HopKind, Route};
use crate::assessor::Assessor;
use crate::flat::FlatSurface;
use crate::graph::{NONE, Place};

mod observed;
use observed::{Observed, talks};
mod taken;
pub use taken::WorldRoute;

mod factors;

/// How the best route to a device takes its last step.
#[derive(Debug, Clone, Copy)]
struct Step {
    from: u32,
    /// Place of the surface in the flat graph.
    place: u32,
    kind: HopKind,
    probability: f64,
}

/// Best routes of at most t hops, for every device and t.
#[derive(Debug)]
pub(crate) struct Explainer<'a> {
    assessor: &'a Assessor,
    best: Vec<Vec<f64>>,
    steps: Vec<Vec<Option<Step>>>,
    observed: Observed,
}

/// The likeliest and the second likeliest attacker of a segment: nobody attacks himself.
type Pairing = [(u32, f64); 2];

impl<'a> Explainer<'a> {
    pub(crate) fn of(assessor: &'a Assessor) -> Self {
        let hops = usize::from(assessor.graph.policy.propagation.hops);
        let mut explainer = Self {
            assessor,
            best: vec![assessor.layers.reached[0].clone()],
            steps: vec![vec![None; assessor.flat.slots]],
            observed: Observed::of(assessor, hops),
        };
        for t in 0..hops {
            explainer.extend(t);
        }
        explainer
    }

    fn extend(&mut self, t: usize) {
        let flat = &self.assessor.flat;
        let champions = self.champions(t);
        let mut best = self.best[t].clone();
        let mut steps = self.steps[t].clone();
        for device in flat.in_order(&self.assessor.graph) {
            let slot = device.slot as usize;
            for number in device.surfaces.0..device.surfaces.1 {
                let surface = &flat.surfaces[number as usize];
                if surface.x == 0.0 {
                    continue;
                }
                self.approaches(surface, &champions, &mut |from, kind, contact| {
                    let probability = contact * surface.x;
                    let total = self.best[t][from as usize] * probability;
                    if total > best[slot] {
                        best[slot] = total;
                        steps[slot] = Some(Step {
                            from,
                            place: number,
                            kind,
                            probability,
                        });
                    }
                });
            }
        }
        self.best.push(best);
        self.steps.push(steps);
    }

    /// By segment, and last those of the whole site.
    fn champions(&self, t: usize) -> Vec<Pairing> {
        let flat = &self.assessor.flat;
        let mut champions = vec![[(NONE, 0.0); 2]; self.assessor.graph.segments.len() + 1];
        let site = champions.len() - 1;
        for device in flat.in_order(&self.assessor.graph) {
            let out = self.best[t][device.slot as usize] * flat.lateral[device.slot as usize];
            for own in [device.segment as usize, site] {
                let two = &mut champions[own];
                if out > two[0].1 {
                    two[1] = two[0];
                    two[0] = (device.slot, out);
                } else if out > two[1].1 {
                    two[1] = (device.slot, out);
                }
            }
        }
        champions
    }

    /// Calls `each` with every likely source of an attempt on a surface: source, kind, probability of the attempt.
    fn approaches(
        &self,
        surface: &FlatSurface,
        champions: &[Pairing],
        each: &mut dyn FnMut(u32, HopKind, f64),
    ) {
        let flat = &self.assessor.flat;
        let act = self.assessor.graph.policy.propagation.act;
        talks(self.assessor, surface, &mut *each);
        let segment = self.assessor.graph.device(surface.device).segment;
        if surface.scanned {
            let of = champions[segment as usize]
                .iter()
                .find(|(slot, _)| *slot != NONE && *slot != surface.device);
            if let Some((from, _)) = of {
                let contact = flat.scan[segment as usize] * flat.lateral[*from as usize];
                each(*from, HopKind::Segment, act * contact * surface.unobserved);
            }
        }
        if surface.routed {
            let of = champions[champions.len() - 1]
                .iter()
                .find(|(slot, _)| *slot != NONE && *slot != surface.device);
            if let Some((from, _)) = of {
                let contact = flat.site[usize::from(flat.power[segment as usize])];
                let contact = contact * flat.lateral[*from as usize];
                each(*from, HopKind::Site, act * contact * surface.unobserved);
            }
        }
        for group in &flat.groups[surface.groups.0 as usize..surface.groups.1 as usize] {
            for link in &flat.links[*group as usize] {
                let (from, _) = champions[link.from as usize][0];
                if from != NONE {
                    let contact = link.contact * flat.lateral[from as usize];
                    each(from, HopKind::Link, act * contact * surface.unobserved);
                }
            }
        }
    }

    /// The `most` likeliest routes to a pair, each over another last attacker, and as many of conversations that were seen all the way.
    pub(crate) fn routes(&self, number: u32, most: usize) -> Vec<Route> {
        let graph = &self.assessor.graph;
        let pair = &graph.pairs[number as usize];
        let hops = self.best.len() - 1;
        match pair.place {
            Place::Surface(slot) => self.routes_to(slot, number, most),
            Place::Local | Place::Physical => {
                let (at, kind) = if pair.place == Place::Local {
                    (hops, HopKind::Local)
                } else {
                    (0, HopKind::Physical)
                };
                let probability = self.best[at][pair.device as usize] * pair.s;
                if probability == 0.0 {
                    return Vec::new();
                }
                let mut route = self.unwind(pair.device, at);
                route.push(self.hop(pair.device, pair.device, number, kind, pair.s));
                vec![Route {
                    hops: route,
                    probability,
                }]
            }
        }
    }

    fn routes_to(&self, slot: u32, number: u32, most: usize) -> Vec<Route> {
        let pair = &self.assessor.graph.pairs[number as usize];
        let t = self.best.len() - 2;
        let flat = &self.assessor.flat;
        let place = flat.place[slot as usize] as usize;
        let mut candidates: Vec<(f64, u32, HopKind, f64)> = Vec::new();
        self.approaches(
            &flat.surfaces[place],
            &self.champions(t),
            &mut |from, kind, contact| {
                let total = self.best[t][from as usize] * contact * pair.s;
                if total > 0.0 {
                    candidates.push((total, from, kind, contact * pair.s));
                }
            },
        );
        let door = flat.door[pair.device as usize];
        let name = |slot: u32| &self.assessor.graph.device(slot).id;
        candidates.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| name(a.1).cmp(name(b.1))));
        let mut routes: Vec<Route> = Vec::new();
        let mut used = Vec::new();
        if door > 0.0 && flat.surfaces[place].routed {
            routes.push(self.outside(number, door));
        }
        for (probability, from, kind, step) in candidates {
            if routes.len() == most {
                break;
            }
            let mut hops = self.unwind(from, t);
            let target = name(pair.device);
            if used.contains(&from) || hops.iter().any(|hop| *hop.to == **target) {
                continue;
            }
            used.push(from);
            hops.push(self.hop(from, pair.device, number, kind, step));
            routes.push(Route { hops, probability });
        }
        let more = self.observed_routes(place, number, most);
        for route in more {
            let same = |own: &Route| {
                own.hops
                    .iter()
                    .map(|hop| &hop.to)
                    .eq(route.hops.iter().map(|hop| &hop.to))
            };
            if !routes.iter().any(same) {
                routes.push(route);
            }
        }
        routes
    }

    /// The best route to a device in at most `t` hops.
    fn unwind(&self, device: u32, t: usize) -> Vec<Hop> {
        let mut hops = Vec::new();
        let (mut at, mut t) = (device, t);
        while let Some(step) = self.steps[t][at as usize] {
            hops.extend(self.step(at, step));
            at = step.from;
            // A step of layer t was taken from layer t - 1 or carried up from below, where it stood on a better or equal one.
            t -= 1;
        }
        hops.push(self.entry_hop(at));
        hops.reverse();
        hops
    }

    /// A step to a device as a hop over the likeliest weakness of its surface.
    fn step(&self, to: u32, step: Step) -> Option<Hop> {
        let surface = &self.assessor.flat.surfaces[step.place as usize];
        let pairs = &self.assessor.graph.surfaces[surface.slot as usize].pairs;
        let best = pairs.iter().copied().max_by(|a, b| {
            let t = |pair: &u32| self.assessor.graph.pairs[*pair as usize].t;
            t(a).total_cmp(&t(b))
        })?;
        Some(self.hop(step.from, to, best, step.kind, step.probability))
    }

    /// The attack on an exposed device from outside.
    fn outside(&self, number: u32, door: f64) -> Route {
        let graph = &self.assessor.graph;
        let pair = &graph.pairs[number as usize];
        let hop = Hop {
            service: pair
                .service
                .map(|service| graph.services[service as usize].0.to_string()),
            weakness: Some(graph.weaknesses[pair.weakness as usize].id.to_string()),
            probability: door * pair.s,
            evidence: "exposed: attacked from outside".to_owned(),
            ..self.entry_hop(pair.device)
        };
        Route {
            probability: hop.probability,
            hops: vec![hop],
        }
    }

    fn entry_hop(&self, device: u32) -> Hop {
        let own = self.assessor.graph.device(device);
        let kind = own.way_in.map_or_else(
            || "none".to_owned(),
            |(kind, weight)| format!("{}, weight {weight}", factors::way_in(kind)),
        );
        Hop {
            from: None,
            to: own.id.to_string(),
            service: None,
            weakness: None,
            probability: self.observed.begin[device as usize],
            kind: HopKind::Entry,
            evidence: format!("campaigns begin here: {kind}"),
        }
    }

    fn hop(&self, from: u32, to: u32, pair: u32, kind: HopKind, probability: f64) -> Hop {
        let graph = &self.assessor.graph;
        let own = &graph.pairs[pair as usize];
        let service = own
            .service
            .or_else(|| self.talk(from, to).map(|talk| talk.0));
        Hop {
            from: Some(graph.device(from).id.to_string()),
            to: graph.device(to).id.to_string(),
            service: service.map(|service| graph.services[service as usize].0.to_string()),
            weakness: Some(graph.weaknesses[own.weakness as usize].id.to_string()),
            probability,
            kind,
            evidence: self.evidence(from, to, own.service, kind),
        }
    }

    fn talk(&self, from: u32, to: u32) -> Option<(u32, u32, u32)> {
        self.assessor
            .graph
            .device(from)
            .out
            .iter()
            .filter(|talk| talk.peer == to)
            .min_by_key(|talk| talk.days_since)
            .map(|talk| (talk.service, talk.days_since, talk.days_seen))
    }

    fn evidence(&self, from: u32, to: u32, service: Option<u32>, kind: HopKind) -> String {
        let graph = &self.assessor.graph;
        let (a, b) = (graph.device(from), graph.device(to));
        let segment = |slot: u32| &graph.segments[slot as usize].id;
        match kind {
            HopKind::Conversation | HopKind::ServedContent => {
                let (client, server) = if kind == HopKind::Conversation {
                    (a, to)
                } else {
                    (b, from)
                };
                client
                    .out
                    .iter()
                    .filter(|talk| {
                        talk.peer == server && service.is_none_or(|own| own == talk.service)
                    })
                    .min_by_key(|talk| talk.days_since)
                    .map_or_else(
                        || "conversation".to_owned(),
                        |talk| {
                            format!(
                                "conversation over {} seen {}, on {}",
                                graph.services[talk.service as usize].0,
                                match talk.days_since {
                                    0 => "today".to_owned(),
                                    days => format!("{} ago", factors::days(days)),
                                },
                                factors::days(talk.days_seen)
                            )
                        },
                    )
            }
            HopKind::Segment => format!("same segment {}, not observed", segment(a.segment)),
            HopKind::Link => format!(
                "link from {} to {}, not observed between these two",
                segment(a.segment),
                segment(b.segment)
            ),
            HopKind::Site => format!(
                "from {} to {}: nothing seen, nothing known to forbid it",
                segment(a.segment),
                segment(b.segment)
            ),
            HopKind::Local => "already on the device".to_owned(),
            HopKind::Physical => "hands reach the device".to_owned(),
            HopKind::Entry => "entry".to_owned(),
        }
    }
}
