//! Assesses a site file: `cargo run --release -p auscult-risk --example assess -- assess SITE.json`; the assessment goes to standard output.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program, not a part of the pure crate"
)]

use std::process::ExitCode;

use auscult_risk::{Assessor, Policy, Site};

/// Measures that the answer proposes.
const MEASURES: usize = 10;

fn assess(file: &str) -> Result<String, Box<dyn std::error::Error>> {
    let site = Site::from_json(&std::fs::read(file)?)?;
    let assessor = Assessor::new(&site, &Policy::published()?)?;
    let mut assessment = assessor.assessment();
    assessment.controls = assessor.controls(MEASURES).controls;
    Ok(serde_json::to_string(&assessment)?)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [command, file] = arguments.as_slice() else {
        eprintln!("usage: assess assess SITE.json");
        return ExitCode::from(2);
    };
    if command != "assess" {
        eprintln!("no command {command:?}; usage: assess assess SITE.json");
        return ExitCode::from(2);
    }
    match assess(file) {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(fault) => {
            eprintln!("{file}: {fault}");
            ExitCode::FAILURE
        }
    }
}
