//! `replay` without a collector.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::file::Unreadable;
use super::{facts, inputs, summary::Summary, survey};
use crate::exit;

/// Width of the table when standard output is no terminal, or one that does not say.
const WIDTH: usize = 160;

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Every fact, one JSON object a line.
    Facts,
    /// The summary as JSON, one object a file.
    Json,
    /// The summary for people.
    Table,
}

/// Reads all files and prints what is in them; faults go to standard error and do not stop the other files. Returns the exit code:
/// the first one that is not 0.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(arguments: &[PathBuf], output: Output) -> io::Result<u8> {
    let mut errors = io::stderr().lock();
    let inputs = match inputs::expand(arguments) {
        Ok(inputs) => inputs,
        Err(error) => {
            writeln!(errors, "error: {error}")?;
            return Ok(exit::NO_INPUT);
        }
    };
    if let Some(warning) = inputs.warning() {
        writeln!(errors, "warning: {warning}")?;
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut code = exit::OK;
    for path in &inputs.files {
        match one(&mut out, path, output) {
            Ok(None) => {}
            Ok(Some(warning)) => {
                out.flush()?;
                writeln!(errors, "warning: {}: {warning}", path.display())?;
            }
            Err(Failure::Output(error)) => return Err(error),
            Err(Failure::Input(error)) => {
                out.flush()?;
                writeln!(errors, "error: {error}")?;
                let this = match error {
                    Unreadable::Refused { .. } => exit::NO_INPUT,
                    Unreadable::Compressed { .. } | Unreadable::NotACapture { .. } => {
                        exit::DATA_ERROR
                    }
                };
                code = if code == exit::OK { this } else { code };
            }
        }
    }
    if output == Output::Table && code == exit::OK && io::stdout().is_terminal() {
        writeln!(
            out,
            "everything in it, one JSON object a line: auscult-sensor replay --facts FILE"
        )?;
    }
    out.flush()?;
    Ok(code)
}

enum Failure {
    Input(Unreadable),
    Output(io::Error),
}

fn one(out: &mut impl Write, path: &Path, output: Output) -> Result<Option<String>, Failure> {
    let (reading, counters, ledger) = survey(path).map_err(Failure::Input)?;
    let name = path.display().to_string();
    let summary = || Summary::new(&name, &reading, counters.undecoded.total(), &ledger);
    let printed = match output {
        Output::Facts => facts::write(out, &name, &ledger),
        Output::Json => serde_json::to_writer(&mut *out, &summary())
            .map_err(io::Error::from)
            .and_then(|()| out.write_all(b"\n")),
        Output::Table => summary().print(out, terminal_width()),
    };
    printed.map_err(Failure::Output)?;
    Ok(reading.end.warning(reading.frames))
}

fn terminal_width() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stdout());
    let columns = size.map_or(0, |size| usize::from(size.ws_col));
    if columns == 0 { WIDTH } else { columns.max(80) }
}
