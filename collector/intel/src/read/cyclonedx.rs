//! CycloneDX JSON, 1.2 to 1.7 (ECMA-424): components, and the VEX part.

use serde::Deserialize;

use super::{ReadError, Reading, Skip, Skipped, identifier, json, millis};
use crate::purl::{PURL_BYTES, Purl};
use crate::range::{Range, Span};
use crate::sbom::{Component, Sbom};
use crate::statement::{Claim, Origin, ProductClaim, RemedyKind, Rule, SourceKind, Status};
use crate::text::keep;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    bom_format: Option<String>,
    #[serde(default)]
    serial_number: String,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    components: Vec<Part>,
    #[serde(default)]
    vulnerabilities: Vec<Entry>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    timestamp: Option<String>,
    component: Option<Part>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Part {
    #[serde(rename = "bom-ref")]
    bom_ref: Option<String>,
    group: Option<String>,
    publisher: Option<String>,
    supplier: Option<Organization>,
    name: String,
    version: Option<String>,
    purl: Option<String>,
    cpe: Option<String>,
    components: Vec<Self>,
}

#[derive(Deserialize)]
struct Organization {
    name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    id: String,
    description: Option<String>,
    ratings: Vec<Rating>,
    analysis: Option<Analysis>,
    affects: Vec<Affects>,
}

#[derive(Deserialize)]
struct Rating {
    vector: Option<String>,
}

#[derive(Deserialize)]
struct Analysis {
    state: Option<String>,
    justification: Option<String>,
    #[serde(default)]
    response: Vec<String>,
}

#[derive(Deserialize)]
struct Affects {
    #[serde(rename = "ref")]
    reference: String,
}

/// Reads a bill of materials. The VEX part speaks of the product described, whatever component it points at.
///
/// # Errors
/// [`ReadError`] when it is too large or something else.
pub fn read(bytes: &[u8]) -> Result<(Sbom, Reading), ReadError> {
    let bom: Bom = json(bytes, "CycloneDX JSON")?;
    if bom.bom_format.as_deref() != Some("CycloneDX") {
        return Err(ReadError::SomethingElse {
            expected: "CycloneDX JSON",
            found: "JSON whose bomFormat is not CycloneDX".into(),
        });
    }
    let at_ms = millis(bom.metadata.timestamp.as_deref());
    let mut skipped = Skipped::default();
    let mut sbom = Sbom {
        document: crate::text::keep_at_most(&bom.serial_number, 128),
        at_ms,
        ..Sbom::default()
    };
    let mut known = Vec::new();
    if let Some(subject) = &bom.metadata.component {
        sbom.subject = component(subject, &mut skipped);
        walk(
            &subject.components,
            &mut sbom.components,
            &mut known,
            &mut skipped,
        );
    }
    walk(
        &bom.components,
        &mut sbom.components,
        &mut known,
        &mut skipped,
    );
    let origin = Origin {
        kind: SourceKind::Sbom,
        publisher: sbom.subject.vendor.clone(),
        document: sbom.document.clone(),
    };
    let mut reading = Reading::new(origin, at_ms);
    reading.skipped = skipped;
    let own = bom
        .metadata
        .component
        .as_ref()
        .and_then(|c| c.bom_ref.as_deref());
    known.extend(own.map(str::to_owned));
    known.sort_unstable();
    for entry in &bom.vulnerabilities {
        vulnerability(entry, &sbom.subject, &known, &mut reading);
    }
    Ok((sbom.finish(), reading))
}

fn component(part: &Part, skipped: &mut Skipped) -> Component {
    let supplier = part
        .supplier
        .as_ref()
        .and_then(|supplier| supplier.name.as_deref());
    let vendor = [supplier, part.publisher.as_deref(), part.group.as_deref()];
    let purl = part.purl.as_deref().filter(|purl| purl.len() <= PURL_BYTES);
    let cpe = part.cpe.as_deref().and_then(|text| {
        let name = text.parse().ok();
        if name.is_none() {
            skipped.count(Skip::CpeName, text);
        }
        name
    });
    let version = part
        .version
        .clone()
        .or_else(|| purl.and_then(Purl::read)?.version);
    Component {
        vendor: keep(vendor.into_iter().flatten().next().unwrap_or("")),
        name: keep(&part.name),
        version: version
            .map(|version| keep(&version))
            .filter(|version| !version.is_empty()),
        purl: purl.map(keep),
        cpe,
    }
}

fn walk(
    parts: &[Part],
    found: &mut Vec<Component>,
    known: &mut Vec<String>,
    skipped: &mut Skipped,
) {
    for part in parts {
        if part.name.trim().is_empty() {
            skipped.count(Skip::NoIdentifier, "a component without a name");
        } else {
            found.push(component(part, skipped));
        }
        known.extend(part.bom_ref.clone());
        walk(&part.components, found, known, skipped);
    }
}

fn vulnerability(entry: &Entry, subject: &Component, known: &[String], reading: &mut Reading) {
    let Some(id) = identifier(&entry.id) else {
        reading
            .skipped
            .count(Skip::NoIdentifier, "a vulnerability without an id");
        return;
    };
    if let Some(text) = &entry.description {
        reading.text(&id, text, Claim::Description);
    }
    for vector in entry
        .ratings
        .iter()
        .filter_map(|rating| rating.vector.as_deref())
    {
        reading.score(&id, vector);
    }
    for affects in &entry.affects {
        let here = known.binary_search(&affects.reference).is_ok();
        if !here && !affects.reference.starts_with("urn:cdx:") {
            reading
                .skipped
                .count(Skip::UnknownProduct, &affects.reference);
        }
    }
    let Some(analysis) = &entry.analysis else {
        return;
    };
    let status = match analysis.state.as_deref() {
        Some("exploitable") => Status::Affected,
        Some("resolved" | "resolved_with_pedigree") => Status::Fixed,
        Some("not_affected" | "false_positive") => Status::NotAffected,
        Some("in_triage") => Status::UnderInvestigation,
        other => {
            reading
                .skipped
                .count(Skip::UnknownValue, other.unwrap_or(""));
            return;
        }
    };
    if subject.name.is_empty() {
        reading.skipped.count(Skip::UnknownProduct, &id);
        return;
    }
    let range = match &subject.version {
        Some(version) => Range {
            spans: vec![Span::Exactly(version.clone())],
            ..Range::default()
        },
        None => Range::all(),
    };
    let remedies = analysis
        .response
        .iter()
        .filter_map(|response| match response.as_str() {
            "update" => Some(RemedyKind::VendorFix),
            "workaround_available" => Some(RemedyKind::Workaround),
            "will_not_fix" | "can_not_fix" => Some(RemedyKind::NoFixPlanned),
            _ => None,
        });
    let mut remedies: Vec<RemedyKind> = remedies.collect();
    remedies.sort_unstable();
    remedies.dedup();
    let claim = ProductClaim {
        vendor: subject.vendor.clone(),
        product: subject.name.clone(),
        cpe: subject.cpe.clone(),
        purl: subject.purl.clone(),
        rules: vec![Rule { status, range }],
        otherwise: Status::Unknown,
        remedies,
        justification: analysis.justification.as_deref().map(keep),
    };
    reading.state(&id, Claim::Product(Box::new(claim)));
}
