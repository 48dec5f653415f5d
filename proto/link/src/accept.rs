//! The listener: bounded handshakes, bounded connections, and a name for everybody who is turned away.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use auscult_proto::ids::SensorIdentity;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::deny_list::DenyList;
use crate::handshake::HandshakeRefusal;
use crate::identity::{CertificateFacts, sensor_of};
use crate::metrics;
use crate::rotation::CredentialStore;
use crate::tls::{Witness, server_config};

/// Refused connections that may wait at once for their peer to read the alert.
const LINGERING: usize = 64;
/// Refusals logged per [`LOG_PERIOD`]; the rest is only counted.
const LOGGED_REFUSALS: u32 = 20;
const LOG_PERIOD: Duration = Duration::from_secs(10);

/// What the collector's side holds everybody to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Connections open at once.
    pub connections: usize,
    /// TLS handshakes going on at once; more wait in the kernel's backlog.
    pub handshakes: usize,
    /// For one TLS handshake.
    pub handshake_timeout: Duration,
    /// From the stream's start to its hello.
    pub hello_timeout: Duration,
    /// After this age, less up to a tenth, a stream is asked to come again, so that new certificates and roots take effect.
    pub connection_age: Duration,
    /// For what is in flight when a stream is asked to end.
    pub drain: Duration,
    /// A ping after so long without traffic; the same time again for its answer.
    pub keepalive: Duration,
    /// A hello whose clock differs by more is refused.
    pub clock_skew: Duration,
    /// Bytes of batch bodies admitted and not yet durable, over all streams.
    pub admitted_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 4096,
            handshakes: 256,
            handshake_timeout: Duration::from_secs(5),
            hello_timeout: Duration::from_secs(10),
            connection_age: Duration::from_secs(3600),
            drain: Duration::from_secs(10),
            keepalive: Duration::from_secs(20),
            clock_skew: Duration::from_secs(24 * 3600),
            admitted_bytes: 256 * 1024 * 1024,
        }
    }
}

/// Who is at the other end of an accepted connection.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) identity: Arc<SensorIdentity>,
    pub(crate) not_after_ms: i64,
}

/// A connection that may open streams.
#[derive(Debug)]
pub(crate) struct Accepted {
    inner: TlsStream<TcpStream>,
    peer: Peer,
    _slot: Slot,
}

