//! The engine with the real inventory over the real log on disk: restarts, resends, poison.
#![expect(
    clippy::unwrap_used,
    clippy::unwrap_in_result,
    reason = "a test that cannot go on should fail"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auscult_collector::engine::inventory::SiteSettings;
use auscult_collector::engine::run::{EngineFault, Member, Pace};
use auscult_collector::engine::vitals::Vitals;
use auscult_inventory::{Policy, SiteInventory};
use auscult_log::{EmbeddedLog, EmbeddedOptions, Log, Message, StartAt, Stored, Topic};
use auscult_ocsf::Context;
use auscult_process::{Readiness, shutdown};
use auscult_proto::mac::Mac;
use auscult_proto::observation::{
    Body, Endpoint, Fact, FactFlags, Heartbeat, Observation, Origin, Subject,
};
use auscult_proto::{Attribute, ConfidenceClass, Field, convert, digest, wire};
use bytes::Bytes;
use prost::Message as _;

const START: i64 = 1_700_000_000_000;

fn open(dir: &Path) -> Arc<EmbeddedLog> {
    let options = EmbeddedOptions {
        partitions: Topic::ALL.into_iter().map(|topic| (topic, 2)).collect(),
        reserve_bytes: 0,
        ..EmbeddedOptions::default()
    };
    Arc::new(EmbeddedLog::open(dir, options).unwrap())
}

/// Observation number `seq`: devices speak, and now and then one states a name.
fn observation(seq: u64) -> Observation {
    let sender = Endpoint {
        mac: Some(Mac([0, 0x1a, 0xfa, 0, 0, u8::try_from(seq % 7).unwrap()])),
        ip: Some([10, 0, 0, u8::try_from(seq % 7 + 1).unwrap()].into()),
    };
    let seen = START + i64::try_from(seq).unwrap() * 5_000;
    Observation {
        first_seen: seen,
        last_seen: seen,
        count: 1,
        origin: Origin {
            capture_point: "span0".parse().unwrap(),
            vlans: vec![10],
            vni: None,
            erspan_session: None,
        },
        body: if seq.is_multiple_of(5) {
            Body::Fact(Fact {
                sender,
                subject: Subject::Sender,
                attribute: Attribute::Hostname,
                field: Field::Dhcpv4Opt12,
                value: format!("pump-{}", seq % 7),
                class: ConfidenceClass::D2,
                flags: FactFlags::default(),
            })
        } else {
            Body::Heartbeat(Heartbeat {
                endpoint: sender,
                bytes_sent: seq * 100,
                packets_sent: seq,
            })
        },
    }
}

fn batch(site: &str, first_seq: u64, count: u64) -> wire::LoggedBatch {
    let observations: Vec<_> = (first_seq..first_seq + count).map(observation).collect();
    wire::LoggedBatch {
        site: site.to_owned(),
        sensor: "s1".to_owned(),
        incarnation: 9,
        first_seq,
        after_seq: first_seq - 1,
        count: u32::try_from(count).unwrap(),
        received_ms: START + 10_000_000,
        body: convert::encode_body(&observations).into(),
    }
}

fn append(log: &EmbeddedLog, batches: &[wire::LoggedBatch]) {
    let appender = log.appender().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for batch in batches {
        let message = Message {
            topic: Topic::Observations,
            partition: None,
            key: Bytes::from(batch.site.clone()),
            value: Some(batch.encode_to_vec().into()),
            headers: Vec::new(),
            timestamp_ms: batch.received_ms,
        };
        runtime.block_on(appender.append(message)).unwrap();
    }
}

fn behind(log: &EmbeddedLog) -> u64 {
    (0..2)
        .map(|partition| {
            let end = log.extent(Topic::Observations, partition).1;
            end - log.committed(partition).unwrap_or(0)
        })
        .sum()
}

