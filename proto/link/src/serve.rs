//! The collector's side: who decides about admission, and the server around the listener and the streams.

use std::collections::BTreeMap;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use auscult_proto::ids::{Incarnation, SensorId, SensorIdentity, SiteId};
use auscult_proto::{limits, wire};
use futures::future::BoxFuture;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::Server;
use tonic::{Request, Response, Status, Streaming};

use crate::accept::{Acceptor, Limits, Peer};
use crate::credentials::{CredentialPaths, Holder};
use crate::deny_list::{self, DenyList};
use crate::refusal::Refusal;
use crate::rotation::CredentialStore;
use crate::service::link_server::{Link, LinkServer};
use crate::stream::Conversation;

/// Frames waiting to be written to one sensor.
const FRAMES: usize = 4;
/// The envelope around a batch body, generously.
const ENVELOPE_BYTES: usize = 1024;
const STREAM_WINDOW: u32 = 4 * 1024 * 1024;
const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;

/// A batch in its place on its stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival {
    /// The life of the sensor's spool.
    pub incarnation: Incarnation,
    /// The last sequence of the batch before on the same stream, if any batch of the stream is still on its way into the log;
    /// otherwise 0. Should that one fail, this one stands behind a hole, is not acknowledged, and comes again.
    pub after_seq: u64,
    /// As received; sizes, count and order are checked, the body is opaque.
    pub batch: wire::Batch,
}

/// Where an accepted batch is now durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durable {
    /// In its place in the log.
    Logged,
    /// Set aside under its name because the log cannot hold it. Later batches of the stream stand behind a hole and are sent again.
    SetAside,
}

/// Why a hello or a batch was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refused {
    /// The kind.
    pub reason: Refusal,
    /// What happened and what to do, for the sensor's log.
    pub text: String,
    /// The sensor should not come back before.
    pub retry_after: Duration,
}

/// What a sensor is told on its hello.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Bytes of batch bodies it may have unacknowledged. Raised to the largest batch, lowered to the wire limit, and lowered where
    /// so many sensors are connected that their windows together would be more than twice what may be admitted.
    pub window_bytes: u64,
}

/// Who decides about admission and makes batches durable.
pub trait Admit: Send + Sync + 'static {
    /// A sensor says hello.
    ///
    /// # Errors
    /// [`Refused`] ends the stream.
    fn hello(
        &self,
        peer: &Arc<SensorIdentity>,
        hello: &wire::SensorHello,
    ) -> Result<Terms, Refused>;

    /// Takes one batch. Called in the order of the stream, with many in flight; the hand-over to the log happens in the call, the
    /// future resolves once the batch is durable. Only then it is acknowledged.
    fn append(
        &self,
        peer: &Arc<SensorIdentity>,
        arrival: Arrival,
    ) -> BoxFuture<'static, Result<Durable, Refused>>;
}

/// How the collector listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeOptions {
    /// Address and port.
    pub listen: SocketAddr,
    /// Our files; `roots` verify the sensors.
    pub credentials: CredentialPaths,
    /// How often the files and the deny list are read again.
    pub credentials_every: Duration,
    /// The SPIFFE trust domain of the sensors.
    pub trust_domain: String,
    /// Sensors that must not connect, one a line.
    pub deny_list: Option<PathBuf>,
    /// Limits.
    pub limits: Limits,
}

impl ServeOptions {
    /// The usual timings and limits.
    #[must_use]
    pub fn new(
        listen: SocketAddr,
        credentials: CredentialPaths,
        trust_domain: impl Into<String>,
    ) -> Self {
        Self {
            listen,
            credentials,
            credentials_every: Duration::from_secs(10),
            trust_domain: trust_domain.into(),
            deny_list: None,
            limits: Limits::default(),
        }
    }
}

