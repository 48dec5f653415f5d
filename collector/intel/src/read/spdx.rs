//! SPDX 2.2 and 2.3 JSON (ISO/IEC 5962): packages.

use serde::Deserialize;

use super::{ReadError, Skip, Skipped, json, millis};
use crate::purl::Purl;
use crate::sbom::{Component, Sbom};
use crate::text::keep;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    spdx_version: Option<String>,
    #[serde(default)]
    document_namespace: String,
    creation_info: Option<Creation>,
    #[serde(default)]
    packages: Vec<Package>,
    #[serde(default)]
    document_describes: Vec<String>,
    #[serde(default)]
    relationships: Vec<Relationship>,
}

#[derive(Deserialize)]
struct Creation {
    created: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    #[serde(rename = "SPDXID", default)]
    id: String,
    #[serde(default)]
    name: String,
    version_info: Option<String>,
    supplier: Option<String>,
    #[serde(default)]
    external_refs: Vec<External>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct External {
    #[serde(default)]
    reference_type: String,
    #[serde(default)]
    reference_locator: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Relationship {
    #[serde(default)]
    spdx_element_id: String,
    #[serde(default)]
    relationship_type: String,
    #[serde(default)]
    related_spdx_element: String,
}

/// Reads a document. The package it describes is the subject, the others are its components.
///
/// # Errors
/// [`ReadError`] when it is too large or something else.
pub fn read(bytes: &[u8]) -> Result<(Sbom, Skipped), ReadError> {
    let document: Document = json(bytes, "SPDX JSON")?;
    let version = document.spdx_version.unwrap_or_default();
    if !version.starts_with("SPDX-2.") {
        return Err(ReadError::SomethingElse {
            expected: "SPDX 2.x JSON",
            found: format!("spdxVersion {:?}", crate::text::keep_at_most(&version, 32)),
        });
    }
    let created = document.creation_info.and_then(|creation| creation.created);
    let mut skipped = Skipped::default();
    let mut sbom = Sbom {
        document: crate::text::keep_at_most(&document.document_namespace, 256),
        at_ms: millis(created.as_deref()),
        ..Sbom::default()
    };
    let described = document.document_describes.first().cloned().or_else(|| {
        let mut all = document.relationships.iter();
        let describes = all.find(|relationship| {
            relationship.relationship_type == "DESCRIBES"
                && relationship.spdx_element_id == "SPDXRef-DOCUMENT"
        });
        describes.map(|relationship| relationship.related_spdx_element.clone())
    });
    for package in &document.packages {
        if package.name.trim().is_empty() {
            skipped.count(Skip::NoIdentifier, &package.id);
            continue;
        }
        let component = component(package, &mut skipped);
        if described.as_ref() == Some(&package.id) && sbom.subject.name.is_empty() {
            sbom.subject = component;
        } else {
            sbom.components.push(component);
        }
    }
    Ok((sbom.finish(), skipped))
}

fn said(text: Option<&str>) -> Option<&str> {
    text.map(str::trim)
        .filter(|text| !matches!(*text, "" | "NOASSERTION" | "NONE"))
}

fn component(package: &Package, skipped: &mut Skipped) -> Component {
    let external = |kind: &str| {
        let mut all = package.external_refs.iter();
        all.find(|external| external.reference_type == kind)
            .map(|external| external.reference_locator.as_str())
    };
    let cpe = external("cpe23Type").and_then(|text| {
        let name = text.parse().ok();
        if name.is_none() {
            skipped.count(Skip::CpeName, text);
        }
        name
    });
    let purl = external("purl");
    // "Organization: Name (mail)"
    let supplier = said(package.supplier.as_deref()).map(|text| {
        let name = text.split_once(':').map_or(text, |(_, name)| name);
        name.split_once('(').map_or(name, |(name, _)| name)
    });
    let version = said(package.version_info.as_deref()).map(keep);
    Component {
        vendor: keep(supplier.unwrap_or("")),
        name: keep(&package.name),
        version: version.or_else(|| purl.and_then(Purl::read)?.version),
        purl: purl.map(keep),
        cpe,
    }
}
