//! A spool, a log and a network that do as they are told.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auscult_proto::ids::{Incarnation, SensorIdentity};
use auscult_proto::wire;
use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::pki::{Bundle, TRUST_DOMAIN};
use crate::serve::{Admit, Arrival, Bound, Durable, Refused, ServeOptions, Terms};
use crate::session::{LinkOptions, LinkStatus, OutgoingBatch, Source, run};
use crate::{Limits, Refusal, bind};

pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until the watched value satisfies `condition`.
pub(super) async fn eventually<T: Clone + std::fmt::Debug>(
    watched: &watch::Receiver<T>,
    what: &str,
    condition: impl Fn(&T) -> bool,
) -> T {
    let mut waiting = watched.clone();
    let found = tokio::time::timeout(PATIENCE, waiting.wait_for(&condition)).await;
    if let Ok(Ok(value)) = found {
        return value.clone();
    }
    panic!("not in time: {what}; last seen {:?}", *watched.borrow());
}

/// A spool in memory.
pub(super) struct MemorySource {
    spool: Mutex<(u64, Vec<OutgoingBatch>)>,
    durable: watch::Sender<u64>,
    /// The only sensor it is for, once one has asked.
    owner: Mutex<Option<SensorIdentity>>,
}

impl MemorySource {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            spool: Mutex::new((1, Vec::new())),
            durable: watch::channel(0).0,
            owner: Mutex::default(),
        })
    }

    /// Adds `batches` of `count` observations and `bytes` bytes.
    pub(super) fn add(&self, batches: u64, count: u32, bytes: usize) -> u64 {
        let mut spool = self.spool.lock().unwrap();
        for _ in 0..batches {
            let first_seq = spool.0;
            spool.0 += u64::from(count);
            spool.1.push(OutgoingBatch {
                first_seq,
                count,
                body: vec![7; bytes].into(),
            });
        }
        let last = spool.0 - 1;
        drop(spool);
        self.durable.send_replace(last);
        last
    }

    pub(super) fn len(&self) -> usize {
        self.spool.lock().unwrap().1.len()
    }
}

#[expect(
    clippy::unwrap_in_result,
    reason = "a lock that is poisoned has failed the test already"
)]
impl Source for MemorySource {
    fn incarnation(&self) -> Incarnation {
        Incarnation(42)
    }

    fn next_unacked(&self) -> u64 {
        let spool = self.spool.lock().unwrap();
        spool.1.first().map_or(spool.0, |batch| batch.first_seq)
    }

    fn read_from(&self, seq: u64, max_bytes: usize) -> Result<Vec<OutgoingBatch>, String> {
        let spool = self.spool.lock().unwrap();
        let mut bytes = 0;
        Ok(spool
            .1
            .iter()
            .filter(|batch| batch.last_seq() >= seq)
            .take_while(|batch| {
                let first = bytes == 0;
                bytes += batch.body.len();
                first || bytes <= max_bytes
            })
            .cloned()
            .collect())
    }

    fn release(&self, through: u64) -> Result<(), String> {
        self.spool
            .lock()
            .unwrap()
            .1
            .retain(|batch| batch.last_seq() > through);
        Ok(())
    }

    fn claim(&self, sensor: &SensorIdentity) -> Result<(), String> {
        let mut owner = self.owner.lock().unwrap();
        match owner.get_or_insert_with(|| sensor.clone()) {
            owner if owner == sensor => Ok(()),
            owner => Err(format!("{owner} was here before")),
        }
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }
}

/// What the log in memory holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Logged {
    pub(super) arrivals: Vec<(Arc<SensorIdentity>, u64, u64, u32)>,
    /// Observations by sequence and how often they came, for one sensor.
    pub(super) seen: BTreeMap<u64, u32>,
    pub(super) hellos: u64,
    pub(super) waiting_bytes: usize,
    pub(super) peak_bytes: usize,
}

