//! Certificates of devices, the same for the same description.

use std::sync::Arc;

use rcgen::{
    CertificateParams, DistinguishedName, DnType, Issuer, KeyPair, PKCS_ED25519, PKCS_RSA_SHA256,
    SerialNumber, SigningKey as _,
};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{Error, SignatureAlgorithm, SignatureScheme};

/// Whose key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The RSA key that a maker left in every device of a line.
    Shared,
    /// A device's own Ed25519 key, from its seed.
    Own([u8; 32]),
}

/// Names in a certificate; empty ones are left out.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// CN.
    pub common_name: &'a str,
    /// O.
    pub organization: &'a str,
    /// OU.
    pub unit: &'a str,
    /// DNS names of subjectAltName.
    pub dns_names: &'a [&'a str],
    /// Serial number of the certificate.
    pub serial: u64,
    /// Valid from 1 January of this year, for ten years.
    pub year: u16,
}

/// A chain with its key.
#[derive(Debug)]
pub struct Certificate {
    chain: Vec<CertificateDer<'static>>,
    key: Arc<DeviceKey>,
    /// What a reader of the certificates sees, in tshark's words.
    pub(super) facts: Vec<(&'static str, String)>,
}

/// A hospital's or maker's certification authority.
#[derive(Debug)]
pub struct Authority {
    params: CertificateParams,
    key: KeyPair,
    certificate: CertificateDer<'static>,
    facts: Vec<(&'static str, String)>,
}

#[derive(Debug)]
struct DeviceKey(KeyPair);

fn key_pair(key: Key) -> Result<KeyPair, rcgen::Error> {
    match key {
        Key::Shared => {
            let pem = include_str!("../../../fixtures/shared_key.pem");
            KeyPair::from_pkcs8_pem_and_sign_algo(pem, &PKCS_RSA_SHA256)
        }
        Key::Own(seed) => {
            // PKCS#8 version 1 of an Ed25519 seed (RFC 8410 §7).
            let mut der = vec![
                0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
                0x04, 0x20,
            ];
            der.extend_from_slice(&seed);
            let der = PrivatePkcs8KeyDer::from(der);
            KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_ED25519)
        }
    }
}

impl Subject<'_> {
    fn params(&self) -> Result<CertificateParams, rcgen::Error> {
        let names: Vec<String> = self
            .dns_names
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        let mut params = CertificateParams::new(names)?;
        let mut name = DistinguishedName::new();
        for (kind, text) in [
            (DnType::OrganizationName, self.organization),
            (DnType::OrganizationalUnitName, self.unit),
            (DnType::CommonName, self.common_name),
        ] {
            if !text.is_empty() {
                name.push(kind, text);
            }
        }
        params.distinguished_name = name;
        params.serial_number = Some(SerialNumber::from(self.serial));
        params.not_before = rcgen::date_time_ymd(i32::from(self.year), 1, 1);
        params.not_after = rcgen::date_time_ymd(i32::from(self.year) + 10, 1, 1);
        Ok(params)
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let names = [self.organization, self.unit, self.common_name];
        let texts = names.into_iter().filter(|text| !text.is_empty());
        let mut facts: Vec<_> = texts.map(|text| ("x509.utf8", text.to_owned())).collect();
        facts.extend(
            self.dns_names
                .iter()
                .map(|name| ("x509.dns", (*name).to_owned())),
        );
        facts
    }
}

impl Certificate {
    /// A certificate that signs itself, as most devices have it.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn self_signed(subject: &Subject<'_>, key: Key) -> Result<Self, rcgen::Error> {
        let key = key_pair(key)?;
        let certificate = subject.params()?.self_signed(&key)?;
        Ok(Self {
            chain: vec![certificate.der().clone()],
            key: Arc::new(DeviceKey(key)),
            facts: subject.facts(),
        })
    }
}

impl Authority {
    /// An authority with a key of its own.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn new(subject: &Subject<'_>, key: Key) -> Result<Self, rcgen::Error> {
        let key = key_pair(key)?;
        let mut params = subject.params()?;
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key)?.der().clone();
        Ok(Self {
            params,
            key,
            certificate,
            facts: subject.facts(),
        })
    }

    /// Signs a device's certificate; the authority's own follows it in the chain.
    ///
    /// # Errors
    /// When a name cannot stand in a certificate.
    pub fn sign(&self, subject: &Subject<'_>, key: Key) -> Result<Certificate, rcgen::Error> {
        let key = key_pair(key)?;
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = subject.params()?.signed_by(&key, &issuer)?;
        let mut facts = subject.facts();
        facts.extend(self.facts.clone());
        Ok(Certificate {
            chain: vec![certificate.der().clone(), self.certificate.clone()],
            key: Arc::new(DeviceKey(key)),
            facts,
        })
    }
}

impl DeviceKey {
    /// The one scheme whose signatures need no randomness.
    fn scheme(&self) -> SignatureScheme {
        if self.0.is_compatible(&PKCS_ED25519) {
            SignatureScheme::ED25519
        } else {
            SignatureScheme::RSA_PKCS1_SHA256
        }
    }
}

#[derive(Debug)]
struct DeviceSigner {
    key: Arc<DeviceKey>,
}

#[derive(Debug)]
struct SharedKey(Arc<DeviceKey>);

impl SigningKey for SharedKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&self.0.scheme()).then(|| {
            Box::new(DeviceSigner {
                key: Arc::clone(&self.0),
            }) as Box<dyn Signer>
        })
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        match self.0.scheme() {
            SignatureScheme::ED25519 => SignatureAlgorithm::ED25519,
            _ => SignatureAlgorithm::RSA,
        }
    }
}

impl Signer for DeviceSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let signed = self.key.0.sign(message);
        signed.map_err(|fault| Error::General(fault.to_string()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.key.scheme()
    }
}

/// Presents one certificate to everybody.
#[derive(Debug)]
pub(super) struct Only(Arc<CertifiedKey>);

impl Only {
    pub(super) fn new(certificate: &Certificate) -> Self {
        let key = Arc::new(SharedKey(Arc::clone(&certificate.key)));
        Self(Arc::new(CertifiedKey::new(certificate.chain.clone(), key)))
    }
}

impl ResolvesServerCert for Only {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

impl ResolvesClientCert for Only {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
