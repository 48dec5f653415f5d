//! What `run` and `replay` into a collector have in common: the spool and its thread, the link, the admin endpoint, signals.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use auscult_link::{Failure, Holder, LinkOptions, LinkStatus, Source};
use auscult_process::{Latch, Readiness, Shutdown, Trigger, admin, shutdown};
use auscult_proto::ids::{CapturePoint, SensorIdentity};
use auscult_proto::observation::Observation;
use auscult_spool::{Options as SpoolOptions, Owner, Spool, SpoolError};
use tokio::runtime::Runtime;
use tokio::sync::watch;

use crate::board::Board;
use crate::clock::seed;
use crate::config::{Config, SandboxMode, SpoolConfig};
use crate::sandbox::{self, Plan};
use crate::writer::{HealthClock, QUEUE, SharedSpool, Writer, WriterOptions};
use crate::{metrics, status};

/// How often figures are copied into the metrics.
const PUBLISH: Duration = Duration::from_secs(1);
/// How long the link may take to collect the acknowledgements of what is in flight at the end.
const LAST_ACKS: Duration = Duration::from_secs(5);

/// The sensor without its ears.
#[derive(Debug)]
pub struct Service {
    /// Threads of the link and the admin endpoint.
    pub runtime: Runtime,
    /// The disk queue.
    pub spool: Arc<SharedSpool>,
    /// Figures of all threads.
    pub board: Arc<Board>,
    /// Conditions of readiness.
    pub readiness: Readiness,
    /// The operator wants the process to end.
    pub stop: Shutdown,
    outlet: SyncSender<Vec<Observation>>,
    writer: JoinHandle<()>,
    link: tokio::task::JoinHandle<()>,
    end: Trigger,
}

/// How a service differs between `run` and `replay`.
#[derive(Debug, Clone)]
pub struct ServiceOptions {
    /// The capture points known from the start.
    pub points: Vec<CapturePoint>,
    /// Which clock health observations carry.
    pub clock: HealthClock,
    /// Whether to serve the admin endpoint.
    pub admin: bool,
    /// What the sandbox applied, for `/status`.
    pub applied: Vec<String>,
}

/// Everything a confined sensor still needs, from its configuration.
#[must_use]
pub fn plan(config: &Config, mode: SandboxMode, also_read: &[PathBuf]) -> Plan {
    let credentials = &config.collector.credentials;
    let files = [
        Some(&credentials.certificate),
        Some(&credentials.key),
        Some(&credentials.roots),
        credentials.own_roots.as_ref(),
    ];
    let folders = files
        .into_iter()
        .flatten()
        .flat_map(|file| sandbox::folders_of(file));
    let mut read_only: Vec<PathBuf> = folders.collect();
    read_only.push(config.file.clone());
    read_only.extend_from_slice(also_read);
    read_only.sort();
    read_only.dedup();
    let port = config
        .collector
        .address
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse().ok());
    Plan {
        mode,
        user: config.sandbox.user,
        read_only,
        read_write: vec![config.spool.dir.clone()],
        connect: port.into_iter().collect(),
        bind: vec![config.admin.listen.port()],
    }
}

/// Opens the spool as configured, for the sensor that our certificate names; while there is none, the link asks before it sends.
///
/// # Errors
/// As [`Spool::open`].
pub fn open_spool(
    config: &SpoolConfig,
    sensor: Option<&SensorIdentity>,
) -> Result<Spool, SpoolError> {
    let mut options = SpoolOptions::new(&config.dir);
    options.max_bytes = config.bytes;
    options.segment_bytes = config.segment;
    options.owner = sensor.map(Owner::from);
    let (spool, recovery) = Spool::open(options)?;
    if !recovery.created {
        tracing::info!(
            observations = recovery.observations,
            truncated_bytes = recovery.truncated_bytes,
            damaged = recovery.damaged.len(),
            lost = recovery.lost,
            "spool recovered"
        );
    }
    Ok(spool)
}

