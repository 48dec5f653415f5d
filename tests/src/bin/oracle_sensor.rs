//! A sensor without a network: the product's spool and link, fed with observations that follow from (site, sequence) alone.
//!
//! Killed at any moment and started again on the same folder, it goes on with the sequence after the last spooled one, so what it
//! spools over its life does not depend on when it was killed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use auscult_link::CredentialPaths;
use auscult_link::DialOptions;
use auscult_link::{LinkOptions, LinkStatus, OutgoingBatch, Source};
use auscult_proto::convert::encode_body;
use auscult_proto::ids::Incarnation;
use auscult_proto::observation::{Body, Observation};
use auscult_spool::{AppendError, Options, Spool};
use auscult_tests::generate::{self, Mix};
use clap::Parser;
use tokio::sync::watch;

/// Observations in one batch: fixed, so that batches do not depend on when the process was killed.
const BATCH: u64 = 40;

#[derive(Parser)]
struct Arguments {
    /// The generator's number of the site.
    #[arg(long)]
    site_number: u32,
    /// Spool folder.
    #[arg(long)]
    spool: PathBuf,
    /// Folder with cert.pem, key.pem and roots.pem.
    #[arg(long)]
    certificates: PathBuf,
    /// HOST:PORT of ingest (or of the fault proxy before it).
    #[arg(long)]
    address: String,
    /// Goes on until this file exists, then ends once everything is acknowledged.
    #[arg(long)]
    stop_file: PathBuf,
    /// Observations per second.
    #[arg(long)]
    rate: u64,
    /// Most bytes on disk.
    #[arg(long, default_value_t = 64 << 20)]
    spool_bytes: u64,
    /// Bytes of a segment.
    #[arg(long, default_value_t = 256 << 10)]
    segment_bytes: u64,
}

struct Feed {
    spool: Mutex<Spool>,
    durable: watch::Sender<u64>,
    incarnation: Incarnation,
}

impl Feed {
    fn spool(&self) -> MutexGuard<'_, Spool> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Source for Feed {
    fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    fn next_unacked(&self) -> u64 {
        self.spool().acked() + 1
    }

    fn read_from(&self, seq: u64, max_bytes: usize) -> Result<Vec<OutgoingBatch>, String> {
        let batches = self
            .spool()
            .read_from(seq, max_bytes)
            .map_err(|error| error.to_string())?;
        Ok(batches
            .into_iter()
            .map(|batch| OutgoingBatch {
                first_seq: batch.first_seq,
                count: batch.count,
                body: batch.body,
            })
            .collect())
    }

    fn release(&self, through: u64) -> Result<(), String> {
        self.spool()
            .release(through)
            .map_err(|error| error.to_string())
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }
}

fn main() -> Result<()> {
    auscult_process::logs::init(auscult_process::logs::LogFormat::Human, "info")?;
    let arguments = Arguments::parse();
    let mut options = Options::new(&arguments.spool);
    options.max_bytes = arguments.spool_bytes;
    options.segment_bytes = arguments.segment_bytes;
    let (spool, recovery) = Spool::open(options).context("the spool")?;
    tracing::info!(
        ?recovery,
        next_seq = spool.next_seq(),
        acked = spool.acked(),
        "spool opened"
    );
    let (durable, incarnation) = (watch::Sender::new(spool.durable()), spool.incarnation());
    let feed = Arc::new(Feed {
        spool: Mutex::new(spool),
        durable,
        incarnation,
    });
    let mut dial = DialOptions::new(
        arguments.address.clone(),
        CredentialPaths {
            certificate: arguments.certificates.join("cert.pem"),
            key: arguments.certificates.join("key.pem"),
            roots: arguments.certificates.join("roots.pem"),
            own_roots: None,
        },
    );
    dial.server_name = Some("localhost".to_owned());
    let link = LinkOptions::new(dial, "oracle", u64::from(std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let (status, _) = watch::channel(LinkStatus::default());
    let source: Arc<dyn Source> = Arc::clone(&feed) as _;
    runtime.spawn(auscult_link::run(
        link,
        source,
        status,
        std::future::pending(),
    ));
    produce(&feed, &arguments);
    wait_for_acknowledgement(&feed);
    tracing::info!(
        last = feed.spool().next_seq() - 1,
        "everything is acknowledged"
    );
    Ok(())
}

/// Spools at the asked rate until told to stop.
fn produce(feed: &Feed, arguments: &Arguments) {
    let mix = Mix::SMALL;
    let started = Instant::now();
    let mut produced = 0;
    loop {
        let mut spool = feed.spool();
        let first = spool.next_seq();
        if first % BATCH == 1 && arguments.stop_file.is_file() {
            drop(spool);
            // Losses found late still have to be told, in a batch of their own.
            report_losses(feed);
            return;
        }
        // Batches end at multiples of BATCH, however the spool came to its next sequence.
        let last = first.div_ceil(BATCH) * BATCH;
        let losses = spool.losses().into_iter().map(|loss| told(loss, first));
        let mut batch: Vec<Observation> = losses
            .take(usize::try_from(last + 1 - first).unwrap_or(1))
            .collect();
        let generated = first + u64::try_from(batch.len()).unwrap_or(0)..=last;
        batch.extend(generated.map(|seq| generate::observation(arguments.site_number, seq, mix)));
        let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
        let refused = match spool.append(&encode_body(&batch), count) {
            Ok(_) => spool.sync().is_err(),
            Err(AppendError::Parked { reason, .. }) => {
                tracing::warn!(reason, "the spool is parked");
                true
            }
            Err(error) => {
                tracing::error!(%error, "the spool refused a batch");
                true
            }
        };
        feed.durable.send_replace(spool.durable());
        drop(spool);
        if refused {
            std::thread::sleep(Duration::from_millis(50));
        }
        produced += u64::from(count);
        let due = Duration::from_secs_f64(
            Duration::from_secs(produced).as_secs_f64()
                / Duration::from_secs(arguments.rate).as_secs_f64(),
        );
        std::thread::sleep(due.saturating_sub(started.elapsed()));
    }
}

fn report_losses(feed: &Feed) {
    let mut spool = feed.spool();
    let first = spool.next_seq();
    let batch: Vec<Observation> = spool
        .losses()
        .into_iter()
        .map(|loss| told(loss, first))
        .collect();
    if batch.is_empty() {
        return;
    }
    let count = u32::try_from(batch.len()).unwrap_or(u32::MAX);
    if spool.append(&encode_body(&batch), count).is_ok() && spool.sync().is_ok() {
        feed.durable.send_replace(spool.durable());
    }
}

/// A loss as an observation, at the record time of the sequence it is told with.
fn told(loss: auscult_proto::observation::Loss, seq: u64) -> Observation {
    Observation {
        count: 1,
        body: Body::Loss(loss),
        ..generate::observation(0, seq, Mix::SMALL)
    }
}

fn wait_for_acknowledgement(feed: &Feed) {
    loop {
        let mut spool = feed.spool();
        // A batch that a failing disk left in memory is still to be written.
        if spool.durable() + 1 < spool.next_seq() && spool.sync().is_ok() {
            feed.durable.send_replace(spool.durable());
        }
        if spool.acked() + 1 >= spool.next_seq() {
            return;
        }
        drop(spool);
        std::thread::sleep(Duration::from_millis(20));
    }
}
