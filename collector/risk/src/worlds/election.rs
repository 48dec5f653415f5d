//! Who a campaign begins with: weighted rendezvous among the entries.

use super::Worlds;
use crate::coin;
use crate::graph::{Graph, NONE};

impl Worlds {
    /// Settles the elections after the entries of `changed` devices changed; gives the worlds whose foothold may differ.
    pub(crate) fn elect(&mut self, graph: &Graph, runners: &[u32], changed: &[u32]) -> Vec<u32> {
        let mut affected = Vec::new();
        for world in 0..self.count {
            let (winner, best) = self.footholds[world as usize];
            let mut now = (winner, best);
            if changed.contains(&winner) {
                now = elect(graph, world, runners, (NONE, f64::INFINITY));
            } else {
                let runners: Vec<u32> = changed
                    .iter()
                    .copied()
                    .filter(|slot| {
                        graph.devices[*slot as usize]
                            .as_ref()
                            .is_some_and(|d| d.active)
                    })
                    .collect();
                now = elect(graph, world, &runners, now);
            }
            if changed.contains(&winner) || now.0 != winner {
                affected.push(world);
            }
            self.footholds[world as usize] = now;
        }
        affected
    }
}

pub(super) fn elections(graph: &Graph, runners: &[u32], count: u32) -> Vec<(u32, f64)> {
    (0..count)
        .map(|world| elect(graph, world, runners, (NONE, f64::INFINITY)))
        .collect()
}

/// Weighted rendezvous: least -ln(u)/weight wins, so one entry more or less changes only the worlds it wins.
fn elect(graph: &Graph, world: u32, runners: &[u32], mut best: (u32, f64)) -> (u32, f64) {
    let salt = coin::world(world);
    for slot in runners {
        let device = graph.device(*slot);
        let Some((_, weight)) = device.way_in else {
            continue;
        };
        if weight <= 0.0 {
            continue;
        }
        let u = coin::uniform(coin::join(device.key, coin::kind::ENTRY), salt);
        // -ln(u) >= 1 - u spares most logarithms.
        if (1.0 - u) / weight >= best.1 {
            continue;
        }
        let score = -libm::log(u) / weight;
        if score < best.1 {
            best = (*slot, score);
        }
    }
    best
}
