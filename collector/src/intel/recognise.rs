//! Which publisher's format a document has, told by its content: names of files say nothing that can be relied on.

use std::fmt;

use auscult_intel::read::{self, ReadError, Reading, Skipped};
use auscult_intel::sbom::Sbom;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// A format that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// CSAF 2.0 advisory or VEX.
    Csaf,
    /// CISA KEV catalogue.
    Kev,
    /// FIRST EPSS scores.
    Epss,
    /// A page of NVD's API 2.0.
    Nvd,
    /// CVE record of format 5, with or without vulnrichment.
    Cve,
    /// OpenVEX.
    OpenVex,
    /// CycloneDX SBOM.
    CycloneDx,
    /// SPDX SBOM.
    Spdx,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csaf => "CSAF",
            Self::Kev => "KEV",
            Self::Epss => "EPSS",
            Self::Nvd => "NVD",
            Self::Cve => "CVE record",
            Self::OpenVex => "OpenVEX",
            Self::CycloneDx => "CycloneDX",
            Self::Spdx => "SPDX",
        })
    }
}

impl Format {
    /// Whether its publisher publishes everything each time: what a newer file does not name is withdrawn, an older file says nothing.
    #[must_use]
    pub fn whole(self) -> bool {
        matches!(self, Self::Kev | Self::Epss)
    }
}

/// A document, read.
#[derive(Debug)]
pub struct Document {
    /// Its format.
    pub format: Format,
    /// What it states; an SPDX document states nothing about vulnerabilities.
    pub reading: Option<Reading>,
    /// What it lists, where it is a bill of materials.
    pub sbom: Option<Sbom>,
    /// What was passed over.
    pub skipped: Skipped,
}

/// The keys that tell formats apart.
#[derive(Default, Deserialize)]
struct Marks {
    #[serde(rename = "catalogVersion")]
    kev: Option<IgnoredAny>,
    #[serde(rename = "containers")]
    cve: Option<IgnoredAny>,
    #[serde(rename = "document")]
    csaf: Option<IgnoredAny>,
    #[serde(rename = "bomFormat")]
    cyclonedx: Option<IgnoredAny>,
    #[serde(rename = "spdxVersion")]
    spdx: Option<IgnoredAny>,
    #[serde(rename = "@context")]
    context: Option<serde_json::Value>,
    #[serde(rename = "resultsPerPage")]
    page: Option<IgnoredAny>,
    vulnerabilities: Option<IgnoredAny>,
}

/// The format of a document; `None` where it is none of ours.
///
/// # Errors
/// The JSON reader's words where the document begins as JSON and is none.
pub fn format_of(bytes: &[u8]) -> Result<Option<Format>, String> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = text.trim_ascii_start();
    if text.starts_with(b"#model_version") || text.starts_with(b"cve,epss") {
        return Ok(Some(Format::Epss));
    }
    if !text.starts_with(b"{") {
        return Ok(None);
    }
    let marks: Marks = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let vex = |context: &serde_json::Value| context.to_string().contains("openvex");
    Ok(if marks.kev.is_some() && marks.vulnerabilities.is_some() {
        Some(Format::Kev)
    } else if marks.cyclonedx.is_some() {
        Some(Format::CycloneDx)
    } else if marks.spdx.is_some() {
        Some(Format::Spdx)
    } else if marks.cve.is_some() {
        Some(Format::Cve)
    } else if marks.csaf.is_some() {
        Some(Format::Csaf)
    } else if marks.page.is_some() && marks.vulnerabilities.is_some() {
        Some(Format::Nvd)
    } else if marks.context.as_ref().is_some_and(vex) {
        Some(Format::OpenVex)
    } else {
        None
    })
}

/// Reads a document of a format.
///
/// # Errors
/// What is wrong with it.
pub fn read(format: Format, bytes: &[u8]) -> Result<Document, ReadError> {
    let (reading, sbom) = match format {
        Format::Csaf => (Some(read::csaf::read(bytes)?), None),
        Format::Kev => (Some(read::kev::read(bytes)?), None),
        Format::Epss => (Some(read::epss::read(bytes)?.1), None),
        Format::Nvd => (Some(read::nvd::read(bytes)?), None),
        Format::Cve => (Some(read::cve::read(bytes)?), None),
        Format::OpenVex => (Some(read::openvex::read(bytes)?), None),
        Format::CycloneDx => {
            let (sbom, reading) = read::cyclonedx::read(bytes)?;
            (Some(reading), Some(sbom))
        }
        Format::Spdx => {
            let (sbom, skipped) = read::spdx::read(bytes)?;
            return Ok(Document {
                format,
                reading: None,
                sbom: Some(sbom),
                skipped,
            });
        }
    };
    let skipped = reading
        .as_ref()
        .map(|reading| reading.skipped.clone())
        .unwrap_or_default();
    Ok(Document {
        format,
        reading,
        sbom,
        skipped,
    })
}
