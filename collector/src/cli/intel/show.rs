//! `intel status` and `intel export`: what the topic holds.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use auscult_link::Utc;
use auscult_log::{StartAt, Topic};
use auscult_process::exit;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::held;
use crate::Failure;
use crate::cli::output::Output;
use crate::cli::source;
use crate::cli::table::{self, Column};
use crate::config::CollectorConfig;
use crate::intel::{Holding, Library, bundle};

const COLUMNS: [Column; 4] = [
    ("SOURCE", 12),
    ("PUBLISHER", 40),
    ("VULNERABILITIES", 15),
    ("NEWEST", 24),
];

fn library(config: &CollectorConfig) -> Result<Library, Failure> {
    let mut library = Library::default();
    let mut reader = source::open(config, Topic::Intel, StartAt::Beginning)?;
    held(&mut *reader, &mut library)?;
    Ok(library)
}

pub(super) fn status(config: &CollectorConfig, json: bool) -> Result<(), Failure> {
    let library = library(config)?;
    let mut out = Output::new();
    for line in status_lines(&library, json) {
        out.line(&line)?;
    }
    Ok(out.flush()?)
}

pub(super) fn status_lines(library: &Library, json: bool) -> Vec<String> {
    let holdings = library.holdings();
    let date = |ms: i64| (ms > 0).then(|| Utc(ms).to_string());
    if json {
        let sources: Vec<serde_json::Value> = holdings
            .iter()
            .map(|it| {
                json!({
                    "source": it.source,
                    "publisher": it.publisher,
                    "vulnerabilities": it.vulnerabilities,
                    "newest": date(it.newest_ms),
                })
            })
            .collect();
        let value = json!({
            "vulnerabilities": library.catalogue().len(),
            "sboms": library.sbom_count(),
            "sources": sources,
        });
        return vec![value.to_string()];
    }
    if holdings.is_empty() && library.sbom_count() == 0 {
        return vec!["no intelligence yet: `auscult-collector intel import PATH...`".to_owned()];
    }
    let row = |it: &Holding| {
        vec![
            it.source.to_owned(),
            it.publisher.clone(),
            it.vulnerabilities.to_string(),
            date(it.newest_ms).unwrap_or_else(|| "not dated".to_owned()),
        ]
    };
    let rows: Vec<Vec<String>> = holdings.iter().map(row).collect();
    let mut lines = table::render(&COLUMNS, &rows);
    lines.push(format!(
        "{} vulnerabilities, {} SBOMs",
        library.catalogue().len(),
        library.sbom_count()
    ));
    lines
}

pub(super) fn export(config: &CollectorConfig, file: &Path) -> Result<(), Failure> {
    let library = library(config)?;
    let failed = |error: std::io::Error| {
        let message = format!("cannot write {}: {error}", file.display());
        Failure::new(exit::FAILURE, message)
    };
    let mut aside = file.as_os_str().to_owned();
    aside.push(".part");
    let aside = PathBuf::from(aside);
    let written = BufWriter::new(File::create(&aside).map_err(failed)?);
    let count = if file.extension().is_some_and(|end| end == "gz") {
        let mut packer = GzEncoder::new(written, Compression::default());
        let count = bundle::write(&library, &mut packer).map_err(failed)?;
        settle(packer.finish().map_err(failed)?).map_err(failed)?;
        count
    } else {
        let mut written = written;
        let count = bundle::write(&library, &mut written).map_err(failed)?;
        settle(written).map_err(failed)?;
        count
    };
    std::fs::rename(&aside, file).map_err(failed)?;
    let mut out = Output::new();
    out.line(&format!(
        "{count} records in {}; there: auscult-collector intel import {}",
        file.display(),
        file.display()
    ))?;
    Ok(out.flush()?)
}

fn settle(mut file: BufWriter<File>) -> std::io::Result<()> {
    file.flush()?;
    file.get_ref().sync_all()
}
