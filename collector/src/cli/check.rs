//! `check`: every fault of the configuration, before anything is started.

use std::path::Path;

use auscult_process::exit;

use super::output::Output;
use crate::Failure;
use crate::config::{CollectorConfig, DEFAULT_FILE, LogChoice};
use crate::role::Role;

/// Reads the configuration, opens the files it names, and says of each role whether it can start.
///
/// # Errors
/// All faults, one a line; a configuration with which no role can start.
pub fn run(path: Option<&Path>) -> Result<(), Failure> {
    let config = CollectorConfig::read(path)?;
    let faults = config.faults_of_files();
    if !faults.is_empty() {
        return Err(Failure::new(exit::USAGE, faults.join("\n")));
    }
    let mut out = Output::new();
    out.line(&match (path, CollectorConfig::default_is_there()) {
        (Some(path), _) => format!("configuration: {}", path.display()),
        (None, true) => format!("configuration: {DEFAULT_FILE}"),
        (None, false) => {
            format!("configuration: every default (no --config, and no {DEFAULT_FILE} here)")
        }
    })?;
    for line in found(&config) {
        out.line(&line)?;
    }
    let mut startable = 0_usize;
    for role in Role::ALL {
        let verdict = match role.check(&config) {
            Ok(()) => {
                startable += 1;
                "can start".to_owned()
            }
            Err(missing) => format!("cannot start: {missing}"),
        };
        out.line(&format!("role {}: {verdict}", role.name()))?;
    }
    if startable == 0 {
        out.flush()?;
        return Err(Failure::new(
            exit::USAGE,
            "with this configuration no role can start; each says above what it needs",
        ));
    }
    out.line("no faults")?;
    Ok(out.flush()?)
}

fn found(config: &CollectorConfig) -> [String; 3] {
    let log = match &config.log {
        LogChoice::Kafka(options) => format!("Kafka at {}", options.bootstrap),
        LogChoice::Embedded(options) => {
            format!("kept by this process in {}", options.dir.display())
        }
    };
    let ingest = match &config.ingest {
        Some(ingest) => format!(
            "listens on {} for sensors of {}, certificates are good",
            ingest.listen, ingest.trust_domain
        ),
        None => "not configured".to_owned(),
    };
    [
        format!("log: {log}"),
        format!("ingest: {ingest}"),
        format!(
            "engine: {} as {}",
            super::counted(config.engine.members, "member"),
            config.engine.member
        ),
    ]
}
