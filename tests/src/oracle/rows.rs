//! Kafka topics read whole, by plain librdkafka and not by our own log crate.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Headers, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::process::eventually;

/// One record as a `read_committed` reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Key.
    pub key: Bytes,
    /// Value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// Headers in order.
    pub headers: Vec<(String, Bytes)>,
}

/// How long a broker that a fault has just started again may have no answer.
const PATIENCE: Duration = Duration::from_secs(60);

const COMMITTED: &str = "read_committed";

fn consumer(bootstrap: &str, isolation: &str) -> Result<BaseConsumer> {
    ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", "oracle")
        .set("isolation.level", isolation)
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "false")
        .set("auto.offset.reset", "error")
        .create()
        .context("a consumer for the oracle")
}

/// Offsets just past the last record of each partition. A broker that has just started may need some tries.
///
/// # Errors
/// The broker does not answer for 60 s, or the topic is missing.
pub fn ends(bootstrap: &str, topic: &str) -> Result<BTreeMap<i32, i64>> {
    let consumer = consumer(bootstrap, COMMITTED)?;
    let mut last = None;
    let answer = eventually(&format!("the ends of {topic}"), PATIENCE, || {
        try_ends(&consumer, topic)
            .map_err(|error| last = Some(error))
            .ok()
    });
    answer.with_context(|| format!("{last:?}"))
}

fn try_ends(consumer: &BaseConsumer, topic: &str) -> Result<BTreeMap<i32, i64>> {
    let metadata = consumer.fetch_metadata(Some(topic), Duration::from_secs(20))?;
    let partitions = metadata
        .topics()
        .first()
        .context("topic metadata")?
        .partitions();
    if partitions.is_empty() {
        bail!("topic {topic} does not exist");
    }
    let mut ends = BTreeMap::new();
    for partition in partitions {
        let (_, high) =
            consumer.fetch_watermarks(topic, partition.id(), Duration::from_secs(20))?;
        ends.insert(partition.id(), high);
    }
    Ok(ends)
}

/// The offsets a consumer group committed, for the partitions it committed any.
///
/// # Errors
/// The broker does not answer.
pub fn committed(bootstrap: &str, group: &str, topic: &str) -> Result<BTreeMap<i32, i64>> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", group)
        .create()?;
    let mut wanted = TopicPartitionList::new();
    for partition in ends(bootstrap, topic)?.keys() {
        wanted.add_partition(topic, *partition);
    }
    let answer = consumer.committed_offsets(wanted, Duration::from_secs(20))?;
    Ok(answer
        .elements()
        .iter()
        .filter_map(|element| match element.offset() {
            Offset::Offset(offset) => Some((element.partition(), offset)),
            _ => None,
        })
        .collect())
}

/// Every record of a topic up to its present end, in partition and offset order.
///
/// # Errors
/// The broker does not answer, or stops answering for 30 s.
pub fn read_all(bootstrap: &str, topic: &str) -> Result<Vec<Row>> {
    read(bootstrap, topic, COMMITTED)
}

/// As [`read_all`], with the records of aborted transactions: they lie on the broker's disk as well.
///
/// # Errors
/// As [`read_all`].
pub fn read_uncommitted(bootstrap: &str, topic: &str) -> Result<Vec<Row>> {
    read(bootstrap, topic, "read_uncommitted")
}

fn read(bootstrap: &str, topic: &str, isolation: &str) -> Result<Vec<Row>> {
    let ends = ends(bootstrap, topic)?;
    let consumer = consumer(bootstrap, isolation)?;
    let mut rows = Vec::new();
    for (partition, end) in ends {
        let low = eventually(
            &format!("the start of {topic} partition {partition}"),
            PATIENCE,
            || {
                consumer
                    .fetch_watermarks(topic, partition, Duration::from_secs(20))
                    .ok()
                    .map(|(low, _)| low)
            },
        )?;
        if low >= end {
            continue;
        }
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(topic, partition, Offset::Offset(low))?;
        consumer.assign(&assignment)?;
        // The end may be a transaction marker, which no reader sees: the position tells when it was passed.
        // `idle` counts polls of a tenth of a second without a record; `silent` those in which nothing else happened either.
        let (mut idle, mut silent) = (0, 0);
        loop {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    (idle, silent) = (0, 0);
                    rows.push(row(&message));
                }
                // The broker that a fault has just started again may be away once more on a busy machine: the client connects anew.
                Some(Err(error)) if passes(&error) => {
                    (idle, silent) = (idle + 1, 0);
                    std::thread::sleep(Duration::from_millis(100));
                }
                Some(Err(error)) => bail!("reading {topic}: {error}"),
                None => (idle, silent) = (idle + 1, silent + 1),
            }
            let position = consumer.position()?;
            let here = position
                .find_partition(topic, partition)
                .map(|element| element.offset());
            if matches!(here, Some(Offset::Offset(offset)) if offset >= end) {
                break;
            }
            if idle > 300 {
                bail!("reading {topic} partition {partition} stalled before offset {end}");
            }
            // Behind the last visible record there may be only markers; a short silence there is the end.
            if silent > 20
                && rows
                    .last()
                    .is_some_and(|last| last.partition == partition && last.offset + 64 > end)
            {
                break;
            }
        }
    }
    Ok(rows)
}

/// Whether a reader's error is a lost connection or a partition whose leader is just being found, which its client mends by itself.
fn passes(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::AllBrokersDown
                | RDKafkaErrorCode::BrokerTransportFailure
                | RDKafkaErrorCode::LeaderNotAvailable
                | RDKafkaErrorCode::NotLeaderForPartition
                | RDKafkaErrorCode::OperationTimedOut
                | RDKafkaErrorCode::UnknownPartition
        )
    )
}

fn row(message: &impl Message) -> Row {
    let headers = message.headers().map(|headers| {
        headers
            .iter()
            .map(|header| {
                (
                    header.key.to_owned(),
                    Bytes::copy_from_slice(header.value.unwrap_or_default()),
                )
            })
            .collect()
    });
    Row {
        partition: message.partition(),
        offset: message.offset(),
        key: Bytes::copy_from_slice(message.key().unwrap_or_default()),
        value: message.payload().map(Bytes::copy_from_slice),
        headers: headers.unwrap_or_default(),
    }
}
