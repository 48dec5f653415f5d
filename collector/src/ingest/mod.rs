//! The ingest role: sensors in over the link, their batches into the observations topic, an acknowledgement once they are durable.
//!
//! Who a batch is from and which site it is for comes from the client certificate alone. The body is not looked at: ingest neither
//! parses nor enriches.

mod admission;
pub mod metrics;
mod refusals;
mod suspects;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use auscult_link::{Admit, Bound, CredentialStore, ServeError, ServeOptions};
use auscult_log::{Log, LogError, Topic};

use admission::Admission;
pub use refusals::Refusals;

/// How ingest runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IngestOptions {
    /// The link's side: address, credentials, limits.
    pub serve: ServeOptions,
}

/// Why ingest cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The link.
    #[error(transparent)]
    Link(#[from] ServeError),
}

/// Ingest, listening and not serving yet.
pub struct Ingest {
    bound: Bound,
    admission: Admission,
    /// The appender is the log's; the log must outlive it.
    _log: Arc<dyn Log>,
}

impl std::fmt::Debug for Ingest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingest")
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

/// Checks credentials and topics, opens the appender and binds the address.
///
/// # Errors
/// [`IngestError`].
pub async fn bind(options: IngestOptions, log: Arc<dyn Log>) -> Result<Ingest, IngestError> {
    let opening = Arc::clone(&log);
    // A log may ask its broker first.
    let appender = tokio::task::spawn_blocking(move || {
        opening.partitions(Topic::Observations)?;
        opening.partitions(Topic::Quarantine)?;
        opening.appender()
    })
    .await
    .map_err(|e| LogError::Unavailable(format!("opening the log was interrupted: {e}")))??;
    let bound = auscult_link::bind(options.serve).await?;
    Ok(Ingest {
        bound,
        admission: Admission::new(Arc::from(appender)),
        _log: log,
    })
}

/// [`bind`] and [`Ingest::run`].
///
/// # Errors
/// [`IngestError`].
pub async fn run(
    options: IngestOptions,
    log: Arc<dyn Log>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), IngestError> {
    bind(options, log).await?.run(shutdown).await
}

impl Ingest {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.bound.address()
    }

    /// The credentials in use.
    #[must_use]
    pub fn credentials(&self) -> &Arc<CredentialStore> {
        self.bound.credentials()
    }

    /// Whether the log takes what arrives.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        self.admission.refusals()
    }

    /// Serves sensors until `shutdown`, then sees what is in flight into the log, within the drain limit.
    ///
    /// # Errors
    /// [`IngestError::Link`].
    pub async fn run(
        self,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), IngestError> {
        tracing::info!(address = %self.bound.address(), "sensors may connect");
        let admit = Arc::new(self.admission) as Arc<dyn Admit>;
        Ok(self.bound.run(admit, shutdown).await?)
    }
}
