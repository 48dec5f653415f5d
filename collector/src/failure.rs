//! How a command ends when it does not succeed.

use std::fmt;

use auscult_link::ServeError;
use auscult_log::LogError;
use auscult_process::{Faults, exit};

use crate::cli::Closed;
use crate::ingest::IngestError;
use crate::pki::PkiError;

/// What to tell and which exit code to end with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// See [`exit`].
    pub code: u8,
    /// For standard error; empty: nothing.
    pub message: String,
}

impl Failure {
    /// A failure with this exit code.
    #[must_use]
    pub fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::new(exit::USAGE, faults.to_string())
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let code = match &error {
            LogError::Unavailable(_) | LogError::Fenced(_) => exit::UNAVAILABLE,
            LogError::NotPermitted(_) => exit::NOPERM,
            _ => exit::FAILURE,
        };
        Self::new(code, error.to_string())
    }
}

impl From<Closed> for Failure {
    fn from(closed: Closed) -> Self {
        if closed.is_quiet() {
            Self::new(exit::OK, "")
        } else {
            Self::new(exit::FAILURE, closed.to_string())
        }
    }
}

impl From<PkiError> for Failure {
    fn from(error: PkiError) -> Self {
        let code = match &error {
            PkiError::Name { .. } | PkiError::Days(_) => exit::USAGE,
            PkiError::Content { .. } => exit::DATA,
            PkiError::Unreadable { .. } | PkiError::NoAuthority { .. } => exit::NO_INPUT,
            _ => exit::FAILURE,
        };
        Self::new(code, error.to_string())
    }
}

impl From<IngestError> for Failure {
    fn from(error: IngestError) -> Self {
        let code = match &error {
            IngestError::Log(LogError::Unavailable(_)) => exit::UNAVAILABLE,
            IngestError::Log(LogError::NotPermitted(_)) => exit::NOPERM,
            IngestError::Link(ServeError::Credentials(_) | ServeError::DenyList(_)) => exit::USAGE,
            IngestError::Link(ServeError::Listen { .. }) => exit::UNAVAILABLE,
            _ => exit::FAILURE,
        };
        Self::new(code, error.to_string())
    }
}
