//! What a certificate says about its holder.

use std::net::IpAddr;

use auscult_proto::ids::SensorIdentity;
use rustls_pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// What people and checks need to know of one certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Subject, RFC 4514 style.
    pub subject: String,
    /// Issuer, RFC 4514 style.
    pub issuer: String,
    /// Serial number, hex.
    pub serial: String,
    /// Start of validity, epoch milliseconds.
    pub not_before_ms: i64,
    /// End of validity, epoch milliseconds.
    pub not_after_ms: i64,
    /// URI alternative names.
    pub uris: Vec<String>,
    /// DNS and IP alternative names.
    pub hosts: Vec<String>,
    /// Whether it may sign other certificates.
    pub authority: bool,
}

/// Not an X.509 v3 certificate that can be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a readable X.509 certificate")]
pub struct Unreadable;

impl CertificateFacts {
    /// Reads a DER certificate. Nothing is verified.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn read(der: &[u8]) -> Result<Self, Unreadable> {
        let (_, certificate) = X509Certificate::from_der(der).map_err(|_| Unreadable)?;
        let names = certificate
            .subject_alternative_name()
            .map_err(|_| Unreadable)?;
        let mut uris = Vec::new();
        let mut hosts = Vec::new();
        for name in names.iter().flat_map(|names| &names.value.general_names) {
            match name {
                GeneralName::URI(uri) => uris.push((*uri).to_owned()),
                GeneralName::DNSName(host) => hosts.push((*host).to_owned()),
                GeneralName::IPAddress(octets) => hosts.extend(ip_text(octets)),
                _ => {}
            }
        }
        let validity = certificate.validity();
        Ok(Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.raw_serial_as_string(),
            not_before_ms: validity.not_before.timestamp().saturating_mul(1000),
            not_after_ms: validity.not_after.timestamp().saturating_mul(1000),
            uris,
            hosts,
            authority: certificate.is_ca(),
        })
    }

    /// The sensor this certificate is for. Exactly one URI name, as SPIFFE wants it.
    ///
    /// # Errors
    /// [`NotASensor`] says what is there instead.
    pub fn sensor(&self) -> Result<SensorIdentity, NotASensor> {
        match self.uris.as_slice() {
            [] => Err(NotASensor::NoUri),
            [uri] => uri.parse().map_err(|_| NotASensor::OtherUri),
            _ => Err(NotASensor::SeveralUris),
        }
    }
}

/// Why a certificate does not name a sensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotASensor {
    /// No URI among its names.
    #[error(
        "the certificate has no URI name; a sensor's has spiffe://<trust-domain>/site/<site>/sensor/<sensor>"
    )]
    NoUri,
    /// More than one.
    #[error("the certificate has several URI names; a sensor's has exactly one")]
    SeveralUris,
    /// Another URI.
    #[error(
        "the certificate's URI name is not spiffe://<trust-domain>/site/<site>/sensor/<sensor>"
    )]
    OtherUri,
}

/// The sensor a verified leaf names, if it belongs to `trust_domain`.
pub(crate) fn sensor_of(leaf: &CertificateDer<'_>, trust_domain: &str) -> Option<SensorIdentity> {
    let identity = CertificateFacts::read(leaf).ok()?.sensor().ok()?;
    (identity.trust_domain == trust_domain).then_some(identity)
}

fn ip_text(octets: &[u8]) -> Option<String> {
    let ip = match octets.len() {
        4 => IpAddr::from(<[u8; 4]>::try_from(octets).ok()?),
        _ => IpAddr::from(<[u8; 16]>::try_from(octets).ok()?),
    };
    Some(ip.to_string())
}
