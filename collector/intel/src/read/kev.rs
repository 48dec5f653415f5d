//! CISA Known Exploited Vulnerabilities catalogue, JSON form (schema at cisa.gov/known-exploited-vulnerabilities-catalog).

use serde::Deserialize;

use super::{ReadError, Reading, Skip, identifier, json, millis};
use crate::statement::{Claim, Origin, SourceKind};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalogue {
    catalog_version: Option<String>,
    date_released: Option<String>,
    vulnerabilities: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(rename = "cveID", default)]
    cve: String,
    #[serde(default)]
    vulnerability_name: String,
    #[serde(default)]
    date_added: String,
    #[serde(default)]
    known_ransomware_campaign_use: String,
}

/// The origin of every entry: the catalogue is published whole, so an entry that is not in a newer one is withdrawn.
#[must_use]
pub fn origin() -> Origin {
    Origin {
        kind: SourceKind::Kev,
        publisher: "CISA".into(),
        document: String::new(),
    }
}

/// Reads the catalogue.
///
/// # Errors
/// [`ReadError`] when it is too large or something else.
pub fn read(bytes: &[u8]) -> Result<Reading, ReadError> {
    let catalogue: Catalogue = json(bytes, "a KEV catalogue")?;
    let Some(version) = catalogue.catalog_version else {
        return Err(ReadError::SomethingElse {
            expected: "a KEV catalogue",
            found: "JSON without catalogVersion".into(),
        });
    };
    let released = catalogue.date_released.unwrap_or(version);
    let mut reading = Reading::new(origin(), millis(Some(&released)));
    for entry in catalogue.vulnerabilities {
        let Some(id) = identifier(&entry.cve) else {
            reading
                .skipped
                .count(Skip::NoIdentifier, &entry.vulnerability_name);
            continue;
        };
        let claim = Claim::KnownExploited {
            added_ms: crate::version::millis(&entry.date_added),
            ransomware: entry
                .known_ransomware_campaign_use
                .eq_ignore_ascii_case("known"),
        };
        reading.state(&id, claim);
        reading.text(&id, &entry.vulnerability_name, Claim::Title);
    }
    Ok(reading)
}
