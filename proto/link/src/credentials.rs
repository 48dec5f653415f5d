//! A certificate chain, its key and the roots, read from files and verified before anybody may use them.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use auscult_proto::ids::SensorIdentity;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::server::WebPkiClientVerifier;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::clock::{Utc, wall_ms};
use crate::identity::{CertificateFacts, NotASensor};
use crate::tls;

/// Largest credential file read, in bytes.
const FILE_BYTES: u64 = 1024 * 1024;

/// Where the credentials lie. All files are PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialPaths {
    /// Our leaf first, then intermediates.
    pub certificate: PathBuf,
    /// The leaf's private key (PKCS #8, SEC 1 or PKCS #1).
    pub key: PathBuf,
    /// The roots that verify the other end.
    pub roots: PathBuf,
    /// The roots our own leaf chains to, where they are not in `roots`.
    pub own_roots: Option<PathBuf>,
}

/// Which end the credentials are for; decides what the leaf must be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Client authentication, and a SPIFFE name of a sensor.
    Sensor,
    /// Server authentication.
    Collector,
}

impl Holder {
    /// As a metric label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Sensor => "sensor",
            Self::Collector => "collector",
        }
    }
}

/// Why the files cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A file cannot be read.
    #[error("cannot read {}: {cause}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// The operating system's word.
        cause: String,
    },
    /// A file does not hold what it should.
    #[error("{} holds no {what} in PEM", path.display())]
    Empty {
        /// Which.
        path: PathBuf,
        /// Certificate or private key.
        what: &'static str,
    },
    /// A certificate or key that cannot be used.
    #[error("{}: {cause}", path.display())]
    Unusable {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// The key belongs to another certificate.
    #[error("the key in {} does not belong to the certificate in {}: a half-finished replacement, or the wrong file", key.display(), certificate.display())]
    KeyMismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The leaf does not chain to the roots.
    #[error("the certificate in {} (issued by {issuer}) does not chain to the roots in {}: give the matching roots, or the missing intermediate", certificate.display(), roots.display())]
    Untrusted {
        /// The certificate's file.
        certificate: PathBuf,
        /// Its issuer.
        issuer: String,
        /// The roots' file.
        roots: PathBuf,
    },
    /// The leaf has expired.
    #[error("the certificate in {} expired at {not_after}, this clock says {now}: issue a new one, or set the clock", certificate.display())]
    Expired {
        /// The certificate's file.
        certificate: PathBuf,
        /// End of validity.
        not_after: Utc,
        /// Our clock.
        now: Utc,
    },
    /// The leaf is not valid yet.
    #[error("the certificate in {} is valid from {not_before}, this clock says {now}: set the clock", certificate.display())]
    NotYetValid {
        /// The certificate's file.
        certificate: PathBuf,
        /// Start of validity.
        not_before: Utc,
        /// Our clock.
        now: Utc,
    },
    /// The leaf is not for a sensor.
    #[error("{}: {cause}", certificate.display())]
    NotASensor {
        /// The certificate's file.
        certificate: PathBuf,
        /// What is there instead.
        cause: NotASensor,
    },
}

/// Verified credentials.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) certified: Arc<CertifiedKey>,
    pub(crate) roots: Arc<RootCertStore>,
    facts: CertificateFacts,
    identity: Option<SensorIdentity>,
    roots_not_after_ms: i64,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("facts", &self.facts)
            .field("roots", &self.roots.len())
            .finish_non_exhaustive()
    }
}

/// The bytes of the files, compared to notice a change. Holds the key: never printed.
#[derive(PartialEq, Eq)]
pub(crate) struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    roots: Vec<u8>,
    own_roots: Option<Vec<u8>>,
}

