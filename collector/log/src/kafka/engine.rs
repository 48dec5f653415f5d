//! The engine's side of Kafka: membership and transactions together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::classify::log_error;
use super::context::Context;
use super::convert::{offset_number, partition_number};
use super::membership::{Event, Membership};
use super::options::KafkaOptions;
use super::reader::{AT_ONCE, Assigned, ends};
use super::transact::{Failure, Offsets, Transactor};
use crate::metrics as names;
use crate::seam::{CommitError, EngineLog, LogError, Polled, Stored, Transaction};
use crate::topics::Topic;

pub(crate) struct KafkaEngine {
    options: KafkaOptions,
    transactional_id: String,
    topics: BTreeMap<Topic, (String, u32)>,
    observations: String,
    asking: Arc<BaseConsumer<Context>>,
    // Before the transactor: leaving the group comes first when this is dropped.
    membership: Membership,
    /// `None` after a transaction whose outcome is not known: the next `rewind` opens another, which settles it.
    transactor: Option<Transactor>,
    restorer: Option<Assigned>,
}

impl KafkaEngine {
    pub(crate) fn join(
        options: &KafkaOptions,
        topics: BTreeMap<Topic, (String, u32)>,
        asking: Arc<BaseConsumer<Context>>,
        member: &str,
    ) -> Result<Self, LogError> {
        let observations = name_of(&topics, Topic::Observations)?;
        name_of(&topics, Topic::State)?;
        let transactional_id = options.transactional_id(member);
        // First: an earlier instance is fenced, and its transaction settled, before this one asks for the committed offsets.
        let transactor = Transactor::open(options, &transactional_id)?;
        let membership = Membership::join(
            &options.group_member(),
            observations.clone(),
            options.operation_timeout,
        )?;
        Ok(Self {
            options: options.clone(),
            transactional_id,
            topics,
            observations,
            asking,
            membership,
            transactor: Some(transactor),
            restorer: None,
        })
    }

    fn attempt(&self, transactor: &Transactor, transaction: &Transaction) -> Result<(), Failure> {
        let deadline = transactor.deadline();
        transactor.begin()?;
        transactor.fill(&transaction.records, &self.topics, deadline)?;
        if !transaction.consumed.is_empty() {
            transactor.offsets(self.consumed(transaction)?, deadline)?;
        }
        transactor.commit(deadline)
    }

    fn consumed(&self, transaction: &Transaction) -> Result<Offsets, Failure> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in &transaction.consumed {
            list.add_partition_offset(
                &self.observations,
                partition_number(*partition),
                Offset::Offset(offset_number(*offset)),
            )
            .map_err(|error| Failure::new(&error, "naming a consumed offset"))?;
        }
        let group = self
            .membership
            .consumer()
            .ok()
            .and_then(Consumer::group_metadata)
            .ok_or_else(|| Failure::passing("the engine is not in the group"))?;
        Ok(Offsets { list, group })
    }
}

fn name_of(topics: &BTreeMap<Topic, (String, u32)>, topic: Topic) -> Result<String, LogError> {
    topics
        .get(&topic)
        .map(|(name, _)| name.clone())
        .ok_or_else(|| super::missing(topic.name()))
}

impl EngineLog for KafkaEngine {
    fn poll(&mut self, timeout: Duration) -> Result<Polled, LogError> {
        Ok(match self.membership.poll(timeout)? {
            Event::Idle => Polled::Idle,
            Event::Records(records) => Polled::Records(records),
            Event::Assigned(offsets) => Polled::Assigned(offsets),
            Event::Revoked(partitions) => Polled::Revoked(partitions),
        })
    }

    fn end(&mut self, partition: u32) -> Result<Option<u64>, LogError> {
        let (_, end) = ends(
            &self.asking,
            &self.observations,
            partition,
            self.options.operation_timeout,
        )?;
        Ok(Some(end))
    }

    fn restore(&mut self, partition: u32, each: &mut dyn FnMut(Stored)) -> Result<(), LogError> {
        let restorer = match self.restorer.take() {
            Some(restorer) => restorer,
            None => Assigned::new(&self.options, Arc::clone(&self.asking), AT_ONCE)?,
        };
        let name = name_of(&self.topics, Topic::State)?;
        restorer.read_partition(Topic::State, &name, partition, each)?;
        self.restorer = Some(restorer);
        Ok(())
    }

    fn commit(&mut self, transaction: Transaction) -> Result<(), CommitError> {
        if transaction.records.is_empty() && transaction.consumed.is_empty() {
            return Ok(());
        }
        let lost = transaction
            .consumed
            .keys()
            .find(|partition| !self.membership.holds(**partition));
        if let Some(partition) = lost {
            metrics::counter!(names::ABORTED, "log" => "kafka").increment(1);
            return Err(CommitError::Aborted(format!(
                "partition {partition} is no longer this engine's"
            )));
        }
        let Some(transactor) = &self.transactor else {
            return Err(CommitError::Aborted(
                "the outcome of the transaction before is not known: rewind first".to_owned(),
            ));
        };
        let Err(failure) = self.attempt(transactor, &transaction) else {
            metrics::counter!(names::COMMITTED, "log" => "kafka").increment(1);
            return Ok(());
        };
        metrics::counter!(names::ABORTED, "log" => "kafka").increment(1);
        let (error, usable) = transactor.abort(failure);
        if !usable {
            self.transactor = None;
        }
        Err(error)
    }

    fn rewind(&mut self) -> Result<BTreeMap<u32, u64>, LogError> {
        if self.transactor.is_none() {
            self.transactor = Some(Transactor::open(&self.options, &self.transactional_id)?);
        }
        self.membership.rewind()
    }
}

/// The ids of the cluster's brokers and its name, for messages and markers.
pub(crate) fn cluster_id(asking: &BaseConsumer<Context>, timeout: Duration) -> Option<String> {
    asking.client().fetch_cluster_id(timeout)
}

/// Asks for the partition counts of `names`. Absent: the topic does not exist.
pub(crate) fn partition_counts(
    asking: &BaseConsumer<Context>,
    timeout: Duration,
) -> Result<BTreeMap<String, u32>, LogError> {
    // One request for all topics: asking for a missing one by name would have librdkafka remember it.
    let metadata = asking.fetch_metadata(None, timeout).map_err(|error| {
        match log_error(&error, "asking Kafka for its topics") {
            LogError::Unavailable(text) => {
                asking.poll(Duration::ZERO);
                LogError::Unavailable(asking.context().with_cause(text))
            }
            other => other,
        }
    })?;
    Ok(metadata
        .topics()
        .iter()
        .filter(|topic| topic.error().is_none())
        .filter_map(|topic| {
            let count = u32::try_from(topic.partitions().len()).ok()?;
            Some((topic.name().to_owned(), count))
        })
        .collect())
}
