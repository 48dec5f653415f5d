//! Records of `auscult.int.intel.v1`: one a vulnerability, one an SBOM, one a source that is published whole.
//!
//! The value is JSON, `{"format":"auscult.intel/1", ...}` with one of `vulnerability` (all that every publisher states about it, each
//! account with its origin and date, and in `changed` what differs from the record before), `sbom`, or `source`. JSON, because the
//! statements are wide and seldom, and whoever debugs a match wants to read them. A value above [`PLAIN_BYTES`] is a gzip member and
//! says so in the header `content-encoding`. Keys are the vulnerability's identifier, `#sbom/...` and `#source/...`.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use auscult_intel::sbom::Sbom;
use auscult_intel::vulnerability::{Aspect, Vulnerability};
use auscult_log::{Message, Topic, record::MAX_RECORD_BYTES};
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::library::Source;

/// The value of `format`.
pub const FORMAT: &str = "auscult.intel/1";

/// Longest value that is written as it is.
pub const PLAIN_BYTES: usize = 512 * 1024;

/// Longest value after unpacking.
const UNPACKED_BYTES: u64 = 64 * 1024 * 1024;

const ENCODING: &str = "content-encoding";
const GZIP: &str = "gzip";

/// One record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Always [`FORMAT`].
    pub format: String,
    /// What differs from the record before: the cause of what follows.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub changed: BTreeSet<Aspect>,
    /// A vulnerability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vulnerability: Option<Vulnerability>,
    /// A bill of materials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<Sbom>,
    /// A source that is published whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

/// Why a record cannot be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// It does not fit, even packed.
    #[error("{key}: {bytes} bytes packed, and a record has at most {MAX_RECORD_BYTES}: left out")]
    TooLarge {
        /// Its key.
        key: String,
        /// Its size.
        bytes: usize,
    },
    /// Written by a newer program.
    #[error("a record of format {0:?}: update this program, it reads {FORMAT:?}")]
    Format(String),
    /// Not readable.
    #[error("a record that does not read: {0}")]
    Shape(String),
}

impl Record {
    /// A vulnerability and what differs from before.
    #[must_use]
    pub fn of_vulnerability(vulnerability: Vulnerability, changed: BTreeSet<Aspect>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            changed,
            vulnerability: Some(vulnerability),
            ..Self::default()
        }
    }

    /// A bill of materials.
    #[must_use]
    pub fn of_sbom(sbom: Sbom) -> Self {
        Self {
            format: FORMAT.to_owned(),
            sbom: Some(sbom),
            ..Self::default()
        }
    }

    /// A source that is published whole.
    #[must_use]
    pub fn of_source(source: Source) -> Self {
        Self {
            format: FORMAT.to_owned(),
            source: Some(source),
            ..Self::default()
        }
    }

    /// The key that compaction goes by.
    #[must_use]
    pub fn key(&self) -> String {
        match (&self.vulnerability, &self.sbom, &self.source) {
            // An identifier that looks like one of the other keys is none.
            (Some(v), ..) if v.id.starts_with('#') => format!("#{}", v.id),
            (Some(v), ..) => v.id.clone(),
            (None, Some(sbom), _) => format!("#sbom/{}", sbom_name(sbom)),
            (None, None, Some(source)) => format!("#source/{}", source.name()),
            (None, None, None) => "#".to_owned(),
        }
    }

    /// The record for the log.
    ///
    /// # Errors
    /// [`RecordError::TooLarge`].
    pub fn message(&self, now_ms: i64) -> Result<Message, RecordError> {
        let key = self.key();
        let shape = |error: &dyn std::fmt::Display| RecordError::Shape(error.to_string());
        let mut value = serde_json::to_vec(self).map_err(|error| shape(&error))?;
        let mut headers = vec![(
            "content-type".to_owned(),
            Bytes::from_static(b"application/json"),
        )];
        if value.len() > PLAIN_BYTES {
            let mut packer = GzEncoder::new(Vec::new(), Compression::default());
            value = packer
                .write_all(&value)
                .and_then(|()| packer.finish())
                .map_err(|error| shape(&error))?;
            headers.push((ENCODING.to_owned(), Bytes::from_static(GZIP.as_bytes())));
        }
        // Room for the key and the headers.
        if value.len() > MAX_RECORD_BYTES - 32 * 1024 {
            let bytes = value.len();
            return Err(RecordError::TooLarge { key, bytes });
        }
        Ok(Message {
            topic: Topic::Intel,
            partition: None,
            key: Bytes::from(key),
            value: Some(Bytes::from(value)),
            headers,
            timestamp_ms: now_ms,
        })
    }

    /// Reads a record; `None` for a tombstone.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn read(message: &Message) -> Result<Option<Self>, RecordError> {
        let Some(value) = &message.value else {
            return Ok(None);
        };
        let packed = message
            .headers
            .iter()
            .any(|(name, value)| name == ENCODING && value.as_ref() == GZIP.as_bytes());
        let record = if packed {
            let mut unpacked = Vec::new();
            GzDecoder::new(value.as_ref())
                .take(UNPACKED_BYTES)
                .read_to_end(&mut unpacked)
                .map_err(|error| RecordError::Shape(error.to_string()))?;
            Self::parse(&unpacked)?
        } else {
            Self::parse(value)?
        };
        Ok(Some(record))
    }

    /// Reads the JSON of a record.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn parse(json: &[u8]) -> Result<Self, RecordError> {
        let record: Self =
            serde_json::from_slice(json).map_err(|error| RecordError::Shape(error.to_string()))?;
        if record.format == FORMAT {
            Ok(record)
        } else {
            Err(RecordError::Format(record.format))
        }
    }
}

/// What tells one bill of materials from another.
pub(super) fn sbom_name(sbom: &Sbom) -> String {
    let subject = &sbom.subject;
    let name = if sbom.document.is_empty() {
        let version = subject.version.as_deref().unwrap_or("");
        format!("{}/{}/{version}", subject.vendor, subject.name)
    } else {
        sbom.document.clone()
    };
    name.chars().take(512).collect()
}
