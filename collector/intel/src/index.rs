//! All vulnerabilities, found by maker and product.

use std::collections::{BTreeMap, BTreeSet};

use crate::matching::Standing;
use crate::product::{Fit, ProductKey, vendor_keys};
use crate::protocol::Protocol;
use crate::sbom::{Component, Sbom};
use crate::statement::{Origin, ProductClaim};
use crate::vulnerability::Vulnerability;

/// What an attacker must be able to do to use a vulnerability, as far as its vector and words say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Surface {
    /// Hands on the device (AV:P).
    Physical,
    /// A foothold on the device (AV:L).
    Local,
    /// A service of one of these protocols.
    Services(BTreeSet<Protocol>),
    /// A service, it is not said which.
    AnyService,
}

/// Most protocols that a description may name and still point at one service.
const NAMED: usize = 3;

fn surface(vulnerability: &Vulnerability) -> Surface {
    let vector = vulnerability.vector().and_then(|vector| vector.value("AV"));
    match vector {
        Some("P") => return Surface::Physical,
        Some("L") => return Surface::Local,
        _ => {}
    }
    let mut named = BTreeSet::new();
    for text in vulnerability.descriptions() {
        named.extend(Protocol::named_in(text));
    }
    if named.is_empty() || named.len() > NAMED {
        Surface::AnyService
    } else {
        Surface::Services(named)
    }
}

/// One product claim of one vulnerability.
#[derive(Debug, Clone)]
pub struct IndexedClaim {
    /// Place in [`Index::vulnerabilities`].
    pub vulnerability: usize,
    /// Who states it.
    pub origin: Origin,
    /// What is stated.
    pub product: ProductClaim,
}

/// A product as named by publishers, with all claims about it.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) key: ProductKey,
    pub(crate) vendors: BTreeSet<String>,
    /// Places in [`Index::claims`].
    pub(crate) claims: Vec<usize>,
}

#[derive(Debug, Default)]
struct Shelf {
    by_term: BTreeMap<String, Vec<usize>>,
    /// Products that name ranges of models.
    ranged: Vec<usize>,
}

/// An SBOM with what its components have.
#[derive(Debug)]
pub(crate) struct Assembly {
    pub(crate) key: ProductKey,
    pub(crate) vendors: BTreeSet<String>,
    pub(crate) version: Option<String>,
    /// Vulnerability, how it stands, the component's place in the SBOM and the claim's in the index.
    pub(crate) found: Vec<(usize, Standing, usize, usize)>,
    pub(crate) components: Vec<Component>,
}

/// Vulnerabilities and SBOMs, ready to be asked.
#[derive(Debug, Default)]
pub struct Index {
    vulnerabilities: Vec<Vulnerability>,
    surfaces: Vec<Surface>,
    claims: Vec<IndexedClaim>,
    products: Vec<Product>,
    shelves: BTreeMap<String, Shelf>,
    /// Models that recognise a product without its maker.
    by_model: BTreeMap<String, Vec<usize>>,
    /// Products by all their words.
    by_words: BTreeMap<String, Vec<usize>>,
    assemblies: Vec<Assembly>,
}

impl Index {
    /// Builds the index. Withdrawn vulnerabilities and those that name no product are kept for [`Index::vulnerabilities`] and never
    /// match.
    #[must_use]
    pub fn new(vulnerabilities: Vec<Vulnerability>, sboms: &[Sbom]) -> Self {
        let mut index = Self::default();
        let mut known: BTreeMap<(BTreeSet<String>, ProductKey), usize> = BTreeMap::new();
        for (place, vulnerability) in vulnerabilities.iter().enumerate() {
            index.surfaces.push(surface(vulnerability));
            if vulnerability.withdrawn() {
                continue;
            }
            for (account, product) in vulnerability.products() {
                let vendors = vendor_keys(&product.vendor);
                let key = ProductKey::read(&product.product, &product.vendor);
                let claim = index.claims.len();
                index.claims.push(IndexedClaim {
                    vulnerability: place,
                    origin: account.origin.clone(),
                    product: product.clone(),
                });
                let next = index.products.len();
                let slot = *known.entry((vendors.clone(), key.clone())).or_insert(next);
                if slot == next {
                    index.products.push(Product {
                        key,
                        vendors,
                        claims: Vec::new(),
                    });
                }
                if let Some(product) = index.products.get_mut(slot) {
                    product.claims.push(claim);
                }
            }
        }
        index.vulnerabilities = vulnerabilities;
        index.shelve();
        for sbom in sboms {
            let assembly = index.assemble(sbom);
            index.assemblies.push(assembly);
        }
        index
    }

