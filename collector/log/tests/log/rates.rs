//! How fast each log is. Not run by default: `cargo test --release -p auscult-log --test log rates:: -- --ignored --nocapture
//! --test-threads 1`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use auscult_log::{EmbeddedLog, EngineLog, Log, Message, Polled, Topic, Transaction};
use bytes::Bytes;
use futures::future::join_all;

use crate::suite::{Keep, assigned, block_on};
use crate::{embedded, kafka};

/// An observation is about this many bytes on the wire.
const OBSERVATION: usize = 200;

fn body(observations: usize, seed: usize) -> Bytes {
    // Half of it repeats, as facts do.
    (0..observations * OBSERVATION)
        .map(|n| {
            let n = n + seed;
            if n.is_multiple_of(2) {
                b'a'
            } else {
                (n.wrapping_mul(2_654_435_761) >> 11).to_le_bytes()[0]
            }
        })
        .collect()
}

fn record(topic: Topic, partition: u32, key: &str, value: Bytes) -> Message {
    Message {
        topic,
        partition: Some(partition),
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: Some(value),
        headers: Vec::new(),
        timestamp_ms: 0,
    }
}

fn append(name: &str, log: &dyn Log, observations: usize, records: usize) {
    let appender = log.appender().unwrap();
    let bodies: Vec<Bytes> = (0..16).map(|seed| body(observations, seed * 977)).collect();
    let started = Instant::now();
    block_on(async {
        let mut under_way = Vec::new();
        for n in 0..records {
            let partition = u32::try_from(n % 4).unwrap();
            let message = record(
                Topic::Observations,
                partition,
                "site",
                bodies[n % 16].clone(),
            );
            under_way.push(appender.append(message));
            if under_way.len() == 1000 {
                for outcome in join_all(under_way.drain(..500)).await {
                    outcome.unwrap();
                }
            }
        }
        for outcome in join_all(under_way).await {
            outcome.unwrap();
        }
    });
    report(
        &format!("{name}: append, {observations} observations a record"),
        records,
        observations,
        started,
    );
}

fn report(what: &str, records: usize, observations: usize, started: Instant) {
    let took = started.elapsed().as_secs_f64();
    let records = f64::from(u32::try_from(records).unwrap());
    let observations = records * f64::from(u32::try_from(observations).unwrap());
    println!(
        "{what}: {:.0} records/s, {:.0} observations/s ({took:.2} s)",
        records / took,
        observations / took
    );
}

/// Reads everything there is; one in five observations changes state (200 B) and one in fifty is published.
fn process(name: &str, engine: &mut dyn EngineLog, observations: usize, records: usize) {
    let value = body(1, 3);
    let started = Instant::now();
    let (mut done, mut key, mut transactions) = (0, 0_usize, 0_usize);
    let mut pending = Transaction::default();
    let mut slowest = Duration::ZERO;
    while done < records {
        let polled = engine.poll(Duration::from_millis(100)).unwrap();
        if let Polled::Records(found) = polled {
            for stored in found {
                done += 1;
                for n in 0..observations.div_ceil(5) {
                    key += 1;
                    let name = format!("site/device/{}", (key * 7) % 5000);
                    pending.records.push(record(
                        Topic::State,
                        stored.partition,
                        &name,
                        value.clone(),
                    ));
                    if n % 10 == 0 {
                        pending
                            .records
                            .push(record(Topic::Lifecycle, 0, &name, value.clone()));
                    }
                }
                pending.consumed.insert(stored.partition, stored.offset + 1);
            }
        }
        if pending.records.len() > 10_000 || (done == records && !pending.consumed.is_empty()) {
            let at = Instant::now();
            engine.commit(std::mem::take(&mut pending)).unwrap();
            slowest = slowest.max(at.elapsed());
            transactions += 1;
        }
    }
    report(
        &format!(
            "{name}: consume-produce-commit, {transactions} transactions, slowest {slowest:?}"
        ),
        records,
        observations,
        started,
    );
}

fn restore(name: &str, engine: &mut dyn EngineLog) {
    let started = Instant::now();
    let mut count = 0;
    for partition in 0..4 {
        engine.restore(partition, &mut |_| count += 1).unwrap();
    }
    println!(
        "{name}: restore of 4 partitions, {count} records: {:?}",
        started.elapsed()
    );
}

fn measure(name: &str, log: &dyn Log) {
    append(name, log, 100, 10_000);
    append(name, log, 1, 100_000);
    let mut engine = log.engine("rates").unwrap();
    assigned(&mut *engine, 4);
    process(name, &mut *engine, 100, 10_000);
    restore(name, &mut *engine);
    let started = Instant::now();
    for n in 0..100 {
        engine
            .commit(Transaction {
                records: vec![record(Topic::State, 0, "k", body(1, n))],
                consumed: BTreeMap::from([(0, 2500)]),
            })
            .unwrap();
    }
    println!(
        "{name}: smallest transaction: {:?}",
        started.elapsed() / 100
    );
    let started = Instant::now();
    engine.rewind().unwrap();
    println!("{name}: rewind: {:?}", started.elapsed());
}

#[test]
#[ignore = "measures"]
fn embedded_log() {
    let dir =
        tempfile::tempdir_in(std::env::var("AUSCULT_RATES_DIR").unwrap_or("/var/tmp".to_owned()))
            .unwrap();
    let options = auscult_log::EmbeddedOptions {
        partitions: embedded::options(Keep::default()).partitions,
        ..auscult_log::EmbeddedOptions::default()
    };
    let log = EmbeddedLog::open(dir.path(), options).unwrap();
    measure("embedded", &log);
}

#[test]
#[ignore = "measures"]
fn apache_kafka() {
    let log = kafka::shared("rates");
    measure("kafka", &log);
    let started = Instant::now();
    let mut engine = log.engine("rates").unwrap();
    println!("kafka: engine(): {:?}", started.elapsed());
    assigned(&mut *engine, 4);
    println!("kafka: assigned: {:?}", started.elapsed());
    let started = Instant::now();
    drop(engine);
    println!("kafka: drop: {:?}", started.elapsed());
    let started = Instant::now();
    let mut engine = log.engine("rates").unwrap();
    println!("kafka: engine() again: {:?}", started.elapsed());
    assigned(&mut *engine, 4);
    println!("kafka: assigned: {:?}", started.elapsed());
}
