//! Reading without membership: a whole partition for `restore`, a whole topic for `Reader`. Always `read_committed`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};

use super::classify::{Class, class_of, log_error};
use super::context::Context;
use super::convert::{self, offset_number, partition_number};
use super::options::KafkaOptions;
use crate::seam::{LogError, Reader, StartAt, Stored};
use crate::topics::Topic;

/// The two ends of a partition, as the client's isolation level sees them: the first offset kept, and the one after the last. Asks
/// again while a partition changes its leader, which librdkafka leaves to the caller.
pub(crate) fn ends<C: ConsumerContext>(
    consumer: &BaseConsumer<C>,
    topic: &str,
    partition: u32,
    timeout: Duration,
) -> Result<(u64, u64), LogError> {
    let started = Instant::now();
    loop {
        let step = timeout.min(ASK);
        match consumer.fetch_watermarks(topic, partition_number(partition), step) {
            Ok((low, high)) => {
                return Ok((
                    u64::try_from(low).unwrap_or(0),
                    u64::try_from(high).unwrap_or(0),
                ));
            }
            Err(error) if class_of(&error) == Class::Retry && started.elapsed() < timeout => {
                tracing::debug!(%error, topic, partition, "asking for the ends again");
                // Most likely the leader is another now, and a request waits for the old one until it is over.
                if let Err(error) = consumer.fetch_metadata(Some(topic), step) {
                    tracing::debug!(%error, topic, "asking for the leaders again");
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            Err(error) => {
                return Err(log_error(&error, &format!("asking for the end of {topic}")));
            }
        }
    }
}

/// How long one question waits for one broker.
const ASK: Duration = Duration::from_secs(2);

/// A consumer that is given its partitions.
pub(crate) struct Assigned {
    consumer: BaseConsumer<Context>,
    asking: Arc<BaseConsumer<Context>>,
    timeout: Duration,
    patience: Duration,
}

/// How far a partition is decided.
enum End {
    /// All of it, up to this offset.
    Settled(u64),
    /// All before `stable`; somebody's transaction is under way between there and `high`.
    Undecided { stable: u64, high: u64 },
}

/// What one poll of [`Assigned`] brought.
pub(crate) enum Next {
    Nothing,
    Record(Stored),
    /// Everything committed in this partition has been read.
    End(u32),
}

impl Assigned {
    pub(crate) fn new(
        options: &KafkaOptions,
        asking: Arc<BaseConsumer<Context>>,
        wait: Duration,
    ) -> Result<Self, LogError> {
        let consumer = options
            .reading(wait)
            .create_with_context(Context::default())
            .map_err(|error| log_error(&error, "opening a reader"))?;
        Ok(Self {
            consumer,
            asking,
            timeout: options.operation_timeout,
            patience: options
                .transaction_timeout
                .saturating_add(options.operation_timeout),
        })
    }

    /// Waits until every transaction that has written to the partition by now is decided, and returns the end by now.
    ///
    /// A commit is acknowledged before its markers are in the partitions it wrote to, and until then `read_committed` stops before
    /// it: reading right away to the last stable offset could miss what was committed. So the goal is the high watermark, and
    /// reading starts once the last stable offset has reached it.
    fn settled_end(
        &self,
        topic: &str,
        partition: u32,
        patience: Duration,
    ) -> Result<End, LogError> {
        let (low, high) = ends(&self.asking, topic, partition, self.timeout)?;
        if low == high {
            return Ok(End::Settled(high));
        }
        let started = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            let (_, stable) = ends(&self.consumer, topic, partition, self.timeout)?;
            if stable >= high {
                return Ok(End::Settled(high));
            }
            if started.elapsed() >= patience {
                return Ok(End::Undecided { stable, high });
            }
            // The broker announces no decision: ask again, less and less often.
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    fn assign(&self, topic: &str, starts: &BTreeMap<u32, Offset>) -> Result<(), LogError> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in starts {
            list.add_partition_offset(topic, partition_number(*partition), *offset)
                .map_err(|error| log_error(&error, "choosing where to read"))?;
        }
        self.consumer
            .assign(&list)
            .map_err(|error| log_error(&error, "choosing where to read"))
    }

    fn next(&self, topic: Topic, timeout: Duration) -> Result<Next, LogError> {
        match self.consumer.poll(timeout) {
            None => Ok(Next::Nothing),
            Some(Ok(message)) => {
                Ok(convert::stored(topic, &message).map_or(Next::Nothing, Next::Record))
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                Ok(u32::try_from(partition).map_or(Next::Nothing, Next::End))
            }
            Some(Err(error)) => match class_of(&error) {
                Class::Retry => {
                    tracing::debug!(%error, "reading is interrupted and goes on by itself");
                    Ok(Next::Nothing)
                }
                Class::Fatal | Class::Fenced => {
                    Err(log_error(&error, &format!("reading {}", topic.name())))
                }
            },
        }
    }

    /// Reads everything committed in one partition, from its first record.
    pub(crate) fn read_partition(
        &self,
        topic: Topic,
        name: &str,
        partition: u32,
        each: &mut dyn FnMut(Stored),
    ) -> Result<(), LogError> {
        let end = match self.settled_end(name, partition, self.patience)? {
            End::Settled(end) => end,
            End::Undecided { stable, high } => {
                return Err(LogError::Unavailable(format!(
                    "a transaction on {name} partition {partition} stays undecided for {} s: all is decided up to offset {stable} of \
                     {high}; if it lasts, `kafka-transactions.sh find-hanging` says whose it is",
                    self.patience.as_secs()
                )));
            }
        };
        if end == 0 {
            return Ok(());
        }
        self.assign(name, &BTreeMap::from([(partition, Offset::Beginning)]))?;
        let outcome = self.drain(topic, partition, end, each);
        self.consumer
            .unassign()
            .map_err(|error| log_error(&error, "ending a read"))?;
        outcome
    }

    fn drain(
        &self,
        topic: Topic,
        partition: u32,
        end: u64,
        each: &mut dyn FnMut(Stored),
    ) -> Result<(), LogError> {
        let mut heard = Instant::now();
        loop {
            match self.next(topic, Duration::from_millis(100))? {
                Next::Record(stored) if stored.partition == partition => {
                    heard = Instant::now();
                    let last = stored.offset.saturating_add(1) >= end;
                    each(stored);
                    if last {
                        return Ok(());
                    }
                }
                Next::End(at) if at == partition => return Ok(()),
                Next::Nothing if heard.elapsed() > self.patience => {
                    let text = format!("nothing comes from {} partition {partition}", topic.name());
                    return Err(LogError::Unavailable(
                        self.consumer.context().with_cause(text),
                    ));
                }
                Next::Record(_) | Next::End(_) | Next::Nothing => {}
            }
        }
    }
}

/// For a restore, which ends when the end is known and then asks no more.
pub(crate) const AT_ONCE: Duration = Duration::from_millis(5);
/// For a reader that stays: ten requests a second when nothing comes.
pub(crate) const LEISURELY: Duration = Duration::from_millis(100);

/// How long opening a reader waits for undecided transactions; what is undecided after that is not committed.
const READER_PATIENCE: Duration = Duration::from_millis(500);

/// A reader of one topic.
pub(crate) struct KafkaReader {
    assigned: Assigned,
    topic: Topic,
    /// Per partition that has not been read as far as it went at open: where that was.
    behind: BTreeMap<u32, u64>,
}

impl KafkaReader {
    pub(crate) fn open(
        assigned: Assigned,
        topic: Topic,
        name: &str,
        partitions: u32,
        from: &StartAt,
    ) -> Result<Self, LogError> {
        let mut starts = BTreeMap::new();
        let mut behind = BTreeMap::new();
        for partition in 0..partitions {
            let start = match from {
                StartAt::End => {
                    let (_, stable) = ends(&assigned.consumer, name, partition, assigned.timeout)?;
                    starts.insert(partition, Offset::Offset(offset_number(stable)));
                    continue;
                }
                StartAt::Beginning => None,
                StartAt::Offsets(offsets) => offsets.get(&partition).copied(),
            };
            let end = match assigned.settled_end(name, partition, READER_PATIENCE)? {
                End::Settled(end) | End::Undecided { stable: end, .. } => end,
            };
            if start.is_some_and(|start| start > end) {
                return Err(LogError::Fatal(format!(
                    "{name} partition {partition} ends at {end}, before the offset asked for: the topic was recreated; read it from \
                     the beginning"
                )));
            }
            if start.unwrap_or(0) < end {
                behind.insert(partition, end);
            }
            let offset = start.map_or(Offset::Beginning, |start| {
                Offset::Offset(offset_number(start))
            });
            starts.insert(partition, offset);
        }
        assigned.assign(name, &starts)?;
        Ok(Self {
            assigned,
            topic,
            behind,
        })
    }
}

impl Reader for KafkaReader {
    fn next(&mut self, timeout: Duration) -> Result<Option<Stored>, LogError> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.assigned.next(self.topic, left)? {
                Next::Record(stored) => {
                    let end = self.behind.get(&stored.partition);
                    if end.is_some_and(|end| stored.offset.saturating_add(1) >= *end) {
                        self.behind.remove(&stored.partition);
                    }
                    return Ok(Some(stored));
                }
                Next::End(partition) => {
                    self.behind.remove(&partition);
                }
                Next::Nothing => {}
            }
            if left.is_zero() {
                return Ok(None);
            }
        }
    }

    fn caught_up(&self) -> bool {
        self.behind.is_empty()
    }
}
