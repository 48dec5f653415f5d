//! The numbers behind one score, by name and with their reasons.

use super::Explainer;
use crate::assessment::Factor;
use crate::fleet::{Siblings, Subject};
use crate::graph::{Kind, Pair, Place};
use crate::score::Score;

impl Explainer<'_> {
    fn match_reason(&self, pair: &Pair) -> String {
        let graph = &self.assessor.graph;
        let entry = &graph.device(pair.device).entry;
        if !crate::fleet::undecided(pair.matched) {
            return format!("match {:?}", pair.matched);
        }
        match graph.siblings(entry, Subject::Weakness(pair.weakness)) {
            Siblings::Decided(_, 0) | Siblings::Listed(_, 0) => format!("match {:?}", pair.matched),
            Siblings::Decided(affected, count) => format!(
                "match {:?}; {affected} of {count} devices of the product with a known version are affected",
                pair.matched
            ),
            Siblings::Listed(listed, count) => format!(
                "match {:?}; the listing does not follow from the version, and {listed} of {count} devices of the product have it",
                pair.matched
            ),
        }
    }

    /// The numbers of a pair's score, in the order of the formula.
    pub(crate) fn factors(&self, score: &Score) -> Vec<Factor> {
        let graph = &self.assessor.graph;
        let pair = &graph.pairs[score.pair as usize];
        let weakness = &graph.weaknesses[pair.weakness as usize];
        let device = graph.device(pair.device);
        let known = &weakness.known;
        let factor = |name: &str, value: f64, why: String| Factor {
            name: name.to_owned(),
            value,
            why,
        };
        let way = match pair.place {
            Place::Local => "needs somebody on the device".to_owned(),
            Place::Physical => "needs hands on the device".to_owned(),
            Place::Surface(surface) => match graph.surfaces[surface as usize].kind {
                Kind::Service(service) | Kind::AdjacentService(service) => {
                    format!("service {}", graph.services[service as usize].0)
                }
                Kind::Any | Kind::Adjacent => "any service: the advisory names none".to_owned(),
                Kind::Client => "content from servers it uses".to_owned(),
            },
        };
        let impact = &device.impact;
        vec![
            factor(
                "alpha",
                weakness.alpha,
                format!(
                    "EPSS {}, KEV {}, ransomware {}, exploit code {}, automatable {}",
                    known
                        .epss
                        .map_or_else(|| "unknown".to_owned(), |epss| epss.to_string()),
                    known.kev,
                    known.kev_ransomware,
                    known.poc,
                    known.automatable
                ),
            ),
            factor("m", pair.m, self.match_reason(pair)),
            factor("o", pair.o, way),
            factor(
                "k",
                pair.k,
                format!(
                    "complex {}, privileges {:?}, user {}, default credential {}",
                    weakness.base.complex,
                    weakness.base.privileges,
                    weakness.base.needs_user,
                    known.default_credential
                ),
            ),
            factor("c", pair.c, "share that controls hold off".to_owned()),
            factor("s", pair.s, "alpha m o k (1 - c)".to_owned()),
            factor("P_A", score.layers, "engine A".to_owned()),
            factor("P_B", score.worlds, "engine B".to_owned()),
            factor(
                "impact",
                impact.total,
                format!(
                    "{:?} human impact ({}), in use {}, fallback {}, {} records",
                    impact.human, impact.level, impact.in_use, impact.fallback, impact.records
                ),
            ),
            factor(
                "consequence",
                pair.consequence,
                "share of the impact it opens".to_owned(),
            ),
        ]
    }
}
