//! Brokers that die, partitions that move.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use auscult_log::admin::{self, TopicPlan};
use auscult_log::{KafkaLog, Log, Topic, Transaction};

use super::wait_for;
use crate::broker::{self, Broker, Shape};
use crate::child::{Member, exactly, inputs};
use crate::kafka::{create, options, plan, shared};
use crate::suite::{PATIENCE, append, assigned, block_on, message, poll_records, read_all};

type Stops = Mutex<BTreeMap<String, Arc<AtomicBool>>>;

struct StopAll<'a>(&'a Stops);

impl Drop for StopAll<'_> {
    fn drop(&mut self) {
        for stop in self.0.lock().unwrap().values() {
            stop.store(true, Ordering::SeqCst);
        }
    }
}

/// Runs engine members by name until every input has come out, doing `meanwhile` in between.
fn members_until(
    log: &KafkaLog,
    total: u64,
    meanwhile: impl FnOnce(&mut dyn FnMut(&str), &mut dyn FnMut(&str), &dyn Fn() -> u64),
) {
    let counted = AtomicU64::new(0);
    let stops = Stops::default();
    std::thread::scope(|scope| {
        // Also when this panics: the scope waits for its threads.
        let _stop_all = StopAll(&stops);
        let mut start = |name: &str| {
            let stop = Arc::new(AtomicBool::new(false));
            stops
                .lock()
                .unwrap()
                .insert(name.to_owned(), Arc::clone(&stop));
            let name = name.to_owned();
            let counted = &counted;
            scope.spawn(move || {
                let seed = crate::suite::seed();
                Member::new(&name, seed, 60).run(log, &|committed| {
                    counted.fetch_add(committed, Ordering::SeqCst);
                    stop.load(Ordering::SeqCst)
                });
            });
        };
        let mut end = |name: &str| {
            stops.lock().unwrap()[name].store(true, Ordering::SeqCst);
        };
        meanwhile(&mut start, &mut end, &|| counted.load(Ordering::SeqCst));
        let deadline = Instant::now() + PATIENCE;
        while counted.load(Ordering::SeqCst) < total && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    exactly(log, total);
}

#[test]
fn one_engine_becomes_three_and_one_again_and_every_output_comes_once() {
    const TOTAL: u64 = 3000;
    let log = shared("rebalance");
    let appender = log.appender().unwrap();
    members_until(&log, TOTAL, |start, end, counted| {
        let mut fed = 0;
        let mut feed = |until: u64| {
            let messages = (fed..until)
                .map(|n| {
                    message(
                        Topic::Observations,
                        u32::try_from(n % 4).unwrap(),
                        "s",
                        Some(&format!("{n}")),
                    )
                })
                .collect();
            append(&*appender, messages);
            fed = until;
        };
        start("a");
        feed(500);
        wait_for("the first engine works", || counted() > 100);
        start("b");
        start("c");
        feed(1500);
        wait_for("three engines work", || counted() > 1200);
        std::thread::sleep(Duration::from_millis(500));
        feed(2000);
        end("a");
        end("c");
        feed(TOTAL);
    });
}

#[test]
fn a_broker_killed_and_started_again_loses_and_repeats_nothing() {
    const TOTAL: u64 = 4000;
    let broker = Broker::start(Shape::default());
    let log = create(options(broker.bootstrap(), ""));
    let place = log.appender().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // In small steps, so that the kill falls into the middle.
            for from in (0..TOTAL).step_by(50) {
                let messages = (from..from + 50)
                    .map(|n| {
                        message(
                            Topic::Observations,
                            u32::try_from(n % 4).unwrap(),
                            "s",
                            Some(&format!("{n}")),
                        )
                    })
                    .collect();
                append(&*place, messages);
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        members_until(&log, TOTAL, |start, _, counted| {
            start("a");
            wait_for("the engine works", || counted() > 200);
            broker.kill9(1);
            std::thread::sleep(Duration::from_millis(300));
            broker.restart(1);
        });
    });
    let inputs = read_all(&log, Topic::Observations);
    assert_eq!(u64::try_from(inputs.len()).unwrap(), TOTAL);
}

#[test]
fn of_three_brokers_one_may_die() {
    const TOTAL: u64 = 1500;
    let broker = Broker::start(Shape {
        three: true,
        ..Shape::default()
    });
    let log = KafkaLog::connect(options(broker.bootstrap(), "")).unwrap();
    let copies = TopicPlan {
        replication: Some(3),
        ..plan()
    };
    for report in block_on(admin::apply(&log, &copies)).unwrap() {
        assert!(report.as_planned(), "{report:?}");
    }
    assert!(
        block_on(admin::check(&log, &copies))
            .unwrap()
            .iter()
            .all(|report| report.findings.is_empty())
    );
    let appender = log.appender().unwrap();
    let feed = |from: u64, until: u64| {
        let messages = (from..until)
            .map(|n| {
                message(
                    Topic::Observations,
                    u32::try_from(n % 4).unwrap(),
                    "s",
                    Some(&format!("{n}")),
                )
            })
            .collect();
        append(&*appender, messages);
    };
    members_until(&log, TOTAL, |start, _, counted| {
        start("a");
        feed(0, 500);
        wait_for("the engine works", || counted() > 100);
        broker.kill9(2);
        feed(500, 1000);
        wait_for("two brokers are enough", || counted() > 700);
        broker.restart(2);
        feed(1000, TOTAL);
    });
}

#[test]
fn an_engine_waits_for_the_transaction_of_one_that_vanished() {
    let mut quick = options(Broker::shared().bootstrap(), &broker::prefix("vanished"));
    quick.transaction_timeout = Duration::from_secs(3);
    let log = create(quick);
    inputs(&log, 4);
    let mut gone = log.engine("gone").unwrap();
    assigned(&mut *gone, 4);
    poll_records(&mut *gone, 4);
    let large = {
        let mut message = message(Topic::State, 0, "s", None);
        message.value = Some(vec![7; 900_000].into());
        message
    };
    gone.commit(Transaction {
        records: vec![large],
        consumed: BTreeMap::from([(0, 1)]),
    })
    .unwrap();
    drop(gone);
    // Another name: nothing fences, and what is committed is seen at once.
    let mut next = log.engine("next").unwrap();
    let told = assigned(&mut *next, 4);
    assert_eq!(told[&0], 1);
    let mut found = 0;
    next.restore(0, &mut |_| found += 1).unwrap();
    assert_eq!(found, 1);
}
