//! The central binary: ingest and engine roles, topics, fleet PKI, the read side for people.

use std::process::ExitCode;

use auscult_collector::Failure;
use auscult_collector::cli::CommandLine;
use auscult_process::{exit, logs};
use clap::Parser;

/// The engine makes and drops many small things of many sizes; with the C library's allocator a fifth of its time goes there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    logs::quiet_panics();
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            let code = if error.use_stderr() {
                exit::USAGE
            } else {
                exit::OK
            };
            // Nobody listens any more when this fails.
            drop(error.print());
            return ExitCode::from(code);
        }
    };
    match line.run() {
        Ok(()) => ExitCode::from(exit::OK),
        Err(Failure { code, message }) => {
            if !message.is_empty() {
                complain(&message);
            }
            ExitCode::from(code)
        }
    }
}

#[expect(
    clippy::print_stderr,
    reason = "the one place that tells why the program ends"
)]
fn complain(message: &str) {
    eprintln!("{message}");
}
