//! Logs on standard error, for people or as JSON lines; what to log is set by the configuration or by `AUSCULT_LOG`.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

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

/// Starts logging to standard error and installs a panic hook that logs where a panic happened, and never what it said: a panic
/// message may quote bytes from the network.
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
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

fn log_panic(info: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let thread = thread.name().unwrap_or("unnamed");
    match info.location() {
        Some(at) => tracing::error!(
            file = at.file(),
            line = at.line(),
            thread,
            "panic; this is a defect"
        ),
        None => tracing::error!(thread, "panic at an unknown place; this is a defect"),
    }
}
