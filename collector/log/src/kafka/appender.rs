//! Ingest's producer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::BoxFuture;
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Message as _};
use rdkafka::producer::{BaseRecord, Producer, ProducerContext, ThreadedProducer};
use tokio::sync::oneshot;

use super::classify::{Class, class_of, explain, log_error};
use super::context::{self, Context};
use super::convert;
use super::options::KafkaOptions;
use crate::metrics as names;
use crate::partition::partition_of;
use crate::record;
use crate::seam::{AppendError, Appender, LogError, Message};
use crate::topics::Topic;

/// How long an overloaded appender refuses at least. Long enough for a caller with several records under way to see the first
/// refusal before a later record of the same sequence could slip in behind it.
const REFUSAL: Duration = Duration::from_secs(1);

type Outcome = Result<u64, AppendError>;

#[derive(Debug, Default)]
struct Deliveries(Context);

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.0.error(error, reason);
    }
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = Box<oneshot::Sender<Outcome>>;

    fn delivery(&self, result: &DeliveryResult<'_>, sender: Self::DeliveryOpaque) {
        let outcome = match result {
            Ok(message) => u64::try_from(message.offset())
                .map_err(|_| AppendError::Retry("delivered without an offset".to_owned())),
            Err((error, message)) => {
                let doing = format!("appending to {}", message.topic());
                Err(refusal(error, &doing))
            }
        };
        match &outcome {
            Ok(_) => metrics::counter!(names::APPENDED, "log" => "kafka").increment(1),
            Err(error) => count_refusal(error),
        }
        // A caller that no longer waits is no fault: the record is in the log all the same.
        drop(sender.send(outcome));
    }
}

fn refusal(error: &KafkaError, doing: &str) -> AppendError {
    let text = explain(error, doing);
    match class_of(error) {
        Class::Fatal => AppendError::Fatal(text),
        Class::Retry | Class::Fenced => AppendError::Retry(text),
    }
}

fn count_refusal(error: &AppendError) {
    let reason = match error {
        AppendError::Retry(_) => "retry",
        AppendError::Fatal(_) => "fatal",
    };
    metrics::counter!(names::REFUSED, "log" => "kafka", "reason" => reason).increment(1);
}

struct State {
    producer: ThreadedProducer<Deliveries>,
    made: Instant,
    refusing_since: Option<Instant>,
}

/// An idempotent producer with `acks=all`.
///
/// A record waits for delivery without a time limit; only a refusal that no waiting cures fails it. When the queue is full, this
/// appender refuses everything until the queue is empty and a second has passed, so that a caller with a sequence under way meets
/// the refusal before a later record of the sequence is taken.
pub(crate) struct KafkaAppender {
    options: KafkaOptions,
    topics: BTreeMap<Topic, (String, u32)>,
    state: Mutex<State>,
}

impl KafkaAppender {
    pub(crate) fn new(
        options: KafkaOptions,
        topics: BTreeMap<Topic, (String, u32)>,
    ) -> Result<Self, LogError> {
        let state = Mutex::new(State {
            producer: produce_with(&options)?,
            made: Instant::now(),
            refusing_since: None,
        });
        Ok(Self {
            options,
            topics,
            state,
        })
    }

    fn send(&self, message: &Message, sender: oneshot::Sender<Outcome>) -> Result<(), AppendError> {
        let (topic, partitions) = self.topics.get(&message.topic).ok_or_else(|| {
            AppendError::Fatal(format!(
                "topic {} does not exist in Kafka: create the topics with `auscult-collector topics apply`",
                message.topic.name()
            ))
        })?;
        record::check(message, *partitions).map_err(AppendError::Fatal)?;
        let partition = message
            .partition
            .unwrap_or_else(|| partition_of(&message.key, *partitions));
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.renew_if_failed(&mut state)?;
        if let Some(since) = state.refusing_since {
            if since.elapsed() < REFUSAL || state.producer.in_flight_count() > 0 {
                return Err(overload());
            }
            state.refusing_since = None;
        }
        let mut record = BaseRecord::with_opaque_to(topic, Box::new(sender))
            .partition(convert::partition_number(partition))
            .key(message.key.as_ref())
            .timestamp(message.timestamp_ms);
        if let Some(value) = &message.value {
            record = record.payload(value.as_ref());
        }
        if let Some(headers) = convert::headers(message) {
            record = record.headers(headers);
        }
        match state.producer.send(record) {
            Ok(()) => Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), _)) => {
                state.refusing_since = Some(Instant::now());
                Err(overload())
            }
            Err((error, _)) => Err(refusal(&error, "appending")),
        }
    }

    /// An idempotent producer that lost its place stops for good; a new one goes on. At most one a second.
    fn renew_if_failed(&self, state: &mut State) -> Result<(), AppendError> {
        let Some((code, reason)) = state.producer.client().fatal_error() else {
            return Ok(());
        };
        if state.made.elapsed() < REFUSAL {
            return Err(AppendError::Retry(format!(
                "the producer has stopped: {reason}"
            )));
        }
        tracing::warn!(%code, "the producer has stopped and is made anew: {reason}");
        state.producer =
            produce_with(&self.options).map_err(|error| AppendError::Retry(error.to_string()))?;
        state.made = Instant::now();
        Ok(())
    }
}

fn overload() -> AppendError {
    AppendError::Retry(
        "more records wait for Kafka than the queue holds: send them again later".to_owned(),
    )
}

fn produce_with(options: &KafkaOptions) -> Result<ThreadedProducer<Deliveries>, LogError> {
    options
        .appending()
        .create_with_context(Deliveries::default())
        .map_err(|error| log_error(&error, "opening a producer"))
}

impl Appender for KafkaAppender {
    fn append(&self, message: Message) -> BoxFuture<'static, Outcome> {
        let (sender, receiver) = oneshot::channel();
        match self.send(&message, sender) {
            Ok(()) => async move {
                receiver.await.unwrap_or_else(|_| {
                    Err(AppendError::Retry("the producer was closed".to_owned()))
                })
            }
            .boxed(),
            Err(error) => {
                count_refusal(&error);
                async move { Err(error) }.boxed()
            }
        }
    }
}

/// Keeps one producer for all appenders of a log: librdkafka batches better the more goes through one.
#[derive(Clone)]
pub(crate) struct SharedAppender(pub(crate) Arc<KafkaAppender>);

impl Appender for SharedAppender {
    fn append(&self, message: Message) -> BoxFuture<'static, Outcome> {
        self.0.append(message)
    }
}
