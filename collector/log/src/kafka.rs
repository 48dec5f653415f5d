//! Apache Kafka: the production log.

mod appender;
pub(crate) mod classify;
pub(crate) mod context;
pub(crate) mod convert;
mod engine;
mod faults;
mod membership;
mod options;
pub(crate) mod reader;
pub(crate) mod transact;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::consumer::BaseConsumer;

pub use options::{KafkaOptions, RESERVED};

use crate::seam::{Appender, EngineLog, Log, LogError, Reader, StartAt};
use crate::topics::Topic;
use appender::{KafkaAppender, SharedAppender};
use classify::log_error;
use context::Context;
use reader::{Assigned, LEISURELY};

/// A Kafka cluster as a log.
pub struct KafkaLog {
    options: KafkaOptions,
    asking: Arc<BaseConsumer<Context>>,
    topics: Mutex<BTreeMap<Topic, (String, u32)>>,
    appender: Mutex<Option<Arc<KafkaAppender>>>,
}

impl std::fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KafkaLog")
            .field("bootstrap", &self.options.bootstrap)
            .field("topic_prefix", &self.options.topic_prefix)
            .finish_non_exhaustive()
    }
}

impl KafkaLog {
    /// Connects, and asks for the topics.
    ///
    /// # Errors
    /// `Fatal` for settings that cannot work, `Unavailable` (with librdkafka's last trouble) when no broker answers in time.
    pub fn connect(options: KafkaOptions) -> Result<Self, LogError> {
        options.check()?;
        let asking: BaseConsumer<Context> = options
            .asking()
            .create_with_context(Context::default())
            .map_err(|error| log_error(&error, "opening a Kafka client"))?;
        let log = Self {
            options,
            asking: Arc::new(asking),
            topics: Mutex::new(BTreeMap::new()),
            appender: Mutex::new(None),
        };
        log.topics()?;
        Ok(log)
    }

    /// What it was opened with.
    #[must_use]
    pub fn options(&self) -> &KafkaOptions {
        &self.options
    }

    /// The cluster's id, when it tells.
    #[must_use]
    pub fn cluster_id(&self) -> Option<String> {
        engine::cluster_id(&self.asking, self.options.operation_timeout)
    }

    pub(crate) fn asking(&self) -> &BaseConsumer<Context> {
        &self.asking
    }

    /// A topic's full name.
    #[must_use]
    pub fn topic_name(&self, topic: Topic) -> String {
        format!("{}{}", self.options.topic_prefix, topic.name())
    }

    /// The topics that exist, by full name and partition count. Asked for until all exist, then kept: a partition count that
    /// changes under a running process would move keys.
    pub(crate) fn topics(&self) -> Result<BTreeMap<Topic, (String, u32)>, LogError> {
        let mut known = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() < Topic::ALL.len() {
            let counts = engine::partition_counts(&self.asking, self.options.operation_timeout)?;
            for topic in Topic::ALL {
                let name = self.topic_name(topic);
                if let Some(count) = counts.get(&name) {
                    known.entry(topic).or_insert((name, *count));
                }
            }
        }
        Ok(known.clone())
    }
}

/// A topic that is not there.
pub(crate) fn missing(name: &str) -> LogError {
    LogError::Fatal(format!(
        "topic {name} does not exist in Kafka, or this principal may not see it: create the topics with `auscult-collector topics \
         apply`"
    ))
}

impl Log for KafkaLog {
    fn partitions(&self, topic: Topic) -> Result<u32, LogError> {
        self.topics()?
            .get(&topic)
            .map(|(_, count)| *count)
            .ok_or_else(|| missing(&self.topic_name(topic)))
    }

    fn appender(&self) -> Result<Box<dyn Appender>, LogError> {
        self.partitions(Topic::Observations)?;
        let mut shared = self.appender.lock().unwrap_or_else(PoisonError::into_inner);
        let appender = match &*shared {
            Some(appender) => Arc::clone(appender),
            None => {
                let made = Arc::new(KafkaAppender::new(self.options.clone(), self.topics()?)?);
                *shared = Some(Arc::clone(&made));
                made
            }
        };
        Ok(Box::new(SharedAppender(appender)))
    }

    fn engine(&self, member: &str) -> Result<Box<dyn EngineLog>, LogError> {
        let topics = self.topics()?;
        let observations = self.partitions(Topic::Observations)?;
        let state = self.partitions(Topic::State)?;
        if observations != state {
            return Err(LogError::Fatal(format!(
                "{} has {observations} partitions and {} has {state}: they must be equal, because a site's state lies in the \
                 partition of its observations; create them again with `auscult-collector topics apply`",
                self.topic_name(Topic::Observations),
                self.topic_name(Topic::State),
            )));
        }
        let asking = Arc::clone(&self.asking);
        let engine = engine::KafkaEngine::join(&self.options, topics, asking, member)?;
        Ok(Box::new(engine))
    }

    fn reader(&self, topic: Topic, from: StartAt) -> Result<Box<dyn Reader>, LogError> {
        let partitions = self.partitions(topic)?;
        let name = self.topic_name(topic);
        let assigned = Assigned::new(&self.options, Arc::clone(&self.asking), LEISURELY)?;
        let reader = reader::KafkaReader::open(assigned, topic, &name, partitions, &from)?;
        Ok(Box::new(reader))
    }
}
