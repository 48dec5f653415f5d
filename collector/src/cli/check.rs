//! `check`: every fault of the configuration, before anything is started.

use std::path::Path;

use auscult_process::exit;

use super::output::Output;
use crate::Failure;
use crate::config::{CollectorConfig, LogChoice};

/// Reads the configuration and opens the files it names.
///
/// # Errors
/// All faults, one a line.
pub fn run(path: Option<&Path>) -> Result<(), Failure> {
    let config = CollectorConfig::read(path)?;
    let faults = config.faults_of_files();
    if !faults.is_empty() {
        return Err(Failure::new(exit::USAGE, faults.join("\n")));
    }
    let mut out = Output::new();
    let log = match &config.log {
        LogChoice::Kafka(options) => format!("Kafka at {}", options.bootstrap),
        LogChoice::Embedded(options) => {
            format!("kept by this process in {}", options.dir.display())
        }
    };
    out.line(&format!("log: {log}"))?;
    match &config.ingest {
        Some(ingest) => out.line(&format!(
            "ingest: listens on {} for sensors of {}, certificates are good",
            ingest.listen, ingest.trust_domain
        ))?,
        None => out.line("ingest: not configured; only the role `engine` can run")?,
    }
    out.line(&format!(
        "engine: {} member(s) as {}",
        config.engine.members, config.engine.member
    ))?;
    out.line("no faults")?;
    Ok(out.flush()?)
}
