//! The yardstick of the engine: a bare consume-produce-commit loop over Kafka, with nothing in between.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

/// Partitions of the input.
pub const PARTITIONS: i32 = 4;

/// Creates topics of `PARTITIONS` partitions.
///
/// # Errors
/// The broker refuses.
pub async fn create(bootstrap: &str, topics: &[&str]) -> Result<()> {
    let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()?;
    let new: Vec<NewTopic<'_>> = topics
        .iter()
        .map(|topic| NewTopic::new(topic, PARTITIONS, TopicReplication::Fixed(1)))
        .collect();
    for result in admin.create_topics(&new, &AdminOptions::new()).await? {
        result.map_err(|(topic, code)| anyhow::anyhow!("{topic}: {code}"))?;
    }
    Ok(())
}

/// An idempotent producer as the loads of the benchmarks use it.
///
/// # Errors
/// Bad settings.
pub fn producer(bootstrap: &str) -> Result<BaseProducer> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("enable.idempotence", "true")
        .set("acks", "all")
        .set("compression.type", "lz4")
        .set("linger.ms", "5")
        .set("queue.buffering.max.messages", "500000")
        .create()?)
}

/// Puts a record into the producer's queue, waiting while it is full.
///
/// # Errors
/// Anything but a full queue.
pub fn send(
    producer: &BaseProducer,
    topic: &str,
    partition: i32,
    key: &[u8],
    value: &[u8],
) -> Result<()> {
    loop {
        match producer.send(
            BaseRecord::<[u8], [u8]>::to(topic)
                .partition(partition)
                .key(key)
                .payload(value),
        ) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                producer.poll(Duration::from_millis(5));
            }
            Err((error, _)) => bail!("producing to {topic}: {error}"),
        }
    }
}

/// Waits until everything queued is delivered. (`flush` sleeps in steps of 100 ms; polling does not.)
pub fn drain(producer: &BaseProducer) {
    while producer.in_flight_count() > 0 {
        producer.poll(Duration::from_millis(1));
    }
}

/// Fills `topic` with `records` records of 200 bytes and consumes them in transactions with one output for five inputs, as the
/// engine does. Input records per second.
///
/// # Errors
/// The broker refuses.
pub fn measure(bootstrap: &str, input: &str, output: &str, records: u64) -> Result<f64> {
    fill(bootstrap, input, records)?;
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("group.id", format!("{input}-bare"))
        .set("isolation.level", "read_committed")
        .set("enable.auto.commit", "false")
        .create()?;
    let mut assignment = TopicPartitionList::new();
    for partition in 0..PARTITIONS {
        assignment.add_partition_offset(input, partition, Offset::Beginning)?;
    }
    consumer.assign(&assignment)?;
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .set("transactional.id", format!("{input}-bare"))
        .set("compression.type", "lz4")
        .set("retry.backoff.ms", "10")
        .set("queue.buffering.max.messages", "500000")
        .create()?;
    producer.init_transactions(Duration::from_secs(20))?;
    let started = Instant::now();
    let mut done = 0;
    while done < records {
        done += step(&consumer, &producer, output, records - done)?;
    }
    Ok(per_second(done, started.elapsed()))
}

fn fill(bootstrap: &str, topic: &str, records: u64) -> Result<()> {
    let producer = producer(bootstrap)?;
    let mut value = [7; 200];
    for number in 0..records {
        value[..8].copy_from_slice(&number.to_le_bytes());
        let partition = i32::try_from(number % u64::from(PARTITIONS.unsigned_abs()))?;
        send(&producer, topic, partition, &number.to_le_bytes(), &value)?;
    }
    drain(&producer);
    Ok(())
}

/// One transaction of up to 50,000 records or 100 ms; how many it consumed.
fn step(consumer: &BaseConsumer, producer: &BaseProducer, output: &str, left: u64) -> Result<u64> {
    let mut taken = 0;
    let mut began: Option<Instant> = None;
    let mut next = TopicPartitionList::new();
    while taken < left.min(50_000)
        && began.is_none_or(|began| began.elapsed() < Duration::from_millis(100))
    {
        let Some(message) = consumer.poll(Duration::from_millis(20)) else {
            continue;
        };
        let message = message.context("consuming")?;
        if began.is_none() {
            producer.begin_transaction()?;
            began = Some(Instant::now());
        }
        if taken.is_multiple_of(5) {
            send(
                producer,
                output,
                message.partition(),
                message.key().unwrap_or_default(),
                message.payload().unwrap_or_default(),
            )?;
        }
        taken += 1;
        match next.find_partition(message.topic(), message.partition()) {
            Some(mut element) => element.set_offset(Offset::Offset(message.offset() + 1))?,
            None => next.add_partition_offset(
                message.topic(),
                message.partition(),
                Offset::Offset(message.offset() + 1),
            )?,
        }
    }
    drain(producer);
    let group = consumer.group_metadata().context("group metadata")?;
    producer.send_offsets_to_transaction(&next, &group, Duration::from_secs(20))?;
    producer.commit_transaction(Duration::from_secs(20))?;
    Ok(taken)
}

/// A rate.
#[must_use]
pub fn per_second(count: u64, elapsed: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / elapsed.as_secs_f64()
}
