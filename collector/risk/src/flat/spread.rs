//! The odds that depend on the scale of attempts.

use super::{Flat, FlatLink};
use crate::graph::{Graph, ring_size};

/// Probability of at least one hit in `attempts` spread evenly over `choices`.
pub(crate) fn hit(attempts: f64, choices: f64) -> f64 {
    -libm::expm1(-attempts / choices)
}

impl Flat {
    /// Sets everything that depends on the scale of attempts.
    pub(crate) fn spread(&mut self, graph: &Graph) {
        let p = &graph.policy.propagation;
        let attempts = graph.scale * p.conversation_attempts;
        let steps: Vec<(f64, f64)> = (0..33)
            .map(|power| {
                let choices = libm::exp2(f64::from(power));
                (
                    hit(attempts, choices),
                    hit(attempts * p.stale_factor, choices),
                )
            })
            .collect();
        self.fresh = vec![0.0; self.slots];
        self.stale = vec![0.0; self.slots];
        for slot in &graph.order {
            let power = usize::from(self.fan[*slot as usize]);
            (self.fresh[*slot as usize], self.stale[*slot as usize]) = steps[power];
        }
        self.serve = hit(graph.scale * p.served_content, 1.0);
        self.scan = graph
            .segments
            .iter()
            .map(|segment| {
                hit(
                    graph.scale * p.segment_attempts,
                    f64::from(ring_size(segment.members.len() as u32)),
                )
            })
            .collect();
        self.spread_site(graph);
        self.links.clear();
        self.group_links.clear();
        let mut places = vec![0; graph.links.len()];
        let contacts: Vec<f64> = (0..65)
            .map(|power| hit(graph.scale * p.link_attempts, libm::exp2(f64::from(power))))
            .collect();
        for group in &graph.groups {
            let start = self.links.len() as u32;
            for (_, link) in &group.links {
                places[*link as usize] = self.links.len() as u32;
                let link = &graph.links[*link as usize];
                let choices = ring_size(graph.segments[link.from as usize].links.len() as u32);
                let power = choices.trailing_zeros() + ring_size(group.offers).trailing_zeros();
                let contact = contacts[power as usize] * link.belief(&graph.policy);
                self.links.push(FlatLink {
                    from: link.from,
                    contact,
                });
            }
            self.group_links.push((start, self.links.len() as u32));
        }
        self.leaving = graph
            .segments
            .iter()
            .map(|segment| {
                let links = segment.links.iter();
                links
                    .map(|(_, link)| (graph.links[*link as usize].group, places[*link as usize]))
                    .collect()
            })
            .collect();
    }

    /// Attempts from anywhere go to a random segment and there to a random device.
    fn spread_site(&mut self, graph: &Graph) {
        self.power = graph
            .segments
            .iter()
            .map(|segment| ring_size(segment.members.len() as u32).trailing_zeros() as u8)
            .collect();
        self.segments = graph
            .segments
            .iter()
            .zip(0..)
            .filter(|(segment, _)| !segment.members.is_empty())
            .map(|(segment, slot)| (segment.key, slot))
            .collect();
        self.segments.sort_unstable();
        let choices = f64::from(ring_size(self.segments.len() as u32));
        let attempts = graph.scale * graph.policy.propagation.site_attempts;
        let most = self.power.iter().copied().max().unwrap_or(0);
        self.site = (0..=most)
            .map(|power| hit(attempts, choices * libm::exp2(f64::from(power))))
            .collect();
    }
}
