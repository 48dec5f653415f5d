//! A tap in the link: it ends the sensor's TLS with the collector's own key and opens its own to the collector with the sensor's, so
//! that what it keeps is what TLS carried, in both directions, while both ends verify certificates as ever.

use std::fs::File;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// What one end of the link shows, as files.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Certificate, then intermediates.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Who may have signed the other end's.
    pub roots: PathBuf,
}

impl Identity {
    /// Files named as `auscult-collector pki` names them.
    #[must_use]
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
            roots: folder.join("roots.pem"),
        }
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>> {
        certificates(&self.certificate)
    }

    fn key(&self) -> Result<PrivateKeyDer<'static>> {
        PrivateKeyDer::from_pem_file(&self.key).with_context(|| self.key.display().to_string())
    }

    fn roots(&self) -> Result<Arc<RootCertStore>> {
        let mut roots = RootCertStore::empty();
        for root in certificates(&self.roots)? {
            roots.add(root)?;
        }
        Ok(Arc::new(roots))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let name = || path.display().to_string();
    let all: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path)
        .with_context(name)?
        .collect();
    all.with_context(name)
}

/// Files into which the tap writes: a folder, in it two files a connection.
#[derive(Debug, Clone)]
struct Kept {
    folder: PathBuf,
    connections: Arc<AtomicU64>,
    /// The first failure to keep what went by: a tap that missed something measured nothing.
    failure: Arc<Mutex<Option<String>>>,
}

/// A running tap.
#[derive(Debug)]
pub struct Tap {
    address: SocketAddr,
    kept: Kept,
    open: watch::Sender<bool>,
}

impl Tap {
    /// Listens on a free port of loopback and keeps what passes in `folder`, as `N.up` (from the sensor) and `N.down`. Nothing passes
    /// before it is opened.
    ///
    /// # Errors
    /// When an identity cannot be read or no port can be had.
    pub async fn start(
        upstream: SocketAddr,
        collector: &Identity,
        sensor: &Identity,
        folder: &Path,
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier =
            WebPkiClientVerifier::builder_with_provider(collector.roots()?, Arc::clone(&provider))
                .build()?;
        let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(verifier)
            .with_single_cert(collector.chain()?, collector.key()?)?;
        let mut client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_root_certificates(sensor.roots()?)
            .with_client_auth_cert(sensor.chain()?, sensor.key()?)?;
        server.alpn_protocols = vec![b"h2".to_vec()];
        client.alpn_protocols = vec![b"h2".to_vec()];
        let (acceptor, connector) = (
            TlsAcceptor::from(Arc::new(server)),
            TlsConnector::from(Arc::new(client)),
        );
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (open, mut opened) = watch::channel(false);
        let tap = Self {
            address: listener.local_addr()?,
            kept: Kept {
                folder: folder.to_owned(),
                connections: Arc::default(),
                failure: Arc::default(),
            },
            open,
        };
        let kept = tap.kept.clone();
        tokio::spawn(async move {
            if opened.wait_for(|open| *open).await.is_err() {
                return;
            }
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, connector, kept) =
                    (acceptor.clone(), connector.clone(), kept.clone());
                tokio::spawn(async move {
                    if let Err(error) = carry(stream, upstream, acceptor, connector, &kept).await {
                        kept.fail(format!("{error:#}"));
                    }
                });
            }
        });
        Ok(tap)
    }

    /// Where the sensor connects.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Lets connections pass.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Why something that passed was not kept, if so.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        match self.kept.failure.lock() {
            Ok(failure) => failure.clone(),
            Err(poisoned) => poisoned.into_inner().clone(),
        }
    }
}

impl Kept {
    fn fail(&self, why: String) {
        let mut failure = match self.failure.lock() {
            Ok(failure) => failure,
            Err(poisoned) => poisoned.into_inner(),
        };
        failure.get_or_insert(why);
    }
}

/// Carries one connection. One whose handshake fails carries nothing: the sensor tries again, as with a collector.
async fn carry(
    stream: TcpStream,
    upstream: SocketAddr,
    acceptor: TlsAcceptor,
    connector: TlsConnector,
    kept: &Kept,
) -> Result<()> {
    let Ok(sensor) = acceptor.accept(stream).await else {
        return Ok(());
    };
    let Ok(onward) = TcpStream::connect(upstream).await else {
        return Ok(());
    };
    let name = ServerName::try_from("localhost")?;
    let Ok(collector) = connector.connect(name, onward).await else {
        return Ok(());
    };
    let number = kept.connections.fetch_add(1, Ordering::Relaxed);
    let file = |direction: &str| File::create(kept.folder.join(format!("{number}.{direction}")));
    let (up, down) = (file("up")?, file("down")?);
    let (sensor_in, sensor_out) = tokio::io::split(sensor);
    let (collector_in, collector_out) = tokio::io::split(collector);
    let (up, down) = tokio::join!(
        pump(sensor_in, collector_out, up),
        pump(collector_in, sensor_out, down)
    );
    up.and(down).context("what passed cannot be kept")
}

/// Carries one direction to its end. Only a failure to keep is an error: connections may end as they like.
async fn pump(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut kept: File,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer).await {
        let passed = buffer.get(..read).unwrap_or_default();
        kept.write_all(passed)?;
        if to.write_all(passed).await.is_err() || to.flush().await.is_err() {
            break;
        }
    }
    // The other end learns that nothing more comes; it may have gone already.
    drop(to.shutdown().await);
    kept.flush()
}