impl Service {
    /// Starts everything. The process must be confined by now: threads are spawned here.
    ///
    /// # Errors
    /// When the spool cannot be opened, the admin address is taken, or a thread cannot be had.
    pub fn start(config: &Config, options: ServiceOptions) -> anyhow::Result<Self> {
        let metrics_handle = auscult_process::metrics::install();
        metrics::describe();
        auscult_link::metrics::describe();
        let identity = identity(config);
        let spool = SharedSpool::new(open_spool(&config.spool, identity.as_ref())?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("sensor-link")
            .enable_all()
            .build()?;
        let (link_status, link_seen) = watch::channel(LinkStatus::default());
        let board = Arc::new(Board::new(options.points.clone(), link_seen));
        let readiness = Readiness::new();
        let (outlet, observations) = sync_channel(QUEUE);
        let fallback = options.points.first().cloned();
        let writer = Writer::new(
            Arc::clone(&spool),
            Arc::clone(&board),
            observations,
            readiness.register("spool"),
            WriterOptions {
                health: config.health,
                linger: config.spool.linger,
                clock: options.clock,
                fallback: fallback.map_or_else(|| "sensor".parse(), Ok)?,
            },
        );
        let writer = std::thread::Builder::new()
            .name("sensor-spool".to_owned())
            .spawn(move || writer.run())?;
        let (stop, asked) = shutdown::token();
        let (ending, end) = shutdown::token();
        runtime.spawn(async move {
            if let Err(error) = shutdown::signals(asked).await {
                tracing::error!(%error, "signals cannot be received");
            }
        });
        runtime.spawn(publish(
            Arc::clone(&board),
            Arc::clone(&spool),
            readiness.register("credentials"),
        ));
        let link_options =
            LinkOptions::new(config.collector.clone(), env!("CARGO_PKG_VERSION"), seed());
        let source: Arc<dyn Source> = Arc::<SharedSpool>::clone(&spool);
        let link = runtime.spawn(async move {
            auscult_link::run(link_options, source, link_status, async move {
                ending.wait().await
            })
            .await;
        });
        if options.admin {
            let who = identity.map(|identity| identity.to_string());
            let routes = status::routes(Arc::clone(&board), who, options.applied);
            let serving = admin::serve(
                config.admin.listen,
                readiness.clone(),
                metrics_handle,
                routes,
                stop.clone(),
            );
            let bound = runtime.block_on(serving).map_err(|error| {
                anyhow::anyhow!(
                    "admin endpoint {}: {error}; choose another [admin] listen",
                    config.admin.listen
                )
            })?;
            tracing::info!(address = %bound, "admin endpoint");
        }
        Ok(Self {
            runtime,
            spool,
            board,
            readiness,
            stop,
            outlet,
            writer,
            link,
            end,
        })
    }

    /// Where observations go.
    #[must_use]
    pub fn outlet(&self) -> SyncSender<Vec<Observation>> {
        self.outlet.clone()
    }

    /// Ends everything, in the order in which nothing is lost: what was heard becomes durable, then the link takes what acknowledgements
    /// it can get, briefly. Every other sender of observations must be gone by now. `delivered` is waited for in between.
    pub fn finish(self, delivered: impl FnOnce(&Runtime, &SharedSpool)) {
        drop(self.outlet);
        if self.writer.join().is_err() {
            tracing::error!("the spool thread ended by a panic; this is a defect");
        }
        delivered(&self.runtime, &self.spool);
        self.end.fire();
        let link = self.link;
        let ended = self
            .runtime
            .block_on(async { tokio::time::timeout(LAST_ACKS, link).await });
        if ended.is_err() {
            tracing::debug!("the link took too long to end");
        }
        self.runtime.shutdown_timeout(Duration::from_secs(1));
    }
}

/// Who we are; the link says what is wrong with the certificate.
fn identity(config: &Config) -> Option<SensorIdentity> {
    let credentials =
        auscult_link::Credentials::load(&config.collector.credentials, Holder::Sensor).ok()?;
    credentials.identity().cloned()
}

async fn publish(board: Arc<Board>, spool: Arc<SharedSpool>, credentials: Latch) {
    let mut ticks = tokio::time::interval(PUBLISH);
    loop {
        ticks.tick().await;
        let spool = Arc::clone(&spool);
        // The spool's lock is held while it syncs.
        if let Ok(status) = tokio::task::spawn_blocking(move || spool.status()).await {
            board.post_spool(status);
        }
        metrics::publish(&board);
        let link = board.link.borrow().clone();
        match (&link.failure, link.certificate_not_after_ms) {
            (Some(Failure::Credentials(reason)), _) => credentials.not_ready(reason.clone()),
            (_, Some(_)) => credentials.ready(),
            _ => {}
        }
    }
}
