//! Flaws: which a device really has, and which a scanner lists from the identity it sees.

use std::collections::BTreeMap;

use super::{place, stream};
use crate::kind::{Flaw, Group, Kind, NEVER};
use crate::kinds;
use crate::random::{Random, mix, text_key};
use crate::site::{Device, Evidence, Match, Offered, Site, Weakness};
use crate::weakness::cvss::AttackVector;
use crate::weakness::intel::Intelligence;
use crate::weakness::os::{self, OsFlaw};
use crate::weakness::{FlawFacts, invent, reference};

/// A flaw that some product has, beyond those its file names.
#[derive(Clone, Debug)]
struct ProductFlaw {
    flaw: usize,
    /// Empty for a local flaw.
    service: &'static str,
    fixed: usize,
}

/// The site's flaws by id, growing as devices need them.
struct Catalogue<'a> {
    intelligence: Option<&'a Intelligence>,
    index: BTreeMap<String, usize>,
    flaws: Vec<FlawFacts>,
}

impl Catalogue<'_> {
    fn add(&mut self, facts: FlawFacts) -> usize {
        if let Some(&known) = self.index.get(&facts.id) {
            return known;
        }
        self.index.insert(facts.id.clone(), self.flaws.len());
        self.flaws.push(facts);
        self.flaws.len() - 1
    }

    fn named(&mut self, id: &str) -> Option<usize> {
        if let Some(&known) = self.index.get(id) {
            return Some(known);
        }
        let facts = self
            .intelligence
            .and_then(|intelligence| intelligence.get(id))
            .or_else(|| reference(id))?
            .clone();
        Some(self.add(facts))
    }
}

/// Share of medical product entries of which every version is affected: 209 of the 607 in CISA's medical advisories (CSAF, to October
/// 2024) say `vers:all/*`.
const EVERY_VERSION: f64 = 209.0 / 607.0;
/// Share of the other entries whose versions are free text ("4.1.1 and below"), 138 of 398: there a version that was read does not decide.
const FREE_TEXT: f64 = 138.0 / 398.0;
/// Share of present flaws that a maker has fixed without a new version number.
const HOTFIXED: f64 = 0.06;
/// Share of flaws of a product that a given build of it does not contain.
const ABSENT: f64 = 0.05;

pub(super) fn weaken(site: &mut Site, intelligence: Option<&Intelligence>) {
    let mut catalogue = Catalogue {
        intelligence,
        index: BTreeMap::new(),
        flaws: Vec::new(),
    };
    let products = products(site, &mut catalogue);
    let credentials = catalogue.add(default_credentials());
    // How an advisory writes its versions is the same for every device of the product.
    let estate = site.estate_seed;
    let free_text = |device: &Device, flaw: usize, fixed: usize, flaws: &[FlawFacts]| {
        let labels = ["free text", device.model.product, &flaws[flaw].id];
        fixed != NEVER && Random::of(estate, &labels).chance(FREE_TEXT)
    };
    for number in 0..site.devices.len() {
        let mut random = stream(site, "weaknesses", number);
        let device = &site.devices[number];
        let mut offers = device.services.clone();
        let mut list = Vec::new();
        for flaw in device.model.flaws {
            if let Some(index) = catalogue.named(flaw.id) {
                let text = free_text(device, index, flaw.fixed, &catalogue.flaws);
                let found = of_product(device, &mut offers, index, flaw, text, &mut random);
                list.extend(found);
            }
        }
        let key = (device.kind.name, device.model.product);
        for extra in products.get(&key).into_iter().flatten() {
            let flaw = Flaw {
                id: "",
                service: extra.service,
                fixed: extra.fixed,
            };
            let text = free_text(device, extra.flaw, extra.fixed, &catalogue.flaws);
            list.extend(of_product(
                device,
                &mut offers,
                extra.flaw,
                &flaw,
                text,
                &mut random,
            ));
        }
        for flaw in os::flaws(device.model.os) {
            if let Some(index) = catalogue.named(flaw.id) {
                list.extend(of_system(device, &mut offers, index, flaw, &mut random));
            }
        }
        list.extend(left_at_default(device, credentials, &mut random));
        let mut seen = std::collections::BTreeSet::new();
        list.retain(|weakness: &Weakness| seen.insert(weakness.flaw));
        let device = &mut site.devices[number];
        device.weaknesses = list;
        device.services = offers;
    }
    site.flaws = catalogue.flaws;
}

/// Mean number of invented flaws of a product, so that scanners list about six a device.
const fn invented(group: Group) -> f64 {
    match group {
        Group::Medical => 3.4,
        Group::ClinicalIt | Group::Building => 3.5,
        Group::It => 2.0,
        Group::Infrastructure => 2.5,
    }
}

fn products(
    site: &Site,
    catalogue: &mut Catalogue<'_>,
) -> BTreeMap<(&'static str, &'static str), Vec<ProductFlaw>> {
    let real: Vec<FlawFacts> = catalogue
        .intelligence
        .map(|intelligence| intelligence.all().into_iter().cloned().collect())
        .unwrap_or_default();
    let mut lists = BTreeMap::new();
    let mut number = 0;
    for kind in kinds::ALL {
        for model in kind.models {
            // The same product has the same flaws at every site of the estate.
            let mut random =
                Random::new(mix(text_key(kind.name)) ^ text_key(model.product) ^ site.estate_seed);
            let mut list = Vec::new();
            for _ in 0..random.poisson(invented(kind.group)) {
                number += 1;
                let facts = if real.is_empty() {
                    invent::invent(&mut random, number)
                } else {
                    random
                        .pick(&real)
                        .cloned()
                        .unwrap_or_else(default_credentials)
                };
                let service = reached_through(kind, &facts, &mut random);
                let never = if kind.group == Group::Medical {
                    EVERY_VERSION
                } else {
                    0.3
                };
                let fixed = if random.chance(never) {
                    NEVER
                } else {
                    random.between(0, model.versions.len())
                };
                let flaw = catalogue.add(facts);
                list.push(ProductFlaw {
                    flaw,
                    service,
                    fixed,
                });
            }
            lists.insert((kind.name, model.product), list);
        }
    }
    lists
}

