//! The running roles: what is started in which order, and how everything ends.

mod door;
mod engines;
mod log;

use std::time::Duration;

use auscult_process::{Latch, Readiness, Shutdown, Trigger, admin, exit, metrics, shutdown};

use crate::Failure;
use crate::config::{CollectorConfig, LogChoice};
use door::Door;
use engines::Engines;
use log::OpenLog;

/// Longest clean end, sensors' drain included; below the usual termination grace of 90 s.
const DRAIN: Duration = Duration::from_secs(75);

/// What one process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Accept sensors, append to the log.
    Ingest,
    /// Fold the log into the inventory.
    Engine,
    /// Both.
    All,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::All, Self::Ingest, Self::Engine];

    /// As on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Engine => "engine",
            Self::All => "all",
        }
    }

    fn ingests(self) -> bool {
        matches!(self, Self::Ingest | Self::All)
    }

    fn folds(self) -> bool {
        matches!(self, Self::Engine | Self::All)
    }

    /// Refuses what cannot work before anything is started.
    ///
    /// # Errors
    /// A usage failure that says everything there is to write.
    pub fn check(self, config: &CollectorConfig) -> Result<(), Failure> {
        let mut missing = Vec::new();
        if self != Self::All && matches!(config.log, LogChoice::Embedded(_)) {
            missing.push(
                "the roles `ingest` and `engine` meet in Kafka: write a [kafka] section, or run `all`, which keeps the log itself",
            );
        }
        if self.ingests() && config.ingest.is_none() {
            missing.push(
                "no [ingest] section in the configuration: sensors need somewhere to connect; write `listen`, `certificate`, `key`, \
                 `roots` and `trust_domain` there (`auscult-collector pki init` makes a PKI for trying out)",
            );
        }
        if missing.is_empty() {
            config.kafka_files()
        } else {
            Err(Failure::new(exit::USAGE, missing.join("; ")))
        }
    }
}

/// Runs a role until SIGTERM or SIGINT, or until something gives up.
///
/// # Errors
/// Why it could not start, or what gave up.
pub async fn run(role: Role, config: CollectorConfig) -> Result<(), Failure> {
    let recorder = metrics::install();
    crate::metrics::describe();
    crate::ingest::metrics::describe();
    auscult_log::metrics::describe();
    auscult_link::metrics::describe();
    let (stop, trigger) = shutdown::token();
    let signals = tokio::spawn(shutdown::signals(trigger.clone()));
    let readiness = Readiness::new();
    let (admin_stop, admin_trigger) = shutdown::token();
    let address = admin::serve(
        config.admin,
        readiness.clone(),
        recorder,
        axum::Router::new(),
        admin_stop,
    )
    .await
    .map_err(|error| {
        let message = format!("cannot listen on {} (admin.listen): {error}", config.admin);
        Failure::new(exit::UNAVAILABLE, message)
    })?;
    tracing::info!(%address, ?role, version = env!("CARGO_PKG_VERSION"), "admin endpoint: /live /ready /metrics");
    let ended = serve(role, config, &readiness, stop, trigger).await;
    admin_trigger.fire();
    signals.abort();
    ended
}

async fn serve(
    role: Role,
    config: CollectorConfig,
    readiness: &Readiness,
    stop: Shutdown,
    trigger: Trigger,
) -> Result<(), Failure> {
    let Some(log) = log::open(role, &config, readiness, &stop).await? else {
        return Ok(());
    };
    let draining = readiness.register("running");
    draining.ready();
    let ended = work(role, &config, readiness, &log, (stop, trigger), &draining).await;
    // Closing the log joins its threads.
    log.close().await;
    ended
}

async fn work(
    role: Role,
    config: &CollectorConfig,
    readiness: &Readiness,
    log: &OpenLog,
    (stop, trigger): (Shutdown, Trigger),
    draining: &Latch,
) -> Result<(), Failure> {
    let door = match &config.ingest {
        Some(options) if role.ingests() => {
            Some(Door::open(options.clone(), log, readiness, &stop, &trigger).await?)
        }
        _ => None,
    };
    let engines = role
        .folds()
        .then(|| Engines::start(log, config, readiness, &trigger))
        .transpose()?;
    stop.wait().await;
    draining.not_ready("stopping");
    let ending = async {
        // Sensors first: what they have in flight is seen into the log and acknowledged.
        let door = match door {
            Some(door) => door.closed().await,
            None => Ok(()),
        };
        let engines = match engines {
            Some(engines) => engines.stop().await,
            None => Ok(()),
        };
        door.and(engines)
    };
    tokio::time::timeout(DRAIN, ending)
        .await
        .unwrap_or_else(|_| {
            let message =
                "did not end in time; what was not committed will be folded again, nothing is lost";
            Err(Failure::new(exit::FAILURE, message))
        })
}
