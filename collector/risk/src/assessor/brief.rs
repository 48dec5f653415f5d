//! What a follower needs after every step: the list, the devices and the whole, without the thousands of pairs that nobody asks about;
//! explanations are made for the pairs that are named.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assessor, Through};
use crate::assessment::{DeviceRisk, Factor, PairRisk, Route, Summary};
use crate::follow::PairName;
use crate::ranking::Listed;
use crate::routes::Explainer;
use crate::score;

/// The to-do list and the devices of a site.
#[derive(Debug, Clone, PartialEq)]
pub struct Brief {
    /// The pairs of the cut, worst first, without factors and routes.
    pub listed: Vec<PairRisk>,
    /// Every active device, by id.
    pub devices: Vec<DeviceRisk>,
    /// The whole.
    pub summary: Summary,
}

/// Why a pair is where it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The numbers of its score.
    pub factors: Vec<Factor>,
    /// The best routes to it, at most three.
    pub routes: Vec<Route>,
}

impl Assessor {
    /// The same assessment with the to-do list that was told before: its pairs stay to the deeper bound. Names that are no pair (any
    /// more) have no effect.
    #[must_use]
    pub fn with_list(mut self, told: &BTreeSet<PairName>) -> Self {
        self.listed = Listed::told(&self.graph, &self.ranking, told);
        self.relist(&[]);
        self
    }

    /// The list and the devices as they are now.
    pub fn brief(&self) -> Brief {
        let cut = self.cut();
        let through = Through::of(self);
        let listed = cut
            .listed
            .iter()
            .zip(1..)
            .map(|(pair, rank)| {
                self.pair_risk(self.ranking.score(*pair), rank, true, &cut, &through)
            })
            .collect();
        Brief {
            listed,
            devices: self.device_risks(&through.gradient),
            summary: self.summary(self.ranking.len(), &cut),
        }
    }

    /// Factors and routes of the pairs that are named, in their order; `None` where there is no such pair.
    pub fn explain(&self, names: &[PairName]) -> Vec<Option<Explanation>> {
        if names.is_empty() {
            return Vec::new();
        }
        let wanted: BTreeSet<(&str, &str, Option<&str>)> = names.iter().map(borrowed).collect();
        let explainer = Explainer::of(self);
        let mut found = BTreeMap::new();
        for pair in self.ranking.pairs() {
            let name = score::names(&self.graph, &self.graph.pairs[pair as usize]);
            if wanted.contains(&name) {
                let explanation = Explanation {
                    factors: explainer.factors(self.ranking.score(pair)),
                    routes: explainer.routes(pair, 3),
                };
                found.insert(name, explanation);
            }
        }
        names
            .iter()
            .map(|name| found.get(&borrowed(name)).cloned())
            .collect()
    }
}

fn borrowed(name: &PairName) -> (&str, &str, Option<&str>) {
    (&name.0, &name.1, name.2.as_deref())
}
