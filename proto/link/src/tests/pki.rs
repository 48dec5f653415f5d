//! Certificates for tests.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use tempfile::TempDir;

use crate::credentials::{CredentialPaths, Credentials, Files, Holder};
use crate::dial::DialOptions;

pub(super) const TRUST_DOMAIN: &str = "auscult.test";
const HOUR: i64 = 3600;

/// A root.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub(super) pem: String,
}

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// A leaf valid from `from` to `to`, seconds from now.
    pub(super) fn leaf(&self, names: &[SanType], from: i64, to: i64) -> Leaf {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "leaf");
        params.subject_alt_names = names.to_vec();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        params.not_before = at(from).into();
        params.not_after = at(to).into();
        let key = KeyPair::generate().unwrap();
        Leaf {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    pub(super) fn sensor(&self, name: &str) -> Leaf {
        self.leaf(&[sensor_name(TRUST_DOMAIN, name)], -HOUR, HOUR)
    }

    pub(super) fn collector(&self) -> Leaf {
        self.leaf(&[dns("localhost")], -HOUR, HOUR)
    }
}

fn at(seconds: i64) -> SystemTime {
    let now = SystemTime::now();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    if seconds < 0 {
        now - distance
    } else {
        now + distance
    }
}

pub(super) fn sensor_name(trust_domain: &str, name: &str) -> SanType {
    uri(&format!("spiffe://{trust_domain}/site/main/sensor/{name}"))
}

pub(super) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

pub(super) fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

/// A certificate and its key, PEM.
#[derive(Clone)]
pub(super) struct Leaf {
    pub(super) certificate: String,
    pub(super) key: String,
}

/// Credential files of one end.
pub(super) struct Bundle {
    directory: TempDir,
}

impl Bundle {
    pub(super) fn new(leaf: &Leaf, roots: &[&Authority]) -> Self {
        let bundle = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        bundle.replace_leaf(leaf);
        bundle.replace_roots(roots);
        bundle
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path().join(file), text).unwrap();
    }

    pub(super) fn replace_leaf(&self, leaf: &Leaf) {
        self.write("cert.pem", &leaf.certificate);
        self.write("key.pem", &leaf.key);
    }

    pub(super) fn replace_roots(&self, roots: &[&Authority]) {
        let all: String = roots.iter().map(|root| root.pem.as_str()).collect();
        self.write("roots.pem", &all);
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(super) fn paths(&self) -> CredentialPaths {
        CredentialPaths {
            certificate: self.path().join("cert.pem"),
            key: self.path().join("key.pem"),
            roots: self.path().join("roots.pem"),
            own_roots: None,
        }
    }

    pub(super) fn dial(&self, address: SocketAddr) -> DialOptions {
        DialOptions {
            server_name: Some("localhost".to_owned()),
            credentials_every: Duration::from_millis(20),
            ..DialOptions::new(address.to_string(), self.paths())
        }
    }

    /// Loaded by a machine whose clock is `ahead_s` off.
    pub(super) fn credentials(
        &self,
        holder: Holder,
        own_root: &Authority,
        ahead_s: i64,
    ) -> Credentials {
        self.write("own-roots.pem", &own_root.pem);
        let paths = CredentialPaths {
            own_roots: Some(self.path().join("own-roots.pem")),
            ..self.paths()
        };
        let now_ms = crate::clock::wall_ms() + ahead_s * 1000;
        Credentials::verify(&Files::read(&paths).unwrap(), &paths, holder, now_ms).unwrap()
    }
}
