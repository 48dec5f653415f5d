//! The spool thread: batches observations, makes them durable, tells the link. The only owner of the spool's writing end.

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use auscult_link::{OutgoingBatch, Source};
use auscult_process::Latch;
use auscult_process::metrics::resident_bytes;
use auscult_proto::HealthState;
use auscult_proto::ids::{CapturePoint, Incarnation, SensorIdentity};
use auscult_proto::observation::{Body, Millis, Observation, Origin};
use auscult_spool::{AppendError, Owner, Spool, Status};
use metrics::{counter, histogram};
use tokio::sync::watch;

use crate::batch::{Batch, Encoded};
use crate::board::{Board, lock};
use crate::clock::wall_ms;
use crate::config::HealthConfig;
use crate::health::{self, Reporter, Situation};
use crate::metrics::{BATCHES_REFUSED, SPOOL_SECONDS, SPOOLED};

/// Chunks of observations between the capture threads and the spool thread: the only queue in memory.
pub const QUEUE: usize = 64;
/// How often a disk that refused is tried again.
const RETRY: Duration = Duration::from_millis(250);
/// How long the last sync may take to succeed when the process ends.
const LAST_SYNC: Duration = Duration::from_secs(3);
/// What has been known for so long (milliseconds) is no news when it is said again,
const LONG_KNOWN_MS: Millis = 10_000;
/// and waits so long for others.
const REFRESH_LINGER: Duration = Duration::from_secs(1);

/// The spool, shared between the thread that writes it and the link that reads it.
#[derive(Debug)]
pub struct SharedSpool {
    spool: Mutex<Spool>,
    incarnation: Incarnation,
    durable: watch::Sender<u64>,
}

impl SharedSpool {
    /// Takes over an open spool.
    #[must_use]
    pub fn new(spool: Spool) -> Arc<Self> {
        let (durable, _) = watch::channel(spool.durable());
        Arc::new(Self {
            incarnation: spool.incarnation(),
            spool: Mutex::new(spool),
            durable,
        })
    }

    /// How it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        lock(&self.spool).status()
    }

    /// Durable through, and released through.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let spool = lock(&self.spool);
        (spool.durable(), spool.acked())
    }
}

impl Source for SharedSpool {
    fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    fn next_unacked(&self) -> u64 {
        lock(&self.spool).acked().saturating_add(1)
    }

    fn read_from(&self, seq: u64, max_bytes: usize) -> Result<Vec<OutgoingBatch>, String> {
        let batches = lock(&self.spool).read_from(seq, max_bytes);
        let batches = batches.map_err(|error| error.to_string())?;
        let outgoing = batches.into_iter().map(|batch| OutgoingBatch {
            first_seq: batch.first_seq,
            count: batch.count,
            body: batch.body,
        });
        Ok(outgoing.collect())
    }

    fn release(&self, through: u64) -> Result<(), String> {
        let released = lock(&self.spool).release(through);
        released.map(drop).map_err(|error| error.to_string())
    }

    fn claim(&self, sensor: &SensorIdentity) -> Result<(), String> {
        let claimed = lock(&self.spool).claim(&Owner::from(sensor));
        claimed.map_err(|error| error.to_string())
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }
}

/// Which clock health observations carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HealthClock {
    /// The wall clock.
    Wall,
    /// That of the frames: a replay with the times of the capture must not make the site's time jump to the present.
    Frames,
}

/// See the module.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<SharedSpool>,
    board: Arc<Board>,
    observations: Receiver<Vec<Observation>>,
    reporter: Reporter,
    interval: Duration,
    linger: Duration,
    clock: HealthClock,
    fallback: CapturePoint,
    writable: Latch,
    batch: Batch,
    /// When the first observation of the batch came.
    since: Option<Instant>,
    /// When the batch is to be made durable: as soon as its least patient observation wants.
    due: Option<Instant>,
    /// Something was appended and is not durable.
    unsynced: bool,
    next_health: Instant,
}

