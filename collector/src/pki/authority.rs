//! The root, and what it signs.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use auscult_link::identity::CertificateFacts;
use auscult_proto::ids::{SensorId, SensorIdentity, SiteId, is_trust_domain};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::{PkiError, files};

const DAY: Duration = Duration::from_secs(86_400);
/// Certificates are valid from a little before they are made: clocks differ.
const BACKDATED: Duration = Duration::from_secs(600);
const ROOT_DAYS: u32 = 3650;

/// What `pki init` makes.
#[derive(Debug, Clone)]
pub struct Init {
    /// The authority's folder.
    pub dir: PathBuf,
    /// SPIFFE trust domain: every sensor's name begins with it.
    pub trust_domain: String,
    /// DNS names and IP addresses under which sensors reach the collector; at least one.
    pub server_names: Vec<String>,
    /// Validity of the collector's certificate.
    pub days: u32,
    /// Replace what is there.
    pub force: bool,
}

/// A new certificate for the collector.
#[derive(Debug, Clone)]
pub struct IssueCollector {
    /// The authority's folder.
    pub dir: PathBuf,
    /// DNS names and IP addresses; at least one.
    pub server_names: Vec<String>,
    /// Validity.
    pub days: u32,
    /// Replace what is there.
    pub force: bool,
}

/// A certificate for one sensor.
#[derive(Debug, Clone)]
pub struct Issue {
    /// The authority's folder.
    pub dir: PathBuf,
    /// The only site it may write for.
    pub site: SiteId,
    /// Its name at that site.
    pub sensor: SensorId,
    /// Validity.
    pub days: u32,
    /// Replace what is there.
    pub force: bool,
}

/// The collector's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectorBundle {
    /// Their folder.
    pub dir: PathBuf,
    /// Certificate.
    pub certificate: PathBuf,
    /// Key.
    pub key: PathBuf,
    /// The roots that verify sensors.
    pub roots: PathBuf,
}

/// A sensor's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SensorBundle {
    /// Who it is.
    pub identity: SensorIdentity,
    /// Their folder: what goes to the sensor.
    pub dir: PathBuf,
    /// Certificate.
    pub certificate: PathBuf,
    /// Key.
    pub key: PathBuf,
    /// The roots that verify the collector.
    pub roots: PathBuf,
    /// Lines for the sensor's configuration.
    pub example: PathBuf,
}

/// Makes the root and the collector's certificate.
///
/// # Errors
/// [`PkiError`].
pub fn init(request: &Init) -> Result<CollectorBundle, PkiError> {
    let domain = trust_domain(&request.trust_domain)?;
    let names = server_names(&request.server_names)?;
    let (certificate, key) = root_files(&request.dir);
    for path in [&certificate, &key] {
        if !request.force && files::exists(path)? {
            return Err(PkiError::Exists {
                path: path.clone(),
                consequence: "; every certificate it signed becomes useless",
            });
        }
    }
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, format!("auscult root of {domain}"));
    params.subject_alt_names = vec![uri(&format!("spiffe://{domain}"))?];
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    valid(&mut params, ROOT_DAYS)?;
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
    let root = params.self_signed(&pair)?;
    files::folder(&request.dir)?;
    files::secret(&key, &pair.serialize_pem())?;
    files::public(&certificate, &root.pem())?;
    let authority = Authority::open(&request.dir)?;
    authority.collector(&names, request.days)
}

/// Makes a certificate for the collector with the root that is there.
///
/// # Errors
/// [`PkiError`].
pub fn issue_collector(request: &IssueCollector) -> Result<CollectorBundle, PkiError> {
    let names = server_names(&request.server_names)?;
    let authority = Authority::open(&request.dir)?;
    let certificate = request.dir.join("collector/cert.pem");
    if !request.force && files::exists(&certificate)? {
        return Err(PkiError::Exists {
            path: certificate,
            consequence: "; a running collector takes the new one up by itself",
        });
    }
    authority.collector(&names, request.days)
}

/// Makes a sensor's bundle.
///
/// # Errors
/// [`PkiError`].
pub fn issue(request: &Issue) -> Result<SensorBundle, PkiError> {
    Authority::open(&request.dir)?.sensor(request)
}

fn root_files(dir: &Path) -> (PathBuf, PathBuf) {
    (dir.join("root.pem"), dir.join("root.key"))
}

fn trust_domain(text: &str) -> Result<&str, PkiError> {
    if is_trust_domain(text) {
        Ok(text)
    } else {
        Err(PkiError::Name {
            name: text.to_owned(),
            what: "trust domain: lower case letters, digits, '.', '-' and '_', such as hospital.example",
        })
    }
}

fn server_names(names: &[String]) -> Result<Vec<SanType>, PkiError> {
    let bad = |name: &str| PkiError::Name {
        name: name.to_owned(),
        what: "DNS name or IP address of the collector",
    };
    if names.is_empty() {
        return Err(bad(""));
    }
    let san = |name: &String| {
        if let Ok(ip) = name.parse() {
            return Ok(SanType::IpAddress(ip));
        }
        // What a sensor will ask for must be a name that TLS can check.
        rustls::pki_types::DnsName::try_from(name.as_str()).map_err(|_| bad(name))?;
        let text = name.as_str().try_into().map_err(|_| bad(name))?;
        Ok(SanType::DnsName(text))
    };
    names.iter().map(san).collect()
}