/// Why the collector cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Our own files.
    #[error("collector credentials: {0}")]
    Credentials(#[from] Arc<crate::credentials::CredentialsError>),
    /// The deny list.
    #[error("{0}")]
    DenyList(String),
    /// The address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The operating system's word.
        source: io::Error,
    },
    /// The HTTP/2 server.
    #[error("the link server stopped: {0}")]
    Server(String),
}

/// A collector that listens and does not serve yet.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
    store: Arc<CredentialStore>,
    denied: watch::Sender<Arc<DenyList>>,
    options: ServeOptions,
}

/// Verifies the credentials and binds the address.
///
/// # Errors
/// [`ServeError`].
pub async fn bind(options: ServeOptions) -> Result<Bound, ServeError> {
    let store = CredentialStore::open(options.credentials.clone(), Holder::Collector).await;
    store.current()?;
    let denied = deny_list::open(options.deny_list.as_deref()).map_err(ServeError::DenyList)?;
    let failed = |source| ServeError::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(Bound {
        listener,
        address,
        store,
        denied,
        options,
    })
}

/// [`bind`] and [`Bound::run`].
///
/// # Errors
/// [`ServeError`].
pub async fn serve(
    options: ServeOptions,
    admit: Arc<dyn Admit>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    bind(options).await?.run(admit, shutdown).await
}

impl Bound {
    /// Where it listens (the port the kernel chose, if asked for 0).
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The credentials in use.
    #[must_use]
    pub fn credentials(&self) -> &Arc<CredentialStore> {
        &self.store
    }

    /// Serves until `shutdown`, then says goodbye to every sensor and waits for what is in flight, at most the drain limit.
    ///
    /// # Errors
    /// [`ServeError::Server`].
    pub async fn run(
        self,
        admit: Arc<dyn Admit>,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        let limits = &self.options.limits;
        let (stop, stopping) = watch::channel(false);
        let shared = Arc::new(Shared {
            admit,
            limits: limits.clone(),
            seats: Seats::default(),
            room: Arc::new(Semaphore::new(room_permits(limits.admitted_bytes))),
            denied: self.denied.subscribe(),
            stopping: stopping.clone(),
        });
        let acceptor = Arc::new(Acceptor::new(
            Arc::clone(&self.store),
            self.options.trust_domain.as_str().into(),
            self.denied.subscribe(),
            limits,
        ));
        let (accepted, incoming) = mpsc::channel(64);
        let server = server(limits, shared)
            .serve_with_incoming_shutdown(ReceiverStream::new(incoming), stopped(stopping.clone()));
        let accepting = async {
            tokio::select! {
                () = acceptor.run(self.listener, accepted) => {}
                () = stopped(stopping) => {}
            }
            std::future::pending::<()>().await;
        };
        let grace = limits.drain.saturating_add(Duration::from_secs(5));
        let ending = async {
            shutdown.await;
            stop.send_replace(true);
            tokio::time::sleep(grace).await;
        };
        let every = self.options.credentials_every;
        tokio::select! {
            outcome = server => outcome.map_err(|e| ServeError::Server(crate::dial::chain(&e))),
            () = ending => {
                tracing::warn!("some connections did not end in time and were closed");
                Ok(())
            }
            () = accepting => Ok(()),
            () = self.store.follow(every) => Ok(()),
            () = deny_list::follow(self.options.deny_list.clone(), every, &self.denied) => Ok(()),
        }
    }
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the server is gone, which is a stop as well.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

fn server(limits: &Limits, shared: Arc<Shared>) -> tonic::transport::server::Router {
    let service = LinkServer::new(Service { shared })
        .max_decoding_message_size(limits::BATCH_BYTES.saturating_add(ENVELOPE_BYTES));
    // The stream itself says goodbye at its age; this closes connections that have no stream or do not listen.
    let hard_age = limits.connection_age.saturating_add(limits.drain);
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(2)
        .http2_keepalive_interval(Some(limits.keepalive))
        .http2_keepalive_timeout(Some(limits.keepalive))
        .http2_max_header_list_size(16 * 1024)
        .max_connection_age(hard_age)
        .max_connection_age_grace(limits.drain)
        .add_service(service)
}

/// What all streams share.
pub(crate) struct Shared {
    pub(crate) admit: Arc<dyn Admit>,
    pub(crate) limits: Limits,
    pub(crate) seats: Seats,
    pub(crate) room: Arc<Semaphore>,
    pub(crate) denied: watch::Receiver<Arc<DenyList>>,
    pub(crate) stopping: watch::Receiver<bool>,
}

impl Shared {
    /// The window of one more stream.
    pub(crate) fn window(&self, terms: Terms) -> u64 {
        let smallest = u64::try_from(limits::BATCH_BYTES).unwrap_or(u64::MAX);
        let share = self
            .limits
            .admitted_bytes
            .saturating_mul(2)
            .checked_div(self.seats.len().saturating_add(1));
        let share = share.and_then(|share| u64::try_from(share).ok());
        terms
            .window_bytes
            .min(share.unwrap_or(u64::MAX))
            .clamp(smallest, limits::WINDOW_BYTES)
    }

