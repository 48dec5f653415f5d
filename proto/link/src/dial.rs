//! From an address to an HTTP/2 connection, with every failure named.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use crate::credentials::{CredentialPaths, Credentials};
use crate::failure::{Failure, Parties};
use crate::tls::{self, Witness};

/// Where the collector is and how to speak to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DialOptions {
    /// `host:port`.
    pub address: String,
    /// The name the collector's certificate must be for; by default the host of `address`.
    pub server_name: Option<String>,
    /// Our files.
    pub credentials: CredentialPaths,
    /// How often the files are read again.
    pub credentials_every: Duration,
    /// Limit for resolving and connecting.
    pub connect_timeout: Duration,
    /// Limit for the TLS handshake.
    pub handshake_timeout: Duration,
    /// A ping after so long without traffic.
    pub keepalive: Duration,
}

impl DialOptions {
    /// The usual timings.
    #[must_use]
    pub fn new(address: impl Into<String>, credentials: CredentialPaths) -> Self {
        Self {
            address: address.into(),
            server_name: None,
            credentials,
            credentials_every: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            keepalive: Duration::from_secs(20),
        }
    }

    /// The name the collector's certificate must be for.
    #[must_use]
    pub fn expected_name(&self) -> String {
        self.server_name.clone().unwrap_or_else(|| {
            let host = self
                .address
                .rsplit_once(':')
                .map_or(self.address.as_str(), |(host, _)| host);
            host.trim_matches(['[', ']']).to_owned()
        })
    }
}

/// A connection ready for calls.
#[derive(Debug)]
pub(crate) struct Dialed {
    pub(crate) channel: Channel,
    pub(crate) parties: Parties,
    pub(crate) witness: Arc<Witness>,
}

/// Connects once.
pub(crate) async fn dial(
    options: &DialOptions,
    credentials: &Credentials,
) -> Result<Dialed, Failure> {
    let parties = Parties {
        address: options.address.clone(),
        server_name: options.expected_name(),
        own: credentials.facts().clone(),
    };
    let tcp = connect(options).await?;
    let witness = Arc::new(Witness::default());
    let tls = handshake(options, credentials, &parties, &witness, tcp).await?;
    let channel = http2(options, &parties, Watched::new(tls, &witness)).await?;
    Ok(Dialed {
        channel,
        parties,
        witness,
    })
}

async fn connect(options: &DialOptions) -> Result<TcpStream, Failure> {
    let address = &options.address;
    match tokio::time::timeout(options.connect_timeout, connect_any(address)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::ConnectTimeout {
            address: address.clone(),
            seconds: options.connect_timeout.as_secs(),
        }),
    }
}

async fn connect_any(address: &str) -> Result<TcpStream, Failure> {
    let unresolved = |cause: String| Failure::Unresolved {
        host: address.to_owned(),
        cause,
    };
    let found: Vec<SocketAddr> = tokio::net::lookup_host(address)
        .await
        .map_err(|e| unresolved(e.to_string()))?
        .collect();
    let mut failure = unresolved("it has no address".to_owned());
    for candidate in found {
        match TcpStream::connect(candidate).await {
            Ok(stream) => {
                // Acknowledgements are small and late ones hold back the window.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "TCP_NODELAY not set");
                }
                return Ok(stream);
            }
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                failure = Failure::ConnectionRefused {
                    address: address.to_owned(),
                };
            }
            Err(e) => {
                failure = Failure::Unreachable {
                    address: address.to_owned(),
                    cause: e.to_string(),
                };
            }
        }
    }
    Err(failure)
}

async fn handshake(
    options: &DialOptions,
    credentials: &Credentials,
    parties: &Parties,
    witness: &Arc<Witness>,
    tcp: TcpStream,
) -> Result<TlsStream<TcpStream>, Failure> {
    let name = ServerName::try_from(parties.server_name.clone()).map_err(|_| {
        Failure::Credentials(format!("{:?} is no server name", parties.server_name))
    })?;
    let config = tls::client_config(credentials, witness).map_err(Failure::Credentials)?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    match tokio::time::timeout(options.handshake_timeout, connecting).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(parties.handshake(&error, witness)),
        Err(_) => Err(Failure::HandshakeTimeout {
            address: options.address.clone(),
            seconds: options.handshake_timeout.as_secs(),
        }),
    }
}

async fn http2(
    options: &DialOptions,
    parties: &Parties,
    stream: Watched,
) -> Result<Channel, Failure> {
    let broken = |cause: String| Failure::ClosedAfterHandshake { cause };
    // Only the authority counts: the transport below is already encrypted and connected.
    let authority = options
        .address
        .rsplit_once(':')
        .map_or("443", |(_, port)| port);
    let host = if parties.server_name.contains(':') {
        format!("[{}]", parties.server_name)
    } else {
        parties.server_name.clone()
    };
    let endpoint = Endpoint::from_shared(format!("http://{host}:{authority}"))
        .map_err(|e| Failure::Credentials(format!("{host} is no server name: {e}")))?
        .http2_keep_alive_interval(options.keepalive)
        .keep_alive_timeout(options.keepalive)
        .keep_alive_while_idle(true);
    // One connection, handed over once: connecting again goes through `dial`, where failures are named.
    let once = Mutex::new(Some(TokioIo::new(stream)));
    let connector = tower::service_fn(move |_uri: http::Uri| {
        let stream = once.lock().ok().and_then(|mut slot| slot.take());
        std::future::ready(
            stream.ok_or_else(|| io::Error::new(io::ErrorKind::NotConnected, "connection used up")),
        )
    });
    endpoint
        .connect_with_connector(connector)
        .await
        .map_err(|e| broken(chain(&e)))
}

/// An error with all its causes.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = cause.source();
    }
    text
}

/// The TLS stream as seen by HTTP/2; keeps the first TLS error, which the layers above would hide.
struct Watched {
    inner: TlsStream<TcpStream>,
    witness: Arc<Witness>,
}

impl Watched {
    fn new(inner: TlsStream<TcpStream>, witness: &Arc<Witness>) -> Self {
        Self {
            inner,
            witness: Arc::clone(witness),
        }
    }

    fn noted<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: io::Result<T>,
        wrote: bool,
    ) -> Poll<io::Result<T>> {
        if let Err(error) = &outcome {
            self.witness.note(error);
            if wrote && self.witness.error().is_none() {
                // The other end closed while we wrote: its alert may be waiting to be read.
                let mut scratch = [0_u8; 1024];
                let mut unread = ReadBuf::new(&mut scratch);
                if let Poll::Ready(Err(alert)) =
                    Pin::new(&mut self.inner).poll_read(cx, &mut unread)
                {
                    self.witness.note(&alert);
                }
            }
        }
        Poll::Ready(outcome)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = ready!(Pin::new(&mut this.inner).poll_read(cx, buf));
        this.noted(cx, outcome, false)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = ready!(Pin::new(&mut this.inner).poll_write(cx, buf));
        this.noted(cx, outcome, true)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = ready!(Pin::new(&mut this.inner).poll_write_vectored(cx, bufs));
        this.noted(cx, outcome, true)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = ready!(Pin::new(&mut this.inner).poll_flush(cx));
        this.noted(cx, outcome, true)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}
