//! FIRST EPSS scores, as published daily: a comment with model version and date, a header, one row per CVE. Uncompressed.

use super::{ReadError, Reading, Skip, identifier, millis, sized};
use crate::statement::{Claim, Origin, Share, SourceKind};

/// The origin of every row: one file holds all scores of a day.
#[must_use]
pub fn origin() -> Origin {
    Origin {
        kind: SourceKind::Epss,
        publisher: "FIRST".into(),
        document: String::new(),
    }
}

/// What the comment of the first line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    /// Version of the model, `v2026.06.15`.
    pub model: String,
    /// Day of the scores as written.
    pub date: String,
}

/// Reads the comment: `#model_version:v2026.06.15,score_date:2026-08-16T00:00:00+0000`.
#[must_use]
pub fn edition(first_line: &str) -> Option<Edition> {
    let mut edition = Edition {
        model: String::new(),
        date: String::new(),
    };
    for part in first_line.trim().strip_prefix('#')?.split(',') {
        let (key, value) = part.split_once(':')?;
        match key.trim() {
            "model_version" => edition.model = crate::text::keep_at_most(value, 64),
            "score_date" => edition.date = crate::text::keep_at_most(value, 64),
            _ => {}
        }
    }
    (!edition.date.is_empty()).then_some(edition)
}

/// Reads a file of scores.
///
/// # Errors
/// [`ReadError`] when it is too large or its first lines are not those of an EPSS file.
pub fn read(bytes: &[u8]) -> Result<(Edition, Reading), ReadError> {
    sized(bytes)?;
    let text = std::str::from_utf8(bytes).map_err(|fault| ReadError::Shape {
        expected: "EPSS scores (uncompressed)",
        fault: fault.to_string(),
    })?;
    let mut lines = text.lines();
    let first = lines.next().unwrap_or("");
    let edition = edition(first).ok_or_else(|| ReadError::SomethingElse {
        expected: "EPSS scores",
        found: format!("first line {:?}", crate::text::keep_at_most(first, 80)),
    })?;
    let header = lines.next().unwrap_or("").trim();
    if header != "cve,epss,percentile" {
        return Err(ReadError::SomethingElse {
            expected: "EPSS scores",
            found: format!("header {:?}", crate::text::keep_at_most(header, 80)),
        });
    }
    let mut reading = Reading::new(origin(), millis(Some(&edition.date)));
    for line in lines.filter(|line| !line.is_empty()) {
        match row(line) {
            Some((id, claim)) => reading.state(&id, claim),
            None => reading.skipped.count(Skip::Row, line),
        }
    }
    Ok((edition, reading))
}

fn row(line: &str) -> Option<(String, Claim)> {
    let mut fields = line.split(',');
    let id = identifier(fields.next()?)?;
    let claim = Claim::Epss {
        probability: Share::read(fields.next()?)?,
        percentile: Share::read(fields.next()?)?,
    };
    id.starts_with("CVE-").then_some((id, claim))
}