    fn shelve(&mut self) {
        for (place, product) in self.products.iter().enumerate() {
            for vendor in &product.vendors {
                let shelf = self.shelves.entry(vendor.clone()).or_default();
                for term in product.key.terms() {
                    shelf
                        .by_term
                        .entry(term.to_owned())
                        .or_default()
                        .push(place);
                }
                if product.key.has_ranges() {
                    shelf.ranged.push(place);
                }
            }
            for model in product.key.strong_models() {
                self.by_model
                    .entry(model.to_owned())
                    .or_default()
                    .push(place);
            }
            self.by_words
                .entry(product.key.words())
                .or_default()
                .push(place);
        }
    }

    /// All vulnerabilities, in the order given.
    #[must_use]
    pub fn vulnerabilities(&self) -> &[Vulnerability] {
        &self.vulnerabilities
    }

    /// One vulnerability by its place.
    #[must_use]
    pub fn vulnerability(&self, place: usize) -> Option<&Vulnerability> {
        self.vulnerabilities.get(place)
    }

    /// Where a vulnerability lies open.
    #[must_use]
    pub fn surface(&self, place: usize) -> Option<&Surface> {
        self.surfaces.get(place)
    }

    /// A claim by its place, as a match names it.
    #[must_use]
    pub fn claim(&self, place: usize) -> Option<&IndexedClaim> {
        self.claims.get(place)
    }

    /// Distinct products that publishers name.
    #[must_use]
    pub fn product_count(&self) -> usize {
        self.products.len()
    }

    pub(crate) fn product(&self, place: usize) -> Option<&Product> {
        self.products.get(place)
    }

    /// Products of a maker that a device's product may be, each once, in order.
    pub(crate) fn candidates(
        &self,
        vendors: &BTreeSet<String>,
        key: &ProductKey,
    ) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        for vendor in vendors {
            let Some(shelf) = self.shelves.get(vendor) else {
                continue;
            };
            for term in key.terms() {
                found.extend(shelf.by_term.get(term).into_iter().flatten());
            }
            found.extend(&shelf.ranged);
        }
        found
    }

    /// Products that a model alone recognises, whoever makes them.
    pub(crate) fn by_model(&self, key: &ProductKey) -> BTreeSet<usize> {
        let models = key
            .strong_models()
            .filter_map(|model| self.by_model.get(model));
        models.flatten().copied().collect()
    }

    /// SBOMs of the product a device is.
    pub(crate) fn assemblies<'a>(
        &'a self,
        vendors: &'a BTreeSet<String>,
        key: &'a ProductKey,
    ) -> impl Iterator<Item = &'a Assembly> {
        self.assemblies.iter().filter(move |assembly| {
            !assembly.vendors.is_disjoint(vendors)
                && assembly.key.fit(key).is_some_and(|fit| fit != Fit::Family)
        })
    }

    fn assemble(&self, sbom: &Sbom) -> Assembly {
        let mut found = Vec::new();
        for (place, component) in sbom.components.iter().enumerate() {
            for (vulnerability, standing, claim) in self.of_component(component) {
                found.push((vulnerability, standing, place, claim));
            }
        }
        Assembly {
            key: ProductKey::read(&sbom.subject.name, &sbom.subject.vendor),
            vendors: vendor_keys(&sbom.subject.vendor),
            version: sbom.subject.version.clone(),
            found,
            components: sbom.components.clone(),
        }
    }

    /// What a component has: products of the very same name, of the same maker where both name one.
    pub(crate) fn of_component(&self, component: &Component) -> Vec<(usize, Standing, usize)> {
        let of_cpe = component
            .cpe
            .as_ref()
            .and_then(|cpe| Some((cpe.vendor()?, cpe.product()?)));
        let (vendor, name) = match &of_cpe {
            Some((vendor, product)) => (vendor.replace('_', " "), product.replace('_', " ")),
            None => (component.vendor.clone(), component.name.clone()),
        };
        let vendors = vendor_keys(&vendor);
        let words = ProductKey::read(&name, "").words();
        let mut found = Vec::new();
        let same_words = self.by_words.get(&words).into_iter().flatten();
        for product in same_words.filter_map(|place| self.product(*place)) {
            let same_maker = vendors.is_empty()
                || product.vendors.is_empty()
                || !vendors.is_disjoint(&product.vendors);
            for place in &product.claims {
                let Some(claim) = self.claim(*place) else {
                    continue;
                };
                let standing = crate::matching::judge(
                    &claim.product,
                    component.version.as_deref(),
                    Fit::Same,
                    &product.key,
                );
                if let Some(standing) = standing {
                    found.push((
                        claim.vulnerability,
                        standing.of_component(same_maker),
                        *place,
                    ));
                }
            }
        }
        found
    }
}
