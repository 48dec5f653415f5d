//! Turning a trial into production: everything in an embedded log, moved to Kafka.
//!
//! Records move in order, partition by partition, in transactions that also commit where in the source the copy has come, as the
//! offsets of a consumer group of its own. A copy that was cut off therefore goes on without a record twice or missing. The engine
//! group's offsets go in the transaction that completes what it had read, so that the engine continues with the same record.

use std::collections::BTreeMap;

use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerGroupMetadata};
use rdkafka::{Offset, TopicPartitionList};

use crate::embedded::EmbeddedLog;
use crate::kafka::KafkaLog;
use crate::kafka::classify::log_error;
use crate::kafka::context::Context;
use crate::kafka::convert::{offset_number, partition_number};
use crate::kafka::reader::{LEISURELY, ends};
use crate::kafka::transact::{Failure, Offsets, Transactor};
use crate::record;
use crate::seam::{CommitError, Log, LogError, Message};
use crate::topics::Topic;

/// Bounds of one transaction.
const RECORDS: usize = 4096;
const BYTES: usize = 8 * 1024 * 1024;

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Being copied.
    pub topic: Topic,
    /// Being copied.
    pub partition: u32,
    /// Records copied by this run.
    pub copied: u64,
    /// Records this run has to copy.
    pub of: u64,
}

/// What a copy did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Copied {
    /// Records copied by this run.
    pub records: u64,
    /// An earlier run had begun.
    pub resumed: bool,
    /// An earlier run had done it all.
    pub already: bool,
}

/// Copies everything: records, keys, headers and the engine's place. Records get the time of the copy as the time of acceptance.
/// Cut off and run again, it goes on where it was.
///
/// # Errors
/// `Fatal` when the target's partition counts differ, or it is not empty and not from an earlier run of this copy; `Unavailable` when
/// Kafka does not answer or the transaction was aborted: run it again.
pub fn copy(
    from: &EmbeddedLog,
    to: &KafkaLog,
    progress: &mut dyn FnMut(Progress),
) -> Result<Copied, LogError> {
    let names = same_shape(from, to)?;
    let mut run = Run::begin(from, to, names)?;
    if run.places.values().any(|place| place.done) {
        return run.already();
    }
    let resumed = !run.places.is_empty();
    if !resumed {
        run.empty_target()?;
    }
    let of = run.remaining();
    let mut copied = 0;
    for (topic, partition) in run.parts() {
        run.part(topic, partition, &mut |more| {
            copied += more;
            progress(Progress {
                topic,
                partition,
                copied,
                of,
            });
        })?;
    }
    run.finish()?;
    Ok(Copied {
        records: copied,
        resumed,
        already: false,
    })
}

type Names = BTreeMap<Topic, (String, u32)>;

/// Refuses, with every difference, a target of another shape.
fn same_shape(from: &EmbeddedLog, to: &KafkaLog) -> Result<Names, LogError> {
    let names = to.topics()?;
    let mut faults = Vec::new();
    for topic in Topic::ALL {
        let wanted = from.partitions(topic)?;
        match names.get(&topic) {
            None => faults.push(format!("{} is missing", to.topic_name(topic))),
            Some((name, count)) if *count != wanted => {
                faults.push(format!(
                    "{name} has {count} partitions, the log has {wanted}"
                ));
            }
            Some(_) => {}
        }
    }
    if faults.is_empty() {
        return Ok(names);
    }
    Err(LogError::Fatal(format!(
        "a copy keeps every record in its partition, so the topics must have the log's partition counts: {}; create them with \
         `auscult-collector topics apply` and those counts",
        faults.join("; ")
    )))
}

/// Where the copy of a partition has come.
#[derive(Debug, Clone)]
struct Place {
    /// The source's next offset.
    next: u64,
    done: bool,
}

struct Run<'a> {
    from: &'a EmbeddedLog,
    to: &'a KafkaLog,
    names: Names,
    transactor: Transactor,
    own: BaseConsumer<Context>,
    engine: BaseConsumer<Context>,
    places: BTreeMap<(Topic, u32), Place>,
}

fn mark(from: &EmbeddedLog, done: bool) -> String {
    let state = if done { "done" } else { "copying" };
    format!("auscult-copy {:016x} {state}", from.identity())
}

fn group_of(consumer: &BaseConsumer<Context>) -> Result<ConsumerGroupMetadata, Failure> {
    consumer
        .group_metadata()
        .ok_or_else(|| Failure::passing("a consumer has no group"))
}

