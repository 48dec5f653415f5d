//! From the embedded log to Kafka.

use std::collections::BTreeMap;

use auscult_log::admin::{self};
use auscult_log::copy::{self, copy};
use auscult_log::{EmbeddedLog, KafkaLog, Log, LogError, Topic, Transaction};

use crate::broker::{self, Broker};
use crate::child::inputs;
use crate::embedded;
use crate::kafka::{options, plan, shared};
use crate::suite::{
    append, assigned, block_on, message, partitions, poll_records, read_all, restored, values,
};

/// A trial: an engine has read a part, state was superseded, tombstones were written.
fn trial(dir: &std::path::Path, total: u64, read: usize) -> EmbeddedLog {
    let log = embedded::open(dir);
    inputs(&log, total);
    let mut engine = log.engine("a").unwrap();
    assigned(&mut *engine, 4);
    for stored in poll_records(&mut *engine, read).iter().take(read) {
        let count = format!("{}", stored.offset + 1);
        let mut lifecycle = message(
            Topic::Lifecycle,
            stored.partition % 2,
            "d",
            Some(&crate::suite::value(stored)),
        );
        lifecycle.headers = vec![("ce_type".to_owned(), "new".into())];
        engine
            .commit(Transaction {
                records: vec![
                    message(Topic::State, stored.partition, "count", Some(&count)),
                    message(
                        Topic::State,
                        stored.partition,
                        &format!("n{count}"),
                        (count != "2").then_some("x"),
                    ),
                    lifecycle,
                ],
                consumed: BTreeMap::from([(stored.partition, stored.offset + 1)]),
            })
            .unwrap();
    }
    log
}

type Contents = BTreeMap<
    (Topic, u32),
    Vec<(
        bytes::Bytes,
        Option<bytes::Bytes>,
        Vec<(String, bytes::Bytes)>,
    )>,
>;

fn contents(log: &dyn Log) -> Contents {
    let mut contents = Contents::new();
    for topic in Topic::ALL {
        for stored in read_all(log, topic) {
            let message = stored.message;
            contents
                .entry((topic, stored.partition))
                .or_default()
                .push((message.key, message.value, message.headers));
        }
    }
    contents
}

#[test]
fn a_trial_becomes_production_bit_for_bit_and_the_engine_goes_on() {
    const TOTAL: u64 = 400;
    let dir = tempfile::tempdir().unwrap();
    let from = trial(dir.path(), TOTAL, 250);
    let to = shared("copy");
    // Cut off in the middle, twice; then whole.
    let mut cuts = 0;
    for cut in [3_u64, 150] {
        let cutting = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            copy(&from, &to, &mut |progress| {
                assert!(progress.copied < cut, "cut off")
            })
        }));
        cuts += usize::from(cutting.is_err());
    }
    assert_eq!(cuts, 2);
    let mut last = None;
    let done = copy(&from, &to, &mut |progress| last = Some(progress)).unwrap();
    assert!(
        done.resumed && !done.already && done.records > 0,
        "{done:?}"
    );
    assert!(last.is_some_and(|last| last.copied == done.records));
    assert_eq!(contents(&to), contents(&from));

    // The engine goes on with the record after the last it has read.
    let mut there = to.engine("a").unwrap();
    let told = assigned(&mut *there, 4);
    for partition in 0..4 {
        let read = from.committed(partition).unwrap_or(0);
        let state = restored(&mut *there, partition);
        let counted = state.get("count").map_or("0", String::as_str);
        assert_eq!(counted, read.to_string(), "{told:?}");
    }
    let left = poll_records(&mut *there, 150);
    let mut both = values(&left);
    both.extend(values(&read_all(&to, Topic::Lifecycle)));
    let mut numbers: Vec<u64> = both.iter().map(|text| text.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(
        numbers,
        (0..TOTAL).collect::<Vec<u64>>(),
        "each observation once"
    );
    drop(there);

    let again = copy(&from, &to, &mut |_| panic!("nothing is left to copy")).unwrap();
    assert_eq!(
        again,
        copy::Copied {
            records: 0,
            resumed: true,
            already: true
        }
    );
    inputs(&from, 4);
    let grown = copy(&from, &to, &mut |_| {});
    assert!(
        matches!(&grown, Err(LogError::Fatal(text)) if text.contains("grown")),
        "{grown:?}"
    );
    // Another log does not go on top of it.
    let other = tempfile::tempdir().unwrap();
    let refused = copy(&trial(other.path(), 4, 2), &to, &mut |_| {});
    assert!(
        matches!(&refused, Err(LogError::Fatal(text)) if text.contains("another log")),
        "{refused:?}"
    );
}

#[test]
fn a_copy_refuses_a_target_that_is_not_empty_or_of_another_shape() {
    let dir = tempfile::tempdir().unwrap();
    let from = trial(dir.path(), 8, 4);
    let full = shared("copy-full");
    append(
        &*full.appender().unwrap(),
        vec![message(Topic::Health, 0, "s", Some("x"))],
    );
    let refused = copy(&from, &full, &mut |_| {});
    let name = full.topic_name(Topic::Health);
    assert!(
        matches!(&refused, Err(LogError::Fatal(text)) if text.contains(&name)),
        "{refused:?}"
    );

    let other = KafkaLog::connect(options(
        Broker::shared().bootstrap(),
        &broker::prefix("copy-shape"),
    ))
    .unwrap();
    let mut shape = plan();
    shape.partitions.insert(Topic::Lifecycle, 5);
    block_on(admin::apply(&other, &shape)).unwrap();
    let refused = copy(&from, &other, &mut |_| {});
    let said = format!("5 partitions, the log has {}", partitions(Topic::Lifecycle));
    assert!(
        matches!(&refused, Err(LogError::Fatal(text)) if text.contains(&said)),
        "{refused:?}"
    );
}
