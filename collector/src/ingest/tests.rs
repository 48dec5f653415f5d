use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use auscult_link::{
    Admit, Arrival, CredentialPaths, DialOptions, Durable, LinkOptions, LinkStatus, OutgoingBatch,
    Refusal, Refused, ServeOptions, Source,
};
use auscult_log::{
    AppendError, Appender, EngineLog, Log, LogError, Message, Reader, StartAt, Topic,
};
use auscult_proto::ids::{Incarnation, SensorIdentity};
use auscult_proto::wire;
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use prost::Message as _;
use tokio::sync::{oneshot, watch};

use super::admission::Admission;
use super::{IngestError, IngestOptions, bind};
use crate::pki::{Init, Issue, init, issue};

/// What the log does with the appends to come, oldest first; then it accepts.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Accept,
    Retry,
    Fatal,
}

#[derive(Debug, Default)]
struct Held {
    records: BTreeMap<Topic, Vec<Message>>,
    fates: BTreeMap<Topic, VecDeque<Fate>>,
    missing: Option<Topic>,
}

/// A log in memory.
#[derive(Debug, Clone, Default)]
struct FakeLog {
    held: Arc<Mutex<Held>>,
    slow: bool,
}

impl FakeLog {
    fn destine(&self, topic: Topic, fates: &[Fate]) {
        let mut held = self.held.lock().unwrap();
        held.fates.entry(topic).or_default().extend(fates);
    }

    fn records(&self, topic: Topic) -> Vec<Message> {
        let held = self.held.lock().unwrap();
        held.records.get(&topic).cloned().unwrap_or_default()
    }

    fn logged(&self) -> Vec<wire::LoggedBatch> {
        self.records(Topic::Observations)
            .into_iter()
            .map(|message| wire::LoggedBatch::decode(message.value.unwrap()).unwrap())
            .collect()
    }
}

impl Appender for FakeLog {
    fn append(&self, message: Message) -> BoxFuture<'static, Result<u64, AppendError>> {
        let mut held = self.held.lock().unwrap();
        let fates = held.fates.entry(message.topic).or_default();
        let fate = fates.pop_front().unwrap_or(Fate::Accept);
        let records = held.records.entry(message.topic).or_default();
        let offset = records.len() as u64;
        if matches!(fate, Fate::Accept) {
            records.push(message);
        }
        // The first ones are the last to be known.
        let delay = Duration::from_millis(20_u64.saturating_sub(offset * 2));
        let slow = self.slow;
        async move {
            if slow {
                tokio::time::sleep(delay).await;
            }
            match fate {
                Fate::Accept => Ok(offset),
                Fate::Retry => Err(AppendError::Retry("no leader".to_owned())),
                Fate::Fatal => Err(AppendError::Fatal("too large".to_owned())),
            }
        }
        .boxed()
    }
}

#[expect(
    clippy::unwrap_in_result,
    reason = "a lock that is poisoned has failed the test already"
)]
impl Log for FakeLog {
    fn partitions(&self, topic: Topic) -> Result<u32, LogError> {
        if self.held.lock().unwrap().missing == Some(topic) {
            return Err(LogError::Fatal(format!("no topic {}", topic.name())));
        }
        Ok(4)
    }

    fn appender(&self) -> Result<Box<dyn Appender>, LogError> {
        Ok(Box::new(self.clone()))
    }

    fn engine(&self, _: &str) -> Result<Box<dyn EngineLog>, LogError> {
        Err(LogError::Fatal("not here".to_owned()))
    }

    fn reader(&self, _: Topic, _: StartAt) -> Result<Box<dyn Reader>, LogError> {
        Err(LogError::Fatal("not here".to_owned()))
    }
}

fn peer(sensor: &str) -> Arc<SensorIdentity> {
    let uri = format!("spiffe://hospital.example/site/main/sensor/{sensor}");
    Arc::new(uri.parse().unwrap())
}

fn arrival(first_seq: u64) -> Arrival {
    Arrival {
        incarnation: Incarnation(9),
        after_seq: first_seq - 1,
        batch: wire::Batch {
            first_seq,
            count: 3,
            body: Bytes::from_static(b"opaque"),
            unpacked_bytes: 0,
        },
    }
}

async fn append(admission: &Admission, sensor: &str, first_seq: u64) -> Result<Durable, Refused> {
    admission.append(&peer(sensor), arrival(first_seq)).await
}

#[tokio::test]
async fn site_and_sensor_come_from_the_certificate_and_the_body_goes_through_unread() {
    let log = FakeLog::default();
    let admission = Admission::new(Arc::new(log.clone()));
    assert_eq!(append(&admission, "icu-1", 7).await, Ok(Durable::Logged));
    let messages = log.records(Topic::Observations);
    assert_eq!(messages[0].key, "main");
    assert_eq!(messages[0].partition, None);
    let logged = log.logged().remove(0);
    assert_eq!(messages[0].timestamp_ms, logged.received_ms);
    assert!(logged.received_ms > 1_600_000_000_000);
    assert_eq!(
        logged,
        wire::LoggedBatch {
            site: "main".to_owned(),
            sensor: "icu-1".to_owned(),
            incarnation: 9,
            first_seq: 7,
            count: 3,
            received_ms: logged.received_ms,
            body: Bytes::from_static(b"opaque"),
            after_seq: 6,
        }
    );
}

