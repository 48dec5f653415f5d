//! `identification`: the identification scoreboard on an emulated hospital.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use auscult_emulator::identification::{Scores, Site};
use clap::Parser;

/// Holds inventories against the devices.tsv of an emulated hospital and prints a table.
///
/// A site with nothing to measure is an error, never a pass.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Folder that `emulator` wrote.
    hospital: PathBuf,
    /// Folder with, for each site, SITE.json: the lines of `auscult-collector inventory --site SITE --json`, and SITE.facts: those of
    /// `auscult-sensor replay --facts` on its capture.
    inventories: PathBuf,
}

fn run(arguments: &Arguments) -> Result<()> {
    let read = |path: PathBuf| {
        std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    };
    let mut scores = Scores::default();
    let mut sites = Vec::new();
    let entries = std::fs::read_dir(&arguments.hospital)
        .with_context(|| format!("cannot read {}", arguments.hospital.display()))?;
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sites.push(entry.file_name());
        }
    }
    sites.sort();
    for site in sites {
        let made = arguments.hospital.join(&site);
        let found = |suffix: &str| {
            let mut file = site.clone();
            file.push(suffix);
            read(arguments.inventories.join(file))
        };
        scores.add(&Site {
            devices: &read(made.join("devices.tsv"))?,
            truth: &read(made.join("truth.tsv"))?,
            facts: &found(".facts")?,
            inventory: &found(".json")?,
        })?;
    }
    std::io::stdout().write_all(scores.table()?.as_bytes())?;
    Ok(())
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            let said = writeln!(std::io::stderr(), "identification: {fault:#}");
            ExitCode::from(u8::from(said.is_err()).max(1))
        }
    }
}
