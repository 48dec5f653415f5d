//! Logs on standard error, for people or as JSON lines; what to log is set by the configuration or by `AUSCULT_LOG`.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Section;

/// The environment variable that overrides the configured filter (`tracing-subscriber` directives, such as
/// `info,auscult_link=debug`).
pub const FILTER_VARIABLE: &str = "AUSCULT_LOG";

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text for people, coloured on a terminal.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

/// A text that names no log format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a log format: write \"human\" or \"json\"")]
pub struct NotALogFormat;

impl FromStr for LogFormat {
    type Err = NotALogFormat;

    fn from_str(text: &str) -> Result<Self, NotALogFormat> {
        match text {
            "human" => Ok(Self::Human),
            "json" => Ok(Self::Json),
            _ => Err(NotALogFormat),
        }
    }
}

/// Why logs could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// The filter is not made of directives.
    #[error(
        "log filter {origin} is not valid: {reason}; write directives such as \"info\" or \"info,auscult_link=debug\""
    )]
    Filter {
        /// `AUSCULT_LOG`, or the configuration.
        origin: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Another subscriber is in place.
    #[error("logs were already started in this process")]
    AlreadyStarted,
}

/// Reads the format and the filter of `[log]`. A filter that is not valid is a fault of the configuration, not of the start.
pub fn read(section: &mut Section<'_>) -> (LogFormat, String) {
    let format = section.parsed_or("format", LogFormat::Human);
    let filter = section.string_or("filter", "info");
    if let Err(reason) = EnvFilter::builder().parse(&filter) {
        section.fault(
            "filter",
            &format!("is not valid: {reason}; write directives such as \"info\" or \"info,auscult_link=debug\""),
        );
    }
    (format, filter)
}

/// Starts logging to standard error, and holds panics to saying where they happened ([`quiet_panics`]).
///
/// # Errors
/// When the filter is not valid, or logging was started before.
pub fn init(format: LogFormat, filter_default: &str) -> Result<(), LogsError> {
    let (origin, directives) = match std::env::var(FILTER_VARIABLE) {
        Ok(text) if !text.is_empty() => (FILTER_VARIABLE, text),
        _ => ("in the configuration", filter_default.to_owned()),
    };
    let filter = EnvFilter::builder()
        .parse(&directives)
        .map_err(|error| LogsError::Filter {
            origin,
            reason: error.to_string(),
        })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Human => builder.finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    }
    .map_err(|_| LogsError::AlreadyStarted)?;
    quiet_panics();
    Ok(())
}

/// Installs a panic hook that tells where a panic happened, and never what it said: the message of a panic may quote bytes from the
/// network, and the standard hook prints it. For the first line of `main`, before anything is read.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(tell_panic));
}

#[expect(
    clippy::print_stderr,
    reason = "before the logs are started, and in commands that start none, there is no other place"
)]
fn tell_panic(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    let (file, line) = info
        .location()
        .map_or(("an unknown place", 0), |at| (at.file(), at.line()));
    if tracing::dispatcher::has_been_set() {
        tracing::error!(file, line, thread, "panic; this is a defect");
    } else {
        eprintln!("error: panic in {file}, line {line}, thread {thread}; this is a defect");
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const PATIENT: &str = "DOE^JANE";

    /// Runs one of the ignored tests below in a process of its own; what it wrote.
    fn child(name: &str) -> String {
        let output = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                &format!("logs::tests::{name}"),
                "--ignored",
                "--nocapture",
            ])
            .output()
            .unwrap();
        assert!(!output.status.success(), "{name} did not panic");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    #[test]
    fn a_panic_says_where_and_never_what_with_logs_or_without() {
        for name in ["panic_without_logs", "panic_with_logs"] {
            let said = child(name);
            assert!(said.contains("this is a defect"), "{said}");
            assert!(said.contains("logs.rs"), "{said}");
            assert!(!said.contains(PATIENT), "{said}");
        }
        // The standard hook would have told: otherwise this test could not fail.
        assert!(child("panic_with_the_standard_hook").contains(PATIENT));
    }

    #[test]
    #[ignore = "panics; the test above runs it"]
    fn panic_without_logs() {
        quiet_panics();
        panic!("cannot slice {PATIENT}");
    }

    #[test]
    #[ignore = "panics; the test above runs it"]
    fn panic_with_logs() {
        init(LogFormat::Human, "trace").unwrap();
        panic!("cannot slice {PATIENT}");
    }

    #[test]
    #[ignore = "panics; the test above runs it"]
    fn panic_with_the_standard_hook() {
        panic!("cannot slice {PATIENT}");
    }
}
