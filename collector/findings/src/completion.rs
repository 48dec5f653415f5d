//! What a described site leaves out, from intelligence: weaknesses of devices that list none, and what is known of each weakness.

use std::collections::{BTreeMap, BTreeSet};

use auscult_intel::cvss::{Vector, Version};
use auscult_intel::index::Index;
use auscult_intel::matching::{
    Candidate, Device, Match as Found, Part, Service, Standing, Through, Weights, match_device,
};
use auscult_intel::ssvc::{self, Automatable, TechnicalImpact};
use auscult_intel::vulnerability::Vulnerability as Known;
use auscult_risk::document::{
    DeviceEntry, Document, Exploitation, Match, Vulnerability, WeaknessEntry,
};

/// Name of the service of a weakness whose protocol is known and that no observed service speaks: what is not in a device's services
/// counts as unseen.
pub const NOT_SEEN: &str = "not-seen";

/// What was completed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Completion {
    /// Devices without a list of weaknesses, now with one.
    pub devices: usize,
    /// Weaknesses found on them.
    pub weaknesses: usize,
    /// Matches left out because every hypothesis they rest on is unlikely.
    pub unlikely: usize,
    /// Weaknesses described from intelligence.
    pub described: usize,
}

/// Completes a site. What it states itself stays as it is.
pub fn complete(document: &mut Document, index: &Index) -> Completion {
    let places: BTreeMap<&str, usize> = index
        .vulnerabilities()
        .iter()
        .enumerate()
        .map(|(place, known)| (known.id.as_str(), place))
        .collect();
    let mut done = Completion::default();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for device in &mut document.devices {
        if device.weaknesses.is_none() {
            let (weaknesses, unlikely) = weaknesses(device, index);
            done.devices = done.devices.saturating_add(1);
            done.weaknesses = done.weaknesses.saturating_add(weaknesses.len());
            done.unlikely = done.unlikely.saturating_add(unlikely);
            device.weaknesses = Some(weaknesses);
        }
        named.extend(device.weaknesses.iter().flatten().map(|own| own.id.clone()));
    }
    for id in named {
        if document.vulnerabilities.contains_key(&id) {
            continue;
        }
        let known = places
            .get(id.as_str())
            .and_then(|at| index.vulnerability(*at));
        if let Some(known) = known {
            done.described = done.described.saturating_add(1);
            document.vulnerabilities.insert(id, describe(known));
        }
    }
    done
}

/// The weaknesses that a device has or may have, in the order of the index, and how many were too unlikely.
#[must_use]
pub fn weaknesses(device: &DeviceEntry, index: &Index) -> (Vec<WeaknessEntry>, usize) {
    let weights = Weights::default();
    let ids: Vec<String> = device.services.iter().map(|own| own.id.clone()).collect();
    let mut unlikely = 0_usize;
    let mut found = Vec::new();
    for one in match_device(index, &asked(device), &weights) {
        // The likeliest hypothesis may not have it and another have it: what counts is the sum.
        if one.weight <= 0.0 {
            continue;
        }
        let Some(known) = index.vulnerability(one.vulnerability) else {
            continue;
        };
        match grade(&one, &weights) {
            Some(matched) => found.push(WeaknessEntry {
                id: known.id.clone(),
                service: service_of(&ids, one.through),
                matched,
            }),
            None => unlikely = unlikely.saturating_add(1),
        }
    }
    (found, unlikely)
}

/// A device as the index is asked about it.
fn asked(device: &DeviceEntry) -> Device {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let candidates = device.identities.iter().map(|identity| Candidate {
        probability: identity.probability,
        vendor: text(&identity.vendor),
        product: text(&identity.product),
        version: identity.version.clone(),
    });
    Device {
        parts: vec![Part {
            candidates: candidates.collect(),
            service: None,
        }],
        services: device.services.iter().map(|own| port_of(&own.id)).collect(),
        components: Vec::new(),
    }
}