impl Files {
    pub(crate) fn read(paths: &CredentialPaths) -> Result<Self, CredentialsError> {
        Ok(Self {
            certificate: read(&paths.certificate)?,
            key: read(&paths.key)?,
            roots: read(&paths.roots)?,
            own_roots: paths.own_roots.as_deref().map(read).transpose()?,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CredentialsError> {
    let unreadable = |cause: String| CredentialsError::Unreadable {
        path: path.to_owned(),
        cause,
    };
    let file = std::fs::File::open(path).map_err(|e| unreadable(e.to_string()))?;
    let mut bytes = Vec::new();
    let length = file
        .take(FILE_BYTES.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|e| unreadable(e.to_string()))?;
    if u64::try_from(length).is_ok_and(|length| length > FILE_BYTES) {
        return Err(unreadable("larger than 1 MiB".to_owned()));
    }
    Ok(bytes)
}

impl Credentials {
    /// Reads and verifies the files as of now: the key belongs to the leaf, the leaf chains to the roots, is valid, and is good for
    /// its holder. Blocking.
    ///
    /// # Errors
    /// [`CredentialsError`]: the first fault.
    pub fn load(paths: &CredentialPaths, holder: Holder) -> Result<Self, CredentialsError> {
        Self::verify(&Files::read(paths)?, paths, holder, wall_ms())
    }

    /// Everything that is wrong: every file by itself, and when each is what it should be, what they are together. Empty when
    /// [`Credentials::load`] succeeds. Blocking.
    #[must_use]
    pub fn faults(paths: &CredentialPaths, holder: Holder) -> Vec<CredentialsError> {
        type Holds = fn(&[u8], &Path) -> Result<(), CredentialsError>;
        let files: [(Option<&PathBuf>, Holds); 4] = [
            (Some(&paths.certificate), |bytes, path| {
                leaf(&certificates(bytes, path)?, path).map(drop)
            }),
            (Some(&paths.key), |bytes, path| {
                private_key(bytes, path).map(drop)
            }),
            (Some(&paths.roots), |bytes, path| {
                root_store(bytes, path).map(drop)
            }),
            (paths.own_roots.as_ref(), |bytes, path| {
                root_store(bytes, path).map(drop)
            }),
        ];
        let of_file = |(path, holds): (Option<&PathBuf>, Holds)| {
            let path = path?;
            read(path).and_then(|bytes| holds(&bytes, path)).err()
        };
        let mut faults: Vec<CredentialsError> = files.into_iter().filter_map(of_file).collect();
        if faults.is_empty() {
            faults.extend(Self::load(paths, holder).err());
        }
        faults
    }

    pub(crate) fn verify(
        files: &Files,
        paths: &CredentialPaths,
        holder: Holder,
        now_ms: i64,
    ) -> Result<Self, CredentialsError> {
        let chain = certificates(&files.certificate, &paths.certificate)?;
        let facts = leaf(&chain, &paths.certificate)?;
        let (roots, roots_not_after_ms) = root_store(&files.roots, &paths.roots)?;
        let own = match (&files.own_roots, &paths.own_roots) {
            (Some(bytes), Some(path)) => (root_store(bytes, path)?.0, path),
            _ => (Arc::clone(&roots), &paths.roots),
        };
        let check = OwnLeaf {
            chain: &chain,
            facts: &facts,
            roots: own.0,
            roots_path: own.1,
            certificate: &paths.certificate,
            now_ms,
        };
        let identity = match holder {
            Holder::Sensor => Some(check.for_sensor()?),
            Holder::Collector => check.for_collector().map(|()| None)?,
        };
        let certified = certified(files, chain, paths)?;
        Ok(Self {
            certified: Arc::new(certified),
            roots,
            facts,
            identity,
            roots_not_after_ms,
        })
    }

    /// What our leaf says.
    #[must_use]
    pub fn facts(&self) -> &CertificateFacts {
        &self.facts
    }

    /// Who we are; `None` for a collector.
    #[must_use]
    pub fn identity(&self) -> Option<&SensorIdentity> {
        self.identity.as_ref()
    }

    /// When the first of the roots expires, epoch milliseconds.
    #[must_use]
    pub fn roots_not_after_ms(&self) -> i64 {
        self.roots_not_after_ms
    }
}

fn unusable(path: &Path, cause: String) -> CredentialsError {
    CredentialsError::Unusable {
        path: path.to_owned(),
        cause,
    }
}

fn certificates(
    bytes: &[u8],
    path: &Path,
) -> Result<Vec<CertificateDer<'static>>, CredentialsError> {
    CertificateDer::pem_slice_iter(bytes)
        .collect::<Result<_, _>>()
        .map_err(|e| unusable(path, format!("not readable as PEM: {e}")))
}

/// What the first certificate of a chain says.
fn leaf(
    chain: &[CertificateDer<'static>],
    path: &Path,
) -> Result<CertificateFacts, CredentialsError> {
    let leaf = chain.first().ok_or_else(|| CredentialsError::Empty {
        path: path.to_owned(),
        what: "certificate",
    })?;
    CertificateFacts::read(leaf).map_err(|e| unusable(path, e.to_string()))
}

fn private_key(bytes: &[u8], path: &Path) -> Result<PrivateKeyDer<'static>, CredentialsError> {
    PrivateKeyDer::from_pem_slice(bytes).map_err(|_| CredentialsError::Empty {
        path: path.to_owned(),
        what: "private key",
    })
}

fn root_store(bytes: &[u8], path: &Path) -> Result<(Arc<RootCertStore>, i64), CredentialsError> {
    let mut store = RootCertStore::empty();
    let mut first_expiry = i64::MAX;
    for root in certificates(bytes, path)? {
        let facts = CertificateFacts::read(&root).map_err(|e| unusable(path, e.to_string()))?;
        first_expiry = first_expiry.min(facts.not_after_ms);
        store
            .add(root)
            .map_err(|e| unusable(path, format!("{} is no usable root: {e}", facts.subject)))?;
    }
    if store.is_empty() {
        return Err(CredentialsError::Empty {
            path: path.to_owned(),
            what: "certificate",
        });
    }
    Ok((Arc::new(store), first_expiry))
}

fn certified(
    files: &Files,
    chain: Vec<CertificateDer<'static>>,
    paths: &CredentialPaths,
) -> Result<CertifiedKey, CredentialsError> {
    let key = private_key(&files.key, &paths.key)?;
    CertifiedKey::from_der(chain, key, &tls::provider()).map_err(|e| match e {
        rustls::Error::InconsistentKeys(_) => CredentialsError::KeyMismatch {
            certificate: paths.certificate.clone(),
            key: paths.key.clone(),
        },
        other => unusable(&paths.key, other.to_string()),
    })
}

struct OwnLeaf<'a> {
    chain: &'a [CertificateDer<'static>],
    facts: &'a CertificateFacts,
    roots: Arc<RootCertStore>,
    roots_path: &'a Path,
    certificate: &'a Path,
    now_ms: i64,
}

impl OwnLeaf<'_> {
    fn now(&self) -> UnixTime {
        let ms = u64::try_from(self.now_ms).unwrap_or(0);
        UnixTime::since_unix_epoch(Duration::from_millis(ms))
    }