/// What a writer needs besides the spool.
#[derive(Debug, Clone)]
pub struct WriterOptions {
    /// When to report health, and when to worry.
    pub health: HealthConfig,
    /// How long an observation waits for others.
    pub linger: Duration,
    /// Which clock health observations carry.
    pub clock: HealthClock,
    /// The capture point that losses of the spool are reported under.
    pub fallback: CapturePoint,
}

impl Writer {
    /// A writer that ends when every sender of `observations` is gone. `writable` says whether the spool is.
    #[must_use]
    pub fn new(
        shared: Arc<SharedSpool>,
        board: Arc<Board>,
        observations: Receiver<Vec<Observation>>,
        writable: Latch,
        options: WriterOptions,
    ) -> Self {
        Self {
            shared,
            board,
            observations,
            reporter: Reporter::new(options.health),
            interval: options.health.interval,
            linger: options.linger,
            clock: options.clock,
            fallback: options.fallback,
            writable,
            batch: Batch::default(),
            since: None,
            due: None,
            unsynced: false,
            next_health: Instant::now() + options.health.interval,
        }
    }

    /// Runs until every sender is gone and everything is durable, or the disk refuses for good.
    pub fn run(mut self) {
        self.report(Some(HealthState::Started));
        self.flush();
        loop {
            let wait = self.deadline().saturating_duration_since(Instant::now());
            match self.observations.recv_timeout(wait) {
                Ok(observations) => self.take(&observations),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = Instant::now();
            if now >= self.next_health {
                self.report(None);
                self.next_health = now + self.interval;
            }
            if self.due.is_some_and(|due| now >= due) || self.unsynced {
                self.flush();
            }
        }
        self.report(Some(HealthState::Stopped));
        self.flush();
        self.last_sync();
    }

    fn deadline(&self) -> Instant {
        let mut deadline = self.next_health;
        if let Some(due) = self.due {
            deadline = deadline.min(due);
        }
        if self.unsynced {
            deadline = deadline.min(Instant::now() + RETRY);
        }
        deadline
    }

    fn take(&mut self, observations: &[Observation]) {
        let now = Instant::now();
        for observation in observations {
            self.since.get_or_insert(now);
            let due = now + patience(observation, self.linger);
            self.due = Some(self.due.map_or(due, |earlier| earlier.min(due)));
            if let Some(full) = self.batch.push(observation) {
                self.append(&full);
            }
        }
    }

    fn report(&mut self, announced: Option<HealthState>) {
        let spool = self.shared.status();
        let link = self.board.link.borrow().clone();
        let resident = resident_bytes().unwrap_or(0);
        let observations: Vec<Observation> = self
            .board
            .points()
            .iter()
            .map(|(point, figures)| {
                let now = match self.clock {
                    HealthClock::Frames if figures.now > 0 => figures.now,
                    _ => wall_ms(),
                };
                let situation = Situation {
                    figures,
                    spool: Some(&spool),
                    link: &link,
                    listening: self.board.started.elapsed(),
                    resident,
                    now,
                };
                // An announcement is no judgement: at the start nothing has been heard yet.
                let state = announced.unwrap_or_else(|| self.reporter.judge(point, &situation));
                self.board.post_state(point, state);
                health::observation(point, situation, state)
            })
            .collect();
        self.board.post_spool(spool);
        self.take(&observations);
    }

    fn append(&mut self, encoded: &Encoded) {
        let mut spool = lock(&self.shared.spool);
        // Losses must be the very next batch.
        if let Some(losses) = losses(&mut spool, &self.fallback, wall_ms()) {
            append_one(&mut spool, &losses);
        }
        append_one(&mut spool, encoded);
        self.unsynced = true;
    }

    fn flush(&mut self) {
        if let Some(encoded) = self.batch.take() {
            self.append(&encoded);
        }
        let since = self.since.take();
        self.due = None;
        let mut spool = lock(&self.shared.spool);
        let before = spool.durable();
        match spool.sync() {
            Ok(durable) => {
                self.unsynced = false;
                drop(spool);
                self.writable.ready();
                counter!(SPOOLED).increment(durable.saturating_sub(before));
                if let Some(since) = since {
                    histogram!(SPOOL_SECONDS).record(since.elapsed().as_secs_f64());
                }
                self.shared.durable.send_replace(durable);
            }
            Err(error) => {
                // The spool said so at ERROR when it parked; it is tried again by itself.
                tracing::debug!(%error, "spool not synced");
                self.unsynced = true;
                self.writable.not_ready(error.to_string());
            }
        }
    }

    fn last_sync(&mut self) {
        let patience = Instant::now() + LAST_SYNC;
        while self.unsynced && Instant::now() < patience {
            std::thread::sleep(RETRY);
            self.flush();
        }
        if self.unsynced {
            tracing::error!(
                "the last observations could not be made durable before the end; they are lost"
            );
        }
        self.board.post_spool(self.shared.status());
    }
}

/// How long an observation may wait for others: what was first seen just now, the sensor's linger; a further word about something long
/// known, a change of it included, up to a second. On a quiet network these are most, and each alone would cost an fsync, a TLS record
/// and an acknowledgement.
fn patience(observation: &Observation, linger: Duration) -> Duration {
    let known_for = observation.last_seen.saturating_sub(observation.first_seen);
    if known_for >= LONG_KNOWN_MS {
        linger.max(REFRESH_LINGER)
    } else {
        linger
    }
}

fn losses(spool: &mut Spool, point: &CapturePoint, now: Millis) -> Option<Encoded> {
    let mut batch = Batch::default();
    for loss in spool.losses() {
        tracing::error!(
            reason = loss.reason.as_str_name(),
            first = loss.first_seq,
            count = loss.count,
            "observations lost"
        );
        // A handful of reasons and ranges: always within one batch.
        drop(batch.push(&Observation {
            first_seen: now,
            last_seen: now,
            count: 1,
            origin: Origin {
                capture_point: point.clone(),
                vlans: Vec::new(),
                vni: None,
                erspan_session: None,
            },
            body: Body::Loss(loss),
        }));
    }
    batch.take()
}

fn append_one(spool: &mut Spool, encoded: &Encoded) {
    match spool.append(&encoded.body, encoded.count) {
        Ok(_) => {}
        Err(AppendError::Parked { count, .. }) => {
            tracing::debug!(
                count,
                "observations counted as lost while the spool is parked"
            );
        }
        Err(error) => {
            counter!(BATCHES_REFUSED).increment(1);
            tracing::error!(%error, "batch refused; this is a defect");
        }
    }
}

#[cfg(test)]
mod tests {
    use auscult_proto::observation::{Endpoint, Heartbeat};

    use super::*;

    fn seen(first_seen: Millis, last_seen: Millis) -> Observation {
        Observation {
            first_seen,
            last_seen,
            count: 1,
            origin: Origin {
                capture_point: "span0".parse().unwrap(),
                vlans: Vec::new(),
                vni: None,
                erspan_session: None,
            },
            body: Body::Heartbeat(Heartbeat {
                endpoint: Endpoint {
                    mac: None,
                    ip: None,
                },
                bytes_sent: 1,
                packets_sent: 1,
            }),
        }
    }

    #[test]
    fn news_waits_for_the_linger_and_a_further_word_longer() {
        let linger = Duration::from_millis(150);
        assert_eq!(patience(&seen(5, 5), linger), linger);
        assert_eq!(patience(&seen(5, 10_004), linger), linger);
        assert_eq!(patience(&seen(5, 10_005), linger), REFRESH_LINGER);
        assert_eq!(patience(&seen(i64::MIN, i64::MAX), linger), REFRESH_LINGER);
        let slow = Duration::from_secs(3);
        assert_eq!(patience(&seen(5, 60_000), slow), slow);
    }
}
