//! What the rest of the collector may rely on, whatever the log.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use auscult_log::partition::partition_of;
use auscult_log::record::{MAX_KEY_BYTES, MAX_RECORD_BYTES};
use auscult_log::{
    AppendError, Appender, CommitError, EngineLog, Log, LogError, Message, Polled, Reader, StartAt,
    Stored, Topic, Transaction,
};
use bytes::Bytes;

mod engines;
mod history;
mod keeping;
mod reading;

pub(crate) use engines::*;
pub(crate) use history::*;
pub(crate) use keeping::*;
pub(crate) use reading::*;

/// Long enough for the slowest thing that must come (a first consumer on a fresh broker).
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// Retention and bounds of a log under test; `None`: the topic's own.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Keep {
    pub retention: Option<Duration>,
    pub tombstones: Option<Duration>,
    pub topic_bytes: Option<u64>,
}

/// A log under test.
pub(crate) trait Subject: Send + Sync {
    fn log(&self) -> Arc<dyn Log>;
    /// Closes the log and opens it again.
    fn reopen(&mut self);
}

/// Makes empty logs.
pub(crate) trait Maker {
    fn make(name: &str, keep: Keep) -> Box<dyn Subject>;
}

/// Partition counts of every log under test.
pub(crate) fn partitions(topic: Topic) -> u32 {
    match topic {
        Topic::Observations | Topic::State => 4,
        Topic::Lifecycle => 2,
        _ => 1,
    }
}

#[macro_export]
macro_rules! conformance {
    ($maker:path) => {
        mod conformance {
            $crate::conformance!(@ $maker,
                a_record_is_read_as_it_was_written,
                order_within_a_partition_is_the_order_of_appending,
                reading_starts_at_any_offset,
                a_reader_at_the_end_sees_only_what_comes,
                waiting_ends_when_a_record_comes,
                the_key_decides_the_partition,
                a_reader_knows_when_it_has_caught_up,
                what_no_log_takes_is_refused,
                an_engine_goes_on_where_it_committed,
                a_transaction_handed_over_is_told_of_once_and_comes_before_the_next,
                a_refused_transaction_leaves_nothing,
                an_aborted_batch_is_read_again,
                an_older_engine_is_fenced,
                compaction_keeps_the_latest_of_each_key,
                old_tombstones_go,
                retention_by_age,
                retention_by_bytes,
                a_random_history_ends_as_in_the_model,
            );
        }
    };
    (@ $maker:path, $($test:ident),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                $crate::suite::$test::<$maker>();
            }
        )*
    };
}

// --- helpers ---------------------------------------------------------------------------------------------------------------------

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

pub(crate) fn message(topic: Topic, partition: u32, key: &str, value: Option<&str>) -> Message {
    Message {
        topic,
        partition: Some(partition),
        key: Bytes::copy_from_slice(key.as_bytes()),
        value: value.map(|value| Bytes::copy_from_slice(value.as_bytes())),
        headers: Vec::new(),
        timestamp_ms: 1_700_000_000_000,
    }
}

/// Appends in order, all under way at once, and returns the offsets.
pub(crate) fn append(appender: &dyn Appender, messages: Vec<Message>) -> Vec<u64> {
    let appends: Vec<_> = messages
        .into_iter()
        .map(|message| appender.append(message))
        .collect();
    block_on(async {
        let mut offsets = Vec::new();
        for append in appends {
            offsets.push(append.await.unwrap());
        }
        offsets
    })
}

/// Reads `count` records; fails when they do not come.
pub(crate) fn read(reader: &mut dyn Reader, count: usize) -> Vec<Stored> {
    let deadline = Instant::now() + PATIENCE;
    let mut found = Vec::new();
    while found.len() < count {
        found.extend(reader.next(Duration::from_millis(500)).unwrap());
        assert!(Instant::now() < deadline, "{} of {count} came", found.len());
    }
    found
}

/// Reads until caught up.
pub(crate) fn read_all(log: &dyn Log, topic: Topic) -> Vec<Stored> {
    let deadline = Instant::now() + PATIENCE;
    let mut reader = loop {
        match log.reader(topic, StartAt::Beginning) {
            Ok(reader) => break reader,
            Err(LogError::Unavailable(reason)) if Instant::now() < deadline => {
                println!("reading {}: {reason}", topic.name());
            }
            Err(error) => panic!("{error}"),
        }
    };
    let mut found = Vec::new();
    while !reader.caught_up() {
        found.extend(reader.next(Duration::from_millis(200)).unwrap());
        assert!(Instant::now() < deadline, "never caught up");
    }
    found
}

pub(crate) fn values(records: &[Stored]) -> Vec<String> {
    records.iter().map(value).collect()
}

pub(crate) fn value(stored: &Stored) -> String {
    let value = stored.message.value.as_deref().unwrap_or(b"<tombstone>");
    String::from_utf8(value.to_vec()).unwrap()
}

/// Polls until every partition is assigned; the offsets it was told.
pub(crate) fn assigned(engine: &mut dyn EngineLog, all: usize) -> BTreeMap<u32, u64> {
    let deadline = Instant::now() + PATIENCE;
    let mut held = BTreeMap::new();
    while held.len() < all {
        match engine.poll(Duration::from_millis(200)) {
            Ok(Polled::Assigned(more)) => held.extend(more),
            Ok(Polled::Revoked(gone)) => held.retain(|at, _| !gone.contains(at)),
            Ok(Polled::Idle) | Err(LogError::Unavailable(_)) => {}
            other => panic!("{other:?} before the assignment"),
        }
        assert!(
            Instant::now() < deadline,
            "{} of {all} assigned",
            held.len()
        );
    }
    held
}

/// Polls until `count` records have come.
pub(crate) fn poll_records(engine: &mut dyn EngineLog, count: usize) -> Vec<Stored> {
    let deadline = Instant::now() + PATIENCE;
    let mut found = Vec::new();
    while found.len() < count {
        match engine.poll(Duration::from_millis(200)).unwrap() {
            Polled::Records(more) => found.extend(more),
            Polled::Idle => {}
            other => panic!("{other:?} while reading"),
        }
        assert!(Instant::now() < deadline, "{} of {count} came", found.len());
    }
    found
}

pub(crate) fn restored(engine: &mut dyn EngineLog, partition: u32) -> BTreeMap<String, String> {
    let mut state = BTreeMap::new();
    engine
        .restore(partition, &mut |stored| {
            let key = String::from_utf8(stored.message.key.to_vec()).unwrap();
            match &stored.message.value {
                Some(_) => drop(state.insert(key, value(&stored))),
                None => drop(state.remove(&key)),
            }
        })
        .unwrap();
    state
}

const ALL: usize = 4;
