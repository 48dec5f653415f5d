//! Routes that campaigns of engine B took.

use std::collections::BTreeMap;

use crate::assessor::Assessor;
use crate::graph::NONE;

/// A route that campaigns took, and how many of those that reached the device took it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct WorldRoute {
    /// Devices from the foothold to the target.
    pub devices: Vec<String>,
    /// Weaknesses used, one a step.
    pub weaknesses: Vec<String>,
    /// Campaigns that took exactly this route.
    pub campaigns: u32,
    /// Campaigns that reached the target at all.
    pub of: u32,
}

impl Assessor {
    /// The routes that campaigns took to a device, most frequent first; `None` for an unknown device.
    pub fn world_routes(&self, device: &str, most: usize) -> Option<Vec<WorldRoute>> {
        let slot = *self.graph.device_by_id.get(device)?;
        let visits = &self.worlds.visits[slot as usize];
        let mut counts: BTreeMap<(Vec<String>, Vec<String>), u32> = BTreeMap::new();
        for visit in visits {
            let reached = &self.worlds.reached[visit.world as usize];
            let (mut devices, mut weaknesses) = (Vec::new(), Vec::new());
            let mut at = slot;
            while let Some(one) = reached.iter().find(|one| one.device == at) {
                devices.push(self.graph.device(at).id.to_string());
                if one.parent == NONE {
                    break;
                }
                let weakness = self.graph.pairs[one.pair as usize].weakness;
                weaknesses.push(self.graph.weaknesses[weakness as usize].id.to_string());
                at = one.parent;
            }
            devices.reverse();
            weaknesses.reverse();
            *counts.entry((devices, weaknesses)).or_default() += 1;
        }
        let mut routes: Vec<WorldRoute> = counts
            .into_iter()
            .map(|((devices, weaknesses), campaigns)| WorldRoute {
                devices,
                weaknesses,
                campaigns,
                of: visits.len() as u32,
            })
            .collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.campaigns));
        routes.truncate(most);
        Some(routes)
    }
}