impl Logged {
    pub(super) fn holds_all(&self, last: u64) -> bool {
        self.seen.len() as u64 == last
            && self
                .seen
                .last_key_value()
                .is_some_and(|(seq, _)| *seq == last)
    }

    pub(super) fn duplicates(&self) -> usize {
        self.seen.values().filter(|times| **times > 1).count()
    }
}

/// What the log does with the next append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Accept,
    Refuse,
    SetAside,
}

/// A log in memory with a gate.
pub(super) struct MemoryLog {
    pub(super) logged: watch::Sender<Logged>,
    pub(super) gate: watch::Sender<bool>,
    fate: Mutex<BTreeMap<u64, Fate>>,
    pub(super) window_bytes: AtomicU64,
}

impl MemoryLog {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            logged: watch::channel(Logged::default()).0,
            gate: watch::channel(true).0,
            fate: Mutex::default(),
            window_bytes: AtomicU64::new(u64::MAX),
        })
    }

    pub(super) fn watch(&self) -> watch::Receiver<Logged> {
        self.logged.subscribe()
    }

    /// The batch that begins at this sequence meets this fate, once.
    pub(super) fn destine(&self, first_seq: u64, fate: Fate) {
        self.fate.lock().unwrap().insert(first_seq, fate);
    }
}

impl Admit for MemoryLog {
    fn hello(
        &self,
        _peer: &Arc<SensorIdentity>,
        _hello: &wire::SensorHello,
    ) -> Result<Terms, Refused> {
        self.logged.send_modify(|logged| logged.hellos += 1);
        Ok(Terms {
            window_bytes: self.window_bytes.load(Ordering::Relaxed),
        })
    }

    fn append(
        &self,
        peer: &Arc<SensorIdentity>,
        arrival: Arrival,
    ) -> BoxFuture<'static, Result<Durable, Refused>> {
        let Arrival {
            after_seq, batch, ..
        } = arrival;
        let fate = self
            .fate
            .lock()
            .unwrap()
            .remove(&batch.first_seq)
            .unwrap_or(Fate::Accept);
        self.logged.send_modify(|logged| {
            logged.waiting_bytes += batch.body.len();
            logged.peak_bytes = logged.peak_bytes.max(logged.waiting_bytes);
            if fate == Fate::Accept {
                logged
                    .arrivals
                    .push((Arc::clone(peer), after_seq, batch.first_seq, batch.count));
            }
        });
        let (logged, mut gate) = (self.logged.clone(), self.gate.subscribe());
        // As a log does: what was handed over goes on, whether anybody waits for it or not.
        let handed_over = tokio::spawn(async move {
            gate.wait_for(|open| *open).await.unwrap();
            logged.send_modify(|logged| {
                logged.waiting_bytes -= batch.body.len();
                if fate == Fate::Accept {
                    for seq in (batch.first_seq..).take(batch.count as usize) {
                        *logged.seen.entry(seq).or_default() += 1;
                    }
                }
            });
            match fate {
                Fate::Accept => Ok(Durable::Logged),
                Fate::SetAside => Ok(Durable::SetAside),
                Fate::Refuse => Err(Refused {
                    reason: Refusal::LogUnavailable,
                    text: "the log said no".to_owned(),
                    retry_after: Duration::from_millis(20),
                }),
            }
        });
        async move { handed_over.await.unwrap() }.boxed()
    }
}

/// Something that runs until told to stop.
pub(super) struct Running<T> {
    stop: Option<oneshot::Sender<()>>,
    join: JoinHandle<T>,
}

impl<T> Running<T> {
    pub(super) async fn stop(mut self) -> T {
        drop(self.stop.take());
        tokio::time::timeout(PATIENCE, self.join)
            .await
            .expect("stops in time")
            .unwrap()
    }
}

pub(super) struct Collector {
    pub(super) address: SocketAddr,
    pub(super) running: Running<()>,
}

pub(super) fn limits() -> Limits {
    Limits {
        drain: Duration::from_secs(2),
        ..Limits::default()
    }
}

