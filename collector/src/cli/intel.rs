//! `intel`: publishers' files into the log, what is there, and the bundle that crosses an air gap.

mod import;
mod show;

use std::path::PathBuf;
use std::time::Duration;

use auscult_log::Reader;
use auscult_process::exit;

use super::output::note;
use crate::Failure;
use crate::config::CollectorConfig;
use crate::intel::Library;
use crate::intel::record::{Record, RecordError};

const WAIT: Duration = Duration::from_millis(100);

/// What to do with intelligence.
#[derive(Debug, clap::Subcommand)]
pub enum IntelAction {
    /// Read publishers' files and folders; append what changed to the topic auscult.int.intel.v1.
    #[command(after_help = "Read, recognised by content, plain or gzip:\n  \
        CSAF 2.0 advisories and VEX (CISA, makers)      CISA KEV catalogue, JSON\n  \
        EPSS scores, csv (FIRST)                        NVD API 2.0 pages, JSON\n  \
        CVE records, format 5, with vulnrichment        OpenVEX\n  \
        CycloneDX and SPDX SBOMs, JSON                  bundles of `intel export`\n\n\
        Examples:\n  \
        auscult-collector intel import csaf/ kev.json epss_scores-2026-11-25.csv.gz\n  \
        auscult-collector intel import vulnrichment/       a clone of github.com/cisagov/vulnrichment\n\n\
        Every statement keeps who made it, in which document, of which date. Only what differs from\n\
        what the topic holds is appended: an import that was cut off is run again, one that was\n\
        complete appends nothing. KEV and EPSS are published whole: what a newer KEV no longer lists\n\
        is withdrawn, an older file is passed over.\n\
        Files are not downloaded: fetch them with the tools and proxies you have. One import at a time.\n\
        A log on disk has one process: stop the collector for the import, or use Kafka.\n\n\
        Exit codes: 0 all read, 65 some files are broken (the others are in) or none has a known format,\n\
        66 a path cannot be opened, 69 the log is not there or in use.")]
    Import {
        /// Files and folders; folders are read whole, names that begin with a point are passed over.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Read and compare, append nothing.
        #[arg(long)]
        dry_run: bool,
        /// The outcome as one JSON object.
        #[arg(long)]
        json: bool,
    },
    /// What the topic holds: counts and newest dates per source.
    Status {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Write all that the topic holds as one file, for a site behind an air gap; `intel import FILE` reads it there.
    Export {
        /// The file; packed with gzip when its name ends in .gz.
        file: PathBuf,
    },
}

/// Does what was asked for.
///
/// # Errors
/// What to tell, and the exit code.
pub fn run(config: &CollectorConfig, action: &IntelAction) -> Result<(), Failure> {
    match action {
        IntelAction::Import {
            paths,
            dry_run,
            json,
        } => import::run(config, paths, *dry_run, *json),
        IntelAction::Status { json } => show::status(config, *json),
        IntelAction::Export { file } => show::export(config, file),
    }
}

/// Reads all that a topic holds into a library; returns the number of records.
fn held(reader: &mut dyn Reader, library: &mut Library) -> Result<u64, Failure> {
    let mut count: u64 = 0;
    while !reader.caught_up() {
        let Some(stored) = reader.next(WAIT)? else {
            continue;
        };
        match Record::read(&stored.message) {
            Ok(Some(record)) => {
                count = count.saturating_add(1);
                library.join(record);
            }
            Ok(None) => {}
            Err(error @ RecordError::Format(_)) => {
                return Err(Failure::new(exit::FAILURE, error.to_string()));
            }
            Err(error) => note(&format!(
                "record {} of partition {}: {error}; passed over",
                stored.offset, stored.partition
            )),
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests;