/// One of the connections allowed.
#[derive(Debug)]
struct Slot(#[expect(dead_code, reason = "held until the connection ends")] OwnedSemaphorePermit);

impl Slot {
    fn new(permit: OwnedSemaphorePermit) -> Self {
        ::metrics::gauge!(metrics::CONNECTIONS).increment(1.0);
        Self(permit)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        ::metrics::gauge!(metrics::CONNECTIONS).decrement(1.0);
    }
}

impl Connected for Accepted {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Accepted {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_read(cx, buf)
    }
}

impl AsyncWrite for Accepted {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

/// Everything a handshake needs.
pub(crate) struct Acceptor {
    pub(crate) store: Arc<CredentialStore>,
    pub(crate) trust_domain: Arc<str>,
    pub(crate) denied: watch::Receiver<Arc<DenyList>>,
    pub(crate) handshake_timeout: Duration,
    pub(crate) handshakes: Arc<Semaphore>,
    pub(crate) connections: Arc<Semaphore>,
    lingering: Semaphore,
    logged: AtomicU32,
}

impl Acceptor {
    pub(crate) fn new(
        store: Arc<CredentialStore>,
        trust_domain: Arc<str>,
        denied: watch::Receiver<Arc<DenyList>>,
        limits: &Limits,
    ) -> Self {
        Self {
            store,
            trust_domain,
            denied,
            handshake_timeout: limits.handshake_timeout,
            handshakes: Arc::new(Semaphore::new(limits.handshakes)),
            connections: Arc::new(Semaphore::new(limits.connections)),
            lingering: Semaphore::new(LINGERING),
            logged: AtomicU32::new(0),
        }
    }

    /// Accepts until dropped.
    pub(crate) async fn run(
        self: Arc<Self>,
        listener: TcpListener,
        accepted: mpsc::Sender<io::Result<Accepted>>,
    ) {
        let mut log_period = tokio::time::interval(LOG_PERIOD);
        loop {
            let Ok(permit) = Arc::clone(&self.handshakes).acquire_owned().await else {
                return;
            };
            let connection = loop {
                tokio::select! {
                    _ = log_period.tick() => self.report_unlogged(),
                    connection = listener.accept() => break connection,
                }
            };
            let (tcp, address) = match connection {
                Ok(connection) => connection,
                Err(error) => {
                    // Out of file descriptors, most likely: accepting at once again would only spin.
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let Ok(slot) = Arc::clone(&self.connections).try_acquire_owned() else {
                self.refuse(&HandshakeRefusal::Full, address);
                continue;
            };
            let acceptor = Arc::clone(&self);
            let accepted = accepted.clone();
            tokio::spawn(async move {
                let slot = Slot::new(slot);
                if let Some(connection) = acceptor.admit(tcp, address, permit, slot).await {
                    // The receiver is gone only when the server has stopped.
                    drop(accepted.send(Ok(connection)).await);
                }
            });
        }
    }

    async fn admit(
        &self,
        tcp: TcpStream,
        address: SocketAddr,
        permit: OwnedSemaphorePermit,
        slot: Slot,
    ) -> Option<Accepted> {
        if let Err(error) = tcp.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY not set");
        }
        let witness = Arc::new(Witness::default());
        let config = match self.config(&witness) {
            Ok(config) => config,
            Err(cause) => {
                self.refuse(&HandshakeRefusal::Ourselves { cause }, address);
                return None;
            }
        };
        let handshake = TlsAcceptor::from(Arc::new(config))
            .accept(tcp)
            .into_fallible();
        let outcome = tokio::time::timeout(self.handshake_timeout, handshake).await;
        drop(permit);
        match outcome {
            Ok(Ok(stream)) => self.introduce(stream, address, slot),
            Ok(Err((error, tcp))) => {
                let refusal = HandshakeRefusal::explain(&error, &witness, &self.trust_domain);
                self.refuse(&refusal, address);
                self.linger(tcp).await;
                None
            }
            Err(_) => {
                self.refuse(&HandshakeRefusal::Timeout, address);
                None
            }
        }
    }

    fn config(&self, witness: &Arc<Witness>) -> Result<rustls::ServerConfig, String> {
        let credentials = self.store.current().map_err(|e| e.to_string())?;
        let denied = Arc::clone(&self.denied.borrow());
        server_config(&credentials, &self.trust_domain, &denied, witness)
    }

    fn introduce(
        &self,
        stream: TlsStream<TcpStream>,
        address: SocketAddr,
        slot: Slot,
    ) -> Option<Accepted> {
        let leaf = stream
            .get_ref()
            .1
            .peer_certificates()
            .and_then(<[_]>::first)?;
        // Verified in the handshake; read again because the verifier cannot hand anything over.
        let identity = Arc::new(sensor_of(leaf, &self.trust_domain)?);
        let not_after_ms = CertificateFacts::read(leaf).ok()?.not_after_ms;
        ::metrics::counter!(metrics::HANDSHAKES).increment(1);
        tracing::debug!(%identity, %address, "connection accepted");
        Some(Accepted {
            inner: stream,
            peer: Peer {
                identity,
                not_after_ms,
            },
            _slot: slot,
        })
    }

    // Closing a socket with unread bytes resets the connection, and a reset can overtake the alert that tells the peer why.
    async fn linger(&self, mut tcp: TcpStream) {
        let Ok(_permit) = self.lingering.try_acquire() else {
            return;
        };
        let drained = async {
            tcp.shutdown().await?;
            let mut scratch = [0_u8; 4096];
            for _ in 0..64 {
                if tcp.read(&mut scratch).await? == 0 {
                    break;
                }
            }
            Ok::<(), io::Error>(())
        };
        // Whatever comes of it, the connection is closed now.
        drop(tokio::time::timeout(Duration::from_secs(1), drained).await);
    }

    fn refuse(&self, refusal: &HandshakeRefusal, address: SocketAddr) {
        ::metrics::counter!(metrics::HANDSHAKES_REFUSED, "reason" => refusal.label()).increment(1);
        tracing::debug!(%address, %refusal, "connection refused");
        if self.logged.fetch_add(1, Ordering::Relaxed) < LOGGED_REFUSALS {
            tracing::warn!(reason = refusal.label(), "connection refused: {refusal}");
        }
    }

    fn report_unlogged(&self) {
        let refused = self.logged.swap(0, Ordering::Relaxed);
        let unlogged = refused.saturating_sub(LOGGED_REFUSALS);
        if unlogged > 0 {
            tracing::warn!(
                unlogged,
                "more connections refused; the metric has the reasons"
            );
        }
    }
}