fn uri(text: &str) -> Result<SanType, PkiError> {
    let name = text.try_into().map_err(|_| PkiError::Name {
        name: text.to_owned(),
        what: "URI",
    })?;
    Ok(SanType::URI(name))
}

fn valid(params: &mut CertificateParams, days: u32) -> Result<(), PkiError> {
    let now = SystemTime::now();
    let end = now
        .checked_add(DAY.saturating_mul(days))
        .filter(|_| (1..=ROOT_DAYS).contains(&days))
        .ok_or(PkiError::Days(days))?;
    params.not_before = now.checked_sub(BACKDATED).unwrap_or(now).into();
    params.not_after = end.into();
    Ok(())
}

/// The root as it lies on disk.
struct Authority {
    dir: PathBuf,
    pem: String,
    trust_domain: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn open(dir: &Path) -> Result<Self, PkiError> {
        let (certificate, key) = root_files(dir);
        if !files::exists(&certificate)? || !files::exists(&key)? {
            return Err(PkiError::NoAuthority {
                dir: dir.to_owned(),
            });
        }
        let pem = files::read(&certificate)?;
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|e| files::content(&certificate, e))?;
        let facts = CertificateFacts::read(&der).map_err(|e| files::content(&certificate, e))?;
        let trust_domain = facts
            .uris
            .first()
            .and_then(|uri| uri.strip_prefix("spiffe://"))
            .ok_or_else(|| files::content(&certificate, "it names no trust domain"))?
            .to_owned();
        let pair = KeyPair::from_pem(&files::read(&key)?).map_err(|e| files::content(&key, e))?;
        Ok(Self {
            dir: dir.to_owned(),
            issuer: Issuer::from_ca_cert_pem(&pem, pair)?,
            pem,
            trust_domain,
        })
    }

    /// A leaf and its key, PEM.
    fn sign(
        &self,
        name: &str,
        sans: Vec<SanType>,
        usage: ExtendedKeyUsagePurpose,
        days: u32,
    ) -> Result<(String, String), PkiError> {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.subject_alt_names = sans;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![usage];
        params.use_authority_key_identifier_extension = true;
        valid(&mut params, days)?;
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.signed_by(&pair, &self.issuer)?;
        Ok((certificate.pem(), pair.serialize_pem()))
    }

    fn collector(&self, names: &[SanType], days: u32) -> Result<CollectorBundle, PkiError> {
        let usage = ExtendedKeyUsagePurpose::ServerAuth;
        let signed = self.sign("auscult collector", names.to_vec(), usage, days)?;
        let dir = self.dir.join("collector");
        let [certificate, key, roots] = self.bundle(&dir, &signed)?;
        Ok(CollectorBundle {
            dir,
            certificate,
            key,
            roots,
        })
    }

    fn sensor(&self, request: &Issue) -> Result<SensorBundle, PkiError> {
        let identity = SensorIdentity {
            trust_domain: self.trust_domain.clone(),
            site: request.site.clone(),
            sensor: request.sensor.clone(),
        };
        let (site, sensor) = (request.site.as_str(), request.sensor.as_str());
        let dir = self.dir.join("sensors").join(site).join(sensor);
        let present = dir.join("cert.pem");
        if !request.force && files::exists(&present)? {
            return Err(PkiError::Exists {
                path: present,
                consequence: "; a running sensor takes new files up by itself",
            });
        }
        let sans = vec![uri(&identity.to_string())?];
        let usage = ExtendedKeyUsagePurpose::ClientAuth;
        let signed = self.sign(&format!("{site}/{sensor}"), sans, usage, request.days)?;
        let [certificate, key, roots] = self.bundle(&dir, &signed)?;
        let example = dir.join("sensor.toml");
        files::public(&example, &self.example(&identity))?;
        Ok(SensorBundle {
            identity,
            dir,
            certificate,
            key,
            roots,
            example,
        })
    }

    fn bundle(&self, dir: &Path, signed: &(String, String)) -> Result<[PathBuf; 3], PkiError> {
        files::folder(dir)?;
        let [certificate, key, roots] =
            ["cert.pem", "key.pem", "roots.pem"].map(|name| dir.join(name));
        files::public(&roots, &self.pem)?;
        files::secret(&key, &signed.1)?;
        files::public(&certificate, &signed.0)?;
        Ok([certificate, key, roots])
    }

    fn example(&self, identity: &SensorIdentity) -> String {
        let collector = files::read(&self.dir.join("collector/cert.pem"))
            .ok()
            .and_then(|pem| CertificateDer::from_pem_slice(pem.as_bytes()).ok())
            .and_then(|der| CertificateFacts::read(&der).ok())
            .and_then(|facts| facts.hosts.into_iter().next())
            .unwrap_or_else(|| "collector.example".to_owned());
        let host = if collector.contains(':') {
            format!("[{collector}]")
        } else {
            collector
        };
        format!(
            "# {identity}\n# Relative paths are taken from this file's folder.\n[collector]\naddress = \"{host}:7443\"\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\nroots = \"roots.pem\"\n"
        )
    }
}
