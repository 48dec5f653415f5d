//! Reading back what `auscult.public.findings-open.v1` says: what the estate needs of an open finding.

use auscult_findings::{OpenFinding, millionths};
use serde::Deserialize;

use crate::envelope::Code;

#[derive(Deserialize)]
struct Event {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    event_code: String,
}

#[derive(Deserialize)]
struct Environment {
    time: i64,
    resources: [Resource; 1],
    vulnerabilities: [Vulnerability; 1],
    unmapped: Unmapped,
}

#[derive(Deserialize)]
struct Resource {
    uid: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    title: Option<String>,
}

#[derive(Deserialize)]
struct Unmapped {
    auscult: Extension,
}

#[derive(Deserialize)]
struct Extension {
    site: String,
    weakness: String,
    #[serde(default)]
    known_exploited: bool,
    risk: Numbers,
}

#[derive(Deserialize)]
struct Numbers {
    score: f64,
}

/// The weakness that a record of the open findings tells of; `None` for findings of other kinds.
///
/// # Errors
/// A record that this program did not write so: what is missing.
pub fn open_finding(value: &[u8]) -> Result<Option<OpenFinding>, serde_json::Error> {
    let event: Event = serde_json::from_slice(value)?;
    if event.metadata.event_code != Code::VulnEnvironment.name() {
        return Ok(None);
    }
    let Environment {
        time,
        resources: [device],
        vulnerabilities: [vulnerability],
        unmapped: Unmapped { auscult: own },
    } = serde_json::from_slice(value)?;
    Ok(Some(OpenFinding {
        site: own.site,
        device: device.uid,
        name: device.name,
        weakness: own.weakness,
        title: vulnerability.title,
        score: millionths(own.risk.score),
        known_exploited: own.known_exploited,
        opened: time,
    }))
}
