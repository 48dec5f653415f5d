//! Why a sensor has no stream: one closed list, each with what happened and what to do.

use std::io;

use rustls::{AlertDescription, CertificateError};
use tonic::Status;

use crate::clock::{Utc, span, unix_ms, wall_ms};
use crate::credentials::CredentialsError;
use crate::refusal::Refusal;
use crate::tls::Witness;

/// Why there is no stream to the collector. Nothing is lost by any of these: the spool keeps what is not acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// Our own files are no good.
    #[error("own credentials: {0}")]
    Credentials(String),
    /// The collector's name has no address.
    #[error("cannot resolve {host}: {cause}; check the collector's address and this host's DNS")]
    Unresolved {
        /// The name.
        host: String,
        /// The resolver's word.
        cause: String,
    },
    /// Nobody listens.
    #[error("{address} refused the connection: is the collector running, and is the port right?")]
    ConnectionRefused {
        /// Host and port.
        address: String,
    },
    /// No route, or another failure of the network.
    #[error("cannot reach {address}: {cause}; check routes and firewalls")]
    Unreachable {
        /// Host and port.
        address: String,
        /// The operating system's word.
        cause: String,
    },
    /// No answer to the connection attempt.
    #[error(
        "{address} did not answer within {seconds} s: a firewall that drops, or a wrong address"
    )]
    ConnectTimeout {
        /// Host and port.
        address: String,
        /// The limit.
        seconds: u64,
    },
    /// Connected, but the TLS handshake did not finish.
    #[error(
        "{address} accepted the connection but did not finish the TLS handshake within {seconds} s: an overloaded collector, or not a collector"
    )]
    HandshakeTimeout {
        /// Host and port.
        address: String,
        /// The limit.
        seconds: u64,
    },
    /// Not TLS 1.3, or not TLS.
    #[error(
        "{address} does not speak TLS 1.3 with HTTP/2: not a collector, or something between ({cause})"
    )]
    NotTls {
        /// Host and port.
        address: String,
        /// What rustls says.
        cause: String,
    },
    /// The collector's certificate does not chain to our roots.
    #[error(
        "the collector's certificate is not from our roots: issued by {issuer} to {subject}; if that is your collector's authority add its root to the roots file, otherwise something intercepts the connection"
    )]
    CollectorUntrusted {
        /// Who issued what we were shown.
        issuer: String,
        /// To whom.
        subject: String,
    },
    /// The collector's certificate has expired.
    #[error(
        "the collector's certificate expired at {not_after}, this clock says {now}: renew it on the collector, or set this clock"
    )]
    CollectorExpired {
        /// End of validity.
        not_after: Utc,
        /// Our clock.
        now: Utc,
    },
    /// The collector's certificate is not valid yet.
    #[error(
        "the collector's certificate is valid from {not_before}, this clock says {now}: set this clock"
    )]
    CollectorNotYetValid {
        /// Start of validity.
        not_before: Utc,
        /// Our clock.
        now: Utc,
    },
    /// The collector's certificate is for other names.
    #[error(
        "the collector's certificate is for [{presented}], not for {expected}: set the server name to one of these, or issue a certificate for {expected}"
    )]
    CollectorWrongName {
        /// What we asked for.
        expected: String,
        /// What it is for.
        presented: String,
    },
    /// Something else about the collector's certificate.
    #[error("the collector's certificate cannot be used: {cause}")]
    CollectorCertificate {
        /// What rustls says.
        cause: String,
    },
    /// The collector refused our certificate: expired or not yet valid by its clock.
    #[error(
        "the collector refused our certificate as expired or not yet valid by its clock; ours is valid {not_before} to {not_after} and this clock says {now}: issue a new one, or compare the two clocks"
    )]
    SensorExpired {
        /// Start of validity.
        not_before: Utc,
        /// End of validity.
        not_after: Utc,
        /// Our clock.
        now: Utc,
    },
    /// The collector refused our certificate: not from its roots.
    #[error(
        "the collector refused our certificate as not from its roots; ours is issued by {issuer}: add that root on the collector, or issue a certificate from its authority"
    )]
    SensorUntrusted {
        /// Who issued ours.
        issuer: String,
    },
    /// The collector got no certificate from us.
    #[error("the collector got no certificate from us: check the certificate and key files")]
    SensorCertificateMissing,
    /// The collector refused our certificate: no sensor of its trust domain.
    #[error(
        "the collector refused our identity {identity}: not a sensor of its trust domain; issue a certificate for a sensor of that collector's trust domain"
    )]
    SensorNotAccepted {
        /// Ours.
        identity: String,
    },
    /// The collector's deny list names us.
    #[error("the collector denies this sensor: it is on its deny list; ask its operator")]
    Denied,
    /// Another TLS refusal by the collector.
    #[error(
        "the collector broke off the TLS connection with the alert {alert}; its log names the reason"
    )]
    Alert {
        /// The alert.
        alert: String,
    },
    /// The connection closed right after the handshake, before an alert could be read.
    #[error(
        "the collector closed the connection right after the TLS handshake ({cause}); most often it refused our certificate, or it is full or stopping: its log names the reason"
    )]
    ClosedAfterHandshake {
        /// What was seen.
        cause: String,
    },
    /// The stream broke.
    #[error("the connection broke: {cause}")]
    Disconnected {
        /// What was seen.
        cause: String,
    },
    /// The collector said why it ended the stream.
    #[error("the collector ended the stream ({}): {text}", reason.label())]
    Refused {
        /// Its reason.
        reason: Refusal,
        /// Its words.
        text: String,
    },
    /// The collector closed the stream properly.
    #[error("the collector closed the stream{}", after.as_deref().unwrap_or_default())]
    Closed {
        /// What it announced.
        after: Option<String>,
    },
    /// No hello from the collector.
    #[error(
        "the collector did not answer the hello within {seconds} s: overloaded, or not a collector"
    )]
    HelloTimeout {
        /// The limit.
        seconds: u64,
    },
    /// Nothing was acknowledged for too long.
    #[error(
        "nothing was acknowledged for {seconds} s although batches are in flight: the collector or its log is stuck"
    )]
    AckTimeout {
        /// The limit.
        seconds: u64,
    },
    /// The collector broke the protocol.
    #[error(
        "the collector broke the protocol: {cause}; sensor and collector versions may not match"
    )]
    Protocol {
        /// How.
        cause: String,
    },
}

