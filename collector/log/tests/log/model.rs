//! The log that the others are held against: the seam's promises in memory, as plainly as they can be said.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use auscult_log::partition::partition_of;
use auscult_log::{
    AppendError, Appender, CommitError, EngineLog, Log, LogError, Message, Polled, Reader, StartAt,
    Stored, Topic, Transaction, record,
};
use futures::FutureExt;
use futures::future::BoxFuture;

use crate::suite::{Keep, Maker, Subject, partitions};

#[derive(Default)]
struct Partition {
    next: u64,
    records: BTreeMap<u64, (Instant, Message)>,
}

#[derive(Default)]
struct World {
    partitions: BTreeMap<(Topic, u32), Partition>,
    committed: BTreeMap<u32, u64>,
    epoch: u64,
}

pub(crate) struct Model {
    keep: Keep,
    world: Mutex<World>,
    changed: Condvar,
}

impl Model {
    fn world(&self) -> MutexGuard<'_, World> {
        let mut world = self.world.lock().unwrap();
        self.expire(&mut world);
        world
    }

    fn put(&self, world: &mut World, mut message: Message) -> u64 {
        let topic = message.topic;
        let partition = message
            .partition
            .unwrap_or_else(|| partition_of(&message.key, partitions(topic)));
        message.partition = Some(partition);
        let log = world.partitions.entry((topic, partition)).or_default();
        if topic.compacted() && topic != Topic::Decisions {
            log.records.retain(|_, (_, old)| old.key != message.key);
        }
        let offset = log.next;
        log.next += 1;
        log.records.insert(offset, (Instant::now(), message));
        offset
    }

    fn expire(&self, world: &mut World) {
        for ((topic, _), log) in &mut world.partitions {
            if let Some(age) = self.keep.retention.filter(|_| !topic.compacted()) {
                log.records.retain(|_, (at, _)| at.elapsed() < age);
            }
            if let Some(age) = self.keep.tombstones.filter(|_| topic.compacted()) {
                log.records
                    .retain(|_, (at, message)| message.value.is_some() || at.elapsed() < age);
            }
        }
        let Some(most) = self.keep.topic_bytes else {
            return;
        };
        for topic in Topic::ALL.into_iter().filter(|topic| !topic.compacted()) {
            loop {
                let logs = || world.partitions.iter().filter(|((of, _), _)| *of == topic);
                let bytes: usize = logs()
                    .flat_map(|(_, log)| log.records.values())
                    .map(|(_, message)| record::size(message))
                    .sum();
                let oldest = logs()
                    .filter_map(|(at, log)| Some((log.records.first_key_value()?.1.0, *at)))
                    .min();
                let Some((_, at)) = oldest.filter(|_| u64::try_from(bytes).unwrap() > most) else {
                    break;
                };
                world.partitions.get_mut(&at).unwrap().records.pop_first();
            }
        }
    }

    fn read(&self, world: &World, topic: Topic, positions: &BTreeMap<u32, u64>) -> Vec<Stored> {
        let mut found = Vec::new();
        for (partition, from) in positions {
            if let Some(log) = world.partitions.get(&(topic, *partition)) {
                found.extend(
                    log.records
                        .range(from..)
                        .map(|(offset, (_, message))| Stored {
                            partition: *partition,
                            offset: *offset,
                            message: message.clone(),
                        }),
                );
            }
        }
        found
    }

    fn wait<T>(&self, timeout: Duration, done: impl Fn(&World) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + timeout;
        let mut world = self.world();
        loop {
            if let Some(found) = done(&world) {
                return Some(found);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            world = self.changed.wait_timeout(world, left).unwrap().0;
        }
    }
}

#[derive(Clone)]
struct Handle(Arc<Model>);

impl Appender for Handle {
    fn append(&self, message: Message) -> BoxFuture<'static, Result<u64, AppendError>> {
        let outcome = match record::check(&message, partitions(message.topic)) {
            Ok(()) => Ok(self.0.put(&mut self.0.world(), message)),
            Err(text) => Err(AppendError::Fatal(text)),
        };
        self.0.changed.notify_all();
        async move { outcome }.boxed()
    }
}

struct Engine {
    model: Handle,
    epoch: u64,
    positions: BTreeMap<u32, u64>,
    told: bool,
}

impl Engine {
    fn committed(&self, world: &World) -> BTreeMap<u32, u64> {
        (0..partitions(Topic::Observations))
            .map(|at| (at, world.committed.get(&at).copied().unwrap_or(0)))
            .collect()
    }
}

