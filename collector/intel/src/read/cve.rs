//! CVE records, format 5 (CVE JSON 5.x), with the containers of other publishers: CISA's vulnrichment adds SSVC and KEV.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{ReadError, Reading, Skip, identifier, json, millis};
use crate::range::{Bound, Range, Span, read_text};
use crate::ssvc::{Automatable, Exploitation, TechnicalImpact};
use crate::statement::{Claim, Origin, ProductClaim, Rule, SourceKind, Status};
use crate::text::keep;
use crate::version::Scheme;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    data_type: Option<String>,
    cve_metadata: Metadata,
    containers: Containers,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    cve_id: String,
    #[serde(default)]
    state: String,
    date_updated: Option<String>,
    date_published: Option<String>,
}

#[derive(Deserialize)]
struct Containers {
    cna: Container,
    #[serde(default)]
    adp: Vec<Container>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    provider_metadata: Provider,
    title: Option<String>,
    descriptions: Vec<Text>,
    problem_types: Vec<ProblemType>,
    affected: Vec<Affected>,
    metrics: Vec<BTreeMap<String, Value>>,
    references: Vec<Reference>,
    solutions: Vec<Text>,
    workarounds: Vec<Text>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Provider {
    short_name: String,
    date_updated: Option<String>,
}

#[derive(Deserialize)]
struct Text {
    #[serde(default)]
    lang: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct ProblemType {
    #[serde(default)]
    descriptions: Vec<Problem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Problem {
    cwe_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Affected {
    #[serde(default)]
    vendor: String,
    #[serde(default)]
    product: String,
    package_name: Option<String>,
    #[serde(default)]
    versions: Vec<Version>,
    #[serde(default)]
    default_status: String,
    #[serde(default)]
    cpes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(default)]
    version: String,
    #[serde(default)]
    status: String,
    version_type: Option<String>,
    less_than: Option<String>,
    less_than_or_equal: Option<String>,
    #[serde(default)]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    at: String,
    status: String,
}

#[derive(Deserialize)]
struct Reference {
    #[serde(default)]
    url: String,
    #[serde(default)]
    tags: Vec<String>,
}

/// Reads a record. The statements of each container have the origin of its publisher.
///
/// # Errors
/// [`ReadError`] when it is too large or something else.
pub fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let record: Record = json(bytes, "a CVE record of format 5")?;
    if record.data_type.as_deref() != Some("CVE_RECORD") {
        return Err(ReadError::SomethingElse {
            expected: "a CVE record of format 5",
            found: "JSON whose dataType is not CVE_RECORD".into(),
        });
    }
    let metadata = record.cve_metadata;
    let Some(id) = identifier(&metadata.cve_id) else {
        return Err(ReadError::SomethingElse {
            expected: "a CVE record of format 5",
            found: "a record without cveId".into(),
        });
    };
    let updated = metadata.date_updated.or(metadata.date_published);
    let origin = |kind, provider: &Provider| Origin {
        kind,
        publisher: crate::text::keep_at_most(&provider.short_name, 128),
        document: String::new(),
    };
    let cna = record.containers.cna;
    let mut reading = Reading::new(
        origin(SourceKind::CveRecord, &cna.provider_metadata),
        millis(updated.as_deref()),
    );
    if metadata.state == "REJECTED" {
        reading.state(&id, Claim::Withdrawn);
    }
    container(&id, &cna, &mut reading);
    let (own, at_ms) = (reading.origin.clone(), reading.at_ms);
    for adp in &record.containers.adp {
        reading.origin = origin(SourceKind::CveAdp, &adp.provider_metadata);
        let date = adp.provider_metadata.date_updated.as_deref();
        reading.at_ms = if date.is_some() { millis(date) } else { at_ms };
        container(&id, adp, &mut reading);
    }
    (reading.origin, reading.at_ms) = (own, at_ms);
    Ok(reading)
}

fn english(texts: &[Text]) -> Option<&Text> {
    texts.iter().find(|text| text.lang.starts_with("en"))
}

fn container(id: &str, container: &Container, reading: &mut Reading) {
    if let Some(title) = &container.title {
        reading.text(id, title, Claim::Title);
    }
    if let Some(text) = english(&container.descriptions) {
        reading.text(id, &text.value, Claim::Description);
    }
    for problem in container
        .problem_types
        .iter()
        .flat_map(|kind| &kind.descriptions)
    {
        if let Some(cwe) = &problem.cwe_id {
            reading.text(id, cwe, Claim::Cwe);
        }
    }
    for metrics in &container.metrics {
        metric(id, metrics, reading);
    }
    for reference in container
        .references
        .iter()
        .filter(|reference| reference.tags.iter().any(|tag| tag == "exploit"))
    {
        reading.text(id, &reference.url, Claim::PublicExploit);
    }
    use crate::statement::RemedyKind::{VendorFix, Workaround};
    for (kind, texts) in [
        (VendorFix, &container.solutions),
        (Workaround, &container.workarounds),
    ] {
        if let Some(text) = english(texts) {
            reading.text(id, &text.value, |text| Claim::Remedy(kind, text));
        }
    }
    for affected in &container.affected {
        match product(affected, reading) {
            Some(product) => reading.state(id, Claim::Product(Box::new(product))),
            None => reading.skipped.count(Skip::UnknownProduct, id),
        }
    }
}

fn metric(id: &str, metrics: &BTreeMap<String, Value>, reading: &mut Reading) {
    for (name, value) in metrics {
        if name.starts_with("cvss") {
            let vector = value.get("vectorString").and_then(Value::as_str);
            reading.score(id, vector.unwrap_or(""));
        }
    }
    let Some(other) = metrics.get("other") else {
        return;
    };
    let content = other.get("content");
    match other.get("type").and_then(Value::as_str) {
        Some("ssvc") => {
            let options = content
                .and_then(|content| content.get("options"))
                .and_then(Value::as_array);
            let point = |name: &str| {
                let mut all = options?.iter();
                all.find_map(|option| option.get(name))
                    .and_then(Value::as_str)
            };
            let exploitation = point("Exploitation").and_then(|text| match text {
                "poc" => Some(Exploitation::PublicPoc),
                other => Exploitation::read(other),
            });
            reading.state(
                id,
                Claim::Ssvc {
                    exploitation,
                    automatable: point("Automatable").and_then(Automatable::read),
                    technical_impact: point("Technical Impact").and_then(TechnicalImpact::read),
                },
            );
        }
        Some("kev") => {
            let added = content
                .and_then(|content| content.get("dateAdded"))
                .and_then(Value::as_str);
            reading.state(
                id,
                Claim::KnownExploited {
                    added_ms: added.and_then(crate::version::millis),
                    ransomware: false,
                },
            );
        }
        _ => {}
    }
}

fn status(text: &str) -> Status {
    match text {
        "affected" => Status::Affected,
        "unaffected" => Status::NotAffected,
        _ => Status::Unknown,
    }
}

fn product(affected: &Affected, reading: &mut Reading) -> Option<ProductClaim> {
    let product = match affected.product.trim() {
        "" | "n/a" => affected.package_name.as_deref()?.trim(),
        product => product,
    };
    let vendor = match affected.vendor.trim() {
        "n/a" => "",
        vendor => vendor,
    };
    let cpe = affected.cpes.first().and_then(|text| {
        let name = text.parse().ok();
        if name.is_none() {
            reading.skipped.count(Skip::CpeName, text);
        }
        name
    });
    Some(ProductClaim {
        vendor: keep(vendor),
        product: keep(product),
        cpe,
        purl: None,
        rules: affected
            .versions
            .iter()
            .take(crate::range::SPANS.saturating_mul(16))
            .flat_map(rules)
            .collect(),
        otherwise: status(&affected.default_status),
        remedies: Vec::new(),
        justification: None,
    })
}

/// The rules of one entry: its range, cut where `changes` say that the status changes.
fn rules(version: &Version) -> Vec<Rule> {
    let scheme = version
        .version_type
        .as_deref()
        .map_or(Scheme::Loose, Scheme::of_type);
    let end = match (&version.less_than, &version.less_than_or_equal) {
        (Some(end), _) if matches!(end.trim(), "*" | "unspecified") => Bound::Open,
        (Some(end), _) => Bound::Excluding(keep(end)),
        (None, Some(end)) if end.trim() == "*" => Bound::Open,
        (None, Some(end)) => match end.strip_suffix(".*") {
            Some(series) => Bound::Through(keep(series)),
            None => Bound::Including(keep(end)),
        },
        (None, None) if version.changes.is_empty() => return vec![exactly(version, scheme)],
        (None, None) => Bound::Open,
    };
    let start = version.version.trim();
    let mut from = match start {
        "" | "0" | "*" | "unspecified" | "n/a" | "-" => Bound::Open,
        start => Bound::Including(keep(start)),
    };
    let mut now = status(&version.status);
    let mut rules = Vec::new();
    let mut rule = |status, from, to| {
        rules.push(Rule {
            status,
            range: Range {
                scheme,
                spans: vec![Span::Between { from, to }],
                ..Range::default()
            },
        });
    };
    for change in version.changes.iter().take(crate::range::SPANS) {
        let at = keep(&change.at);
        rule(now, from, Bound::Excluding(at.clone()));
        from = Bound::Including(at);
        now = status(&change.status);
    }
    rule(now, from, end);
    rules
}

/// One version, which many publishers use for a range in words ("<= 4.1", "All").
fn exactly(version: &Version, scheme: Scheme) -> Rule {
    let mut range = read_text(&version.version);
    if let ([Span::Exactly(_)], true) = (range.spans.as_slice(), version.version_type.is_some()) {
        range.scheme = scheme;
    }
    Rule {
        status: status(&version.status),
        range,
    }
}