impl Failure {
    /// As a metric label.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Credentials(_) => "own_credentials",
            Self::Unresolved { .. } => "unresolved",
            Self::ConnectionRefused { .. } => "connection_refused",
            Self::Unreachable { .. } => "unreachable",
            Self::ConnectTimeout { .. } => "connect_timeout",
            Self::HandshakeTimeout { .. } => "handshake_timeout",
            Self::NotTls { .. } => "not_tls",
            Self::CollectorUntrusted { .. } => "collector_untrusted",
            Self::CollectorExpired { .. } => "collector_expired",
            Self::CollectorNotYetValid { .. } => "collector_not_yet_valid",
            Self::CollectorWrongName { .. } => "collector_wrong_name",
            Self::CollectorCertificate { .. } => "collector_certificate",
            Self::SensorExpired { .. } => "sensor_expired",
            Self::SensorUntrusted { .. } => "sensor_untrusted",
            Self::SensorCertificateMissing => "sensor_certificate_missing",
            Self::SensorNotAccepted { .. } => "sensor_not_accepted",
            Self::Denied => "denied",
            Self::Alert { .. } => "alert",
            Self::ClosedAfterHandshake { .. } => "closed_after_handshake",
            Self::Disconnected { .. } => "disconnected",
            Self::Refused { reason, .. } => reason.label(),
            Self::Closed { .. } => "closed",
            Self::HelloTimeout { .. } => "hello_timeout",
            Self::AckTimeout { .. } => "ack_timeout",
            Self::Protocol { .. } => "collector_protocol",
        }
    }

    /// Whether trying again soon is pointless: somebody has to do something first.
    #[must_use]
    pub fn needs_somebody(&self) -> bool {
        match self {
            Self::Unresolved { .. }
            | Self::ConnectionRefused { .. }
            | Self::Unreachable { .. }
            | Self::ConnectTimeout { .. }
            | Self::HandshakeTimeout { .. }
            | Self::ClosedAfterHandshake { .. }
            | Self::Disconnected { .. }
            | Self::Closed { .. }
            | Self::HelloTimeout { .. }
            | Self::AckTimeout { .. } => false,
            Self::Refused { reason, .. } => {
                !matches!(reason, Refusal::LogUnavailable | Refusal::Busy)
            }
            _ => true,
        }
    }
}

impl From<&CredentialsError> for Failure {
    fn from(error: &CredentialsError) -> Self {
        Self::Credentials(error.to_string())
    }
}

/// Who we are and whom we called, for explanations.
#[derive(Debug, Clone)]
pub(crate) struct Parties {
    pub(crate) address: String,
    pub(crate) server_name: String,
    pub(crate) own: crate::identity::CertificateFacts,
}

