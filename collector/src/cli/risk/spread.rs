//! `risk spread`: one statement a weakness over all sites, folded from the open findings.
//!
//! Sites belong to the partitions of different engines, so that no engine sees a weakness's spread; the topic of open findings does.
//! What is said is a function of its records, read with `read_committed`: whoever reads it says the same, once a weakness, and reading
//! it again is all the recovery there is.

use std::path::Path;
use std::time::Duration;

use auscult_findings::{Estate, Spread};
use auscult_log::{StartAt, Topic};
use serde_json::json;

use super::show::number;
use super::{print, print_json};
use crate::Failure;
use crate::cli::table::{self, Column};
use crate::cli::{counted, output::note, source};
use crate::config::CollectorConfig;

const WAIT: Duration = Duration::from_millis(100);

const COLUMNS: [Column; 8] = [
    ("WEAKNESS", 24),
    ("SITES", 6),
    ("DEVICES", 8),
    ("LOSS", 9),
    ("RISK", 14),
    ("KEV", 3),
    ("WORST AT", 44),
    ("TITLE", 60),
];

/// Shows the weaknesses that are on at least `sites` sites.
///
/// # Errors
/// When the log cannot be read.
pub(super) fn run(config: Option<&Path>, sites: usize, json: bool) -> Result<(), Failure> {
    let config = CollectorConfig::read(config)?;
    let mut reader = source::open(&config, Topic::FindingsOpen, StartAt::Beginning)?;
    let mut estate = Estate::default();
    while !reader.caught_up() {
        let Some(stored) = reader.next(WAIT)? else {
            continue;
        };
        let uid = String::from_utf8_lossy(&stored.message.key);
        let value = stored.message.value.as_deref();
        match value.map(auscult_ocsf::open_finding).transpose() {
            Ok(finding) => estate.take(&uid, finding.flatten()),
            Err(error) => note(&format!(
                "record {} of partition {}: {error}; passed over",
                stored.offset, stored.partition
            )),
        }
    }
    let spreads = estate.spreads(sites);
    if json {
        return print_json(&json!({ "open_findings": estate.len(), "spreads": spreads }));
    }
    print(&lines(&estate, &spreads, sites))
}

fn lines(estate: &Estate, spreads: &[Spread], sites: usize) -> Vec<String> {
    let of = format!(
        "{} of weaknesses are open",
        counted(u64::try_from(estate.len()).unwrap_or(u64::MAX), "finding")
    );
    if spreads.is_empty() {
        return vec![format!("no weakness on {sites} sites or more; {of}")];
    }
    let rows: Vec<Vec<String>> = spreads.iter().map(row).collect();
    let mut lines = table::render(&COLUMNS, &rows);
    lines.push(of);
    lines
}

fn row(spread: &Spread) -> Vec<String> {
    let worst = &spread.worst;
    let device = worst.name.as_ref().unwrap_or(&worst.device);
    vec![
        spread.weakness.clone(),
        spread.sites.len().to_string(),
        spread.devices.to_string(),
        number(spread.score),
        format!("{} ({})", spread.band.name(), spread.points),
        if spread.known_exploited { "yes" } else { "no" }.to_owned(),
        format!("{} / {device}", worst.site),
        spread.title.clone().unwrap_or_default(),
    ]
}
