//! NVD CVE API 2.0 pages (schema `cve_api_json_2.0`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::{ReadError, Reading, Skip, identifier, json, millis};
use crate::cpe::Name;
use crate::range::{Bound, Range, Span};
use crate::statement::{Claim, Origin, ProductClaim, Rule, SourceKind, Status};
use crate::version::Scheme;

#[derive(Deserialize)]
struct Page {
    format: Option<String>,
    vulnerabilities: Vec<Wrapped>,
}

#[derive(Deserialize)]
struct Wrapped {
    cve: Cve,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cve {
    id: String,
    #[serde(default)]
    vuln_status: String,
    last_modified: Option<String>,
    #[serde(default)]
    descriptions: Vec<Text>,
    #[serde(default)]
    metrics: BTreeMap<String, Vec<Metric>>,
    #[serde(default)]
    weaknesses: Vec<Weakness>,
    #[serde(default)]
    configurations: Vec<Configuration>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    cvss_data: Option<Cvss>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cvss {
    #[serde(default)]
    vector_string: String,
}

#[derive(Deserialize)]
struct Weakness {
    #[serde(default)]
    description: Vec<Text>,
}

#[derive(Deserialize)]
struct Configuration {
    #[serde(default)]
    operator: String,
    #[serde(default)]
    negate: bool,
    #[serde(default)]
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    #[serde(default)]
    negate: bool,
    #[serde(default)]
    cpe_match: Vec<CpeMatch>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CpeMatch {
    #[serde(default)]
    vulnerable: bool,
    criteria: String,
    version_start_including: Option<String>,
    version_start_excluding: Option<String>,
    version_end_including: Option<String>,
    version_end_excluding: Option<String>,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    url: String,
    #[serde(default)]
    tags: Vec<String>,
}

/// The origin of every entry.
#[must_use]
pub fn origin() -> Origin {
    Origin {
        kind: SourceKind::Nvd,
        publisher: "NVD".into(),
        document: String::new(),
    }
}

/// Reads a page.
///
/// # Errors
/// [`ReadError`] when it is too large or something else.
pub fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let page: Page = json(bytes, "an NVD 2.0 page")?;
    if page.format.as_deref() != Some("NVD_CVE") {
        return Err(ReadError::SomethingElse {
            expected: "an NVD 2.0 page",
            found: "JSON whose format is not NVD_CVE".into(),
        });
    }
    let mut reading = Reading::new(origin(), 0);
    for Wrapped { cve } in page.vulnerabilities {
        // Each entry has its own date.
        reading.at_ms = millis(cve.last_modified.as_deref());
        entry(cve, &mut reading);
    }
    Ok(reading)
}

fn entry(cve: Cve, reading: &mut Reading) {
    let Some(id) = identifier(&cve.id) else {
        reading.skipped.count(Skip::NoIdentifier, "");
        return;
    };
    if cve.vuln_status == "Rejected" {
        reading.state(&id, Claim::Withdrawn);
    }
    if let Some(text) = cve
        .descriptions
        .iter()
        .find(|text| text.lang.starts_with("en"))
    {
        reading.text(&id, &text.value, Claim::Description);
    }
    for weakness in cve
        .weaknesses
        .iter()
        .flat_map(|weakness| &weakness.description)
    {
        if weakness.value.starts_with("CWE-") {
            reading.text(&id, &weakness.value, Claim::Cwe);
        }
    }
    for (name, metrics) in &cve.metrics {
        // The same member holds SSVC and other metrics in newer pages.
        for data in metrics
            .iter()
            .filter_map(|metric| metric.cvss_data.as_ref())
        {
            if name.starts_with("cvssMetric") {
                reading.score(&id, &data.vector_string);
            }
        }
    }
    for reference in cve
        .references
        .iter()
        .filter(|reference| reference.tags.iter().any(|tag| tag == "Exploit"))
    {
        reading.text(&id, &reference.url, Claim::PublicExploit);
    }
    for configuration in &cve.configurations {
        for product in products(configuration, reading) {
            reading.state(&id, Claim::Product(Box::new(product)));
        }
    }
}

/// A firmware and the hardware it runs on are one product here.
fn base(product: &str) -> &str {
    product.strip_suffix("_firmware").unwrap_or(product)
}

fn products(configuration: &Configuration, reading: &mut Reading) -> Vec<ProductClaim> {
    let mut vulnerable: BTreeMap<(String, String), Vec<(Name, Range)>> = BTreeMap::new();
    let mut platforms = BTreeSet::new();
    for node in &configuration.nodes {
        if node.negate || configuration.negate {
            reading.skipped.count(Skip::Negated, "a negated node");
            continue;
        }
        for one in &node.cpe_match {
            let name: Name = match one.criteria.parse() {
                Ok(name) => name,
                Err(_) => {
                    reading.skipped.count(Skip::CpeName, &one.criteria);
                    continue;
                }
            };
            let (Some(vendor), Some(product)) = (name.vendor(), name.product()) else {
                reading.skipped.count(Skip::CpeName, &one.criteria);
                continue;
            };
            let product = base(&product).to_owned();
            if one.vulnerable {
                let range = range(one, &name);
                vulnerable
                    .entry((vendor, product))
                    .or_default()
                    .push((name, range));
            } else {
                platforms.insert(product);
            }
        }
    }
    let and = configuration.operator == "AND";
    vulnerable
        .into_iter()
        .map(|((vendor, product), matches)| {
            let needs = and && !platforms.is_empty() && !platforms.contains(&product);
            let names: Vec<&str> = platforms.iter().map(String::as_str).take(8).collect();
            let condition = needs.then(|| crate::text::keep(&format!("on {}", names.join(", "))));
            claim(&vendor, &product, matches, condition)
        })
        .collect()
}

fn claim(
    vendor: &str,
    product: &str,
    matches: Vec<(Name, Range)>,
    condition: Option<String>,
) -> ProductClaim {
    let words = |text: &str| crate::text::keep(&text.replace('_', " "));
    let cpe = matches.first().map(|(name, _)| name.clone());
    let rules = matches.into_iter().map(|(_, range)| Rule {
        status: Status::Affected,
        range: Range {
            condition: condition.clone(),
            ..range
        },
    });
    ProductClaim {
        vendor: words(vendor),
        product: words(product),
        cpe,
        purl: None,
        rules: rules.collect(),
        // Analysts list all versions they know to be affected.
        otherwise: Status::NotAffected,
        remedies: Vec::new(),
        justification: None,
    }
}

fn range(one: &CpeMatch, name: &Name) -> Range {
    let keep = |text: &String| crate::text::keep(text);
    let start =
        |including: &Option<String>, excluding: &Option<String>| match (including, excluding) {
            (Some(version), _) => Bound::Including(keep(version)),
            (None, Some(version)) => Bound::Excluding(keep(version)),
            (None, None) => Bound::Open,
        };
    let from = start(&one.version_start_including, &one.version_start_excluding);
    let to = start(&one.version_end_including, &one.version_end_excluding);
    let span = match (from, to, name.version()) {
        (Bound::Open, Bound::Open, Some(version)) => Span::Exactly(version),
        (Bound::Open, Bound::Open, None) => Span::All,
        (from, to, _) => Span::Between { from, to },
    };
    Range {
        scheme: Scheme::Generic,
        spans: vec![span],
        ..Range::default()
    }
}
