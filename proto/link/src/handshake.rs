//! Why the collector did not let somebody in: the exact reason, for its log and its metrics.

use std::io;

use rustls::CertificateError;

use crate::clock::{Utc, wall_ms};
use crate::tls::{Witness, tls_error};

/// Why a connection ended before a stream.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HandshakeRefusal {
    #[error("the TLS handshake did not finish in time")]
    Timeout,
    #[error("connection limit reached")]
    Full,
    #[error("it sent no certificate: not a sensor, or a sensor without its certificate")]
    NoCertificate,
    #[error("its certificate {subject} is not from our roots: issued by {issuer}")]
    WrongRoot { subject: String, issuer: String },
    #[error("its certificate {subject} expired at {not_after}, this clock says {now}")]
    Expired {
        subject: String,
        not_after: Utc,
        now: Utc,
    },
    #[error(
        "its certificate {subject} is valid from {not_before}, this clock says {now}: compare the clocks"
    )]
    NotYetValid {
        subject: String,
        not_before: Utc,
        now: Utc,
    },
    #[error(
        "its certificate {subject} names no sensor of trust domain {trust_domain}: it has [{names}], expected one spiffe://{trust_domain}/site/<site>/sensor/<sensor>"
    )]
    NotASensor {
        subject: String,
        trust_domain: String,
        names: String,
    },
    #[error("{name} is on the deny list")]
    Denied { name: String },
    #[error("its certificate cannot be used: {cause}")]
    Certificate { cause: String },
    #[error(
        "it refused our certificate with the alert {alert}: are its roots ours, and are we called by the right name?"
    )]
    RefusedUs { alert: String },
    #[error("it does not speak TLS 1.3 with HTTP/2: {cause}")]
    NotTls { cause: String },
    #[error("it closed the connection during the handshake: {cause}")]
    Gone { cause: String },
    #[error("our own TLS configuration: {cause}")]
    Ourselves { cause: String },
}

impl HandshakeRefusal {
    pub(crate) fn label(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Full => "connection_limit",
            Self::NoCertificate => "no_certificate",
            Self::WrongRoot { .. } => "wrong_root",
            Self::Expired { .. } => "expired",
            Self::NotYetValid { .. } => "not_yet_valid",
            Self::NotASensor { .. } => "not_a_sensor",
            Self::Denied { .. } => "denied",
            Self::Certificate { .. } => "certificate",
            Self::RefusedUs { .. } => "refused_us",
            Self::NotTls { .. } => "not_tls",
            Self::Gone { .. } => "gone",
            Self::Ourselves { .. } => "own_configuration",
        }
    }

    pub(crate) fn explain(error: &io::Error, witness: &Witness, trust_domain: &str) -> Self {
        let Some(tls) = tls_error(error) else {
            return Self::Gone {
                cause: error.to_string(),
            };
        };
        match tls {
            rustls::Error::NoCertificatesPresented => Self::NoCertificate,
            rustls::Error::AlertReceived(alert) => Self::RefusedUs {
                alert: format!("{alert:?}"),
            },
            rustls::Error::InvalidCertificate(cause) => {
                Self::certificate(cause, witness, trust_domain)
            }
            other => Self::NotTls {
                cause: other.to_string(),
            },
        }
    }

    fn certificate(cause: &CertificateError, witness: &Witness, trust_domain: &str) -> Self {
        let Some(shown) = witness.shown() else {
            return Self::Certificate {
                cause: cause.to_string(),
            };
        };
        let subject = shown.subject;
        let now = Utc(wall_ms());
        match cause {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::WrongRoot {
                subject,
                issuer: shown.issuer,
            },
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired {
                subject,
                not_after: Utc(shown.not_after_ms),
                now,
            },
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid {
                    subject,
                    not_before: Utc(shown.not_before_ms),
                    now,
                }
            }
            CertificateError::ApplicationVerificationFailure => Self::NotASensor {
                subject,
                trust_domain: trust_domain.to_owned(),
                names: shown.uris.join(", "),
            },
            CertificateError::Revoked => Self::Denied {
                name: shown.uris.join(", "),
            },
            other => Self::Certificate {
                cause: format!("{other} (subject {subject}, issued by {})", shown.issuer),
            },
        }
    }
}
