//! Opens the log, waiting for it where waiting is right.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use auscult_log::{EmbeddedLog, KafkaLog, Log, LogError, Topic, embedded};
use auscult_process::{Latch, Readiness, Shutdown, exit};

use super::Role;
use crate::Failure;
use crate::cli::source::embedded_options;
use crate::config::{CollectorConfig, LogChoice};

const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The log, open.
#[derive(Clone)]
pub(super) struct OpenLog {
    log: Arc<dyn Log>,
    _latch: Arc<Latch>,
}

impl OpenLog {
    /// For ingest and engines.
    pub(super) fn log(&self) -> Arc<dyn Log> {
        Arc::clone(&self.log)
    }

    /// Closes it: an embedded log writes what it holds and lets go of its folder.
    pub(super) async fn close(self) {
        // Blocks while threads end; a failure of the task itself leaves nothing to do.
        drop(tokio::task::spawn_blocking(move || drop(self)).await);
    }
}

/// Opens the log; `None` when a stop was requested before it was there.
pub(super) async fn open(
    role: Role,
    config: &CollectorConfig,
    readiness: &Readiness,
    stop: &Shutdown,
) -> Result<Option<OpenLog>, Failure> {
    let latch = readiness.register("log");
    if matches!(config.log, LogChoice::Embedded(_)) {
        tracing::warn!("{}", embedded::PURPOSE);
    }
    let mut wait = FIRST_WAIT;
    loop {
        let choice = config.log.clone();
        let topics = config.topics.clone();
        let attempt = tokio::task::spawn_blocking(move || connect(choice, topics.partitions, role));
        let opened = attempt
            .await
            .map_err(|_| Failure::new(exit::FAILURE, "opening the log failed in this program"))?;
        match opened {
            Ok(log) => {
                latch.ready();
                return Ok(Some(OpenLog {
                    log,
                    _latch: Arc::new(latch),
                }));
            }
            Err(LogError::Unavailable(reason)) => {
                tracing::warn!(%reason, ?wait, "the log is unavailable");
                latch.not_ready(reason);
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = stop.wait() => return Ok(None),
            () = tokio::time::sleep(wait) => {}
        }
        wait = wait.saturating_mul(2).min(LONGEST_WAIT);
    }
}

fn connect(
    choice: LogChoice,
    partitions: BTreeMap<Topic, u32>,
    role: Role,
) -> Result<Arc<dyn Log>, LogError> {
    match choice {
        LogChoice::Kafka(options) => {
            let log = KafkaLog::connect(options)?;
            for topic in topics_of(role) {
                log.partitions(*topic)?;
            }
            Ok(Arc::new(log))
        }
        LogChoice::Embedded(config) => {
            let log = EmbeddedLog::open(&config.dir, embedded_options(&config, partitions))?;
            Ok(Arc::new(log))
        }
    }
}

/// What a role reads or writes. Its principal need not see more.
fn topics_of(role: Role) -> &'static [Topic] {
    const ENGINE: &[Topic] = &[
        Topic::Observations,
        Topic::Quarantine,
        Topic::State,
        Topic::Inventory,
        Topic::Lifecycle,
        Topic::Health,
    ];
    match role {
        Role::Ingest => &[Topic::Observations, Topic::Quarantine],
        Role::Engine | Role::All => ENGINE,
    }
}