impl EngineLog for Engine {
    fn poll(&mut self, timeout: Duration) -> Result<Polled, LogError> {
        if self.model.0.world().epoch != self.epoch {
            return Err(LogError::Fenced("a newer engine has taken over".to_owned()));
        }
        if !self.told {
            self.told = true;
            return Ok(Polled::Assigned(self.rewind()?));
        }
        let found = self.model.0.wait(timeout, |world| {
            let found = self
                .model
                .0
                .read(world, Topic::Observations, &self.positions);
            (!found.is_empty()).then_some(found)
        });
        let Some(found) = found else {
            return Ok(Polled::Idle);
        };
        for stored in &found {
            self.positions.insert(stored.partition, stored.offset + 1);
        }
        Ok(Polled::Records(found))
    }

    fn restore(&mut self, partition: u32, each: &mut dyn FnMut(Stored)) -> Result<(), LogError> {
        let from = BTreeMap::from([(partition, 0)]);
        let found = self
            .model
            .0
            .read(&self.model.0.world(), Topic::State, &from);
        found.into_iter().for_each(each);
        Ok(())
    }

    fn commit(&mut self, transaction: Transaction) -> Result<(), CommitError> {
        let mut world = self.model.0.world();
        if world.epoch != self.epoch {
            return Err(CommitError::Fenced(
                "a newer engine has taken over".to_owned(),
            ));
        }
        for message in &transaction.records {
            record::check(message, partitions(message.topic)).map_err(CommitError::Fatal)?;
        }
        for message in transaction.records {
            self.model.0.put(&mut world, message);
        }
        world.committed.extend(transaction.consumed);
        self.model.0.changed.notify_all();
        Ok(())
    }

    fn rewind(&mut self) -> Result<BTreeMap<u32, u64>, LogError> {
        self.positions = self.committed(&self.model.0.world());
        Ok(self.positions.clone())
    }
}

struct ModelReader {
    model: Handle,
    topic: Topic,
    positions: BTreeMap<u32, u64>,
    ends: BTreeMap<u32, u64>,
}

impl Reader for ModelReader {
    fn next(&mut self, timeout: Duration) -> Result<Option<Stored>, LogError> {
        let found = self.model.0.wait(timeout, |world| {
            let found = self.model.0.read(world, self.topic, &self.positions);
            found.into_iter().next()
        });
        if let Some(stored) = &found {
            self.positions.insert(stored.partition, stored.offset + 1);
        }
        Ok(found)
    }

    fn caught_up(&self) -> bool {
        let world = self.model.0.world();
        let left = self.model.0.read(&world, self.topic, &self.positions);
        !left
            .iter()
            .any(|stored| stored.offset < self.ends[&stored.partition])
    }
}

impl Log for Handle {
    fn partitions(&self, topic: Topic) -> Result<u32, LogError> {
        Ok(partitions(topic))
    }

    fn appender(&self) -> Result<Box<dyn Appender>, LogError> {
        Ok(Box::new(self.clone()))
    }

    fn engine(&self, _member: &str) -> Result<Box<dyn EngineLog>, LogError> {
        let mut world = self.0.world();
        world.epoch += 1;
        Ok(Box::new(Engine {
            model: self.clone(),
            epoch: world.epoch,
            positions: BTreeMap::new(),
            told: false,
        }))
    }

    fn reader(&self, topic: Topic, from: StartAt) -> Result<Box<dyn Reader>, LogError> {
        let world = self.0.world();
        let next = |at: u32| world.partitions.get(&(topic, at)).map_or(0, |log| log.next);
        let ends: BTreeMap<u32, u64> = (0..partitions(topic)).map(|at| (at, next(at))).collect();
        let positions = ends
            .iter()
            .map(|(at, end)| {
                let from = match &from {
                    StartAt::Beginning => 0,
                    StartAt::End => *end,
                    StartAt::Offsets(offsets) => offsets.get(at).copied().unwrap_or(0),
                };
                (*at, from)
            })
            .collect();
        Ok(Box::new(ModelReader {
            model: self.clone(),
            topic,
            positions,
            ends,
        }))
    }
}

pub(crate) struct ModelSubject(Handle);

impl Subject for ModelSubject {
    fn log(&self) -> Arc<dyn Log> {
        Arc::new(self.0.clone())
    }

    fn reopen(&mut self) {}
}

pub(crate) struct Models;

impl Maker for Models {
    fn make(_name: &str, keep: Keep) -> Box<dyn Subject> {
        Box::new(ModelSubject(Handle(Arc::new(Model {
            keep,
            world: Mutex::default(),
            changed: Condvar::new(),
        }))))
    }
}

crate::conformance!(super::Models);
