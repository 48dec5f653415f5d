//! What devices of one product say about each other: where a version or a service of one is not known, its siblings stand for it.
//!
//! The share of the siblings with a version read that are affected is the best guess for one whose version nobody has read; the share
//! that is proven to offer a service, of those that are proven or refuse, for one whose papers merely declare it.
//!
//! Where siblings without a version are listed as affected as often as those with one, the listing does not follow from the version (a
//! patch level was estimated, a scanner logged on), and a sibling that is not listed proves nothing about one that is. Then what counts is
//! how many siblings list the weakness at all: between that share (the listing says nothing) and 1 (it is always right) the geometric
//! middle is taken.
//!
//! Shares are shrunk to the policy's default by a few imagined siblings and rounded to eighths, so that one device more seldom changes
//! others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::document::{DeviceEntry, Identity, Match, ServiceEvidence};
use crate::graph::Graph;

/// Vendor and product.
pub(crate) type Product = (Arc<str>, Arc<str>);

/// What a share is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Subject {
    Weakness(u32),
    Service(u32),
}

/// How the devices of one product list one weakness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Verdicts {
    /// With a version read: affected, and left open.
    affected: u32,
    open: u32,
    /// Without a version: affected, and left open.
    blind_affected: u32,
    blind_open: u32,
}

/// What siblings say of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Siblings {
    /// So many have it, of so many that decide.
    Decided(u32, u32),
    /// So many list it, of so many: a listing that does not follow from the version.
    Listed(u32, u32),
}

/// Counts over devices.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Devices whose version was read, and the others.
    versioned: u32,
    blind: u32,
    /// By weakness: how many list it.
    verdicts: BTreeMap<u32, Verdicts>,
    /// By service: devices that are proven to offer it, and those that refused it.
    services: BTreeMap<u32, [u32; 2]>,
}

/// The devices of one product.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fleet {
    pub members: BTreeSet<u32>,
    pub census: Census,
}

/// Parts of a whole that shares are rounded to, and the least distance from 0 and 1: a sibling is evidence and no proof.
const PARTS: f64 = 8.0;
const DOUBT: f64 = 1.0 / 16.0;

/// A default in the light of siblings, with `prior` imagined ones that are as the default says; the default itself where nobody counts.
fn share(siblings: Siblings, default: f64, prior: f64) -> f64 {
    let shrunk =
        |yes: u32, count: u32| (f64::from(yes) + prior * default) / (f64::from(count) + prior);
    let share = match siblings {
        Siblings::Decided(_, 0) | Siblings::Listed(_, 0) => return default,
        Siblings::Decided(yes, count) => shrunk(yes, count),
        Siblings::Listed(yes, count) => libm::sqrt(shrunk(yes, count)),
    };
    (libm::round(share * PARTS) / PARTS).clamp(DOUBT, 1.0 - DOUBT)
}

/// Identity that is likelier than all others, when it names a product.
pub(crate) fn likeliest(entry: &DeviceEntry) -> Option<&Identity> {
    entry
        .identities
        .iter()
        .max_by(|a, b| a.probability.total_cmp(&b.probability))
        .filter(|identity| identity.product.is_some())
}

/// Whether the version of a device left its match with a weakness open.
pub(crate) fn undecided(matched: Match) -> bool {
    matches!(matched, Match::UnknownVersion | Match::ProductFamily)
}

fn product_of(entry: &DeviceEntry) -> Option<Product> {
    let identity = likeliest(entry)?;
    let vendor = identity.vendor.as_deref().unwrap_or_default();
    Some((Arc::from(vendor), Arc::from(identity.product.as_deref()?)))
}