impl<'a> Run<'a> {
    fn begin(from: &'a EmbeddedLog, to: &'a KafkaLog, names: Names) -> Result<Self, LogError> {
        let options = to.options();
        let id = format!("{}-copy", options.group_id());
        // Also ends what a copy that was cut off has left undecided.
        let transactor = Transactor::open(options, &id)?;
        let member = |group: &str| -> Result<BaseConsumer<Context>, LogError> {
            options
                .reading(LEISURELY)
                .set("group.id", group)
                .create_with_context(Context::default())
                .map_err(|error| log_error(&error, "opening the copy's consumer"))
        };
        let own = member(&id)?;
        let engine = member(&options.group_id())?;
        let mut copy = Self {
            from,
            to,
            names,
            transactor,
            own,
            engine,
            places: BTreeMap::new(),
        };
        copy.places = copy.read_places()?;
        Ok(copy)
    }

    fn parts(&self) -> Vec<(Topic, u32)> {
        self.names
            .iter()
            .flat_map(|(topic, (_, count))| (0..*count).map(|partition| (*topic, partition)))
            .collect()
    }

    fn name(&self, topic: Topic) -> &str {
        self.names.get(&topic).map_or("", |(name, _)| name)
    }

    fn read_places(&self) -> Result<BTreeMap<(Topic, u32), Place>, LogError> {
        let mut asked = TopicPartitionList::new();
        for (topic, partition) in self.parts() {
            asked.add_partition(self.name(topic), partition_number(partition));
        }
        let doing = "asking how far the copy is";
        let answered = self
            .own
            .committed_offsets(asked, self.to.options().operation_timeout)
            .map_err(|error| log_error(&error, doing))?;
        let mut places = BTreeMap::new();
        for (topic, partition) in self.parts() {
            let element = answered.find_partition(self.name(topic), partition_number(partition));
            let Some(element) = element else { continue };
            element.error().map_err(|error| log_error(&error, doing))?;
            let Offset::Offset(offset) = element.offset() else {
                continue;
            };
            let done = element.metadata() == mark(self.from, true);
            if !done && element.metadata() != mark(self.from, false) {
                return Err(LogError::Fatal(
                    "these topics hold a copy of another log: copy to topics of their own"
                        .to_owned(),
                ));
            }
            let next = u64::try_from(offset).unwrap_or(0);
            places.insert((topic, partition), Place { next, done });
        }
        Ok(places)
    }

    /// An earlier run has done it all. What has come to the source since belongs nowhere.
    fn already(&self) -> Result<Copied, LogError> {
        let grown = self
            .places
            .iter()
            .any(|((topic, partition), place)| self.from.extent(*topic, *partition).1 > place.next);
        if grown {
            return Err(LogError::Fatal(
                "this log was copied already and has grown since: the topics have gone on without it, and what is new in it cannot be \
                 merged; point its sensors at the collector on Kafka"
                    .to_owned(),
            ));
        }
        Ok(Copied {
            already: true,
            resumed: true,
            records: 0,
        })
    }

    fn empty_target(&self) -> Result<(), LogError> {
        let timeout = self.to.options().operation_timeout;
        let mut full = Vec::new();
        for (topic, partition) in self.parts() {
            let name = self.name(topic);
            if ends(self.to.asking(), name, partition, timeout)?.1 > 0 && !full.contains(&name) {
                full.push(name);
            }
        }
        let mut asked = TopicPartitionList::new();
        let observations = self.name(Topic::Observations);
        for partition in 0..self.from.partitions(Topic::Observations)? {
            asked.add_partition(observations, partition_number(partition));
        }
        let answered = self
            .engine
            .committed_offsets(asked, timeout)
            .map_err(|error| log_error(&error, "asking for the engine's offsets"))?;
        let read = answered
            .elements()
            .iter()
            .any(|element| matches!(element.offset(), Offset::Offset(_)));
        if full.is_empty() && !read {
            return Ok(());
        }
        let what = if full.is_empty() {
            "an engine has read from them".to_owned()
        } else {
            format!("there are records in {}", full.join(", "))
        };
        Err(LogError::Fatal(format!(
            "a copy goes to empty topics, and {what}: use another topic prefix, or delete the topics and create them again"
        )))
    }

    fn start(&self, topic: Topic, partition: u32) -> u64 {
        let (first, _) = self.from.extent(topic, partition);
        let place = self.places.get(&(topic, partition));
        place.map_or(first, |place| place.next)
    }

    /// An upper bound: superseded records leave holes.
    fn remaining(&self) -> u64 {
        self.parts()
            .into_iter()
            .map(|(topic, partition)| {
                let (_, next) = self.from.extent(topic, partition);
                next.saturating_sub(self.start(topic, partition))
            })
            .fold(0, u64::saturating_add)
    }

    fn part(
        &mut self,
        topic: Topic,
        partition: u32,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), LogError> {
        let (_, end) = self.from.extent(topic, partition);
        let mut at = self.start(topic, partition);
        // Where the engine is: the transaction that reaches it moves the engine's offset.
        let read = match topic {
            Topic::Observations => self.from.committed(partition),
            _ => None,
        };
        let owed = read.filter(|read| {
            let place = self.places.get(&(topic, partition));
            place.is_none_or(|place| place.next < *read)
        });
        if let Some(read) = owed {
            at = self.stretch(topic, partition, at, read.min(end), true, progress)?;
        }
        self.stretch(topic, partition, at, end, false, progress)?;
        Ok(())
    }