    /// The age at which a stream is asked to come again: up to a tenth early, so that not all come at once, and not after the
    /// certificate it was admitted with has expired.
    pub(crate) fn age(&self, peer: &Peer) -> Duration {
        let age = self.limits.connection_age;
        let random = std::hash::RandomState::new().build_hasher().finish();
        let share = u32::try_from(random.rem_euclid(100)).unwrap_or(0);
        let early = age
            .checked_div(1000)
            .unwrap_or_default()
            .saturating_mul(share);
        let left = peer.not_after_ms.saturating_sub(crate::clock::wall_ms());
        let left = Duration::from_millis(u64::try_from(left).unwrap_or(0));
        age.saturating_sub(early).min(left)
    }
}

/// Permits of the shared room: one a KiB, because a semaphore counts in 32 bits.
fn room_permits(bytes: usize) -> usize {
    bytes
        .div_ceil(1024)
        .clamp(limits::BATCH_BYTES.div_ceil(1024), Semaphore::MAX_PERMITS)
}

struct Service {
    shared: Arc<Shared>,
}

#[tonic::async_trait]
impl Link for Service {
    type StreamStream = ReceiverStream<Result<wire::CollectorFrame, Status>>;

    async fn stream(
        &self,
        request: Request<Streaming<wire::SensorFrame>>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let Some(peer) = request.extensions().get::<Peer>().cloned() else {
            return Err(Refusal::Denied.status("no verified peer on this connection"));
        };
        let (frames, outgoing) = mpsc::channel(FRAMES);
        let conversation =
            Conversation::new(Arc::clone(&self.shared), peer, request.into_inner(), frames);
        tokio::spawn(conversation.run());
        Ok(Response::new(ReceiverStream::new(outgoing)))
    }
}

/// One stream per sensor: the newer wins.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    taken: Mutex<BTreeMap<(SiteId, SensorId), Arc<Notify>>>,
}

/// A sensor's place, given back when dropped.
pub(crate) struct Seat<'a> {
    seats: &'a Seats,
    key: (SiteId, SensorId),
    superseded: Arc<Notify>,
}

impl Seats {
    fn len(&self) -> usize {
        self.taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
    }

    pub(crate) fn take(&self, identity: &SensorIdentity) -> Seat<'_> {
        let key = (identity.site.clone(), identity.sensor.clone());
        let superseded = Arc::new(Notify::new());
        let before = self
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(key.clone(), Arc::clone(&superseded));
        if let Some(before) = before {
            before.notify_one();
        }
        Seat {
            seats: self,
            key,
            superseded,
        }
    }
}

impl Seat<'_> {
    pub(crate) async fn superseded(&self) {
        self.superseded.notified().await;
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let mut taken = self
            .seats
            .taken
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if taken
            .get(&self.key)
            .is_some_and(|current| Arc::ptr_eq(current, &self.superseded))
        {
            taken.remove(&self.key);
        }
    }
}
