//! The numbers behind one score, by name and with their reasons.

use super::Explainer;
use crate::assessment::Factor;
use crate::cvss::Privileges;
use crate::document::{EntryKind, Match};
use crate::fleet::{Siblings, Subject};
use crate::graph::{Kind, Pair, Place};
use crate::impact::HumanImpact;
use crate::score::Score;

fn yes(it: bool) -> &'static str {
    if it { "yes" } else { "no" }
}

/// How a weakness came to a device, in words.
fn matched(matched: Match) -> &'static str {
    match matched {
        Match::Affected => "product and version are affected",
        Match::UnknownVersion => "the product is affected, its version not known",
        Match::ProductFamily => "only the product family matches",
        Match::Component => "a component of it is affected",
        Match::UnderInvestigation => "the maker is investigating",
        Match::NotAffected => "the maker says that it is not affected",
        Match::Fixed => "fixed",
    }
}

/// What harm to people may follow, in words.
fn human(impact: HumanImpact) -> &'static str {
    match impact {
        HumanImpact::Low => "low",
        HumanImpact::Medium => "medium",
        HumanImpact::High => "high",
        HumanImpact::VeryHigh => "very high",
    }
}

/// `1 day`, `2 days`.
pub(super) fn days(count: u32) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} day{plural}")
}

/// A way in from outside, in words.
pub(super) fn way_in(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Internet => "a service that the internet reaches",
        EntryKind::VendorAccess => "a maker's remote access",
        EntryKind::MailWeb => "people read mail and the web on it",
        EntryKind::Wireless => "a radio network that outsiders are near",
        EntryKind::Physical => "hands or USB sticks reach it",
        EntryKind::Supplier => "it comes compromised from its supplier",
    }
}

impl Explainer<'_> {
    fn match_reason(&self, pair: &Pair) -> String {
        let graph = &self.assessor.graph;
        let entry = &graph.device(pair.device).entry;
        if !crate::fleet::undecided(pair.matched) {
            return matched(pair.matched).to_owned();
        }
        match graph.siblings(entry, Subject::Weakness(pair.weakness)) {
            Siblings::Decided(_, 0) | Siblings::Listed(_, 0) => matched(pair.matched).to_owned(),
            Siblings::Decided(affected, count) => format!(
                "{}; {affected} of {count} devices of the product with a known version are affected",
                matched(pair.matched)
            ),
            Siblings::Listed(listed, count) => format!(
                "{}; the listing does not follow from the version, and {listed} of {count} devices of the product have it",
                matched(pair.matched)
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
                    yes(known.kev),
                    yes(known.kev_ransomware),
                    yes(known.poc),
                    yes(known.automatable)
                ),
            ),
            factor("m", pair.m, self.match_reason(pair)),
            factor("o", pair.o, way),
            factor(
                "k",
                pair.k,
                format!(
                    "complex {}, privileges {}, user {}, default credential {}",
                    yes(weakness.base.complex),
                    match weakness.base.privileges {
                        Privileges::None => "none",
                        Privileges::Low => "of a user",
                        Privileges::High => "of an administrator",
                    },
                    yes(weakness.base.needs_user),
                    yes(known.default_credential)
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
                    "{} human impact ({}), in use {}, fallback {}, {} records",
                    human(impact.human),
                    impact.level,
                    impact.in_use,
                    yes(impact.fallback),
                    impact.records
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
