//! What several tests need: captures made by hand, a PKI, a collector that keeps what it gets, the binary as a child.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file uses a part of it"
)]

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use auscult_link::{Admit, Arrival, CredentialPaths, Durable, Refused, ServeOptions, Terms};
use auscult_proto::convert::decode_body;
use auscult_proto::ids::SensorIdentity;
use auscult_proto::observation::{Body, Health, Observation};
use auscult_proto::wire;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

/// The identity of the sensor under test.
pub const IDENTITY: &str = "spiffe://auscult.test/site/main/sensor/one";

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

/// Traffic of a small invented site: ARP, DHCP, LLDP, CDP, DICOM, HL7.
pub fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traffic/north.pcap")
}

pub fn sensor() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auscult-sensor"));
    command.env_remove("AUSCULT_LOG").stdin(Stdio::null());
    command
}

pub fn output(command: &mut Command) -> (i32, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

/// How many conversations a replay of [`demo`] without a collector finds.
pub fn demo_conversations() -> usize {
    let (_, found, _) = output(sensor().args(["replay", "--facts"]).arg(demo()));
    found
        .lines()
        .filter(|line| line.contains("\"kind\":\"conversation\""))
        .count()
}

/// Distinct conversations among what was received.
pub fn conversations(received: &[Received]) -> usize {
    let parties = received
        .iter()
        .filter_map(|one| match &one.observation.body {
            Body::Conversation(c) => Some((
                &one.observation.origin,
                c.client,
                c.server,
                c.ip_protocol,
                c.port,
            )),
            _ => None,
        });
    parties.collect::<std::collections::BTreeSet<_>>().len()
}

/// A pcap file of these frames, a second apart from 2026-01-01 on.
pub fn pcap(link_type: u32, frames: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(0xa1b2_c3d4_u32.to_le_bytes());
    bytes.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(65_535_u32.to_le_bytes());
    bytes.extend(link_type.to_le_bytes());
    for (frame, second) in frames.iter().zip(1_767_225_600_u32..) {
        let len = u32::try_from(frame.len()).unwrap();
        for word in [second, 0, len, len] {
            bytes.extend(word.to_le_bytes());
        }
        bytes.extend(*frame);
    }
    bytes
}

/// A pcapng file with one interface block for each link type, and frames with their interface.
pub fn pcapng(link_types: &[u16], frames: &[(u32, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut block = |kind: u32, body: &[u8]| {
        let padded = body.len().div_ceil(4) * 4;
        let total = u32::try_from(padded + 12).unwrap();
        bytes.extend(kind.to_le_bytes());
        bytes.extend(total.to_le_bytes());
        bytes.extend(body);
        bytes.extend(vec![0; padded - body.len()]);
        bytes.extend(total.to_le_bytes());
    };
    let mut section = 0x1a2b_3c4d_u32.to_le_bytes().to_vec();
    section.extend([1, 0, 0, 0]);
    section.extend(u64::MAX.to_le_bytes());
    block(0x0a0d_0d0a, &section);
    for link_type in link_types {
        let mut interface = link_type.to_le_bytes().to_vec();
        interface.extend([0, 0]);
        interface.extend(65_535_u32.to_le_bytes());
        block(1, &interface);
    }
    for (interface, frame) in frames {
        let len = u32::try_from(frame.len()).unwrap();
        let mut body = Vec::new();
        for word in [*interface, 0x0006_0a00, 0, len, len] {
            body.extend(word.to_le_bytes());
        }
        body.extend(*frame);
        block(6, &body);
    }
    bytes
}

/// An ARP request of 02:00:00:00:00:<n>, 10.0.0.<n>.
pub fn arp(n: u8) -> Vec<u8> {
    let mut frame = vec![0xff; 6];
    frame.extend([2, 0, 0, 0, 0, n, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1]);
    frame.extend([2, 0, 0, 0, 0, n, 10, 0, 0, n]);
    frame.extend([0, 0, 0, 0, 0, 0, 10, 0, 0, 254]);
    frame.extend([0; 18]);
    frame
}

/// Credential files of one root, a collector and a sensor.
pub fn pki(folder: &Path) {
    pki_of(folder, IDENTITY);
}

/// The same, for the sensor of that identity.
pub fn pki_of(folder: &Path, identity: &str) {
    let mut root = CertificateParams::default();
    root.distinguished_name.push(DnType::CommonName, "root");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let root_key = KeyPair::generate().unwrap();
    std::fs::write(
        folder.join("roots.pem"),
        root.self_signed(&root_key).unwrap().pem(),
    )
    .unwrap();
    let issuer = Issuer::new(root, root_key);
    for (name, san) in [
        (
            "collector",
            SanType::DnsName("localhost".try_into().unwrap()),
        ),
        ("sensor", SanType::URI(identity.try_into().unwrap())),
    ] {
        let mut leaf = CertificateParams::default();
        leaf.distinguished_name.push(DnType::CommonName, name);
        leaf.subject_alt_names = vec![san];
        leaf.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ClientAuth,
            ExtendedKeyUsagePurpose::ServerAuth,
        ];
        let now = SystemTime::now();
        leaf.not_before = (now - Duration::from_secs(3600)).into();
        leaf.not_after = (now + Duration::from_secs(30 * 86_400)).into();
        let key = KeyPair::generate().unwrap();
        std::fs::write(
            folder.join(format!("{name}.pem")),
            leaf.signed_by(&key, &issuer).unwrap().pem(),
        )
        .unwrap();
        std::fs::write(folder.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }
}

/// A configuration in `folder`, with everything a replay needs and what `more` adds.
pub fn config(folder: &Path, collector: SocketAddr, more: &str) -> PathBuf {
    let path = folder.join("sensor.toml");
    let text = format!(
        "[collector]\naddress = \"localhost:{}\"\ncertificate = \"sensor.pem\"\nkey = \"sensor.key\"\nroots = \"roots.pem\"\n\
         [spool]\ndir = \"spool\"\nbytes = \"16MiB\"\nsegment = \"1MiB\"\n{more}",
        collector.port()
    );
    std::fs::write(&path, text).unwrap();
    path
}

/// An observation as the collector got it.
#[derive(Debug, Clone)]
pub struct Received {
    pub seq: u64,
    pub at_ms: i64,
    pub observation: Observation,
}

/// A collector in this process that keeps everything in memory.
pub struct Collector {
    received: Arc<Mutex<Vec<Received>>>,
    pub address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

impl Collector {
    /// Listens on `address` with the files that [`pki`] made in `folder`.
    pub fn start(folder: &Path, address: SocketAddr) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let received = Arc::new(Mutex::new(Vec::new()));
        let admit = Arc::new(Keep(Arc::clone(&received)));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let paths = CredentialPaths {
            certificate: folder.join("collector.pem"),
            key: folder.join("collector.key"),
            roots: folder.join("roots.pem"),
            own_roots: None,
        };
        let options = ServeOptions::new(address, paths, "auscult.test");
        let bound = runtime.block_on(auscult_link::bind(options)).unwrap();
        let address = bound.address();
        runtime.spawn(async move { bound.run(admit, std::future::pending()).await });
        Self {
            received,
            address,
            _runtime: runtime,
        }
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until what was received satisfies `condition`.
    pub fn wait_for(&self, what: &str, condition: impl Fn(&[Received]) -> bool) -> Vec<Received> {
        wait_until(what, || condition(&self.received.lock().unwrap()));
        self.received()
    }
}

pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < until, "waited a minute for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn healths(received: &[Received]) -> Vec<&Health> {
    let healths = received
        .iter()
        .filter_map(|one| match &one.observation.body {
            Body::Health(health) => Some(health.as_ref()),
            _ => None,
        });
    healths.collect()
}

struct Keep(Arc<Mutex<Vec<Received>>>);

impl Admit for Keep {
    fn hello(&self, peer: &Arc<SensorIdentity>, _: &wire::SensorHello) -> Result<Terms, Refused> {
        assert_eq!(peer.to_string(), IDENTITY);
        Ok(Terms {
            window_bytes: auscult_proto::limits::WINDOW_BYTES,
        })
    }

    fn append(
        &self,
        _: &Arc<SensorIdentity>,
        arrival: Arrival,
    ) -> Pin<Box<dyn Future<Output = Result<Durable, Refused>> + Send + 'static>> {
        let batch = arrival.batch;
        let observations = decode_body(batch.body, batch.count).unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let at_ms = i64::try_from(now.as_millis()).unwrap();
        let mut received = self.0.lock().unwrap();
        for (observation, seq) in observations.into_iter().zip(batch.first_seq..) {
            received.push(Received {
                seq,
                at_ms,
                observation,
            });
        }
        Box::pin(std::future::ready(Ok(Durable::Logged)))
    }
}

/// A child that does not outlive the test.
pub struct Running(pub Child);

impl Running {
    pub fn start(command: &mut Command) -> Self {
        Self(command.spawn().unwrap())
    }

    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.0.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    pub fn code(&mut self) -> i32 {
        let mut code = None;
        wait_until("the sensor's end", || {
            code = self.0.try_wait().unwrap();
            code.is_some()
        });
        code.unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
