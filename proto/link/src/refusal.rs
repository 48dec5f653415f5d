//! Why the collector ended a stream, as both ends know it.

use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

/// The trailer that carries [`Refusal::label`].
const TRAILER: &str = "auscult-refusal";

/// Why the collector ended a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The clocks differ by more than the limit.
    ClockOff,
    /// The sensor broke the protocol.
    Protocol,
    /// The sensor may not write.
    Denied,
    /// A newer stream of the same sensor took over.
    Superseded,
    /// The log cannot take anything now.
    LogUnavailable,
    /// The collector is stopping or at a limit.
    Busy,
}

impl Refusal {
    const ALL: [Self; 6] = [
        Self::ClockOff,
        Self::Protocol,
        Self::Denied,
        Self::Superseded,
        Self::LogUnavailable,
        Self::Busy,
    ];

    /// As a metric label, and on the wire.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::ClockOff => "clock_off",
            Self::Protocol => "protocol",
            Self::Denied => "denied",
            Self::Superseded => "superseded",
            Self::LogUnavailable => "log_unavailable",
            Self::Busy => "busy",
        }
    }

    fn code(self) -> Code {
        match self {
            Self::ClockOff => Code::FailedPrecondition,
            Self::Protocol => Code::InvalidArgument,
            Self::Denied => Code::PermissionDenied,
            Self::Superseded => Code::Aborted,
            Self::LogUnavailable => Code::Unavailable,
            Self::Busy => Code::ResourceExhausted,
        }
    }

    pub(crate) fn status(self, text: impl Into<String>) -> Status {
        let mut status = Status::new(self.code(), text);
        status
            .metadata_mut()
            .insert(TRAILER, MetadataValue::from_static(self.label()));
        status
    }

    pub(crate) fn of(status: &Status) -> Option<Self> {
        let label = status.metadata().get(TRAILER)?.to_str().ok()?;
        Self::ALL
            .into_iter()
            .find(|refusal| refusal.label() == label)
    }
}
