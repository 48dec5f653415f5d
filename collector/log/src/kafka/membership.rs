//! The consumer half of an engine: one member of the group.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset, TopicPartitionList};

use super::classify::{Class, class_of, log_error};
use super::context::{self, Context};
use super::convert::{self, offset_number, partition_number};
use super::reader::ends;
use crate::seam::{LogError, Stored};
use crate::topics::Topic;

/// Bounds of what one poll returns.
const POLL_RECORDS: usize = 512;
const POLL_BYTES: usize = 8 * 1024 * 1024;

/// How long leaving the group may hold up the caller; the broker's session timeout does the rest.
const LEAVE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Assigned(BTreeSet<u32>),
    Revoked(BTreeSet<u32>),
}

/// Callbacks only write down what changed, and let go of revoked partitions at once: they run inside `poll`, where a call that
/// waits for the group would wait for itself.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    context: Context,
    pending: Mutex<VecDeque<Change>>,
    closing: AtomicBool,
}

impl Changes {
    fn push(&self, change: Change) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.push_back(change);
    }

    fn pop(&self) -> Option<Change> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.pop_front()
    }

    fn put_back(&self, change: Change) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.push_front(change);
    }

    fn any(&self) -> bool {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        !pending.is_empty()
    }
}

impl ClientContext for Changes {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }
}

impl ConsumerContext for Changes {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        error: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let partitions = partitions_of(list);
        let outcome = match error {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                if self.closing.load(Ordering::Relaxed) {
                    consumer.assign(list)
                } else {
                    // Taken up by `poll`, with the committed offsets, which only a call that waits can tell.
                    self.push(Change::Assigned(partitions));
                    Ok(())
                }
            }
            _ => {
                self.push(Change::Revoked(partitions));
                match consumer.rebalance_protocol() {
                    RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
                    _ => consumer.unassign(),
                }
            }
        };
        if let Err(error) = outcome {
            tracing::warn!(%error, "a change of assignment was not taken up");
        }
    }
}

fn partitions_of(list: &TopicPartitionList) -> BTreeSet<u32> {
    list.elements()
        .iter()
        .filter_map(|element| u32::try_from(element.partition()).ok())
        .collect()
}

/// What a poll brought; the seam's `Polled` without the offsets of an assignment being optional.
pub(crate) enum Event {
    Idle,
    Records(Vec<Stored>),
    Assigned(BTreeMap<u32, u64>),
    Revoked(Vec<u32>),
}

pub(crate) struct Membership {
    consumer: Option<BaseConsumer<Changes>>,
    topic: String,
    timeout: Duration,
    held: BTreeSet<u32>,
    ready: Vec<Stored>,
}

impl Membership {
    pub(crate) fn join(
        config: &rdkafka::ClientConfig,
        topic: String,
        timeout: Duration,
    ) -> Result<Self, LogError> {
        let consumer: BaseConsumer<Changes> = config
            .create_with_context(Changes::default())
            .map_err(|error| log_error(&error, "opening the engine's consumer"))?;
        consumer
            .subscribe(&[&topic])
            .map_err(|error| log_error(&error, "joining the engine group"))?;
        Ok(Self {
            consumer: Some(consumer),
            topic,
            timeout,
            held: BTreeSet::new(),
            ready: Vec::new(),
        })
    }

    pub(crate) fn consumer(&self) -> Result<&BaseConsumer<Changes>, LogError> {
        self.consumer
            .as_ref()
            .ok_or_else(|| LogError::Fatal("the engine has left the group".to_owned()))
    }

    pub(crate) fn holds(&self, partition: u32) -> bool {
        self.held.contains(&partition)
    }