fn reached_through(kind: &'static Kind, facts: &FlawFacts, random: &mut Random) -> &'static str {
    match facts.vector.attack {
        AttackVector::Network | AttackVector::Adjacent => random
            .weighted(kind.services.iter().map(|service| service.up))
            .map_or("", |index| kind.services[index].id),
        AttackVector::Local | AttackVector::Physical => "",
    }
}

/// Index of the service among the device's; `None` for a local flaw, and for one of the network stack on a device that answers nowhere.
///
/// A scanner matches products and versions, not services: it lists a flaw whose service is off or was never there just the same (CSAF
/// product trees and CPE ranges name no ports; candidates are "all pairs a scanner would list, including flaws whose service is not
/// up"). Such a service is added here, down and unseen, so that the pair is a candidate.
fn service_index(offers: &mut Vec<Offered>, service: &'static str) -> Option<usize> {
    match service {
        "" => None,
        "*" => offers.iter().position(|offer| offer.up),
        id => Some(
            offers
                .iter()
                .position(|offer| offer.id == id)
                .unwrap_or_else(|| {
                    offers.push(Offered {
                        id,
                        up: false,
                        evidence: Evidence::Unseen,
                    });
                    offers.len() - 1
                }),
        ),
    }
}

fn of_product(
    device: &Device,
    offers: &mut Vec<Offered>,
    index: usize,
    flaw: &Flaw,
    free_text: bool,
    random: &mut Random,
) -> Option<Weakness> {
    let affects = |version: usize| flaw.fixed == NEVER || version < flaw.fixed;
    let hotfixed = random.chance(HOTFIXED);
    let present = affects(device.truth.version) && !hotfixed && !random.chance(ABSENT);
    let excused = hotfixed && random.chance(0.3);
    let sure = device.visible.confidence > 0.5;
    let listed = match device.visible.version {
        _ if excused => Some(Match::NotAffected),
        Some(_) if free_text && sure => Some(Match::UnknownVersion),
        Some(_) if free_text => Some(Match::ProductFamily),
        Some(version) if affects(version) && sure => Some(Match::Affected),
        Some(version) if affects(version) => Some(Match::ProductFamily),
        Some(_) => random.chance(0.15).then_some(Match::Fixed),
        None if sure => random.chance(0.9).then_some(Match::UnknownVersion),
        None => random.chance(0.6).then_some(Match::ProductFamily),
    };
    (present || listed.is_some()).then(|| Weakness {
        flaw: index,
        service: service_index(offers, flaw.service),
        listed,
        present,
    })
}

fn of_system(
    device: &Device,
    offers: &mut Vec<Offered>,
    index: usize,
    flaw: &OsFlaw,
    random: &mut Random,
) -> Option<Weakness> {
    let there = device.services.iter().any(|own| own.id == flaw.service);
    if !there && os::in_component(device.model.os, flaw) {
        return None;
    }
    let present = device.truth.patch_age > flaw.fixed && !random.chance(HOTFIXED);
    // A scanner without an account on the device sees no local flaw; the hospital has accounts where it patches.
    let blind = flaw.service.is_empty() && !place::is_managed(device.kind) && !random.chance(0.12);
    // An observer estimates the patch level from builds and banners, or not at all.
    let listed = if blind {
        None
    } else if random.chance(if place::is_managed(device.kind) {
        0.7
    } else {
        0.45
    }) {
        let estimate = device.truth.patch_age * random.log_normal(1.0, 0.2);
        (estimate > flaw.fixed).then_some(Match::Affected)
    } else {
        let plausible = device.truth.patch_age * random.log_normal(1.0, 0.8) > flaw.fixed;
        plausible.then_some(Match::UnknownVersion)
    };
    (present || listed.is_some()).then(|| Weakness {
        flaw: index,
        service: service_index(offers, flaw.service),
        listed,
        present,
    })
}

/// Services that ask for a password and often have the factory's.
const LOGINS: &[&str] = &["tcp/23", "tcp/21", "tcp/22", "tcp/80", "tcp/5900"];

fn left_at_default(device: &Device, flaw: usize, random: &mut Random) -> Option<Weakness> {
    if place::is_managed(device.kind) || !random.chance(0.12) {
        return None;
    }
    let service = device
        .services
        .iter()
        .position(|service| LOGINS.contains(&service.id))?;
    let present = random.chance(0.7);
    let listed = random.chance(0.6).then_some(Match::Affected);
    (present || listed.is_some()).then_some(Weakness {
        flaw,
        service: Some(service),
        listed,
        present,
    })
}

/// Id of the weakness that is no CVE: a factory password.
pub const DEFAULT_CREDENTIALS: &str = "HOSPITAL-DEFAULT-CREDENTIALS";

fn default_credentials() -> FlawFacts {
    use crate::weakness::cvss::{Level, Vector};
    FlawFacts {
        id: DEFAULT_CREDENTIALS.to_owned(),
        vector: Vector {
            attack: AttackVector::Network,
            complex: false,
            privileges: Level::None,
            interaction: false,
            changed: false,
            confidentiality: Level::High,
            integrity: Level::High,
            availability: Level::High,
        },
        epss: 0.0,
        kev: false,
        ransomware: false,
        poc: true,
        automatable: true,
        total: true,
    }
}