impl Census {
    /// What the devices say about a subject.
    pub(crate) fn of(&self, subject: Subject) -> Siblings {
        match subject {
            Subject::Weakness(weakness) => {
                let v = self.verdicts.get(&weakness).copied().unwrap_or_default();
                let rate = |yes: u32, others: u32| u64::from(yes) * u64::from(others);
                if v.blind_affected > 0
                    && 2 * rate(v.blind_affected, self.versioned) >= rate(v.affected, self.blind)
                {
                    let listed = [v.affected, v.open, v.blind_affected, v.blind_open];
                    let listed = listed.into_iter().fold(0, u32::saturating_add);
                    return Siblings::Listed(listed, self.versioned.saturating_add(self.blind));
                }
                Siblings::Decided(v.affected, self.versioned.saturating_sub(v.open))
            }
            Subject::Service(service) => {
                let [proven, refused] = self.services.get(&service).copied().unwrap_or_default();
                Siblings::Decided(proven, proven + refused)
            }
        }
    }

    fn subjects(&self) -> impl Iterator<Item = Subject> + '_ {
        let weaknesses = self.verdicts.keys().copied().map(Subject::Weakness);
        weaknesses.chain(self.services.keys().copied().map(Subject::Service))
    }

    /// Counts a device in (+1) or out (-1).
    fn count(&mut self, graph: &Graph, entry: &DeviceEntry, by: i32) {
        let add = |count: &mut u32| *count = count.saturating_add_signed(by);
        let versioned = likeliest(entry).is_some_and(|identity| identity.version.is_some());
        add(if versioned {
            &mut self.versioned
        } else {
            &mut self.blind
        });
        // A weakness may be listed once a service: it counts once.
        let mut seen = BTreeSet::new();
        for own in entry.weaknesses.iter().flatten() {
            let Some(weakness) = graph.weakness_by_id.get(own.id.as_str()) else {
                continue;
            };
            if crate::surface::switched_off(own.matched) || !seen.insert(*weakness) {
                continue;
            }
            let counts = self.verdicts.entry(*weakness).or_default();
            add(match (versioned, undecided(own.matched)) {
                (true, false) => &mut counts.affected,
                (true, true) => &mut counts.open,
                (false, false) => &mut counts.blind_affected,
                (false, true) => &mut counts.blind_open,
            });
        }
        for own in &entry.services {
            let Some(service) = graph.service_by_id.get(own.id.as_str()) else {
                continue;
            };
            let counts = self.services.entry(*service).or_default();
            match own.evidence {
                ServiceEvidence::Served | ServiceEvidence::Banner => add(&mut counts[0]),
                ServiceEvidence::Refused => add(&mut counts[1]),
                ServiceEvidence::Declared => {}
            }
        }
    }
}

impl Graph {
    /// Counts a device into its fleet.
    pub(crate) fn enlist(&mut self, slot: u32, entry: &DeviceEntry) {
        let Some(product) = product_of(entry) else {
            return;
        };
        let mut fleet = self.fleets.remove(&product).unwrap_or_default();
        fleet.members.insert(slot);
        fleet.census.count(self, entry, 1);
        self.fleets.insert(product, fleet);
    }

    /// Counts a device out of its fleet.
    pub(crate) fn discharge(&mut self, slot: u32, entry: &DeviceEntry) {
        let Some(product) = product_of(entry) else {
            return;
        };
        let Some(mut fleet) = self.fleets.remove(&product) else {
            return;
        };
        fleet.members.remove(&slot);
        fleet.census.count(self, entry, -1);
        if !fleet.members.is_empty() {
            self.fleets.insert(product, fleet);
        }
    }

    /// What the siblings of a device say; nothing for a device without a product.
    pub(crate) fn siblings(&self, entry: &DeviceEntry, subject: Subject) -> Siblings {
        product_of(entry)
            .and_then(|product| self.fleets.get(&product))
            .map_or(Siblings::Decided(0, 0), |fleet| fleet.census.of(subject))
    }

    /// A default in the light of what siblings show.
    pub(crate) fn as_siblings(&self, entry: &DeviceEntry, subject: Subject, default: f64) -> f64 {
        share(
            self.siblings(entry, subject),
            default,
            self.policy.fleet.prior,
        )
    }

