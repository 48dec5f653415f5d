//! CSAF 2.0 (OASIS Common Security Advisory Framework): security advisories and the VEX profile.

mod document;

use std::collections::{BTreeMap, BTreeSet};

use document::{Branch, Csaf, Entry, Product, Tree};

use super::{ReadError, Reading, Skip, identifier, json, millis};
use crate::range::{Range, read_text};
use crate::statement::{Claim, Origin, ProductClaim, RemedyKind, Rule, SourceKind, Status};

/// A product of the tree: what its branches say.
#[derive(Clone)]
struct Named {
    vendor: String,
    product: String,
    range: Range,
    cpe: Option<crate::cpe::Name>,
    purl: Option<String>,
}

/// Reads an advisory.
///
/// # Errors
/// [`ReadError`] when it is too large or something else.
pub fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let csaf: Csaf = json(bytes, "CSAF")?;
    let version = csaf.document.csaf_version.unwrap_or_default();
    if !version.starts_with("2.") {
        return Err(ReadError::SomethingElse {
            expected: "CSAF 2.x",
            found: format!("csaf_version {:?}", crate::text::keep_at_most(&version, 32)),
        });
    }
    let tracking = csaf.document.tracking;
    let document = identifier(&tracking.id).unwrap_or_default();
    let origin = Origin {
        kind: SourceKind::Csaf,
        publisher: crate::text::keep_at_most(&csaf.document.publisher.name, 128),
        document: document.clone(),
    };
    let mut reading = Reading::new(origin, millis(tracking.current_release_date.as_deref()));
    let products = tree(&csaf.product_tree, &mut reading);
    let groups: BTreeMap<String, Vec<String>> = csaf
        .product_tree
        .product_groups
        .into_iter()
        .map(|group| (group.group_id, group.product_ids))
        .collect();
    for (place, entry) in csaf.vulnerabilities.into_iter().enumerate() {
        let own = entry.ids.first().map(|id| id.text.as_str());
        let named = entry.cve.as_deref().or(own).and_then(identifier);
        let id = named.unwrap_or_else(|| format!("{document}#{place}"));
        vulnerability(
            &id,
            &csaf.document.title,
            entry,
            &products,
            &groups,
            &mut reading,
        );
    }
    Ok(reading)
}

fn tree(tree: &Tree, reading: &mut Reading) -> BTreeMap<String, Named> {
    let mut products = BTreeMap::new();
    for branch in &tree.branches {
        walk(branch, &Path::default(), &mut products, reading);
    }
    for product in &tree.full_product_names {
        let named = Path::default().named(product, reading);
        products.insert(product.product_id.clone(), named);
    }
    for relationship in &tree.relationships {
        let part = products.get(&relationship.product_reference).cloned();
        let Some(mut named) = part else {
            reading
                .skipped
                .count(Skip::UnknownProduct, &relationship.product_reference);
            continue;
        };
        if let Some(host) = products.get(&relationship.relates_to_product_reference) {
            let text = format!("with {} {}", host.product, host.range.text);
            named.range.condition = Some(crate::text::keep(&text));
        }
        products.insert(relationship.full_product_name.product_id.clone(), named);
    }
    products
}

#[derive(Default, Clone)]
struct Path<'a> {
    vendor: &'a str,
    product: &'a str,
    version: Option<&'a str>,
    rest: Vec<&'a str>,
}

impl Path<'_> {
    fn named(&self, product: &Product, reading: &mut Reading) -> Named {
        let helper = &product.product_identification_helper;
        let cpe = helper.cpe.as_deref().and_then(|text| match text.parse() {
            Ok(name) => Some(name),
            Err(_) => {
                reading.skipped.count(Skip::CpeName, text);
                None
            }
        });
        let mut range = match self.version {
            Some(version) => read_text(version),
            None if self.product.is_empty() => Range::not_understood(&product.name),
            None => Range::all(),
        };
        if !self.rest.is_empty() && range.condition.is_none() {
            range.condition = Some(crate::text::keep(&self.rest.join(" ")));
        }
        let name = if self.product.is_empty() {
            &product.name
        } else {
            self.product
        };
        Named {
            vendor: crate::text::keep(self.vendor),
            product: crate::text::keep(name),
            range,
            cpe,
            purl: helper
                .purl
                .as_deref()
                .map(|purl| crate::text::keep_at_most(purl, crate::purl::PURL_BYTES)),
        }
    }
}

fn walk<'a>(
    branch: &'a Branch,
    path: &Path<'a>,
    products: &mut BTreeMap<String, Named>,
    reading: &mut Reading,
) {
    let mut path = path.clone();
    match branch.category.as_str() {
        "vendor" => path.vendor = &branch.name,
        "product_name" => path.product = &branch.name,
        // A family names the product only where nothing below does.
        "product_family" if path.product.is_empty() => path.product = &branch.name,
        "product_version" | "product_version_range" => path.version = Some(&branch.name),
        "product_family" | "language" | "legacy" => {}
        _ => path.rest.push(&branch.name),
    }
    if let Some(product) = &branch.product {
        let named = path.named(product, reading);
        products.insert(product.product_id.clone(), named);
    }
    for below in &branch.branches {
        walk(below, &path, products, reading);
    }
}