    pub(crate) fn poll(&mut self, timeout: Duration) -> Result<Event, LogError> {
        if let Some(event) = self.change()? {
            return Ok(event);
        }
        if !self.ready.is_empty() {
            return Ok(Event::Records(std::mem::take(&mut self.ready)));
        }
        let consumer = self
            .consumer
            .as_ref()
            .ok_or_else(|| LogError::Fatal("the engine has left the group".to_owned()))?;
        let mut records = Vec::new();
        let mut bytes = 0_usize;
        let mut wait = timeout;
        while records.len() < POLL_RECORDS && bytes < POLL_BYTES {
            match consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    if let Some(stored) = convert::stored(Topic::Observations, &message) {
                        bytes = bytes.saturating_add(crate::record::size(&stored.message));
                        records.push(stored);
                    }
                }
                Some(Err(error)) => {
                    if class_of(&error) != Class::Retry {
                        return Err(log_error(&error, &format!("reading {}", self.topic)));
                    }
                    tracing::debug!(%error, "reading is interrupted and goes on by itself");
                    break;
                }
            }
            if consumer.context().any() {
                break;
            }
            wait = Duration::ZERO;
        }
        self.ready = records;
        if let Some(event) = self.change()? {
            return Ok(event);
        }
        if self.ready.is_empty() {
            return Ok(Event::Idle);
        }
        Ok(Event::Records(std::mem::take(&mut self.ready)))
    }

    fn change(&mut self) -> Result<Option<Event>, LogError> {
        let Some(change) = self.consumer()?.context().pop() else {
            return Ok(None);
        };
        match change {
            Change::Revoked(revoked) => {
                self.held.retain(|partition| !revoked.contains(partition));
                self.ready
                    .retain(|stored| !revoked.contains(&stored.partition));
                Ok(Some(Event::Revoked(revoked.into_iter().collect())))
            }
            Change::Assigned(partitions) => {
                let taken = self.take_up(&partitions);
                match taken {
                    Ok(offsets) => {
                        self.held.extend(partitions);
                        Ok(Some(Event::Assigned(offsets)))
                    }
                    Err(error) => {
                        self.consumer()?
                            .context()
                            .put_back(Change::Assigned(partitions));
                        Err(error)
                    }
                }
            }
        }
    }

    fn take_up(&self, partitions: &BTreeSet<u32>) -> Result<BTreeMap<u32, u64>, LogError> {
        let offsets = self.committed(partitions)?;
        let consumer = self.consumer()?;
        let list = self.list(&offsets)?;
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(&list),
            _ => consumer.assign(&list),
        }
        .map_err(|error| log_error(&error, "taking up an assignment"))?;
        Ok(offsets)
    }

    fn list(&self, offsets: &BTreeMap<u32, u64>) -> Result<TopicPartitionList, LogError> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in offsets {
            list.add_partition_offset(
                &self.topic,
                partition_number(*partition),
                Offset::Offset(offset_number(*offset)),
            )
            .map_err(|error| log_error(&error, "naming an offset"))?;
        }
        Ok(list)
    }

    /// The group's committed offsets, once no transaction on them is undecided; the first record kept where nothing was committed.
    fn committed(&self, partitions: &BTreeSet<u32>) -> Result<BTreeMap<u32, u64>, LogError> {
        let consumer = self.consumer()?;
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked.add_partition(&self.topic, partition_number(*partition));
        }
        let doing = "asking for the committed offsets";
        let answered = consumer
            .committed_offsets(asked, self.timeout)
            .map_err(|error| log_error(&error, doing))?;
        let mut offsets = BTreeMap::new();
        for element in answered.elements() {
            element.error().map_err(|error| log_error(&error, doing))?;
            let Ok(partition) = u32::try_from(element.partition()) else {
                continue;
            };
            let (low, high) = ends(consumer, &self.topic, partition, self.timeout)?;
            let offset = match element.offset() {
                Offset::Offset(offset) => u64::try_from(offset).unwrap_or(0),
                _ => low,
            };
            self.within(partition, offset, low, high)?;
            offsets.insert(partition, offset);
        }
        Ok(offsets)
    }

    fn within(&self, partition: u32, offset: u64, low: u64, high: u64) -> Result<(), LogError> {
        let topic = &self.topic;
        if offset > high {
            return Err(LogError::Fatal(format!(
                "{topic} partition {partition} ends at {high} and the engine group has committed {offset}: the topic was recreated or \
                 cut; restore it, or reset the group with kafka-consumer-groups.sh --reset-offsets --to-earliest and empty the state \
                 topic"
            )));
        }
        if offset < low {
            return Err(LogError::Fatal(format!(
                "{topic} partition {partition} begins at {low} and the engine group has read to {offset}: what lies between expired \
                 unread; to accept the loss, reset the group with kafka-consumer-groups.sh --reset-offsets --to-earliest"
            )));
        }
        Ok(())
    }

    /// Goes back to the committed offsets of what is held.
    pub(crate) fn rewind(&mut self) -> Result<BTreeMap<u32, u64>, LogError> {
        self.ready.clear();
        if self.held.is_empty() {
            return Ok(BTreeMap::new());
        }
        let offsets = self.committed(&self.held)?;
        let list = self.list(&offsets)?;
        let consumer = self.consumer()?;
        let doing = "going back to the committed offsets";
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => {
                consumer
                    .incremental_unassign(&list)
                    .map_err(|error| log_error(&error, doing))?;
                consumer.incremental_assign(&list)
            }
            _ => consumer.assign(&list),
        }
        .map_err(|error| log_error(&error, doing))?;
        Ok(offsets)
    }
}

impl Drop for Membership {
    /// Leaves the group. librdkafka's close can wait for a broker that does not answer, so it gets a thread and a time limit.
    fn drop(&mut self) {
        let Some(consumer) = self.consumer.take() else {
            return;
        };
        consumer.context().closing.store(true, Ordering::Relaxed);
        let (done, wait) = std::sync::mpsc::sync_channel::<()>(1);
        let spawned = std::thread::Builder::new()
            .name("kafka-leave".to_owned())
            .spawn(move || {
                drop(consumer);
                drop(done);
            });
        if let Err(error) = spawned {
            tracing::debug!(%error, "no thread to leave the group on");
            return;
        }
        if wait.recv_timeout(LEAVE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("leaving the engine group takes long; the broker will notice by itself");
        }
    }
}
