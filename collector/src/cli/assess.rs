//! `assess`: a described site in, its assessment out; no log, no Kafka.

use std::io::Write;
use std::path::{Path, PathBuf};

use auscult_process::exit;
use serde::Serialize;

use super::counted;
use super::described::Described;
use super::output::{Output, note};
use crate::Failure;
use crate::site::standards;

/// What is assessed, and where the answer goes.
#[derive(Debug, clap::Args)]
pub struct AssessArgs {
    #[command(flatten)]
    described: Described,
    /// Write the assessment here instead of standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also write the site as it was assessed: with the weaknesses that were matched and what is known of them.
    #[arg(long, value_name = "FILE")]
    completed: Option<PathBuf>,
}

/// Assesses a described site.
///
/// # Errors
/// 66 for a file that cannot be read, 65 with all faults for one that is not as it should be, 1 when the answer cannot be written.
pub fn run(args: &AssessArgs) -> Result<(), Failure> {
    let assessed = args.described.assess()?;
    let document = assessed.site.document();
    if let Some(path) = &args.completed {
        write(path, document)?;
    }
    let assessment = assessed.assessor.assessment();
    let written = standards::beside(document, &assessed.policy, &assessment);
    match &args.out {
        Some(path) => {
            write(path, &written)?;
            let it = &assessment.summary;
            note(&format!(
                "{}: {}, {}, {} on the list: {:.0} % of the direct loss through known weaknesses",
                path.display(),
                counted(it.devices, "device"),
                counted(it.pairs, "pair"),
                it.in_cut,
                it.covered * 100.0
            ));
            Ok(())
        }
        None => {
            let mut out = Output::new();
            out.line(&text(&written)?)?;
            Ok(out.flush()?)
        }
    }
}

fn text(value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Failure::new(exit::FAILURE, format!("cannot write JSON: {error}")))
}

/// Writes a file whole or not at all.
fn write(path: &Path, value: &impl Serialize) -> Result<(), Failure> {
    let mut aside = path.as_os_str().to_owned();
    aside.push(".part");
    let aside = PathBuf::from(aside);
    let text = text(value)?;
    std::fs::File::create(&aside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&aside, path))
        .map_err(|error| {
            Failure::new(
                exit::FAILURE,
                format!("cannot write {}: {error}", path.display()),
            )
        })
}
