//! Which vulnerabilities a device has: yes, no, or unknown, each with its reason.

mod standing;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::index::{Index, Surface};
use crate::product::{Fit, ProductKey, vendor_keys};
use crate::protocol::Protocol;
use crate::range::Membership;
use crate::sbom::Component;
use crate::statement::{ProductClaim, Status};

pub use standing::{Standing, Verdict, Weights};

/// One hypothesis of what a device, its operating system or a program on it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Candidate {
    /// Probability of the hypothesis, 0 to 1.
    pub probability: f64,
    /// Maker; empty where it is not known.
    pub vendor: String,
    /// Product or model.
    pub product: String,
    /// Version, where known.
    pub version: Option<String>,
}

/// One thing on a device that may have vulnerabilities, with what it may be: hypotheses that exclude each other.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// The hypotheses.
    pub candidates: Vec<Candidate>,
    /// The service it was seen at, as a place in [`Device::services`]; `None` for the device and its operating system.
    pub service: Option<usize>,
}

/// A service as observed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    /// 6 is TCP, 17 UDP.
    pub ip_protocol: u8,
    /// Port.
    pub port: u16,
    /// The protocol as recognised in its bytes; `None` where nothing was.
    pub name: Option<String>,
}

impl Service {
    /// The protocol recognised, or else the one of the port.
    #[must_use]
    pub fn protocol(&self) -> Option<Protocol> {
        match &self.name {
            Some(name) => Protocol::of_name(name),
            None => Protocol::of_port(self.port),
        }
    }
}

/// What is known of a device.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Device {
    /// The device itself, its operating system, programs.
    pub parts: Vec<Part>,
    /// Its services.
    pub services: Vec<Service>,
    /// Components that are known of this very device.
    pub components: Vec<Component>,
}

/// The service a vulnerability would be used through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Through {
    /// This one of the device's services.
    Service(usize),
    /// Services of the protocol it is in, of which none was seen.
    NotSeen,
    /// A service, it is not said which.
    AnyService,
    /// A foothold on the device.
    Local,
    /// Hands on the device.
    Physical,
}

/// One vulnerability that concerns a device.
#[derive(Debug, Clone, PartialEq)]
pub struct Match {
    /// Place in [`Index::vulnerabilities`].
    pub vulnerability: usize,
    /// The answer under the most probable hypothesis that concerns it.
    pub verdict: Verdict,
    /// Why.
    pub standing: Standing,
    /// How well the product fits.
    pub fit: Fit,
    /// Sum over the hypotheses of probability times weight: `m`.
    pub weight: f64,
    /// Place of the claim that decides, in the index.
    pub claim: usize,
    /// Place of the part and of the hypothesis in it.
    pub part: usize,
    /// Place of the hypothesis.
    pub candidate: usize,
    /// Name of the component, where one decides.
    pub component: Option<String>,
    /// What it would be used through.
    pub through: Through,
}

/// How a device of this version stands to one claim; `None` where the claim says nothing of this version.
pub(crate) fn judge(
    claim: &ProductClaim,
    version: Option<&str>,
    fit: Fit,
    device: &ProductKey,
) -> Option<Standing> {
    let mut found: Option<Standing> = None;
    let mut outside: Option<Membership> = None;
    for rule in &claim.rules {
        let membership = rule.range.holds(version);
        let standing = match (membership.decided(), rule.status) {
            (Some(true), Status::Affected) => Standing::In(membership),
            (Some(true), Status::NotAffected) => Standing::NotAffected,
            (Some(true), Status::Fixed) => Standing::Fixed,
            (_, Status::UnderInvestigation) => Standing::UnderInvestigation,
            (None, Status::Affected) if names_model(&rule.range, device) => Standing::ModelNamed,
            (None, Status::Affected) => Standing::Undecided(membership),
            (Some(false), Status::Affected) => {
                outside = outside.or(Some(membership));
                continue;
            }
            _ => continue,
        };
        found = found.max(Some(standing));
    }
    let standing = match (found, claim.otherwise, outside) {
        (Some(standing), _, _) => standing,
        (None, Status::Affected, _) if version.is_some() || claim.rules.is_empty() => {
            Standing::In(Membership::Outside)
        }
        (None, Status::Affected, _) => Standing::Undecided(Membership::NoVersion),
        (None, Status::UnderInvestigation, _) => Standing::UnderInvestigation,
        (None, Status::NotAffected | Status::Fixed, _) => {
            Standing::Out(outside.unwrap_or(Membership::Outside))
        }
        (None, Status::Unknown, Some(outside)) => Standing::Out(outside),
        (None, Status::Unknown, None) if claim.rules.is_empty() => {
            Standing::Undecided(Membership::NotUnderstood)
        }
        (None, Status::Unknown, None) => return None,
    };
    Some(match (fit, standing) {
        // What is said of one member is not said of the family.
        (Fit::Family, Standing::Out(_)) => standing,
        (Fit::Family, _) => Standing::Family,
        _ => standing,
    })
}

/// Whether a range's words, or its condition, name a model of the device.
fn names_model(range: &crate::range::Range, device: &ProductKey) -> bool {
    let text = match (&range.condition, range.is_understood()) {
        (Some(condition), true) => condition,
        (None, true) => return false,
        _ => &range.text,
    };
    let named = ProductKey::read(text, "");
    device
        .models()
        .any(|model| model.len() >= 3 && named.models().any(|other| other == model))
}

/// The best so far for one vulnerability under one hypothesis.
#[derive(Clone)]
struct Best {
    standing: Standing,
    fit: Fit,
    claim: usize,
    component: Option<String>,
}