impl Parties {
    /// Explains an error of the TLS handshake, as far as it happens on our side.
    pub(crate) fn handshake(&self, error: &io::Error, witness: &Witness) -> Failure {
        match crate::tls::tls_error(error) {
            Some(tls) => self.tls(tls, witness),
            None => Failure::ClosedAfterHandshake {
                cause: error.to_string(),
            },
        }
    }

    /// Explains the end of a stream. `opened`: the collector had said hello.
    pub(crate) fn status(&self, status: &Status, witness: &Witness, opened: bool) -> Failure {
        if let Some(tls) = witness.error() {
            return self.tls(&tls, witness);
        }
        if let Some(reason) = Refusal::of(status) {
            return Failure::Refused {
                reason,
                text: status.message().to_owned(),
            };
        }
        let cause = format!("{:?}: {}", status.code(), status.message());
        if opened {
            Failure::Disconnected { cause }
        } else {
            Failure::ClosedAfterHandshake { cause }
        }
    }

    fn tls(&self, error: &rustls::Error, witness: &Witness) -> Failure {
        match error {
            rustls::Error::InvalidCertificate(cause) => self.collector(cause, witness),
            rustls::Error::AlertReceived(alert) => self.alert(*alert),
            rustls::Error::InvalidMessage(_)
            | rustls::Error::PeerIncompatible(_)
            | rustls::Error::InappropriateMessage { .. }
            | rustls::Error::NoApplicationProtocol => Failure::NotTls {
                address: self.address.clone(),
                cause: error.to_string(),
            },
            other => Failure::CollectorCertificate {
                cause: other.to_string(),
            },
        }
    }

    fn collector(&self, error: &CertificateError, witness: &Witness) -> Failure {
        let shown = witness.shown();
        let issuer = || {
            shown
                .as_ref()
                .map_or_else(|| "(unreadable)".to_owned(), |facts| facts.issuer.clone())
        };
        match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                Failure::CollectorUntrusted {
                    issuer: issuer(),
                    subject: shown
                        .as_ref()
                        .map_or_else(String::new, |facts| facts.subject.clone()),
                }
            }
            CertificateError::ExpiredContext { time, not_after } => Failure::CollectorExpired {
                not_after: Utc(unix_ms(*not_after)),
                now: Utc(unix_ms(*time)),
            },
            CertificateError::NotValidYetContext { time, not_before } => {
                Failure::CollectorNotYetValid {
                    not_before: Utc(unix_ms(*not_before)),
                    now: Utc(unix_ms(*time)),
                }
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Failure::CollectorWrongName {
                    expected: self.server_name.clone(),
                    presented: shown.map_or_else(String::new, |facts| facts.hosts.join(", ")),
                }
            }
            other => Failure::CollectorCertificate {
                cause: format!("{} (issued by {})", other, issuer()),
            },
        }
    }

    // RFC 8446 section 6.2. In TLS 1.3 our handshake is complete before the collector has looked at our certificate, so its refusal
    // arrives as an alert on the first read.
    fn alert(&self, alert: AlertDescription) -> Failure {
        match alert {
            AlertDescription::CertificateExpired => Failure::SensorExpired {
                not_before: Utc(self.own.not_before_ms),
                not_after: Utc(self.own.not_after_ms),
                now: Utc(wall_ms()),
            },
            AlertDescription::UnknownCA | AlertDescription::DecryptError => {
                Failure::SensorUntrusted {
                    issuer: self.own.issuer.clone(),
                }
            }
            AlertDescription::CertificateRequired => Failure::SensorCertificateMissing,
            AlertDescription::AccessDenied => Failure::SensorNotAccepted {
                identity: self.own.uris.join(", "),
            },
            AlertDescription::CertificateRevoked => Failure::Denied,
            AlertDescription::ProtocolVersion | AlertDescription::NoApplicationProtocol => {
                Failure::NotTls {
                    address: self.address.clone(),
                    cause: format!("alert {alert:?}"),
                }
            }
            other => Failure::Alert {
                alert: format!("{other:?}"),
            },
        }
    }
}

/// What both ends say about clocks that differ.
pub(crate) fn clock_text(sensor_ms: i64, collector_ms: i64) -> String {
    format!(
        "the clocks differ by {}: the sensor says {}, the collector says {}; set the sensor's clock (NTP), nothing is lost meanwhile",
        span(collector_ms.saturating_sub(sensor_ms)),
        Utc(sensor_ms),
        Utc(collector_ms)
    )
}
