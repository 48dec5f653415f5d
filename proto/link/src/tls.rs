//! TLS configuration of both ends, and verifiers that remember what they were shown.

use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::CryptoProvider;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName, ServerConfig,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::credentials::Credentials;
use crate::deny_list::DenyList;
use crate::identity::{CertificateFacts, sensor_of};

/// The only cryptography provider of the project.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: std::sync::OnceLock<Arc<CryptoProvider>> = std::sync::OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// What the other end of one connection showed and what went wrong on it, kept for the explanation.
#[derive(Debug, Default)]
pub(crate) struct Witness {
    shown: Mutex<Option<CertificateFacts>>,
    error: Mutex<Option<rustls::Error>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

impl Witness {
    fn saw(&self, leaf: &CertificateDer<'_>) {
        *locked(&self.shown) = CertificateFacts::read(leaf).ok();
    }

    pub(crate) fn shown(&self) -> Option<CertificateFacts> {
        locked(&self.shown).clone()
    }

    /// Keeps the first TLS error of the connection.
    pub(crate) fn note(&self, error: &std::io::Error) {
        if let Some(tls) = tls_error(error) {
            locked(&self.error).get_or_insert_with(|| tls.clone());
        }
    }

    pub(crate) fn error(&self) -> Option<rustls::Error> {
        locked(&self.error).clone()
    }
}

/// The TLS error inside an I/O error.
pub(crate) fn tls_error(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

/// The sensor's configuration for one connection.
pub(crate) fn client_config(
    credentials: &Credentials,
    witness: &Arc<Witness>,
) -> Result<ClientConfig, String> {
    let inner =
        WebPkiServerVerifier::builder_with_provider(Arc::clone(&credentials.roots), provider())
            .build()
            .map_err(|e| e.to_string())?;
    let verifier = CollectorVerifier {
        inner,
        witness: Arc::clone(witness),
    };
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| e.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(
            &credentials.certified,
        ))));
    // A resumed session carries the certificates of the first handshake on both sides: rotation would silently not happen.
    config.resumption = Resumption::disabled();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// The collector's configuration for one connection.
pub(crate) fn server_config(
    credentials: &Credentials,
    trust_domain: &Arc<str>,
    denied: &Arc<DenyList>,
    witness: &Arc<Witness>,
) -> Result<ServerConfig, String> {
    let inner =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(&credentials.roots), provider())
            .build()
            .map_err(|e| e.to_string())?;
    let verifier = SensorVerifier {
        inner,
        trust_domain: Arc::clone(trust_domain),
        denied: Arc::clone(denied),
        witness: Arc::clone(witness),
    };
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|e| e.to_string())?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(Arc::clone(
            &credentials.certified,
        ))));
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

/// Verifies the collector as rustls does, and remembers the certificate.
#[derive(Debug)]
struct CollectorVerifier {
    inner: Arc<WebPkiServerVerifier>,
    witness: Arc<Witness>,
}

impl ServerCertVerifier for CollectorVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.witness.saw(end_entity);
        self.inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Verifies a sensor as rustls does, then that it is a sensor of our trust domain and not denied, so that the refusal reaches the
/// sensor as a TLS alert.
#[derive(Debug)]
struct SensorVerifier {
    inner: Arc<dyn ClientCertVerifier>,
    trust_domain: Arc<str>,
    denied: Arc<DenyList>,
    witness: Arc<Witness>,
}

impl ClientCertVerifier for SensorVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        // With hints a client that holds no certificate from one of these roots sends none at all, and the refusal would read "no
        // certificate" instead of "unknown issuer".
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        self.witness.saw(end_entity);
        let verified = self
            .inner
            .verify_client_cert(end_entity, intermediates, now)?;
        let Some(identity) = sensor_of(end_entity, &self.trust_domain) else {
            // Reaches the peer as the alert access_denied.
            return Err(CertificateError::ApplicationVerificationFailure.into());
        };
        if self.denied.contains(&identity) {
            return Err(CertificateError::Revoked.into());
        }
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