#[tokio::test]
async fn batches_are_handed_over_in_the_order_of_the_calls() {
    let log = FakeLog {
        slow: true,
        ..FakeLog::default()
    };
    let admission = Admission::new(Arc::new(log.clone()));
    let sensor = peer("icu-1");
    let mut underway: Vec<_> = (1..9)
        .map(|seq| admission.append(&sensor, arrival(seq)))
        .collect();
    underway.reverse();
    for outcome in underway {
        assert_eq!(outcome.await, Ok(Durable::Logged));
    }
    let order: Vec<u64> = log.logged().iter().map(|batch| batch.first_seq).collect();
    assert_eq!(order, (1..9).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_the_log_may_take_later_is_refused_for_now() {
    let log = FakeLog::default();
    log.destine(Topic::Observations, &[Fate::Retry]);
    let admission = Admission::new(Arc::new(log.clone()));
    let refused = append(&admission, "icu-1", 1).await.unwrap_err();
    assert_eq!(refused.reason, Refusal::LogUnavailable);
    assert!(refused.text.contains("no leader"));
    assert!(refused.retry_after > Duration::ZERO);
    // Readiness hangs on it.
    let standing = admission.refusals().standing().unwrap();
    assert!(standing.contains("no leader"), "{standing}");
    assert_eq!(append(&admission, "icu-1", 1).await, Ok(Durable::Logged));
    assert_eq!(admission.refusals().standing(), None);
    assert!(log.records(Topic::Quarantine).is_empty());
}

#[tokio::test]
async fn a_log_that_takes_nothing_moves_nothing_into_quarantine() {
    let log = FakeLog::default();
    log.destine(Topic::Observations, &[Fate::Fatal; 40]);
    let admission = Admission::new(Arc::new(log.clone()));
    for _ in 0..20 {
        for sensor in ["icu-1", "icu-2"] {
            assert!(append(&admission, sensor, 1).await.is_err());
        }
    }
    assert!(log.records(Topic::Quarantine).is_empty());
    assert_eq!(append(&admission, "icu-1", 1).await, Ok(Durable::Logged));
}

#[tokio::test]
async fn a_batch_refused_while_others_are_taken_is_set_aside_whole() {
    let log = FakeLog::default();
    let admission = Admission::new(Arc::new(log.clone()));
    log.destine(Topic::Observations, &[Fate::Fatal]);
    assert!(append(&admission, "icu-1", 1).await.is_err());
    assert_eq!(append(&admission, "icu-2", 1).await, Ok(Durable::Logged));
    log.destine(Topic::Observations, &[Fate::Fatal; 2]);
    assert!(append(&admission, "icu-1", 1).await.is_err());
    assert_eq!(append(&admission, "icu-1", 1).await, Ok(Durable::SetAside));
    let aside = log.records(Topic::Quarantine).remove(0);
    assert_eq!(aside.key, "main");
    let batch = wire::LoggedBatch::decode(aside.value.unwrap()).unwrap();
    assert_eq!(
        (batch.first_seq, batch.count, &batch.body[..]),
        (1, 3, &b"opaque"[..])
    );
    let headers: BTreeMap<_, _> = aside.headers.into_iter().collect();
    assert_eq!(headers["reason"], "refused_by_log");
    assert_eq!(headers["fault"], "too large");
    assert_eq!(headers["topic"], "auscult.int.observations.v1");
    // The next one begins anew.
    log.destine(Topic::Observations, &[Fate::Fatal]);
    assert!(append(&admission, "icu-1", 4).await.is_err());
}

#[tokio::test]
async fn what_quarantine_refuses_too_is_not_acknowledged() {
    let log = FakeLog::default();
    let admission = Admission::new(Arc::new(log.clone()));
    log.destine(Topic::Observations, &[Fate::Fatal]);
    assert!(append(&admission, "icu-1", 1).await.is_err());
    assert_eq!(append(&admission, "icu-2", 1).await, Ok(Durable::Logged));
    log.destine(Topic::Observations, &[Fate::Fatal; 4]);
    log.destine(Topic::Quarantine, &[Fate::Fatal, Fate::Retry]);
    for _ in 0..3 {
        let refused = append(&admission, "icu-1", 1).await.unwrap_err();
        assert_eq!(refused.reason, Refusal::LogUnavailable);
    }
    assert_eq!(append(&admission, "icu-1", 1).await, Ok(Durable::SetAside));
}

struct Spool {
    batches: Mutex<Vec<OutgoingBatch>>,
    durable: watch::Sender<u64>,
}

impl Spool {
    fn of(batches: u64) -> Arc<Self> {
        let batch = |index: u64| OutgoingBatch {
            first_seq: index * 5 + 1,
            count: 5,
            body: vec![1; 1000].into(),
        };
        Arc::new(Self {
            batches: Mutex::new((0..batches).map(batch).collect()),
            durable: watch::channel(batches * 5).0,
        })
    }
}

#[expect(
    clippy::unwrap_in_result,
    reason = "a lock that is poisoned has failed the test already"
)]
impl Source for Spool {
    fn incarnation(&self) -> Incarnation {
        Incarnation(3)
    }