pub(super) fn serve_options(bundle: &Bundle, limits: Limits) -> ServeOptions {
    ServeOptions {
        credentials_every: Duration::from_millis(20),
        limits,
        ..ServeOptions::new("127.0.0.1:0".parse().unwrap(), bundle.paths(), TRUST_DOMAIN)
    }
}

pub(super) async fn collector(options: ServeOptions, log: &Arc<MemoryLog>) -> Collector {
    let bound: Bound = bind(options).await.unwrap();
    let address = bound.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let admit = Arc::clone(log) as Arc<dyn Admit>;
    let join = tokio::spawn(async move {
        bound
            .run(admit, async move { drop(stopped.await) })
            .await
            .unwrap();
    });
    Collector {
        address,
        running: Running {
            stop: Some(stop),
            join,
        },
    }
}

pub(super) struct Sensor {
    pub(super) status: watch::Receiver<LinkStatus>,
    pub(super) running: Running<()>,
}

pub(super) fn link_options(bundle: &Bundle, address: SocketAddr) -> LinkOptions {
    let mut options = LinkOptions::new(bundle.dial(address), "test", 1);
    options.timing.backoff_min_ms = 10;
    options.timing.backoff_max_ms = 100;
    options
}

pub(super) fn sensor(options: LinkOptions, source: &Arc<MemorySource>) -> Sensor {
    let (status, watched) = watch::channel(LinkStatus::default());
    let (stop, stopped) = oneshot::channel::<()>();
    let source = Arc::clone(source) as Arc<dyn Source>;
    let join = tokio::spawn(async move {
        run(options, source, status, async move { drop(stopped.await) }).await;
    });
    Sensor {
        status: watched,
        running: Running {
            stop: Some(stop),
            join,
        },
    }
}

/// A network that can be cut.
pub(super) struct Proxy {
    pub(super) address: SocketAddr,
    cuts: watch::Sender<u64>,
}

impl Proxy {
    pub(super) async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (cuts, cut) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (mut near, _) = listener.accept().await.unwrap();
                let mut cut = cut.clone();
                cut.mark_unchanged();
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(target).await else {
                        return;
                    };
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self { address, cuts }
    }

    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

/// Counters of this thread, by name and labels.
#[derive(Clone, Default)]
pub(super) struct Tally(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

impl Tally {
    pub(super) fn of(&self, name: &str, reason: &str) -> u64 {
        let key = format!("{name} {reason}");
        let tally = self.0.lock().unwrap();
        tally
            .get(&key)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    fn slot(&self, key: &::metrics::Key) -> Arc<AtomicU64> {
        let labels: Vec<&str> = key.labels().map(::metrics::Label::value).collect();
        let key = format!("{} {}", key.name(), labels.join(" "));
        Arc::clone(self.0.lock().unwrap().entry(key).or_default())
    }
}

impl ::metrics::Recorder for Tally {
    fn describe_counter(
        &self,
        _: ::metrics::KeyName,
        _: Option<::metrics::Unit>,
        _: ::metrics::SharedString,
    ) {
    }

    fn describe_gauge(
        &self,
        _: ::metrics::KeyName,
        _: Option<::metrics::Unit>,
        _: ::metrics::SharedString,
    ) {
    }

    fn describe_histogram(
        &self,
        _: ::metrics::KeyName,
        _: Option<::metrics::Unit>,
        _: ::metrics::SharedString,
    ) {
    }

    fn register_counter(
        &self,
        key: &::metrics::Key,
        _: &::metrics::Metadata<'_>,
    ) -> ::metrics::Counter {
        ::metrics::Counter::from_arc(self.slot(key))
    }

    fn register_gauge(&self, _: &::metrics::Key, _: &::metrics::Metadata<'_>) -> ::metrics::Gauge {
        ::metrics::Gauge::noop()
    }

    fn register_histogram(
        &self,
        _: &::metrics::Key,
        _: &::metrics::Metadata<'_>,
    ) -> ::metrics::Histogram {
        ::metrics::Histogram::noop()
    }
}