/// Runs one engine until at most `left` records are left to fold.
fn run(log: &Arc<EmbeddedLog>, left: u64) -> Result<(), EngineFault> {
    let (shutdown, trigger) = shutdown::token();
    let member = Member::<SiteInventory> {
        name: "engine-0".to_owned(),
        beside: None,
        settings: SiteSettings {
            policy: Policy::default(),
            context: Context {
                cluster: "test".to_owned(),
                version: "0".to_owned(),
                tenant: None,
            },
        },
        pace: Pace {
            observations: 10,
            ..Pace::default()
        },
        latch: Readiness::new().register("engine"),
        vitals: Arc::new(Vitals::default()),
        shutdown,
    };
    let engine = {
        let log = Arc::clone(log);
        std::thread::spawn(move || member.run(log.as_ref()))
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    while behind(log) > left && !engine.is_finished() {
        assert!(Instant::now() < deadline, "{} records left", behind(log));
        std::thread::sleep(Duration::from_millis(2));
    }
    trigger.fire();
    engine.join().unwrap()
}

fn read(log: &EmbeddedLog, topic: Topic) -> Vec<Stored> {
    let mut reader = log.reader(topic, StartAt::Beginning).unwrap();
    let mut records = Vec::new();
    while !reader.caught_up() {
        records.extend(reader.next(Duration::from_millis(100)).unwrap());
    }
    records
}

/// The newest state record of every key, but for those that count how often something came.
fn state(log: &EmbeddedLog) -> BTreeMap<Bytes, Bytes> {
    let mut state = BTreeMap::new();
    for stored in read(log, Topic::State) {
        match stored.message.value {
            Some(value) => drop(state.insert(stored.message.key, value)),
            None => drop(state.remove(&stored.message.key)),
        }
    }
    state
}

/// What readers of a public topic see, in order by key.
fn public(log: &EmbeddedLog, topic: Topic) -> BTreeMap<Bytes, Vec<Message>> {
    let mut lanes: BTreeMap<Bytes, Vec<Message>> = BTreeMap::new();
    for stored in read(log, topic) {
        let lane = lanes.entry(stored.message.key.clone()).or_default();
        // The time is the log's own: when it took the record.
        lane.push(Message {
            timestamp_ms: 0,
            ..stored.message
        });
    }
    lanes
}

fn position(log: &EmbeddedLog, site: &str) -> wire::SensorPosition {
    let key = format!("{site}/sensor/s1/0000000000000009");
    let value = state(log).remove(key.as_bytes()).unwrap();
    wire::SensorPosition::decode(value).unwrap()
}

fn traffic() -> Vec<wire::LoggedBatch> {
    let sites = ["main", "north", "west"];
    (0..60)
        .map(|n| batch(sites[n as usize % 3], n / 3 * 6 + 1, 6))
        .collect()
}

#[test]
fn an_engine_started_again_and_again_folds_what_one_run_folds() {
    let batches = traffic();
    let one = tempfile::tempdir().unwrap();
    let straight = open(one.path());
    append(&straight, &batches);
    run(&straight, 0).unwrap();

    let many = tempfile::tempdir().unwrap();
    for part in batches.chunks(25) {
        let log = open(many.path());
        append(&log, part);
        // Ends in the middle of its work, then goes on in a new process, so to say.
        for left in [15, 7, 0] {
            run(&log, left).unwrap();
        }
    }
    let restarted = open(many.path());
    assert_eq!(behind(&restarted), 0);
    assert_eq!(state(&restarted), state(&straight));
    assert!(public(&straight, Topic::Inventory).len() >= 21);
    for topic in [Topic::Inventory, Topic::Lifecycle, Topic::Health] {
        let (ours, theirs) = (public(&restarted, topic), public(&straight, topic));
        assert!(ours.keys().eq(theirs.keys()), "{topic:?}");
        for (key, records) in &ours {
            assert_eq!(records, &theirs[key], "{topic:?}");
        }
    }
    let position = position(&restarted, "main");
    assert_eq!((position.folded, position.last_seq), (120, 120));
    let expected = (1..=120)
        .map(|seq| digest::of(seq, &observation(seq)))
        .fold(0, u64::wrapping_add);
    assert_eq!(position.digest, expected);
}

#[test]
fn what_is_sent_again_is_folded_once() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let first = batch("main", 1, 10);
    let overlapping = wire::LoggedBatch {
        after_seq: 0,
        ..batch("main", 6, 10)
    };
    append(&log, &[first.clone(), first.clone(), overlapping, first]);
    run(&log, 0).unwrap();
    let position = position(&log, "main");
    assert_eq!((position.folded, position.duplicates), (15, 25));
    assert_eq!(position.missing, 0);
}

#[test]
fn a_batch_in_quarantine_holds_nobody_up_and_counts_as_missing() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let bad = wire::LoggedBatch {
        body: Bytes::from_static(b"\x0a\x02\xff\xff"),
        ..batch("main", 11, 10)
    };
    let batches = [
        batch("main", 1, 10),
        bad,
        batch("main", 21, 10),
        batch("north", 1, 5),
    ];
    append(&log, &batches);
    run(&log, 0).unwrap();
    let quarantined = read(&log, Topic::Quarantine);
    assert_eq!(quarantined.len(), 1);
    let reason = &quarantined[0].message.headers[0];
    assert_eq!(reason.0, "reason");
    assert_eq!(reason.1, "body_undecodable");
    let at_main = position(&log, "main");
    assert_eq!((at_main.folded, at_main.missing), (20, 10));
    assert_eq!(at_main.last_seq, 30);
    assert_eq!(position(&log, "north").folded, 5);
}

#[test]
fn state_that_cannot_be_read_stops_the_engine_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    append(&log, &[batch("main", 1, 5)]);
    run(&log, 0).unwrap();
    let partition = read(&log, Topic::State)[0].partition;
    let mut engine = log.engine("vandal").unwrap();
    let damage = auscult_log::Transaction {
        records: vec![Message {
            topic: Topic::State,
            partition: Some(partition),
            key: Bytes::from_static(b"main/sensor/s1/0000000000000009"),
            value: Some(Bytes::from_static(b"\xff")),
            headers: Vec::new(),
            timestamp_ms: START,
        }],
        consumed: BTreeMap::new(),
    };
    while !matches!(
        engine.poll(Duration::from_millis(10)).unwrap(),
        auscult_log::Polled::Idle
    ) {}
    engine.commit(damage).unwrap();
    drop(engine);
    let fault = run(&log, 0);
    append(&log, &[batch("main", 6, 5)]);
    let fault = fault.and_then(|()| run(&log, 0)).unwrap_err().to_string();
    assert!(fault.contains("main/sensor/s1"), "{fault}");
    assert!(fault.contains("empty the state topic"), "{fault}");
}
