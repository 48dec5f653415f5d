//! OpenVEX 0.0.1 and 0.2.0: statements whether a product has a vulnerability.

use serde::Deserialize;
use serde_json::Value;

use super::{ReadError, Reading, Skip, identifier, json, millis};
use crate::cpe::Name;
use crate::purl::Purl;
use crate::range::{Range, Span};
use crate::statement::{Claim, Origin, ProductClaim, RemedyKind, Rule, SourceKind, Status};
use crate::text::keep;

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "@context")]
    context: Option<String>,
    #[serde(rename = "@id", default)]
    id: String,
    #[serde(default)]
    author: String,
    timestamp: Option<String>,
    last_updated: Option<String>,
    #[serde(default)]
    statements: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    /// A text (0.0.1) or an object with a name (0.2.0).
    #[serde(default)]
    vulnerability: Value,
    /// Texts (0.0.1) or objects (0.2.0).
    #[serde(default)]
    products: Vec<Value>,
    #[serde(default)]
    status: String,
    justification: Option<String>,
    impact_statement: Option<String>,
    action_statement: Option<String>,
}

/// Reads a document.
///
/// # Errors
/// [`ReadError`] when it is too large or something else.
pub fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let document: Document = json(bytes, "OpenVEX")?;
    let context = document.context.unwrap_or_default();
    if !context.contains("openvex") {
        return Err(ReadError::SomethingElse {
            expected: "OpenVEX",
            found: format!("@context {:?}", crate::text::keep_at_most(&context, 64)),
        });
    }
    let origin = Origin {
        kind: SourceKind::OpenVex,
        publisher: crate::text::keep_at_most(&document.author, 128),
        document: crate::text::keep_at_most(&document.id, 256),
    };
    let date = document.last_updated.or(document.timestamp);
    let mut reading = Reading::new(origin, millis(date.as_deref()));
    for entry in &document.statements {
        statement(entry, &mut reading);
    }
    Ok(reading)
}

fn statement(entry: &Entry, reading: &mut Reading) {
    let object = &entry.vulnerability;
    let name = object.as_str().or_else(|| object.get("name")?.as_str());
    let Some(id) = name.and_then(identifier) else {
        reading
            .skipped
            .count(Skip::NoIdentifier, "a statement without a vulnerability");
        return;
    };
    let status = match entry.status.as_str() {
        "affected" => Status::Affected,
        "not_affected" => Status::NotAffected,
        "fixed" => Status::Fixed,
        "under_investigation" => Status::UnderInvestigation,
        other => {
            reading.skipped.count(Skip::UnknownValue, other);
            return;
        }
    };
    for value in &entry.products {
        let Some(mut claim) = product(value, status) else {
            let example = value.as_str().or_else(|| value.get("@id")?.as_str());
            reading
                .skipped
                .count(Skip::UnknownProduct, example.unwrap_or(""));
            continue;
        };
        let why = entry
            .justification
            .as_deref()
            .or(entry.impact_statement.as_deref());
        claim.justification = why.map(keep);
        if entry.action_statement.is_some() {
            claim.remedies.push(RemedyKind::Mitigation);
        }
        reading.state(&id, Claim::Product(Box::new(claim)));
    }
    if let Some(text) = &entry.action_statement {
        reading.text(&id, text, |text| {
            Claim::Remedy(RemedyKind::Mitigation, text)
        });
    }
}

/// A product by package URL or CPE name; any other identifier names no product we could recognise.
fn product(value: &Value, status: Status) -> Option<ProductClaim> {
    let identifiers = value.get("identifiers");
    let named = |key: &str| {
        identifiers
            .and_then(|all| all.get(key))
            .and_then(Value::as_str)
    };
    let id = value.as_str().or_else(|| value.get("@id")?.as_str());
    let purl_text = named("purl").or(id).filter(|text| text.starts_with("pkg:"));
    let cpe: Option<Name> = named("cpe23")
        .or(named("cpe22"))
        .or(id)
        .and_then(|text| text.parse().ok());
    let purl = purl_text.and_then(Purl::read);
    let (vendor, product, version, scheme) = match (&cpe, &purl) {
        (Some(cpe), _) => (
            cpe.vendor()?,
            cpe.product()?,
            cpe.version(),
            crate::version::Scheme::Generic,
        ),
        (None, Some(purl)) => (
            purl.namespace.clone(),
            purl.name.clone(),
            purl.version.clone(),
            purl.scheme(),
        ),
        (None, None) => return None,
    };
    let range = match version {
        Some(version) => Range {
            scheme,
            spans: vec![Span::Exactly(keep(&version))],
            ..Range::default()
        },
        None => Range::all(),
    };
    Some(ProductClaim {
        vendor: keep(&vendor.replace('_', " ")),
        product: keep(&product.replace('_', " ")),
        cpe,
        purl: purl_text.map(keep),
        rules: vec![Rule { status, range }],
        otherwise: Status::Unknown,
        remedies: Vec::new(),
        justification: None,
    })
}
