//! The producer half of an engine: transactions.

use std::collections::BTreeMap;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use rdkafka::{ClientContext, TopicPartitionList};

use super::classify::{Class, class_of, explain, log_error};
use super::context::{self, Context};
use super::convert;
use super::options::KafkaOptions;
use crate::partition::partition_of;
use crate::record;
use crate::seam::{CommitError, LogError, Message};
use crate::topics::Topic;

/// rdkafka's own `flush` sleeps in steps of 100 ms, so that every transaction takes that long at least: drain in steps of one.
const DRAIN_STEP: Duration = Duration::from_millis(1);

/// One step of a call that may be called again to go on.
const STEP: Duration = Duration::from_secs(5);

/// How long writing offsets may take. A coordinator that moves takes a few seconds; giving up early costs one batch folded again.
const STUCK: Duration = Duration::from_secs(6);

/// The same for an abort, which waits for delivery reports that only a poll in between serves.
const ABORT_STEP: Duration = Duration::from_millis(20);

/// How long an abort is tried. What is not aborted then is settled by the next producer of this transactional id, so that waiting
/// longer wins nothing, and an engine that is asked to stop while the broker is away ends within its transaction's time and this.
const ABORT: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(crate) struct Failures {
    context: Context,
    first: Mutex<Option<(Class, String)>>,
    /// Per topic, per partition, where the last record delivered went.
    last: Mutex<BTreeMap<String, BTreeMap<u32, u64>>>,
}

impl ClientContext for Failures {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }
}

impl ProducerContext for Failures {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        match result {
            Ok(message) => {
                let at = u32::try_from(message.partition())
                    .ok()
                    .zip(u64::try_from(message.offset()).ok());
                if let Some((partition, offset)) = at {
                    let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                    let topic = message.topic();
                    if !last.contains_key(topic) {
                        last.insert(topic.to_owned(), BTreeMap::new());
                    }
                    if let Some(partitions) = last.get_mut(topic) {
                        let known = partitions.entry(partition).or_insert(offset);
                        *known = offset.max(*known);
                    }
                }
            }
            Err((error, message)) => {
                let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
                if first.is_none() {
                    let text = explain(error, &format!("writing to {}", message.topic()));
                    *first = Some((class_of(error), text));
                }
            }
        }
    }
}

/// Why a transaction did not come to its end.
#[derive(Debug)]
pub(crate) struct Failure {
    class: Class,
    text: String,
    /// A call has not come back: this producer takes no other any more.
    stuck: bool,
}

impl Failure {
    pub(crate) fn new(error: &KafkaError, doing: &str) -> Self {
        Self {
            class: class_of(error),
            text: explain(error, doing),
            stuck: false,
        }
    }

    pub(crate) fn passing(text: &str) -> Self {
        Self {
            class: Class::Retry,
            text: text.to_owned(),
            stuck: false,
        }
    }

    fn fatal(text: String) -> Self {
        Self {
            class: Class::Fatal,
            text,
            stuck: false,
        }
    }
}

/// What goes into a transaction besides records: offsets of one group.
pub(crate) struct Offsets {
    pub(crate) list: TopicPartitionList,
    pub(crate) group: ConsumerGroupMetadata,
}

/// A transactional producer.
pub(crate) struct Transactor {
    producer: Arc<BaseProducer<Failures>>,
    patience: Duration,
}

impl Transactor {
    /// Takes over the transactional id: what an earlier instance had under way is finished or aborted, and that instance fenced.
    pub(crate) fn open(options: &KafkaOptions, transactional_id: &str) -> Result<Self, LogError> {
        let producer: BaseProducer<Failures> = options
            .transacting(transactional_id)
            .create_with_context(Failures::default())
            .map_err(|error| log_error(&error, "opening the engine's producer"))?;
        let doing = format!("taking over the transactional id {transactional_id}");
        let started = Instant::now();
        loop {
            match producer.init_transactions(STEP) {
                Ok(()) => break,
                Err(error)
                    if retriable(&error) && started.elapsed() < options.operation_timeout =>
                {
                    producer.poll(DRAIN_STEP);
                }
                Err(error) => {
                    let error = log_error(&error, &doing);
                    return Err(match error {
                        LogError::Unavailable(text) => {
                            LogError::Unavailable(producer.context().context.with_cause(text))
                        }
                        other => other,
                    });
                }
            }
        }
        Ok(Self {
            producer: Arc::new(producer),
            patience: options.transaction_timeout,
        })
    }

    /// One transaction, without its commit. On failure the caller aborts.
    pub(crate) fn fill(
        &self,
        records: &[Message],
        names: &BTreeMap<Topic, (String, u32)>,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let failures = self.producer.context();
        *failures
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
        failures
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        for message in records {
            self.send(message, names, deadline)?;
        }
        self.drain(deadline)
    }

    pub(crate) fn begin(&self) -> Result<(), Failure> {
        self.producer
            .begin_transaction()
            .map_err(|error| Failure::new(&error, "beginning a transaction"))
    }

    pub(crate) fn deadline(&self) -> Instant {
        Instant::now() + self.patience
    }

    /// Where the last record that this transaction wrote to the partition went. Valid after `fill`.
    pub(crate) fn last_offset(&self, topic: &str, partition: u32) -> Option<u64> {
        let last = &self.producer.context().last;
        last.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(topic)?
            .get(&partition)
            .copied()
    }