/// `tcp/104`, `udp/161`; a service of another form has no port that says what it is.
fn port_of(id: &str) -> Service {
    let (transport, port) = id.split_once('/').unwrap_or((id, ""));
    Service {
        ip_protocol: match transport {
            "udp" => 17,
            _ => 6,
        },
        port: port.parse().unwrap_or(0),
        name: None,
    }
}

/// The service that a weakness is listed for, given the device's services in the order in which they were asked about.
#[must_use]
pub fn service_of(ids: &[String], through: Through) -> Option<String> {
    match through {
        Through::Service(at) => ids.get(at).cloned(),
        Through::NotSeen => Some(NOT_SEEN.to_owned()),
        Through::AnyService | Through::Local | Through::Physical => None,
    }
}

/// The grade of a standing. A grade stands for certainty about the identity: where the hypotheses are so improbable that the match is
/// worth less than half way down to the next grade, it is that one; below half of the last, none. A match that rests on less likely
/// hypotheses alone goes the same way down from "affected".
#[must_use]
pub fn grade(found: &Found, weights: &Weights) -> Option<Match> {
    let by_standing = match found.standing {
        Standing::In(_)
        | Standing::ModelNamed
        | Standing::Out(_)
        | Standing::NotAffected
        | Standing::Fixed => Match::Affected,
        Standing::Undecided(_) => Match::UnknownVersion,
        Standing::UnderInvestigation => Match::UnderInvestigation,
        Standing::Component(_) | Standing::ComponentMaybe(_) => Match::Component,
        Standing::Family | Standing::MakerUnknown => Match::ProductFamily,
    };
    let certain = match by_standing {
        Match::Affected => weights.affected,
        _ => weights.of(found.standing),
    };
    let below = |above: f64, next: f64| found.weight < f64::midpoint(above, next);
    if found.weight >= certain {
        Some(by_standing)
    } else if found.weight < weights.family / 2.0 {
        None
    } else if by_standing == Match::Affected && !below(weights.undecided, weights.family) {
        let sure = !below(weights.affected, weights.undecided);
        Some(if sure {
            Match::Affected
        } else {
            Match::UnknownVersion
        })
    } else if below(certain, weights.family) {
        Some(Match::ProductFamily)
    } else {
        Some(by_standing)
    }
}

/// What the assessment asks of a vulnerability, from all that is stated about it.
#[must_use]
pub fn describe(known: &Known) -> Vulnerability {
    let ssvc = known.ssvc();
    Vulnerability {
        cvss: vectors(known).iter().map(ToString::to_string).collect(),
        epss: known.epss().map(|(probability, _)| probability.value()),
        kev: known.known_exploited(),
        kev_ransomware: known.ransomware(),
        poc: known.public_exploit(),
        automatable: ssvc.automatable == Some(Automatable::Yes),
        technical_impact_total: ssvc
            .technical_impact
            .map(|impact| impact == TechnicalImpact::Total),
        ssvc_exploitation: ssvc.exploitation.map(|state| match state {
            ssvc::Exploitation::None => Exploitation::None,
            ssvc::Exploitation::PublicPoc => Exploitation::Poc,
            ssvc::Exploitation::Active => Exploitation::Active,
        }),
        default_credential: known.default_credential(),
        needs_no_exploit: false,
    }
}

/// Of each CVSS version the worst vector of the most trusted source that gives one, oldest version first.
fn vectors(known: &Known) -> Vec<Vector> {
    let mut chosen: BTreeMap<Version, (usize, Vector)> = BTreeMap::new();
    for (rank, account) in known.accounts.iter().enumerate() {
        for claim in &account.claims {
            let auscult_intel::statement::Claim::Score(vector) = claim else {
                continue;
            };
            let better = match chosen.get(&vector.version()) {
                None => true,
                Some((by, old)) => *by == rank && old.base_score() < vector.base_score(),
            };
            if better {
                chosen.insert(vector.version(), (rank, vector.clone()));
            }
        }
    }
    chosen.into_values().map(|(_, vector)| vector).collect()
}