    /// Copies from `at` to before `to`; with `engine`, the last transaction also moves the engine group there.
    fn stretch(
        &mut self,
        topic: Topic,
        partition: u32,
        mut at: u64,
        to: u64,
        engine: bool,
        progress: &mut dyn FnMut(u64),
    ) -> Result<u64, LogError> {
        let mut owed = engine;
        while at < to || owed {
            let (records, next) = self.chunk(topic, partition, at, to)?;
            let last = next >= to;
            self.transact(topic, partition, &records, next, engine && last)?;
            owed = engine && !last;
            at = next;
            progress(u64::try_from(records.len()).unwrap_or(u64::MAX));
        }
        Ok(at.max(to))
    }

    fn chunk(
        &self,
        topic: Topic,
        partition: u32,
        from: u64,
        to: u64,
    ) -> Result<(Vec<Message>, u64), LogError> {
        let mut records = Vec::new();
        let mut bytes = 0_usize;
        let mut at = from;
        while at < to && records.len() < RECORDS && bytes < BYTES {
            let (page, next) = self.from.page(topic, partition, at, to)?;
            for stored in page {
                bytes = bytes.saturating_add(record::size(&stored.message));
                records.push(stored.message);
            }
            at = next;
        }
        Ok((records, at.max(from)))
    }

    fn transact(
        &mut self,
        topic: Topic,
        partition: u32,
        records: &[Message],
        next: u64,
        engine: bool,
    ) -> Result<(), LogError> {
        let place = Place { next, done: false };
        let places = BTreeMap::from([((topic, partition), place.clone())]);
        let engine = engine.then_some((topic, partition));
        self.commit(records, &places, engine)?;
        self.places.insert((topic, partition), place);
        Ok(())
    }

    fn finish(&self) -> Result<(), LogError> {
        let places = self
            .parts()
            .into_iter()
            .map(|(topic, partition)| {
                let (_, next) = self.from.extent(topic, partition);
                ((topic, partition), Place { next, done: true })
            })
            .collect();
        self.commit(&[], &places, None)
    }

    fn commit(
        &self,
        records: &[Message],
        places: &BTreeMap<(Topic, u32), Place>,
        engine: Option<(Topic, u32)>,
    ) -> Result<(), LogError> {
        let Err(failure) = self.attempt(records, places, engine) else {
            return Ok(());
        };
        let (error, _) = self.transactor.abort(failure);
        Err(match error {
            CommitError::Aborted(text) => LogError::Unavailable(format!(
                "{text}: run the copy again, it goes on where it was"
            )),
            CommitError::Fenced(text) => {
                LogError::Fenced(format!("another copy to these topics is under way: {text}"))
            }
            CommitError::Fatal(text) => LogError::Fatal(text),
        })
    }

    fn attempt(
        &self,
        records: &[Message],
        places: &BTreeMap<(Topic, u32), Place>,
        engine: Option<(Topic, u32)>,
    ) -> Result<(), Failure> {
        let deadline = self.transactor.deadline();
        self.transactor.begin()?;
        self.transactor.fill(records, &self.names, deadline)?;
        let mut list = TopicPartitionList::new();
        for ((topic, partition), place) in places {
            let name = self.name(*topic);
            let mut element = list.add_partition(name, partition_number(*partition));
            element
                .set_offset(Offset::Offset(offset_number(place.next)))
                .map_err(|error| Failure::new(&error, "naming an offset"))?;
            element.set_metadata(mark(self.from, place.done));
        }
        let group = group_of(&self.own)?;
        self.transactor.offsets(Offsets { list, group }, deadline)?;
        if let Some((topic, partition)) = engine {
            let list = self.engine_place(topic, partition)?;
            let group = group_of(&self.engine)?;
            self.transactor.offsets(Offsets { list, group }, deadline)?;
        }
        self.transactor.commit(deadline)
    }

    /// After the last record that the engine has read; where nothing of that was left to copy, after what the partition holds.
    fn engine_place(&self, topic: Topic, partition: u32) -> Result<TopicPartitionList, Failure> {
        let name = self.name(topic);
        let offset = match self.transactor.last_offset(name, partition) {
            Some(last) => last.saturating_add(1),
            None => {
                let timeout = self.to.options().operation_timeout;
                ends(self.to.asking(), name, partition, timeout)
                    .map_err(|error| Failure::passing(&error.to_string()))?
                    .1
            }
        };
        let mut list = TopicPartitionList::new();
        list.add_partition_offset(
            name,
            partition_number(partition),
            Offset::Offset(offset_number(offset)),
        )
        .map_err(|error| Failure::new(&error, "naming an offset"))?;
        Ok(list)
    }
}