/// Asks the index about a device. Every vulnerability that names a product the device may be is in the answer, once, in the order of
/// [`Index::vulnerabilities`]: also those that do not affect it, with why not.
#[must_use]
pub fn match_device(index: &Index, device: &Device, weights: &Weights) -> Vec<Match> {
    let mut matches: BTreeMap<usize, Match> = BTreeMap::new();
    for (part_place, part) in device.parts.iter().enumerate() {
        let mut of_part: BTreeMap<usize, Match> = BTreeMap::new();
        let mut leading: BTreeMap<usize, f64> = BTreeMap::new();
        for (candidate_place, candidate) in part.candidates.iter().enumerate() {
            for (vulnerability, best) in of_candidate(index, candidate) {
                let share = candidate.probability * weights.of(best.standing);
                let entry = of_part.entry(vulnerability).or_insert_with(|| Match {
                    vulnerability,
                    verdict: best.standing.verdict(),
                    standing: best.standing,
                    fit: best.fit,
                    weight: 0.0,
                    claim: best.claim,
                    part: part_place,
                    candidate: candidate_place,
                    component: best.component.clone(),
                    through: Through::AnyService,
                });
                entry.weight = (entry.weight + share).min(1.0);
                let lead = leading
                    .entry(vulnerability)
                    .or_insert(candidate.probability);
                if candidate.probability > *lead {
                    *lead = candidate.probability;
                    (entry.verdict, entry.standing, entry.fit) =
                        (best.standing.verdict(), best.standing, best.fit);
                    (entry.claim, entry.candidate, entry.component) =
                        (best.claim, candidate_place, best.component);
                }
            }
        }
        for (vulnerability, found) in of_part {
            match matches.get(&vulnerability) {
                Some(known) if known.weight >= found.weight => {}
                _ => {
                    matches.insert(vulnerability, found);
                }
            }
        }
    }
    own_components(index, device, weights, &mut matches);
    let mut matches: Vec<Match> = matches.into_values().collect();
    for one in &mut matches {
        let seen_at = device.parts.get(one.part).and_then(|part| part.service);
        one.through = through(index.surface(one.vulnerability), seen_at, &device.services);
    }
    matches
}

fn own_components(
    index: &Index,
    device: &Device,
    weights: &Weights,
    matches: &mut BTreeMap<usize, Match>,
) {
    for component in &device.components {
        for (vulnerability, standing, claim) in index.of_component(component) {
            let weight = weights.of(standing);
            let known = matches.get(&vulnerability);
            if known
                .is_some_and(|known| known.weight >= weight || known.standing >= Standing::Fixed)
            {
                continue;
            }
            let found = Match {
                vulnerability,
                verdict: standing.verdict(),
                standing,
                fit: Fit::Same,
                weight,
                claim,
                part: 0,
                candidate: 0,
                component: Some(component.name.clone()),
                through: Through::AnyService,
            };
            matches.insert(vulnerability, found);
        }
    }
}

fn of_candidate(index: &Index, candidate: &Candidate) -> BTreeMap<usize, Best> {
    let mut found: BTreeMap<usize, Best> = BTreeMap::new();
    let mut take = |vulnerability: usize, best: Best| match found.get_mut(&vulnerability) {
        Some(known) if (known.standing, known.fit) >= (best.standing, best.fit) => {}
        Some(known) => *known = best,
        None => {
            found.insert(vulnerability, best);
        }
    };
    let key = ProductKey::read(&candidate.product, &candidate.vendor);
    if key.is_empty() {
        return found;
    }
    let version = candidate.version.as_deref();
    let vendors = vendor_keys(&candidate.vendor);
    let places: BTreeSet<usize> = if vendors.is_empty() {
        index.by_model(&key)
    } else {
        index.candidates(&vendors, &key)
    };
    for product in places.into_iter().filter_map(|place| index.product(place)) {
        let Some(fit) = product.key.fit(&key) else {
            continue;
        };
        for place in &product.claims {
            let Some(claim) = index.claim(*place) else {
                continue;
            };
            let Some(mut standing) = judge(&claim.product, version, fit, &key) else {
                continue;
            };
            if vendors.is_empty() && standing.verdict() != Verdict::NotAffected {
                standing = Standing::MakerUnknown;
            }
            let best = Best {
                standing,
                fit,
                claim: *place,
                component: None,
            };
            take(claim.vulnerability, best);
        }
    }
    for assembly in index.assemblies(&vendors, &key) {
        let other_version = assembly
            .version
            .as_deref()
            .zip(version)
            .is_some_and(|(a, b)| {
                crate::version::compare(crate::version::Scheme::Loose, a, b)
                    != Some(std::cmp::Ordering::Equal)
            });
        for (vulnerability, standing, component, claim) in &assembly.found {
            // The bill of another version says only what may be in this one.
            let standing = match standing {
                Standing::Component(membership) if other_version => {
                    Standing::ComponentMaybe(*membership)
                }
                other => *other,
            };
            let name = assembly
                .components
                .get(*component)
                .map(|component| component.name.clone());
            let best = Best {
                standing,
                fit: Fit::Same,
                claim: *claim,
                component: name,
            };
            take(*vulnerability, best);
        }
    }
    found
}

fn through(surface: Option<&Surface>, seen_at: Option<usize>, services: &[Service]) -> Through {
    match surface {
        Some(Surface::Physical) => Through::Physical,
        Some(Surface::Local) => Through::Local,
        _ if seen_at.is_some() => seen_at.map_or(Through::AnyService, Through::Service),
        Some(Surface::Services(protocols)) => {
            let speaks = |service: &Service| {
                let spoken = service.protocol();
                spoken.is_some_and(|spoken| protocols.iter().any(|named| spoken.speaks(*named)))
            };
            let place = services.iter().position(speaks);
            place.map_or(Through::NotSeen, Through::Service)
        }
        _ => Through::AnyService,
    }
}