    fn split(
        &self,
    ) -> Result<(&CertificateDer<'static>, &[CertificateDer<'static>]), CredentialsError> {
        self.chain
            .split_first()
            .ok_or_else(|| CredentialsError::Empty {
                path: self.certificate.to_owned(),
                what: "certificate",
            })
    }

    fn for_sensor(&self) -> Result<SensorIdentity, CredentialsError> {
        let (leaf, intermediates) = self.split()?;
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), tls::provider())
                .build()
                .map_err(|e| unusable(self.roots_path, e.to_string()))?;
        verifier
            .verify_client_cert(leaf, intermediates, self.now())
            .map_err(|e| self.explain(e))?;
        self.facts
            .sensor()
            .map_err(|cause| CredentialsError::NotASensor {
                certificate: self.certificate.to_owned(),
                cause,
            })
    }

    fn for_collector(&self) -> Result<(), CredentialsError> {
        let (leaf, intermediates) = self.split()?;
        let name = self
            .facts
            .hosts
            .iter()
            .find_map(|host| ServerName::try_from(host.trim_start_matches("*.")).ok())
            .ok_or_else(|| {
                unusable(
                    self.certificate,
                    "it has no DNS or IP name, so no sensor could accept it".to_owned(),
                )
            })?;
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::clone(&self.roots), tls::provider())
                .build()
                .map_err(|e| unusable(self.roots_path, e.to_string()))?;
        match verifier.verify_server_cert(leaf, intermediates, &name, &[], self.now()) {
            Ok(_) => Ok(()),
            // The name was picked from the certificate itself; a wildcard does not match its own stem.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(()),
            Err(e) => Err(self.explain(e)),
        }
    }

    fn explain(&self, error: rustls::Error) -> CredentialsError {
        let certificate = self.certificate.to_owned();
        let now = Utc(self.now_ms);
        match error {
            rustls::Error::InvalidCertificate(
                CertificateError::Expired | CertificateError::ExpiredContext { .. },
            ) => CredentialsError::Expired {
                certificate,
                not_after: Utc(self.facts.not_after_ms),
                now,
            },
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
            ) => CredentialsError::NotYetValid {
                certificate,
                not_before: Utc(self.facts.not_before_ms),
                now,
            },
            rustls::Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::BadSignature,
            ) => CredentialsError::Untrusted {
                certificate,
                issuer: self.facts.issuer.clone(),
                roots: self.roots_path.to_owned(),
            },
            other => unusable(self.certificate, other.to_string()),
        }
    }
}