    /// Subjects whose shares differ between two states of a fleet.
    fn moved(&self, before: &Census, after: &Census) -> BTreeSet<Subject> {
        let (m, s, prior) = (
            &self.policy.matches,
            &self.policy.service,
            self.policy.fleet.prior,
        );
        before
            .subjects()
            .chain(after.subjects())
            .filter(|subject| {
                let defaults = match subject {
                    Subject::Weakness(_) => [m.unknown_version, m.product_family],
                    Subject::Service(_) => [s.declared; 2],
                };
                let (old, new) = (before.of(*subject), after.of(*subject));
                defaults.into_iter().any(|default| {
                    share(old, default, prior).to_bits() != share(new, default, prior).to_bits()
                })
            })
            .collect()
    }

    /// Members of a fleet whose pairs lean on the shares of some subjects.
    fn leaning(&self, fleet: &Fleet, subjects: &BTreeSet<Subject>) -> Vec<u32> {
        let weakness = |id: &str| {
            let slot = self.weakness_by_id.get(id).copied();
            slot.is_some_and(|slot| subjects.contains(&Subject::Weakness(slot)))
        };
        let service = |id: &str| {
            let slot = self.service_by_id.get(id);
            slot.is_some_and(|slot| subjects.contains(&Subject::Service(*slot)))
        };
        let leans =
            |slot: &u32| {
                let Some(Some(device)) = self.devices.get(*slot as usize) else {
                    return false;
                };
                let open = device.entry.weaknesses.iter().flatten();
                open.clone()
                    .any(|own| undecided(own.matched) && weakness(&own.id))
                    || (open.count() > 0
                        && device.entry.services.iter().any(|own| {
                            own.evidence == ServiceEvidence::Declared && service(&own.id)
                        }))
            };
        fleet.members.iter().copied().filter(leans).collect()
    }

    /// Devices that must be derived anew because their fleets were as in `before` and are not so any more.
    pub(crate) fn unsettled(&self, before: &BTreeMap<Product, Census>) -> BTreeSet<u32> {
        let mut found = BTreeSet::new();
        for (product, census) in before {
            if let Some(fleet) = self.fleets.get(product) {
                let subjects = self.moved(census, &fleet.census);
                if !subjects.is_empty() {
                    found.extend(self.leaning(fleet, &subjects));
                }
            }
        }
        found
    }

    /// The state of the fleet of a device before it changes, if it has one.
    pub(crate) fn fleet_before(&self, entry: &DeviceEntry) -> Option<(Product, Census)> {
        let product = product_of(entry)?;
        let census = self
            .fleets
            .get(&product)
            .map(|fleet| fleet.census.clone())
            .unwrap_or_default();
        Some((product, census))
    }

    /// Devices that a batch of arrivals and departures will derive anew through their fleets: (old, new) entries in order.
    pub(crate) fn foresee(
        &self,
        changes: &[(Option<&DeviceEntry>, Option<&DeviceEntry>)],
    ) -> BTreeSet<u32> {
        let mut after: BTreeMap<Product, Census> = BTreeMap::new();
        for (entry, by) in changes
            .iter()
            .flat_map(|(old, new)| [(*old, -1), (*new, 1)])
            .filter_map(|(entry, by)| Some((entry?, by)))
        {
            if let Some((product, census)) = self.fleet_before(entry) {
                after
                    .entry(product)
                    .or_insert(census)
                    .count(self, entry, by);
            }
        }
        let mut found = BTreeSet::new();
        for (product, census) in &after {
            if let Some(fleet) = self.fleets.get(product) {
                let subjects = self.moved(&fleet.census, census);
                if !subjects.is_empty() {
                    found.extend(self.leaning(fleet, &subjects));
                }
            }
        }
        found
    }
}