    fn next_unacked(&self) -> u64 {
        let batches = self.batches.lock().unwrap();
        batches.first().map_or(1, |batch| batch.first_seq)
    }

    fn read_from(&self, seq: u64, _: usize) -> Result<Vec<OutgoingBatch>, String> {
        let batches = self.batches.lock().unwrap();
        let from = batches.iter().filter(|batch| batch.first_seq >= seq);
        Ok(from.take(7).cloned().collect())
    }

    fn release(&self, through: u64) -> Result<(), String> {
        let mut batches = self.batches.lock().unwrap();
        batches.retain(|batch| batch.last_seq() > through);
        Ok(())
    }

    fn changed(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }
}

fn files(dir: &Path) -> CredentialPaths {
    CredentialPaths {
        certificate: dir.join("cert.pem"),
        key: dir.join("key.pem"),
        roots: dir.join("roots.pem"),
        own_roots: None,
    }
}

fn collector_files(home: &Path) -> ServeOptions {
    let collector = init(&Init {
        dir: home.to_owned(),
        trust_domain: "hospital.example".to_owned(),
        server_names: vec!["127.0.0.1".to_owned()],
        days: 1,
        force: false,
    });
    let listen = "127.0.0.1:0".parse().unwrap();
    ServeOptions::new(listen, files(&collector.unwrap().dir), "hospital.example")
}

#[tokio::test]
async fn a_sensor_with_issued_files_delivers_through_refusals_and_each_batch_is_logged() {
    let home = tempfile::tempdir().unwrap();
    let log = FakeLog {
        slow: true,
        ..FakeLog::default()
    };
    let mut fates = vec![Fate::Accept; 30];
    fates.push(Fate::Retry);
    log.destine(Topic::Observations, &fates);
    let serve = collector_files(home.path());
    let ingest = bind(IngestOptions { serve }, Arc::new(log.clone())).await;
    let ingest = ingest.unwrap();
    let address = ingest.address();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(ingest.run(async move { drop(stopped.await) }));

    let sensor = issue(&Issue {
        dir: home.path().to_owned(),
        site: "main".parse().unwrap(),
        sensor: "icu-1".parse().unwrap(),
        days: 1,
        force: false,
    });
    let dial = DialOptions::new(address.to_string(), files(&sensor.unwrap().dir));
    let spool = Spool::of(100);
    let (status, mut watched) = watch::channel(LinkStatus::default());
    let (end, ended) = oneshot::channel::<()>();
    let link = tokio::spawn(auscult_link::run(
        LinkOptions::new(dial, "test", 1),
        spool.clone(),
        status,
        async move { drop(ended.await) },
    ));
    let all = watched.wait_for(|status| status.acked == 500);
    let delivered = tokio::time::timeout(Duration::from_secs(30), all).await;
    delivered.expect("delivered in time").unwrap();
    drop(end);
    link.await.unwrap();
    assert!(spool.batches.lock().unwrap().is_empty());
    drop(stop);
    serving.await.unwrap().unwrap();

    let logged = log.logged();
    // Folded as a reader does it: what stands behind the hole is passed over, and comes again.
    let mut position = 0;
    let mut folded = Vec::new();
    for batch in &logged {
        assert_eq!(
            (batch.site.as_str(), batch.sensor.as_str()),
            ("main", "icu-1")
        );
        assert_eq!(batch.incarnation, 3);
        if batch.after_seq <= position && batch.first_seq > position {
            folded.push(batch.first_seq);
            position = batch.first_seq + 4;
        }
    }
    assert_eq!(
        folded,
        (0..100).map(|index| index * 5 + 1).collect::<Vec<u64>>()
    );
}

#[tokio::test]
async fn missing_topics_and_credentials_stop_it_before_it_listens() {
    let home = tempfile::tempdir().unwrap();
    let serve = collector_files(home.path());
    let options = IngestOptions { serve };
    for topic in [Topic::Observations, Topic::Quarantine] {
        let log = FakeLog::default();
        log.held.lock().unwrap().missing = Some(topic);
        let refused = bind(options.clone(), Arc::new(log)).await.unwrap_err();
        assert!(refused.to_string().contains(topic.name()), "{refused}");
    }
    std::fs::remove_file(home.path().join("collector/key.pem")).unwrap();
    let refused = bind(options, Arc::new(FakeLog::default())).await;
    assert!(matches!(refused, Err(IngestError::Link(_))));
}
