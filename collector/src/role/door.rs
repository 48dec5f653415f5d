//! Ingest as a task of the process, and what its readiness hangs on.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use auscult_link::{CredentialStore, ServeOptions, Utc};
use auscult_process::{Latch, Readiness, Shutdown, Trigger, exit};
use tokio::task::JoinHandle;

use super::log::OpenLog;
use crate::Failure;
use crate::ingest::{self, IngestError, IngestOptions, Refusals};

/// With less than this left the certificate needs somebody's attention before sensors are cut off.
const EXPIRING_MS: i64 = 60 * 60 * 1000;
const WATCH: Duration = Duration::from_secs(5);

/// Ingest, running.
#[derive(Debug)]
pub(super) struct Door {
    serving: JoinHandle<Result<(), IngestError>>,
    watching: JoinHandle<()>,
}

impl Door {
    /// Binds and serves until `stop`. Should it end by itself, the process is stopped.
    pub(super) async fn open(
        options: ServeOptions,
        log: &OpenLog,
        readiness: &Readiness,
        stop: &Shutdown,
        process: &Trigger,
    ) -> Result<Self, Failure> {
        let latch = readiness.register("ingest");
        let bound = ingest::bind(IngestOptions { serve: options }, log.log()).await?;
        let credentials = Arc::clone(bound.credentials());
        let refusals = bound.refusals().clone();
        let watching = tokio::spawn(watch(credentials, refusals, latch));
        let (stop, process) = (stop.clone(), process.clone());
        let serving = tokio::spawn(async move {
            let ended = bound.run(async move { stop.wait().await }).await;
            process.fire();
            ended
        });
        Ok(Self { serving, watching })
    }

    /// Waits for the end of serving.
    pub(super) async fn closed(self) -> Result<(), Failure> {
        let ended = self.serving.await;
        self.watching.abort();
        match ended {
            Ok(ended) => Ok(ended?),
            Err(_) => Err(Failure::new(
                exit::FAILURE,
                "ingest failed in this program; sensors keep what was not acknowledged",
            )),
        }
    }
}

/// Ready while the certificate is good for some time and the log takes what arrives.
async fn watch(credentials: Arc<CredentialStore>, refusals: Refusals, latch: Latch) {
    let mut ticks = tokio::time::interval(WATCH);
    loop {
        ticks.tick().await;
        let fault = fault_of(&credentials).or_else(|| {
            let reason = refusals.standing()?;
            Some(format!("batches are refused: {reason}"))
        });
        match fault {
            Some(fault) => latch.not_ready(fault),
            None => latch.ready(),
        }
    }
}

/// What is wrong with the certificate.
fn fault_of(credentials: &CredentialStore) -> Option<String> {
    match credentials.current() {
        Ok(current) => {
            let until = current.facts().not_after_ms;
            (until.saturating_sub(now_ms()) < EXPIRING_MS)
                .then(|| format!("the certificate expires at {}", Utc(until)))
        }
        Err(fault) => Some(fault.to_string()),
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
