//! The sensor's side: keeps a stream to the collector open and moves the source's batches over it.

mod backoff;
mod flow;
mod shell;
pub mod state;
mod step;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use auscult_proto::ids::{Incarnation, SensorIdentity};
use tokio::sync::watch;

use crate::credentials::Holder;
use crate::dial::DialOptions;
use crate::failure::Failure;
use crate::rotation::CredentialStore;

#[cfg(test)]
pub(crate) use flow::attempt;
pub use state::OutgoingBatch;

/// Where the batches come from: the spool.
pub trait Source: Send + Sync + 'static {
    /// The life of the spool.
    fn incarnation(&self) -> Incarnation;

    /// The first sequence not released.
    fn next_unacked(&self) -> u64;

    /// Durable batches in order from the one that holds `seq` (or the next one after it), about `max_bytes` of them, at least one
    /// when there is any. May block on the disk.
    ///
    /// # Errors
    /// What to log; it is tried again.
    fn read_from(&self, seq: u64, max_bytes: usize) -> Result<Vec<OutgoingBatch>, String>;

    /// Everything through `through` is durable at the collector. May block on the disk.
    ///
    /// # Errors
    /// What to log; it is tried again with the next acknowledgement.
    fn release(&self, through: u64) -> Result<(), String>;

    /// The certificate names `sensor`, and the collector will take everything for its. May block on the disk.
    ///
    /// # Errors
    /// What is here is another sensor's, and what to do; nothing is sent.
    fn claim(&self, _sensor: &SensorIdentity) -> Result<(), String> {
        Ok(())
    }

    /// The last durable sequence, whenever it changes.
    fn changed(&self) -> watch::Receiver<u64>;
}

/// How to run the link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkOptions {
    /// Where the collector is.
    pub dial: DialOptions,
    /// Our version, for the collector's log.
    pub version: String,
    /// For the collector's hello.
    pub hello_timeout: Duration,
    /// The protocol's timings.
    pub timing: state::Timing,
    /// Jitter comes from here: different on every sensor and at every start.
    pub seed: u64,
}

impl LinkOptions {
    /// The usual timings.
    #[must_use]
    pub fn new(dial: DialOptions, version: impl Into<String>, seed: u64) -> Self {
        Self {
            dial,
            version: version.into(),
            hello_timeout: Duration::from_secs(15),
            timing: state::Timing::default(),
            seed,
        }
    }
}

/// What the link is doing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LinkPhase {
    /// Not started.
    #[default]
    Idle,
    /// Dialling.
    Connecting,
    /// A stream is open.
    Connected,
    /// Waiting before the next attempt.
    Waiting {
        /// For how long, from when this was said.
        for_ms: u64,
    },
    /// Stopped.
    Stopped,
}

/// The link as seen from the rest of the sensor.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkStatus {
    /// What it is doing.
    pub phase: LinkPhase,
    /// Why the last attempt or stream ended; cleared once a stream opens.
    pub failure: Option<Failure>,
    /// Last sequence acknowledged.
    pub acked: u64,
    /// Bytes sent and not acknowledged.
    pub in_flight_bytes: u64,
    /// The collector's clock minus ours at the last hello, milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// End of validity of our certificate, epoch milliseconds.
    pub certificate_not_after_ms: Option<i64>,
}

/// Keeps the link up until `shutdown`: dials, sends, releases what was acknowledged; every failure is classified, logged, counted
/// and followed by another attempt. On `shutdown` it takes the acknowledgements of what is in flight, briefly, and returns.
pub async fn run(
    options: LinkOptions,
    source: Arc<dyn Source>,
    status: watch::Sender<LinkStatus>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let store = CredentialStore::open(options.dial.credentials.clone(), Holder::Sensor).await;
    let every = options.dial.credentials_every;
    let shell = shell::Shell::new(options, source, status, Arc::clone(&store));
    tokio::select! {
        () = Box::pin(shell.run(shutdown)) => {}
        () = store.follow(every) => {}
    }
}