fn status(name: &str) -> Option<Status> {
    Some(match name {
        "known_affected" | "first_affected" | "last_affected" => Status::Affected,
        "fixed" | "first_fixed" => Status::Fixed,
        "known_not_affected" => Status::NotAffected,
        "under_investigation" => Status::UnderInvestigation,
        _ => return None,
    })
}

fn remedy(category: &str) -> Option<RemedyKind> {
    Some(match category {
        "vendor_fix" | "optional_patch" => RemedyKind::VendorFix,
        "workaround" => RemedyKind::Workaround,
        "mitigation" => RemedyKind::Mitigation,
        "no_fix_planned" => RemedyKind::NoFixPlanned,
        "none_available" => RemedyKind::NoneAvailable,
        "fix_planned" => RemedyKind::FixPlanned,
        _ => return None,
    })
}

/// The products a part of the entry is about; `None` is all of them.
fn concerned<'a>(
    ids: &'a [String],
    groups: &'a [String],
    known: &'a BTreeMap<String, Vec<String>>,
) -> Option<BTreeSet<&'a str>> {
    if ids.is_empty() && groups.is_empty() {
        return None;
    }
    let grouped = groups.iter().filter_map(|group| known.get(group)).flatten();
    Some(ids.iter().chain(grouped).map(String::as_str).collect())
}

fn vulnerability(
    id: &str,
    title: &str,
    entry: Entry,
    products: &BTreeMap<String, Named>,
    groups: &BTreeMap<String, Vec<String>>,
    reading: &mut Reading,
) {
    words(id, title, &entry, reading);
    let mut remedies: Vec<(Option<BTreeSet<&str>>, RemedyKind)> = Vec::new();
    for remediation in &entry.remediations {
        match remedy(&remediation.category) {
            Some(kind) => {
                let of = concerned(&remediation.product_ids, &remediation.group_ids, groups);
                remedies.push((of, kind));
                reading.text(id, &remediation.details, |text| Claim::Remedy(kind, text));
            }
            None => reading
                .skipped
                .count(Skip::UnknownValue, &remediation.category),
        }
    }
    for (name, ids) in &entry.product_status {
        let Some(status) = status(name) else {
            if name != "recommended" {
                reading.skipped.count(Skip::UnknownValue, name);
            }
            continue;
        };
        for product_id in ids {
            let Some(named) = products.get(product_id) else {
                reading.skipped.count(Skip::UnknownProduct, product_id);
                continue;
            };
            let holds = |of: &Option<BTreeSet<&str>>| {
                of.as_ref()
                    .is_none_or(|of| of.contains(product_id.as_str()))
            };
            let kinds: BTreeSet<RemedyKind> = remedies
                .iter()
                .filter(|(of, _)| holds(of))
                .map(|(_, kind)| *kind)
                .collect();
            let flag = entry
                .flags
                .iter()
                .find(|flag| holds(&concerned(&flag.product_ids, &flag.group_ids, groups)));
            let product = ProductClaim {
                vendor: named.vendor.clone(),
                product: named.product.clone(),
                cpe: named.cpe.clone(),
                purl: named.purl.clone(),
                rules: vec![Rule {
                    status,
                    range: named.range.clone(),
                }],
                otherwise: Status::Unknown,
                remedies: kinds.into_iter().collect(),
                justification: flag
                    .filter(|_| status == Status::NotAffected)
                    .map(|flag| crate::text::keep(&flag.label)),
            };
            reading.state(id, Claim::Product(Box::new(product)));
        }
    }
}

fn words(id: &str, title: &str, entry: &Entry, reading: &mut Reading) {
    reading.text(id, entry.title.as_deref().unwrap_or(title), Claim::Title);
    let described = entry
        .notes
        .iter()
        .find(|note| matches!(note.category.as_str(), "summary" | "description"));
    if let Some(note) = described {
        reading.text(id, &note.text, Claim::Description);
    }
    if let Some(cwe) = &entry.cwe {
        reading.text(id, &cwe.id, Claim::Cwe);
    }
    for score in &entry.scores {
        let vectors = [&score.cvss_v2, &score.cvss_v3, &score.cvss_v4];
        for vectored in vectors.into_iter().flatten() {
            reading.score(id, &vectored.vector);
        }
    }
    for threat in &entry.threats {
        // Microsoft's form; other makers write prose that cannot be decided.
        if threat.category == "exploit_status"
            && threat
                .details
                .to_ascii_lowercase()
                .contains("publicly disclosed:yes")
        {
            reading.text(id, &threat.details, Claim::PublicExploit);
        }
    }
    for other in &entry.ids {
        if other.text != id {
            reading.text(id, &other.text, Claim::Alias);
        }
    }
}