    fn send(
        &self,
        message: &Message,
        names: &BTreeMap<Topic, (String, u32)>,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let (topic, partitions) = names.get(&message.topic).ok_or_else(|| {
            Failure::fatal(format!(
                "topic {} does not exist in Kafka: create the topics with `auscult-collector topics apply`",
                message.topic.name()
            ))
        })?;
        record::check(message, *partitions).map_err(Failure::fatal)?;
        let partition = message
            .partition
            .unwrap_or_else(|| partition_of(&message.key, *partitions));
        let mut record: BaseRecord<'_, [u8], [u8], ()> = BaseRecord::to(topic)
            .partition(convert::partition_number(partition))
            .key(message.key.as_ref())
            .timestamp(message.timestamp_ms);
        if let Some(value) = &message.value {
            record = record.payload(value.as_ref());
        }
        if let Some(headers) = convert::headers(message) {
            record = record.headers(headers);
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back))
                    if Instant::now() < deadline =>
                {
                    record = back;
                    self.serve();
                }
                Err((error, _)) => {
                    return Err(Failure::new(&error, &format!("writing to {topic}")));
                }
            }
        }
    }

    /// Waits for every delivery report.
    fn drain(&self, deadline: Instant) -> Result<(), Failure> {
        self.producer.poll(Duration::ZERO);
        while self.producer.in_flight_count() > 0 {
            self.failed()?;
            if Instant::now() >= deadline {
                let text = "the transaction's records were not delivered in time".to_owned();
                return Err(Failure::passing(
                    &self.producer.context().context.with_cause(text),
                ));
            }
            self.serve();
        }
        self.failed()
    }

    /// Takes delivery reports, or waits for some. Not by a `poll` with a time limit: within its last millisecond that one spins.
    fn serve(&self) {
        let before = self.producer.in_flight_count();
        self.producer.poll(Duration::ZERO);
        if self.producer.in_flight_count() == before {
            std::thread::sleep(DRAIN_STEP);
        }
    }

    fn failed(&self) -> Result<(), Failure> {
        let first = &self.producer.context().first;
        match first.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some((class, text)) => Err(Failure {
                class,
                text,
                stuck: false,
            }),
            None => Ok(()),
        }
    }

    /// Offsets of a group into the transaction.
    ///
    /// On a thread of its own: when the group's coordinator dies, librdkafka's call can outlast any time limit given to it, until
    /// some other broker connects or disconnects (librdkafka 5456, 5511). The thread then keeps the producer until the call comes
    /// back, and this one goes on with another.
    pub(crate) fn offsets(&self, offsets: Offsets, deadline: Instant) -> Result<(), Failure> {
        let doing = "writing the consumed offsets";
        let producer = Arc::clone(&self.producer);
        let (reply, answer) = sync_channel(1);
        let call = move || {
            let outcome = again(&producer, deadline, STEP, doing, |step| {
                producer.send_offsets_to_transaction(&offsets.list, &offsets.group, step)
            });
            // Before the answer: whoever gets it may drop the last other handle, and closing is not this thread's to do then.
            drop(producer);
            drop(reply.try_send(outcome));
        };
        std::thread::Builder::new()
            .name("kafka-offsets".to_owned())
            .spawn(call)
            .map_err(|error| Failure::passing(&format!("{doing}: no thread: {error}")))?;
        answer.recv_timeout(STUCK).unwrap_or_else(|_| {
            Err(Failure {
                class: Class::Retry,
                text: format!("{doing}: the group's coordinator does not answer"),
                stuck: true,
            })
        })
    }

    /// Commits. A commit whose answer is lost is asked for again, which librdkafka takes as going on with the same one.
    pub(crate) fn commit(&self, deadline: Instant) -> Result<(), Failure> {
        again(&self.producer, deadline, STEP, "committing", |step| {
            self.producer.commit_transaction(step)
        })
    }

    /// Aborts after a failure and says what that means. The second is whether the producer can be used again.
    pub(crate) fn abort(&self, failure: Failure) -> (CommitError, bool) {
        if failure.stuck {
            // The next producer with this transactional id aborts it.
            return (CommitError::Aborted(failure.text), false);
        }
        if let Some((code, reason)) = self.producer.client().fatal_error() {
            let text = format!("{}: {reason}", failure.text);
            return match super::classify::classify(code) {
                Class::Fatal => (CommitError::Fatal(text), false),
                // What stops a producer for good and is not a person's to change is cured by joining anew.
                Class::Fenced | Class::Retry => (CommitError::Fenced(text), false),
            };
        }
        let deadline = Instant::now() + ABORT;
        let aborted = again(&self.producer, deadline, ABORT_STEP, "aborting", |step| {
            self.producer.abort_transaction(step)
        });
        let usable = match aborted {
            Ok(()) => true,
            Err(unable) => {
                tracing::warn!(reason = %unable.text, "a transaction was not aborted; its outcome is asked for anew");
                if unable.class == Class::Fenced {
                    return (CommitError::Fenced(unable.text), false);
                }
                false
            }
        };
        let error = match failure.class {
            Class::Retry => CommitError::Aborted(failure.text),
            Class::Fenced => CommitError::Fenced(failure.text),
            Class::Fatal => CommitError::Fatal(failure.text),
        };
        (error, usable)
    }
}

/// Repeats a call that librdkafka lets be repeated.
fn again(
    producer: &BaseProducer<Failures>,
    deadline: Instant,
    step: Duration,
    doing: &str,
    call: impl Fn(Duration) -> Result<(), KafkaError>,
) -> Result<(), Failure> {
    loop {
        match call(step) {
            Ok(()) => return Ok(()),
            Err(error) if retriable(&error) && Instant::now() < deadline => {
                producer.poll(DRAIN_STEP);
            }
            Err(error) => return Err(Failure::new(&error, doing)),
        }
    }
}

fn retriable(error: &KafkaError) -> bool {
    match error {
        KafkaError::Transaction(inner) => inner.is_retriable(),
        KafkaError::Flush(_) => true,
        _ => false,
    }
}
