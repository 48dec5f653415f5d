//! The odds that depend on the scale of attempts.

use super::{Flat, FlatLink};
use crate::graph::{Graph, ring_size};

/// Probability of at least one hit in `attempts` spread evenly over `choices`.
pub(crate) fn hit(attempts: f64, choices: f64) -> f64 {
    -libm::expm1(-attempts / choices)
}

/// Odds by powers of two of the choices.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Odds {
    /// Of one conversation, fresh and stale.
    talk: Vec<(f64, f64)>,
    /// Of one surface behind a link.
    contact: Vec<f64>,
}

impl Odds {
    fn of(graph: &Graph) -> Self {
        let p = &graph.policy.propagation;
        let attempts = graph.scale * p.conversation_attempts;
        Self {
            talk: (0..33)
                .map(|power| {
                    let choices = libm::exp2(f64::from(power));
                    (
                        hit(attempts, choices),
                        hit(attempts * p.stale_factor, choices),
                    )
                })
                .collect(),
            contact: (0..65)
                .map(|power| hit(graph.scale * p.link_attempts, libm::exp2(f64::from(power))))
                .collect(),
        }
    }
}

impl Flat {
    /// Sets everything that depends on the scale of attempts.
    pub(crate) fn spread(&mut self, graph: &Graph) {
        self.odds = Odds::of(graph);
        for slot in &graph.order {
            self.spread_talks(*slot, true);
        }
        self.serve = hit(graph.scale * graph.policy.propagation.served_content, 1.0);
        self.spread_segments(graph);
        for segment in 0..graph.segments.len() {
            self.leaving[segment] = links_power(graph, segment);
        }
        for group in 0..graph.groups.len() {
            self.offers[group] = offers_power(graph, group);
            self.links[group] = self.links_into(graph, group as u32);
            self.note_contacts(graph, group);
        }
    }

    /// Sets the odds of a device's conversations; none of one that is not active.
    pub(super) fn spread_talks(&mut self, slot: u32, active: bool) {
        let slot = slot as usize;
        let power = usize::from(self.fan[slot]);
        (self.fresh[slot], self.stale[slot]) = match active {
            true => self.odds.talk[power],
            false => (0.0, 0.0),
        };
    }

    /// The links that lead into a group, in key order.
    pub(super) fn links_into(&self, graph: &Graph, group: u32) -> Vec<FlatLink> {
        let offers = u32::from(self.offers[group as usize]);
        let links = graph.groups[group as usize].links.iter();
        links
            .map(|(_, link)| {
                let link = &graph.links[*link as usize];
                let power = u32::from(self.leaving[link.from as usize]) + offers;
                FlatLink {
                    from: link.from,
                    contact: self.odds.contact[power as usize] * link.belief(&graph.policy),
                }
            })
            .collect()
    }

    /// Notes a group's contacts by link.
    pub(super) fn note_contacts(&mut self, graph: &Graph, group: usize) {
        for ((_, link), flat) in graph.groups[group].links.iter().zip(&self.links[group]) {
            self.contact[*link as usize] = flat.contact;
        }
    }

    /// Attempts within segments; and those from anywhere, which go to a random segment and there to a random device.
    pub(super) fn spread_segments(&mut self, graph: &Graph) {
        let p = &graph.policy.propagation;
        let rings = graph
            .segments
            .iter()
            .map(|segment| ring_size(segment.members.len() as u32));
        self.scan = rings
            .clone()
            .map(|ring| hit(graph.scale * p.segment_attempts, f64::from(ring)))
            .collect();
        self.power = rings.map(|ring| ring.trailing_zeros() as u8).collect();
        self.segments = graph
            .segments
            .iter()
            .zip(0..)
            .filter(|(segment, _)| !segment.members.is_empty())
            .map(|(segment, slot)| (segment.key, slot))
            .collect();
        self.segments.sort_unstable();
        let choices = f64::from(ring_size(self.segments.len() as u32));
        let attempts = graph.scale * p.site_attempts;
        let most = self.power.iter().copied().max().unwrap_or(0);
        self.site = (0..=most)
            .map(|power| hit(attempts, choices * libm::exp2(f64::from(power))))
            .collect();
        let least = self
            .segments
            .iter()
            .map(|(_, slot)| self.power[*slot as usize])
            .min();
        self.far = self.site[usize::from(least.unwrap_or(0))];
    }
}

/// Power of two of the links that start in a segment.
pub(super) fn links_power(graph: &Graph, segment: usize) -> u8 {
    ring_size(graph.segments[segment].links.len() as u32).trailing_zeros() as u8
}

/// Power of two of the devices that offer a group.
pub(super) fn offers_power(graph: &Graph, group: usize) -> u8 {
    ring_size(graph.groups[group].offers).trailing_zeros() as u8
}
